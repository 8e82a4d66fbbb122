#include "model/storage/log_cleaner.h"

#include <algorithm>

namespace ktrial::model {
namespace {

// The segments that hold offsets from `from` on, and none above the active one (LogSegments.nonActiveLogSegmentsFrom).
std::size_t non_active_from(const SegmentFiles& files, Offset from) {
  return from > files.active().base ? files.count() - 1 : std::min(files.floor(from), files.count() - 1);
}

// Of segments [first, last).
std::int64_t bytes(const SegmentFiles& files, std::size_t first, std::size_t last) {
  std::int64_t sum = 0;
  for (std::size_t i = first; i < last; ++i) sum += files.segment(i).bytes;
  return sum;
}

// How many segments begin below the offset.
std::size_t segments_below(const SegmentFiles& files, Offset offset) {
  std::size_t n = files.floor(offset);
  while (n < files.count() && files.segment(n).base < offset) ++n;
  return n;
}

// lastRecordsOfActiveProducers: without it a reader of the log would not know the producer's sequence.
bool last_of_producer(const Log& log, const RecordBatch& batch) {
  const ProducerStateEntry* entry = batch.producer_id.present() ? log.producers().entry(batch.producer_id) : nullptr;
  return entry != nullptr && entry->last_offset() == batch.last_offset();
}

bool holds(const Record& record) { return record.state != RecordState::compacted; }

}  // namespace

bool CleanableLog::wanted(const TopicConfig& topic) const {
  if (overdue && cleanable_bytes > 0) return true;
  return cleanable_bytes * 1'000'000 > topic.min_cleanable_dirty_millionths * (clean_bytes + cleanable_bytes);
}

bool CleanableLog::dirtier_than(const CleanableLog& other) const {
  return cleanable_bytes * (other.clean_bytes + other.cleanable_bytes) >
         other.cleanable_bytes * (clean_bytes + cleanable_bytes);
}

CleanableLog cleanable(const Log& log, const TopicConfig& topic, Nanos wall_clock, const Variants& variants) {
  const SegmentFiles& files = log.segments();
  CleanableLog result;
  const Offset checkpoint = log.disk().cleaned.read();
  result.first_dirty = checkpoint.present() ? checkpoint : log.log_start();
  if (result.first_dirty < log.log_start() || result.first_dirty > log.log_end()) {
    result.first_dirty = log.log_start();
    result.checkpoint_invalid = true;
  }
  Offset bound = files.active().base;
  // Variant cleaner_bound [D07]: what is not committed yet is cleaned, too.
  if (!variants.on(Variant::cleaner_bound)) bound = std::min(bound, log.high_watermark());
  const std::size_t last = files.count() - 1;
  const std::size_t dirty = non_active_from(files, result.first_dirty);
  if (topic.min_compaction_lag > Nanos(0))
    for (std::size_t i = dirty; i < last; ++i)
      if (files.segment(i).largest_timestamp != kNoTimestamp &&
          files.segment(i).largest_timestamp > wall_clock - topic.min_compaction_lag) {
        bound = std::min(bound, files.segment(i).base);
        break;
      }
  const std::size_t uncleanable = non_active_from(files, std::max(result.first_dirty, bound));
  result.first_uncleanable = files.segment(uncleanable).base;
  result.clean_bytes = bytes(files, 0, segments_below(files, result.first_dirty));
  if (result.first_dirty < result.first_uncleanable) result.cleanable_bytes = bytes(files, dirty, uncleanable);
  // maxCompactionDelay: by the first batch of each dirty segment.
  if (topic.max_compaction_lag < Nanos::max())
    for (std::size_t i = dirty; i < last; ++i)
      if (const LogSegment& segment = files.segment(i); segment.first < files.end_of(i))
        result.overdue |= log.batches()[segment.first].max_timestamp < wall_clock - topic.max_compaction_lag;
  return result;
}

LogCleaning::LogCleaning(Log& log, const CleanableLog& what, const TopicConfig& topic, Nanos wall_clock,
                         const Variants& variants)
    : first_dirty_(what.first_dirty),
      first_uncleanable_(what.first_uncleanable),
      wall_clock_(wall_clock),
      delete_retention_(topic.delete_retention),
      keep_last_batch_(!variants.on(Variant::last_batch)),
      stay_at_gap_(variants.on(Variant::cleaner_gap)) {
  log.begin_cleaning();
  note_keys(log);
  group_segments(log, topic.segment_bytes);
  // Variant delete_horizon [D14]: delete.retention.ms below the largest timestamp of the last clean segment.
  if (variants.on(Variant::delete_horizon)) {
    const std::size_t clean = segments_below(log.segments(), first_dirty_);
    segment_horizon_ = Nanos(0);
    if (clean > 0 && log.segments().segment(clean - 1).largest_timestamp != kNoTimestamp)
      segment_horizon_ = log.segments().segment(clean - 1).largest_timestamp - delete_retention_;
  }
}

// Cleaner.buildOffsetMap
void LogCleaning::note_keys(const Log& log) {
  const SegmentFiles& files = log.segments();
  end_ = kFirstOffset;
  for (std::size_t s = files.floor(first_dirty_); s < files.count() && files.segment(s).base < first_uncleanable_;
       ++s) {
    for (std::size_t i = files.segment(s).first; i < files.end_of(s); ++i) {
      const RecordBatch& batch = log.batches()[i];
      if (batch.last_offset() < first_dirty_) continue;
      end_ = batch.next_offset();
      if (!batch.records) continue;
      for (std::size_t r = 0; r < batch.records->size(); ++r) {
        const Offset offset = batch.base_offset + static_cast<std::int64_t>(r);
        const Record& record = (*batch.records)[r];
        if (holds(record) && record.key.present() && offset >= first_dirty_) last_[record.key] = offset;
      }
    }
    // Variant cleaner_gap [D16]: the end stays behind the last batch, however far the next segment is.
    if (!stay_at_gap_) end_ = s + 1 < files.count() ? files.segment(s + 1).base : first_uncleanable_;
  }
}

// Cleaner.groupSegmentsBySize
void LogCleaning::group_segments(const Log& log, std::int64_t segment_bytes) {
  const SegmentFiles& files = log.segments();
  const std::size_t count = std::min(segments_below(files, end_), files.count() - 1);
  std::int64_t size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (groups_.empty() || size + files.segment(i).bytes > segment_bytes) {
      groups_.push_back(0);
      size = 0;
    }
    ++groups_.back();
    size += files.segment(i).bytes;
  }
}

LogCleaning::Progress LogCleaning::advance(Log& log) {
  SegmentFiles& files = log.disk().segments;
  if (const SegmentReplacement* running = files.replacement()) {
    const bool swaps = !running->swapped();
    const std::size_t place = running->first;
    const Offset end = running->end;
    files.replace_further();
    if (!swaps) return {};
    log.forget_snapshots_between(files.segment(place).base, end);
    ++group_;
    Progress progress;
    progress.swapped = Swapped{files.segment(place).base, end, files.segment(place).first, files.end_of(place)};
    return progress;
  }
  if (group_ == groups_.size()) {
    log.end_cleaning(end_);
    return {.done = true, .swapped = {}};
  }
  // Each group before it has become one segment.
  files.write_cleaned(group_, groups_[group_], clean(log, group_, groups_[group_]));
  return {};
}

// Cleaner.cleanInto
std::vector<RecordBatch> LogCleaning::clean(const Log& log, std::size_t first, std::size_t count) const {
  const SegmentFiles& files = log.segments();
  std::vector<RecordBatch> result;
  for (std::size_t s = first; s < first + count; ++s) {
    const bool tombstones_go =
        segment_horizon_ != kNoTimestamp && files.segment(s).largest_timestamp <= segment_horizon_;
    for (std::size_t i = files.segment(s).first; i < files.end_of(s); ++i)
      if (auto batch = clean(log.batches()[i], tombstones_go, last_of_producer(log, log.batches()[i])))
        result.push_back(std::move(*batch));
  }
  return result;
}

// MemoryRecords.filterTo with Cleaner.shouldRetainRecord
std::optional<RecordBatch> LogCleaning::clean(const RecordBatch& batch, bool tombstones_go,
                                              bool last_of_producer) const {
  if (!batch.records) return batch;
  const bool by_horizon = segment_horizon_ == kNoTimestamp;
  std::vector<Record> records = *batch.records;
  std::int32_t held = 0, left = 0;
  bool tombstones = false;
  Nanos newest = kNoTimestamp;
  for (std::size_t r = 0; r < records.size(); ++r) {
    Record& record = records[r];
    if (!holds(record)) continue;
    ++held;
    const Offset offset = batch.base_offset + static_cast<std::int64_t>(r);
    if (offset < end_) {
      const auto last = last_.find(record.key);
      bool stays = record.key.present() && (last == last_.end() || offset >= last->second);
      if (record.state == RecordState::tombstone)
        stays = stays && (by_horizon ? batch.delete_horizon == kNoTimestamp || wall_clock_ < batch.delete_horizon
                                     : !tombstones_go);
      if (!stays) {
        record = Record{{}, RecordState::compacted, {}, Nanos(0)};
        continue;
      }
    }
    ++left;
    tombstones = tombstones || record.state == RecordState::tombstone;
    newest = std::max(newest, record.timestamp);
  }
  // Variant last_batch [D06]: it goes like any other that is empty.
  if (left == 0 && !last_of_producer && !(keep_last_batch_ && batch.next_offset() == first_uncleanable_))
    return std::nullopt;
  RecordBatch result = batch;
  if (tombstones && batch.delete_horizon == kNoTimestamp && by_horizon)
    result.delete_horizon = wall_clock_ + delete_retention_;
  if (left == held && left > 0) return result;
  // The sizes of records are not known one by one: each counts as the mean of its batch.
  const std::int32_t of_records = batch.size_in_bytes - kBatchOverheadBytes;
  result.size_in_bytes = kBatchOverheadBytes + (held > 0 ? of_records / held * left : 0);
  if (left == 0) result.delete_horizon = kNoTimestamp;
  if (left > 0) result.max_timestamp = newest;
  result.records = std::make_shared<const std::vector<Record>>(std::move(records));
  return result;
}

}  // namespace ktrial::model
