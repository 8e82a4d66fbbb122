// One replica's log of one partition, with what of it stands on disk.
//
// Follows UnifiedLog, LocalLog and LogLoader: appended in batches, cut at batch boundaries, read in whole batches,
// loaded by replaying until the first batch with a bad checksum. The high watermark is in memory and only checkpointed.
// Leaves out: segments and indexes, retention and compaction, producer state, transactions.
// Always holds: batches are contiguous from log_start() to log_end(); log_start <= high_watermark <= log_end.
#pragma once

#include <vector>

#include "model/batch.h"
#include "model/facts.h"
#include "model/storage/disk_file.h"
#include "model/storage/leader_epoch_cache.h"

namespace ktrial::model {

struct LogDisk {
  AppendFile<RecordBatch> segments;
  AtomicFile<Offset> high_watermark;           // replication-offset-checkpoint
  AtomicFile<Offset> start;                    // log-start-offset-checkpoint; absent: 0
  AtomicFile<std::vector<EpochEntry>> epochs;  // leader-epoch-checkpoint

  // `fact` is set when synced or unsynced batches are gone.
  void power_cut(TopicPartition tp, const Survival& survives, std::vector<Fact>& facts);
  void wipe(TopicPartition tp, std::vector<Fact>& facts);
};

class Log {
 public:
  Log() = default;
  // Loads and recovers. Whatever recovery drops or rebuilds is written back.
  explicit Log(LogDisk disk, std::int64_t flush_messages = std::numeric_limits<std::int64_t>::max());
  // The disk outlives the process: the node takes it back when the process ends.
  LogDisk take_disk() { return std::move(disk_); }
  const LogDisk& disk() const { return disk_; }
  void set_flush_messages(std::int64_t n) { flush_messages_ = n; }

  // Stamps base offset and epoch; returns the batch as stored.
  const RecordBatch& append_as_leader(RecordBatch batch, LeaderEpoch epoch);
  // Stores as is; `batch.base_offset` must be log_end().
  void append_as_follower(const RecordBatch& batch);

  // Whole batches from the one that holds `from`, all ending at or before `upper`, up to `max_bytes`; with
  // `first_always` the first comes whatever its size.
  std::vector<RecordBatch> read(Offset from, Offset upper, std::int64_t max_bytes, bool first_always = true) const;

  // Cuts so that log_end() <= target; a batch that holds `target` inside goes as a whole. The epoch cache is cut even
  // when the log is not (KAFKA-10706). Returns whether batches went.
  bool truncate_to(Offset target);
  void truncate_fully_and_start_at(Offset start);

  // Epoch starts here without a record yet.
  void assign_epoch(LeaderEpoch epoch, Offset start);
  OffsetAndEpoch end_offset_for(LeaderEpoch epoch) const { return epochs_.end_offset_for(epoch, end_); }

  // The first record that is not older than `at`; the record with the largest timestamp. Absent when there is none.
  OffsetAndEpoch offset_for_timestamp(Nanos at) const;
  OffsetAndEpoch offset_of_max_timestamp() const;

  void flush();
  void checkpoint_high_watermark();
  // Clamped to [log_start, log_end].
  void set_high_watermark(Offset hw);

  Offset log_start() const { return start_; }
  Offset log_end() const { return end_; }
  Offset high_watermark() const { return high_watermark_; }
  const LeaderEpochCache& epochs() const { return epochs_; }
  const std::vector<RecordBatch>& batches() const { return disk_.segments.items(); }

 private:
  void appended(const RecordBatch& batch);
  std::size_t index_of(Offset offset) const;  // of the first batch that ends after `offset`

  LogDisk disk_;
  LeaderEpochCache epochs_;
  Offset start_{0};
  Offset end_{0};
  Offset high_watermark_{0};
  std::int64_t flush_messages_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t unflushed_ = 0;
};

}  // namespace ktrial::model
