#include "model/controller/controller_for_test.h"

namespace ktrial::model {
namespace controller_test {

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
  auto unknown = r;
  unknown.partition.topic = TopicId{9};
  EXPECT_EQ(alter(unknown), Error::UNKNOWN_TOPIC_ID);
  epochs[1] = BrokerEpoch{0};
  EXPECT_EQ(alter(r), Error::STALE_BROKER_EPOCH);
  for (const Probe probe :
       {Probe::alter_not_controller, Probe::alter_invalid_request, Probe::alter_ineligible_replica,
        Probe::alter_invalid_update_version, Probe::alter_unknown_partition, Probe::alter_stale_broker_epoch})
    EXPECT_TRUE(probed(probe)) << probe_name(probe);
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

TEST_F(ControllerTest, AFencedBrokersIdGoesToANewIncarnationAtOnce) {
  beat(2, true);
  const auto again = enlist(2, 22);
  EXPECT_EQ(again.error, Error::NONE);
  EXPECT_GT(again.broker_epoch, epochs[2]);
  EXPECT_EQ(beat(2).error, Error::STALE_BROKER_EPOCH);  // the old incarnation
}

TEST_F(ControllerTest, AHeartbeatBeforeRegistrationIsStale) {
  epochs[9] = BrokerEpoch{3};
  EXPECT_EQ(beat(9).error, Error::STALE_BROKER_EPOCH);
}

TEST_F(ControllerTest, ABrokerIsUnfencedOnceItHasAppliedItsRegistration) {
  beat(2, true);
  epochs[2] = enlist(2, 22).broker_epoch;
  const auto behind = beat(2, false, false, static_cast<int>(epochs[2].value) - 1);
  EXPECT_FALSE(behind.is_caught_up);
  EXPECT_TRUE(behind.is_fenced);
  const auto there = beat(2, false, false, static_cast<int>(epochs[2].value));
  EXPECT_TRUE(there.is_caught_up);
  EXPECT_FALSE(there.is_fenced);
}

TEST_F(ControllerTest, ANewIncarnationLeavesTheIsrAsIfFenced) {
  // Its session has run out, the sweep has not come yet: broker 2 is still unfenced and in the ISR.
  for (int i = 0; i < 4; ++i) {
    p.advance(seconds(2));
    beat(1);
    beat(3);
  }
  p.advance(milliseconds(900));
  const LeaderEpoch before = state().leader_epoch;
  beat(2, true);
  EXPECT_EQ(enlist(2, 22).error, Error::NONE);
  EXPECT_EQ(state().isr, (std::vector{NodeId{1}, NodeId{3}}));
  EXPECT_EQ(state().leader_epoch, before);  // a shrink alone keeps the leader epoch
}

TEST_F(ControllerTest, TwoExpiredSessionsAreFencedOneAPass) {
  for (int i = 0; i < 6; ++i) {
    p.advance(seconds(2));
    beat(3);
  }
  EXPECT_EQ(p.count<BrokerFenced>(), 2);
  EXPECT_EQ(state().leader, NodeId{3});
  EXPECT_EQ(state().isr, std::vector{NodeId{3}});
  // The first pass made 2 the leader, since 2 was not fenced yet.
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{2});
}

TEST_F(ControllerTest, ControlledShutdownMovesTheLeaderAndWaitsForTheActiveBrokers) {
  const int before = static_cast<int>(p.leader().committed().next_offset().value) - 1;
  beat(2, false, false, before);
  beat(3, false, false, before);
  const auto first = beat(1, false, true);
  EXPECT_FALSE(first.should_shut_down);
  EXPECT_FALSE(first.is_fenced);
  EXPECT_TRUE(p.leader().committed().broker(NodeId{1})->in_controlled_shutdown);
  EXPECT_EQ(state().leader, NodeId{2});
  EXPECT_EQ(state().leader_epoch, LeaderEpoch{1});
  EXPECT_EQ(state().isr, (std::vector{NodeId{2}, NodeId{3}}));
  EXPECT_FALSE(beat(1, false, true).should_shut_down);  // 2 and 3 have not seen it
  beat(2);
  EXPECT_FALSE(beat(1, false, true).should_shut_down);
  beat(3);
  const auto last = beat(1, false, true);
  EXPECT_TRUE(last.should_shut_down);
  EXPECT_TRUE(last.is_fenced);
  EXPECT_TRUE(p.leader().committed().broker(NodeId{1})->fenced);
}

TEST_F(ControllerTest, ANewControllerForgetsWhoWasShuttingDownAndGivesFullSessions) {
  p.advance(seconds(5));
  for (int id : {1, 2, 3}) beat(id, false, false, 0);
  EXPECT_FALSE(beat(1, false, true).should_shut_down);
  p.restart(c);
  p.advance(seconds(3));
  ASSERT_TRUE(p.active().present());
  // It leads nothing any more and the soft state is gone: Kafka lets it go at once.
  EXPECT_TRUE(beat(1, false, true).should_shut_down);
  p.advance(seconds(5));
  EXPECT_FALSE(p.leader().committed().broker(NodeId{2})->fenced);
  p.advance(seconds(2));
  EXPECT_TRUE(p.leader().committed().broker(NodeId{2})->fenced);
}

TEST_F(ControllerTest, AnUncleanLeaderIsRecoveringUntilItsNextAlterPartition) {  // KIP-704
  for (int id : {2, 3, 1}) beat(id, true);
  beat(2);
  EXPECT_EQ(state().isr, std::vector{NodeId{1}});
  EXPECT_EQ(elect(ElectionType::unclean), Error::NONE);
  EXPECT_EQ(state().leader, NodeId{2});
  EXPECT_EQ(state().isr, std::vector{NodeId{2}});
  EXPECT_EQ(state().leader_recovery_state, LeaderRecoveryState::RECOVERING);
  beat(3);
  AlterPartitionRequest::Partition r{kTp,
                                     state().leader_epoch,
                                     {{NodeId{2}, epochs[2]}, {NodeId{3}, epochs[3]}},
                                     LeaderRecoveryState::RECOVERING,
                                     state().partition_epoch};
  EXPECT_EQ(alter(r, 2), Error::INVALID_REQUEST);  // two members while recovering
  r.leader_recovery_state = LeaderRecoveryState::RECOVERED;
  EXPECT_EQ(alter(r, 2), Error::NONE);
  EXPECT_EQ(state().leader_recovery_state, LeaderRecoveryState::RECOVERED);
  r.partition_epoch = state().partition_epoch;
  r.new_isr.pop_back();
  r.leader_recovery_state = LeaderRecoveryState::RECOVERING;
  EXPECT_EQ(alter(r, 2), Error::INVALID_REQUEST);  // never back
}

TEST_F(ControllerTest, ElectLeadersErrors) {
  EXPECT_EQ(elect(ElectionType::preferred), Error::ELECTION_NOT_NEEDED);
  EXPECT_EQ(elect(ElectionType::unclean), Error::ELECTION_NOT_NEEDED);
  beat(1, true);
  EXPECT_EQ(elect(ElectionType::preferred), Error::PREFERRED_LEADER_NOT_AVAILABLE);
  beat(1);
  EXPECT_EQ(elect(ElectionType::preferred), Error::PREFERRED_LEADER_NOT_AVAILABLE);  // active, not in the ISR
  AlterPartitionRequest::Partition r{kTp,
                                     state().leader_epoch,
                                     {{NodeId{2}, epochs[2]}, {NodeId{3}, epochs[3]}, {NodeId{1}, epochs[1]}},
                                     LeaderRecoveryState::RECOVERED,
                                     state().partition_epoch};
  EXPECT_EQ(alter(r, 2), Error::NONE);
  const LeaderEpoch before = state().leader_epoch;
  EXPECT_EQ(elect(ElectionType::preferred), Error::NONE);
  EXPECT_EQ(state().leader, NodeId{1});
  EXPECT_EQ(state().leader_epoch, before + 1);
  for (int id : {1, 2, 3}) beat(id, true);
  EXPECT_EQ(elect(ElectionType::unclean), Error::ELIGIBLE_LEADERS_NOT_AVAILABLE);
  const auto unknown =
      p.ask<ElectLeadersResponse>(c, ElectLeadersRequest{ElectionType::preferred, {{TopicId{8}, PartitionIndex{0}}}});
  EXPECT_EQ(unknown.results.at(0).second, Error::UNKNOWN_TOPIC_OR_PARTITION);
}

TEST_F(ControllerTest, LeadersGoBackToThePreferredReplicaByThemselves) {
  beat(1, true);
  beat(1);
  AlterPartitionRequest::Partition r{kTp,
                                     state().leader_epoch,
                                     {{NodeId{2}, epochs[2]}, {NodeId{3}, epochs[3]}, {NodeId{1}, epochs[1]}},
                                     LeaderRecoveryState::RECOVERED,
                                     state().partition_epoch};
  EXPECT_EQ(alter(r, 2), Error::NONE);
  for (int i = 0; i < 150 && state().leader != NodeId{1}; ++i) {
    p.advance(seconds(2));
    for (int id : {1, 2, 3}) beat(id);
  }
  EXPECT_EQ(state().leader, NodeId{1});
  EXPECT_GE(p.now, seconds(300));  // leader.imbalance.check.interval.seconds
}

TEST_F(ControllerTest, CreateTopicsErrors) {
  EXPECT_EQ(create("", 1, 1), Error::INVALID_TOPIC_EXCEPTION);
  EXPECT_EQ(create("a b", 1, 1), Error::INVALID_TOPIC_EXCEPTION);
  EXPECT_EQ(create("..", 1, 1), Error::INVALID_TOPIC_EXCEPTION);
  EXPECT_EQ(create("orders", 1, 1), Error::TOPIC_ALREADY_EXISTS);
  EXPECT_EQ(create("x", 0, 1), Error::INVALID_PARTITIONS);
  EXPECT_EQ(create("x", 1, 0), Error::INVALID_REPLICATION_FACTOR);
  EXPECT_EQ(create("x", 0, 0), Error::INVALID_REPLICATION_FACTOR);
  EXPECT_EQ(create("x", 1, 4), Error::INVALID_REPLICATION_FACTOR);
  EXPECT_EQ(create("x", 1, 1, {{NodeId{1}}}), Error::INVALID_REQUEST);
  EXPECT_EQ(create("x", -1, -1, {{NodeId{1}, NodeId{1}}}), Error::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_EQ(create("x", -1, -1, {{NodeId{7}}}), Error::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_EQ(create("x", -1, -1, {{NodeId{1}}, {NodeId{1}, NodeId{2}}}), Error::INVALID_REPLICA_ASSIGNMENT);
  EXPECT_EQ(create("x", 1, 1, {}, {{"min.insync.replica", "2"}}), Error::INVALID_CONFIG);
  EXPECT_EQ(create("x", 1, 1, {}, {{"min.insync.replicas", "0"}}), Error::INVALID_CONFIG);
  EXPECT_EQ(create("x", 1, 1, {}, {{"min.insync.replicas", "2"}}), Error::NONE);
}

TEST_F(ControllerTest, FencedBrokersGetReplicasLastAndAreNotInTheIsr) {
  beat(1, true);
  EXPECT_EQ(create("x", 2, 3), Error::NONE);
  for (int i = 0; i < 2; ++i) {
    const auto& x = *p.leader().committed().partition({TopicId{2}, PartitionIndex{i}});
    EXPECT_EQ(x.replicas.back(), NodeId{1});
    EXPECT_EQ(x.isr.size(), 2u);
  }
  for (int id : {2, 3}) beat(id, true);
  EXPECT_EQ(create("y", 1, 1), Error::INVALID_REPLICATION_FACTOR);
  EXPECT_EQ(create("y", -1, -1, {{NodeId{1}}}), Error::INVALID_REPLICA_ASSIGNMENT);
}

}  // namespace controller_test
}  // namespace ktrial::model
