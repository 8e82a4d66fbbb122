#include "model/storage/producer_state.h"

namespace ktrial::model {

ProducerStateManager::ProducerStateManager(const Variants& variants, Nanos expiration)
    : expiration_(expiration),
      leave_unsynced_(variants.on(Variant::producer_snapshot)),
      remember_one_(variants.on(Variant::duplicate_window)),
      validate_copies_(variants.on(Variant::replicated_sequences)),
      forget_with_batches_(variants.on(Variant::producer_retention)),
      signed_sequences_(variants.on(Variant::sequence_wrap)) {}

const ProducerStateEntry* ProducerStateManager::entry(ProducerId id) const {
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : &it->second;
}

// Variant sequence_wrap [I07]: plain subtraction, which gives a negative number when a batch goes over the wrap.
Sequence ProducerStateManager::first_sequence(const ProducerBatchMetadata& batch) const {
  return signed_sequences_ ? batch.last_sequence - batch.offset_delta : batch.first_sequence();
}

ProducerStateManager::Check ProducerStateManager::check(const RecordBatch& batch) const {
  Check result;
  const ProducerStateEntry* known = entry(batch.producer_id);
  if (known == nullptr) {
    result.unknown = true;
    return result;
  }
  if (batch.producer_epoch == known->epoch) {
    // Variant duplicate_window [I02]: only the last batch is remembered.
    const std::size_t oldest = remember_one_ && known->batches.size() > 1 ? known->batches.size() - 1 : 0;
    for (std::size_t i = oldest; i < known->batches.size(); ++i)
      if (first_sequence(known->batches[i]) == batch.base_sequence &&
          known->batches[i].last_sequence == last_sequence(batch)) {
        result.duplicate = known->batches[i];
        return result;
      }
    if (batch.base_sequence != increment_sequence(known->last_sequence(), 1))
      result.error = Error::OUT_OF_ORDER_SEQUENCE_NUMBER;
  } else if (batch.producer_epoch < known->epoch) {
    result.error = Error::INVALID_PRODUCER_EPOCH;
  } else if (batch.base_sequence != Sequence(0)) {
    result.error = Error::OUT_OF_ORDER_SEQUENCE_NUMBER;
  }
  return result;
}

// Before KAFKA-5793 a follower checked what it copied, and knew of nobody whose first sequence was not 0.
bool ProducerStateManager::accepts_copy(const RecordBatch& batch) const {
  if (!validate_copies_ || !batch.producer_id.present()) return true;
  const Check checked = check(batch);
  return checked.error == Error::NONE && !(checked.unknown && batch.base_sequence != Sequence(0));
}

void ProducerStateManager::appended(const RecordBatch& batch) {
  map_end_ = batch.next_offset();
  if (!batch.producer_id.present()) return;
  ProducerStateEntry& entry = entries_[batch.producer_id];
  entry.producer_id = batch.producer_id;
  entry.add(batch);
}

void ProducerStateManager::take_snapshot(ProducerSnapshots& snapshots, Sync sync) {
  if (map_end_ <= last_snapshot_) return;
  last_snapshot_ = map_end_;
  if (entries_.empty() && snapshots.empty()) return;
  auto content = std::make_shared<std::vector<ProducerStateEntry>>();
  content->reserve(entries_.size());
  for (const auto& [id, entry] : entries_) {
    content->push_back(entry);
    content->back().batches.erase(content->back().batches.begin(), content->back().batches.end() - 1);
  }
  // Variant producer_snapshot [D05]: the file is closed and never forced.
  const bool synced = sync == Sync::now && !leave_unsynced_;
  snapshots.write({map_end_, std::move(content), synced, false});
  if (synced) snapshots.journal_committed();
}

void ProducerStateManager::rolled(ProducerSnapshots& snapshots, Offset base) {
  map_end_ = base;
  take_snapshot(snapshots, Sync::later);
}

void ProducerStateManager::flush(ProducerSnapshots& snapshots) const {
  if (!leave_unsynced_ && snapshots.has_unsynced()) snapshots.sync();
}

void ProducerStateManager::start_advanced(const ProducerSnapshots& snapshots, Offset log_start) {
  // Variant producer_retention [I04]: who has no batch left in the log is forgotten with the last one.
  if (forget_with_batches_)
    for (auto it = entries_.begin(); it != entries_.end();) {
      std::erase_if(it->second.batches, [&](const auto& batch) { return batch.last_offset < log_start; });
      it = it->second.batches.empty() ? entries_.erase(it) : std::next(it);
    }
  map_end_ = std::max(map_end_, log_start);
  last_snapshot_ = snapshots.empty() ? log_start : snapshots.files().back().offset;
}

void ProducerStateManager::truncated_fully(ProducerSnapshots& snapshots, Offset start) {
  entries_.clear();
  snapshots.remove_if([](Offset) { return true; });
  last_snapshot_ = kFirstOffset;
  map_end_ = start;
}

void ProducerStateManager::load_latest(ProducerSnapshots& snapshots, Offset log_start, Nanos wall_clock) {
  while (!snapshots.empty() && snapshots.files().back().corrupt) snapshots.remove(snapshots.files().back().offset);
  map_end_ = last_snapshot_ = log_start;
  if (snapshots.empty()) return;
  const ProducerSnapshotFile& latest = snapshots.files().back();
  for (const ProducerStateEntry& entry : *latest.entries)
    if (is_expired(entry, wall_clock))
      expired_.push_back(entry.producer_id);
    else
      entries_.emplace(entry.producer_id, entry);
  map_end_ = last_snapshot_ = latest.offset;
}

void ProducerStateManager::rebuild(ProducerSnapshots& snapshots, const SegmentFiles& files, Offset log_start,
                                   Offset end, Reload reload, Nanos wall_clock) {
  const Offset last_base = files.active().base;
  const Offset before_last = files.count() > 1 ? files.segment(files.count() - 2).base : Offset();
  // Without a snapshot a clean shutdown says that there was no producer: so that an upgrade need not read the log.
  if (snapshots.empty() && reload == Reload::after_clean_shutdown) {
    for (const Offset offset : {before_last, last_base, end})
      if (offset.present()) {
        map_end_ = offset;
        take_snapshot(snapshots, Sync::now);
      }
    return;
  }
  const bool none_before = entries_.empty() && map_end_ >= end;
  snapshots.remove_if([&](Offset offset) { return offset > end || offset <= log_start; });
  if (end != map_end_) {
    entries_.clear();
    load_latest(snapshots, log_start, wall_clock);
  } else {
    start_advanced(snapshots, log_start);
  }
  if (end > map_end_ && !none_before)
    for (std::size_t s = files.floor(map_end_); s < files.count() && files.segment(s).base < end; ++s) {
      const Offset base = files.segment(s).base;
      const Offset from = std::max({base, map_end_, log_start});
      map_end_ = from;
      if (base == before_last || base == last_base) take_snapshot(snapshots, Sync::now);
      for (std::size_t i = files.segment(s).first; i < files.end_of(s); ++i) {
        const RecordBatch& batch = files.items()[i];
        if (batch.next_offset() > end) break;
        if (batch.next_offset() > from) appended(batch);
      }
    }
  map_end_ = end;
  take_snapshot(snapshots, Sync::now);
}

bool ProducerStateManager::is_expired(const ProducerStateEntry& entry, Nanos wall_clock) const {
  return wall_clock != kNoTimestamp && wall_clock - entry.last_timestamp >= expiration_;
}

void ProducerStateManager::remove_expired(Nanos wall_clock) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const bool goes = is_expired(it->second, wall_clock);
    if (goes) expired_.push_back(it->first);
    it = goes ? entries_.erase(it) : std::next(it);
  }
}

bool ProducerStateManager::take_expiry_request() {
  if (expiry_requested_ || entries_.empty()) return false;
  return expiry_requested_ = true;
}

void remove_stray_snapshots(ProducerSnapshots& snapshots, const SegmentFiles& files) {
  if (snapshots.empty()) return;
  const auto has_segment = [&](Offset offset) {
    return files.count() > 0 && files.segment(files.floor(offset)).base == offset;
  };
  const Offset last = snapshots.files().back().offset;
  const Offset highest = files.count() > 0 ? files.active().base : Offset();
  snapshots.remove_if([&](Offset offset) { return !has_segment(offset) && !(offset == last && offset > highest); });
}

}  // namespace ktrial::model
