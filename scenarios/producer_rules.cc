#include "scenarios/producer_rules.h"

#include <algorithm>

namespace ktrial::scenarios {

std::vector<std::pair<std::string, std::string>> idempotence_conflicts(
    const Configured<model::ProducerConfig>& config) {
  std::vector<std::pair<std::string, std::string>> conflicts;
  const model::ProducerConfig& c = config.effective;
  if (!c.enable_idempotence) return conflicts;
  const auto check = [&](bool right, const char* key, const char* message) {
    const bool written = std::any_of(config.written.begin(), config.written.end(),
                                     [key](const auto& setting) { return setting.first == key; });
    if (!right && written) conflicts.emplace_back(key, message);
  };
  check(c.acks == model::Acks::all, "acks", "enable.idempotence needs acks: all");
  check(c.retries > 0, "retries", "enable.idempotence needs retries above 0");
  check(c.max_in_flight_requests_per_connection <= 5, "max.in.flight.requests.per.connection",
        "enable.idempotence allows at most 5 requests in flight");
  return conflicts;
}

}  // namespace ktrial::scenarios
