// The remote storage of a cluster with tiered storage: {config, disk, memory}, and one node for all brokers.
//
// Stands for two things of KIP-405: the object store behind a RemoteStorageManager, and the metadata of remote segments
// (RemoteLogMetadataManager, whose default keeps it in the topic __remote_log_metadata). Each call is a request of its
// own over the network, so that a broker may die between the copy of a segment and the word that it is done, an answer
// may be late or lost, and a deposed leader may go on. The node can be killed, paused, cut off or slow like any other.
// What it has answered it keeps: a power cut takes nothing from it.
// Leaves out: the metadata topic's own lag (a broker sees what the node had when its request came, late by the network
// alone), quotas, the indexes but that of leader epochs, the removal of a deleted topic's segments.
// Always holds: a request is done at once and as a whole.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>

#include "model/described.h"
#include "model/node.h"
#include "model/remote/remote_log_metadata_cache.h"

namespace ktrial::model {

class RemoteStorageNode {
 public:
  explicit RemoteStorageNode(NodeId self) : self_(self) {}

  void start(Step& step);
  void on_message(Step& step, ConnectionId connection, Message&& message);
  void on_closed(Step&, ConnectionId) {}
  void on_timer(Step&, TimerId) {}
  void on_command(Step& step, const Command& command);
  void kill() { running_ = false; }
  void power_cut(const Survival&, std::vector<Fact>&) { kill(); }
  void wipe(std::vector<Fact>&);

  // -- read only
  NodeId self() const { return self_; }
  bool running() const { return running_; }
  struct Object {  // a segment's data
    std::vector<RecordBatch> batches;
    std::vector<EpochEntry> leader_epochs;
    KTRIAL_FIELDS(Object, batches, leader_epochs)
  };
  struct RemoteLog {
    RemoteLogMetadataCache metadata;
    boost::container::flat_map<RemoteLogSegmentId, Object> objects;
    KTRIAL_FIELDS(RemoteLog, metadata, objects)
  };
  const RemoteLog* log(TopicPartition tp) const;

  KTRIAL_FIELDS(RemoteStorageNode, self_, logs_, running_)

 private:
  std::optional<MessageBody> answer(Step& step, MessageBody& request);
  FetchLogSegmentResponse fetch(const FetchLogSegmentRequest& request) const;

  NodeId self_;
  boost::container::flat_map<TopicPartition, RemoteLog> logs_;  // the disk
  bool running_ = false;
};

}  // namespace ktrial::model
