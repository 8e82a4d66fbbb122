#include "reports/trace.h"

#include <fmt/format.h>

namespace ktrial::reports {

std::string node_name(const std::map<int, std::string>& nodes, int node) {
  const auto found = nodes.find(node);
  return found == nodes.end() ? fmt::format("node {}", node) : found->second;
}

std::string seconds_text(Nanos at) {
  const bool negative = at.count() < 0;
  const std::uint64_t nanos =
      negative ? 0 - static_cast<std::uint64_t>(at.count()) : static_cast<std::uint64_t>(at.count());
  std::string digits = fmt::format("{:09}", nanos % 1'000'000'000);
  while (digits.size() > 3 && digits.back() == '0') digits.pop_back();
  return fmt::format("{}{}.{}s", negative ? "-" : "", nanos / 1'000'000'000, digits);
}

}  // namespace ktrial::reports
