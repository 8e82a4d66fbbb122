// What the loss ledger permits and what it does not. Method: facts by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace ledger_test {

std::string permitted(const Told& t) {
  const auto& losses = t.judge.shadow().ledger.losses();
  return losses.size() == 1 && losses[0].offset == 1 ? losses[0].permitted_by : "not just that record";
}

// Exactly one loss: that of `b` at offset 1, for this reason; and the two loss properties say so.
void expect_permitted(const Told& t, const std::string& because) {
  const auto& losses = t.judge.shadow().ledger.losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].offset, 1);
  EXPECT_EQ(losses[0].acked.value, t.b);
  EXPECT_NE(losses[0].permitted_by.find(because), std::string::npos) << losses[0].permitted_by;
  EXPECT_EQ(t.judge.verdict("loss-is-permitted").outcome, Outcome::holds);
  const Verdict survive = t.judge.verdict("acked-records-survive");
  ASSERT_EQ(survive.violations.size(), 1u);
  EXPECT_EQ(survive.violations[0].permitted_by, losses[0].permitted_by);
  EXPECT_EQ(t.judge.verdict("elected-leader-is-complete").outcome, Outcome::holds);
}

void expect_not_permitted(const Told& t) {
  const auto& losses = t.judge.shadow().ledger.losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].permitted_by, "");
  EXPECT_EQ(t.judge.verdict("loss-is-permitted").outcome, Outcome::violated);
  EXPECT_EQ(t.judge.verdict("acked-records-survive").violations.at(0).permitted_by, std::nullopt);
}

TEST(Ledger, AnUncleanElectionPermitsLoss) {
  Told t;
  t.two_acked();
  t.unclean(3, 1);
  t.leads(3, 1);
  expect_permitted(t, "unclean");
}

// The unclean leader died before it began; the next one, elected from the ISR that it was alone in, inherits its log.
TEST(Ledger, AnUncleanElectionThatNeverBeganPermitsLossInTheNextEpoch) {
  Told t;
  t.two_acked();
  t.unclean(3, 1);
  t.leads(3, 2);
  expect_permitted(t, "unclean.leader.election.enable");
}

TEST(Ledger, AnUncleanElectionBeforeACompleteLeaderPermitsNothing) {
  Told t;
  t.two_acked();
  t.unclean(2, 1);
  t.leads(2, 1);
  t.leads(3, 2);
  expect_not_permitted(t);
}

TEST(Ledger, APowerCutPermitsOnlyWhatItTook) {
  Told t;
  t.two_acked();
  // Broker 3 held the first record only, and lost just that; it never had the second.
  t.fact(3, model::UnsyncedDataLost{kTp, Offset{0}, Offset{1}});
  t.leads(3, 1);
  const auto& losses = t.judge.shadow().ledger.losses();
  ASSERT_EQ(losses.size(), 2u);
  EXPECT_NE(losses[0].permitted_by, "");
  EXPECT_EQ(losses[1].permitted_by, "");
}

TEST(Ledger, UnsyncedDataLostByTheElectedReplicaPermitsLoss) {
  Told t;
  t.two_acked();
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.leads(2, 1);
  expect_permitted(t, "unsynced");
}

TEST(Ledger, UnsyncedDataLostByAnotherReplicaPermitsNothing) {
  Told t;
  t.two_acked();
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.leads(3, 1);
  expect_not_permitted(t);
}

TEST(Ledger, UnsyncedDataThatWasCopiedAgainPermitsNothing) {
  Told t;
  t.two_acked();
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.appends(2, 1, 0, {t.b});
  t.fact(2, model::LogTruncated{kTp, Offset{1}, Offset{2}});
  t.leads(2, 1);
  expect_not_permitted(t);
}

TEST(Ledger, AcksOnePermitsLossOfWhatWasNotCommitted) {
  Told t;
  t.leads(1, 0);
  t.appends(1, 0, 0, {t.a, t.b}, true);
  t.acked(0, {t.a, t.b}, 1);
  t.appends(2, 0, 0, {t.a});
  t.high_watermark(1, 0, 1, 0, true);
  t.leads(2, 1);
  expect_permitted(t, "acks=1");
}

TEST(Ledger, AcksOneDoesNotPermitLossOfWhatWasCommitted) {
  Told t;
  t.two_committed();
  t.acked(0, {t.a, t.b}, 1);
  t.leads(3, 1);
  expect_not_permitted(t);
}

TEST(Ledger, ACleanLeaderThatLacksAnAcksAllRecordIsNotPermitted) {
  Told t;
  loses_acked(t);
  expect_not_permitted(t);
  EXPECT_EQ(t.judge.shadow().ledger.losses()[0].offset, 1);
}

TEST(Ledger, ACleanElectionPermitsNothing) {
  Told t;
  t.two_acked();
  t.state(3, 1, false);
  t.leads(3, 1);
  expect_not_permitted(t);
}

TEST(Ledger, AcksAllPermitsNothingEvenIfTheRecordWasNeverCommitted) {
  Told t;
  t.leads(1, 0);
  t.appends(1, 0, 0, {t.a, t.b}, true);
  t.acked(0, {t.a, t.b});
  t.appends(2, 0, 0, {t.a});
  t.high_watermark(1, 0, 1, 0, true);
  t.leads(2, 1);
  expect_not_permitted(t);
}

TEST(Ledger, UnsyncedDataThatWasCopiedAgainPermitsNothingAboveItEither) {
  Told t;
  t.two_committed();
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.appends(2, 1, 0, {t.b});
  t.appends(1, 2, 0, {t.c}, true);
  t.acked(2, {t.c});
  t.leads(2, 1);
  expect_not_permitted(t);
}

TEST(Ledger, ALossIsBookedOnce) {
  Told t;
  loses_acked(t);
  t.leads(3, 1);  // told again
  t.leads(3, 2);
  expect_not_permitted(t);
}

// Broker 2 loses the new record, an undone truncation brings the old one back in its place, and a wipe takes that too.
TEST(Ledger, EachLossOfAReplicaIsRemembered) {
  Told t;
  t.two_acked();
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.appends(2, 1, 0, {t.c});
  t.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  t.leads(2, 1);
  const auto& losses = t.judge.shadow().ledger.losses();
  ASSERT_EQ(losses.size(), 1u);
  EXPECT_EQ(losses[0].permitted_by, "");  // `c` was copied over `b`: no power cut explains that

  Told u;
  u.two_acked();
  u.fact(2, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  model::RecordBatch old;
  old.base_offset = Offset{1};
  old.partition_leader_epoch = LeaderEpoch{0};
  old.record_count = 1;
  old.records = std::make_shared<const std::vector<model::Record>>(1, model::Record{model::KeyId{}, {}, u.c, Nanos{0}});
  u.fact(2, model::TruncationUndone{kTp, Offset{1}, {old}});
  u.fact(2, model::UnsyncedDataLost{kTp, Offset{0}, Offset{2}});
  u.leads(2, 1);
  ASSERT_EQ(u.judge.shadow().ledger.losses().size(), 2u);
  for (const Loss& loss : u.judge.shadow().ledger.losses()) EXPECT_NE(loss.permitted_by, "");
}

// Broker 1 was deposed and slept through it, an unclean election made it leader again, and then it answers.
TEST(Ledger, ARecordThatTheNewestLeaderHoldsIsNotLost) {
  Told t;
  t.leads(1, 0);
  t.appends(1, 0, 0, {t.a, t.b}, true);
  t.appends(3, 0, 0, {t.a});
  t.high_watermark(1, 0, 1, 0, true);
  t.leads(3, 1);
  t.unclean(1, 2);
  t.leads(1, 2);
  t.acked(1, {t.b});
  EXPECT_TRUE(t.judge.shadow().ledger.losses().empty());
  t.leads(3, 3);
  EXPECT_EQ(t.judge.shadow().ledger.losses().size(), 1u);
}

TEST(Ledger, ARecordSentWithAcksZeroThatDidNotComeThroughIsLost) {
  Told t;
  t.two_committed();
  t.fact(Told::kClient, model::RecordAcknowledged{kTp, t.a, t.c, Offset(), 0, {t.a, t.c}});
  t.judge.finish(quiet_end());
  const Verdict verdict = t.judge.verdict("acked-records-survive");
  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations[0].reason, "acked record lost, acks=0");
  EXPECT_TRUE(t.judge.verdict("loss-is-permitted").violations.empty());
}

// The second leader had what the third lost with its power: it is the third that must explain it.
TEST(Ledger, ALeaderStillHeldWhatALaterOneTookFromTheLog) {
  Told t;
  t.two_committed();
  t.leads(2, 1);
  t.fact(1, model::UnsyncedDataLost{kTp, Offset{0}, Offset{2}, model::LossCause::power_cut});
  t.leads(1, 2);
  const Shadow& shadow = t.judge.shadow();
  EXPECT_THAT(shadow.ledger.permits(kTp, 1, {LeaderEpoch{0}, t.b}, shadow.logs), testing::StartsWith("flush.messages"));
}

TEST(Ledger, AReplicaThatWasAddedBehindTheLeaderMayLackWhatThatLeaderCommitted) {
  for (const bool dropped : {false, true}) {
    Told t;
    t.two_acked();
    if (dropped) t.fact(1, model::IsrExpansionDropped{kTp, LeaderEpoch{0}, {NodeId{3}}});
    t.leads(3, 1);
    EXPECT_EQ(t.judge.verdict("loss-is-permitted").violations.empty(), dropped);
  }
}

TEST(Ledger, WhatRotMadeOfARecordIsLostAndPermittedOnThatReplicaAndWhereItWasCopied) {
  Told own;
  own.two_acked();
  own.fact(2, rots(own));
  Told copied = own;
  own.leads(2, 1);
  EXPECT_THAT(permitted(own), testing::StartsWith("corrupted undetected"));
  EXPECT_TRUE(own.judge.verdict("loss-is-permitted").violations.empty());
  EXPECT_TRUE(own.judge.verdict("elected-leader-is-complete").violations.empty());
  ASSERT_EQ(own.judge.verdict("acked-records-survive").violations.size(), 1u);
  EXPECT_TRUE(own.judge.verdict("acked-records-survive").violations[0].permitted_by.has_value());
  copied.appends(3, 1, 0, {model::rotten(copied.b, NodeId{2})});
  copied.leads(3, 1);
  EXPECT_THAT(permitted(copied), testing::StartsWith("corrupted undetected"));
  // A leader elsewhere has the record as it was.
  Told clean;
  clean.two_acked();
  clean.fact(2, rots(clean));
  clean.appends(3, 1, 0, {clean.b});
  clean.leads(3, 1);
  EXPECT_TRUE(clean.judge.shadow().ledger.losses().empty());
}

TEST(Ledger, RotExplainsNoOtherValueNoOtherRecordAndNoRecordThatIsNotThere) {
  for (const int kind : {0, 1, 2}) {
    Told t;
    t.two_acked();
    t.fact(2, rots(t));
    if (kind == 1) t.appends(3, 1, 0, {t.c});                                 // what nobody made of it
    if (kind == 2) t.appends(3, 0, 0, {model::rotten(t.a, NodeId{2}), t.b});  // another record, which has not rotted
    t.leads(3, 1);
    EXPECT_FALSE(t.judge.verdict("loss-is-permitted").violations.empty()) << kind;
    EXPECT_FALSE(t.judge.verdict("elected-leader-is-complete").violations.empty()) << kind;
  }
}

// The answer was on its way while two leaders followed; it is the first of them that lost the record.
TEST(Ledger, ALateAnswerIsJudgedByTheElectionThatLostTheRecord) {
  for (const bool unclean : {false, true}) {
    Told t;
    t.two_committed();
    if (unclean) t.unclean(3, 1);
    t.leads(3, 1);
    t.leads(3, 2);
    t.acked(0, {t.a, t.b});
    const auto& losses = t.judge.shadow().ledger.losses();
    ASSERT_EQ(losses.size(), 1u);
    EXPECT_EQ(losses[0].offset, 1);
    EXPECT_EQ(losses[0].permitted_by.empty(), !unclean);
  }
}

}  // namespace ledger_test
}  // namespace ktrial::properties
