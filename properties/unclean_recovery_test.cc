// Goal: the properties of unclean recovery are neither blind nor do they cry wolf; the ledger names its elections.
// Method: as in properties_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace {

using Strategy = model::UncleanRecoveryStrategy;
constexpr Nanos kTimeout = std::chrono::seconds(300);

model::BrokerEpoch epoch_of(int broker) { return model::BrokerEpoch{100 + broker}; }

// Three brokers, and a partition without a leader: of its replicas these were eligible.
void leaderless(Told& t, Told::State state) {
  for (const int id : {1, 2, 3}) {
    t.fact(Told::kController, model::BrokerRegistered{NodeId{id}, epoch_of(id), t.next_offset(), {}});
    t.fact(Told::kController, model::BrokerUnfenced{NodeId{id}, t.next_offset()});
  }
  t.committed_state({.leader = 1, .isr = {1}, .min_isr = 2});
  state.leader = -1;
  state.leader_epoch = 1;
  state.min_isr = 2;
  t.committed_state(state);
}
void started(Told& t, Strategy strategy = Strategy::balanced, int controller = Told::kController) {
  t.fact(controller, model::UncleanRecoveryStarted{kTp, LeaderEpoch{1}, strategy, false});
}
void told(Told& t, int replica, int epoch, int end, model::BrokerEpoch broker_epoch, int leader_epoch = 1,
          int controller = Told::kController) {
  t.fact(controller, model::ReplicaLogInfoReceived{kTp, NodeId{replica}, broker_epoch, LeaderEpoch{epoch},
                                                   LeaderEpoch{leader_epoch}, Offset{end}});
}
void told(Told& t, int replica, int epoch, int end) { told(t, replica, epoch, end, epoch_of(replica)); }
void decided(Told& t, int leader, Strategy strategy = Strategy::balanced, Nanos waited = Nanos(0),
             int controller = Told::kController, int controller_epoch = 1) {
  t.fact(controller, model::UncleanRecoveryElected{kTp, NodeId{leader}, LeaderEpoch{2}, strategy, false, waited,
                                                   kTimeout, QuorumEpoch{controller_epoch}});
}
void elected(Told& t, int leader, Strategy strategy = Strategy::balanced, Nanos waited = Nanos(0)) {
  decided(t, leader, strategy, waited);
  t.committed_state({.leader = leader, .leader_epoch = 2, .isr = {leader}, .min_isr = 2, .unclean = true});
}
void fence(Told& t, int broker) { t.fact(Told::kController, model::BrokerFenced{NodeId{broker}, t.next_offset()}); }

std::string found(const Told& t, const char* property) {
  const Verdict v = t.judge.verdict(property);
  return v.violations.empty() ? "" : v.violations.front().reason;
}
constexpr const char* kLongest = "unclean-recovery-chooses-the-longest-log";
constexpr const char* kStrategy = "unclean-recovery-follows-its-strategy";

}  // namespace

std::map<std::string, Case> recovery_cases() {
  return {
      {kLongest,
       {"another log was longer",
        [](Told& t) {
          leaderless(t, {.last_known_elr = {1}});
          started(t);
          told(t, 1, 0, 10);
          told(t, 2, 1, 5);
          told(t, 3, 0, 20);
          elected(t, 3);
        },
        [](Told& t) {
          leaderless(t, {.last_known_elr = {1}});
          started(t);
          told(t, 1, 0, 10);
          told(t, 2, 1, 5);
          told(t, 3, 0, 20);
          elected(t, 2);
        }}},
      {kStrategy,
       {"a last known eligible replica was not heard",
        [](Told& t) {
          leaderless(t, {.last_known_elr = {1, 3}});
          fence(t, 3);
          started(t);
          told(t, 1, 0, 10);
          told(t, 2, 0, 10);
          elected(t, 1);
        },
        [](Told& t) {
          leaderless(t, {.last_known_elr = {1, 3}});
          started(t);
          for (const int id : {1, 2, 3}) told(t, id, 0, 10);
          elected(t, 1);
        }}},
  };
}

namespace {

TEST(LongestLog, WhatWasToldBeforeANewRegistrationDoesNotCount) {
  Told t;
  leaderless(t, {});
  started(t);
  for (const int id : {1, 2, 3}) told(t, id, 0, 10 * id);
  t.fact(Told::kController, model::BrokerRegistered{NodeId{3}, model::BrokerEpoch{200}, t.next_offset(), {}});
  t.fact(Told::kController, model::BrokerUnfenced{NodeId{3}, t.next_offset()});
  Told again = t;
  elected(t, 3);
  EXPECT_EQ(found(t, kLongest), "the elected replica told nothing");
  told(again, 3, 0, 5, model::BrokerEpoch{200});
  elected(again, 2);
  EXPECT_EQ(found(again, kLongest), "");
}

TEST(LongestLog, WhatWasToldInAnotherLeaderEpochDoesNotCount) {
  Told t;
  leaderless(t, {});
  started(t);
  for (const int id : {1, 2}) told(t, id, 0, 10);
  told(t, 3, 0, 30, epoch_of(3), 0);
  elected(t, 3);
  EXPECT_EQ(found(t, kLongest), "the elected replica told nothing");
}

TEST(LongestLog, AnActiveReplicaIsWaitedForUpToTheTimeout) {
  Told early, late, gone, offline;
  for (Told* t : {&early, &late, &gone, &offline}) {
    leaderless(*t, {});
    if (t == &gone) fence(*t, 3);
    if (t == &offline) t->fact(3, model::ReplicaOffline{kTp});
    started(*t, Strategy::aggressive);
    for (const int id : {1, 2}) told(*t, id, 0, 10);
    elected(*t, 1, Strategy::aggressive, t == &late ? kTimeout : Nanos(0));
  }
  EXPECT_EQ(found(early, kLongest), "an active replica was not heard");
  for (const Told* t : {&late, &gone, &offline}) EXPECT_EQ(found(*t, kLongest), "");
}

TEST(LongestLog, WhatAnEarlierRecoveryWasToldIsForgotten) {
  Told t;
  leaderless(t, {});
  started(t);
  told(t, 1, 0, 10);
  started(t);
  for (const int id : {2, 3}) told(t, id, 0, 20);
  elected(t, 1);
  EXPECT_EQ(found(t, kLongest), "the elected replica told nothing");
}

// A controller that does not know yet that it is deposed decides for the same epoch; its record is never committed.
TEST(LongestLog, TheNewerControllersDecisionIsTheOne) {
  Told t;
  leaderless(t, {});
  started(t);
  for (const int id : {1, 2, 3}) told(t, id, 0, 10 * id);
  started(t, Strategy::balanced, 8);
  told(t, 3, 0, 1, epoch_of(3), 1, 8);
  decided(t, 3, Strategy::balanced, Nanos(0), Told::kController, 2);
  decided(t, 3, Strategy::balanced, Nanos(0), 8, 1);
  t.committed_state({.leader = 3, .leader_epoch = 2, .isr = {3}, .min_isr = 2, .unclean = true});
  EXPECT_EQ(found(t, kLongest), "");
}

TEST(RecoveryStrategy, NobodyIsElectedWhileSomebodyCouldLeadSafely) {
  for (const bool active : {true, false}) {
    Told t;
    leaderless(t, {.elr = {3}});
    if (!active) fence(t, 3);
    started(t, Strategy::aggressive);
    for (const int id : {1, 2, 3}) told(t, id, 0, 10);
    elected(t, 1, Strategy::aggressive);
    EXPECT_EQ(found(t, kStrategy), active ? "a safe leader was there" : "");
  }
}

TEST(RecoveryStrategy, BalancedWaitsForEligibleReplicas) {
  Told t;
  leaderless(t, {.elr = {3}});
  fence(t, 3);
  started(t);
  for (const int id : {1, 2}) told(t, id, 0, 10);
  elected(t, 1);
  EXPECT_EQ(found(t, kStrategy), "eligible replicas were not waited for");
}

TEST(RecoveryStrategy, NoneWaitsForAnOperator) {
  Told t;
  leaderless(t, {});
  started(t, Strategy::none);
  for (const int id : {1, 2, 3}) told(t, id, 0, 10);
  elected(t, 1, Strategy::none);
  EXPECT_EQ(found(t, kStrategy), "nobody asked for it");
}

TEST(Ledger, PermitsWhatALeaderOfUncleanRecoveryLacks) {
  Told t;
  t.judge = Judge(true);
  t.two_acked();
  leaderless(t, {.last_known_elr = {3}});
  started(t);
  told(t, 3, 0, 1);
  elected(t, 3, Strategy::balanced, kTimeout);
  t.leads(3, 2);
  ASSERT_EQ(t.judge.shadow().ledger.losses().size(), 1u);
  EXPECT_THAT(t.judge.shadow().ledger.losses().front().permitted_by, testing::HasSubstr("unclean.recovery.strategy"));
  EXPECT_EQ(t.judge.verdict("loss-is-permitted").outcome, Outcome::holds);
}

}  // namespace
}  // namespace ktrial::properties
