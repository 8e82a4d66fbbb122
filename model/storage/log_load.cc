// Loading a log after a stop (LogLoader), and what a power cut, a wipe and an old disk do to it.
#include <algorithm>

#include "model/storage/log.h"

namespace ktrial::model {
namespace {

enum File : std::uint64_t {
  f_writes,
  f_high_watermark,
  f_start,
  f_epochs,
  f_recovery_point,
  f_entries,
  f_deletions,
  f_swaps,
  f_cleaned,
  f_producer_snapshots
};

std::uint64_t file_id(TopicPartition tp, File file) {
  return (std::uint64_t(std::uint32_t(tp.topic.value)) << 32) |
         (std::uint64_t(std::uint32_t(tp.partition.value)) << 4) | file;
}

// Where a log ends that holds so many of the batches, and the segments that begin below its end or at it.
Offset end_of(const SegmentFiles& files, std::size_t batches) {
  if (batches == 0) return files.count() == 0 ? kFirstOffset : files.segment(0).base;
  const Offset end = files.items()[batches - 1].next_offset();
  // An empty segment behind a gap.
  const LogSegment& active = files.active();
  return batches == files.items().size() && active.first == batches ? std::max(end, active.base) : end;
}

// Where the log ends for whoever reads it up to the first broken batch.
std::size_t sound(const SegmentFiles& files, std::size_t from, std::size_t upto) {
  std::size_t i = from;
  while (i < upto && files.items()[i].checksum == Checksum::valid) ++i;
  return i;
}

void tell_cut_undone(TopicPartition tp, Offset from, const SegmentFiles& files, std::size_t first,
                     std::vector<Fact>& facts) {
  const auto& all = files.items();
  const std::size_t last = sound(files, first, all.size());
  if (last > first)
    facts.emplace_back(TruncationUndone{
        tp, from, {all.begin() + static_cast<std::ptrdiff_t>(first), all.begin() + static_cast<std::ptrdiff_t>(last)}});
}

}  // namespace

void LogDisk::power_cut(TopicPartition tp, const Survival& survives, std::vector<Fact>& facts) {
  const Offset start_line = start.read().present() ? start.read() : kFirstOffset;
  const Offset old_end = std::max(end_of(segments, segments.items().size()), start_line);
  const Offset synced_end = end_of(segments, segments.synced());
  SegmentFiles::Survived survived = segments.power_cut(
      survives, {file_id(tp, f_writes), file_id(tp, f_entries), file_id(tp, f_deletions), file_id(tp, f_swaps)});
  if (survived.unswapped_from.present())
    facts.emplace_back(SegmentsReplaced{tp, survived.unswapped_from, survived.unswapped_to,
                                        std::move(survived.unswapped), ReplacedBy::power_cut});
  high_watermark.power_cut(survives, file_id(tp, f_high_watermark));
  start.power_cut(survives, file_id(tp, f_start));
  recovery_point.power_cut(survives, file_id(tp, f_recovery_point));
  epochs.power_cut(survives, file_id(tp, f_epochs));
  cleaned.power_cut(survives, file_id(tp, f_cleaned));
  producer_snapshots.power_cut(survives, file_id(tp, f_producer_snapshots));
  // A torn batch is lost too, although it takes recovery to find out. What was synced must be there.
  const std::size_t kept = survived.restored + survived.left;
  Offset left = std::max(end_of(segments, survived.restored + survived.sound), start_line);
  if (left < synced_end && (survived.vanished || kept == 0)) left = synced_end;
  if (left < old_end) facts.emplace_back(UnsyncedDataLost{tp, left, old_end, LossCause::power_cut});
  if (kept < segments.items().size()) tell_cut_undone(tp, left, segments, kept, facts);
}

void LogDisk::wipe(TopicPartition tp, std::vector<Fact>& facts) {
  const Offset old_end = end_of(segments, segments.items().size());
  *this = LogDisk();
  if (old_end > kFirstOffset) facts.emplace_back(UnsyncedDataLost{tp, kFirstOffset, old_end, LossCause::disk_lost});
}

void LogDisk::replace(TopicPartition tp, LogDisk older, std::vector<Fact>& facts) {
  const auto same = [](const RecordBatch& a, const RecordBatch& b) {
    return a.base_offset == b.base_offset && a.partition_leader_epoch == b.partition_leader_epoch &&
           a.record_count == b.record_count && a.records == b.records && a.delete_horizon == b.delete_horizon &&
           a.coordinator_records == b.coordinator_records && a.checksum == b.checksum;
  };
  const std::vector<RecordBatch> newer = segments.items();
  const Offset old_end = end_of(segments, newer.size());
  // The first batch of what is there now that was not there, behind what both have. The front may be compacted away.
  Offset from = segments.count() == 0 ? kFirstOffset : segments.segment(0).base;
  *this = std::move(older);
  const auto& all = segments.items();
  std::size_t i = 0;
  while (i < all.size() && all[i].base_offset < from) ++i;
  const bool removed_come_back = i > 0;
  if (i == all.size()) from = std::min(from, end_of(segments, i));
  for (std::size_t k = 0; i < all.size() && k < newer.size() && same(all[i], newer[k]); ++i, ++k)
    from = newer[k].next_offset();
  if (from < old_end) facts.emplace_back(UnsyncedDataLost{tp, from, old_end, LossCause::disk_lost});
  // What the newer log had removed from its front may have been another record than the older one holds there.
  if (removed_come_back) {
    i = 0;
    from = all.front().base_offset;
  }
  if (i == all.size()) return;
  facts.emplace_back(TruncationUndone{tp, from, {all.begin() + static_cast<std::ptrdiff_t>(i), all.end()}});
  // Bit rot is as old as the disk.
  for (; i < all.size(); ++i)
    if (all[i].checksum == Checksum::broken)
      facts.emplace_back(BatchCorrupted{tp, all[i].base_offset, all[i].next_offset()});
}

bool Log::holds_producers() const {
  return !disk_.producer_snapshots.empty() ||
         std::any_of(batches().begin(), batches().end(), [](const RecordBatch& b) { return b.producer_id.present(); });
}

// LogLoader.recoverSegment: each segment that may not be flushed begins with the state at its base, and leaves a
// snapshot of the state at its end.
void Log::recover_producers(Offset start_line, std::size_t first_segment, Nanos wall_clock) {
  for (std::size_t s = first_segment; s < disk_.segments.count(); ++s) {
    ProducerStateManager state = producers_;
    state.take_expired();
    state.rebuild(disk_.producer_snapshots, disk_.segments, start_line, disk_.segments.segment(s).base,
                  ProducerStateManager::Reload::other, wall_clock);
    for (std::size_t i = disk_.segments.segment(s).first; i < disk_.segments.end_of(s); ++i)
      state.appended(batches()[i]);
    state.take_snapshot(disk_.producer_snapshots, ProducerStateManager::Sync::now);
    producers_.note_expired(state.take_expired());  // the snapshot does not tell of them any more
  }
}

void Log::load(LogLoad how, Nanos wall_clock) {
  SegmentFiles& files = disk_.segments;
  const Offset start_line = disk_.start.read().present() ? disk_.start.read() : kFirstOffset;
  const Offset recovery_line = disk_.recovery_point.read().present() ? disk_.recovery_point.read() : kFirstOffset;
  epochs_ = LeaderEpochCache(disk_.epochs.read());
  recovered_ = files.recover_replacement(rules_.drop_swap);
  if (how == LogLoad::unclean && files.count() > 0) {
    // LogSegment.recover: a batch newer than what the checkpoint knows starts its epoch.
    std::size_t i = files.segment(files.floor(recovery_line)).first;
    for (; i < files.items().size() && files.items()[i].checksum == Checksum::valid; ++i)
      if (files.items()[i].partition_leader_epoch > epochs_.latest())
        epochs_.assign(files.items()[i].partition_leader_epoch, files.items()[i].base_offset);
    if (i < files.items().size()) files.truncate(i, files.items()[i].base_offset);
    if (holds_producers()) recover_producers(start_line, files.floor(recovery_line), wall_clock);
  }
  if (files.count() == 0) files.roll(start_line);
  const auto end_now = [&] {
    return files.active().first == files.items().size() ? files.active().base : files.items().back().next_offset();
  };
  if (end_now() < start_line) {
    files.restart_at(start_line);
    epochs_.clear();
    producers_.truncated_fully(disk_.producer_snapshots, start_line);
  }
  end_ = end_now();
  // Variant recovery_point [D02]: what recovery has looked at counts as flushed.
  recovery_point_ = how == LogLoad::clean || rules_.raise_recovery_point ? end_ : std::min(recovery_line, end_);
  local_start_ = std::max(start_line, files.segment(0).base);
  start_ = tiered() ? start_line : local_start_;
  remove_stray_snapshots(disk_.producer_snapshots, files);
  // The scan of a log without producers would find nothing.
  if (!holds_producers()) producers_.truncated_fully(disk_.producer_snapshots, end_);
  producers_.rebuild(
      disk_.producer_snapshots, files, start_, end_,
      how == LogLoad::clean ? ProducerStateManager::Reload::after_clean_shutdown : ProducerStateManager::Reload::other,
      wall_clock);
  epochs_.truncate_from_end(end_);
  epochs_.truncate_from_start(start_line);
  if (epochs_.entries() != disk_.epochs.read()) epochs_changed();
  high_watermark_ = local_start_;
  set_high_watermark(std::max(disk_.high_watermark.read(), local_start_));
}

}  // namespace ktrial::model
