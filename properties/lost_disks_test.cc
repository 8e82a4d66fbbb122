// Disks that are lost or restored after their logs had removed records from the front. Method: facts by hand.
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace lost_disks_test {

void expect_nothing_is_wrong(const Told& t) {
  for (const Verdict& verdict : t.judge.verdicts())
    EXPECT_TRUE(verdict.violations.empty()) << verdict.property << ": " << verdict.violations.front().text;
}
void removes_to(Told& t, int node, std::int64_t start, std::int64_t old) {
  model::LogStartAdvanced f;
  f.partition = kTp;
  f.log_start_offset = Offset{start};
  f.old_log_start_offset = Offset{old};
  f.high_watermark = Offset{start};
  f.reason = model::LogStartReason::retention_ms;
  t.fact(node, f);
}
void loses_disk(Told& t, int node, std::int64_t end) {
  t.fact(node, model::UnsyncedDataLost{kTp, Offset{0}, Offset{end}, model::LossCause::disk_lost});
}

// The last leader had removed everything; it comes back with an empty disk and gives the offsets again.
TEST(LostDisk, OffsetsThatItsLeaderHadRemovedAreGivenAgain) {
  Told t;
  t.two_acked();
  removes_to(t, 1, 2, 0);
  removes_to(t, 2, 2, 0);
  loses_disk(t, 1, 2);
  loses_disk(t, 2, 2);
  t.leads(1, 1);
  t.appends(1, 0, 1, {t.c}, true);
  t.appends(2, 0, 1, {t.c});
  t.high_watermark(1, 0, 1, 1, true);
  EXPECT_TRUE(t.judge.shadow().ledger.losses().empty());
  EXPECT_EQ(t.judge.shadow().logs.committed_end(kTp), 1);
  EXPECT_EQ(t.judge.shadow().logs.start(NodeId{1}, kTp), 0);
  expect_nothing_is_wrong(t);
}

// Its leader removed a record that it never had itself (the second): nothing is missing in it.
TEST(LostDisk, AReplicaNeedNotHoldWhatTheLeaderRemoved) {
  Told t;
  t.two_committed();
  removes_to(t, 1, 2, 0);
  const ReplicaLogs& logs = t.judge.shadow().logs;
  EXPECT_EQ(logs.first_missing(NodeId{3}, kTp), 1);
  t.appends(3, 2, 0, {t.c});
  EXPECT_EQ(logs.leader_removed_to(kTp), 2);
  EXPECT_EQ(logs.first_missing(NodeId{3}, kTp, logs.leader_removed_to(kTp)), -1);
}

// A follower with an empty disk begins where its leader's log does. It is tiered: with its next stop it begins at 0
// again, without having anything, and may lead then.
TEST(LostDisk, WhoBeganWhereItsLeaderDoesHasLostNothingByIt) {
  for (const bool removed : {true, false}) {
    Told t;
    t.two_acked();
    if (removed) removes_to(t, 1, 2, 0);
    loses_disk(t, 3, 1);
    t.fact(3, model::LogStartAdvanced{kTp, Offset{2}, Offset{0}, Offset{0}, model::LogStartReason::truncation});
    t.fact(3, model::LogLoaded{kTp, Offset{0}, Offset{2}, Offset{0}, false, Offset{}, {}});
    t.leads(3, 1);
    EXPECT_EQ(t.judge.shadow().ledger.losses().empty(), removed);
    EXPECT_EQ(t.judge.verdict("loss-is-permitted").violations.empty(), removed);
    EXPECT_EQ(t.judge.verdict("recovered-log-is-sound").violations.empty(), removed);
  }
}

// The newest leader has lost with its disk what a deposed one commits only now.
TEST(RestoredDisk, ADeposedLeaderMayCommitWhatTheNewestHasLostSince) {
  Told t;
  t.leads(1, 0);
  t.appends(1, 0, 0, {t.a}, true);
  t.appends(2, 0, 0, {t.a});
  t.leads(2, 1);
  Told kept = t;
  loses_disk(t, 2, 1);
  t.high_watermark(1, 0, 1, 0, true);
  expect_nothing_is_wrong(t);
  kept.fact(2, model::LogTruncated{kTp, Offset{0}, Offset{1}});
  kept.high_watermark(1, 0, 1, 0, true);
  EXPECT_FALSE(kept.judge.verdict("logs-agree-below-high-watermark").violations.empty());
}

// The epochs of what an older disk brings back may have been forgotten when it was copied.
TEST(RestoredDisk, WhatComesBackBelowAFormerLogStartHasNoEpochs) {
  Told t;
  t.two_committed();
  removes_to(t, 1, 1, 0);
  model::TruncationUndone back{kTp, Offset{0}, {}};
  model::RecordBatch batch;
  batch.base_offset = Offset{0};
  batch.partition_leader_epoch = LeaderEpoch{0};
  batch.record_count = 2;
  batch.records = std::make_shared<const std::vector<model::Record>>(
      std::vector<model::Record>{{model::KeyId{}, {}, t.a, Nanos{0}}, {model::KeyId{}, {}, t.b, Nanos{0}}});
  back.batches.push_back(batch);
  t.fact(1, back);
  EXPECT_EQ(t.judge.shadow().logs.epochs_from(NodeId{1}, kTp), 1);
}

}  // namespace lost_disks_test
}  // namespace ktrial::properties
