#include "scenarios/run/look.h"

#include <algorithm>

namespace ktrial::scenarios {
namespace {

constexpr std::uint32_t kLooks = 8;

void add_broker(const model::BrokerNode& broker, properties::NodesView& view) {
  if (!broker.running()) return;
  for (const auto& [tp, partition] : *broker.partitions()) view.replicas.push_back({broker.self(), &partition});
  view.metadata.push_back({broker.self(), broker.image()});
  view.groups.push_back({broker.self(), broker.group_coordinator()});
}

void add_controller(model::NodeId id, const model::ControllerNode& controller, properties::NodesView& view) {
  if (!controller.running()) return;
  view.metadata.push_back({id, &controller.committed()});
  view.quorum.push_back({id, &controller.quorum(), &controller.disk()});
}

void add_client(model::NodeId id, const model::ClientNode& client, properties::NodesView& view) {
  const model::GroupConsumer* consumer = client.group_consumer();
  if (consumer && consumer->membership()) view.members.push_back({id, &consumer->membership()->owned()});
}

}  // namespace

std::vector<model::Nanos> draw_looks(const sim::Decisions& decisions, model::Nanos until) {
  std::vector<model::Nanos> looks;
  for (std::uint32_t i = 0; i < kLooks; ++i)
    looks.emplace_back(static_cast<std::int64_t>(decisions.uniform(
        {sim::DecisionKind::look, i, 0, 0, 0}, sim::Nanos::zero(), 0, static_cast<std::uint64_t>(until.count()))));
  std::sort(looks.begin(), looks.end());
  return looks;
}

properties::NodesView nodes_view(const KafkaWorld& world, properties::NodesView::Depth depth) {
  properties::NodesView view;
  view.depth = depth;
  for (sim::NodeId id = 0; id < world.node_count(); ++id) {
    const KafkaNode& node = world.node(id);
    if (const model::BrokerNode* broker = node.broker())
      add_broker(*broker, view);
    else if (const model::ControllerNode* controller = node.controller())
      add_controller(to_model(id), *controller, view);
    else if (const model::ClientNode* client = node.client())
      add_client(to_model(id), *client, view);
  }
  return view;
}

}  // namespace ktrial::scenarios
