// One partition's next state as a change record: reassignment, ELR, election, ISR, in that order.
//
// Follows PartitionChangeBuilder (metadata; KIP-966 for the eligible leader replicas). While
// useLastKnownLeaderInBalancedRecovery is true lastKnownElr holds the last known leader only; with unclean recovery it
// is false, and the field holds who was in the ISR or the ELR since the ISR fell below the minimum and stopped
// uncleanly. Always holds: without eligible leader replicas an ISR is never written empty (the last member stays); an
// elected leader is in the written ISR.
#pragma once

#include <optional>
#include <vector>

#include "model/metadata/image.h"

namespace ktrial::model {

enum class Election : std::uint8_t { ONLINE, PREFERRED, UNCLEAN };

// What the change aims at; begin with aim_at().
struct PartitionChange {
  Election election = Election::ONLINE;
  std::vector<NodeId> target_isr;
  std::vector<NodeId> target_replicas;
  std::vector<NodeId> target_adding;
  std::vector<NodeId> target_removing;
  LeaderRecoveryState target_recovery = LeaderRecoveryState::RECOVERED;
  NodeId removed;           // counts as not acceptable although it may still be active
  NodeId added;             // counts as active although not yet so
  NodeId unclean_shutdown;  // as `removed`, and not eligible either
  NodeId recovered;         // leads if nobody can lead safely: unclean recovery has chosen it
  NodeId placed;            // has put its replica there:
  DirectoryId directory;
  // How the controller decides.
  bool eligible_leader_replicas = false;
  bool last_known_leader = true;  // useLastKnownLeaderInBalancedRecovery
  std::int32_t min_isr = 1;
  Variants variants;
};

// StripedReplicaPlacer, its start given instead of drawn: fenced brokers are used too, but last. Empty: too few
// brokers.
std::vector<std::vector<NodeId>> place_replicas(const MetadataImage& image, std::int32_t first, std::int32_t partitions,
                                                std::int32_t replicas);

// The directories of new replicas: of a broker with one online directory that, else none; empty: none has one.
std::vector<DirectoryId> default_directories(const MetadataImage& image, const std::vector<NodeId>& replicas);

// Everything as it is.
PartitionChange aim_at(const PartitionRegistration& partition);

// Nothing when the partition stays as it is.
std::optional<PartitionChangeRecord> build_change(const MetadataImage& image, TopicPartition tp,
                                                  const PartitionRegistration& partition, PartitionChange change);

}  // namespace ktrial::model
