#include <gtest/gtest.h>

#include "model/controller/pump_for_test.h"

namespace ktrial::model {
namespace {

TEST(Quorum, ThreeVotersElectOneLeaderWhichCommits) {
  Pump p(3);
  p.advance(seconds(5));
  EXPECT_EQ(p.count<QuorumLeaderElected>(), 1);
  const NodeId leader = p.active();
  ASSERT_TRUE(leader.present());
  for (auto& [id, n] : p.nodes) {
    EXPECT_EQ(n.quorum().leader(), leader);
    EXPECT_GT(n.quorum().high_watermark(), Offset{3});
  }
}

TEST(Quorum, SingleVoterLeadsAtOnceAndARestartTakesANewEpoch) {
  Pump p(1);
  EXPECT_TRUE(p.active().present());
  const QuorumEpoch before = p.leader().quorum().epoch();
  p.restart(NodeId{100});
  EXPECT_GT(p.leader().quorum().epoch(), before);
}

TEST(Quorum, CheckQuorumDeposesAnIsolatedLeaderAndItsTailIsTruncated) {
  Pump p(3);
  p.advance(seconds(5));
  const NodeId old = p.active();
  p.down.insert(old);
  p.advance(seconds(10));
  EXPECT_EQ(p.count<QuorumResigned>() > 0, true);
  ASSERT_TRUE(p.active().present());
  EXPECT_NE(p.active(), old);
  p.down.clear();
  p.advance(seconds(10));
  EXPECT_GT(p.count<MetadataTruncated>(), 0);
  EXPECT_EQ(p.count<ProbeHit>(), 0);
  Offset low{1 << 30}, high{0};
  for (auto& [id, n] : p.nodes) {
    low = std::min(low, n.quorum().high_watermark());
    high = std::max(high, n.quorum().high_watermark());
  }
  EXPECT_LE(high - low, 2);
}

VoteResponse vote_after_restart(Variants::Vote variant) {
  ClusterConfig c;
  c.variants.quorum_vote = variant;
  Pump p(3, c);
  const auto request = [](int candidate) {
    return VoteRequest{NodeId{candidate}, NodeId{100}, QuorumEpoch{7}, QuorumEpoch{3}, Offset{9}};
  };
  EXPECT_TRUE(p.ask<VoteResponse>(NodeId{100}, request(101), Nanos(0)).vote_granted);
  EXPECT_FALSE(p.ask<VoteResponse>(NodeId{100}, request(102), Nanos(0)).vote_granted);
  p.restart(NodeId{100});
  return p.ask<VoteResponse>(NodeId{100}, request(102), Nanos(0));
}

TEST(Quorum, AVoteSurvivesARestart) { EXPECT_FALSE(vote_after_restart(Variants::Vote::durable).vote_granted); }
TEST(Quorum, VariantVolatileVoteIsForgotten) {
  EXPECT_TRUE(vote_after_restart(Variants::Vote::volatile_).vote_granted);
}

TEST(Quorum, EndOfEpochFindsTheLargestNotAbove) {
  const auto one = std::make_shared<const std::vector<MetadataRecord>>(std::vector<MetadataRecord>{NoOpRecord{}});
  const std::vector<MetadataBatch> log{{Offset{0}, QuorumEpoch{1}, one}, {Offset{1}, QuorumEpoch{3}, one}};
  EXPECT_EQ(end_of_epoch(log, QuorumEpoch{2}).end, Offset{1});
  EXPECT_EQ(end_of_epoch(log, QuorumEpoch{2}).epoch, QuorumEpoch{1});
  EXPECT_EQ(end_of_epoch(log, QuorumEpoch{0}).end, Offset{0});
}

}  // namespace
}  // namespace ktrial::model
