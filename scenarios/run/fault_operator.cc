#include "scenarios/run/fault_operator.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/run/fault_engine.h"

namespace ktrial::scenarios {

using properties::Injected;

bool FaultOperator::command(model::NodeId node, model::Command command) const {
  return node.present() && world_.command(to_sim(node), std::move(command));
}

void FaultOperator::say(model::NodeId node, std::string text) const {
  engine_.say(Injected::other_fault, node, {}, std::move(text));
}

void FaultOperator::tell(const char* fault, const std::string& about, model::Command what) const {
  const model::NodeId to = controller();
  if (command(to, std::move(what))) say(to, fmt::format("{} {} by {}", fault, about, engine_.name(to)));
}

void FaultOperator::tell_leader(const PartitionRef& partition, model::Command what, const std::string& said) const {
  const auto tp = find(partition);
  const ClusterView::Partition* state = tp ? view_.partition(*tp) : nullptr;
  if (state && command(state->leader, std::move(what))) say(state->leader, said);
}

void FaultOperator::create_topic(const std::string& topic) const {
  for (const model::CreateTopicsRequest& request : engine_.topics_)
    if (request.name == topic)
      for (std::int32_t i = 1; i <= engine_.controllers_; ++i)
        command(model::NodeId{engine_.brokers_ + i}, model::CreateTopic{request});
}

std::string FaultOperator::names(const std::vector<model::NodeId>& nodes) const { return engine_.names(nodes); }

void FaultEngine::verify_later(KafkaWorld& world, std::size_t index) {
  world.at(world.now() + *std::get<Reassign>(plan_[index].what).verify_every, 2 * plan_.size() + index);
}

// kafka-reassign-partitions.sh --verify, until no reassignment is on its way and the throttles are gone.
void FaultEngine::verify(KafkaWorld& world, const ClusterView& view, std::size_t index) {
  const Reassign& move = std::get<Reassign>(plan_[index].what);
  const bool over = std::none_of(view.partitions().begin(), view.partitions().end(),
                                 [](const auto& partition) { return partition.second.reassigning; });
  active_[index].throttled |= view.is_throttled();
  if (over && active_[index].throttled && !view.is_throttled()) return;
  verify_later(world, index);
  const model::NodeId controller = view.active_controller();
  if (!over || !view.is_throttled() || !controller.present()) return;
  std::vector<model::NodeId> to;
  for (const std::int32_t id : move.to) to.push_back(model::NodeId{id});
  const model::PartitionIndex partition{move.partition.partition};
  if (world.command(to_sim(controller), model::VerifyReassignment{{move.partition.topic, partition, to}}))
    say(Injected::other_fault, controller, {},
        fmt::format("the reassignment of {} is verified to be over by {}", to_string(move.partition),
                    name(controller)));
}

}  // namespace ktrial::scenarios
