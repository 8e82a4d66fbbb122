#include "scenarios/producer_rules.h"

#include <algorithm>

namespace ktrial::scenarios {

std::vector<std::pair<std::string, std::string>> settle_idempotence(Configured<model::ProducerConfig>& config) {
  std::vector<std::pair<std::string, std::string>> conflicts;
  model::ProducerConfig& c = config.effective;
  if (!c.enable_idempotence) return conflicts;
  if (c.acks != model::Acks::all) conflicts.emplace_back("acks", "enable.idempotence needs acks: all");
  if (c.retries == 0) conflicts.emplace_back("retries", "enable.idempotence needs retries above 0");
  if (c.max_in_flight_requests_per_connection > 5)
    conflicts.emplace_back("max.in.flight.requests.per.connection",
                           "enable.idempotence allows at most 5 requests in flight");
  const bool written = std::any_of(config.written.begin(), config.written.end(),
                                   [](const auto& setting) { return setting.first == "enable.idempotence"; });
  if (written || conflicts.empty()) return conflicts;
  c.enable_idempotence = false;
  return {};
}

}  // namespace ktrial::scenarios
