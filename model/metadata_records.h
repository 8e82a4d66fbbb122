// Records of the metadata log (__cluster_metadata-0), as the controller writes and every broker applies them.
//
// Follows metadata/src/main/resources/common/metadata (KIP-500, KIP-631, KIP-704, KIP-841, KIP-966). The records of one
// controller operation form one MetadataBatch, which is appended, committed and applied as a whole. Leaves out:
// features, ACLs, quotas, snapshots.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

enum class LeaderRecoveryState : std::int8_t { RECOVERED = 0, RECOVERING = 1 };

struct RegisterBrokerRecord {
  NodeId broker;
  IncarnationId incarnation;
  BrokerEpoch broker_epoch;  // equals the record's own offset
  bool fenced = true;
  bool in_controlled_shutdown = false;
  std::vector<DirectoryId> log_dirs = {};  // the online ones; empty: the broker has only one
};
struct BrokerRegistrationChangeRecord {
  NodeId broker;
  BrokerEpoch broker_epoch;
  std::optional<bool> fenced;
  std::optional<bool> in_controlled_shutdown;
  std::vector<DirectoryId> log_dirs = {};  // empty: no change
};
struct TopicRecord {
  std::string name;
  TopicId id;
};
struct PartitionRecord {
  TopicPartition partition;
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
  NodeId leader;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::RECOVERED;
  std::vector<NodeId> eligible_leader_replicas = {};
  std::vector<NodeId> last_known_elr = {};
  std::vector<DirectoryId> directories = {};  // one for each replica; empty: none is assigned
};
// On replay the partition epoch goes up by one, the leader epoch too if `leader` is set (even to the same id).
struct PartitionChangeRecord {
  TopicPartition partition;
  std::optional<std::vector<NodeId>> isr;
  std::optional<NodeId> leader;  // kNoLeader: none
  std::optional<LeaderRecoveryState> leader_recovery_state;
  std::optional<std::vector<NodeId>> replicas = std::nullopt;
  std::optional<std::vector<NodeId>> adding_replicas = std::nullopt;
  std::optional<std::vector<NodeId>> removing_replicas = std::nullopt;
  std::optional<std::vector<NodeId>> eligible_leader_replicas = std::nullopt;
  std::optional<std::vector<NodeId>> last_known_elr = std::nullopt;
  std::optional<std::vector<DirectoryId>> directories = std::nullopt;
  bool keeps_leader_epoch = false;  // not Kafka's: variant leader_epoch_bump
};
struct ConfigRecord {
  std::string topic;  // empty: of `broker`
  std::string key;
  std::optional<std::string> value;  // absent: it is removed
  NodeId broker = {};                // absent, and no topic: the cluster-wide default
};
struct ClearElrRecord {  // on replay the partitions of the topic have no ELR and no last known one any more
  std::string topic;     // empty: of every topic
};
struct NoOpRecord {};
struct RemoveTopicRecord {
  TopicId id;
};
struct ProducerIdsRecord {  // the broker may give away the ids below
  NodeId broker;
  BrokerEpoch broker_epoch;
  ProducerId next_producer_id;
};
struct LeaderChangeRecord {  // written by the quorum itself at the start of an epoch (a control record)
  NodeId leader;
};

using MetadataRecord = std::variant<RegisterBrokerRecord, BrokerRegistrationChangeRecord, TopicRecord, PartitionRecord,
                                    PartitionChangeRecord, ConfigRecord, NoOpRecord, LeaderChangeRecord,
                                    RemoveTopicRecord, ProducerIdsRecord, ClearElrRecord>;

// The offset of record i of the batch is base_offset + i.
struct MetadataBatch {
  Offset base_offset;
  QuorumEpoch epoch;
  std::shared_ptr<const std::vector<MetadataRecord>> records;
  Offset next_offset() const { return base_offset + static_cast<std::int64_t>(records->size()); }
  Offset last_offset() const { return next_offset() - 1; }
  KTRIAL_FIELDS(MetadataBatch, base_offset, epoch, records)
};

}  // namespace ktrial::model
