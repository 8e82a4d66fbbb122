// Goal: each variant of the controller shows, beside today's rule. Method: one controller, brokers played by the test.
#include "model/controller/controller_for_test.h"

namespace ktrial::model {
namespace controller_variants_test {

using Nodes = std::vector<NodeId>;

ClusterConfig with(std::optional<Variant> variant) {
  ClusterConfig config;
  if (variant) config.variants.set(*variant);
  return config;
}
// The same story under Kafka's rule (false) and under the variant (true).
struct Story : ControllerTest {
  Story(Variant v, bool on) : ControllerTest(with(on ? std::optional(v) : std::nullopt)) { SetUp(); }
  void TestBody() override {}
  AlterPartitionRequest::Partition proposal(std::vector<int> isr) {
    AlterPartitionRequest::Partition r{
        kTp, state().leader_epoch, {}, LeaderRecoveryState::RECOVERED, state().partition_epoch};
    for (const int id : isr) r.new_isr.emplace_back(NodeId{id}, epochs[id]);
    return r;
  }
};

TEST(ControllerVariants, NewerEpochs) {  // R22
  for (const bool on : {false, true}) {
    Story s(Variant::newer_epoch_at_controller, on);
    auto ahead = s.proposal({1, 2});
    ahead.partition_epoch = ahead.partition_epoch + 1;
    EXPECT_EQ(s.alter(ahead), on ? Error::INVALID_UPDATE_VERSION : Error::NOT_CONTROLLER);
    ahead.leader_epoch = ahead.leader_epoch + 1;
    EXPECT_EQ(s.alter(ahead), on ? Error::FENCED_LEADER_EPOCH : Error::NOT_CONTROLLER);
  }
}

TEST(ControllerVariants, AFencedBrokerJoinsTheIsr) {  // R23
  for (const bool on : {false, true}) {
    Story s(Variant::isr_eligibility, on);
    s.beat(2, true);
    EXPECT_EQ(s.alter(s.proposal({1, 3, 2})), on ? Error::NONE : Error::INELIGIBLE_REPLICA);
    EXPECT_EQ(s.state().isr.size(), on ? 3u : 2u);
  }
}

TEST(ControllerVariants, SessionsThatExpireTogether) {  // C01
  for (const bool on : {false, true}) {
    Story s(Variant::session_expiry, on);
    // Both are heard last at one instant, so that one pass finds both sessions run out.
    for (int id : {1, 2})
      s.p.run(s.c, [&](auto& n, Step& step) {
        n.on_message(
            step, ConnectionId{NodeId{999}, 7},
            Message{1000 + id, BrokerHeartbeatRequest{NodeId{id}, s.epochs[id], Offset{1 << 20}, false, false}});
      });
    for (int i = 0; i < 6; ++i) {
      s.p.advance(seconds(2));
      s.beat(3);
    }
    EXPECT_EQ(s.p.leader().committed().is_active(s.state().leader), !on);
  }
}

TEST(ControllerVariants, ARepeatedRegistration) {  // C02
  for (const bool on : {false, true}) {
    Story s(Variant::same_incarnation, on);
    EXPECT_EQ(s.enlist(2, 2).broker_epoch == s.epochs[2], !on);
    EXPECT_EQ(s.beat(2).error, on ? Error::STALE_BROKER_EPOCH : Error::NONE);
  }
}

TEST(ControllerVariants, UnfencedBehindTheLogEnd) {  // C03
  for (const bool on : {false, true}) {
    Story s(Variant::unfence, on);
    s.beat(2, true);
    EXPECT_EQ(s.beat(2, false, false, static_cast<int>(s.epochs[2].value)).is_fenced, on);
    EXPECT_FALSE(s.beat(2).is_fenced);
  }
}

TEST(ControllerVariants, TheFirstIsr) {  // C05
  for (const bool on : {false, true}) {
    Story s(Variant::initial_isr, on);
    s.beat(1, true);
    EXPECT_EQ(s.create("x", -1, -1, {{NodeId{1}, NodeId{2}}}), Error::NONE);
    const auto& x = *s.p.leader().committed().partition({TopicId{2}, PartitionIndex{0}});
    EXPECT_EQ(x.leader, NodeId{on ? 1 : 2});
    EXPECT_EQ(x.isr.size(), on ? 2u : 1u);
  }
}

TEST(ControllerVariants, ThePartitionEpochOfAnAnswer) {  // C06
  for (const bool on : {false, true}) {
    Story s(Variant::partition_epoch_reply, on);
    const PartitionEpoch before = s.state().partition_epoch;
    const auto a =
        s.p.ask<AlterPartitionResponse>(s.c, AlterPartitionRequest{NodeId{1}, s.epochs[1], {s.proposal({1, 2})}});
    EXPECT_EQ(a.partitions.at(0).partition_epoch, on ? before : before + 1);
    EXPECT_EQ(s.state().partition_epoch, before + 1);
  }
}

TEST(ControllerVariants, AControllerThatWasDeposed) {  // C07
  for (const bool on : {false, true}) {
    Pump p(3, with(on ? std::optional(Variant::controller_revert) : std::nullopt));
    p.advance(seconds(10));
    const NodeId old = p.active();
    ASSERT_TRUE(old.present());
    for (auto& [id, n] : p.nodes)
      if (id != old) p.down.insert(id);
    // Nobody follows, so this is never committed.
    p.ask<BrokerRegistrationResponse>(old, BrokerRegistrationRequest{NodeId{1}, IncarnationId{1}, {}});
    p.down = {old};
    p.advance(seconds(20));
    ASSERT_TRUE(p.active().present());
    ASSERT_NE(p.active(), old);
    p.down.clear();
    p.advance(seconds(5));
    // It leads again: the others fall silent one after the other.
    NodeId now = p.active();
    for (int i = 0; i < 20 && now != old; ++i) {
      p.down = {now};
      p.advance(seconds(10));
      p.down.clear();
      p.advance(seconds(5));
      now = p.active();
    }
    ASSERT_EQ(now, old);
    EXPECT_EQ(p.nodes.at(old).committed().broker(NodeId{1}), nullptr);
    EXPECT_EQ(p.nodes.at(old).knows(NodeId{1}), on);
  }
}

TEST(ControllerVariants, LeaveToShutDown) {  // C10
  for (const bool on : {false, true}) {
    Story s(Variant::shutdown_grant, on);
    const int before = static_cast<int>(s.p.leader().committed().next_offset().value) - 1;
    for (int id : {2, 3}) s.beat(id, false, false, before);
    EXPECT_FALSE(s.beat(1, false, true).should_shut_down);
    EXPECT_EQ(s.beat(1, false, true).should_shut_down, on);
    EXPECT_EQ(s.p.count<ShutdownGranted>(), on ? 1 : 0);
  }
}

TEST(ControllerVariants, ALiveBrokersId) {  // C11
  for (const bool on : {false, true}) {
    Story s(Variant::duplicate_registration, on);
    EXPECT_EQ(s.enlist(1, 9).error, on ? Error::NONE : Error::DUPLICATE_BROKER_REGISTRATION);
    EXPECT_EQ(s.beat(1).error, on ? Error::STALE_BROKER_EPOCH : Error::NONE);
  }
}

}  // namespace controller_variants_test
}  // namespace ktrial::model
