#include "scenarios/cluster/topology.h"

#include <fmt/format.h>

#include <utility>

namespace ktrial::scenarios {

Topology::Topology(const Scenario& scenario) {
  const auto next = [this] { return names.size() + 1; };
  for (std::int32_t i = 0; i < scenario.cluster.brokers; ++i) brokers.push_back(add(fmt::format("broker {}", next())));
  for (std::int32_t i = 0; i < scenario.cluster.controllers; ++i)
    controllers.push_back(add(fmt::format("controller {}", next())));
  for (const ClientSpec& spec : scenario.clients) {
    auto& nodes = clients.emplace_back();
    const auto* group = std::get_if<GroupSpec>(&spec);
    if (!group) nodes.push_back(add(name_of(spec)));
    for (std::int32_t i = 1; group && i <= group->members; ++i)
      nodes.push_back(add(fmt::format("{}/{}", group->name, i)));
  }
  if (has_remote_storage(scenario)) remote_storage = add(kRemoteStorage);
}

model::NodeId Topology::add(std::string name) {
  names.push_back(std::move(name));
  return model::NodeId(static_cast<std::int32_t>(names.size()));
}

}  // namespace ktrial::scenarios
