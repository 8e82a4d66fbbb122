// A broker: {config, disk, memory}, a router over the owners of its memory.
//
// Follows BrokerServer, KafkaApis and BrokerMetadataPublisher. A handler hands what arrives (a message, a timer, a
// closed connection, metadata) to the owner whose it is, and then lets the owners settle, always in the same order. It
// refuses who connects before it was unfenced for the first time. Leaves out: CreateTopics forwarding (NOT_CONTROLLER),
// quotas of clients, authorisation. Always holds: outside a handler nothing that could be answered is parked, and
// nothing that could be sent is unsent.
#pragma once

#include <optional>
#include <vector>

#include "model/broker/broker_lifecycle.h"
#include "model/broker/broker_machine.h"
#include "model/broker/controller_channels.h"
#include "model/broker/directory_assignments.h"
#include "model/broker/group_coordinator_service.h"
#include "model/broker/log_manager.h"
#include "model/broker/producer_id_manager.h"
#include "model/broker/quorum_metadata.h"
#include "model/broker/replica_manager.h"
#include "model/broker/request_channel.h"
#include "model/described.h"
#include "model/node.h"

namespace ktrial::model {

class BrokerNode {
 public:
  BrokerNode(NodeId self, std::vector<NodeId> controllers, ClusterConfig config)
      : self_(self),
        controllers_(std::move(controllers)),
        config_(std::move(config)),
        machine_(config_.log_dirs.size()) {}

  void start(Step& step);
  void on_message(Step& step, ConnectionId connection, Message&& message);
  void on_closed(Step& step, ConnectionId connection);
  void on_timer(Step& step, TimerId timer);
  void on_command(Step& step, const Command& command);
  void kill();
  void power_cut(const Survival& survival, std::vector<Fact>& facts) { kill(), machine_.power_cut(survival, facts); }
  void wipe(std::vector<Fact>& facts) { kill(), machine_.wipe(facts); }

  // -- the machine's disk, whatever the process does (broker_machine.h)
  void set_disk_health(const DiskHealth& health, std::size_t directory = 0) { machine_.health[directory] = health; }
  bool rot(std::uint64_t which, std::vector<Fact>& facts) { return machine_.rot(held(), which, facts); }
  bool rot_unseen(std::uint64_t which, std::vector<Fact>& facts) {
    return machine_.rot_unseen(held(), self_, which, facts);
  }
  bool misdirect(std::uint64_t which, std::vector<Fact>& facts) { return machine_.misdirect(held(), which, facts); }
  BrokerDisk durable_disk() const { return machine_.durable(partitions()); }
  void restore_disk(BrokerDisk older, std::vector<Fact>& facts) { kill(), machine_.restore(std::move(older), facts); }

  // -- read only
  NodeId self() const { return self_; }
  bool running() const { return memory_.has_value(); }
  BrokerState state() const { return memory_ ? memory_->lifecycle.state() : BrokerState::NOT_RUNNING; }
  BrokerEpoch broker_epoch() const { return memory_ ? memory_->lifecycle.epoch() : BrokerEpoch(); }
  const Partition* partition(TopicPartition tp) const { return memory_ ? memory_->replicas.find(tp) : nullptr; }
  const Partitions* partitions() const { return memory_ ? &memory_->replicas.partitions() : nullptr; }
  const Log* log(TopicPartition tp) const {
    const Partition* p = partition(tp);
    return p == nullptr ? nullptr : &p->log();
  }
  const MetadataImage* image() const { return memory_ ? &memory_->metadata.image() : nullptr; }
  const GroupCoordinator* group_coordinator() const { return memory_ ? &memory_->groups.coordinator() : nullptr; }
  const BrokerDisk& disk() const { return machine_.disk; }
  // A log directory is offline; with its last one the broker is about to halt.
  bool directory_failed() const { return memory_ && !memory_->logs.offline().empty(); }

  KTRIAL_FIELDS(BrokerNode, self_, controllers_, config_, machine_, memory_)

 private:
  struct Memory {
    Memory(NodeId self, const std::vector<NodeId>& controllers, const ClusterConfig& config)
        : metadata(self, controllers, config),
          controller(config),
          logs(config.log_dirs.size()),
          replicas(config),
          remote(self, config),
          groups(config) {}
    QuorumMetadata metadata;
    ControllerChannels controller;
    RequestChannel requests;
    BrokerLifecycle lifecycle;
    LogManager logs;
    ReplicaManager replicas;
    RemoteLogManager remote;
    GroupCoordinatorService groups;
    DirectoryAssignments assignments;
    ProducerIdManager producer_ids;
    KTRIAL_FIELDS(Memory, metadata, controller, requests, lifecycle, logs, replicas, remote, groups, assignments,
                  producer_ids)
  };
  class Handler;  // broker_handler.h

  Partitions* held() { return memory_ ? &memory_->replicas.partitions() : nullptr; }

  NodeId self_;
  std::vector<NodeId> controllers_;
  ClusterConfig config_;
  BrokerMachine machine_;
  std::optional<Memory> memory_;
};

}  // namespace ktrial::model
