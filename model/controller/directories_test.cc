// Goal: log directories as the controller keeps them (KIP-858). Method: brokers with two directories each, played by
// the test.
#include "model/controller/controller_for_test.h"

namespace ktrial::model {
namespace directories_test {

using Nodes = std::vector<NodeId>;
using Directories = std::vector<DirectoryId>;
const NodeId k1{1}, k2{2}, k3{3};
const DirectoryId kFirst{0}, kSecond{1}, kUnassigned;

struct DirectoriesTest : ControllerTest {
  void SetUp() override {
    ControllerTest::SetUp();
    for (int id : {1, 2, 3}) enlist_with(id, 10 * id, {kFirst, kSecond});
  }
  void enlist_with(int id, int incarnation, Directories directories) {
    p.advance(seconds(20));
    const auto r = p.ask<BrokerRegistrationResponse>(
        c, BrokerRegistrationRequest{NodeId{id}, IncarnationId{incarnation}, epochs[id], {std::move(directories)}});
    ASSERT_EQ(r.error, Error::NONE);
    epochs[id] = r.broker_epoch;
    for (int other : {1, 2, 3}) beat(other);
  }
  AssignReplicasToDirsResponse assign(int id, DirectoryId directory, TopicPartition tp = kTp) {
    return p.ask<AssignReplicasToDirsResponse>(c,
                                               AssignReplicasToDirsRequest{NodeId{id}, epochs[id], {{tp, directory}}});
  }
  void tell_offline(int id, DirectoryId directory) {
    p.ask<BrokerHeartbeatResponse>(
        c, BrokerHeartbeatRequest{NodeId{id}, epochs[id], Offset{1 << 20}, false, false, {{directory}}});
  }
  const PartitionRegistration& state() { return *p.leader().committed().partition(kTp); }
};

TEST_F(DirectoriesTest, AnAssignmentIsKept) {
  EXPECT_EQ(assign(2, kSecond).partitions.at(0).second, Error::NONE);
  EXPECT_EQ(state().directories, (Directories{kUnassigned, kSecond, kUnassigned}));
  const PartitionEpoch epoch = state().partition_epoch;
  EXPECT_EQ(assign(2, kSecond).partitions.at(0).second, Error::NONE);
  EXPECT_EQ(state().partition_epoch, epoch);
}

TEST_F(DirectoriesTest, AnAssignmentIsChecked) {
  EXPECT_EQ(assign(2, kFirst, {TopicId{9}, PartitionIndex{0}}).partitions.at(0).second, Error::UNKNOWN_TOPIC_ID);
  EXPECT_EQ(assign(2, kFirst, {TopicId{1}, PartitionIndex{7}}).partitions.at(0).second,
            Error::UNKNOWN_TOPIC_OR_PARTITION);
  ++epochs[2];
  EXPECT_EQ(assign(2, kFirst).error, Error::STALE_BROKER_EPOCH);
  EXPECT_EQ(assign(9, kFirst).error, Error::BROKER_ID_NOT_REGISTERED);
  create("single", -1, -1, {{k3}});
  EXPECT_EQ(assign(1, kFirst, {TopicId{2}, PartitionIndex{0}}).partitions.at(0).second, Error::NOT_LEADER_OR_FOLLOWER);
}

TEST_F(DirectoriesTest, WhatStandsInAnOfflineOneLeavesTheIsr) {
  const NodeId leader = state().leader;
  assign(leader.value, kSecond);
  tell_offline(leader.value, kFirst);
  EXPECT_EQ(state().leader, leader);
  EXPECT_EQ(p.leader().committed().broker(leader)->log_dirs, Directories{kSecond});
  tell_offline(leader.value, kSecond);
  EXPECT_NE(state().leader, leader);
  EXPECT_TRUE(p.leader().committed().is_active(leader));
}

TEST_F(DirectoriesTest, ALateAssignmentToAnOfflineOneCountsToo) {
  const NodeId leader = state().leader;
  tell_offline(leader.value, kFirst);
  assign(leader.value, kFirst);
  EXPECT_NE(state().leader, leader);
  EXPECT_TRUE(probed(Probe::assigned_to_offline_directory));
}

TEST_F(DirectoriesTest, ABrokerThatComesBackWithoutItIsNotElectedThere) {
  for (int id : {1, 2, 3}) assign(id, kFirst);
  enlist_with(1, 11, {kSecond});
  enlist_with(2, 21, {kSecond});
  ASSERT_EQ(state().leader, k3);
  beat(3, true);
  EXPECT_FALSE(state().leader.present());
  EXPECT_EQ(state().isr, Nodes{k3});
}

TEST_F(DirectoriesTest, WithOneDirectoryLeftNewReplicasAreThere) {
  tell_offline(1, kFirst);
  create("payments", -1, -1, {{k1, k2}});
  EXPECT_EQ(p.leader().committed().partition({TopicId{2}, PartitionIndex{0}})->directories,
            (Directories{kSecond, kUnassigned}));
}

}  // namespace directories_test
}  // namespace ktrial::model
