// What a run is known to look like, kept from facts alone: who leads what, which ISR, which names belong to which ids.
//
// Fault triggers, target selectors and the live status read this; it is never ahead of the controller's committed
// state. Cost follows the facts. Not for judging: properties keep their own picture.
#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "model/facts.h"
#include "model/partition_table.h"

namespace ktrial::scenarios {

class ClusterView {
 public:
  struct Partition {
    model::NodeId leader;
    model::LeaderEpoch leader_epoch;
    model::PartitionEpoch partition_epoch;
    std::vector<model::NodeId> replicas;
    std::vector<model::NodeId> isr;
    std::vector<model::NodeId> elr, last_known_elr;
    bool reassigning = false;
    int leader_changes = 0;  // after the creation
  };

  void on_fact(const model::Fact& fact, model::NodeId node);

  const Partition* partition(model::TopicPartition tp) const;
  const model::PartitionTable<Partition>& partitions() const { return partitions_; }
  // "orders-0" to the partition; nothing while the topic does not exist.
  std::optional<model::TopicPartition> find(const std::string& name) const;
  std::string name(model::TopicPartition tp) const;
  const std::string* topic_name(model::TopicId id) const;
  // Registered and unfenced, as committed.
  bool unfenced(model::NodeId broker) const {
    const auto it = fenced_.find(broker);
    return it != fenced_.end() && !it->second.second;
  }
  model::NodeId active_controller() const { return active_controller_; }
  // Some config of the replication throttle is set.
  bool is_throttled() const {
    return std::any_of(throttles_.begin(), throttles_.end(), [](const auto& config) { return config.second.second; });
  }

 private:
  void fenced(model::NodeId broker, model::Offset offset, bool is);
  model::PartitionTable<Partition> partitions_;
  boost::container::flat_map<std::string, model::TopicId> topics_;
  boost::container::flat_set<model::TopicId> deleted_;
  boost::container::flat_map<model::NodeId, std::pair<model::Offset, bool>> fenced_;  // since that record
  using ThrottleConfig = std::tuple<model::TopicId, model::NodeId, std::string>;
  boost::container::flat_map<ThrottleConfig, std::pair<model::Offset, bool>> throttles_;  // since that record
  model::NodeId active_controller_;
  model::QuorumEpoch controller_epoch_;
};

}  // namespace ktrial::scenarios
