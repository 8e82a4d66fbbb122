#include "model/storage/leader_epoch_cache.h"

#include <algorithm>

namespace ktrial::model {

bool LeaderEpochCache::assign(LeaderEpoch epoch, Offset start) {
  if (!epoch.present() || !start.present()) return false;
  // LeaderEpochFileCache.isUpdateNeeded: the same epoch again, starting no earlier, is not news.
  if (!entries_.empty() && entries_.back().epoch == epoch && start >= entries_.back().start) return false;
  std::erase_if(entries_, [&](const EpochEntry& e) { return e.epoch >= epoch || e.start >= start; });
  entries_.push_back({epoch, start});
  return true;
}

bool LeaderEpochCache::truncate_from_end(Offset end) {
  return std::erase_if(entries_, [&](const EpochEntry& e) { return e.start >= end; }) > 0;
}

bool LeaderEpochCache::truncate_from_start(Offset start) {
  const auto above =
      std::find_if(entries_.begin(), entries_.end(), [&](const EpochEntry& e) { return e.start > start; });
  if (above == entries_.begin()) return false;
  const EpochEntry last = *(above - 1);
  if (above - entries_.begin() == 1 && last.start == start) return false;
  entries_.erase(entries_.begin(), above);
  entries_.insert(entries_.begin(), EpochEntry{last.epoch, start});
  return true;
}

bool LeaderEpochCache::clear() {
  const bool changed = !entries_.empty();
  entries_.clear();
  return changed;
}

OffsetAndEpoch LeaderEpochCache::end_offset_for(LeaderEpoch epoch, Offset log_end) const {
  if (!epoch.present() || entries_.empty()) return {};
  if (epoch == latest()) return {log_end, epoch};
  const auto higher =
      std::find_if(entries_.begin(), entries_.end(), [&](const EpochEntry& e) { return e.epoch > epoch; });
  if (higher == entries_.end()) return {};
  if (higher == entries_.begin()) return {higher->start, epoch};
  return {higher->start, (higher - 1)->epoch};
}

LeaderEpoch LeaderEpochCache::epoch_at(Offset offset) const {
  LeaderEpoch found;
  for (const EpochEntry& e : entries_)
    if (e.start <= offset) found = e.epoch;
  return found;
}

}  // namespace ktrial::model
