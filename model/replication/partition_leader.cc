// The leader's side of a partition: appends, reads (of consumers also at a follower), follower state, high watermark.
#include <algorithm>

#include "model/probes.h"
#include "model/replication/partition.h"

namespace ktrial::model {

// getLocalLog
Error Partition::check_epoch(LeaderEpoch current, Serves who) const {
  if (current.present() && current < leader_epoch_) return Error::FENCED_LEADER_EPOCH;
  if (current.present() && current > leader_epoch_) return Error::UNKNOWN_LEADER_EPOCH;
  if (role_ != ReplicaRole::leader && who == Serves::leader) return Error::NOT_LEADER_OR_FOLLOWER;
  return Error::NONE;
}

std::int32_t Partition::min_isr() const {
  // Variant min_isr_of_broker: the first replica's broker has min.insync.replicas=1 in its own file.
  if (config_.variants.on(Variant::min_isr_of_broker) && !replicas_.empty() && replicas_.front() == config_.self)
    return 1;
  return std::min(config_.topic.min_insync_replicas, static_cast<std::int32_t>(replicas_.size()));
}

AppendResult Partition::append(Step& step, const RecordBatch& batch, Acks acks, const Brokers& brokers) {
  AppendResult result;
  const auto refuse = [&](Error error) {
    result.error = error;
    return result;
  };
  if (role_ != ReplicaRole::leader) return refuse(Error::NOT_LEADER_OR_FOLLOWER);
  if (acks == Acks::all && static_cast<std::int32_t>(isr_.committed.size()) < min_isr()) {
    step.fact(ProbeHit{Probe::not_enough_replicas});
    return refuse(Error::NOT_ENOUGH_REPLICAS);
  }
  // UnifiedLog.analyzeAndValidateRecords, then LogValidator
  if (batch.base_offset.present() && batch.base_offset != kFirstOffset) return refuse(Error::INVALID_RECORD);
  if (batch.size_in_bytes > config_.topic.max_message_bytes) return refuse(Error::MESSAGE_TOO_LARGE);
  if (batch.checksum == Checksum::broken) return refuse(Error::CORRUPT_MESSAGE);
  if (batch.record_count <= 0 ||
      (batch.records && batch.records->size() != static_cast<std::size_t>(batch.record_count)))
    return refuse(Error::INVALID_RECORD);
  if (config_.topic.cleanup_policy.compacts && batch.records &&
      std::any_of(batch.records->begin(), batch.records->end(), [](const Record& r) { return !r.key.present(); }))
    return refuse(Error::INVALID_RECORD);
  if (batch.producer_id.present())
    if (auto recognised = recognise(step, batch)) return *recognised;
  const RecordBatch& stored = log_.append_as_leader(batch, leader_epoch_);
  result.base_offset = stored.base_offset;
  result.required_offset = stored.next_offset();
  after_log(step);
  step.fact(BatchAppended{tp_, log_.batches().back(), true});
  if (batch.producer_id.present()) tell_producer(step, batch.producer_id);
  advance_high_watermark(step, brokers);
  result.change.wake = true;
  return result;
}

std::optional<Error> Partition::produce_outcome(Offset required) const {
  if (role_ != ReplicaRole::leader) return Error::NOT_LEADER_OR_FOLLOWER;
  if (log_.high_watermark() < required) return std::nullopt;
  return min_isr() <= static_cast<std::int32_t>(isr_.maximal().size()) ? Error::NONE
                                                                       : Error::NOT_ENOUGH_REPLICAS_AFTER_APPEND;
}

PartitionRead Partition::read(const FetchRequest::Partition& request, NodeId replica, BrokerEpoch replica_epoch,
                              const Brokers& brokers, std::int64_t max_bytes, bool first_always, bool parked) const {
  PartitionRead result;
  FetchResponse::Partition& r = result.response;
  r.partition = tp_;
  const bool follower = replica.present();
  LeaderEpoch current = request.current_leader_epoch;
  if (follower && config_.variants.on(Variant::fetch_epoch)) current = kNoEpoch;
  r.error = check_epoch(current, follower ? Serves::leader : Serves::any_replica);
  // Variant newer_epoch_batch: a parked fetch is answered from whatever the log holds by then.
  if (parked && follower && config_.variants.on(Variant::newer_epoch_batch)) r.error = Error::NONE;
  if (r.error != Error::NONE) {
    r.current_leader = {leader_, leader_epoch_};
    return result;
  }
  const auto remote = follower ? remotes_.find(replica) : remotes_.end();
  if (follower && remote == remotes_.end() && role_ == ReplicaRole::leader) {
    r.error = request.current_leader_epoch.present() ? Error::UNKNOWN_LEADER_EPOCH : Error::NOT_LEADER_OR_FOLLOWER;
    return result;
  }
  if (follower && replica_epoch.present() && remote != remotes_.end()) {
    const auto alive = brokers.find(replica);
    const bool newer = alive != brokers.end() && !alive->second.fenced && alive->second.epoch > replica_epoch;
    if (newer || remote->second.broker_epoch > replica_epoch) {
      r.error = Error::NOT_LEADER_OR_FOLLOWER;
      return result;
    }
  }
  result.leader_log_end = log_.log_end();
  r.high_watermark = r.last_stable_offset = log_.high_watermark();
  r.log_start_offset = log_.log_start();
  if (request.last_fetched_epoch.present()) {
    const OffsetAndEpoch end = log_.end_offset_for(request.last_fetched_epoch);
    if (!end.offset.present() || request.fetch_offset < log_.log_start()) {
      if (!read_remote(request.fetch_offset, follower, result)) r.error = Error::OFFSET_OUT_OF_RANGE;
      return result;
    }
    if (end.epoch < request.last_fetched_epoch || end.offset < request.fetch_offset) {
      r.diverging_epoch = end;
      return result;
    }
  }
  // An offset between the high watermark and the log end is right: there is nothing to read there yet.
  const bool hides_tail =
      !follower && role_ != ReplicaRole::leader && config_.variants.on(Variant::follower_offset_range);
  if (request.fetch_offset < log_.log_start() ||
      request.fetch_offset > (hides_tail ? log_.high_watermark() : log_.log_end())) {
    r.error = Error::OFFSET_OUT_OF_RANGE;
    return result;
  }
  if (read_remote(request.fetch_offset, follower, result)) return result;
  const Offset upper = follower ? log_.log_end() : log_.high_watermark();
  result.above = request.fetch_offset > upper;
  r.batches =
      log_.read(request.fetch_offset, upper, std::min<std::int64_t>(max_bytes, request.max_bytes), first_always);
  for (const RecordBatch& batch : r.batches) result.bytes += batch.size_in_bytes;
  return result;
}

std::vector<ReplicaView> Partition::readable_followers(Offset offset) const {
  std::vector<ReplicaView> followers;
  if (role_ != ReplicaRole::leader) return followers;
  for (const auto& [id, remote] : remotes_)
    if (holds(isr_.committed, id) && remote.log_end >= offset && remote.log_start <= offset)
      followers.push_back({id, remote.log_end, remote.last_caught_up});
  return followers;
}

PartitionRead Partition::refer(const FetchRequest::Partition& request, NodeId preferred) const {
  PartitionRead result;
  FetchResponse::Partition& r = result.response;
  r.partition = tp_;
  r.error = check_epoch(request.current_leader_epoch, Serves::any_replica);
  if (r.error != Error::NONE) {
    r.current_leader = {leader_, leader_epoch_};
    return result;
  }
  r.high_watermark = r.last_stable_offset = log_.high_watermark();
  r.log_start_offset = log_.log_start();
  r.preferred_read_replica.value = preferred;
  return result;
}

PartitionProgress Partition::follower_fetched(Step& step, NodeId replica, BrokerEpoch replica_epoch,
                                              const FetchRequest::Partition& request, Offset leader_log_end,
                                              const Brokers& brokers) {
  const auto it = remotes_.find(replica);
  if (role_ != ReplicaRole::leader || it == remotes_.end()) return {};
  if (!leader_log_end.present()) {  // the read failed, and nothing is learnt from it but in variant failed_read
    if (config_.variants.on(Variant::failed_read)) it->second.log_end = Offset();
    return {};
  }
  const Offset old_end = it->second.log_end;
  const BrokerEpoch old_epoch = it->second.broker_epoch;
  const Offset old_start = it->second.log_start;
  it->second.fetched(request.fetch_offset, request.log_start_offset, step.now, leader_log_end, replica_epoch);
  if (config_.variants.on(Variant::caught_up)) it->second.last_caught_up = step.now;
  PartitionProgress change = maybe_expand_isr(step, replica, brokers);
  change.reread = old_epoch != replica_epoch;        // a fetch of its former life is refused
  change.wake |= old_start != it->second.log_start;  // a DeleteRecords may wait for it
  if (old_end != it->second.log_end) change.wake |= advance_high_watermark(step, brokers);
  return change;
}

void Partition::follower_seen(NodeId replica, Nanos at) {
  const auto it = remotes_.find(replica);
  if (role_ != ReplicaRole::leader || it == remotes_.end() || it->second.log_end != log_.log_end()) return;
  if (!holds(isr_.committed, replica)) return;
  it->second.last_caught_up = std::max(it->second.last_caught_up, at);
  it->second.last_fetch_time = std::max(it->second.last_fetch_time, at);
}

bool Partition::follower_is_quiet(NodeId replica) const {
  const auto it = remotes_.find(replica);
  return role_ == ReplicaRole::leader && it != remotes_.end() && it->second.log_end == log_.log_end() &&
         holds(isr_.committed, replica);
}

// Whether the high watermark waits for a replica: one of the ISR, and one that is about to join it.
bool Partition::holds_back(NodeId replica, const RemoteReplica& remote, Nanos now, const Brokers& brokers) const {
  if (config_.variants.on(Variant::expanding_isr)) return holds(isr_.committed, replica);
  if (config_.variants.on(Variant::shrinking_isr) && isr_.in_flight()) return holds(*isr_.proposed, replica);
  return holds(isr_.maximal(), replica) ||
         (remote.caught_up(log_.log_end(), now, config_.replica_lag_time_max) &&
          (eligible(replica, brokers) || config_.variants.on(Variant::high_watermark_holders)));
}

// maybeIncrementLeaderHW
bool Partition::advance_high_watermark(Step& step, const Brokers& brokers) {
  if (static_cast<std::int32_t>(isr_.committed.size()) < min_isr()) return false;
  Offset lowest = log_.log_end();
  Offset in_sync = lowest;  // of the committed ISR alone
  for (const auto& [id, remote] : remotes_) {
    const bool counts = holds_back(id, remote, step.now, brokers);
    if (counts) lowest = std::min(lowest, remote.log_end);
    if (counts && holds(isr_.committed, id)) in_sync = std::min(in_sync, remote.log_end);
  }
  if (lowest < in_sync && lowest <= log_.high_watermark()) step.fact(ProbeHit{Probe::high_watermark_waits});
  if (lowest <= log_.high_watermark()) return false;
  set_high_watermark(step, lowest);
  return true;
}

ListOffsetsResponse Partition::list_offsets(const ListOffsetsRequest& request) const {
  ListOffsetsResponse answer;
  answer.partition = tp_;
  answer.error = check_epoch(request.current_leader_epoch);
  if (answer.error != Error::NONE) return answer;
  if (request.timestamp == kEarliestTimestamp) {
    answer.offset = log_.log_start();
    answer.leader_epoch = log_.epochs().epoch_at(log_.log_start());
    return answer;
  }
  if (request.timestamp == kEarliestLocalTimestamp || request.timestamp == kLatestTieredTimestamp) {
    answer.offset = request.timestamp == kEarliestLocalTimestamp ? log_.local_log_start() : log_.highest_remote();
    answer.leader_epoch = log_.epochs().epoch_at(answer.offset);
    return answer;
  }
  const bool client = !request.replica_id.present();
  // KIP-207: until the high watermark has reached this epoch's start, an answer could be less than what was read
  // before.
  const bool unsettled =
      client && log_.high_watermark() < leader_epoch_start_ && !config_.variants.on(Variant::list_offsets_latest);
  const Offset last_fetchable = client ? log_.high_watermark() : log_.log_end();
  OffsetAndEpoch found{last_fetchable, leader_epoch_};
  if (request.timestamp != kLatestTimestamp) {
    found = request.timestamp == kMaxTimestamp ? log_.offset_of_max_timestamp()
                                               : log_.offset_for_timestamp(milliseconds(request.timestamp));
    if (!found.offset.present() || found.offset >= last_fetchable) found = {};
  }
  if (unsettled && (request.timestamp == kLatestTimestamp || !found.offset.present())) {
    answer.error = Error::OFFSET_NOT_AVAILABLE;
    return answer;
  }
  answer.offset = found.offset;
  answer.leader_epoch = found.epoch;
  return answer;
}

OffsetForLeaderEpochResponse Partition::offset_for_leader_epoch(const OffsetForLeaderEpochRequest& request) const {
  OffsetForLeaderEpochResponse answer;
  answer.partition = tp_;
  answer.error = check_epoch(request.current_leader_epoch);
  if (answer.error != Error::NONE) return answer;
  const OffsetAndEpoch end = log_.end_offset_for(request.leader_epoch);
  answer.leader_epoch = end.epoch;
  answer.end_offset = end.offset;
  return answer;
}

}  // namespace ktrial::model
