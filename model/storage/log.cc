#include "model/storage/log.h"

#include <algorithm>

namespace ktrial::model {
namespace {

Offset end_of(const AppendFile<RecordBatch>& segments) {
  return segments.empty() ? kFirstOffset : segments.items().back().next_offset();
}

std::uint64_t file_id(TopicPartition tp, std::uint64_t file) {
  return (std::uint64_t(std::uint32_t(tp.topic.value)) << 32) |
         (std::uint64_t(std::uint32_t(tp.partition.value)) << 4) | file;
}

}  // namespace

void LogDisk::power_cut(TopicPartition tp, const Survival& survives, std::vector<Fact>& facts) {
  const Offset old_end = std::max(end_of(segments), start.read().present() ? start.read() : kFirstOffset);
  const std::size_t kept =
      segments.power_cut(survives, file_id(tp, 0), [](RecordBatch& batch) { batch.checksum = Checksum::broken; });
  high_watermark.power_cut(survives, file_id(tp, 1));
  start.power_cut(survives, file_id(tp, 2));
  epochs.power_cut(survives, file_id(tp, 3));
  // A torn batch is lost too, although it takes recovery to find out.
  Offset left = start.read().present() ? start.read() : kFirstOffset;
  const auto& all = segments.items();
  for (std::size_t i = 0; i < kept && all[i].checksum == Checksum::valid; ++i)
    left = std::max(left, all[i].next_offset());
  if (left < old_end) facts.emplace_back(UnsyncedDataLost{tp, left, old_end});
  if (kept < all.size())
    facts.emplace_back(TruncationUndone{tp, left, {all.begin() + static_cast<std::ptrdiff_t>(kept), all.end()}});
}

void LogDisk::wipe(TopicPartition tp, std::vector<Fact>& facts) {
  const Offset old_end = end_of(segments);
  *this = LogDisk();
  if (old_end > kFirstOffset) facts.emplace_back(UnsyncedDataLost{tp, kFirstOffset, old_end});
}

Log::Log(LogDisk disk, std::int64_t flush_messages) : disk_(std::move(disk)), flush_messages_(flush_messages) {
  start_ = disk_.start.read().present() ? disk_.start.read() : kFirstOffset;
  epochs_ = LeaderEpochCache(disk_.epochs.read());
  end_ = start_;
  std::size_t good = 0;
  for (const RecordBatch& batch : disk_.segments.items()) {
    if (batch.checksum == Checksum::broken || (good > 0 && batch.base_offset != end_)) break;
    // LogSegment.recover: a batch newer than what the checkpoint knows starts its epoch.
    if (batch.partition_leader_epoch > epochs_.latest())
      epochs_.assign(batch.partition_leader_epoch, batch.base_offset);
    end_ = batch.next_offset();
    ++good;
  }
  disk_.segments.truncate(good);
  epochs_.truncate_from_end(end_);
  epochs_.truncate_from_start(start_);
  disk_.epochs.write(epochs_.entries());
  high_watermark_ = start_;
  set_high_watermark(disk_.high_watermark.read());
}

const RecordBatch& Log::append_as_leader(RecordBatch batch, LeaderEpoch epoch) {
  batch.base_offset = end_;
  batch.partition_leader_epoch = epoch;
  appended(batch);
  return disk_.segments.items().back();
}

void Log::append_as_follower(const RecordBatch& batch) { appended(batch); }

void Log::appended(const RecordBatch& batch) {
  assign_epoch(batch.partition_leader_epoch, batch.base_offset);
  disk_.segments.append(batch);
  end_ = batch.next_offset();
  unflushed_ += batch.record_count;
  if (unflushed_ >= flush_messages_) flush();
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
  for (const RecordBatch& batch : disk_.segments.items()) {
    if (batch.max_timestamp < at) continue;
    Offset offset = batch.base_offset;
    if (batch.records)
      for (const Record& record : *batch.records) {
        if (record.timestamp >= at) break;
        ++offset;
      }
    return {offset, batch.partition_leader_epoch};
  }
  return {};
}

OffsetAndEpoch Log::offset_of_max_timestamp() const {
  Nanos max = Nanos::min();
  for (const RecordBatch& batch : disk_.segments.items()) max = std::max(max, batch.max_timestamp);
  return offset_for_timestamp(max);
}

bool Log::truncate_to(Offset target) {
  target = std::max(target, start_);
  bool cut = false;
  if (target < end_) {
    const std::size_t keep = index_of(target);
    const auto& all = disk_.segments.items();
    const Offset new_end = keep < all.size() ? all[keep].base_offset : end_;
    disk_.segments.truncate(keep);
    end_ = std::max(new_end, start_);
    cut = true;
  }
  // LocalLog counts the records from the recovery point, which a truncation lowers.
  if (cut) unflushed_ = 0;
  if (epochs_.truncate_from_end(end_)) disk_.epochs.write(epochs_.entries());  // flushed later by Kafka (KAFKA-15046)
  set_high_watermark(high_watermark_);
  if (cut) {
    const auto& all = disk_.segments.items();
    for (std::size_t i = disk_.segments.synced(); i < all.size(); ++i) unflushed_ += all[i].record_count;
  }
  return cut;
}

void Log::truncate_fully_and_start_at(Offset start) {
  disk_.segments.truncate(0);
  start_ = end_ = start;
  unflushed_ = 0;
  disk_.start.write_and_sync(start);
  disk_.segments.journal_committed();
  epochs_.clear();
  disk_.epochs.write(epochs_.entries());
  high_watermark_ = start;
}

void Log::assign_epoch(LeaderEpoch epoch, Offset start) {
  if (!epochs_.assign(epoch, start)) return;
  disk_.epochs.write_and_sync(epochs_.entries());
  disk_.segments.journal_committed();
}

void Log::flush() {
  disk_.segments.sync();
  disk_.epochs.sync();
  unflushed_ = 0;
}

void Log::checkpoint_high_watermark() {
  if (disk_.high_watermark.read() != high_watermark_) disk_.high_watermark.write_and_sync(high_watermark_);
  disk_.segments.journal_committed();  // one file for all partitions, which Kafka writes anew each time
}

void Log::set_high_watermark(Offset hw) { high_watermark_ = std::clamp(hw, start_, end_); }

}  // namespace ktrial::model
