// What a leader knows of its followers and of the in-sync set.
//
// Follows Partition.scala's PartitionState (CommittedPartitionState, PendingExpandIsr, PendingShrinkIsr; KIP-497) and
// Replica.scala. Always holds: maximal() contains committed; at most one proposal is in flight.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

inline constexpr Nanos kNever = Nanos::min() / 4;

struct RemoteReplica {
  Offset log_end;  // absent: not fetched from this leader yet
  Offset log_start;
  Nanos last_fetch_time = kNever;
  Offset last_fetch_leader_log_end{0};
  Nanos last_caught_up = kNever;
  BrokerEpoch broker_epoch;

  bool caught_up(Offset leader_log_end, Nanos now, Nanos max_lag) const {
    return log_end == leader_log_end || now - last_caught_up <= max_lag;
  }
  void fetched(Offset offset, Offset start, Nanos now, Offset leader_log_end, BrokerEpoch epoch) {
    if (offset >= leader_log_end)
      last_caught_up = std::max(last_caught_up, now);
    else if (offset >= last_fetch_leader_log_end)
      last_caught_up = std::max(last_caught_up, last_fetch_time);
    log_end = offset;
    log_start = start;
    last_fetch_time = now;
    last_fetch_leader_log_end = leader_log_end;
    broker_epoch = epoch;
  }
  KTRIAL_FIELDS(RemoteReplica, log_end, log_start, last_fetch_time, last_fetch_leader_log_end, last_caught_up,
                broker_epoch)
  KTRIAL_MOMENTS(RemoteReplica, last_fetch_time, last_caught_up)
};

struct IsrState {
  std::vector<NodeId> committed;
  std::optional<std::vector<NodeId>> proposed;  // in flight to the controller

  bool in_flight() const { return proposed.has_value(); }
  bool expanding() const { return proposed && proposed->size() > committed.size(); }
  // A growing set counts at once, a shrinking one only when committed.
  const std::vector<NodeId>& maximal() const { return expanding() ? *proposed : committed; }
  KTRIAL_FIELDS(IsrState, committed, proposed)
};

}  // namespace ktrial::model
