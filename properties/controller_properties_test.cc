// Goal: the properties of the controller's decisions are neither blind nor do they cry wolf; the ledger with eligible
// leader replicas. Method: as in properties_test.cc.
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {

std::map<std::string, Case> controller_cases() {
  return {
      {"fenced-broker-leads-nothing",
       {"inactive leader",
        [](Told& t) {
          t.brokers_join();
          t.committed_state({.leader = 1, .isr = {1, 2}});
          t.fact(Told::kController, model::BrokerFenced{NodeId{1}, t.next_offset()});
          t.applied();
        },
        [](Told& t) {
          t.brokers_join();
          t.committed_state({.leader = 1, .isr = {1, 2}});
          t.fact(Told::kController, model::BrokerFenced{NodeId{1}, t.next_offset()});
          t.committed_state({.leader = 2, .leader_epoch = 1, .isr = {2}});
          t.fact(Told::kController, model::BrokerFenced{NodeId{2}, t.next_offset()});
          t.committed_state({.leader = -1, .leader_epoch = 2, .isr = {2}});  // the last member stays
        }}},
      {"elr-is-eligible",
       {"ELR member lacks data",
        [](Told& t) {
          t.brokers_join();
          t.two_committed();
          t.committed_state({.leader = 1, .isr = {1}, .elr = {3}, .min_isr = 2});
        },
        [](Told& t) {
          t.brokers_join();
          t.two_committed();
          t.committed_state({.leader = 1, .isr = {1}, .elr = {2}, .min_isr = 2});
          t.fact(3, model::UnsyncedDataLost{kTp, Offset{0}, Offset{1}});
          t.committed_state({.leader = 1, .isr = {1}, .elr = {3}, .min_isr = 2});  // the controller may not know yet
        }}},
      {"reassignment-completes-in-sync",
       {"reassignment complete too early",
        [](Told& t) {
          t.brokers_join();
          t.committed_state({.isr = {1}, .replicas = {2, 3, 1}, .adding = {3}, .removing = {1}});
          t.committed_state({.leader = 3, .isr = {3}, .replicas = {2, 3}});
        },
        [](Told& t) {
          t.brokers_join();
          t.committed_state({.isr = {1}, .replicas = {2, 3, 1}, .adding = {3}, .removing = {1}});
          t.committed_state({.isr = {1}, .replicas = {2, 1}});  // cancelled
          t.committed_state({.isr = {1}, .replicas = {2, 3, 1}, .adding = {3}, .removing = {1}});
          t.committed_state({.leader = 3, .isr = {3, 2}, .replicas = {2, 3}});
        }}},
      {"shutdown-granted-when-known",
       {"shutdown granted too early",
        [](Told& t) {
          t.brokers_join();
          const Offset at = t.next_offset();
          t.fact(Told::kController, model::BrokerInControlledShutdown{NodeId{1}, at});
          t.fact(2, model::MetadataApplied{at + 1, 0});
          t.fact(Told::kController, model::ShutdownGranted{NodeId{1}, at});
          t.fact(Told::kController, model::BrokerFenced{NodeId{1}, t.next_offset()});
        },
        [](Told& t) {
          t.brokers_join();
          const Offset at = t.next_offset();
          t.fact(Told::kController, model::BrokerInControlledShutdown{NodeId{1}, at});
          for (const int broker : {2, 3}) t.fact(broker, model::MetadataApplied{at + 1, 0});
          t.fact(Told::kController, model::ShutdownGranted{NodeId{1}, at});
          t.fact(Told::kController, model::BrokerFenced{NodeId{1}, t.next_offset()});
        }}},
  };
}

namespace controller_properties_test {

// A controller that grants a shutdown, is deposed before that is committed and elected again: a broker that it fences
// then was not let go.
TEST(ControlledShutdown, WhatWasGrantedInAnEarlierEpochDoesNotCount) {
  for (const bool deposed : {false, true}) {
    Told t;
    t.brokers_join();
    const Offset at = t.next_offset();
    t.fact(Told::kController, model::ShutdownGranted{NodeId{1}, at});
    if (deposed) t.quorum_elected(Told::kController, 2);
    t.fact(Told::kController, model::BrokerFenced{NodeId{1}, t.next_offset()});
    EXPECT_EQ(t.judge.verdict("shutdown-granted-when-known").violations.empty(), deposed);
  }
}

// -- eligible leader replicas

struct Elr : testing::Test {
  Elr() { t.judge = Judge(true); }
  std::string permitted(const std::string& property) {
    const auto found = t.judge.verdict(property).violations;
    return found.empty() ? "none" : found[0].permitted_by.value_or("not permitted");
  }
  Told t;
};

TEST_F(Elr, ACleanElectionMustHoldEvenWhatADiskLost) {  // R30
  t.two_acked();
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.leads(2, 1);
  EXPECT_EQ(permitted("acked-records-survive"), "not permitted");
  EXPECT_EQ(t.judge.verdict("elected-leader-is-complete").outcome, Outcome::violated);
}

TEST_F(Elr, TheLastKnownLeaderMayLose) {
  t.two_acked();
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.committed_state({.leader = 2, .leader_epoch = 1, .isr = {2}, .unclean = true, .last_known = true});
  t.leads(2, 1);
  EXPECT_NE(permitted("acked-records-survive").find("last known leader"), std::string::npos);
  EXPECT_NE(t.judge.verdict("loss-is-permitted").outcome, Outcome::violated);
}

TEST_F(Elr, WhoRegisteredAfterALossMustNotBeEligible) {
  t.brokers_join();
  t.two_committed();
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.committed_state({.leader = 1, .isr = {1}, .elr = {2}, .min_isr = 2});
  EXPECT_EQ(t.judge.verdict("elr-is-eligible").outcome, Outcome::holds);
  t.fact(Told::kController, model::BrokerRegistered{NodeId{2}, model::BrokerEpoch{9}, t.next_offset()});
  t.committed_state({.leader = 1, .isr = {1}, .elr = {2}, .min_isr = 2});
  EXPECT_EQ(t.judge.verdict("elr-is-eligible").outcome, Outcome::violated);
}

TEST(ControllerProperties, TheSetsOfAPartitionMustFit) {
  const auto reason = [](const Told::State& state) {
    Told t;
    t.brokers_join();
    t.committed_state(state);
    const auto found = t.judge.verdict("elr-is-eligible").violations;
    return found.empty() ? std::string() : found[0].reason;
  };
  EXPECT_EQ(reason({.isr = {1}, .elr = {1}, .min_isr = 2}), "ISR and ELR overlap");
  EXPECT_EQ(reason({.isr = {1}, .elr = {7}, .min_isr = 2}), "ELR outside the replicas");
  EXPECT_EQ(reason({.isr = {1, 7}}), "ISR outside the replicas");
  EXPECT_EQ(reason({.isr = {1, 2}, .elr = {3}, .min_isr = 2}), "ELR with a full enough ISR");
}

TEST(ControllerProperties, ALeaderFromNowhereIsSeen) {
  Told t;
  t.brokers_join();
  t.committed_state({.leader = 1, .isr = {1}});
  t.committed_state({.leader = 2, .leader_epoch = 1, .isr = {2}, .unclean = true});
  EXPECT_EQ(t.judge.verdict("fenced-broker-leads-nothing").outcome, Outcome::holds);
  model::PartitionStateCommitted f;
  f.partition = kTp;
  f.leader = NodeId{3};
  f.leader_epoch = LeaderEpoch{2};
  f.partition_epoch = model::PartitionEpoch{99};
  f.leader_changed = true;
  f.isr = {NodeId{3}};
  f.offset = t.next_offset();
  t.fact(Told::kController, f);
  const auto found = t.judge.verdict("fenced-broker-leads-nothing").violations;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reason, "leader was not eligible");
}

}  // namespace controller_properties_test
}  // namespace ktrial::properties
