// What a log loses at its front: retention by time and size, DeleteRecords, the leader's log start.
#include <algorithm>

#include "model/storage/log.h"

namespace ktrial::model {

// maybeIncrementLogStartOffset, with updateLogStartOffset.
bool Log::advance_start(Offset start) {
  if (start <= start_) return false;
  start_ = start;
  local_start_ = std::max(local_start_, start);
  if (!rules_.delete_above_high_watermark) set_high_watermark(high_watermark_);
  recovery_point_ = std::max(recovery_point_, start);
  if (epochs_.truncate_from_start(start_)) epochs_changed();
  producers_.start_advanced(disk_.producer_snapshots, start_);
  return true;
}

// UnifiedLog.deleteSegments: at least one segment stays, so that all of them can only go when another was rolled.
void Log::delete_segments(std::size_t count, LogStartReason reason, std::vector<Removed>& removed) {
  if (count == 0) return;
  SegmentFiles& files = disk_.segments;
  std::int64_t bytes = files.bytes();
  if (count == files.count()) roll(end_);
  for (std::size_t i = 0; i < count; ++i)
    removed.push_back(
        {files.segment(i), files.segment(i + 1).base, reason, std::exchange(bytes, bytes - files.segment(i).bytes)});
  advance_start(files.segment(count).base);
  if (!disk_.producer_snapshots.empty())
    disk_.producer_snapshots.remove_if([&](Offset offset) {
      const std::size_t s = files.floor(offset);
      return s < count && files.segment(s).base == offset;
    });
  files.remove_oldest(count);
}

std::vector<Log::Removed> Log::delete_old_segments(const TopicConfig& topic, Nanos wall_clock) {
  std::vector<Removed> removed;
  SegmentFiles& files = disk_.segments;
  // How many of the oldest segments the predicate holds for, none of them with a record at or above the high watermark.
  const auto deletable = [&](auto predicate) {
    std::size_t n = 0;
    for (; n < files.count(); ++n) {
      const bool last = n + 1 == files.count();
      const LogSegment& segment = files.segment(n);
      const Offset upper = last ? end_ : files.segment(n + 1).base;
      // Variant retention_bound [R36]: what followers have not copied goes too.
      if (high_watermark_ < upper && !rules_.delete_above_high_watermark) break;
      if (!predicate(segment, last) || (last && segment.bytes == 0)) break;
    }
    return n;
  };
  delete_segments(deletable([&](const LogSegment& segment, bool last) {
                    return !last && files.segment(files.floor(segment.base) + 1).base <= start_;
                  }),
                  LogStartReason::log_start, removed);
  if (!topic.cleanup_policy.deletes) return removed;
  if (topic.retention_bytes >= 0) {
    std::int64_t above = files.bytes() - topic.retention_bytes;
    delete_segments(above < 0 ? 0 : deletable([&](const LogSegment& segment, bool) {
                      if (above - segment.bytes < 0) return false;
                      above -= segment.bytes;
                      return true;
                    }),
                    LogStartReason::retention_bytes, removed);
  }
  if (topic.retention_ms >= Nanos(0))
    delete_segments(deletable([&](const LogSegment& segment, bool) {
                      return segment.largest_timestamp != kNoTimestamp &&
                             wall_clock - segment.largest_timestamp > topic.retention_ms;
                    }),
                    LogStartReason::retention_ms, removed);
  return removed;
}

}  // namespace ktrial::model
