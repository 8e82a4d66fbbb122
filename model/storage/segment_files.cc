#include "model/storage/segment_files.h"

#include <algorithm>

namespace ktrial::model {
std::int64_t SegmentFiles::bytes() const {
  std::int64_t sum = active_.bytes;
  for (const LogSegment& s : older_) sum += s.bytes;
  return sum;
}

std::size_t SegmentFiles::floor(Offset offset) const {
  if (older_.empty() || active_.base <= offset) return older_.size();
  const auto above =
      std::partition_point(older_.begin(), older_.end(), [offset](const LogSegment& s) { return s.base <= offset; });
  return above == older_.begin() ? 0 : static_cast<std::size_t>(above - older_.begin()) - 1;
}

void SegmentFiles::append(RecordBatch batch) {
  active_.bytes += batch.size_in_bytes;
  active_.largest_timestamp = std::max(active_.largest_timestamp, batch.max_timestamp);
  items_.push_back(std::move(batch));
}

void SegmentFiles::roll(Offset base) {
  if (active_.base.present()) older_.push_back(active_);
  active_ = LogSegment{base, items_.size(), 0, kNoTimestamp};
}

SegmentFiles::Undo& SegmentFiles::undo() {
  if (undo_.empty()) undo_.emplace_back();
  return undo_.front();
}

void SegmentFiles::measure(LogSegment& segment, std::size_t end) const {
  segment.bytes = 0;
  segment.largest_timestamp = kNoTimestamp;
  for (std::size_t i = segment.first; i < end; ++i) {
    segment.bytes += items_[i].size_in_bytes;
    segment.largest_timestamp = std::max(segment.largest_timestamp, items_[i].max_timestamp);
  }
}

void SegmentFiles::truncate(std::size_t count, Offset target) {
  settle_replacement();
  if (count < synced_) {
    Undo& u = undo();
    u.cut.insert(u.cut.begin(), at(items_, count), at(items_, synced_));
    synced_ = count;
  }
  items_.erase(at(items_, std::min(count, items_.size())), items_.end());
  while (!older_.empty() && active_.base > target) {
    if (entries_ > older_.size()) undo().cut_bases.push_back(active_.base);
    active_ = older_.back();
    older_.pop_back();
  }
  entries_ = std::min(entries_, older_.size() + 1);
  measure(active_, items_.size());
}

void SegmentFiles::remove_oldest(std::size_t segments) {
  if (segments == 0) return;
  settle_replacement();
  const std::size_t batches = segment(segments).first;
  Undo& u = undo();
  u.front.insert(u.front.end(), items_.begin(), at(items_, std::min(batches, synced_)));
  for (std::size_t i = 0; i < std::min(segments, entries_); ++i) u.front_bases.push_back(older_[i].base);
  items_.erase(items_.begin(), at(items_, batches));
  older_.erase(older_.begin(), at(older_, segments));
  for (LogSegment& s : older_) s.first -= batches;
  active_.first -= batches;
  synced_ -= std::min(batches, synced_);
  entries_ -= std::min(segments, entries_);
}

void SegmentFiles::restart_at(Offset base) {
  truncate(0, Offset());
  if (active_.base.present() && entries_ > 0) undo().cut_bases.push_back(active_.base);
  active_ = LogSegment{base, 0, 0, kNoTimestamp};
  entries_ = 0;
}

void SegmentFiles::sync_below(Offset end) {
  std::size_t upto = count();
  while (upto > 0 && segment(upto - 1).base >= end) --upto;
  if (upto > 0) synced_ = std::max(synced_, end_of(upto - 1));
  journal_committed();
}

// Divides the batches among segments that begin at these offsets.
void SegmentFiles::rebuild(std::vector<Offset> bases) {
  std::sort(bases.begin(), bases.end());
  bases.erase(std::unique(bases.begin(), bases.end()), bases.end());
  older_.clear();
  active_ = LogSegment();
  for (const Offset base : bases) {
    const auto begin = std::partition_point(items_.begin(), items_.end(),
                                            [base](const RecordBatch& b) { return b.base_offset < base; });
    if (active_.base.present()) older_.push_back(active_);
    active_ = LogSegment{base, static_cast<std::size_t>(begin - items_.begin()), 0, kNoTimestamp};
  }
  for (std::size_t i = 0; i < older_.size(); ++i) measure(older_[i], end_of(i));
  if (active_.base.present()) measure(active_, items_.size());
}

// Each write behind what is durable, kept up to the first that is lost. A file whose length is known but not what was
// written to it (torn) does not say anything about the next file, which may be whole.
void SegmentFiles::keep_writes(const Survival& survives, std::uint64_t file, Survived& result) {
  constexpr std::size_t kNone = ~std::size_t{0};
  result.sound = kNone;
  std::size_t kept = synced_;
  std::size_t segment = 0;
  while (kept < items_.size()) {
    const WriteOutcome outcome = survives(file, static_cast<std::uint32_t>(kept - synced_ + 1));
    if (outcome == WriteOutcome::lost) break;
    ++kept;
    if (outcome != WriteOutcome::torn) continue;
    result.sound = std::min(result.sound, kept - 1);
    break_batch(kept - 1);
    while (end_of(segment) < kept) ++segment;
    if (segment + 1 == count()) break;
    for (const std::size_t end = end_of(segment); kept < end; ++kept) break_batch(kept);
  }
  result.left = kept;
  result.sound = std::min(result.sound, kept);
}

SegmentFiles::Survived SegmentFiles::power_cut(const Survival& survives, const Names& names) {
  Survived result;
  if (!replacement_.empty()) {
    SegmentReplacement& r = replacement_.front();
    std::size_t kept = r.durable;
    while (kept < r.done &&
           survives(names.swaps, static_cast<std::uint32_t>(kept - r.durable + 1)) != WriteOutcome::lost)
      ++kept;
    if (r.swapped() && kept == 0) unswap(result);
    r.done = r.durable = kept;
  }
  const Undo gone = undo_.empty() ? Undo{} : std::move(undo_.front());
  const bool deletions_stay = gone.front.empty() || survives(names.deletions, 1) != WriteOutcome::lost;
  std::vector<Offset> bases;
  if (!gone.cut.empty() && survives(names.writes, 0) == WriteOutcome::lost) {
    // What was cut comes back in place of what was written since.
    result.left = result.sound = synced_;
    items_.erase(at(items_, synced_), items_.end());
    for (std::size_t i = 0; i < std::min(entries_, count()); ++i) bases.push_back(segment(i).base);
    items_.insert(items_.end(), gone.cut.begin(), gone.cut.end());
    for (const Offset base : gone.cut_bases)
      if (base <= items_.back().base_offset) bases.push_back(base);
  } else {
    // What is deleted for good was deleted after the newest file was created.
    std::size_t files = deletions_stay && !gone.front_bases.empty() ? count() : std::min(entries_, count());
    while (files < count() &&
           survives(names.entries, static_cast<std::uint32_t>(files - entries_ + 1)) == WriteOutcome::whole)
      ++files;
    keep_writes(survives, names.writes, result);
    if (files < count()) {
      result.vanished = true;
      result.left = std::min(result.left, segment(files).first);
      result.sound = std::min(result.sound, result.left);
    }
    for (std::size_t i = 0; i < files; ++i)
      if (i == 0 || segment(i).first <= result.left) bases.push_back(segment(i).base);
    items_.erase(at(items_, result.left), items_.end());
  }
  if (!deletions_stay) {
    result.restored = gone.front.size();
    items_.insert(items_.begin(), gone.front.begin(), gone.front.end());
    for (const Offset base : gone.front_bases)
      if (base <= gone.front.back().base_offset) bases.push_back(base);
  }
  rebuild(std::move(bases));
  synced_ = items_.size();
  entries_ = count();
  undo_.clear();
  return result;
}

void SegmentFiles::change_record(std::size_t batch, std::size_t record, ValueId value) {
  auto changed = std::make_shared<std::vector<Record>>(*items_[batch].records);
  (*changed)[record].value = value;
  items_[batch].records = std::move(changed);
}

}  // namespace ktrial::model
