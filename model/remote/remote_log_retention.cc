#include "model/remote/remote_log_retention.h"

#include <algorithm>

#include "model/remote/remote_log_lineage.h"

namespace ktrial::model {
namespace {

using State = RemoteLogSegmentState;

// buildRetentionSizeData: so many bytes are too many.
std::int64_t breached_size(const RemoteRetentionView& log, std::int64_t retention_bytes) {
  if (retention_bytes < 0) return 0;
  std::int64_t total = log.only_local_bytes;
  for (const RemoteLogSegmentMetadata& segment : log.segments)
    if (segment.state == State::COPY_SEGMENT_FINISHED && is_within_leader_epochs(segment, log.epochs, log.log_end))
      total += segment.bytes;
  return std::max<std::int64_t>(0, total - retention_bytes);
}

}  // namespace

RemoteRetention find_expired(const RemoteRetentionView& log, const TopicConfig& topic) {
  RemoteRetention result;
  if (log.epochs.empty()) return result;
  boost::container::flat_set<RemoteLogSegmentId> doomed;
  std::int64_t breached = breached_size(log, topic.retention_bytes);
  const auto doom = [&](const RemoteLogSegmentMetadata& segment, LogStartReason reason) {
    doomed.insert(segment.id);
    result.doomed.push_back({segment, reason});
  };
  const auto expires = [&](const RemoteLogSegmentMetadata& segment, LogStartReason reason) {
    result.log_start = std::max(result.log_start, segment.end_offset + 1);
    doom(segment, reason);
  };
  // False: the segment has to stay, and so have all behind it.
  const auto judge = [&](const RemoteLogSegmentMetadata& segment) {
    if (log.being_copied.contains(segment.id)) return false;
    if (segment.state == State::DELETE_SEGMENT_STARTED) {  // a deletion that came to no end
      if (!doomed.contains(segment.id)) doom(segment, LogStartReason::remote);
      return true;
    }
    if (doomed.contains(segment.id)) return true;
    const bool below = std::all_of(segment.epochs.begin(), segment.epochs.end(),
                                   [&](const EpochEntry& e) { return e.epoch <= log.epochs.front().epoch; });
    if (below && segment.end_offset < log.log_start) {
      doom(segment, LogStartReason::log_start);
      return true;
    }
    if (!is_within_leader_epochs(segment, log.epochs, log.log_end)) return true;
    if (topic.retention_ms >= Nanos(0) && segment.max_timestamp <= log.wall_clock - topic.retention_ms) {
      breached = std::max<std::int64_t>(0, breached - segment.bytes);
      expires(segment, LogStartReason::retention_ms);
      return true;
    }
    if (breached > 0 && breached >= segment.bytes) {
      breached -= segment.bytes;
      expires(segment, LogStartReason::retention_bytes);
      return true;
    }
    return false;
  };
  bool goes_on = true;
  for (const EpochEntry& own : log.epochs) {
    for (const RemoteLogSegmentMetadata* segment : segments_of(log.segments, own.epoch))
      if (goes_on) goes_on = judge(*segment);
    if (!goes_on) break;
  }
  for (const RemoteLogSegmentMetadata& segment : log.segments)
    if (!doomed.contains(segment.id) && segment.epochs.back().epoch < log.epochs.front().epoch)
      doom(segment, LogStartReason::remote);
  return result;
}

}  // namespace ktrial::model
