// What a partition does with a log whose front is in the remote storage (KIP-405).
#include "model/replication/partition.h"

namespace ktrial::model {

bool Partition::delete_local_segments(Step& step) {
  const std::vector<Log::Removed> removed = log_.delete_local_segments(config_.topic, step.wall_clock);
  for (const Log::Removed& r : removed)
    step.fact(LocalSegmentDeleted{tp_, r.segment.base, r.end, r.reason, r.segment.largest_timestamp, step.wall_clock,
                                  local_retention_ms(config_.topic), r.segment.bytes, r.log_bytes,
                                  local_retention_bytes(config_.topic), log_.high_watermark()});
  after_log(step);
  return !removed.empty();
}

bool Partition::advance_log_start(Step& step, Offset start) {
  const Offset old_start = log_.log_start();
  if (!log_.advance_start(start)) return false;
  log_start_moved(step, old_start, LogStartReason::remote);
  return true;
}

// TierStateMachine.buildRemoteLogAuxState, of what was found. Leaves out the producer snapshot.
void Partition::restore_from_remote(Step& step, Offset local_start, Offset log_start,
                                    const std::vector<EpochEntry>& epochs) {
  const Offset old_end = log_.log_end();
  const Offset old_hw = log_.high_watermark();
  const Offset old_start = log_.log_start();
  log_.truncate_fully_and_start_at(local_start, log_start);
  log_.checkpoint_recovery_point();
  // Variant remote.auxiliary-state [D19]: the epochs of what is only in the remote storage stay unknown.
  if (!config_.variants.on(Variant::remote_auxiliary_state)) log_.restore_epochs(epochs);
  step.fact(LogTruncated{tp_, local_start, old_end});
  step.fact(RemoteStateRestored{tp_, log_.log_start(), log_.local_log_start(), log_.epochs().entries()});
  log_start_moved(step, old_start, LogStartReason::truncation);
  if (log_.high_watermark() != old_hw)
    step.fact(HighWatermarkAdvanced{tp_, log_.high_watermark(), old_hw, leader_epoch_, false});
}

// Below the local log: a consumer's fetch goes to the remote storage, a follower begins anew.
bool Partition::read_remote(Offset offset, bool follower, PartitionRead& read) const {
  if (!log_.tiered() || offset < log_.log_start() || offset >= log_.local_log_start()) return false;
  if (follower)
    read.response.error = Error::OFFSET_MOVED_TO_TIERED_STORAGE;
  else
    read.remote = true;
  return true;
}

}  // namespace ktrial::model
