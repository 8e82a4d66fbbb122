// What the faults in force do to nodes and links together: one place that knows how overlapping faults combine.
//
// Rules, by what is hit:
//   process  down while one of the faults that stop it lasts (kill, power-cut, wipe, clean-stop), started by the end of
//            the last one; `restart` starts it at once and ends what all of them do to it.
//            Paused while one pause lasts; a pause is of a process and ends with it. As slow as the slowest says.
//   disks    each log directory as bad as all of its faults together; a broker that stopped because of one, or lost a
//            directory, is started (anew) when it ends. The end of a restore-disk is a power cut.
//   clocks   drifts add up; frozen while one freeze lasts; a step is done once and stays.
//   links    cut while one cut lasts; delays add up; of several bandwidths the lowest counts; a message kind is held
//            while one hold of it lasts. Links are of the network: no kill, wipe or restart touches them.
// A power cut or wipe of a node that is down takes its disk all the same. A clean stop that has not ended when its time
// is over becomes a kill.
// Always holds: after the end of every fault the world is as it was, but for clock steps, what disks lost and what was
// broken on them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "properties/observation.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

class FaultEffects {
 public:
  // What became of a fault at one node: it found nothing to hit, it only prolongs what others do, or it struck.
  enum class Hit : std::uint8_t { nothing, prolongs, struck };
  struct Ended {
    bool killed = false;  // a clean stop that took too long
    bool started = false;
    bool resumed = false;
    bool disk_replaced = false;
  };

  FaultEffects(const Scenario& scenario, std::size_t nodes);

  Hit begin(KafkaWorld& world, std::size_t fault, const FaultSpec& spec, model::NodeId node);
  Ended end(KafkaWorld& world, std::size_t fault, const FaultSpec& spec, model::NodeId node);
  // One way. Twice for one link is once.
  void begin_link(KafkaWorld& world, std::size_t fault, const FaultSpec& spec, model::NodeId from, model::NodeId to);
  void end_link(KafkaWorld& world, std::size_t fault, const FaultSpec& spec, model::NodeId from, model::NodeId to);

  // What disks lost in power cuts and wipes since the last call.
  bool has_disk_facts() const { return !disk_facts_.empty(); }
  std::vector<std::pair<model::NodeId, model::Fact>> take_disk_facts() { return std::exchange(disk_facts_, {}); }

  // Kept from running, by being down or paused.
  bool stopped(model::NodeId node) const;
  // Whether anything but stopped processes is in force.
  bool any_other() const;

 private:
  struct InForce {
    std::size_t fault;
    FaultKind kind;
    model::NodeId node, peer;  // peer absent: an effect on a node
    std::int64_t amount;
    std::string log_dir = {};  // empty: all
  };

  static bool stops_process(FaultKind kind);
  static bool cuts(FaultKind kind);
  template <class Matches>
  bool any(Matches matches) const;
  bool keeps_down(model::NodeId node) const;
  bool has(FaultKind kind, model::NodeId node) const;
  bool is_cut(model::NodeId from, model::NodeId to) const;
  bool take(std::size_t fault, model::NodeId node, model::NodeId peer);
  void set_slow(KafkaWorld& world, model::NodeId node) const;
  void set_drift(KafkaWorld& world, model::NodeId node) const;
  void set_delay(KafkaWorld& world, model::NodeId from, model::NodeId to) const;
  void set_bandwidth(KafkaWorld& world, model::NodeId from, model::NodeId to) const;

  void set_disk(KafkaWorld& world, model::NodeId node) const;
  void set_log_dir(KafkaWorld& world, model::NodeId node, std::size_t directory) const;
  void restore(KafkaWorld& world, std::size_t fault, model::NodeId node);
  void disk_said(const KafkaWorld& world, model::NodeId node);

  struct Snapshot {
    std::size_t fault;
    model::NodeId node;
    model::BrokerDisk disk;
  };

  std::vector<InForce> in_force_;
  std::vector<Snapshot> snapshots_;
  std::vector<std::pair<model::NodeId, model::Fact>> disk_facts_;
  std::vector<std::string> log_dirs_;  // of every broker
  std::int64_t bandwidth_;             // of every link, without faults
  std::vector<std::int64_t> drift_;    // of every node, without faults
};

}  // namespace ktrial::scenarios
