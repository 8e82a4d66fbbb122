// Goal: eligible leader replicas (KIP-966) as the controller keeps them. Method: brokers fenced, unfenced and
// registered anew by the test, with min.insync.replicas=2 and eligible.leader.replicas.version=1.
#include "model/controller/controller_for_test.h"

namespace ktrial::model {
namespace elr_test {

using Nodes = std::vector<NodeId>;
const NodeId k1{1}, k2{2}, k3{3};

ClusterConfig elr_config(std::optional<Variant> variant = std::nullopt) {
  ClusterConfig config;
  config.eligible_leader_replicas = true;
  if (variant) config.variants.set(*variant);
  return config;
}

struct ElrTest : ControllerTest {
  explicit ElrTest(std::optional<Variant> variant = std::nullopt) : ControllerTest(elr_config(variant)) {
    topic_configs = {{"min.insync.replicas", "2"}};
  }
  void fence(int id) { beat(id, true); }
  // The broker's process ends and comes back, with the epoch of its clean-shutdown file or without one.
  void restart(int id, bool clean) {
    const auto r = enlist(id, 10 * id, clean ? epochs[id] : BrokerEpoch{});
    ASSERT_EQ(r.error, Error::NONE);
    epochs[id] = r.broker_epoch;
  }
  Nodes sorted_elr() {
    Nodes elr = state().elr;
    std::sort(elr.begin(), elr.end());
    return elr;
  }
  bool last_election_was(bool unclean, bool last_known = false) {
    for (auto it = p.facts.rbegin(); it != p.facts.rend(); ++it)
      if (const auto* f = std::get_if<PartitionStateCommitted>(&it->second);
          f && f->leader_changed && f->leader.present())
        return f->unclean == unclean && f->last_known_leader == last_known;
    return false;
  }
};

TEST_F(ElrTest, WhoLeavesAnIsrBelowTheMinimumStaysEligible) {  // T15
  fence(2);
  EXPECT_EQ(state().isr, (Nodes{k1, k3}));
  EXPECT_TRUE(state().elr.empty());
  fence(3);
  EXPECT_EQ(state().isr, Nodes{k1});
  EXPECT_EQ(state().elr, Nodes{k3});
  EXPECT_TRUE(state().last_known_elr.empty());
  fence(1);
  EXPECT_TRUE(state().isr.empty());
  EXPECT_EQ(sorted_elr(), (Nodes{k1, k3}));
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_EQ(state().last_known_elr, Nodes{k1});
  beat(2);
  EXPECT_EQ(state().leader, kNoLeader);  // it is not eligible
  restart(3, true);
  beat(3);
  EXPECT_EQ(state().leader, k3);
  EXPECT_EQ(state().isr, Nodes{k3});
  EXPECT_EQ(state().elr, Nodes{k1});
  EXPECT_TRUE(state().last_known_elr.empty());
  EXPECT_EQ(state().leader_recovery_state, LeaderRecoveryState::RECOVERED);
  EXPECT_TRUE(last_election_was(false));
}

TEST_F(ElrTest, AFullEnoughIsrLeavesNobodyEligible) {
  for (int id : {2, 3}) fence(id);
  EXPECT_EQ(state().elr, Nodes{k3});
  beat(2);
  AlterPartitionRequest::Partition r{kTp,
                                     state().leader_epoch,
                                     {{k1, epochs[1]}, {k2, epochs[2]}},
                                     LeaderRecoveryState::RECOVERED,
                                     state().partition_epoch};
  EXPECT_EQ(alter(r), Error::NONE);
  EXPECT_TRUE(state().elr.empty());
}

TEST_F(ElrTest, WhoStoppedUncleanlyIsNotEligible) {
  for (int id : {2, 3}) fence(id);
  restart(3, false);
  EXPECT_TRUE(state().elr.empty());
  // The last member of the ISR may lose data as well: nobody is left but as the last known leader.
  fence(1);
  EXPECT_EQ(state().elr, Nodes{k1});
  restart(1, false);
  EXPECT_TRUE(state().isr.empty());
  EXPECT_TRUE(state().elr.empty());
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_EQ(state().last_known_elr, Nodes{k1});
  beat(3);
  EXPECT_EQ(state().leader, kNoLeader);
  beat(1);
  EXPECT_EQ(state().leader, k1);
  EXPECT_EQ(state().isr, Nodes{k1});
  EXPECT_TRUE(state().last_known_elr.empty());
  EXPECT_EQ(state().leader_recovery_state, LeaderRecoveryState::RECOVERING);
  EXPECT_TRUE(last_election_was(true, true));
}

TEST_F(ElrTest, TheLeaderAloneThatLostDataYieldsToAnEligibleReplica) {  // R28, mended
  for (int id : {2, 3}) fence(id);
  beat(3);  // unfenced, but not caught up: eligible
  fence(1);
  EXPECT_EQ(state().leader, k3);
  EXPECT_EQ(state().isr, Nodes{k3});
  EXPECT_EQ(state().elr, Nodes{k1});
  restart(1, false);
  EXPECT_TRUE(state().elr.empty());
}

TEST_F(ElrTest, TheMinimumIsCappedByTheReplicas) {
  CreateTopicsRequest create;
  create.name = "one";
  create.assignment = {{k1}};
  create.configs = {{"min.insync.replicas", "2"}};
  const TopicPartition one{p.ask<CreateTopicsResponse>(c, create).id, PartitionIndex{0}};
  fence(1);
  const auto& state = *p.leader().committed().partition(one);
  EXPECT_TRUE(state.isr.empty());
  EXPECT_EQ(state.elr, Nodes{k1});
  beat(1);
  EXPECT_EQ(p.leader().committed().partition(one)->leader, k1);
  EXPECT_TRUE(p.leader().committed().partition(one)->elr.empty());
}

TEST_F(ElrTest, AnotherMinimumTakesEligibilityAway) {
  for (int id : {2, 3, 1}) fence(id);
  EXPECT_EQ(sorted_elr(), (Nodes{k1, k3}));
  const PartitionEpoch before = state().partition_epoch;
  EXPECT_TRUE(alter_config("orders", "min.insync.replicas", "2"));  // as it was
  EXPECT_EQ(state().partition_epoch, before);
  EXPECT_TRUE(alter_config("orders", "retention.ms", "1000"));
  EXPECT_EQ(sorted_elr(), (Nodes{k1, k3}));
  EXPECT_TRUE(alter_config("orders", "min.insync.replicas", "1"));
  EXPECT_TRUE(state().elr.empty());
  EXPECT_TRUE(state().last_known_elr.empty());
  EXPECT_EQ(state().partition_epoch, before + 1);
  const auto& told =
      std::get<PartitionStateCommitted>(std::find_if(p.facts.rbegin(), p.facts.rend(), [](const auto& f) {
                                          return std::holds_alternative<PartitionStateCommitted>(f.second);
                                        })->second);
  EXPECT_TRUE(told.elr.empty());
  EXPECT_FALSE(told.created);
  EXPECT_FALSE(told.leader_changed);
  EXPECT_EQ(told.min_isr, 1);
  // A hole of Kafka's: each of them has everything, and none may lead.
  for (int id : {1, 2, 3}) beat(id);
  EXPECT_EQ(state().leader, kNoLeader);
}

TEST_F(ElrTest, AnotherMinimumOfTheClusterTakesEligibilityAwayOfAllTopics) {
  for (int id : {2, 3}) fence(id);
  EXPECT_EQ(state().elr, Nodes{k3});
  EXPECT_FALSE(alter_config("", "min.insync.replicas", std::nullopt));
  EXPECT_FALSE(tell(AlterConfigs{{{{"", k1, "min.insync.replicas", "1"}}}}));
  EXPECT_EQ(state().elr, Nodes{k3});
  EXPECT_TRUE(alter_config("", "min.insync.replicas", "1"));  // the topic's own is another
  EXPECT_TRUE(state().elr.empty());
}

struct KeepsElrTest : ElrTest {
  KeepsElrTest() : ElrTest(Variant::min_isr_change) {}
};
TEST_F(KeepsElrTest, WhoMayHaveLessStaysEligible) {
  for (int id : {2, 3}) fence(id);
  EXPECT_TRUE(alter_config("orders", "min.insync.replicas", "1"));
  EXPECT_EQ(state().elr, Nodes{k3});
}

struct RestartsAsCleanTest : ElrTest {
  RestartsAsCleanTest() : ElrTest(Variant::unclean_restart) {}
};
TEST_F(RestartsAsCleanTest, AReplicaThatLostDataIsElected) {  // R30
  for (int id : {2, 3}) fence(id);
  restart(3, false);
  EXPECT_EQ(state().elr, Nodes{k3});
  fence(1);
  beat(3);
  EXPECT_EQ(state().leader, k3);
  EXPECT_TRUE(last_election_was(false));
}

struct AnyLastKnownLeaderTest : ElrTest {
  AnyLastKnownLeaderTest() : ElrTest(Variant::last_known_leader) {}
};
TEST_F(AnyLastKnownLeaderTest, AFencedBrokerIsElected) {  // R29
  for (int id : {2, 3}) fence(id);
  restart(3, false);
  fence(1);
  restart(1, false);
  beat(3);
  EXPECT_EQ(state().leader, k1);
  EXPECT_FALSE(p.leader().committed().is_active(k1));
}

}  // namespace elr_test
}  // namespace ktrial::model
