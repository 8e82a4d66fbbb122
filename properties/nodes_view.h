// What the nodes of a run hold at one moment, for properties to look at: the state that facts are about, and no more.
//
// Filled by whoever runs the nodes, between two events and after everything that the nodes said is told. It points into
// the nodes, so it is good for that moment only, and costs what there are partitions and not what is in them.
// Leaves out: nodes that are down (what a disk holds without its process nobody tells of), clients without a group,
// remote storage.
#pragma once

#include <cstdint>
#include <vector>

#include "model/group/group_coordinator.h"
#include "model/metadata/image.h"
#include "model/quorum/quorum_node.h"
#include "model/replication/partition.h"
#include "properties/observation.h"

namespace ktrial::properties {

struct HeldReplica {
  NodeId broker;
  const model::Partition* partition = nullptr;
};
struct HeldMetadata {  // of a broker, or of a controller as far as it is committed
  NodeId node;
  const model::MetadataImage* image = nullptr;
};
struct HeldQuorum {
  NodeId voter;
  const model::QuorumNode* state = nullptr;
  const model::QuorumDisk* disk = nullptr;
};
struct HeldGroups {
  NodeId broker;
  const model::GroupCoordinator* coordinator = nullptr;
};
struct HeldMember {  // of a group; a client
  NodeId client;
  const std::vector<model::TopicPartition>* owned = nullptr;
};

struct NodesView {
  // At the end of a run logs are compared from their first record to their last, before that their tails only.
  enum class Depth : std::uint8_t { tails, whole } depth = Depth::tails;
  std::vector<HeldReplica> replicas;  // by broker, then by partition
  std::vector<HeldMetadata> metadata;
  std::vector<HeldQuorum> quorum;
  std::vector<HeldGroups> groups;
  std::vector<HeldMember> members;
};

}  // namespace ktrial::properties
