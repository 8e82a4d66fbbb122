#include "model/storage/log.h"

#include <algorithm>

namespace ktrial::model {

Log::Log(LogDisk disk, const TopicConfig& topic, const Variants& variants, LogLoad how,
         const ProducerExpiration& producers)
    : disk_(std::move(disk)), producers_(variants, producers.after) {
  configure(topic);
  rules_.raise_recovery_point = variants.on(Variant::recovery_point);
  rules_.leave_directory = variants.on(Variant::directory_sync);
  rules_.leave_epochs = variants.on(Variant::epoch_checkpoint);
  rules_.keep_high_watermark = variants.on(Variant::full_truncation);
  rules_.delete_above_high_watermark = variants.on(Variant::retention_bound);
  rules_.ignore_log_start = variants.on(Variant::log_start_bound);
  rules_.drop_swap = variants.on(Variant::swap_recovery);
  load(how, producers.wall_clock);
}

void Log::configure(const TopicConfig& topic) {
  if (is_tiered(topic) && !disk_.tiered) local_start_ = std::max(start_, local_start_);
  disk_.tiered = disk_.tiered || is_tiered(topic);  // it cannot be turned off
  flush_messages_ = topic.flush_messages;
  segment_bytes_ = topic.segment_bytes;
  segment_ms_ = topic.cleanup_policy.compacts ? std::min(topic.segment_ms, topic.max_compaction_lag) : topic.segment_ms;
}

const RecordBatch& Log::append_as_leader(RecordBatch batch, LeaderEpoch epoch) {
  batch.base_offset = end_;
  batch.partition_leader_epoch = epoch;
  appended(batch);
  return disk_.segments.items().back();
}

void Log::append_without_end(RecordBatch batch, LeaderEpoch epoch) {
  batch.base_offset = end_;
  batch.partition_leader_epoch = epoch;
  disk_.segments.append(std::move(batch));
}

void Log::append_as_follower(const RecordBatch& batch) { appended(batch); }

void Log::appended(const RecordBatch& batch) {
  assign_epoch(batch.partition_leader_epoch, batch.base_offset);
  if (should_roll(batch)) roll(batch.base_offset);
  disk_.segments.append(batch);
  end_ = batch.next_offset();
  producers_.appended(batch);
  if (end_ - recovery_point_ >= flush_messages_) flush_below(end_, false);
}

// LogSegment.shouldRoll: the batch does not fit, or the first batch's timestamp lies too far behind this one's. Kafka
// takes the segment's age for the latter when the timestamp is negative, which it can be here when a clock is behind.
bool Log::should_roll(const RecordBatch& batch) const {
  const LogSegment& active = disk_.segments.active();
  if (active.bytes > segment_bytes_ - batch.size_in_bytes) return active.bytes > 0;
  if (active.bytes == 0) return false;
  return batch.max_timestamp - batches()[active.first].max_timestamp > segment_ms_;
}

void Log::roll(Offset base) {
  disk_.segments.roll(base);
  producers_.rolled(disk_.producer_snapshots, base);
  rolled_ = base;
  flush_due_ = base;
}

std::size_t Log::index_of(Offset offset) const {
  const auto& all = disk_.segments.items();
  // Nearly every read is at the end or a few batches before it: gallop back from there, then search in between.
  std::size_t high = all.size(), step = 1;
  while (high > 0 && all[high - 1].next_offset() > offset) {
    if (all[high - 1].base_offset <= offset) return high - 1;
    high -= std::min(high, step);
    step *= 2;
  }
  const std::size_t limit = std::min(all.size(), high + step);
  return static_cast<std::size_t>(
      std::partition_point(all.begin() + static_cast<std::ptrdiff_t>(high),
                           all.begin() + static_cast<std::ptrdiff_t>(limit),
                           [&](const RecordBatch& b) { return b.next_offset() <= offset; }) -
      all.begin());
}

std::vector<RecordBatch> Log::read(Offset from, Offset upper, std::int64_t max_bytes, bool first_always) const {
  std::vector<RecordBatch> result;
  const auto& all = disk_.segments.items();
  for (std::size_t i = index_of(from); i < all.size() && all[i].next_offset() <= upper; ++i) {
    max_bytes -= all[i].size_in_bytes;
    if (max_bytes < 0 && !(result.empty() && first_always)) break;
    result.push_back(all[i]);
  }
  return result;
}

OffsetAndEpoch Log::offset_for_timestamp(Nanos at) const {
  const auto& all = disk_.segments.items();
  for (std::size_t i = index_of(start_); i < all.size(); ++i) {
    const RecordBatch& batch = all[i];
    if (batch.max_timestamp < at) continue;
    Offset offset = batch.base_offset;
    if (batch.records)
      for (const Record& record : *batch.records) {
        if (record.timestamp >= at && offset >= start_ && record.state != RecordState::compacted) break;
        ++offset;
      }
    if (offset < batch.next_offset()) return {offset, batch.partition_leader_epoch};
  }
  return {};
}

OffsetAndEpoch Log::offset_of_max_timestamp() const {
  Nanos max = Nanos::min();
  for (const RecordBatch& batch : disk_.segments.items()) max = std::max(max, batch.max_timestamp);
  return offset_for_timestamp(max);
}

bool Log::truncate_to(Offset target, Nanos wall_clock) {
  const bool cut = target < end_;
  if (cut && disk_.segments.segment(0).base > target) {
    truncate_fully_and_start_at(target);
    return true;
  }
  if (cut) {
    const bool stops_cleaning = target < disk_.segments.active().base;
    if (stops_cleaning) stop_cleaning();
    const std::size_t keep = index_of(target);
    const auto& all = disk_.segments.items();
    const Offset new_end = keep < all.size() ? std::min(all[keep].base_offset, target) : target;
    disk_.segments.truncate(keep, new_end);
    end_ = new_end;
    if (stops_cleaning) forget_cleaned_above(disk_.segments.active().base);
    start_ = std::min(start_, end_);
    local_start_ = std::min(local_start_, end_);
    recovery_point_ = std::min(recovery_point_, end_);
    flush_due_ = std::min(flush_due_, end_);
    producers_.rebuild(disk_.producer_snapshots, disk_.segments, start_, end_, ProducerStateManager::Reload::other,
                       wall_clock);
  }
  if (epochs_.truncate_from_end(end_)) epochs_changed();
  set_high_watermark(high_watermark_);
  return cut;
}

void Log::truncate_fully_and_start_at(Offset start, Offset log_start) {
  stop_cleaning();
  disk_.segments.restart_at(start);
  forget_cleaned_above(start);
  end_ = start;
  start_ = log_start.present() ? log_start : start;
  producers_.truncated_fully(disk_.producer_snapshots, start);
  producers_.rebuild(disk_.producer_snapshots, disk_.segments, start_, end_, ProducerStateManager::Reload::other,
                     kNoTimestamp);
  local_start_ = start;
  recovery_point_ = std::min(recovery_point_, end_);
  flush_due_ = Offset();
  // LeaderEpochFileCache.clearAndFlush: a file that is replaced, and its directory is synced.
  epochs_.clear();
  epochs_due_ = false;
  disk_.epochs.write_and_sync(epochs_.entries());
  disk_.journal_committed();
  if (!rules_.leave_directory) disk_.segments.sync_directory();
  // Variant full_truncation [R32]: the high watermark stayed below the log start.
  if (!rules_.keep_high_watermark) high_watermark_ = std::max(start_, end_);
}

void Log::assign_epoch(LeaderEpoch epoch, Offset start) {
  if (!epochs_.assign(epoch, start)) return;
  // Variant epoch_checkpoint [D04]: the temporary file is not synced before it is renamed.
  if (rules_.leave_epochs) {
    disk_.epochs.write_unsynced(epochs_.entries());
    return;
  }
  epochs_due_ = false;
  disk_.epochs.write_and_sync(epochs_.entries());
  disk_.journal_committed();
  if (!rules_.leave_directory) disk_.segments.sync_directory();
}

// truncateFromEndAsyncFlush, truncateFromStartAsyncFlush (KAFKA-15046): the page cache now, the disk later.
void Log::epochs_changed() {
  if (rules_.leave_epochs) return disk_.epochs.write_unsynced(epochs_.entries());
  disk_.epochs.write(epochs_.entries());
  epochs_due_ = true;
}

// UnifiedLog.flush with LocalLog.flush.
void Log::flush_below(Offset end, bool active) {
  const Offset upto = active ? end + 1 : end;
  if (upto <= recovery_point_) return;
  SegmentFiles& files = disk_.segments;
  files.sync_below(upto);
  // Variant directory_sync [D03]: a new file's entry in the directory is not made durable with the file.
  if (!rules_.leave_directory) {
    bool fresh = false;
    for (std::size_t i = files.floor(recovery_point_); i < files.count() && files.segment(i).base < upto; ++i)
      fresh = fresh || files.segment(i).base >= recovery_point_;
    if (fresh) files.sync_directory();
  }
  if (end > recovery_point_) recovery_point_ = end;
}

bool Log::take_background_request() {
  if (!wants_background() || requested_) return false;
  requested_ = true;
  return true;
}

void Log::run_background() {
  requested_ = false;
  if (flush_due_.present()) {
    producers_.flush(disk_.producer_snapshots);
    flush_below(flush_due_, false);
  }
  flush_due_ = Offset();
  if (!epochs_due_) return;
  epochs_due_ = false;
  disk_.epochs.sync();
  disk_.journal_committed();
  if (!rules_.leave_directory) disk_.segments.sync_directory();
}

void Log::flush_if_older(Nanos flush_ms, Nanos now) {
  if (now - last_flush_ < flush_ms) return;
  if (end_ > recovery_point_) last_flush_ = now;
  flush_below(end_, false);
}

void Log::checkpoint_high_watermark() {
  if (disk_.high_watermark.read() != high_watermark_) disk_.high_watermark.write_and_sync(high_watermark_);
  disk_.journal_committed();  // one file for all partitions, which Kafka writes anew each time
}

void Log::checkpoint_recovery_point() {
  if (disk_.recovery_point.read() != recovery_point_) disk_.recovery_point.write_and_sync(recovery_point_);
  disk_.journal_committed();
}

// Only a start above the first segment's base is worth a line (LogManager.checkpointLogStartOffsetsInDir), or that of a
// tiered log.
bool Log::checkpoint_log_start() {
  const Offset line = tiered() || start_ > disk_.segments.segment(0).base ? start_ : Offset();
  const bool changed = disk_.start.read() != line;
  if (changed) disk_.start.write_and_sync(line);
  disk_.journal_committed();
  return changed;
}

void Log::snapshot_producers() {
  producers_.take_snapshot(disk_.producer_snapshots, ProducerStateManager::Sync::now);
  disk_.journal_committed();
}

void Log::forget_snapshots_between(Offset base, Offset end) {
  disk_.producer_snapshots.remove_if([&](Offset offset) { return offset > base && offset < end; });
}

// LogCleanerManager.maybeTruncateCheckpoint
void Log::forget_cleaned_above(Offset offset) {
  if (disk_.cleaned.read() > offset) checkpoint_cleaned(offset);
}

void Log::checkpoint_cleaned(Offset upto) {
  if (disk_.cleaned.read() != upto) disk_.cleaned.write_and_sync(upto);
  disk_.journal_committed();
}

void Log::end_cleaning(Offset cleaned_to) {
  cleaning_ = false;
  checkpoint_cleaned(cleaned_to);
}

// A swap holds the log's lock: it is over before whoever stops the cleaning goes on.
void Log::stop_cleaning() {
  cleaning_ = false;
  disk_.segments.settle_replacement();
}

void Log::set_high_watermark(Offset hw) {
  // Variant log_start_bound [R39]: only the log end bounds it.
  if (!rules_.ignore_log_start) hw = std::max(hw, start_);
  high_watermark_ = std::min(hw, end_);
}

}  // namespace ktrial::model
