// Messages between brokers and the active controller.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "model/errors.h"
#include "model/messages/message_list.h"
#include "model/metadata_records.h"
#include "model/types.h"

namespace ktrial::model {

// ---- Brokers to the active controller: AlterPartition (56), BrokerRegistration (62), BrokerHeartbeat (63)
struct AlterPartitionRequest {
  struct Partition {
    TopicPartition partition;
    LeaderEpoch leader_epoch;
    std::vector<std::pair<NodeId, BrokerEpoch>> new_isr;  // newIsrWithEpochs
    LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::RECOVERED;
    PartitionEpoch partition_epoch;
  };
  NodeId broker;
  BrokerEpoch broker_epoch;
  std::vector<Partition> partitions;
};
struct AlterPartitionResponse {
  struct Partition {
    TopicPartition partition;
    Error error = Error::NONE;
    NodeId leader;
    LeaderEpoch leader_epoch;
    std::vector<NodeId> isr;
    LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::RECOVERED;
    PartitionEpoch partition_epoch;
  };
  Error error = Error::NONE;
  std::vector<Partition> partitions;
};
struct BrokerRegistrationRequest {
  NodeId broker;
  IncarnationId incarnation;
  BrokerEpoch previous_broker_epoch;          // from the clean-shutdown file; absent after an unclean stop
  Tagged<std::vector<DirectoryId>> log_dirs;  // the online ones; empty: there is only one
};
struct BrokerRegistrationResponse {
  Error error = Error::NONE;
  BrokerEpoch broker_epoch;
};
struct BrokerHeartbeatRequest {
  NodeId broker;
  BrokerEpoch broker_epoch;
  Offset current_metadata_offset;
  bool want_fence = false;
  bool want_shut_down = false;
  Tagged<std::vector<DirectoryId>> offline_log_dirs;  // all that failed since the start
};
struct BrokerHeartbeatResponse {
  Error error = Error::NONE;
  bool is_caught_up = false;
  bool is_fenced = true;
  bool should_shut_down = false;
};

// ---- AssignReplicasToDirs (73): a broker tells where it has put replicas (KIP-858)
struct AssignReplicasToDirsRequest {
  NodeId broker;
  BrokerEpoch broker_epoch;
  std::vector<std::pair<TopicPartition, DirectoryId>> assignments;
};
struct AssignReplicasToDirsResponse {
  Error error = Error::NONE;
  std::vector<std::pair<TopicPartition, Error>> partitions;
};
// ---- AllocateProducerIds (67): a block of ids for a broker
struct AllocateProducerIdsRequest {
  NodeId broker;
  BrokerEpoch broker_epoch;
};
struct AllocateProducerIdsResponse {
  Error error = Error::NONE;
  ProducerId producer_id_start;
  std::int32_t producer_id_len = 0;
};

// ---- GetReplicaLogInfo (93): the active controller to a broker, for unclean recovery (KIP-966)
inline constexpr std::size_t kMaxReplicaLogInfos = 1000;  // in one answer
struct GetReplicaLogInfoRequest {
  std::vector<TopicPartition> partitions;
};
struct GetReplicaLogInfoResponse {
  struct Partition {
    TopicPartition partition;
    LeaderEpoch last_written_leader_epoch;  // of the log; absent: it has none
    LeaderEpoch current_leader_epoch;       // as the broker's metadata has it
    Offset log_end_offset;
    Error error = Error::NONE;
  };
  BrokerEpoch broker_epoch;
  bool truncated = false;  // only the first kMaxReplicaLogInfos are answered
  std::vector<Partition> partitions;
};

using BrokerToControllerMessages = MessageList<
    Kind<36, AlterPartitionRequest>, Kind<37, AlterPartitionResponse>, Kind<38, BrokerRegistrationRequest>,
    Kind<39, BrokerRegistrationResponse>, Kind<40, BrokerHeartbeatRequest>, Kind<41, BrokerHeartbeatResponse>,
    Kind<44, AssignReplicasToDirsRequest>, Kind<45, AssignReplicasToDirsResponse>, Kind<48, AllocateProducerIdsRequest>,
    Kind<49, AllocateProducerIdsResponse>, Kind<60, GetReplicaLogInfoRequest>, Kind<61, GetReplicaLogInfoResponse>>;

}  // namespace ktrial::model
