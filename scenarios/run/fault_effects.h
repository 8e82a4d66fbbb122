// What the faults in force do to nodes and links together: one place that knows how overlapping faults combine.
//
// Rules, by what is hit:
//   process  down while one of the faults that stop it lasts (Standstill::down), started by the end of the last one;
//            `restart` starts it at once and ends what all of them do to it. Paused while one pause lasts; a pause is
//            of a process and ends with it. As slow as the slowest says.
//   disks    each log directory as bad as all of its faults together. The end of a restore-disk is a power cut.
//   clocks, links: see the families (faults/).
// A power cut or wipe of a node that is down takes its disk all the same.
// Always holds: after the end of every fault the world is as it was, but for clock steps, what disks lost and what was
// broken on them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

class FaultEffects {
 public:
  FaultEffects(const Scenario& scenario, const std::vector<FaultSpec>& plan, std::size_t nodes);

  // At a node, and one way of a link; twice for one link is once.
  Hit begin(KafkaWorld& world, std::size_t fault, model::NodeId node);
  Ended end(KafkaWorld& world, std::size_t fault, model::NodeId node);
  void begin(const AtLink& at);
  void end(const AtLink& at);
  // Whether it has mattered by now that a fault is in force.
  bool shows(KafkaWorld& world, std::size_t fault, model::NodeId node);
  bool shows(const AtLink& at) const;

  // What disks lost in power cuts and wipes since the last call.
  bool has_disk_facts() const { return !disk_facts_.empty(); }
  std::vector<std::pair<model::NodeId, model::Fact>> take_disk_facts() { return std::exchange(disk_facts_, {}); }

  // Kept from running, by being down or paused, or by a disk without which it cannot run.
  bool stopped(model::NodeId node) const;
  // Whether anything but stopped processes is in force.
  bool any_other() const;

  // -- for the faults (faults/)
  void stays(std::size_t fault, model::NodeId node, model::NodeId peer = {}) {
    in_force_.push_back({fault, node, peer});
  }
  // Every fault of this kind that is in force at a node, or from it to a peer.
  template <class Act, class Do>
  void each(model::NodeId node, model::NodeId peer, Do&& visit) const {
    for (const InForce& e : in_force_)
      if (e.node == node && e.peer == peer)
        if (const Act* act = std::get_if<Act>(&acts_[e.fault])) visit(*act);
  }
  template <class Act>
  bool has(model::NodeId node) const {
    bool found = false;
    each<Act>(node, {}, [&](const Act&) { found = true; });
    return found;
  }
  bool keeps_down(model::NodeId node) const;
  // A pause is of a process and ends with it.
  void process_ends(model::NodeId node) { end_standstill(node, Standstill::paused); }
  void end_standstill(model::NodeId node, Standstill standstill);
  // False if the disk has nothing to say.
  bool disk_said(const KafkaWorld& world, model::NodeId node);
  void set_disk(KafkaWorld& world, model::NodeId node) const;
  void keep_disk(std::size_t fault, model::NodeId node, model::BrokerDisk disk);
  void restore_disk(KafkaWorld& world, std::size_t fault, model::NodeId node);
  std::int64_t usual_drift(model::NodeId node) const { return drift_[static_cast<std::size_t>(node.value - 1)]; }
  std::int64_t usual_bandwidth() const { return bandwidth_; }

 private:
  struct InForce {
    std::size_t fault;
    model::NodeId node, peer;  // peer absent: an effect on a node
  };
  struct Snapshot {
    std::size_t fault;
    model::NodeId node;
    model::BrokerDisk disk;
  };

  const FaultRow& row(const InForce& e) const { return row_of(static_cast<FaultKind>(acts_[e.fault].index())); }
  template <class Matches>
  bool any(Matches matches) const;
  bool is_cut(model::NodeId from, model::NodeId to) const;
  bool take(std::size_t fault, model::NodeId node, model::NodeId peer);

  std::vector<FaultAct> acts_;  // of the plan
  std::vector<InForce> in_force_;
  std::vector<Snapshot> snapshots_;
  std::vector<std::pair<model::NodeId, model::Fact>> disk_facts_;
  std::vector<std::string> log_dirs_;  // of every broker
  std::int64_t bandwidth_;             // of every link, without faults
  std::vector<std::int64_t> drift_;    // of every node, without faults
};

// A fault at one node, for as long as it is being begun or ended.
struct AtNode {
  KafkaWorld& world;
  FaultEffects& effects;
  std::size_t fault;
  model::NodeId node;

  sim::NodeId id() const { return to_sim(node); }
  bool up() const { return world.process(id()) != sim::ProcessState::down; }
  const model::BrokerNode* broker() const { return world.node(id()).broker(); }
  void stays() const { effects.stays(fault, node); }
};

// A fault on one way of a link, and what the link had carried when it struck.
struct AtLink {
  KafkaWorld& world;
  FaultEffects& effects;
  std::size_t fault;
  model::NodeId from, to;
  std::uint32_t sent_before = 0;
  std::uint32_t stopped_before = 0;
  bool were_connected = false;

  sim::NodeId a() const { return to_sim(from); }
  sim::NodeId b() const { return to_sim(to); }
  void stays() const { effects.stays(fault, from, to); }
  std::uint32_t sent() const { return world.network().view().sent_count(a(), b()) - sent_before; }
  std::uint32_t stopped() const { return world.network().view().stopped_count(a(), b()) - stopped_before; }
};

}  // namespace ktrial::scenarios
