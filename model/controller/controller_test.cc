#include <gtest/gtest.h>

#include "model/controller/pump_for_test.h"

namespace ktrial::model {
namespace {

const TopicPartition kTp{TopicId{1}, PartitionIndex{0}};

struct ControllerTest : testing::Test {
  Pump p{1};
  NodeId c{100};
  std::map<int, BrokerEpoch> epochs;
  void beat(int id, bool fence = false) {
    p.ask<BrokerHeartbeatResponse>(c, BrokerHeartbeatRequest{NodeId{id}, epochs[id], Offset{1 << 20}, fence, false});
  }
  void SetUp() override {
    for (int id : {1, 2, 3}) {
      const auto r = p.ask<BrokerRegistrationResponse>(c, BrokerRegistrationRequest{NodeId{id}, IncarnationId{id}, {}});
      ASSERT_EQ(r.error, Error::NONE);
      epochs[id] = r.broker_epoch;
      EXPECT_FALSE(p.leader().committed().is_active(NodeId{id}));
      beat(id);
      EXPECT_TRUE(p.leader().committed().is_active(NodeId{id}));
    }
    CreateTopicsRequest create;
    create.name = "orders";
    create.assignment = {{NodeId{1}, NodeId{2}, NodeId{3}}};
    ASSERT_EQ(p.ask<CreateTopicsResponse>(c, create).error, Error::NONE);
  }
  const PartitionRegistration& state() { return *p.leader().committed().partition(kTp); }
  Error alter(AlterPartitionRequest::Partition r, int from = 1) {
    const auto a = p.ask<AlterPartitionResponse>(c, AlterPartitionRequest{NodeId{from}, epochs[from], {r}});
    return a.error != Error::NONE ? a.error : a.partitions.at(0).error;
  }
};

TEST_F(ControllerTest, AnExpiredSessionFencesAndMovesTheLeader) {
  EXPECT_EQ(state().leader, NodeId{1});
  for (int i = 0; i < 6; ++i) {
    p.advance(seconds(2));
    beat(2);
    beat(3);
  }
  EXPECT_EQ(state().leader, NodeId{2});
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{1});
  EXPECT_EQ(state().isr, (std::vector{NodeId{2}, NodeId{3}}));
  EXPECT_EQ(p.count<BrokerFenced>(), 1);
}

TEST_F(ControllerTest, AlterPartitionIsValidatedInOrder) {
  AlterPartitionRequest::Partition r{kTp,
                                     LeaderEpoch{0},
                                     {{NodeId{1}, epochs[1]}, {NodeId{2}, epochs[2]}},
                                     LeaderRecoveryState::RECOVERED,
                                     PartitionEpoch{0}};
  auto ahead = r;
  ahead.partition_epoch = PartitionEpoch{5};
  EXPECT_EQ(alter(ahead, 2), Error::NOT_CONTROLLER);
  EXPECT_EQ(alter(r, 2), Error::INVALID_REQUEST);
  auto stale = r;
  stale.new_isr[1].second = BrokerEpoch{0};
  EXPECT_EQ(alter(stale), Error::INELIGIBLE_REPLICA);
  EXPECT_EQ(alter(r), Error::NONE);
  EXPECT_EQ(state().isr.size(), 2u);
  EXPECT_EQ(alter(r), Error::INVALID_UPDATE_VERSION);
}

TEST_F(ControllerTest, ALiveBrokersIdIsNotGivenAway) {
  EXPECT_EQ(p.ask<BrokerRegistrationResponse>(c, BrokerRegistrationRequest{NodeId{1}, IncarnationId{9}, {}}).error,
            Error::DUPLICATE_BROKER_REGISTRATION);
  EXPECT_EQ(
      p.ask<BrokerRegistrationResponse>(c, BrokerRegistrationRequest{NodeId{1}, IncarnationId{1}, {}}).broker_epoch,
      epochs[1]);
}

TEST_F(ControllerTest, TheLastIsrMemberStaysWithoutALeader) {
  for (int id : {1, 2, 3}) beat(id, true);
  EXPECT_EQ(state().leader, kNoLeader);
  EXPECT_EQ(state().isr, std::vector{NodeId{3}});
  beat(2);
  EXPECT_EQ(state().leader, kNoLeader);
  beat(3);
  EXPECT_EQ(state().leader, NodeId{3});
}

}  // namespace
}  // namespace ktrial::model
