// What a partition does with the front of its log, and with what the log leaves for later.
#include <algorithm>

#include "model/replication/partition.h"

namespace ktrial::model {
namespace {

constexpr Nanos kLongestFlushDelay = milliseconds(20);

}  // namespace

void Partition::after_log(Step& step) {
  if (const Offset base = log_.take_rolled(); base.present()) step.fact(SegmentRolled{tp_, base});
  const auto topic = static_cast<std::uint32_t>(tp_.topic.value);
  if (log_.producers().take_expiry_request())
    step.set_timer({kProducerExpirationTimer, static_cast<std::uint16_t>(tp_.partition.value), topic},
                   step.now + config_.producer_expiration_check_interval);
  if (!log_.take_background_request()) return;
  step.set_timer({kLogFlushTimer, static_cast<std::uint16_t>(tp_.partition.value), topic},
                 step.now + step.choose_duration(Choice::log_flush, topic, Nanos(0), kLongestFlushDelay));
}

void Partition::log_start_moved(Step& step, Offset old, LogStartReason reason) {
  if (log_.log_start() == old) return;
  step.fact(LogStartAdvanced{tp_, log_.log_start(), old, log_.high_watermark(), reason});
  after_log(step);
}

bool Partition::delete_old_segments(Step& step) {
  if (log_.tiered()) return delete_local_segments(step);
  const Offset old_start = log_.log_start();
  const std::vector<Log::Removed> removed = log_.delete_old_segments(config_.topic, step.wall_clock);
  if (removed.empty()) return false;
  for (const Log::Removed& r : removed)
    step.fact(SegmentDeleted{tp_, r.segment.base, r.end, r.reason, r.segment.largest_timestamp, step.wall_clock,
                             config_.topic.retention_ms, r.segment.bytes, r.log_bytes, config_.topic.retention_bytes,
                             log_.high_watermark()});
  log_start_moved(step, old_start, removed.back().reason);
  after_log(step);
  return log_.log_start() != old_start;
}

// deleteRecordsOnLeader
Partition::DeleteRecordsResult Partition::delete_records(Step& step, Offset before) {
  DeleteRecordsResult result;
  result.before = before.present() ? before : log_.high_watermark();
  if (role_ != ReplicaRole::leader) {
    result.error = Error::NOT_LEADER_OR_FOLLOWER;
  } else if (!config_.topic.cleanup_policy.deletes) {
    result.error = Error::POLICY_VIOLATION;
  } else if (result.before > log_.high_watermark()) {
    result.error = Error::OFFSET_OUT_OF_RANGE;
  } else if (const Offset old_start = log_.log_start(); log_.advance_start(result.before)) {
    log_start_moved(step, old_start, LogStartReason::client);
    result.change.wake = true;
  }
  return result;
}

// lowWatermarkIfLeader
Offset Partition::low_watermark(const Brokers& brokers) const {
  Offset low = log_.log_start();
  for (const auto& [id, remote] : remotes_) {
    const auto broker = brokers.find(id);
    if (broker != brokers.end() && !broker->second.fenced) low = std::min(low, remote.log_start);
  }
  return low;
}

void Partition::checkpoint_log_start(Step& step) {
  if (log_.checkpoint_log_start()) step.fact(LogStartCheckpointed{tp_, log_.disk().start.read()});
}

void Partition::store_for_shutdown(Step& step) {
  log_.stop_cleaning();
  log_.run_background();
  log_.flush();
  log_.snapshot_producers();
  log_.checkpoint_recovery_point();
  checkpoint_log_start(step);
  log_.checkpoint_high_watermark();
}

void Partition::drop_dirty_pages(Step& step) {
  SegmentFiles& files = segment_files();
  if (files.synced() == files.items().size()) return;
  step.fact(UnsyncedDataLost{tp_, files.items()[files.synced()].base_offset, log_.log_end(), LossCause::failed_fsync});
  files.drop_dirty();
}

void Partition::append_without_end(const RecordBatch& batch) {
  if (role_ == ReplicaRole::leader) log_.append_without_end(batch, leader_epoch_);
}

void Partition::break_last_batch() { segment_files().break_batch(log_.batches().size() - 1); }

CleanableLog Partition::cleanable(Nanos wall_clock) const {
  return model::cleanable(log_, config_.topic, wall_clock, config_.variants);
}

LogCleaning Partition::begin_cleaning(const CleanableLog& what, Nanos wall_clock) {
  return LogCleaning(log_, what, config_.topic, wall_clock, config_.variants);
}

}  // namespace ktrial::model
