// Where each leader epoch starts in one replica's log.
//
// Follows LeaderEpochFileCache (KIP-101, KIP-279). It is a plain value; the log persists it (leader-epoch-checkpoint).
// Always holds: entries grow strictly in epoch and in start offset does not go down.
#pragma once

#include <vector>

#include "model/described.h"
#include "model/facts.h"
#include "model/types.h"

namespace ktrial::model {

class LeaderEpochCache {
 public:
  LeaderEpochCache() = default;
  explicit LeaderEpochCache(std::vector<EpochEntry> entries) : entries_(std::move(entries)) {}

  // All return whether anything changed. A known epoch or start that comes again replaces what contradicts it.
  bool assign(LeaderEpoch epoch, Offset start);
  bool truncate_from_end(Offset end);      // drops entries that start at or after `end`
  bool truncate_from_start(Offset start);  // entries before `start` become one that starts there
  bool clear();

  // The largest epoch known that is not above `epoch`, and where it ends; both absent when that is undefined.
  OffsetAndEpoch end_offset_for(LeaderEpoch epoch, Offset log_end) const;
  LeaderEpoch latest() const { return entries_.empty() ? kNoEpoch : entries_.back().epoch; }
  LeaderEpoch epoch_at(Offset offset) const;
  const std::vector<EpochEntry>& entries() const { return entries_; }

  KTRIAL_FIELDS(LeaderEpochCache, entries_)

 private:
  std::vector<EpochEntry> entries_;
};

}  // namespace ktrial::model
