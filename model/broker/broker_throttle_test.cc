// Goal: the replication throttle of whole brokers (KIP-73): who waits for it, who does not, and what the operator's
// command sets and takes away. Method: three brokers, a controller, and a partition that moves to a broker without it.
#include <gtest/gtest.h>

#include "model/broker/cluster_for_test.h"
#include "model/config_keys.h"
#include "model/controller/reassign_partitions_command.h"

namespace ktrial::model {
namespace broker_throttle_test {

using testing::TestCluster;

struct Move : TestCluster {
  TopicPartition tp;
  explicit Move(Variants variants = {}) : TestCluster(with(variants)), tp(orders(0)) {
    reassign({1, 2});
    until([&] { return replicas() == 2; });
    produce(200, 0);
    advance(seconds(12));
    facts.clear();
  }
  static ClusterConfig with(Variants variants) {
    ClusterConfig c = small_config();
    c.variants = variants;
    c.replica_fetch_max_bytes = 500;
    return c;
  }
  static AlterPartitionReassignmentsRequest to(std::vector<int> ids) {
    AlterPartitionReassignmentsRequest r{"orders", PartitionIndex(0), std::vector<NodeId>()};
    for (const int id : ids) r.replicas->push_back(NodeId(id));
    return r;
  }
  void reassign(std::vector<int> ids, std::optional<std::int64_t> throttle = std::nullopt) {
    command(NodeId(4), AlterReassignment{to(std::move(ids)), throttle});
  }
  const PartitionRegistration& registration() { return *broker(1).image()->partition(tp); }
  std::size_t replicas() { return registration().reassigning() ? 0 : registration().replicas.size(); }
  Nanos time_to_move(std::optional<std::int64_t> throttle) {
    reassign({1, 2, 3}, throttle);
    const Nanos begin = now;
    EXPECT_TRUE(until([&] { return replicas() == 3; }, seconds(120)));
    return now - begin;
  }
  std::string config(const char* key) {
    const std::string* value = broker(1).image()->own_config(tp.topic, key);
    return value ? *value : "none";
  }
  std::string rate(int id) {
    const std::string* value = broker(1).image()->broker_config(NodeId(id), kLeaderThrottledRate);
    return value ? *value : "none";
  }
};

TEST(ReplicationThrottle, AReassignmentTakesLongerUnderIt) {
  Move free, throttled;
  std::int64_t bytes = 0;
  for (const RecordBatch& b : free.broker(1).log(free.tp)->batches()) bytes += b.size_in_bytes;
  EXPECT_LT(free.time_to_move(std::nullopt), seconds(2));
  EXPECT_EQ(free.count<ReplicaThrottled>(), 0u);
  // The follower's quota lets one window's bytes through at once, and the leader's what its twelve samples hold.
  EXPECT_GT(throttled.time_to_move(bytes / 10), seconds(7));
  EXPECT_GT(throttled.count<ReplicaThrottled>(NodeId(3)), 0u);
}

TEST(ReplicationThrottle, TheCommandSetsBothListsAndBothRatesAndAVerificationTakesThemAway) {
  Move c;
  c.reassign({1, 3}, 700);
  c.advance(milliseconds(200));
  EXPECT_EQ(c.config(kLeaderThrottledReplicas), "0:1,0:2");
  EXPECT_EQ(c.config(kFollowerThrottledReplicas), "0:3");
  for (const int id : {1, 2, 3}) EXPECT_EQ(c.rate(id), "700");
  c.command(NodeId(4), VerifyReassignment{Move::to({1, 3})});
  c.advance(milliseconds(200));
  EXPECT_EQ(c.config(kFollowerThrottledReplicas), "0:3");  // still on its way
  // Another throttle for the same reassignment: the sources stay those that it had.
  c.reassign({1, 3}, 10'000'000);
  c.advance(milliseconds(200));
  EXPECT_EQ(c.config(kLeaderThrottledReplicas), "0:1,0:2");
  EXPECT_EQ(c.rate(2), "10000000");
  ASSERT_TRUE(c.until([&] { return c.replicas() == 2; }));
  EXPECT_EQ(c.config(kFollowerThrottledReplicas), "0:3");  // nobody has looked yet
  c.command(NodeId(4), VerifyReassignment{Move::to({1, 3})});
  c.advance(milliseconds(200));
  EXPECT_EQ(c.config(kLeaderThrottledReplicas), "none");
  EXPECT_EQ(c.config(kFollowerThrottledReplicas), "none");
  for (const int id : {1, 2, 3}) EXPECT_EQ(c.rate(id), "none");
}

TEST(ReplicationThrottle, ACancellationTakesItAway) {
  Move c;
  c.reassign({1, 2, 3}, 10);
  c.advance(seconds(1));
  ASSERT_EQ(c.config(kFollowerThrottledReplicas), "0:3");
  c.command(NodeId(4), AlterReassignment{{"orders", PartitionIndex(0), std::nullopt}});
  c.advance(seconds(1));
  EXPECT_EQ(c.config(kFollowerThrottledReplicas), "none");
  EXPECT_EQ(c.rate(3), "none");
}

TEST(ReplicationThrottle, SparesReplicasInSyncButTheirBytesCount) {
  Move c;
  c.time_to_move(1'000'000);
  c.reassign({1, 2, 3}, 1);  // nothing moves any more, but all are sources now
  c.advance(seconds(1));
  ASSERT_EQ(c.config(kLeaderThrottledReplicas), "0:1,0:2,0:3");
  c.facts.clear();
  c.produce(100, 0);
  c.advance(seconds(3));
  EXPECT_EQ(c.count<ReplicaThrottled>(), 0u);
  EXPECT_EQ(c.broker(3).log(c.tp)->log_end(), c.broker(1).log(c.tp)->log_end());
  // One that was away is not in sync any more, and the traffic of the others has used the quota up.
  c.pause(NodeId(3));
  c.advance(seconds(40));
  c.produce(100, 0);
  c.advance(seconds(2));
  c.resume(NodeId(3));
  c.advance(seconds(2));
  EXPECT_GT(c.count<ReplicaThrottled>(NodeId(1)), 0u);
}

TEST(ReplicationThrottle, WhatIsAskedOfUnknownThingsIsRefused) {
  Move c;
  const auto refused = [&] { return c.count<ProbeHit>(NodeId(4)); };
  const std::size_t before = refused();
  c.command(NodeId(4), AlterReassignment{{"payments", PartitionIndex(0), std::vector<NodeId>{NodeId(1)}}, 1000});
  EXPECT_EQ(refused(), before + 1);
  EXPECT_EQ(c.rate(1), "none");
}

}  // namespace broker_throttle_test
}  // namespace ktrial::model
