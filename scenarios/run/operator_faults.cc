// An operator's faults: elections, reassignments, configs, topics that come, grow and go, records that go.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/cluster/cluster_builder.h"
#include "scenarios/run/fault_engine.h"

namespace ktrial::scenarios {

using Kind = properties::Injected::Kind;

constexpr Nanos kDeleteRecordsTimeout = seconds(30);  // the admin client's request.timeout.ms

// What an operator tells the active controller; with none the operator gives up.
void FaultEngine::operate(KafkaWorld& world, const ClusterView& view, const FaultSpec& fault) {
  const model::NodeId controller = view.active_controller();
  if (!controller.present()) return;
  const auto tell = [&](model::Command command, const std::string& about) {
    if (world.command(to_sim(controller), std::move(command)))
      say(Kind::other_fault, controller, {},
          fmt::format("{} {} by {}", to_string(fault.kind), about, name(controller)));
  };
  const PartitionRef partition = fault.partition.value_or(PartitionRef{});
  const model::PartitionIndex index_of{partition.partition};
  switch (fault.kind) {
    case FaultKind::reassign: {
      std::vector<model::NodeId> to;
      for (const std::int32_t id : fault.replicas) to.push_back(model::NodeId{id});
      return tell(model::AlterReassignment{{partition.topic, index_of, to}, fault.throttle},
                  fmt::format("{} to {}{}", to_string(partition), names(to),
                              fault.throttle ? fmt::format(", throttled to {} bytes/s,", *fault.throttle) : ""));
    }
    case FaultKind::cancel_reassignment:
      return tell(model::AlterReassignment{{partition.topic, index_of, std::nullopt}}, to_string(partition));
    case FaultKind::create_partitions:
      return tell(model::CreatePartitions{{fault.topic, static_cast<std::int32_t>(fault.amount.value_or(1))}},
                  fmt::format("{}: {}", fault.topic, fault.amount.value_or(1)));
    case FaultKind::alter_configs: {
      model::IncrementalAlterConfigsRequest request;
      std::string what;
      for (const auto& [key, value] : fault.configs) {
        request.configs.push_back({fault.topic, model::NodeId(), key, value});
        what += fmt::format("{}{}{}", what.empty() ? "" : ", ", key, value ? "=" + *value : " deleted");
      }
      return tell(model::AlterConfigs{request},
                  fmt::format("{}: {}", fault.topic.empty() ? "all brokers" : fault.topic, what));
    }
    case FaultKind::delete_topic:
      return tell(model::DeleteTopic{{fault.topic}}, fault.topic);
    case FaultKind::create_topic:
      create_again(world, fault.topic);
      return say(Kind::other_fault, controller, {}, fmt::format("create-topic {}", fault.topic));
    default: {
      model::ElectLeadersRequest request;
      request.type =
          fault.kind == FaultKind::elect_preferred ? model::ElectionType::preferred : model::ElectionType::unclean;
      if (fault.strategy)
        request.type = *fault.strategy == model::UncleanRecoveryStrategy::balanced
                           ? model::ElectionType::longest_log_balanced
                           : model::ElectionType::longest_log_aggressive;
      if (const auto tp = view.find(to_string(partition))) request.partitions.push_back(*tp);
      return tell(model::ElectLeader{request}, to_string(partition));
    }
  }
}

void FaultEngine::verify_later(KafkaWorld& world, std::size_t index) {
  world.at(world.now() + *plan_[index].verify_every, 2 * plan_.size() + index);
}

// kafka-reassign-partitions.sh --verify, until no reassignment is on its way and the throttles are gone.
void FaultEngine::verify(KafkaWorld& world, const ClusterView& view, std::size_t index) {
  const FaultSpec& fault = plan_[index];
  const bool over = std::none_of(view.partitions().begin(), view.partitions().end(),
                                 [](const auto& partition) { return partition.second.reassigning; });
  active_[index].throttled |= view.is_throttled();
  if (over && active_[index].throttled && !view.is_throttled()) return;
  verify_later(world, index);
  const model::NodeId controller = view.active_controller();
  if (!over || !view.is_throttled() || !controller.present()) return;
  std::vector<model::NodeId> to;
  for (const std::int32_t id : fault.replicas) to.push_back(model::NodeId{id});
  const model::PartitionIndex partition{fault.partition->partition};
  if (world.command(to_sim(controller), model::VerifyReassignment{{fault.partition->topic, partition, to}}))
    say(Kind::other_fault, controller, {},
        fmt::format("the reassignment of {} is verified to be over by {}", to_string(*fault.partition),
                    name(controller)));
}

// Every controller is told, as at the start of a run; the one that is active creates it.
void FaultEngine::create_again(KafkaWorld& world, const std::string& topic) {
  for (const model::CreateTopicsRequest& request : topics_)
    if (request.name == topic)
      for (std::int32_t i = 1; i <= controllers_; ++i)
        world.command(to_sim(model::NodeId{brokers_ + i}), model::CreateTopic{request});
}

// To the leader of the partition.
void FaultEngine::delete_records(KafkaWorld& world, const ClusterView& view, const FaultSpec& fault) {
  const auto tp = fault.partition ? view.find(to_string(*fault.partition)) : std::nullopt;
  const ClusterView::Partition* partition = tp ? view.partition(*tp) : nullptr;
  if (!partition || !partition->leader.present()) return;
  const model::DeleteRecordsRequest request{kDeleteRecordsTimeout, {{*tp, model::Offset(fault.amount.value_or(-1))}}};
  if (world.command(to_sim(partition->leader), model::DeleteRecords{request}))
    say(Kind::other_fault, partition->leader, {},
        fault.amount ? fmt::format("delete-records of {} before offset {}", to_string(*fault.partition), *fault.amount)
                     : fmt::format("delete-records of {} below its high watermark", to_string(*fault.partition)));
}

}  // namespace ktrial::scenarios
