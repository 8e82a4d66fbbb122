// Goal: unclean recovery (KIP-966) as the controller decides it: when each strategy starts, whom it asks, whose answers
// count, whom it elects. Method: brokers fenced, unfenced and registered anew by the test, which also plays their
// answers, with min.insync.replicas=2 and eligible.leader.replicas.version=1.
#include "model/controller/controller_for_test.h"
#include "model/probes.h"

namespace ktrial::model {
namespace unclean_recovery_test {

using Nodes = std::vector<NodeId>;
using Strategy = UncleanRecoveryStrategy;
const NodeId k1{1}, k2{2}, k3{3};

ClusterConfig recovery_config(std::optional<Variant> variant = std::nullopt) {
  ClusterConfig config;
  config.eligible_leader_replicas = true;
  config.unclean_recovery_manager = true;
  config.unclean_recovery_timeout = seconds(60);
  config.broker_session_timeout = std::chrono::hours(1);
  if (variant) config.variants.set(*variant);
  return config;
}

struct Told {
  int epoch = 0;  // last written
  int end = 0;
  std::optional<BrokerEpoch> broker_epoch = std::nullopt;  // else that of its registration
  std::optional<LeaderEpoch> leader_epoch = std::nullopt;  // else the partition's
  Error error = Error::NONE;
};

struct RecoveryTest : ControllerTest {
  explicit RecoveryTest(const char* strategy = "Balanced", std::optional<Variant> variant = std::nullopt)
      : ControllerTest(recovery_config(variant)) {
    topic_configs = {{"min.insync.replicas", "2"}, {"unclean.recovery.strategy", strategy}};
  }
  void fence(int id) { beat(id, true); }
  void restart(int id, bool clean = false) {
    const auto r = enlist(id, ++incarnation, clean ? epochs[id] : BrokerEpoch{});
    ASSERT_EQ(r.error, Error::NONE);
    epochs[id] = r.broker_epoch;
  }
  // 2 and 3 leave the ISR, 3 and then the leader 1 stop uncleanly: nobody is eligible, 1 and 3 were.
  void lose_everybody() {
    fence(2);
    fence(3);
    restart(3);
    fence(1);
    restart(1);
  }
  // Waits until the controller asks that broker, and answers; false: it does not ask.
  bool tell(int id, Told told, Nanos wait = seconds(5)) {
    p.asked.clear();
    for (const Nanos until = p.now + wait; p.now < until; p.advance(milliseconds(50)))
      for (const auto& asked : p.asked)
        if (asked.broker == NodeId{id} && std::holds_alternative<GetReplicaLogInfoRequest>(asked.message.body)) {
          EXPECT_EQ(std::get<GetReplicaLogInfoRequest>(asked.message.body).partitions, std::vector{kTp});
          GetReplicaLogInfoResponse r{told.broker_epoch.value_or(epochs[id]),
                                      false,
                                      {{kTp, LeaderEpoch{told.epoch}, told.leader_epoch.value_or(state().leader_epoch),
                                        Offset{told.end}, told.error}}};
          const Message message{asked.message.correlation_id, r};
          const ConnectionId connection = asked.connection;
          p.run(c, [&](auto& n, Step& s) { n.on_message(s, connection, Message(message)); });
          p.advance(milliseconds(200));
          return true;
        }
    return false;
  }
  void expect_elected(NodeId leader) {
    EXPECT_EQ(state().leader, leader);
    EXPECT_EQ(state().isr, Nodes{leader});
    EXPECT_EQ(state().leader_recovery_state, LeaderRecoveryState::RECOVERING);
    EXPECT_TRUE(state().elr.empty());
    EXPECT_TRUE(state().last_known_elr.empty());
    const auto& facts = p.facts;
    const auto last = std::find_if(facts.rbegin(), facts.rend(), [](const auto& f) {
      return std::holds_alternative<PartitionStateCommitted>(f.second);
    });
    ASSERT_NE(last, facts.rend());
    EXPECT_TRUE(std::get<PartitionStateCommitted>(last->second).unclean);
    EXPECT_FALSE(std::get<PartitionStateCommitted>(last->second).last_known_leader);
    EXPECT_EQ(p.count<UncleanRecoveryElected>(), 1);
  }
  int incarnation = 100;
};

TEST_F(RecoveryTest, TheLastKnownElrIsAllThatWereEligible) {
  lose_everybody();
  EXPECT_TRUE(state().isr.empty());
  EXPECT_TRUE(state().elr.empty());
  EXPECT_EQ(state().last_known_elr, (Nodes{k1, k3}));
}

TEST_F(RecoveryTest, BalancedStartsWhenTheLastKnownElrIsBack) {
  lose_everybody();
  beat(2);
  beat(3);
  EXPECT_EQ(p.count<UncleanRecoveryStarted>(), 0);
  EXPECT_EQ(state().leader, kNoLeader);  // the last known leader is not elected either
  beat(1);
  EXPECT_EQ(p.count<UncleanRecoveryStarted>(), 1);
}

TEST_F(RecoveryTest, TheLongestLogIsElectedOnceAllHaveAnswered) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(1, {0, 10}));
  EXPECT_TRUE(tell(3, {0, 30}));
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_TRUE(tell(2, {0, 50}));
  expect_elected(k2);
}

TEST_F(RecoveryTest, TheNewestEpochComesBeforeTheHighestOffset) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(2, {0, 50}));
  EXPECT_TRUE(tell(3, {1, 10}));
  EXPECT_TRUE(tell(1, {0, 60}));
  expect_elected(k3);
}

TEST_F(RecoveryTest, ATieGoesToTheFirstOfTheAssignment) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  for (int id : {3, 2, 1}) EXPECT_TRUE(tell(id, {0, 50}));
  expect_elected(k1);
}

TEST_F(RecoveryTest, AfterTheTimeoutWhoHasNotAnsweredIsNotWaitedFor) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(1, {0, 10}));
  EXPECT_TRUE(tell(3, {0, 30}));
  p.advance(seconds(45));
  EXPECT_EQ(state().leader, kNoLeader);
  p.advance(seconds(15));
  expect_elected(k3);
  EXPECT_TRUE(probed(Probe::recovery_timed_out));
}

TEST_F(RecoveryTest, BalancedWaitsForTheLastKnownElrBeyondTheTimeout) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(2, {0, 50}));
  EXPECT_TRUE(tell(3, {0, 30}));
  p.advance(seconds(120));
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_TRUE(tell(1, {0, 10}));
  expect_elected(k2);
}

TEST_F(RecoveryTest, AMemberOfTheLastKnownElrThatIsFencedEndsTheRecovery) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(2, {0, 50}));
  fence(1);
  EXPECT_TRUE(probed(Probe::recovery_given_up));
  EXPECT_FALSE(tell(3, {0, 30}));
  beat(1);
  EXPECT_EQ(p.count<UncleanRecoveryStarted>(), 2);
  for (int id : {1, 2, 3}) EXPECT_TRUE(tell(id, {0, 10 * id}));
  expect_elected(k3);
}

TEST_F(RecoveryTest, WhatWasToldBeforeANewRegistrationDoesNotCount) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(2, {0, 50}));
  fence(2);  // its session is over
  restart(2);
  beat(2);
  EXPECT_TRUE(probed(Probe::answer_out_of_date));
  EXPECT_TRUE(tell(1, {0, 10}));
  EXPECT_TRUE(tell(3, {0, 30}));
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_TRUE(tell(2, {0, 20}));
  expect_elected(k3);
}

TEST_F(RecoveryTest, AnAnswerOfAnotherEpochOrWithAnErrorIsAskedForAgain) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(1, {0, 90, BrokerEpoch{1}}));
  EXPECT_TRUE(probed(Probe::log_info_of_former_registration));
  EXPECT_TRUE(tell(2, {0, 90, std::nullopt, LeaderEpoch{0}}));
  EXPECT_TRUE(probed(Probe::log_info_of_other_epoch));
  EXPECT_TRUE(tell(3, {0, 90, std::nullopt, std::nullopt, Error::KAFKA_STORAGE_ERROR}));
  EXPECT_TRUE(probed(Probe::log_info_error));
  EXPECT_EQ(state().leader, kNoLeader);
  for (int id : {1, 2, 3}) EXPECT_TRUE(tell(id, {0, 10 * id}));
  expect_elected(k3);
}

TEST_F(RecoveryTest, ALateAnswerIsNoAnswer) {
  lose_everybody();
  p.asked.clear();
  for (int id : {1, 2, 3}) beat(id);
  const auto old = p.asked.front();
  p.advance(seconds(2));  // it was given up
  GetReplicaLogInfoResponse r{epochs[1], false, {{kTp, LeaderEpoch{0}, state().leader_epoch, Offset{90}, Error::NONE}}};
  p.run(c, [&](auto& n, Step& s) { n.on_message(s, old.connection, Message{old.message.correlation_id, r}); });
  EXPECT_EQ(p.count<ReplicaLogInfoReceived>(), 0);
  for (int id : {1, 2, 3}) EXPECT_TRUE(tell(id, {0, 10 * id}));
  expect_elected(k3);
}

TEST_F(RecoveryTest, ANewControllerStartsAnew) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(1, {0, 90}));
  p.restart(c);
  p.advance(seconds(10));
  EXPECT_EQ(p.active(), c);
  EXPECT_EQ(p.count<UncleanRecoveryStarted>(), 2);
  EXPECT_TRUE(tell(2, {0, 20}));
  EXPECT_TRUE(tell(3, {0, 30}));
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_TRUE(tell(1, {0, 10}));
  expect_elected(k3);
}

TEST_F(RecoveryTest, AnOperatorMayAskForMoreThanTheStrategy) {
  lose_everybody();
  beat(2);
  EXPECT_EQ(elect(ElectionType::longest_log_balanced), Error::NONE);
  EXPECT_FALSE(tell(2, {0, 50}));
  EXPECT_EQ(elect(ElectionType::longest_log_aggressive), Error::NONE);
  EXPECT_TRUE(tell(2, {0, 50}));
  expect_elected(k2);
  EXPECT_EQ(elect(ElectionType::unclean), Error::ELECTION_NOT_NEEDED);
}

TEST_F(RecoveryTest, AnOperatorCannotHaveALeaderOfNobody) {
  lose_everybody();
  fence(2);
  EXPECT_EQ(elect(ElectionType::unclean), Error::ELIGIBLE_LEADERS_NOT_AVAILABLE);
}

struct AggressiveTest : RecoveryTest {
  AggressiveTest() : RecoveryTest("Aggressive") {}
};
TEST_F(AggressiveTest, DoesNotWaitForFencedEligibleReplicas) {
  fence(2);
  fence(3);
  fence(1);
  EXPECT_EQ(state().elr, (Nodes{k1, k3}));
  beat(2);
  EXPECT_EQ(p.count<UncleanRecoveryStarted>(), 1);
  EXPECT_TRUE(tell(2, {0, 5}));
  expect_elected(k2);
}
TEST_F(AggressiveTest, AnEligibleReplicaThatComesBackIsElectedInstead) {
  fence(2);
  fence(3);
  fence(1);
  beat(2);
  beat(3);
  EXPECT_EQ(state().leader, k3);
  EXPECT_EQ(state().leader_recovery_state, LeaderRecoveryState::RECOVERED);
  EXPECT_FALSE(tell(2, {0, 5}));
  EXPECT_EQ(p.count<UncleanRecoveryElected>(), 0);
}
TEST_F(AggressiveTest, WaitsForEveryActiveReplicaUpToTheTimeout) {
  lose_everybody();
  for (int id : {2, 3}) beat(id);
  EXPECT_TRUE(tell(2, {0, 5}));
  EXPECT_EQ(state().leader, kNoLeader);
  p.advance(seconds(61));
  expect_elected(k2);
}
TEST_F(AggressiveTest, TheFirstAnswerAfterTheTimeoutWill) {
  lose_everybody();
  for (int id : {2, 3}) beat(id);
  p.advance(seconds(61));
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_TRUE(tell(3, {0, 5}));
  expect_elected(k3);
}

struct NoneTest : RecoveryTest {
  NoneTest() : RecoveryTest("None") {}
};
TEST_F(NoneTest, WaitsForAnOperator) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_FALSE(tell(1, {0, 5}));
  EXPECT_EQ(p.count<UncleanRecoveryStarted>(), 0);
  EXPECT_EQ(elect(ElectionType::unclean), Error::NONE);
  for (int id : {1, 2, 3}) EXPECT_TRUE(tell(id, {0, 10 * id}));
  expect_elected(k3);
}

TEST(UncleanRecoveryStrategy, IsWhatUncleanElectionAmountsToIfItIsNotGiven) {
  TopicConfig topic;
  EXPECT_EQ(unclean_recovery_strategy(topic), Strategy::balanced);
  topic.unclean_leader_election_enable = true;
  EXPECT_EQ(unclean_recovery_strategy(topic), Strategy::aggressive);
  topic.unclean_recovery_strategy = Strategy::none;
  EXPECT_EQ(unclean_recovery_strategy(topic), Strategy::none);
}

// ---- Without the manager nothing of it is there.
struct NoManagerTest : ControllerTest {
  static ClusterConfig without() {
    ClusterConfig config = recovery_config();
    config.unclean_recovery_manager = false;
    return config;
  }
  NoManagerTest() : ControllerTest(without()) {
    topic_configs = {{"min.insync.replicas", "2"}, {"unclean.recovery.strategy", "Aggressive"}};
  }
};
TEST_F(NoManagerTest, TheStrategyMeansNothing) {
  for (int id : {2, 3, 1}) beat(id, true);
  beat(2);
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_EQ(state().last_known_elr, Nodes{k1});
  EXPECT_TRUE(p.asked.empty());
  EXPECT_EQ(elect(ElectionType::longest_log_balanced), Error::INVALID_REQUEST);
  EXPECT_EQ(elect(ElectionType::unclean), Error::NONE);
  EXPECT_EQ(state().leader, k2);
}

// ---- Variants
template <Variant v>
struct VariantTest : RecoveryTest {
  VariantTest() : RecoveryTest("Balanced", v) {}
};
using FirstAnswer = VariantTest<Variant::recovery_choice>;
TEST_F(FirstAnswer, IsElected) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(3, {0, 1}));
  expect_elected(k3);
}
using OffsetFirst = VariantTest<Variant::recovery_order>;
TEST_F(OffsetFirst, TakesTheLogOfAnOlderEpoch) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(2, {0, 50}));
  EXPECT_TRUE(tell(3, {1, 10}));
  EXPECT_TRUE(tell(1, {0, 40}));
  expect_elected(k2);
}
using AnyBrokerEpoch = VariantTest<Variant::recovery_broker_epoch>;
TEST_F(AnyBrokerEpoch, WhatWasToldBeforeANewRegistrationCounts) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_TRUE(tell(2, {0, 50}));
  fence(2);  // its session is over
  restart(2);
  beat(2);
  EXPECT_TRUE(tell(1, {0, 10}));
  EXPECT_TRUE(tell(3, {0, 30}));
  expect_elected(k2);
}
using AnyLeaderEpoch = VariantTest<Variant::recovery_leader_epoch>;
TEST_F(AnyLeaderEpoch, WhoStillFollowsCounts) {
  lose_everybody();
  for (int id : {1, 2, 3}) beat(id);
  for (int id : {1, 2, 3}) EXPECT_TRUE(tell(id, {0, 10 * id, std::nullopt, LeaderEpoch{0}}));
  expect_elected(k3);
}
using AnyReplica = VariantTest<Variant::recovery_balanced>;
TEST_F(AnyReplica, IsElectedWithoutTheLastKnownElr) {
  lose_everybody();
  beat(2);
  EXPECT_TRUE(tell(2, {0, 5}));
  expect_elected(k2);
}

}  // namespace unclean_recovery_test
}  // namespace ktrial::model
