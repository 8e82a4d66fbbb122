// Goal: each property of the replication throttle sees what breaks it, and the edges of it are where Kafka has them.
// Method: facts told by hand.
#include <gtest/gtest.h>

#include "model/config_keys.h"
#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace throttle_properties_test {

using enum model::ThrottleSide;
using std::chrono::seconds;

model::BecameLeader leader_with(std::vector<NodeId> isr) {
  model::BecameLeader f;
  f.partition = kTp;
  f.leader_epoch = LeaderEpoch{0};
  f.isr = std::move(isr);
  return f;
}
model::ReplicaThrottled held(model::ThrottleSide side, int replica, std::int64_t metadata = 0) {
  return {kTp, side, replica == 0 ? NodeId() : NodeId{replica}, true, Offset{metadata}};
}
model::ThrottledTraffic traffic(model::ThrottleSide side, std::int64_t bytes, bool let_through, int second) {
  return {side, NodeId{2}, {kTp}, bytes, let_through, 1000, 11, seconds(1), seconds(second)};
}
void list(Told& t, const char* key, const char* value, std::int64_t offset) {
  t.fact(Told::kController, model::ConfigCommitted{kTp.topic, NodeId(), key, value, Offset{offset}});
}
std::string reason(const Told& t, const char* property) {
  const Verdict verdict = t.judge.verdict(property);
  return verdict.violations.empty() ? "" : verdict.violations.front().reason;
}

TEST(ThrottleSparesInSyncReplicas, AndConsumersButNotThoseThatKnowNothingYet) {
  constexpr const char* kName = "throttle-spares-in-sync-replicas";
  Told consumer;
  consumer.fact(1, leader_with({NodeId{1}}));
  consumer.fact(1, held(leader, 0));
  EXPECT_EQ(reason(consumer, kName), "a consumer is throttled");
  Told follower;
  follower.fact(1, leader_with({NodeId{1}, NodeId{2}}));
  model::ReplicaThrottled fresh = held(model::ThrottleSide::follower, 2);
  fresh.knows_lag = false;
  follower.fact(2, fresh);
  EXPECT_EQ(reason(follower, kName), "");
  follower.fact(2, held(model::ThrottleSide::follower, 2));
  EXPECT_EQ(reason(follower, kName), "an in-sync replica is throttled");
  // It has left the ISR since.
  Told left;
  left.fact(1, leader_with({NodeId{1}, NodeId{2}}));
  left.fact(1, model::IsrChanged{kTp, LeaderEpoch{0}, model::PartitionEpoch{1}, {NodeId{1}}, true});
  left.fact(1, held(leader, 2));
  EXPECT_EQ(reason(left, kName), "");
}

TEST(ThrottleHoldsTheRate, CountsOneFetchBeyondTheQuotaAndForgetsWithTheBrokersProcess) {
  constexpr const char* kName = "throttle-holds-the-rate";
  Told t;
  t.fact(1, traffic(leader, 50'000, true, 1));  // one fetch, however much it brings
  EXPECT_EQ(reason(t, kName), "");
  Told restarted = t;
  restarted.fact(1, model::BrokerStarted{});
  restarted.fact(1, traffic(leader, 1, true, 2));
  EXPECT_EQ(reason(restarted, kName), "");
  Told other_side = t;
  other_side.fact(1, traffic(follower, 1, true, 2));
  EXPECT_EQ(reason(other_side, kName), "");
  Told later = t;
  later.fact(1, traffic(leader, 1, true, 12));  // the first is too long ago
  EXPECT_EQ(reason(later, kName), "");
  t.fact(1, traffic(leader, 1, true, 11));
  EXPECT_EQ(reason(t, kName), "over the quota");
}

TEST(ThrottleEndsWithItsConfig, AsFarAsTheBrokerHasAppliedIt) {
  constexpr const char* kName = "throttle-ends-with-its-config";
  Told t;
  list(t, model::kFollowerThrottledReplicas, "0:2,1:3", 10);
  list(t, model::kFollowerThrottledReplicas, "", 20);
  t.fact(2, held(follower, 2, 11));
  t.fact(2, held(follower, 2, 20));  // has not heard of the removal
  EXPECT_EQ(reason(t, kName), "");
  Told another = t;
  another.fact(3, held(follower, 3, 15));
  EXPECT_EQ(reason(another, kName), "not in the list");
  t.fact(2, held(follower, 2, 21));
  EXPECT_EQ(reason(t, kName), "not in the list");
}

}  // namespace throttle_properties_test

std::map<std::string, Case> throttle_cases() {
  using namespace throttle_properties_test;
  return {{"throttle-spares-in-sync-replicas",
           {"an in-sync replica is throttled",
            [](Told& t) {
              t.fact(1, leader_with({NodeId{1}, NodeId{2}}));
              t.fact(1, held(leader, 2));
            },
            [](Told& t) {
              list(t, model::kLeaderThrottledReplicas, "0:1", 10);
              t.fact(1, leader_with({NodeId{1}}));
              t.fact(1, held(leader, 2, 11));
            }}},
          {"throttle-holds-the-rate",
           {"over the quota",
            [](Told& t) {
              t.fact(1, traffic(follower, 20'000, false, 1));
              t.fact(1, traffic(follower, 0, true, 2));
            },
            [](Told& t) {
              t.fact(1, traffic(follower, 12'000, false, 1));
              t.fact(1, traffic(follower, 0, true, 2));
            }}},
          {"throttle-ends-with-its-config",
           {"not in the list",
            [](Told& t) {
              list(t, model::kLeaderThrottledReplicas, "0:2", 10);
              t.fact(1, held(leader, 2, 11));
            },
            [](Told& t) {
              list(t, model::kLeaderThrottledReplicas, "0:1", 10);
              t.fact(1, held(leader, 2, 11));
            }}}};
}

}  // namespace ktrial::properties
