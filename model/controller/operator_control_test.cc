// Goal: reassignments, more partitions, deletion. Method: an operator's commands to one controller, ISR changes of
// leaders played by the test.
#include "model/controller/controller_for_test.h"

namespace ktrial::model {
namespace operator_control_test {

using Nodes = std::vector<NodeId>;
const NodeId k1{1}, k2{2}, k3{3}, k4{4};

struct OperatorTest : ControllerTest {
  explicit OperatorTest(ClusterConfig config = {}) : ControllerTest(config) {}
  void SetUp() override {
    ControllerTest::SetUp();
    epochs[4] = enlist(4, 4).broker_epoch;
    beat(4);
  }
  bool reassign(std::optional<Nodes> to) {
    return tell(AlterReassignment{{"orders", PartitionIndex{0}, std::move(to)}});
  }
  Error propose(Nodes isr) {
    AlterPartitionRequest::Partition r{
        kTp, state().leader_epoch, {}, LeaderRecoveryState::RECOVERED, state().partition_epoch};
    for (const NodeId id : isr) r.new_isr.emplace_back(id, epochs[id.value]);
    return alter(r, state().leader.value);
  }
};

TEST_F(OperatorTest, AReassignmentIsCompleteWhenItsTargetIsInSync) {
  EXPECT_TRUE(reassign(Nodes{k2, k3, k4}));
  EXPECT_EQ(state().replicas, (Nodes{k2, k3, k4, k1}));
  EXPECT_EQ(state().adding, Nodes{k4});
  EXPECT_EQ(state().removing, Nodes{k1});
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{0});
  EXPECT_EQ(propose({k1, k2, k3, k4}), Error::NEW_LEADER_ELECTED);  // the leader is not of the target
  EXPECT_EQ(state().replicas, (Nodes{k2, k3, k4}));
  EXPECT_EQ(state().isr, (Nodes{k2, k3, k4}));
  EXPECT_EQ(state().leader, k2);
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{1});
  EXPECT_FALSE(state().reassigning());
}

TEST_F(OperatorTest, TheLeaderEpochGoesUpThoughTheLeaderStays) {
  EXPECT_TRUE(reassign(Nodes{k1, k2, k4}));
  EXPECT_EQ(propose({k1, k2, k3, k4}), Error::NONE);
  EXPECT_EQ(state().leader, k1);
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{1});
}

TEST_F(OperatorTest, AllOfTheTargetMustBeInSync) {  // KAFKA-15665
  EXPECT_TRUE(reassign(Nodes{k2, k3, k4}));
  EXPECT_EQ(propose({k1, k4}), Error::NONE);
  EXPECT_TRUE(state().reassigning());
  EXPECT_EQ(state().leader, k1);
}

struct OnlyAddingTest : OperatorTest {
  static ClusterConfig config() {
    ClusterConfig c;
    c.variants.set(Variant::reassignment_complete);
    return c;
  }
  OnlyAddingTest() : OperatorTest(config()) {}
};
TEST_F(OnlyAddingTest, TheNewReplicaIsEnough) {  // R35
  EXPECT_TRUE(reassign(Nodes{k2, k3, k4}));
  EXPECT_EQ(propose({k1, k4}), Error::NEW_LEADER_ELECTED);
  EXPECT_EQ(state().isr, Nodes{k4});
  EXPECT_FALSE(state().reassigning());
}

TEST_F(OperatorTest, ACancelledReassignmentGoesBack) {
  EXPECT_FALSE(reassign(std::nullopt));
  EXPECT_TRUE(reassign(Nodes{k4}));
  EXPECT_EQ(state().replicas, (Nodes{k4, k1, k2, k3}));
  EXPECT_TRUE(reassign(std::nullopt));
  EXPECT_EQ(state().replicas, (Nodes{k1, k2, k3}));
  EXPECT_FALSE(state().reassigning());
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{1});  // 4 is no replica any more
}

TEST_F(OperatorTest, NobodyIsLeftToGoBackTo) {
  EXPECT_TRUE(reassign(Nodes{k4, k2}));
  EXPECT_EQ(propose({k1, k3, k4}), Error::NONE);
  for (const NodeId id : {k1, k3}) beat(id.value, true);
  EXPECT_EQ(state().leader, k4);
  EXPECT_FALSE(reassign(std::nullopt));  // it would take an unclean election
  EXPECT_TRUE(state().reassigning());
}

TEST_F(OperatorTest, ReassignmentsAreValidated) {
  EXPECT_FALSE(reassign(Nodes{}));
  EXPECT_FALSE(reassign(Nodes{k1, k1}));
  EXPECT_FALSE(reassign(Nodes{NodeId{7}}));
  EXPECT_FALSE(tell(AlterReassignment{{"orders", PartitionIndex{3}, Nodes{k1}}}));
  EXPECT_TRUE(reassign(Nodes{k3, k2, k1}));  // another order only
  EXPECT_EQ(state().replicas, (Nodes{k3, k2, k1}));
  EXPECT_FALSE(state().reassigning());
}

TEST_F(OperatorTest, MorePartitions) {
  EXPECT_FALSE(tell(CreatePartitions{{"orders", 1}}));
  EXPECT_FALSE(tell(CreatePartitions{{"parcels", 3}}));
  EXPECT_TRUE(tell(CreatePartitions{{"orders", 3}}));
  for (int i : {1, 2}) {
    const auto* more = p.leader().committed().partition({TopicId{1}, PartitionIndex{i}});
    ASSERT_NE(more, nullptr);
    EXPECT_EQ(more->replicas.size(), 3u);
    EXPECT_EQ(more->isr.size(), 3u);
  }
}

TEST_F(OperatorTest, ATopicIsDeletedAndCreatedAgainWithAnotherId) {
  EXPECT_TRUE(tell(DeleteTopic{{"orders"}}));
  EXPECT_EQ(p.count<TopicDeleted>(), 1);
  EXPECT_EQ(p.leader().committed().partition(kTp), nullptr);
  EXPECT_FALSE(tell(DeleteTopic{{"orders"}}));
  EXPECT_EQ(create("orders", 1, 1), Error::NONE);
  EXPECT_EQ(p.leader().committed().topic_id("orders"), TopicId{2});
}

TEST_F(OperatorTest, ConfigsOfATopicAndTheClusterWideDefaults) {
  const auto kept = [&](const char* topic) {
    return p.leader().committed().topic_config(p.leader().committed().topic_id(topic), TopicConfig()).retention_bytes;
  };
  EXPECT_EQ(create("parcels", 1, 1), Error::NONE);
  EXPECT_TRUE(alter_config("", "log.retention.bytes", "5000"));
  EXPECT_TRUE(alter_config("orders", "retention.bytes", "100"));
  EXPECT_EQ(kept("orders"), 100);
  EXPECT_EQ(kept("parcels"), 5000);
  EXPECT_TRUE(alter_config("orders", "retention.bytes", std::nullopt));
  EXPECT_EQ(kept("orders"), 5000);
  EXPECT_TRUE(alter_config("", "log.retention.bytes", std::nullopt));
  EXPECT_EQ(kept("parcels"), -1);
  EXPECT_EQ(p.count<ConfigCommitted>(), 4);  // and none of a topic that is created
}

TEST_F(OperatorTest, WhatATopicHasAlreadyIsNotWrittenWhatABrokerHasIs) {  // KAFKA-14136
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(alter_config("orders", "retention.bytes", "100"));
    EXPECT_TRUE(alter_config("", "log.retention.bytes", "100"));
  }
  EXPECT_EQ(p.count<ConfigCommitted>(), 3);
}

TEST_F(OperatorTest, ConfigsThatCannotBeAltered) {
  EXPECT_FALSE(alter_config("nothing", "retention.bytes", "1"));
  EXPECT_FALSE(alter_config("orders", "retention.bites", "1"));
  EXPECT_FALSE(alter_config("orders", "retention.bytes", "many"));
  EXPECT_FALSE(alter_config("", "retention.bytes", "1"));               // the topic's name of it
  EXPECT_FALSE(alter_config("", "broker.session.timeout.ms", "1000"));  // read at the start
  EXPECT_FALSE(tell(AlterConfigs{{{{"orders", NodeId(), "retention.bytes", "1"}, {"orders", NodeId(), "no", "1"}}}}));
  EXPECT_EQ(p.count<ConfigCommitted>(), 0);  // all or none
}

struct TieredTest : OperatorTest {
  TieredTest() : OperatorTest(tiered()) {}
  static ClusterConfig tiered() {
    ClusterConfig config;
    config.remote_log_storage_system_enable = true;
    return config;
  }
};
TEST_F(TieredTest, ATieredTopicStaysSo) {
  EXPECT_TRUE(alter_config("orders", "remote.storage.enable", "true"));
  EXPECT_FALSE(alter_config("orders", "remote.storage.enable", "false"));
  EXPECT_FALSE(alter_config("orders", "remote.storage.enable", std::nullopt));
  EXPECT_EQ(p.count<ConfigCommitted>(), 1);
}
TEST_F(OperatorTest, NoTopicIsTieredWithoutARemoteStorage) {
  EXPECT_FALSE(alter_config("orders", "remote.storage.enable", "true"));
}

}  // namespace operator_control_test
}  // namespace ktrial::model
