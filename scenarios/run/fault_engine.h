// Carries a fault plan out on a running world: waits for its triggers, resolves its selectors when it strikes, undoes
// it.
//
// Says what it really did, in order, as `Injected` values for the properties and a line for the reader. A fault that
// finds nothing to hit (a leader that does not exist now) strikes nothing and says nothing.
// At `quiet_after` everything is undone and what is still armed is disarmed; the run is judged for liveness from there.
// Cost: a time costs one event; a condition is looked at only for facts of its kinds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "properties/observation.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/run/cluster_view.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

struct InjectedFault {
  properties::Injected injected;
  std::string text;  // "power cut of broker 1"
};

class FaultEngine {
 public:
  FaultEngine(const Scenario& scenario, std::vector<FaultSpec> plan, std::vector<std::string> node_names);

  // Schedules the plan's times; call once, before the first event.
  void arm(KafkaWorld& world);
  void on_token(KafkaWorld& world, const ClusterView& view, std::uint64_t token);
  void on_fact(KafkaWorld& world, const ClusterView& view, const model::Fact& fact, model::NodeId node);

  std::vector<InjectedFault> take_injected() { return std::exchange(injected_, {}); }
  // What disks lost in power cuts and wipes since the last call.
  std::vector<std::pair<model::NodeId, model::Fact>> take_disk_facts() { return std::exchange(disk_facts_, {}); }
  bool has_news() const { return !injected_.empty() || !disk_facts_.empty(); }
  bool is_quiet() const { return quiet_; }
  int struck() const { return struck_; }
  Nanos quiet_after() const { return quiet_after_; }
  // Nodes that a fault still keeps from running.
  const std::vector<bool>& down() const { return down_; }

 private:
  struct Active {
    bool done = false;  // struck, or disarmed
    bool undone = false;
    std::vector<model::NodeId> nodes;
    std::vector<std::pair<model::NodeId, model::NodeId>> links;  // directed
  };

  void strike(KafkaWorld& world, const ClusterView& view, std::size_t index);
  void strike_node(KafkaWorld& world, const FaultSpec& fault, Active& active, model::NodeId node);
  void strike_link(KafkaWorld& world, const FaultSpec& fault, Active& active, model::NodeId from, model::NodeId to);
  void undo(KafkaWorld& world, std::size_t index);
  void undo_node(KafkaWorld& world, const FaultSpec& fault, model::NodeId node);
  void undo_link(KafkaWorld& world, const FaultSpec& fault, model::NodeId from, model::NodeId to);
  void become_quiet(KafkaWorld& world);
  std::vector<model::NodeId> resolve(const ClusterView& view, const std::vector<Selector>& selectors) const;
  bool holds(const Condition& condition, const ClusterView& view, const model::Fact& fact) const;
  void disk_said(const KafkaWorld& world, model::NodeId node);
  void say(properties::Injected::Kind kind, model::NodeId node, model::NodeId peer, std::string text);
  const std::string& name(model::NodeId node) const { return names_[static_cast<std::size_t>(node.value - 1)]; }
  std::size_t link_index(model::NodeId from, model::NodeId to) const {
    return static_cast<std::size_t>(from.value - 1) * names_.size() + static_cast<std::size_t>(to.value - 1);
  }

  std::vector<FaultSpec> plan_;
  std::vector<Active> active_;
  std::vector<std::string> names_;  // of all nodes, in id order
  std::int32_t brokers_ = 0;
  std::int32_t controllers_ = 0;
  model::GroupCoordinator coordinators_;  // only tells a group's partition
  Nanos quiet_after_{0};
  bool quiet_ = false;
  bool has_conditions_ = false;
  int struck_ = 0;
  std::int64_t acked_ = 0;
  std::int64_t consumed_ = 0;
  std::vector<int> cuts_;   // per directed link: how many faults cut it
  std::vector<bool> down_;  // per node, by a fault
  std::vector<bool> paused_;
  std::vector<InjectedFault> injected_;
  std::vector<std::pair<model::NodeId, model::Fact>> disk_facts_;
};

}  // namespace ktrial::scenarios
