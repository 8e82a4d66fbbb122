#include "model/remote/remote_log_lineage.h"

#include <algorithm>

namespace ktrial::model {

Offset find_highest_remote_offset(const ListRemoteLogSegmentsResponse& remote, const LeaderEpochCache& epochs,
                                  Offset log_end, bool lineage) {
  if (!lineage) {
    Offset highest;
    for (const OffsetAndEpoch& known : remote.highest_offsets) highest = std::max(highest, known.offset);
    return highest;
  }
  for (auto own = epochs.entries().rbegin(); own != epochs.entries().rend(); ++own) {
    const auto known = std::find_if(remote.highest_offsets.begin(), remote.highest_offsets.end(),
                                    [&](const OffsetAndEpoch& h) { return h.epoch == own->epoch; });
    if (known == remote.highest_offsets.end()) continue;
    return std::min(known->offset, epochs.end_offset_for(own->epoch, log_end).offset - 1);
  }
  return {};
}

std::vector<const RemoteLogSegmentMetadata*> segments_of(const std::vector<RemoteLogSegmentMetadata>& segments,
                                                         LeaderEpoch epoch) {
  std::vector<const RemoteLogSegmentMetadata*> result;
  for (const RemoteLogSegmentMetadata& segment : segments)
    if (std::any_of(segment.epochs.begin(), segment.epochs.end(),
                    [&](const EpochEntry& e) { return e.epoch == epoch; }))
      result.push_back(&segment);
  std::stable_sort(result.begin(), result.end(),
                   [](const auto* a, const auto* b) { return a->start_offset < b->start_offset; });
  return result;
}

Offset find_log_start_offset(const std::vector<RemoteLogSegmentMetadata>& segments, const LeaderEpochCache& epochs,
                             Offset local_log_start) {
  for (const EpochEntry& own : epochs.entries())
    if (const auto found = segments_of(segments, own.epoch); !found.empty()) return found.front()->start_offset;
  return local_log_start;
}

bool is_within_leader_epochs(const RemoteLogSegmentMetadata& segment, const std::vector<EpochEntry>& epochs,
                             Offset log_end) {
  const LeaderEpoch last = segment.epochs.back().epoch;
  if (epochs.empty() || last < epochs.front().epoch || last > epochs.back().epoch) return false;
  bool first = true;
  for (std::size_t i = 0; i < segment.epochs.size(); ++i) {
    const EpochEntry& entry = segment.epochs[i];
    // An overlapping segment may begin in an epoch that is gone from the cache with an older segment.
    if (entry.epoch < epochs.front().epoch) continue;
    const auto own =
        std::find_if(epochs.begin(), epochs.end(), [&](const EpochEntry& e) { return e.epoch == entry.epoch; });
    if (own == epochs.end()) return false;
    if (first && own != epochs.begin() && entry.start < own->start) return false;
    first = false;
    const auto next = own + 1;
    if (entry.epoch == last) {
      if (next != epochs.end() && segment.end_offset > next->start - 1) return false;
    } else if (next == epochs.end() || *next != segment.epochs[i + 1]) {
      return false;
    }
  }
  return segment.end_offset < log_end;
}

}  // namespace ktrial::model
