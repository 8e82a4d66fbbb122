// Carries a fault plan out on a running world: waits for its triggers, resolves its selectors when it strikes, undoes
// it.
//
// Says what it really did, in order, as `Injected` values for the properties and a line for the reader. A fault that
// finds nothing to hit (a leader that does not exist now) strikes nothing and says nothing.
// Faults may overlap; how they combine is in fault_effects.h.
// At `quiet_after` everything is undone and what is still armed is disarmed; the run is judged for liveness from there.
// Cost: a time costs one event; a condition is looked at only for facts of its kinds.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/partition_table.h"
#include "properties/observation.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/run/cluster_view.h"
#include "scenarios/run/fault_effects.h"
#include "scenarios/run/fault_outcome.h"
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
  std::vector<std::pair<model::NodeId, model::Fact>> take_disk_facts() { return effects_.take_disk_facts(); }
  bool has_news() const { return !injected_.empty() || effects_.has_disk_facts(); }
  // No fault strikes any more and none is in force but those that keep processes from running.
  bool is_quiet() const { return quiet_ && !effects_.any_other(); }
  int struck() const { return struck_; }
  Nanos quiet_after() const { return quiet_after_; }
  // Of each fault of the plan; call at the end of the run.
  std::vector<FaultOutcome> outcomes(KafkaWorld& world);
  // Whether a fault keeps the node from running.
  bool stopped(model::NodeId node) const { return effects_.stopped(node); }

 private:
  friend class FaultOperator;

  struct LinkHit {
    model::NodeId from, to;
    // What it had carried when the fault struck.
    std::uint32_t sent = 0;
    std::uint32_t stopped = 0;
    bool connected = false;
  };
  struct Active {
    bool done = false;  // struck, or disarmed
    bool undone = false;
    bool throttled = false;  // seen so by a verification
    bool targeted = false;   // its selectors named somebody
    std::vector<model::NodeId> nodes;
    std::vector<LinkHit> links;  // directed
    FaultOutcome outcome;
  };

  void strike(KafkaWorld& world, const ClusterView& view, std::size_t index);
  void strike_nodes(KafkaWorld& world, std::size_t index, const std::vector<model::NodeId>& nodes);
  void strike_links(KafkaWorld& world, std::size_t index, const std::vector<model::NodeId>& from,
                    const std::vector<model::NodeId>& to, bool both_ways, bool directed);
  void verify(KafkaWorld& world, const ClusterView& view, std::size_t index);
  void verify_later(KafkaWorld& world, std::size_t index);
  void separate(KafkaWorld& world, std::size_t index, const std::vector<model::NodeId>& half,
                const std::vector<model::NodeId>& bridge);
  void isolate(KafkaWorld& world, std::size_t index, const std::vector<model::NodeId>& nodes);
  void link(KafkaWorld& world, std::size_t index, model::NodeId from, model::NodeId to);
  AtLink at_link(KafkaWorld& world, std::size_t index, const LinkHit& hit) {
    return {world, effects_, index, hit.from, hit.to, hit.sent, hit.stopped, hit.connected};
  }
  void undo(KafkaWorld& world, const ClusterView& view, std::size_t index);
  void become_quiet(KafkaWorld& world, const ClusterView& view);
  // Looks whether a fault that is in force has mattered by now.
  void look(KafkaWorld& world, std::size_t index);
  std::string why_inert(std::size_t index) const;
  std::vector<model::NodeId> resolve(const ClusterView& view, const std::vector<Selector>& selectors) const;
  bool holds(const Condition& condition, const ClusterView& view, const model::Fact& fact) const;
  void say(properties::Injected::Kind kind, model::NodeId node, model::NodeId peer, std::string text);
  const std::string& name(model::NodeId node) const { return names_[static_cast<std::size_t>(node.value - 1)]; }
  std::string names(const std::vector<model::NodeId>& nodes) const;

  std::vector<FaultSpec> plan_;
  std::vector<Active> active_;
  std::vector<std::string> names_;  // of all nodes, in id order
  std::int32_t brokers_ = 0;
  std::int32_t controllers_ = 0;
  std::vector<model::CreateTopicsRequest> topics_;  // of the scenario; the controller places their replicas
  model::GroupCoordinator coordinators_;            // only tells a group's partition
  Nanos quiet_after_{0};
  bool quiet_ = false;
  bool has_conditions_ = false;
  int struck_ = 0;
  std::int64_t acked_ = 0;
  std::int64_t consumed_ = 0;
  FaultEffects effects_;
  bool wants_last_answered_ = false;
  model::NodeId last_answered_;
  model::PartitionTable<model::NodeId> last_append_;  // by which leader
  std::vector<InjectedFault> injected_;
};

}  // namespace ktrial::scenarios
