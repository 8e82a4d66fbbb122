// From which replica a consumer fetches (KIP-392): AbstractFetch.selectReadReplica and the preferred read replica of
// SubscriptionState.
#include "model/clients/fetcher.h"

namespace ktrial::model {

NodeId Fetcher::read_replica(Step& step, TopicPartition tp, FetchPosition& p, MetadataCache& metadata) {
  if (!p.preferred_read_replica.present()) return p.leader;
  // Before KAFKA-14379 it was enough that the broker was there.
  const bool usable =
      metadata.is_online(p.preferred_read_replica) &&
      (metadata.has_replica(tp, p.preferred_read_replica) || config_.variants.on(Variant::preferred_replica));
  if (usable) return p.preferred_read_replica;
  metadata.request_update();
  back_to_leader(step, tp, p, "the metadata does not have it");
  return p.leader;
}

// One that is named again keeps its lease.
void Fetcher::prefer(Step& step, TopicPartition tp, FetchPosition& p, NodeId replica) {
  if (p.preferred_read_replica == replica) return;
  if (p.preferred_read_replica.present()) leases_.erase({p.preferred_until, tp});
  p.preferred_read_replica = replica;
  p.preferred_until = step.now + config_.metadata_max_age;
  leases_.emplace(p.preferred_until, tp);
  step.fact(ReadReplicaChanged{tp, replica, "as the leader said"});
}

bool Fetcher::back_to_leader(Step& step, TopicPartition tp, FetchPosition& p, const char* reason) {
  if (!p.preferred_read_replica.present()) return false;
  leases_.erase({p.preferred_until, tp});
  p.preferred_read_replica = NodeId();
  step.fact(ReadReplicaChanged{tp, NodeId(), reason});
  return true;
}

// Before KAFKA-14379 it was asked again.
void Fetcher::replica_failed(Step& step, NodeId from, TopicPartition tp, FetchPosition& p, Error error) {
  if (p.preferred_read_replica == from) step.fact(FollowerFetchFailed{tp, from, error});
  if (!config_.variants.on(Variant::preferred_replica)) back_to_leader(step, tp, p, "a fetch failed");
}

void Fetcher::end_leases(Step& step) {
  while (!leases_.empty() && leases_.begin()->first <= step.now) {
    const TopicPartition tp = leases_.begin()->second;
    back_to_leader(step, tp, positions_.at(tp), "metadata.max.age.ms is over");
    changed_.insert(tp);
  }
}

}  // namespace ktrial::model
