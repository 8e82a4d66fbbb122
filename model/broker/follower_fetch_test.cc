// Consumers that fetch from followers (KIP-392): whom the leader names, what a follower serves and what it refuses.
// Method: three real brokers in three racks; the test is the consumer and fetches without sessions.
#include <gtest/gtest.h>

#include "model/broker/broker_world_for_test.h"
#include "model/nodes_for_test.h"

namespace ktrial::model {
namespace follower_fetch_test {

const TopicPartition kTp{TopicId{1}, PartitionIndex{0}};

ClusterConfig with_racks() {
  ClusterConfig config;
  config.broker_racks = {"east", "west", "north"};
  config.rack_aware_replica_selector = true;
  return config;
}

// `orders-0` is led by broker 1, in the east.
struct Racks : BrokerWorld {
  explicit Racks(const ClusterConfig& config = with_racks()) : BrokerWorld(3, config) {
    create("orders", testing::nodes({1, 2, 3}));
    const auto in_sync = [&] {
      const auto* state = controller().committed().partition(kTp);
      return state != nullptr && state->isr.size() == 3 && broker(3).partition(kTp) != nullptr;
    };
    EXPECT_TRUE(until(in_sync));
    produce(1, kTp, Acks::all, 7);
    advance(seconds(1));
  }
  FetchRequest request(int offset, const std::string& rack = {}, int epoch = 0, Nanos wait = Nanos{0}) {
    FetchRequest r;
    r.rack_id.value = rack;
    r.max_wait = wait;
    r.partitions = {{kTp, LeaderEpoch{epoch}, Offset{offset}, kNoEpoch, Offset(), 1 << 20}};
    return r;
  }
  FetchResponse::Partition fetch(int broker, const FetchRequest& request) {
    const auto answer = ask<FetchResponse>(broker, request);
    EXPECT_EQ(answer.partitions.size(), 1u);
    return answer.partitions.empty() ? FetchResponse::Partition{} : answer.partitions[0];
  }
  Offset high_watermark(int id) { return partition(id, kTp)->log().high_watermark(); }
};

TEST(FollowerFetch, TheLeaderNamesTheFollowerOfTheConsumersRackAndReadsNothing) {
  Racks c;
  const auto sent_away = c.fetch(1, c.request(0, "west"));
  EXPECT_EQ(sent_away.error, Error::NONE);
  EXPECT_EQ(sent_away.preferred_read_replica.value, NodeId{2});
  EXPECT_TRUE(sent_away.batches.empty());
  EXPECT_EQ(sent_away.high_watermark, Offset{1});
  for (const char* rack : {"", "east", "south"}) {
    const auto served = c.fetch(1, c.request(0, rack));
    EXPECT_FALSE(served.preferred_read_replica.value.present()) << rack;
    EXPECT_EQ(served.batches.size(), 1u) << rack;
  }
}

TEST(FollowerFetch, WithoutASelectorNobodyIsSentAway) {
  ClusterConfig config = with_racks();
  config.rack_aware_replica_selector = false;
  Racks c(config);
  EXPECT_FALSE(c.fetch(1, c.request(0, "west")).preferred_read_replica.value.present());
}

TEST(FollowerFetch, NobodyIsSentToWhoIsNotInTheIsrOrDoesNotReachTheOffset) {
  Racks c;
  EXPECT_FALSE(c.fetch(1, c.request(2, "west")).preferred_read_replica.value.present());
  c.kill(2);
  EXPECT_TRUE(c.until([&] { return c.controller().committed().partition(kTp)->isr.size() == 2; }));
  c.advance(seconds(1));
  EXPECT_FALSE(c.fetch(1, c.request(0, "west")).preferred_read_replica.value.present());
}

TEST(FollowerFetch, AFollowerServesUpToItsOwnHighWatermark) {
  Racks c;
  EXPECT_EQ(c.fetch(2, c.request(0)).batches.size(), 1u);
  const auto p = c.produce(1, kTp, Acks::all, 8);
  while (!c.answer<ProduceResponse>(p)) c.advance(BrokerWorld::kDelay);
  ASSERT_EQ(c.high_watermark(1), Offset{2});
  ASSERT_EQ(c.high_watermark(2), Offset{1});
  // What it does not know to be committed is not there yet, whether the consumer has come before it or behind it.
  for (const int offset : {1, 2}) {
    FetchRequest fetch = c.request(offset);
    const auto id = c.BrokerWorld::request(NodeId{2}, fetch);
    c.advance(2 * BrokerWorld::kDelay);
    const auto* answer = c.answer<FetchResponse>(id);
    ASSERT_NE(answer, nullptr);
    EXPECT_EQ(answer->partitions[0].error, Error::NONE) << offset;
    EXPECT_TRUE(answer->partitions[0].batches.empty()) << offset;
  }
}

TEST(FollowerFetch, AParkedFetchIsAnsweredWhenTheFollowersHighWatermarkMoves) {
  Racks c;
  const auto id = c.BrokerWorld::request(NodeId{2}, c.request(1, "west", 0, seconds(20)));
  c.advance(seconds(1));
  EXPECT_EQ(c.answer<FetchResponse>(id), nullptr);
  c.produce(1, kTp, Acks::all, 8);
  c.advance(seconds(1));  // replica.fetch.wait.max.ms later the follower knows that it is committed
  ASSERT_NE(c.answer<FetchResponse>(id), nullptr);
  EXPECT_EQ(c.answer<FetchResponse>(id)->partitions[0].batches.size(), 1u);
}

TEST(FollowerFetch, AFollowerRefusesOtherEpochsAndWhatItsLogDoesNotHave) {
  Racks c;
  EXPECT_EQ(c.fetch(2, c.request(2)).error, Error::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(c.count<FollowerRefusedOffset>(NodeId{2}), 1);
  EXPECT_EQ(c.fetch(2, c.request(0, "", 1)).error, Error::UNKNOWN_LEADER_EPOCH);
  c.kill(1);
  EXPECT_TRUE(c.until([&] { return c.partition(3, kTp)->leader_epoch() > LeaderEpoch{0}; }));
  const auto fenced = c.fetch(3, c.request(0));
  EXPECT_EQ(fenced.error, Error::FENCED_LEADER_EPOCH);
  EXPECT_EQ(fenced.current_leader.leader, NodeId{2});
}

TEST(FollowerFetch, OnlyTheVariantHidesTheLogEnd) {
  ClusterConfig config = with_racks();
  config.variants.set(Variant::follower_offset_range);
  Racks c(config);
  const auto p = c.produce(1, kTp, Acks::all, 8);
  while (!c.answer<ProduceResponse>(p)) c.advance(BrokerWorld::kDelay);
  const auto id = c.BrokerWorld::request(NodeId{2}, c.request(2));
  c.advance(2 * BrokerWorld::kDelay);
  ASSERT_NE(c.answer<FetchResponse>(id), nullptr);
  EXPECT_EQ(c.answer<FetchResponse>(id)->partitions[0].error, Error::OFFSET_OUT_OF_RANGE);
}

}  // namespace follower_fetch_test
}  // namespace ktrial::model
