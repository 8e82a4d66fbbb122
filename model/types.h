// The strong types of the protocol: no bare integer that means an offset, an epoch or an id
// appears in a signature of this room.
//
// Follows Kafka's own types: a topic is named by a topic id as well as a name (KIP-516), a broker by its
// id and its broker epoch (KIP-380, KIP-631), a partition state by leader epoch and partition epoch.
// Leaves out: uuids as 128 bits; an id is a number that is never reused.
// Always holds: a default-constructed id or epoch is Kafka's "absent" value, -1.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "model/described.h"

namespace ktrial::model {

// Virtual time and durations. A time point is the nanoseconds since the start of whatever clock is meant;
// a node only ever sees its own clocks (Step::now is monotonic, Step::wall_clock may jump).
using Nanos = std::chrono::nanoseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A signed number with a meaning. `kAbsent` (-1) stands for "none" as it does in Kafka's fields.
template <class Tag, class Rep = std::int64_t>
struct Named {
  Rep value = -1;

  constexpr Named() = default;
  constexpr explicit Named(Rep v) : value(v) {}
  constexpr bool present() const { return value >= 0; }
  constexpr auto operator<=>(const Named&) const = default;
  constexpr Named& operator++() {
    ++value;
    return *this;
  }
  constexpr Named operator+(Rep n) const { return Named(value + n); }
  constexpr Named operator-(Rep n) const { return Named(value - n); }
  constexpr Rep operator-(Named o) const { return value - o.value; }
};

using Offset = Named<struct OffsetTag>;
using LeaderEpoch = Named<struct LeaderEpochTag, std::int32_t>;
using PartitionEpoch = Named<struct PartitionEpochTag, std::int32_t>;
using BrokerEpoch = Named<struct BrokerEpochTag>;
// The epoch of the metadata quorum (Raft's term).
using QuorumEpoch = Named<struct QuorumEpochTag, std::int32_t>;
using GenerationId = Named<struct GenerationIdTag, std::int32_t>;

// A node of the cluster: brokers, controllers and clients share one number space here, as brokers and
// controllers do in KRaft (node.id). Clients get numbers above all servers.
using NodeId = Named<struct NodeIdTag, std::int32_t>;
using BrokerId = NodeId;
using TopicId = Named<struct TopicIdTag, std::int32_t>;
using PartitionIndex = Named<struct PartitionIndexTag, std::int32_t>;
using IncarnationId = Named<struct IncarnationIdTag>;
// Of one broker's log directories (KIP-858); absent: DirectoryId.UNASSIGNED.
using DirectoryId = Named<struct DirectoryIdTag, std::int32_t>;
using ProducerId = Named<struct ProducerIdTag>;
using ProducerEpoch = Named<struct ProducerEpochTag, std::int16_t>;
using Sequence = Named<struct SequenceTag, std::int32_t>;

enum class Acks : std::int8_t { all = -1, none = 0, leader = 1 };

// unclean.recovery.strategy (KIP-966): what happens to a partition that no replica can lead safely.
enum class UncleanRecoveryStrategy : std::uint8_t {
  balanced,    // Balanced: elect once all that were last known to hold everything committed are back
  aggressive,  // Aggressive: elect at once
  none,        // None: wait for an operator
};
inline constexpr std::array<const char*, 3> kUncleanRecoveryStrategies = {"Balanced", "Aggressive", "None"};
constexpr const char* name(UncleanRecoveryStrategy strategy) {
  return kUncleanRecoveryStrategies[static_cast<std::size_t>(strategy)];
}

inline bool holds(const std::vector<NodeId>& nodes, NodeId id) {
  return std::find(nodes.begin(), nodes.end(), id) != nodes.end();
}

inline std::vector<NodeId> without(const std::vector<NodeId>& nodes, const std::vector<NodeId>& out) {
  std::vector<NodeId> left;
  for (const NodeId id : nodes)
    if (!holds(out, id)) left.push_back(id);
  return left;
}

inline constexpr Offset kFirstOffset{0};
inline constexpr LeaderEpoch kNoEpoch{-1};
inline constexpr NodeId kNoLeader{-1};

struct TopicPartition {
  TopicId topic;
  PartitionIndex partition;
  constexpr auto operator<=>(const TopicPartition&) const = default;
};

// The partition of the metadata log, so that facts about it can be told as facts about any partition.
inline constexpr TopicPartition kClusterMetadata{TopicId{0}, PartitionIndex{0}};

struct OffsetAndEpoch {
  Offset offset;
  LeaderEpoch epoch;
  KTRIAL_FIELDS(OffsetAndEpoch, offset, epoch)
  constexpr auto operator<=>(const OffsetAndEpoch&) const = default;
};

struct EpochEntry {  // where a leader epoch begins: a line of leader-epoch-checkpoint
  LeaderEpoch epoch;
  Offset start;
  KTRIAL_FIELDS(EpochEntry, epoch, start)
  constexpr auto operator<=>(const EpochEntry&) const = default;
};

// One TCP connection, named by the node that opened it and that node's running count of connections.
// The number never repeats in the life of a world, also not across restarts of the node.
struct ConnectionId {
  NodeId initiator;
  std::int32_t number = -1;
  constexpr bool present() const { return number >= 0; }
  constexpr auto operator<=>(const ConnectionId&) const = default;
};

}  // namespace ktrial::model
