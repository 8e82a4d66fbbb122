#include "reports/trace.h"

#include <fmt/format.h>

namespace ktrial::reports {

std::string node_name(const std::map<int, std::string>& nodes, int node) {
  const auto found = nodes.find(node);
  return found == nodes.end() ? fmt::format("node {}", node) : found->second;
}

}  // namespace ktrial::reports
