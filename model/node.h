// The shape of every node of the model: {config, disk, memory}.
//
// `start` builds the memory from config and disk; `kill` drops the memory; `power_cut` drops it and lets the world
// choose which unsynced writes of the disk survive. Nothing else outlives a process.
// BrokerNode (broker/broker_node.h), ControllerNode (controller/controller_node.h), ClientNode (clients/client_node.h)
// and RemoteStorageNode (remote/remote_storage_node.h) have exactly these members; they are values: copying one copies
// its whole state.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/step.h"
#include "model/storage/disk_file.h"

namespace ktrial::model {

// What an operator or an application tells a node.
struct CleanStop {};  // controlled shutdown of a broker, close() of a client, resignation of a controller
struct CreateTopic {  // to a controller
  CreateTopicsRequest request;
};
struct ElectLeader {  // kafka-leader-election.sh, to a controller
  ElectLeadersRequest request;
};
struct AlterReassignment {  // kafka-reassign-partitions.sh --execute or --cancel, to a controller
  AlterPartitionReassignmentsRequest request;
  std::optional<std::int64_t> throttle = std::nullopt;  // --throttle, bytes/s
};
struct VerifyReassignment {  // kafka-reassign-partitions.sh --verify, to a controller
  AlterPartitionReassignmentsRequest request;
};
struct AlterConfigs {  // kafka-configs.sh --alter, to a controller
  IncrementalAlterConfigsRequest request;
};
struct CreatePartitions {  // kafka-topics.sh --alter --partitions, to a controller
  CreatePartitionsRequest request;
};
struct DeleteTopic {  // kafka-topics.sh --delete, to a controller
  DeleteTopicsRequest request;
};
struct DeleteRecords {  // kafka-delete-records.sh, to the leader
  DeleteRecordsRequest request;
};
struct StartSending {};  // producer: begin the workload
using Command = std::variant<CleanStop, CreateTopic, ElectLeader, StartSending, AlterReassignment, VerifyReassignment,
                             CreatePartitions, DeleteTopic, DeleteRecords, AlterConfigs>;

template <class N>
concept Node = requires(N n, const N c, Step& step, ConnectionId connection, Message&& message, TimerId timer,
                        const Command& command, const Survival& survival, std::vector<Fact>& facts) {
  n.start(step);
  n.on_message(step, connection, std::move(message));
  n.on_closed(step, connection);  // the peer closed it, it was reset, or it timed out
  n.on_timer(step, timer);
  n.on_command(step, command);
  n.kill();
  n.power_cut(survival, facts);  // facts: UnsyncedDataLost
  n.wipe(facts);                 // an empty disk under the same identity
};

}  // namespace ktrial::model
