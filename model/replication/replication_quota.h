// What a broker may send of throttled replicas as their leader, or copy as their follower: one of each a broker.
//
// Follows kafka.server.ReplicationQuotaManager (KIP-73). It only counts and tells; who is held back decides the broker
// (model/broker/replica_manager_throttle.cc) and its fetchers. Leaves out: the quota of moves between log directories.
#pragma once

#include <boost/container/flat_map.hpp>
#include <limits>
#include <utility>

#include "model/config.h"
#include "model/described.h"
#include "model/facts.h"
#include "model/replication/simple_rate.h"

namespace ktrial::model {

class ReplicationQuota {
 public:
  ReplicationQuota() = default;
  explicit ReplicationQuota(const ClusterConfig& config)
      : rate_(config.replication_quota_window_num, config.replication_quota_window_size) {}

  void set_bound(std::int64_t bytes_per_second) { bound_ = bytes_per_second; }
  std::int64_t bound() const { return bound_; }
  // The list of a topic in place of the one before; an empty one is removed.
  void mark_throttled(TopicId topic, ThrottledReplicas list) {
    if (list.empty())
      throttled_.erase(topic);
    else
      throttled_[topic] = std::move(list);
  }
  bool throttles_any() const { return !throttled_.empty(); }
  // Whether the replica on `broker`, which is the one of this quota, is in its topic's list.
  bool is_throttled(TopicPartition tp, NodeId broker) const {
    const auto list = throttled_.find(tp.topic);
    return list != throttled_.end() && list->second.has(tp.partition, broker);
  }
  bool is_exceeded(Nanos wall_clock) { return rate_.is_above(bound_, wall_clock); }
  // Counts, whether that is too much or not.
  void record(std::int64_t bytes, Nanos wall_clock) { rate_.record(bytes, wall_clock); }
  // The quota as it is now, for the caller to say what passed.
  ThrottledTraffic traffic(ThrottleSide side, NodeId peer, Nanos wall_clock) const {
    ThrottledTraffic t;
    t.side = side;
    t.peer = peer;
    t.rate = bound_;
    t.samples = rate_.samples();
    t.window = rate_.window();
    t.wall_clock = wall_clock;
    return t;
  }

  KTRIAL_FIELDS(ReplicationQuota, bound_, rate_, throttled_)

 private:
  std::int64_t bound_ = std::numeric_limits<std::int64_t>::max();
  SimpleRate rate_;
  boost::container::flat_map<TopicId, ThrottledReplicas> throttled_;
};

}  // namespace ktrial::model
