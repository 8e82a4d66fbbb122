// Goal: no property is blind and none cries wolf. Method: each one is fed by hand the facts of a run that breaks its
// promise and of a run that keeps it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "properties/catalogue.h"
#include "properties/nodes_view.h"
#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace properties_test {

// Broker 1 holds no metadata.
void looks_at_nothing_applied(Told& t) {
  const model::MetadataImage image;
  NodesView view;
  view.metadata.push_back({NodeId{1}, &image});
  t.judge.on_look(view, {model::milliseconds(9), NodeId{}, 9});
}
void has_isr(Told& t, int partition_epoch, const std::vector<NodeId>& isr) {
  t.fact(1, model::IsrChanged{kTp, LeaderEpoch{0}, model::PartitionEpoch{partition_epoch}, isr, false});
}
void commits_isr(Told& t, int partition_epoch, const std::vector<NodeId>& isr) {
  model::PartitionStateCommitted f;
  f.partition = kTp;
  f.leader = NodeId{1};
  f.leader_epoch = LeaderEpoch{0};
  f.partition_epoch = model::PartitionEpoch{partition_epoch};
  f.replicas = f.isr = isr;
  f.offset = t.next_offset();
  t.fact(Told::kController, f);
}
void follows(Told& t, int node, int epoch) { t.fact(node, model::BecameFollower{kTp, LeaderEpoch{epoch}, NodeId{1}}); }

void keeps_acked(Told& t) {
  t.two_acked();
  t.leads(2, 1);
}

const std::map<std::string, Case>& cases_but_groups() {
  static const std::map<std::string, Case> all{
      {"loss-is-permitted", {"loss not permitted", loses_acked, keeps_acked}},
      {"acked-records-survive", {"acked record lost, not permitted", loses_acked, keeps_acked}},
      {"logs-agree-below-high-watermark",
       {"replicas differ",
        [](Told& t) {
          t.leads(1, 0);
          t.appends(1, 0, 0, {t.a}, true);
          t.appends(2, 0, 0, {t.b});
          t.high_watermark(1, 0, 1, 0, true);
          t.high_watermark(2, 0, 1, 0, false);
        },
        [](Told& t) {
          t.two_committed();
          t.high_watermark(2, 0, 2, 0, false);
        }}},
      {"one-leader-per-epoch",
       {"two leaders in an epoch",
        [](Told& t) {
          t.leads(1, 0);
          t.leads(2, 0);
        },
        [](Told& t) {
          t.leads(1, 0);
          t.appends(1, 0, 0, {t.a}, true);
          t.appends(2, 0, 0, {t.a});  // a follower's copy bears the leader's epoch
          t.leads(2, 1);
        }}},
      {"elected-leader-is-complete",
       {"leader lacks a committed record",
        [](Told& t) {
          t.two_committed();
          t.leads(3, 1);
        },
        [](Told& t) {
          t.two_committed();
          t.leads(2, 1);
        }}},
      {"high-watermark-never-regresses",
       {"high watermark went back at the leader",
        [](Told& t) {
          t.two_committed();
          t.high_watermark(1, 2, 1, 0, true);
        },
        [](Told& t) {
          t.two_committed();
          t.high_watermark(2, 2, 1, 0, false);  // a follower's may
          t.high_watermark(2, 0, 1, 1, true);   // and that of a new leader
        }}},
      {"committed-is-not-truncated",
       {"committed record truncated",
        [](Told& t) {
          t.two_committed();
          t.fact(2, model::LogTruncated{kTp, Offset{1}, Offset{2}});
        },
        [](Told& t) {
          t.two_committed();
          t.appends(2, 2, 0, {t.c});
          t.fact(2, model::LogTruncated{kTp, Offset{2}, Offset{3}});
        }}},
      {"refines-the-log", {"no abstract step: lose", loses_acked, keeps_acked}},
      {"isr-is-the-controllers",
       {"not the controller's ISR",
        [](Told& t) {
          commits_isr(t, 1, {NodeId{1}, NodeId{2}});
          has_isr(t, 1, {NodeId{1}});
        },
        [](Told& t) {
          commits_isr(t, 1, {NodeId{1}, NodeId{2}});
          has_isr(t, 1, {NodeId{2}, NodeId{1}});
          commits_isr(t, 2, {NodeId{1}});
          has_isr(t, 2, {NodeId{1}});
          t.fact(1, model::BrokerStarted{});
          has_isr(t, 1, {NodeId{1}, NodeId{2}});  // it reads the metadata again
        }}},
      {"followers-know-their-batches-epochs",
       {"batch of an unknown epoch",
        [](Told& t) {
          follows(t, 2, 0);
          t.appends(2, 0, 1, {t.a});
        },
        [](Told& t) {
          follows(t, 2, 0);
          t.appends(2, 0, 0, {t.a});
          follows(t, 2, 2);
          t.appends(2, 1, 1, {t.b});
        }}},
      {"latest-offset-never-goes-back",
       {"latest offset went back",
        [](Told& t) {
          t.two_committed();
          t.fact(1, model::LatestOffsetTold{kTp, Offset{2}, LeaderEpoch{0}});
          t.leads(2, 1);
          t.fact(2, model::LatestOffsetTold{kTp, Offset{1}, LeaderEpoch{1}});
        },
        [](Told& t) {
          t.two_committed();
          t.fact(1, model::LatestOffsetTold{kTp, Offset{2}, LeaderEpoch{0}});
          t.leads(2, 1);
          t.fact(2, model::LatestOffsetTold{kTp, Offset{2}, LeaderEpoch{1}});
          t.fact(1, model::LatestOffsetTold{kTp, Offset{1}, LeaderEpoch{0}});  // a zombie's
        }}},
      {"consumer-reads-committed-in-order",
       {"gap or repeat",
        [](Told& t) {
          t.two_committed();
          t.consumed(0, t.a);
          t.consumed(0, t.a);
        },
        [](Told& t) {
          t.two_committed();
          t.consumed(0, t.a);
          t.consumed(1, t.b);
          t.fact(Told::kClient, model::ConsumerPositionReset{kTp, Offset{2}, Offset{0}, false});
          t.consumed(0, t.a);
        }}},
      {"producer-order",
       {"records out of order",
        [](Told& t) {
          t.sent(t.a);
          t.sent(t.b);
          t.leads(1, 0);
          t.appends(1, 0, 0, {t.b, t.a}, true);
          t.high_watermark(1, 0, 2, 0, true);
        },
        [](Told& t) {
          t.sent(t.a);
          t.sent(t.b);
          t.leads(1, 0);
          t.appends(1, 0, 0, {t.a, t.b, t.a}, true);  // a repeat
          t.high_watermark(1, 0, 3, 0, true);
        }}},
      {"quorum-election-safety",
       {"two quorum leaders in an epoch",
        [](Told& t) {
          t.quorum_elected(1, 4);
          t.quorum_elected(2, 4);
        },
        [](Told& t) {
          t.quorum_elected(1, 4);
          t.quorum_elected(2, 5);
        }}},
      {"quorum-log-matching",
       {"metadata logs differ",
        [](Told& t) {
          t.metadata(1, 0, 1, 77);
          t.metadata(2, 0, 1, 78);
        },
        [](Told& t) {
          t.metadata(1, 0, 1, 77);
          t.metadata(2, 0, 1, 77);
          t.metadata(2, 0, 2, 78);  // another epoch
        }}},
      {"quorum-leader-completeness",
       {"controller lacks committed metadata",
        [](Told& t) {
          t.metadata(1, 0, 1, 77);
          t.fact(1, model::MetadataCommitted{Offset{1}});
          t.quorum_elected(2, 2);
        },
        [](Told& t) {
          t.metadata(1, 0, 1, 77);
          t.metadata(2, 0, 1, 77);
          t.metadata(1, 1, 1, 78);  // not committed
          t.fact(1, model::MetadataCommitted{Offset{1}});
          t.quorum_elected(2, 2);
        }}},
      {"quorum-state-machine-safety",
       {"different metadata applied",
        [](Told& t) {
          t.fact(1, model::MetadataApplied{Offset{1}, 77});
          t.fact(2, model::MetadataApplied{Offset{1}, 78});
        },
        [](Told& t) {
          t.fact(1, model::MetadataApplied{Offset{1}, 77});
          t.fact(2, model::MetadataApplied{Offset{1}, 77});
          t.fact(2, model::MetadataApplied{Offset{2}, 78});
        }}},
      {"facts-are-true",
       {"a fact is missing or false: applied metadata",
        [](Told& t) {
          t.fact(1, model::MetadataApplied{Offset{1}, 77});
          looks_at_nothing_applied(t);
        },
        looks_at_nothing_applied}},
      {"eventually-recovers",
       {"no leader",
        [](Told& t) {
          FinishContext end = quiet_end();
          end.partitions[0].leader = NodeId{};
          t.judge.finish(end);
        },
        [](Told& t) { t.judge.finish(quiet_end()); }}},
  };
  return all;
}

const std::map<std::string, Case>& cases() {
  static const std::map<std::string, Case> all = [] {
    auto both = cases_but_groups();
    both.merge(group_cases());
    both.merge(controller_cases());
    both.merge(recovery_cases());
    both.merge(storage_cases());
    both.merge(follower_read_cases());
    both.merge(compaction_cases());
    both.merge(producer_cases());
    both.merge(tiered_cases());
    both.merge(limit_cases());
    both.merge(throttle_cases());
    return both;
  }();
  return all;
}

class EveryProperty : public testing::TestWithParam<std::string> {};

TEST_P(EveryProperty, IsViolatedByARunThatBreaksIt) {
  ASSERT_TRUE(cases().contains(GetParam())) << "no case was written for this property";
  const Case& c = cases().at(GetParam());
  Told t;
  c.breaks(t);
  const Verdict v = t.judge.verdict(GetParam());
  EXPECT_EQ(v.outcome, Outcome::violated);
  ASSERT_EQ(v.violations.size(), 1u);
  EXPECT_EQ(v.violations[0].property, GetParam());
  EXPECT_EQ(v.violations[0].reason, c.reason);
  EXPECT_FALSE(v.violations[0].story.empty());
  EXPECT_NE(t.judge.first_violation(), nullptr);
}

TEST_P(EveryProperty, HoldsInARunThatKeepsIt) {
  ASSERT_TRUE(cases().contains(GetParam())) << "no case was written for this property";
  Told t;
  cases().at(GetParam()).keeps(t);
  const Verdict v = t.judge.verdict(GetParam());
  EXPECT_EQ(v.outcome, Outcome::holds);
  EXPECT_GT(v.premise, 0u);
  EXPECT_EQ(t.judge.first_violation(), nullptr) << t.judge.first_violation()->text;
}

TEST_P(EveryProperty, IsVacuousWithoutFacts) { EXPECT_EQ(Judge().verdict(GetParam()).outcome, Outcome::vacuous); }

INSTANTIATE_TEST_SUITE_P(Properties, EveryProperty, testing::ValuesIn(all_property_names()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Properties, EveryCaseNamesAProperty) {
  EXPECT_EQ(cases().size(), all_property_names().size());
  EXPECT_EQ(catalogue().size(), all_property_names().size());
}

TEST(Properties, AForkedJudgeGoesItsOwnWay) {
  Told t;
  t.two_committed();
  Told fork = t;
  fork.leads(3, 1);
  t.leads(2, 1);
  EXPECT_EQ(fork.judge.verdict("elected-leader-is-complete").outcome, Outcome::violated);
  EXPECT_EQ(t.judge.verdict("elected-leader-is-complete").outcome, Outcome::holds);
}

TEST(Properties, OtherWaysToBreakConsumerReads) {
  Told t;
  t.two_committed();
  t.consumed(1, t.c);
  t.consumed(2, t.c);
  const auto found = t.judge.verdict("consumer-reads-committed-in-order").violations;
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].reason, "two records at one offset");
  EXPECT_EQ(found[1].reason, "uncommitted record read");
}

TEST(Properties, ALeaderThatReplacesACommittedRecordIsSeen) {
  Told t;
  t.two_committed();
  t.appends(3, 1, 1, {t.c}, true);
  t.high_watermark(3, 1, 2, 1, true);
  const auto found = t.judge.verdict("logs-agree-below-high-watermark").violations;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].reason, "committed record replaced");
}

TEST(Liveness, EachThingThatDidNotRecoverIsNamed) {
  FinishContext end = quiet_end();
  end.partitions[0].isr = {NodeId{1}};
  end.unanswered_sends = 1;
  end.consumers[0].position = Offset{1};
  Judge judge;
  judge.finish(end);
  std::vector<std::string> reasons;
  for (const Violation& v : judge.verdict("eventually-recovers").violations) reasons.push_back(v.reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{"ISR not full", "send without answer", "consumer not at the end"}));
}

TEST(Liveness, AClusterThatWasLeftHalfDone) {
  FinishContext end = quiet_end();
  end.partitions[0].reassigning = true;
  end.partitions[0].led = false;
  end.fenced_brokers = {NodeId{3}};
  Judge judge;
  judge.finish(end);
  std::vector<std::string> reasons;
  for (const Violation& v : judge.verdict("eventually-recovers").violations) reasons.push_back(v.reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{"leader does not lead", "reassignment not complete", "broker fenced"}));
}

// The registration of a process that is gone, which a fenced broker cannot keep off, and only that.
TEST(Liveness, ABrokerWhoseRegistrationWasTakenOverIsExcused) {
  const model::IncarnationId gone{1}, runs{2};
  const auto registers = [](Told& t, model::IncarnationId incarnation) {
    t.fact(Told::kController, model::BrokerRegistered{NodeId{3}, model::BrokerEpoch{1}, t.next_offset(), incarnation});
  };
  const auto outcome = [](Told& t) {
    FinishContext end = quiet_end();
    end.fenced_brokers = {NodeId{3}};
    t.judge.finish(end);
    return t.judge.verdict("eventually-recovers").outcome;
  };
  Told late;
  late.fact(3, model::BrokerStarted{gone});
  late.fact(3, model::BrokerStarted{runs});
  registers(late, runs);
  registers(late, gone);
  registers(late, runs);  // a request that it has long given up
  EXPECT_EQ(outcome(late), Outcome::holds);
  Told again;
  again.fact(3, model::BrokerStarted{runs});
  registers(again, gone);
  registers(again, runs);
  EXPECT_EQ(outcome(again), Outcome::violated);
  Told unfenced;
  unfenced.fact(3, model::BrokerStarted{runs});
  registers(unfenced, runs);
  unfenced.fact(Told::kController, model::BrokerUnfenced{NodeId{3}, unfenced.next_offset()});
  registers(unfenced, gone);
  EXPECT_EQ(outcome(unfenced), Outcome::violated);
}

TEST(Liveness, AnEmptyIsrWaitsForTheEligible) {
  FinishContext end = quiet_end();
  end.partitions[0] = {kTp, NodeId{}, {}, {NodeId{1}, NodeId{2}}, {NodeId{2}}, {NodeId{1}}};
  Judge judge;
  judge.finish(end);
  EXPECT_EQ(judge.verdict("eventually-recovers").violations.front().reason, "no leader");
  end.down = {NodeId{2}};
  Judge excused;
  excused.finish(end);
  EXPECT_EQ(excused.verdict("eventually-recovers").outcome, Outcome::holds);
}

TEST(Liveness, ADeadReplicaIsExcused) {
  FinishContext end = quiet_end();
  end.partitions[0].isr = {NodeId{1}};
  end.down = {NodeId{2}};
  Judge judge;
  judge.finish(end);
  EXPECT_EQ(judge.verdict("eventually-recovers").outcome, Outcome::holds);
}

TEST(HighWatermark, IsWatchedAtEachConsumerWithinALeaderEpoch) {
  const auto sees = [](Told& t, std::int64_t mark, int epoch) {
    t.fact(Told::kClient, model::ConsumerHighWatermarkSeen{kTp, Offset{mark}, LeaderEpoch{epoch}});
  };
  Told t;
  sees(t, 2, 0);
  sees(t, 1, 1);   // a new leader knows less
  sees(t, 3, 0);   // a late answer of the old one
  sees(t, 1, -1);  // asked without an epoch
  sees(t, 1, 1);
  EXPECT_EQ(t.judge.verdict("high-watermark-never-regresses").outcome, Outcome::holds);
  sees(t, 0, 1);
  const Verdict verdict = t.judge.verdict("high-watermark-never-regresses");
  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations[0].reason, "high watermark went back at the client");
}

// A group member may be given records again, but only from where its group committed or from a reset.
TEST(ConsumerReadsCommitted, AnAssignmentStartsAtTheCommittedOffset) {
  for (const std::int64_t committed : {1, 2}) {
    Told t;
    t.two_committed();
    t.consumed(0, t.a);
    t.consumed(1, t.b);
    t.fact(Told::kClient, model::PartitionsAssigned{"billing", model::GenerationId{2}, {kTp}});
    t.fact(Told::kClient, model::CommittedOffsetFetched{"billing", kTp, Offset{committed}});
    t.consumed(1, t.b);
    EXPECT_EQ(t.judge.verdict("consumer-reads-committed-in-order").outcome,
              committed == 1 ? Outcome::holds : Outcome::violated);
  }
}

TEST(Liveness, IsNotJudgedSoonAfterAFault) {
  FinishContext end = quiet_end();
  end.partitions[0].leader = NodeId{};
  end.since_quiet = model::seconds(59);
  Judge judge;
  judge.finish(end);
  end.since_quiet = model::seconds(600);
  end.faults_ended = false;
  judge.finish(end);
  EXPECT_EQ(judge.verdict("eventually-recovers").outcome, Outcome::vacuous);
}

// Broker 2 was fenced while paused; when it wakes, the fetch that broker 3 had sent before it was elected is still in
// its socket and moves the high watermark. Broker 3 holds the record, so it is committed.
TEST(DeposedLeader, MayCommitWhatTheNewLeaderHolds) {
  Told t;
  t.leads(2, 1);
  t.appends(2, 0, 1, {t.a, t.b}, true);
  t.appends(3, 0, 1, {t.a, t.b});
  t.high_watermark(2, 0, 1, 1, true);
  t.leads(3, 2);
  t.high_watermark(2, 1, 2, 1, true);
  t.consumed(0, t.a);
  t.consumed(1, t.b);
  for (const Verdict& verdict : t.judge.verdicts()) EXPECT_TRUE(verdict.violations.empty()) << verdict.property;
  // And from now on it may not be lost.
  t.leads(1, 3);
  EXPECT_EQ(t.judge.verdict("elected-leader-is-complete").outcome, Outcome::violated);
}

TEST(DeposedLeader, MayNotCommitWhatTheNewLeaderLacks) {
  Told t;
  t.leads(2, 1);
  t.appends(2, 0, 1, {t.a, t.b}, true);
  t.appends(3, 0, 1, {t.a});
  t.leads(3, 2);
  t.high_watermark(2, 0, 2, 1, true);
  const Verdict verdict = t.judge.verdict("logs-agree-below-high-watermark");
  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations[0].reason, "deposed leader commits");
}

TEST(DeposedLeader, MayCommitAnythingAfterAnUncleanElection) {
  Told t;
  t.leads(2, 1);
  t.appends(2, 0, 1, {t.a, t.b}, true);
  t.appends(3, 0, 1, {t.a});
  t.unclean(3, 2);
  t.leads(3, 2);
  t.leads(3, 3);
  t.high_watermark(2, 0, 2, 1, true);
  t.consumed(0, t.a);
  t.consumed(1, t.b);
  for (const Verdict& verdict : t.judge.verdicts()) EXPECT_TRUE(verdict.violations.empty()) << verdict.property;
}

TEST(IsrIsTheControllers, ALeaderDoesNotGoBackToAnIsrThatWasReplaced) {
  Told t;
  commits_isr(t, 1, {NodeId{1}, NodeId{2}});
  commits_isr(t, 2, {NodeId{1}});
  has_isr(t, 2, {NodeId{1}});
  has_isr(t, 1, {NodeId{1}, NodeId{2}});
  const Verdict verdict = t.judge.verdict("isr-is-the-controllers");
  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations.front().reason, "went back to an older ISR");
}

// Both sides of an unclean election commit at one offset; each side's consumers are given what their leader committed.
TEST(DeposedLeader, ItsConsumersReadWhatItCommittedAfterAnUncleanElection) {
  Told t;
  t.leads(1, 0);
  t.appends(1, 0, 0, {t.a}, true);
  t.unclean(2, 1);
  t.leads(2, 1);
  t.appends(2, 0, 1, {t.b}, true);
  t.high_watermark(2, 0, 1, 1, true);
  t.high_watermark(1, 0, 1, 0, true);
  t.consumed(0, t.a);
  for (const Verdict& verdict : t.judge.verdicts()) EXPECT_TRUE(verdict.violations.empty()) << verdict.property;
}

// Broker 1 slept through its deposition, appends, and then learns one by one that it leads again and no more. What it
// commits in between is not lost by the election that deposed it first, but by the last one.
TEST(DeposedLeader, MayCommitInALaterEpochWhatAnUncleanElectionThenLost) {
  for (const bool unclean : {false, true}) {
    Told t;
    t.leads(1, 0);
    t.leads(2, 1);
    if (unclean) t.unclean(2, 4);
    t.leads(2, 4);
    t.appends(1, 0, 0, {t.a}, true);
    t.leads(1, 3);
    t.high_watermark(1, 0, 1, 3, true);
    t.acked(0, {t.a});
    EXPECT_EQ(t.judge.verdict("logs-agree-below-high-watermark").violations.empty(), unclean);
    EXPECT_EQ(t.judge.verdict("loss-is-permitted").violations.empty(), unclean);
  }
}

// Told `a` and `b`, then the log is cut to 1 and `c`, `d` are written: who goes on with `d` has skipped `c`.
TEST(Consumer, GoesOnBehindATruncationThatItDidNotNotice) {
  for (const bool noticed : {false, true}) {
    Told t;
    t.two_committed();
    t.consumed(0, t.a);
    t.consumed(1, t.b);
    t.unclean(3, 1);
    t.appends(3, 0, 0, {t.a});
    t.leads(3, 1);
    const ValueId d{t.c.value + 1000};
    t.appends(3, 1, 1, {t.c, d}, true);
    t.high_watermark(3, 1, 3, 1, true);
    if (noticed) {
      t.fact(Told::kClient, model::ConsumerPositionReset{kTp, Offset{2}, Offset{1}, true});
      t.consumed(1, t.c);
    }
    t.consumed(2, d);
    const Verdict verdict = t.judge.verdict("consumer-reads-committed-in-order");
    EXPECT_EQ(verdict.violations.empty(), noticed);
    if (!noticed) {
      EXPECT_EQ(verdict.violations.at(0).reason, "truncation not noticed");
    }
  }
}

// The new leader does not know the epoch of what the consumer read last, and its older epoch goes on beyond it.
TEST(Consumer, AnEpochThatTheLeaderDoesNotKnowHidesATruncation) {
  Told t;
  t.two_committed();
  t.appends(2, 2, 0, {t.c});
  t.consumed(0, t.a);
  t.unclean(3, 1);
  t.appends(3, 0, 0, {t.a});
  t.leads(3, 1);
  const ValueId d{t.c.value + 1000};
  t.appends(3, 1, 1, {d}, true);
  t.high_watermark(3, 1, 2, 1, true);
  t.fact(Told::kClient, model::RecordConsumed{kTp, Offset{1}, LeaderEpoch{1}, d});
  t.unclean(2, 2);
  t.leads(2, 2);
  t.high_watermark(2, 1, 3, 2, true);
  t.consumed(2, t.c);
  EXPECT_TRUE(t.judge.verdict("consumer-reads-committed-in-order").violations.empty());
}

// It has not heard of the newest leader, from which it copied nevertheless.
TEST(Replication, AFollowerOfAnOldEpochHoldsWhatWasCommittedToo) {
  for (const bool unclean : {false, true}) {
    Told t;
    t.leads(1, 0);
    t.appends(1, 0, 0, {t.a}, true);
    t.appends(3, 0, 0, {t.a});
    t.appends(1, 1, 0, {t.c}, true);
    t.appends(3, 1, 0, {t.c});
    if (unclean) {
      t.high_watermark(1, 0, 2, 0, true);
      t.unclean(2, 1);
    }
    t.appends(2, 0, 0, {t.a});
    t.leads(2, 1);
    t.appends(2, 1, 1, {t.b}, true);
    t.high_watermark(2, 0, 2, 1, true);
    t.high_watermark(3, 0, 2, 0, false);
    const Verdict verdict = t.judge.verdict("logs-agree-below-high-watermark");
    ASSERT_EQ(verdict.violations.empty(), unclean);
    if (!unclean) {
      EXPECT_EQ(verdict.violations[0].reason, "replica differs from what was committed");
    }
  }
}

TEST(Refinement, AStepThatTheAbstractLogDoesNotHaveIsReported) {
  const auto reason = [](const Told& t) {
    const Verdict verdict = t.judge.verdict("refines-the-log");
    return verdict.violations.empty() ? std::string() : verdict.violations[0].reason;
  };
  Told read;
  read.two_committed();
  read.appends(1, 2, 0, {read.c}, true);
  read.consumed(2, read.c);
  EXPECT_EQ(reason(read), "no abstract step: read");
  Told acked;
  acked.two_committed();
  acked.acked(1, {acked.c});
  EXPECT_EQ(reason(acked), "no abstract step: acknowledge");
  Told fork;
  fork.two_committed();
  fork.leads(2, 1);
  fork.appends(1, 2, 0, {fork.c}, true);
  fork.high_watermark(1, 2, 3, 0, true);
  EXPECT_EQ(reason(fork), "no abstract step: fork");
  Told append;
  append.two_committed();
  append.leads(2, 1);
  append.appends(2, 1, 1, {append.c}, true);
  append.high_watermark(2, 1, 2, 1, true);
  EXPECT_EQ(reason(append), "no abstract step: append");
  Told lost;
  lost.two_committed();
  lost.unclean(3, 1);
  lost.leads(3, 1);
  lost.consumed(0, lost.a);  // still on its way when the election took it
  EXPECT_EQ(reason(lost), "");
  // DeleteRecords removed what the leader then lost with its power; it appends there again.
  Told removed;
  removed.two_committed();
  removed.fact(1, model::LogStartAdvanced{kTp, Offset{2}, Offset{0}, Offset{2}});
  removed.fact(1, model::UnsyncedDataLost{kTp, Offset{0}, Offset{2}, model::LossCause::power_cut});
  removed.leads(1, 1);
  removed.appends(1, 0, 1, {removed.c}, true);
  removed.high_watermark(1, 0, 1, 1, true);
  EXPECT_EQ(reason(removed), "");
}

// Before the record is committed, too: then it is what was acknowledged that was never there.
TEST(UnseenRot, IsNamedByWhoCopiesReadsOrKeepsIt) {
  const auto reason = [](const Told& t, const char* property) {
    const Verdict verdict = t.judge.verdict(property);
    return verdict.violations.empty() ? "" : verdict.violations.front().reason;
  };
  Told t;
  t.two_committed();
  t.high_watermark(2, 0, 2, 0, false);
  t.fact(2, rots(t));
  Told kept = t, read = t, copied = t;
  kept.judge.finish(quiet_end());
  EXPECT_EQ(reason(kept, "logs-agree-below-high-watermark"), "replicas differ by bit rot that no checksum finds");
  EXPECT_EQ(reason(kept, "corruption-not-exposed"), "");
  copied.appends(3, 1, 0, {model::rotten(copied.b, NodeId{2})});
  EXPECT_EQ(reason(copied, "corruption-not-exposed"), "corruption exposed");
  read.consumed(0, read.a);
  EXPECT_EQ(reason(read, "corruption-not-exposed"), "");
  read.consumed(1, model::rotten(read.b, NodeId{2}));
  EXPECT_EQ(reason(read, "corruption-not-exposed"), "corruption exposed");
  EXPECT_NE(reason(read, "consumer-reads-committed-in-order"), "");
  EXPECT_EQ(reason(read, "refines-the-log"), "no abstract step: read");
  EXPECT_EQ(read.judge.first_violation({})->property, "corruption-not-exposed");
}

}  // namespace properties_test
}  // namespace ktrial::properties
