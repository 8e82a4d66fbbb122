// A follower whose log ends below the leader's local log: TierStateMachine.
//
// It asks where the leader's local log starts and of which epoch the record before that is, finds the remote segment
// that holds this record, and begins behind it, with the leader epochs that were copied with the segment. What fails is
// begun again with the next fetch, after replica.fetch.backoff.ms.
#include "model/probes.h"
#include "model/replication/replica_fetcher.h"

namespace ktrial::model {

void ReplicaFetcher::fetch_again(Step& step, Entries::iterator at, const ClusterConfig& config) {
  at->second.ask = Entry::Ask::fetch;
  delay(at, step.now + config.replica_fetch_backoff);
}

void ReplicaFetcher::moved_to_tiered_storage(Step& step, Entries::iterator at,
                                             const FetchResponse::Partition& response) {
  step.fact(ProbeHit{Probe::follower_moved_to_tier});
  at->second.leader_log_start = response.log_start_offset;
  ask(at, Entry::Ask::earliest_local);
}

void ReplicaFetcher::on_local_start(Step& step, Entries::iterator at, Partition& partition, OffsetAndEpoch start,
                                    const ClusterConfig& config) {
  Entry& entry = at->second;
  if (!partition.log().tiered() || !start.epoch.present()) return fetch_again(step, at, config);
  entry.local_start = start;
  if (config.variants.on(Variant::remote_auxiliary_state)) {
    partition.restore_from_remote(step, start.offset, entry.leader_log_start, {});
    follow_log(entry, partition, config);
    return ask(at, Entry::Ask::fetch);
  }
  if (start.epoch == LeaderEpoch(0)) return want_remote_state(at, start.epoch, config);
  entry.asked_epoch = LeaderEpoch(start.epoch.value - 1);
  ask(at, Entry::Ask::earlier_epoch);
}

void ReplicaFetcher::on_earlier_epoch(Step& step, Entries::iterator at, Partition&,
                                      const OffsetForLeaderEpochResponse& response, const ClusterConfig& config) {
  if (response.error == Error::FENCED_LEADER_EPOCH) return erase(at);
  if (response.error != Error::NONE) return fetch_again(step, at, config);
  const OffsetAndEpoch start = at->second.local_start;
  const bool before = response.end_offset > start.offset - 1;
  want_remote_state(at, before ? response.leader_epoch : start.epoch, config);
}

void ReplicaFetcher::want_remote_state(Entries::iterator at, LeaderEpoch epoch, const ClusterConfig& config) {
  FetchLogSegmentRequest request;
  request.partition = at->first;
  // Variant remote.lineage [D18]: whatever segment holds the offset.
  request.leader_epoch = config.variants.on(Variant::remote_lineage) ? kNoEpoch : epoch;
  request.offset = at->second.local_start.offset - 1;
  request.index = true;
  ask(at, Entry::Ask::remote_state);
  remote_wishes_.push_back(request);
}

void ReplicaFetcher::on_remote_state(Step& step, TopicPartition tp, const FetchLogSegmentResponse& response,
                                     Partitions& partitions, const ClusterConfig& config) {
  const auto at = entries_.find(tp);
  const auto held = partitions.find(tp);
  if (at == entries_.end() || held == partitions.end() || at->second.ask != Entry::Ask::remote_state) return;
  if (response.error != Error::NONE) {
    step.fact(ProbeHit{Probe::no_remote_state});
    return fetch_again(step, at, config);
  }
  Entry& entry = at->second;
  held->second.restore_from_remote(step, response.end_offset + 1, entry.leader_log_start, response.leader_epochs);
  follow_log(entry, held->second, config);
  ask(at, Entry::Ask::fetch);
}

}  // namespace ktrial::model
