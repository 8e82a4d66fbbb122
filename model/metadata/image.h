// The cluster's metadata as a state: what a sequence of committed metadata records amounts to.
//
// Follows MetadataImage and MetadataDelta (KIP-500): a record batch is applied as one step, and the delta names what it
// touched. Controllers keep one image with uncommitted records on top; brokers hold committed prefixes only.
// Always holds: equal prefixes of the log give equal images; iteration is in id order.
#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <string>
#include <utility>
#include <vector>

#include "model/config.h"
#include "model/described.h"
#include "model/metadata_records.h"
#include "model/types.h"

namespace ktrial::model {

struct PartitionRegistration {
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
  NodeId leader;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::RECOVERED;
  std::vector<NodeId> elr = {};             // eligible leader replicas (KIP-966)
  std::vector<NodeId> last_known_elr = {};  // with one member: the last known leader
  std::vector<NodeId> adding = {};
  std::vector<NodeId> removing = {};
  std::vector<DirectoryId> directories = {};  // one for each replica; empty: none is assigned
  // Absent: not assigned.
  DirectoryId directory(NodeId replica) const {
    for (std::size_t i = 0; i < directories.size() && i < replicas.size(); ++i)
      if (replicas[i] == replica) return directories[i];
    return {};
  }
  bool reassigning() const { return !adding.empty() || !removing.empty(); }
  KTRIAL_FIELDS(PartitionRegistration, replicas, isr, leader, leader_epoch, partition_epoch, leader_recovery_state, elr,
                last_known_elr, adding, removing, directories)
};
struct TopicImage {
  std::string name;
  std::vector<PartitionRegistration> partitions;
  std::vector<std::pair<std::string, std::string>> configs;
  KTRIAL_FIELDS(TopicImage, name, partitions, configs)
};
struct BrokerRegistrationImage {
  IncarnationId incarnation;
  BrokerEpoch epoch;
  bool fenced = true;
  bool in_controlled_shutdown = false;
  std::vector<DirectoryId> log_dirs = {};  // the online ones; empty: it has only one, and stops with it
  bool has_online_dir(DirectoryId id) const {
    return !id.present() || log_dirs.empty() || std::find(log_dirs.begin(), log_dirs.end(), id) != log_dirs.end();
  }
  bool active() const { return !fenced && !in_controlled_shutdown; }
  KTRIAL_FIELDS(BrokerRegistrationImage, incarnation, epoch, fenced, in_controlled_shutdown, log_dirs)
};

// What one or more batches changed; partitions and brokers without repetition, in the order of first change.
struct MetadataDelta {
  std::vector<TopicPartition> partitions;            // in the order of their records
  boost::container::flat_set<TopicPartition> noted;  // the same, to find them by
  std::vector<NodeId> brokers;
  std::vector<TopicId> topics;
  bool broker_configs = false;
  bool empty() const { return partitions.empty() && brokers.empty() && topics.empty() && !broker_configs; }
  void note(TopicPartition tp) {
    if (noted.insert(tp).second) partitions.push_back(tp);
  }
};

class MetadataImage {
 public:
  // Applies one record that stands at `offset`.
  void apply(const MetadataRecord& record, Offset offset, MetadataDelta* delta = nullptr);
  void apply(const MetadataBatch& batch, MetadataDelta* delta = nullptr);

  const PartitionRegistration* partition(TopicPartition tp) const;
  const TopicImage* topic(TopicId id) const;
  TopicId topic_id(const std::string& name) const;  // absent when there is none
  const BrokerRegistrationImage* broker(NodeId id) const;
  bool is_active(NodeId id) const;
  // Effective topic configuration: topic, else cluster default, else `defaults`.
  TopicConfig topic_config(TopicId id, const TopicConfig& defaults) const;

  // A broker's config that was set while it ran: its own, else the cluster-wide default; null: there is none.
  const std::string* broker_config(NodeId id, const std::string& key) const;
  // The same, of a topic or of a broker alone.
  const std::string* own_config(TopicId id, const std::string& key) const;
  const std::string* own_config(NodeId id, const std::string& key) const;

  const boost::container::flat_map<TopicId, TopicImage>& topics() const { return topics_; }
  const boost::container::flat_map<NodeId, BrokerRegistrationImage>& brokers() const { return brokers_; }
  Offset next_offset() const { return next_offset_; }  // end of the applied prefix
  std::int32_t next_topic_id() const { return next_topic_id_; }
  ProducerId next_producer_id() const { return next_producer_id_; }  // the first that no broker has been given

  KTRIAL_FIELDS(MetadataImage, topics_, brokers_, cluster_configs_, broker_configs_, next_offset_, next_topic_id_,
                next_producer_id_)
  KTRIAL_DERIVED(MetadataImage, topic_ids_)

 private:
  void clear_elr(TopicId id, MetadataDelta& delta);

  boost::container::flat_map<TopicId, TopicImage> topics_;
  boost::container::flat_map<NodeId, BrokerRegistrationImage> brokers_;
  boost::container::flat_map<std::string, TopicId> topic_ids_;
  using Configs = std::vector<std::pair<std::string, std::string>>;
  Configs cluster_configs_;
  boost::container::flat_map<NodeId, Configs> broker_configs_;
  Offset next_offset_{0};
  std::int32_t next_topic_id_ = 1;  // 0 is the metadata log itself
  ProducerId next_producer_id_{0};
};

std::uint64_t digest(const MetadataBatch& batch);

}  // namespace ktrial::model
