// Compaction of one log: what of it can be cleaned, and one cleaning of it as a list of durable steps.
//
// Follows LogCleanerManager (cleanableOffsets, calculateCleanableBytes) and Cleaner (doClean, KIP-58, KIP-354,
// KIP-534). Dirty is what lies above cleaner-offset-checkpoint. A cleaning notes the last offset of each key from there
// up to the bound: the high watermark, the active segment, the first segment that min.compaction.lag.ms protects. Then
// it writes the segments below the bound anew, several small ones into one, without the records that a later one of
// their key stands for. A tombstone gets its delete horizon, now + delete.retention.ms, when it is cleaned first, and
// goes with a cleaning after that. The last batch below the bound stays even when it is empty, for where the log ends
// (KAFKA-17076), and so does the last batch of each producer that is known. Leaves out: transactions, an offset map
// that is too small for the keys (log.cleaner.dedupe.buffer.size), throttling; __consumer_offsets is not cleaned. Kafka
// does not look at checksums here; a log with a broken batch is passed over, as one whose cleaning threw an exception
// is.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>
#include <vector>

#include "model/described.h"
#include "model/storage/log.h"

namespace ktrial::model {

// LogToClean
struct CleanableLog {
  Offset first_dirty;
  Offset first_uncleanable;
  std::int64_t clean_bytes = 0;
  std::int64_t cleanable_bytes = 0;
  bool overdue = false;             // by max.compaction.lag.ms
  bool checkpoint_invalid = false;  // it is outside of the log, and to be replaced by first_dirty

  // Dirty enough, or overdue.
  bool wanted(const TopicConfig& topic) const;
  bool dirtier_than(const CleanableLog& other) const;
};
CleanableLog cleanable(const Log& log, const TopicConfig& topic, Nanos wall_clock, const Variants& variants);

class LogCleaning {
 public:
  // Marks the log as being cleaned. `wall_clock` stays the time of the whole cleaning.
  LogCleaning(Log& log, const CleanableLog& what, const TopicConfig& topic, Nanos wall_clock, const Variants& variants);

  struct Swapped {  // the log holds another segment there now
    Offset base, end;
    std::size_t first = 0, last = 0;  // its batches
  };
  // One durable step. Absent `done`: there are more.
  struct Progress {
    bool done = false;
    std::optional<Swapped> swapped;
  };
  // Requires: log.cleaning(). A log that a truncation has stopped from being cleaned is not to be continued with.
  Progress advance(Log& log);

  Offset first_dirty() const { return first_dirty_; }
  Offset end() const { return end_; }
  Nanos wall_clock() const { return wall_clock_; }

  KTRIAL_FIELDS(LogCleaning, last_, groups_, group_, first_dirty_, first_uncleanable_, end_, wall_clock_,
                delete_retention_, segment_horizon_, keep_last_batch_, stay_at_gap_)
  KTRIAL_WALL_TIMES(LogCleaning, wall_clock_, segment_horizon_)

 private:
  void note_keys(const Log& log);
  void group_segments(const Log& log, std::int64_t segment_bytes);
  std::vector<RecordBatch> clean(const Log& log, std::size_t first, std::size_t count) const;
  std::optional<RecordBatch> clean(const RecordBatch& batch, bool tombstones_go, bool last_of_producer) const;

  boost::container::flat_map<KeyId, Offset> last_;  // of each key in the dirty part
  std::vector<std::size_t> groups_;                 // so many segments each; one segment is left of each
  std::size_t group_ = 0;                           // the next one
  Offset first_dirty_, first_uncleanable_;
  Offset end_;  // cleaned up to here
  Nanos wall_clock_{0};
  Nanos delete_retention_{0};
  Nanos segment_horizon_ = kNoTimestamp;  // of variant delete_horizon
  bool keep_last_batch_ = true;
  bool stay_at_gap_ = false;
};

}  // namespace ktrial::model
