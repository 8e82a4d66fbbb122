// The metadata of one partition's remote log: which segments there are, and which one holds an offset of a leader
// epoch.
//
// Follows RemoteLogMetadataCache and RemoteLogLeaderEpochState. A segment is found by (leader epoch, offset) once it is
// COPY_SEGMENT_FINISHED and until its deletion starts. Where two leaders copied the same epoch, the newer copy takes
// the place of older ones that begin no earlier and end no later; those are still listed, so that they can be deleted.
// Always holds: a change of state that RemoteLogSegmentState does not allow is dropped, and nobody is told.
#pragma once

#include <boost/container/flat_map.hpp>
#include <vector>

#include "model/described.h"
#include "model/remote/remote_log_segment.h"

namespace ktrial::model {

class RemoteLogMetadataCache {
 public:
  // Adds a segment whose copy starts, or takes over its new state. False: it is not allowed, and dropped.
  bool update(const RemoteLogSegmentMetadata& segment);
  const RemoteLogSegmentMetadata* find(RemoteLogSegmentId id) const;
  // Both: null if there is none that can be read.
  const RemoteLogSegmentMetadata* segment_at(LeaderEpoch epoch, Offset offset) const;
  const RemoteLogSegmentMetadata* oldest_at(Offset offset) const;  // whatever its epochs; of variant remote.lineage
  // All of them, those that segment_at() finds before the others.
  std::vector<RemoteLogSegmentMetadata> list() const;
  // The highest offset that ever was copied, of each leader epoch. Deletions leave it.
  std::vector<OffsetAndEpoch> highest_offsets() const;

  KTRIAL_FIELDS(RemoteLogMetadataCache, segments_, epochs_)

 private:
  struct EpochState {
    boost::container::flat_map<Offset, RemoteLogSegmentId> by_offset;  // where the epoch begins in the segment
    Offset highest;
    KTRIAL_FIELDS(EpochState, by_offset, highest)
  };
  void finished(const RemoteLogSegmentMetadata& segment);
  void unreference(const RemoteLogSegmentMetadata& segment);

  boost::container::flat_map<RemoteLogSegmentId, RemoteLogSegmentMetadata> segments_;
  boost::container::flat_map<LeaderEpoch, EpochState> epochs_;
};

}  // namespace ktrial::model
