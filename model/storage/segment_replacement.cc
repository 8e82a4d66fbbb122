#include "model/storage/segment_replacement.h"

#include <algorithm>

#include "model/storage/segment_files.h"

namespace ktrial::model {
std::vector<RecordBatch> SegmentFiles::splice(std::size_t first, std::size_t count, const std::vector<OldSegment>& with,
                                              std::vector<RecordBatch> batches) {
  const std::size_t begin = segment(first).first, end = end_of(first + count - 1), added = batches.size();
  std::vector<RecordBatch> out(std::make_move_iterator(at(items_, begin)), std::make_move_iterator(at(items_, end)));
  items_.erase(at(items_, begin), at(items_, end));
  items_.insert(at(items_, begin), std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
  std::vector<LogSegment> all = std::move(older_);
  all.push_back(active_);
  for (std::size_t i = first + count; i < all.size(); ++i) all[i].first += added - out.size();
  all.erase(at(all, first), at(all, first + count));
  std::size_t next = begin;
  for (std::size_t i = 0; i < with.size(); ++i) {
    LogSegment segment{with[i].base, next, 0, kNoTimestamp};
    measure(segment, next += with[i].batches);
    all.insert(at(all, first + i), segment);
  }
  active_ = all.empty() ? LogSegment() : all.back();
  if (!all.empty()) all.pop_back();
  older_ = std::move(all);
  return out;
}

void SegmentFiles::write_cleaned(std::size_t first, std::size_t count, std::vector<RecordBatch> batches) {
  SegmentReplacement r;
  r.first = first;
  r.end = segment(first + count).base;
  r.batches = std::move(batches);
  for (std::size_t i = first; i < first + count; ++i) r.old.push_back({segment(i).base, end_of(i) - segment(i).first});
  replacement_.assign(1, std::move(r));
  journal_committed();
}

// What stands in front of it was cleaned before it, and is durable.
void SegmentFiles::swap_in() {
  SegmentReplacement& r = replacement_.front();
  const std::size_t old_end = end_of(r.first + r.old.size() - 1), added = r.batches.size();
  r.synced = synced_;
  r.entries = entries_;
  r.batches = splice(r.first, r.old.size(), {{r.old.front().base, added}}, std::move(r.batches));
  synced_ = std::max(synced_, old_end) - r.batches.size() + added;
  entries_ = std::max(entries_, r.first + r.old.size()) - r.old.size() + 1;
}

void SegmentFiles::unswap(Survived& result) {
  SegmentReplacement& r = replacement_.front();
  result.unswapped_from = r.old.front().base;
  result.unswapped_to = r.end;
  result.unswapped = r.batches;
  splice(r.first, 1, r.old, std::move(r.batches));
  synced_ = r.synced;
  entries_ = r.entries;
}

bool SegmentFiles::replace_further() {
  SegmentReplacement& r = replacement_.front();
  if (++r.done == 1) swap_in();
  if (r.done < r.old.size() + 2) return true;
  sync_directory();
  replacement_.clear();
  return false;
}

void SegmentFiles::settle_replacement() {
  if (replacement_.empty()) return;
  if (replacement_.front().swapped()) sync_directory();
  replacement_.clear();
}

SegmentFiles::Recovered SegmentFiles::recover_replacement(bool drop) {
  if (replacement_.empty()) return {};
  SegmentReplacement r = std::move(replacement_.front());
  replacement_.clear();
  if (!r.swapped()) return {};
  const std::size_t begin = segment(r.first).first, end = end_of(r.first), deleted = r.done - 1;
  const Offset base = r.old.front().base;
  const Offset swap_end = begin == end ? base : items_[end - 1].next_offset();
  std::vector<OldSegment> segments;
  std::vector<RecordBatch> batches;
  if (!drop) {
    segments.push_back({base, end - begin});
    batches.assign(at(items_, begin), at(items_, end));
  }
  std::size_t passed = 0;
  for (std::size_t i = 0; i < r.old.size(); ++i) {
    if (i >= deleted && (drop || (i > 0 && r.old[i].base >= swap_end))) {
      segments.push_back(r.old[i]);
      batches.insert(batches.end(), at(r.batches, passed), at(r.batches, passed + r.old[i].batches));
    }
    passed += r.old[i].batches;
  }
  if (!drop && segments.size() == 1) return {};
  const Recovered result{base, r.end, begin, begin + batches.size()};
  const std::size_t synced = synced_ - (end - begin) + batches.size();
  const std::size_t entries = entries_ - 1 + segments.size();
  splice(r.first, 1, segments, std::move(batches));
  synced_ = synced;
  entries_ = entries;
  return result;
}

}  // namespace ktrial::model
