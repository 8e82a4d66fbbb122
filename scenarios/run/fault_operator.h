// An operator at work: what a fault of one (faults/operator_faults.h) has at hand while it strikes or ends.
//
// Says what was done, with whom; a command that nobody takes (no active controller, a process that is down or paused)
// was not done. A short-lived view on the world.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "properties/observation.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/run/cluster_view.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

class FaultEngine;

class FaultOperator {
 public:
  FaultOperator(FaultEngine& engine, KafkaWorld& world, const ClusterView& view)
      : engine_(engine), world_(world), view_(view) {}

  // A command to the active controller.
  void tell(const char* fault, const std::string& about, model::Command command) const;
  // A command to the leader of a partition.
  void tell_leader(const PartitionRef& partition, model::Command command, const std::string& said) const;
  // The topic as the scenario has it, to every controller, as at the start of a run; the one that is active creates it.
  void create_topic(const std::string& topic) const;
  void say(model::NodeId node, std::string text) const;

  model::NodeId controller() const { return view_.active_controller(); }
  std::optional<model::TopicPartition> find(const PartitionRef& partition) const {
    return view_.find(to_string(partition));
  }
  // "broker 2, broker 3"
  std::string names(const std::vector<model::NodeId>& nodes) const;

 private:
  bool command(model::NodeId node, model::Command command) const;

  FaultEngine& engine_;
  KafkaWorld& world_;
  const ClusterView& view_;
};

}  // namespace ktrial::scenarios
