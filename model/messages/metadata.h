// Metadata: how clients learn of brokers, topics and leaders.
#pragma once

#include <string>
#include <vector>

#include "model/errors.h"
#include "model/messages/message_list.h"
#include "model/types.h"

namespace ktrial::model {

// ---- Metadata (3)
struct MetadataRequest {
  std::vector<std::string> topics;  // empty: all
};
struct MetadataResponse {
  struct Partition {
    Error error = Error::NONE;
    PartitionIndex partition;
    NodeId leader;
    LeaderEpoch leader_epoch;
    std::vector<NodeId> replicas;
    std::vector<NodeId> isr;
  };
  struct Topic {
    Error error = Error::NONE;
    std::string name;
    TopicId id;
    std::vector<Partition> partitions;
  };
  std::vector<NodeId> brokers;
  NodeId controller;
  std::vector<Topic> topics;
};

using MetadataMessages = MessageList<Kind<8, MetadataRequest>, Kind<9, MetadataResponse>>;

}  // namespace ktrial::model
