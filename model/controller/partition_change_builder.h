// One partition's next state as a change record: election first, then the ISR.
//
// Follows PartitionChangeBuilder (metadata). Leaves out: reassignment, eligible leader replicas, directories.
// Always holds: an ISR is never written empty (the last member stays), and an elected leader is in the written ISR.
#pragma once

#include <optional>
#include <vector>

#include "model/metadata/image.h"

namespace ktrial::model {

enum class Election : std::uint8_t { ONLINE, PREFERRED, UNCLEAN };

struct PartitionChange {
  Election election = Election::ONLINE;
  std::vector<NodeId> target_isr;
  LeaderRecoveryState target_recovery = LeaderRecoveryState::RECOVERED;
  NodeId removed;  // counts as not acceptable although it may still be active
  NodeId added;    // counts as active although not yet so
};

// Nothing when the partition stays as it is.
std::optional<PartitionChangeRecord> build_change(const MetadataImage& image, TopicPartition tp,
                                                  const PartitionRegistration& partition,
                                                  const PartitionChange& change);

}  // namespace ktrial::model
