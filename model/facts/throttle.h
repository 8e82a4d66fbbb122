// Facts about the replication throttle (KIP-73).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/facts/fact.h"

namespace ktrial::model {

enum class ThrottleSide : std::uint8_t { leader, follower };
constexpr const char* name(ThrottleSide side) { return side == ThrottleSide::leader ? "leader" : "follower"; }

struct ReplicaThrottled {  // a leader answers without the records that it has, or a follower does not ask for them
  TopicPartition partition;
  ThrottleSide side = ThrottleSide::leader;
  NodeId replica;          // absent: a consumer
  bool knows_lag = true;   // a follower that has had no answer since its fetcher began knows not whether it is in sync
  Offset metadata_offset;  // up to which the broker has applied the metadata
  KTRIAL_FACT(ReplicaThrottled, 80, partition, side, replica, knows_lag, metadata_offset)
  static constexpr Goal kGoals[] = {{"replica-throttled", "the replication throttle held a replica back"}};
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::matters)); }
  auto tell(auto say) const {
    const std::string whom = replica.present() ? say("replica ", replica) : "a consumer";
    return side == ThrottleSide::leader
               ? say(partition, ": the leader is over its replication quota, ", whom, " waits")
               : say(partition, ": ", whom, " is over its replication quota and does not fetch");
  }
};

struct ThrottledTraffic {  // of replicas that are throttled and out of sync, in one fetch
  ThrottleSide side = ThrottleSide::leader;
  NodeId peer;  // the replica that a leader answers, or the leader that a follower fetches from
  std::vector<TopicPartition> partitions;
  std::int64_t bytes = 0;    // of records, sent or copied
  bool let_through = false;  // by the quota, just now: a leader's answer, and a follower's request
  std::int64_t rate = 0;     // the quota, bytes/s
  std::int32_t samples = 0;  // replication.quota.window.num
  Nanos window{0};           // replication.quota.window.size.seconds
  Nanos wall_clock{0};       // of the broker
  KTRIAL_FACT(ThrottledTraffic, 81, side, peer, partitions, bytes, let_through, rate, samples, window, wall_clock)
  static constexpr FieldNote kNotes[] = {{"rate", nullptr, "bytes/s"}, {"samples", nullptr, "windows"}};
  Weight weight(const AtIssue& issue) const { return issue.of(partitions, issue.if_judged(Weight::context)); }
  auto tell(auto say) const {
    return say(side == ThrottleSide::follower && let_through ? "fetches"
               : let_through                                 ? "sends"
                                                             : "copied",
               bytes > 0 ? say(" ", bytes, " bytes of") : "", " throttled ", partitions, ", the quota is ", rate,
               " bytes/s");
  }
};

struct ThrottleFacts : FactList<ReplicaThrottled, ThrottledTraffic> {
  static constexpr const char* kAbout = "the replication throttle (KIP-73)";
};

}  // namespace ktrial::model
