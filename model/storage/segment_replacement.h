// The steps by which a cleaned segment takes the place of the segments that it was made from.
//
// Follows LocalLog.replaceSegments. Once <base>.log.cleaned is written and synced, directory operations follow one
// after the other: it is renamed to .swap (from here on the log reads it), each file that it replaces is renamed to
// .deleted, and it gets the name of a segment, upon which the directory is synced. A stop may come between any two of
// them; a power cut may also take back the last ones, which no journal commit made final. Whoever starts then
// (LogLoader.load) removes a .cleaned file, and completes what a .swap file began: old files whose base lies below the
// last offset that is left in the .swap file are removed; higher ones stay, although they were to go.
// Leaves out: the split of a segment whose offsets overflow (KAFKA-6264), which is the only case of two new segments.
#pragma once

#include <vector>

#include "model/batch.h"
#include "model/described.h"

namespace ktrial::model {

struct OldSegment {
  Offset base;
  std::size_t batches = 0;
  KTRIAL_FIELDS(OldSegment, base, batches)
};

struct SegmentReplacement {
  std::size_t first = 0;  // the new segment's place among the segments
  std::vector<OldSegment> old;
  Offset end;  // where the segment behind them begins
  // What is not in the log: the new segment before the swap, the old ones after it.
  std::vector<RecordBatch> batches;
  std::size_t done = 0;     // directory operations
  std::size_t durable = 0;  // of them, after a power cut too
  // What was durable of all segments before it swapped.
  std::size_t synced = 0, entries = 0;

  bool swapped() const { return done > 0; }
  KTRIAL_FIELDS(SegmentReplacement, first, old, end, batches, done, durable, synced, entries)
};

}  // namespace ktrial::model
