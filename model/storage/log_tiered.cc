// What tiered storage changes of a log: its front may be in the remote storage alone (UnifiedLog with
// remoteLogEnabled).
#include <algorithm>

#include "model/storage/log.h"

namespace ktrial::model {

// updateHighestOffsetInRemoteStorage
void Log::raise_highest_remote(Offset offset) {
  if (tiered()) highest_remote_ = std::max(highest_remote_, offset);
}

// onlyLocalLogSegmentsSize: a segment that begins with the last copied offset counts too.
std::int64_t Log::only_local_bytes() const {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < disk_.segments.count(); ++i)
    if (disk_.segments.segment(i).base >= highest_remote_) bytes += disk_.segments.segment(i).bytes;
  return bytes;
}

void Log::restore_epochs(const std::vector<EpochEntry>& entries) {
  for (const EpochEntry& entry : entries) epochs_.assign(entry.epoch, entry.start);
  disk_.epochs.write_and_sync(epochs_.entries());
  disk_.segments.journal_committed();
}

// maybeIncrementLocalLogStartOffset
void Log::advance_local_start(Offset start) {
  if (start <= local_start_) return;
  local_start_ = start;
  if (high_watermark_ < start) set_high_watermark(start);
  recovery_point_ = std::max(recovery_point_, start);
}

// deletableSegments and deleteSegments: what is copied, or lies below the log start. An active segment that has to go
// is rolled first and goes once it is copied.
std::vector<Log::Removed> Log::delete_local_segments(const TopicConfig& topic, Nanos wall_clock) {
  std::vector<Removed> removed;
  SegmentFiles& files = disk_.segments;
  const auto remove = [&](LogStartReason reason, auto predicate) {
    std::size_t n = 0;
    bool roll_active = false;
    for (; n < files.count(); ++n) {
      const bool last = n + 1 == files.count();
      const LogSegment& segment = files.segment(n);
      const Offset upper = last ? end_ : files.segment(n + 1).base;
      if (high_watermark_ < upper || !predicate(segment, last)) break;
      roll_active = roll_active || (last && segment.bytes > 0);
      const bool below_start = !last && start_ >= files.segment(n + 1).base;
      const bool copied = upper > kFirstOffset && upper - 1 <= highest_remote_;
      if ((last && segment.bytes == 0) || !(copied || below_start)) break;
    }
    if (roll_active) roll(end_);
    if (n == 0) return;
    std::int64_t bytes = files.bytes();
    for (std::size_t i = 0; i < n; ++i)
      removed.push_back(
          {files.segment(i), files.segment(i + 1).base, reason, std::exchange(bytes, bytes - files.segment(i).bytes)});
    advance_local_start(files.segment(n).base);
    files.remove_oldest(n);
    files.sync_directory();  // the journal of a file system has the new file before the deletions
  };
  remove(LogStartReason::log_start, [&](const LogSegment& segment, bool last) {
    return !last && files.segment(files.floor(segment.base) + 1).base <= local_start_;
  });
  if (!topic.cleanup_policy.deletes) return removed;
  if (const std::int64_t most = local_retention_bytes(topic); most >= 0 && files.bytes() >= most) {
    std::int64_t above = files.bytes() - most;
    remove(LogStartReason::retention_bytes, [&](const LogSegment& segment, bool) {
      if (above - segment.bytes < 0) return false;
      above -= segment.bytes;
      return true;
    });
  }
  if (const Nanos longest = local_retention_ms(topic); longest >= Nanos(0))
    remove(LogStartReason::retention_ms, [&](const LogSegment& segment, bool) {
      return segment.largest_timestamp != kNoTimestamp && wall_clock - segment.largest_timestamp > longest;
    });
  return removed;
}

}  // namespace ktrial::model
