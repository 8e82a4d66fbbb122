// A controller process: a voter of the metadata quorum and, while it leads, the authority on brokers and partitions.
//
// Follows QuorumController, ClusterControlManager and ReplicationControlManager (metadata).
// Leaves out: features; a second RegisterBrokerRecord when the same
// incarnation registers again; replicas are placed in a fixed stripe, where Kafka starts it at random.
// Always holds: an operation is one atomic batch built on committed plus own uncommitted records; its answer leaves
// after commit; on loss of leadership the state is the committed one and every pending answer is NOT_CONTROLLER.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "model/controller/broker_sessions.h"
#include "model/controller/partition_change_builder.h"
#include "model/controller/unclean_recovery.h"
#include "model/described.h"
#include "model/node.h"
#include "model/quorum/quorum_node.h"

namespace ktrial::model {

class ControllerNode {
 public:
  ControllerNode(NodeId self, std::vector<NodeId> voters, ClusterConfig config);

  void start(Step& step);
  void on_message(Step& step, ConnectionId connection, Message&& message);
  void on_closed(Step& step, ConnectionId connection);
  void on_timer(Step& step, TimerId timer);
  void on_command(Step& step, const Command& command);
  void kill() { memory_.reset(); }
  void power_cut(const Survival& survives, std::vector<Fact>& facts);
  void wipe(std::vector<Fact>& facts);

  bool running() const { return memory_.has_value(); }
  bool is_active() const { return memory_ && memory_->active; }
  const MetadataImage& committed() const { return memory_->committed; }
  // Whether its state holds that broker, committed or not.
  bool knows(NodeId broker) const { return memory_->working.broker(broker) != nullptr; }
  const QuorumNode& quorum() const { return memory_->quorum; }
  const QuorumDisk& disk() const { return disk_; }
  // Where the next record of the metadata log will stand, if it leads: whether something was written meanwhile.
  Offset next_append_offset() const { return memory_ ? memory_->quorum.next_append_offset(disk_) : Offset(0); }

  KTRIAL_FIELDS(ControllerNode, self_, voters_, config_, disk_, memory_)

 private:
  using Records = std::vector<MetadataRecord>;
  struct PendingReply {
    Offset after;  // sent when the committed prefix reaches this
    ConnectionId connection;
    std::int32_t correlation;
    MessageBody body;
    KTRIAL_FIELDS(PendingReply, after, connection, correlation, body)
    KTRIAL_CORRELATIONS(PendingReply, correlation)
  };
  struct Memory {
    Memory(QuorumNode q, const ClusterConfig& config)
        : quorum(std::move(q)),
          sessions(config.broker_session_timeout),
          recovery(config.unclean_recovery_timeout, config.variants) {}
    QuorumNode quorum;
    MetadataImage committed;
    MetadataImage working;              // committed plus own uncommitted records, while active
    std::optional<MetadataImage> kept;  // variant [C07]: `working` of the last time
    BrokerSessions sessions;
    UncleanRecoveryManager recovery;
    bool recovery_due = false;  // something has changed that it looks at
    bool active = false;
    bool stopping = false;
    QuorumEpoch active_epoch;
    Nanos last_append{0};
    std::vector<PendingReply> pending;
    std::vector<CreateTopicsRequest> wanted;  // commands not yet committed
    KTRIAL_FIELDS(Memory, quorum, committed, working, kept, sessions, recovery, recovery_due, active, stopping,
                  active_epoch, last_append, pending, wanted)
    KTRIAL_MOMENTS(Memory, last_append)
  };

  // controller_node.cc
  void after_quorum(Step& step);
  void activate(Step& step);
  void deactivate(Step& step);
  void apply_committed(Step& step, const MetadataBatch& batch);
  PartitionStateCommitted committed_state(TopicPartition tp, const PartitionChangeRecord* change,
                                          const PartitionRegistration* before, Offset offset) const;
  bool write(Step& step, Records records);
  void reply(Step& step, ConnectionId connection, std::int32_t correlation, MessageBody body, bool at_once = false);
  void create_wanted_topics(Step& step);
  void check_sessions(Step& step);
  void elect_periodically(Step& step, Election election);

  // broker_control.cc
  BrokerRegistrationResponse register_broker(Step& step, const BrokerRegistrationRequest& r);
  BrokerHeartbeatResponse heartbeat(Step& step, const BrokerHeartbeatRequest& r);
  void fence(Records& records, NodeId broker);
  void unfence(Records& records, NodeId broker);
  void remove_from_isrs(Records& records, NodeId broker);
  void take_replica_out(Records& records, TopicPartition tp, const PartitionRegistration& p, NodeId broker);
  void handle_unclean_shutdown(Records& records, NodeId broker);
  void handle_directories_offline(Records& records, NodeId broker, const std::vector<DirectoryId>& offline);
  AssignReplicasToDirsResponse assign_replicas_to_dirs(Step& step, const AssignReplicasToDirsRequest& r);
  bool leads_anything(NodeId broker) const;

  // partition_control.cc
  AlterPartitionResponse alter_partition(Step& step, const AlterPartitionRequest& r);
  Error check_alter(NodeId broker, const AlterPartitionRequest::Partition& p) const;
  CreateTopicsResponse create_topic(Step& step, const CreateTopicsRequest& r);
  ElectLeadersResponse elect_leaders(Step& step, const ElectLeadersRequest& r);
  Election election_of(TopicId topic) const;
  bool allows_unclean_leaders(TopicId topic) const;
  Error request_recovery(TopicPartition tp, ElectionType type);
  void recover(Step& step);
  std::int32_t effective_min_isr(const MetadataImage& image, TopicId topic) const;
  PartitionChange change_of(TopicId topic, const PartitionRegistration& p) const;  // aims at everything as it is

  // producer_ids.cc
  AllocateProducerIdsResponse allocate_producer_ids(Step& step, const AllocateProducerIdsRequest& r);

  // operator_control.cc
  Error alter_configs(Step& step, const IncrementalAlterConfigsRequest& r);
  Error execute_reassignment(Step& step, const AlterReassignment& command);
  Error verify_reassignment(Step& step, const AlterPartitionReassignmentsRequest& r);
  Error alter_reassignment(Step& step, const AlterPartitionReassignmentsRequest& r);
  Error create_partitions(Step& step, const CreatePartitionsRequest& r);
  Error delete_topic(Step& step, const DeleteTopicsRequest& r);

  NodeId self_;
  std::vector<NodeId> voters_;
  ClusterConfig config_;
  QuorumDisk disk_;
  std::optional<Memory> memory_;
};

}  // namespace ktrial::model
