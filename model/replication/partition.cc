#include "model/replication/partition.h"

#include "model/probes.h"

namespace ktrial::model {

Partition::Partition(TopicPartition tp, PartitionConfig config, LogDisk disk)
    : tp_(tp),
      config_(config),
      log_(std::move(disk), config.topic, config.variants, config.load, config.producer_expiration) {}

void Partition::set_topic_config(const TopicConfig& topic) {
  config_.topic = topic;
  log_.configure(topic);
}

PartitionProgress Partition::make_leader(Step& step, const PartitionRegistration& registration,
                                         const Brokers& brokers) {
  if (registration.partition_epoch < partition_epoch_) return {};
  const std::vector<NodeId> old_isr = isr_.committed;
  const bool new_epoch = registration.leader_epoch > leader_epoch_;
  const bool was_leader = role_ == ReplicaRole::leader;
  const bool same_state = was_leader && registration.partition_epoch == partition_epoch_;
  const bool isr_changed = registration.partition_epoch > partition_epoch_ && old_isr != registration.isr;
  partition_epoch_ = registration.partition_epoch;
  replicas_ = registration.replicas;
  // KIP-704: there is nothing to recover locally, so a RECOVERING leader counts itself as recovered at once and says so
  // in its next AlterPartition.
  if (registration.leader_recovery_state == LeaderRecoveryState::RECOVERING &&
      registration.leader_epoch > leader_epoch_)
    step.fact(ProbeHit{Probe::leader_is_recovering});
  recovery_ = LeaderRecoveryState::RECOVERED;
  // A hole of Kafka's: what the controller decides on the proposal is not known yet, but the added replica does not
  // hold the high watermark any more (docs/variants.md).
  if (same_state && isr_.expanding()) {
    IsrExpansionDropped dropped{tp_, leader_epoch_, {}};
    for (const NodeId id : *isr_.proposed)
      if (!holds(isr_.committed, id)) dropped.added.push_back(id);
    step.fact(std::move(dropped));
  }
  isr_ = IsrState{registration.isr, std::nullopt};
  proposal_stalled_ = false;
  boost::container::flat_map<NodeId, RemoteReplica> remotes;
  for (NodeId id : replicas_)
    if (id != config_.self) remotes[id] = remotes_.contains(id) ? remotes_[id] : RemoteReplica{};
  remotes_ = std::move(remotes);
  if (new_epoch) {
    leader_epoch_ = registration.leader_epoch;
    leader_epoch_start_ = log_.log_end();
    if (!config_.variants.on(Variant::epoch_at_election)) log_.assign_epoch(leader_epoch_, leader_epoch_start_);
    for (auto& [id, remote] : remotes_) {
      // Replica.resetReplicaState: a leader that is elected again keeps what it knows of the logs, not of the times.
      const bool in_sync = holds(isr_.committed, id);
      if (!was_leader) remote = RemoteReplica{};
      remote.last_caught_up = in_sync ? step.now : kNever;
      if (was_leader) {
        remote.last_fetch_leader_log_end = leader_epoch_start_;
        remote.last_fetch_time = in_sync ? step.now : kNever;
      }
    }
  }
  role_ = ReplicaRole::leader;
  leader_ = config_.self;
  if (new_epoch || !was_leader)
    step.fact(
        BecameLeader{tp_, leader_epoch_, partition_epoch_, leader_epoch_start_, log_.high_watermark(), isr_.committed});
  else if (isr_changed)
    step.fact(IsrChanged{tp_, leader_epoch_, partition_epoch_, isr_.committed, isr_.committed.size() < old_isr.size()});
  if (new_epoch || !was_leader) tell_producers(step, ProducerStateChange::leadership);
  if (new_epoch || !config_.variants.on(Variant::high_watermark_retry)) advance_high_watermark(step, brokers);
  return {.wake = true};
}

bool Partition::make_follower(Step& step, const PartitionRegistration& registration) {
  if (registration.partition_epoch < partition_epoch_) return false;
  const bool new_epoch = registration.leader_epoch > leader_epoch_;
  partition_epoch_ = registration.partition_epoch;
  replicas_ = registration.replicas;
  recovery_ = registration.leader_recovery_state;
  isr_ = IsrState{};
  proposal_stalled_ = false;
  remotes_.clear();
  leader_epoch_start_ = Offset();
  leader_ = registration.leader;
  if (new_epoch) leader_epoch_ = registration.leader_epoch;
  const bool changed = new_epoch || role_ != ReplicaRole::follower;
  role_ = ReplicaRole::follower;
  if (changed) step.fact(BecameFollower{tp_, leader_epoch_, leader_});
  if (!new_epoch || !leader_.present()) return new_epoch;
  // Before KIP-101 a follower began by cutting to its own high watermark. Today only a log without any epoch does (it
  // cannot ask the leader where they part).
  if (config_.variants.truncation() == TruncationProtocol::high_watermark || !log_.epochs().latest().present())
    truncate(step, log_.high_watermark());
  return new_epoch;
}

void Partition::set_high_watermark(Step& step, Offset hw) {
  const Offset old = log_.high_watermark();
  log_.set_high_watermark(hw);
  if (log_.high_watermark() != old)
    step.fact(HighWatermarkAdvanced{tp_, log_.high_watermark(), old, leader_epoch_, role_ == ReplicaRole::leader});
}

bool Partition::copy_from_leader(Step& step, const FetchResponse::Partition& response, LeaderEpoch fetch_epoch) {
  bool sound = true;
  for (const RecordBatch& batch : response.batches) {
    if (batch.partition_leader_epoch > fetch_epoch && !config_.variants.on(Variant::newer_epoch_batch)) {
      step.fact(ProbeHit{Probe::batch_of_newer_epoch});
      break;
    }
    if (batch.checksum == Checksum::broken) step.fact(CorruptBatchFound{tp_, batch.base_offset, leader_});
    // The log start lies inside this batch (appendRecordsToFollowerOrFutureReplica): the log begins with it anew.
    if (log_.log_end() == log_.log_start() && batch.base_offset < log_.log_end() &&
        log_.log_end() < batch.next_offset()) {
      const bool knew = knows_producers();
      log_.truncate_fully_and_start_at(batch.base_offset, log_.log_start());
      log_.checkpoint_recovery_point();
      tell_producers(step, ProducerStateChange::truncation, knew);
    }
    // Variant fetched_checksum: whatever came is appended.
    const bool whole = batch.checksum == Checksum::valid || config_.variants.on(Variant::fetched_checksum);
    // Where the leader's log has a gap, so has this one from now on.
    sound = whole && batch.base_offset >= log_.log_end() && log_.producers().accepts_copy(batch);
    if (!sound) break;
    log_.append_as_follower(batch);
    after_log(step);
    step.fact(BatchAppended{tp_, batch, false});
    if (batch.producer_id.present()) tell_producer(step, batch.producer_id);
  }
  follow_high_watermark(step, response.high_watermark);
  if (response.log_start_offset <= log_.log_start()) return sound;
  // A log start above the own high watermark is an error that stops the fetch of the partition.
  if (response.log_start_offset > log_.high_watermark()) return false;
  const Offset old_start = log_.log_start();
  log_.advance_start(response.log_start_offset);
  log_start_moved(step, old_start, LogStartReason::leader);
  return sound;
}

void Partition::follow_high_watermark(Step& step, Offset leaders) {
  set_high_watermark(step, std::min(leaders, log_.log_end()));
}

void Partition::truncate(Step& step, Offset target) {
  const Offset old_end = log_.log_end();
  const Offset old_hw = log_.high_watermark();
  const Offset old_start = log_.log_start();
  if (target < old_hw) step.fact(ProbeHit{Probe::truncated_below_high_watermark});
  if (target >= old_end && config_.variants.on(Variant::epoch_cache_truncation)) return;
  const bool knew = knows_producers();
  const bool cut = log_.truncate_to(target, step.wall_clock);
  if (cut) {
    step.fact(LogTruncated{tp_, log_.log_end(), old_end});
    log_.checkpoint_recovery_point();  // LogManager.truncateTo
  }
  log_start_moved(step, old_start, LogStartReason::truncation);
  if (cut) tell_producers(step, ProducerStateChange::truncation, knew);
  after_log(step);
  if (log_.high_watermark() != old_hw)
    step.fact(HighWatermarkAdvanced{tp_, log_.high_watermark(), old_hw, leader_epoch_, role_ == ReplicaRole::leader});
}

bool Partition::truncate_to_leader(Step& step, OffsetAndEpoch leader) {
  step.fact(ProbeHit{Probe::diverging_epoch_answered});
  if (!leader.offset.present()) {
    truncate(step, log_.high_watermark());
    return true;
  }
  const OffsetAndEpoch own = leader.epoch.present() ? log_.end_offset_for(leader.epoch) : OffsetAndEpoch{};
  if (!own.offset.present()) {
    truncate(step, std::min(leader.offset, log_.log_end()));
    return true;
  }
  if (own.epoch < leader.epoch) {
    step.fact(ProbeHit{Probe::diverging_epoch_is_older});
    truncate(step, std::min(own.offset, log_.log_end()));
    return false;
  }
  truncate(step, std::min({own.offset, leader.offset, log_.log_end()}));
  return true;
}

void Partition::truncate_fully_and_start_at(Step& step, Offset start) {
  const Offset old_end = log_.log_end();
  const Offset old_hw = log_.high_watermark();
  const Offset old_start = log_.log_start();
  const bool knew = knows_producers();
  log_.truncate_fully_and_start_at(start);
  log_.checkpoint_recovery_point();  // LogManager.truncateFullyAndStartAt
  step.fact(LogTruncated{tp_, start, old_end});
  log_start_moved(step, old_start, LogStartReason::truncation);
  tell_producers(step, ProducerStateChange::truncation, knew);
  if (log_.high_watermark() != old_hw)
    step.fact(HighWatermarkAdvanced{tp_, log_.high_watermark(), old_hw, leader_epoch_, false});
}

}  // namespace ktrial::model
