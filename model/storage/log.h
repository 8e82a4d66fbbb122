// One replica's log of one partition, with what of it stands on disk.
//
// Follows UnifiedLog, LocalLog and LogLoader: appended in batches to the active segment, which is rolled by size and by
// the batches' timestamps, cut at batch boundaries, read in whole batches. After a clean shutdown a log is loaded as it
// is; after any other stop recovery checks it batch by batch from the segment of the recovery point on, cuts it at the
// first broken batch and drops all later segments. High watermark, log start and recovery point are in memory and
// checkpointed. What Kafka leaves to its scheduler (the flush of rolled segments, of a truncated epoch cache) is done
// in run_background(); the owner calls it a little after wants_background(). What compaction does with a log is in
// log_cleaner.h, what a log knows of its producers in producer_state.h. Leaves out: indexes, transactions; a failed
// write or read is the owner's (disk_health.h). Always holds: batches are in the order of their offsets, with gaps only
// where compaction removed some; log_start <= high_watermark <= log_end, but for a moment while a follower takes the
// batch that its log start is inside of.
#pragma once

#include <vector>

#include "model/batch.h"
#include "model/config.h"
#include "model/described.h"
#include "model/facts.h"
#include "model/storage/leader_epoch_cache.h"
#include "model/storage/producer_state.h"
#include "model/storage/segment_files.h"

namespace ktrial::model {

struct LogDisk {
  std::uint8_t directory = 0;  // the log directory that it stands in (log_directories.h)
  SegmentFiles segments;
  AtomicFile<Offset> high_watermark;           // its line of replication-offset-checkpoint
  AtomicFile<Offset> start;                    // of log-start-offset-checkpoint; absent: not above the first segment
  AtomicFile<Offset> recovery_point;           // of recovery-point-offset-checkpoint; absent: 0
  AtomicFile<std::vector<EpochEntry>> epochs;  // leader-epoch-checkpoint
  AtomicFile<Offset> cleaned;                  // of cleaner-offset-checkpoint; absent: nothing was cleaned
  ProducerSnapshots producer_snapshots;
  bool tiered = false;  // the topic's config, which Kafka reads from the metadata before it loads a log

  // `facts` tell what of the log is gone, and what came back.
  void power_cut(TopicPartition tp, const Survival& survives, std::vector<Fact>& facts);
  void wipe(TopicPartition tp, std::vector<Fact>& facts);
  // The disk is now that of an earlier time.
  void replace(TopicPartition tp, LogDisk older, std::vector<Fact>& facts);
  // Another file of the same file system was synced.
  void journal_committed() {
    segments.journal_committed();
    producer_snapshots.journal_committed();
  }
  KTRIAL_FIELDS(LogDisk, directory, segments, high_watermark, start, recovery_point, epochs, cleaned,
                producer_snapshots, tiered)
};

enum class LogLoad : std::uint8_t { unclean, clean };

class Log {
 public:
  Log() = default;
  // Loads, and recovers if the shutdown was not clean. Whatever recovery drops or rebuilds is written back.
  explicit Log(LogDisk disk, const TopicConfig& topic = {}, const Variants& variants = {},
               LogLoad how = LogLoad::unclean, const ProducerExpiration& producers = {});
  // The disk outlives the process: the node takes it back when the process ends.
  LogDisk take_disk() { return std::move(disk_); }
  const LogDisk& disk() const { return disk_; }
  LogDisk& disk() { return disk_; }
  void configure(const TopicConfig& topic);

  // Stamps base offset and epoch; returns the batch as stored.
  const RecordBatch& append_as_leader(RecordBatch batch, LeaderEpoch epoch);
  // Variant append_failure [D10]: it is written, and the log ends where it did.
  void append_without_end(RecordBatch batch, LeaderEpoch epoch);
  // Stores as is; `batch.base_offset` must not be below log_end(). It is above it where the leader's log has a gap.
  void append_as_follower(const RecordBatch& batch);

  // Whole batches from the one that holds `from`, all ending at or before `upper`, up to `max_bytes`; with
  // `first_always` the first comes whatever its size.
  std::vector<RecordBatch> read(Offset from, Offset upper, std::int64_t max_bytes, bool first_always = true) const;

  // Cuts so that log_end() <= target; a batch that holds `target` inside goes as a whole. The epoch cache is cut even
  // when the log is not (KAFKA-10706). Returns whether batches went. `wall_clock`: for who has expired by now.
  bool truncate_to(Offset target, Nanos wall_clock = kNoTimestamp);
  // `log_start`: absent: the same as `start`.
  void truncate_fully_and_start_at(Offset start, Offset log_start = Offset());

  // Epoch starts here without a record yet.
  void assign_epoch(LeaderEpoch epoch, Offset start);
  OffsetAndEpoch end_offset_for(LeaderEpoch epoch) const { return epochs_.end_offset_for(epoch, end_); }

  // The first record that is not older than `at`; the record with the largest timestamp. Absent when there is none.
  OffsetAndEpoch offset_for_timestamp(Nanos at) const;
  OffsetAndEpoch offset_of_max_timestamp() const;

  // -- removal at the front
  // False if the log starts there or later already. Requires: not above the high watermark.
  bool advance_start(Offset start);
  struct Removed {
    LogSegment segment;
    Offset end;  // where the next segment begins
    LogStartReason reason;
    std::int64_t log_bytes;  // of the log with it
  };
  // Deletes the oldest segments that the log start, retention.bytes or retention.ms (by this wall clock) have left
  // behind, none of them at or above the high watermark.
  std::vector<Removed> delete_old_segments(const TopicConfig& topic, Nanos wall_clock);

  // -- producers
  const ProducerStateManager& producers() const { return producers_; }
  ProducerStateManager& producers() { return producers_; }
  // Whether the log or its snapshots tell of any. Looks at every batch.
  bool holds_producers() const;
  // At a clean shutdown, when everything is flushed.
  void snapshot_producers();
  // A cleaned segment stands for all that began between these offsets: their snapshots go.
  void forget_snapshots_between(Offset base, Offset end);
  // -- tiered storage (KIP-405, log_tiered.cc): the log may begin before its local segments do
  bool tiered() const { return disk_.tiered; }
  Offset local_log_start() const { return tiered() ? local_start_ : start_; }
  // So far it is known to be copied to the remote storage, inclusively; absent: nothing is known of.
  Offset highest_remote() const { return highest_remote_; }
  void raise_highest_remote(Offset offset);
  std::int64_t only_local_bytes() const;
  // As delete_old_segments, by the local retention. The log start stays.
  std::vector<Removed> delete_local_segments(const TopicConfig& topic, Nanos wall_clock);
  void restore_epochs(const std::vector<EpochEntry>& entries);

  // -- compaction: the log cleaner's (log_cleaner.cc), which a truncation below the active segment stops
  void begin_cleaning() { cleaning_ = true; }
  void end_cleaning(Offset cleaned_to);  // and checkpoints how far
  bool cleaning() const { return cleaning_; }
  void stop_cleaning();
  // What the load found of an interrupted swap, if that changed the log.
  const SegmentFiles::Recovered& recovered_swap() const { return recovered_; }
  void checkpoint_cleaned(Offset upto);

  // -- durability
  void flush() { flush_below(end_, true); }  // at a clean shutdown: all of it, also an active segment that is empty
  bool wants_background() const { return flush_due_.present() || epochs_due_; }
  // True once for each time that there is something to do in the background.
  bool take_background_request();
  void run_background();
  // flush.ms, by the broker's log flusher.
  void flush_if_older(Nanos flush_ms, Nanos now);
  void checkpoint_high_watermark();
  void checkpoint_recovery_point();
  bool checkpoint_log_start();  // whether its line changed
  // Clamped to [log_start, log_end].
  void set_high_watermark(Offset hw);

  Offset log_start() const { return start_; }
  Offset log_end() const { return end_; }
  Offset high_watermark() const { return high_watermark_; }
  Offset recovery_point() const { return recovery_point_; }
  const LeaderEpochCache& epochs() const { return epochs_; }
  const std::vector<RecordBatch>& batches() const { return disk_.segments.items(); }
  const SegmentFiles& segments() const { return disk_.segments; }
  // The base of a segment that the last append rolled; absent: none. Asking forgets it.
  Offset take_rolled() { return std::exchange(rolled_, Offset()); }

  KTRIAL_FIELDS(Log, disk_, epochs_, producers_, start_, local_start_, highest_remote_, end_, high_watermark_,
                recovery_point_, flush_due_, rolled_, flush_messages_, segment_bytes_, segment_ms_, last_flush_,
                epochs_due_, requested_, cleaning_, rules_, recovered_)
  KTRIAL_MOMENTS(Log, last_flush_)

 private:
  // The rules that variants change, one bit each: a log is one of very many.
  struct Rules {
    bool raise_recovery_point : 1 = false;
    bool leave_directory : 1 = false;
    bool leave_epochs : 1 = false;
    bool keep_high_watermark : 1 = false;
    bool delete_above_high_watermark : 1 = false;
    bool ignore_log_start : 1 = false;
    bool drop_swap : 1 = false;
    KTRIAL_FIELDS(Rules, raise_recovery_point, leave_directory, leave_epochs, keep_high_watermark,
                  delete_above_high_watermark, ignore_log_start, drop_swap)
  };
  void load(LogLoad how, Nanos wall_clock);
  void recover_producers(Offset start_line, std::size_t first_segment, Nanos wall_clock);
  void appended(const RecordBatch& batch);
  bool should_roll(const RecordBatch& batch) const;
  void roll(Offset base);
  void flush_below(Offset end, bool active);
  void epochs_changed();
  void forget_cleaned_above(Offset offset);
  void delete_segments(std::size_t count, LogStartReason reason, std::vector<Removed>& removed);
  void advance_local_start(Offset start);
  std::size_t index_of(Offset offset) const;  // of the first batch that ends after `offset`

  LogDisk disk_;
  LeaderEpochCache epochs_;
  ProducerStateManager producers_;
  Offset start_{0};
  Offset local_start_{0};  // of a tiered log
  Offset highest_remote_;
  Offset end_{0};
  Offset high_watermark_{0};
  Offset recovery_point_{0};
  Offset flush_due_;  // the segments below it wait for their flush
  Offset rolled_;
  std::int64_t flush_messages_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t segment_bytes_ = 1 << 30;
  Nanos segment_ms_ = Nanos::max();
  Nanos last_flush_{0};
  bool epochs_due_ = false;
  bool requested_ = false;
  bool cleaning_ = false;
  Rules rules_;
  SegmentFiles::Recovered recovered_;
};

}  // namespace ktrial::model
