// A broker's disk in a running cluster: what a stop in the middle of recovery leaves, DeleteRecords until every replica
// knows, retention on leader and followers alike, and what I/O errors do.
#include <gtest/gtest.h>

#include "model/broker/cluster_for_test.h"
#include "model/probes.h"
#include "model/survival_for_test.h"

namespace ktrial::model {
namespace broker_storage_test {

using testing::TestCluster;

ClusterConfig quick(std::optional<Variant> variant = {}) {
  ClusterConfig c = TestCluster::small_config();
  c.log_initial_task_delay = milliseconds(500);
  c.log_retention_check_interval = milliseconds(500);
  c.topic_defaults.segment_bytes = 400;
  if (variant) c.variants.set(*variant);
  return c;
}
struct Cluster : TestCluster {
  using TestCluster::TestCluster;
  const TopicPartition tp{TopicId(1), PartitionIndex(0)};
  const Log& log(int id) { return *broker(id).log(orders(0)); }
  void delete_records(std::int64_t before, Nanos timeout = seconds(30)) {
    command(NodeId(1), DeleteRecords{{timeout, {{orders(0), Offset(before)}}}});
  }
  std::vector<Fact> power_cut(int id, WriteOutcome outcome) {
    kill(NodeId(id));
    std::vector<Fact> said;
    broker(id).power_cut(testing::always(outcome), said);
    return said;
  }
};

TEST(DeleteRecords, IsAnsweredWhenEveryReplicaStartsThere) {
  Cluster c(quick());
  c.produce(20, 0, milliseconds(20));
  c.advance(seconds(2));
  c.delete_records(7);
  EXPECT_EQ(c.log(1).log_start(), Offset(7));
  EXPECT_EQ(c.count<RecordsDeleted>(), 0u);
  c.advance(seconds(2));
  const auto answers = c.all<RecordsDeleted>();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error, Error::NONE);
  EXPECT_EQ(answers[0].low_watermark, Offset(7));
  for (int id : {2, 3}) EXPECT_EQ(c.log(id).log_start(), Offset(7));
  EXPECT_TRUE(c.until([&] { return c.log(1).segments().segment(0).base > Offset(0); }));  // whole segments go later
}

TEST(DeleteRecords, WaitsForAPausedFollowerAndTimesOut) {
  Cluster c;
  c.produce(5, 0);
  c.advance(seconds(2));
  c.pause(NodeId(3));
  c.delete_records(3, seconds(1));
  c.advance(seconds(2));
  ASSERT_EQ(c.count<RecordsDeleted>(), 1u);
  EXPECT_EQ(c.all<RecordsDeleted>()[0].error, Error::REQUEST_TIMED_OUT);
}

TEST(DeleteRecords, IsRefusedAboveTheHighWatermark) {
  Cluster c;
  c.produce(5, 0);
  c.advance(seconds(2));
  c.delete_records(6);
  ASSERT_EQ(c.count<RecordsDeleted>(), 1u);
  EXPECT_EQ(c.all<RecordsDeleted>()[0].error, Error::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(c.log(1).log_start(), Offset(0));
}

TEST(DeleteRecords, AReplicaThatStartsInsideABatchTakesTheBatch) {
  Cluster c;
  ProduceRequest request;
  request.acks = Acks::leader;
  RecordBatch batch;
  batch.record_count = 4;
  batch.size_in_bytes = 100;
  request.partitions.push_back({c.orders(0), batch});
  c.kill(NodeId(3));
  for (int i = 0; i < 2; ++i) {
    const ConnectionId own{TestCluster::kTest, 50 + i};
    c.acceptors[own] = NodeId(1);
    c.inbox.clear();
    Step step;
    step.self = NodeId(1);
    step.now = c.now;
    c.broker(1).on_message(step, own, Message{1, request});
    c.advance(seconds(1));
  }
  c.advance(seconds(40));  // broker 3 leaves the ISR
  c.delete_records(6);
  std::vector<Fact> said;
  c.broker(3).wipe(said);
  c.start(NodeId(3));
  EXPECT_TRUE(c.until([&] { return c.broker(3).log(c.tp) && c.log(3).log_end() == Offset(8); }));
  EXPECT_EQ(c.log(3).log_start(), Offset(6));
  EXPECT_EQ(c.log(3).batches().front().base_offset, Offset(4));
}

TEST(Retention, EveryReplicaRemovesForItself) {
  ClusterConfig config = quick();
  config.topic_defaults.retention_bytes = 1000;
  Cluster c(config);
  c.produce(100, 0, milliseconds(20));
  c.advance(seconds(10));
  for (int id : {1, 2, 3}) {
    EXPECT_GT(c.log(id).log_start(), Offset(50)) << id;
    EXPECT_GE(c.log(id).segments().bytes(), 1000);
  }
  EXPECT_GT(c.count<SegmentDeleted>(NodeId(2)), 3u);
  EXPECT_GT(c.count<SegmentRolled>(NodeId(3)), 3u);
}

// [D01] A broker that lost power is stopped cleanly while it recovers its logs.
TEST(Variant_clean_marker, TellsThatAllLogsWereLoaded) {
  for (const bool always : {false, true}) {
    Cluster c(always ? quick(Variant::clean_marker) : quick());
    c.produce(3, 0);
    c.advance(seconds(2));
    c.power_cut(2, WriteOutcome::torn);
    c.start(NodeId(2));
    EXPECT_EQ(c.broker(2).log(c.tp), nullptr);  // recovery takes time
    c.command(NodeId(2), CleanStop{});
    EXPECT_FALSE(c.running(NodeId(2)));
    EXPECT_EQ(c.broker(2).disk().clean_shutdown[0].read().exists, always);
    EXPECT_EQ(c.probed(Probe::clean_stop_before_recovery), !always);
    c.start(NodeId(2));
    EXPECT_TRUE(c.until([&] { return c.broker(2).log(c.tp) != nullptr; }));
    const auto loads = c.all<LogLoaded>(NodeId(2));
    ASSERT_FALSE(loads.empty());
    EXPECT_EQ(loads.front().clean, always);
    EXPECT_EQ(loads.front().first_broken.present(), always);
  }
}

TEST(DiskFaults, AWriteErrorTakesTheDirectoryOfflineAndStopsTheBroker) {
  Cluster c;
  DiskHealth sick;
  sick.write_fails = true;
  c.broker(1).set_disk_health(sick);
  c.produce(3, 0);
  EXPECT_TRUE(c.until([&] { return !c.running(NodeId(1)); }));
  EXPECT_EQ(c.count<LogDirectoryFailed>(NodeId(1)), 1u);
  EXPECT_TRUE(c.broker(1).disk().logs.at(c.tp).segments.empty());
  EXPECT_FALSE(c.broker(1).disk().clean_shutdown[0].read().exists);
}

TEST(DiskFaults, AReadErrorStopsTheBrokerBeforeItLoads) {
  Cluster c;
  c.produce(3, 0);
  c.advance(seconds(1));
  c.kill(NodeId(1));
  DiskHealth sick;
  sick.read_fails = true;
  c.broker(1).set_disk_health(sick);
  c.start(NodeId(1));
  c.advance(seconds(1));
  EXPECT_FALSE(c.running(NodeId(1)));
  c.broker(1).set_disk_health({});
  c.start(NodeId(1));
  c.advance(seconds(5));
  EXPECT_EQ(c.log(1).log_end(), Offset(3));
}

TEST(DiskFaults, AFailedFsyncDropsWhatItWasForAndRecoveryCutsThere) {
  Cluster c(quick());
  c.produce(3, 0);
  c.advance(seconds(2));
  DiskHealth sick;
  sick.fsync_fails = true;
  c.broker(2).set_disk_health(sick);
  c.produce(20, 0);
  EXPECT_TRUE(c.until([&] { return !c.running(NodeId(2)); }));
  ASSERT_EQ(c.count<UnsyncedDataLost>(NodeId(2)), 1u);
  EXPECT_EQ(c.all<UnsyncedDataLost>(NodeId(2))[0].cause, LossCause::failed_fsync);
  const Offset from = c.all<UnsyncedDataLost>(NodeId(2))[0].from;
  c.broker(2).set_disk_health({});
  c.facts.clear();
  c.start(NodeId(2));
  EXPECT_TRUE(c.until([&] { return c.broker(2).log(c.tp) && c.log(2).log_end() == c.log(1).log_end(); }));
  EXPECT_EQ(c.all<LogLoaded>(NodeId(2)).front().end_offset, from);
}

// [D11] Between the error and the end of the process.
TEST(Variant_after_io_error, NothingIsAppendedBehindAFailedWrite) {
  for (const bool goes_on : {false, true}) {
    Cluster c(goes_on ? quick(Variant::after_io_error) : quick());
    c.produce(500, 0);
    c.advance(milliseconds(200));
    DiskHealth sick;
    sick.write_fails = true;
    c.broker(1).set_disk_health(sick);
    EXPECT_TRUE(c.until([&] { return !c.running(NodeId(1)); }));
    const auto& all = c.broker(1).disk().logs.at(c.tp).segments.items();
    ASSERT_FALSE(all.empty());
    EXPECT_EQ(all.back().checksum, goes_on ? Checksum::broken : Checksum::valid);
  }
}

TEST(DiskFaults, ABatchThatRotsIsFoundByWhoFetchesIt) {
  Cluster c;
  c.kill(NodeId(3));
  c.produce(3, 0);
  c.advance(seconds(2));
  std::vector<Fact> said;
  EXPECT_TRUE(c.broker(1).rot(0, said));
  EXPECT_TRUE(std::holds_alternative<BatchCorrupted>(said.at(0)));
  c.start(NodeId(3));
  EXPECT_TRUE(c.until([&] { return c.count<CorruptBatchFound>(NodeId(3)) > 0; }));
  EXPECT_EQ(c.log(3).log_end(), Offset(0));
}

TEST(DiskFaults, ARecordThatRotsBehindARightChecksumIsCopied) {
  Cluster c;
  c.kill(NodeId(3));
  c.produce(3, 0);
  c.advance(seconds(2));
  std::vector<Fact> said;
  ASSERT_TRUE(c.broker(1).rot_unseen(0, said));
  const RecordRotted rotted = std::get<RecordRotted>(said.at(0));
  EXPECT_TRUE(is_rotten(rotted.now));
  // The other replica shares the batch, but not the disk.
  EXPECT_EQ(c.log(2).batches().front().records->front().value, rotted.was);
  c.start(NodeId(3));
  ASSERT_TRUE(c.until([&] { return c.broker(3).log(c.tp) && c.log(3).log_end() == Offset(3); }));
  EXPECT_EQ(c.log(3).batches().front().records->front().value, rotted.now);
  EXPECT_EQ(c.count<CorruptBatchFound>(), 0u);
  // Nor does recovery find anything.
  c.facts.clear();
  c.kill(NodeId(3));
  c.start(NodeId(3));
  ASSERT_TRUE(c.until([&] { return c.count<LogLoaded>(NodeId(3)) > 0; }));
  for (const LogLoaded& loaded : c.all<LogLoaded>(NodeId(3))) EXPECT_FALSE(loaded.first_broken.present());
  // Each record rots once.
  for (const std::uint64_t which : {0, 0, 7}) EXPECT_TRUE(c.broker(2).rot_unseen(which, said));
  EXPECT_FALSE(c.broker(2).rot_unseen(0, said));
}

TEST(DiskFaults, AMisdirectedWriteBreaksTwoBatches) {
  Cluster c;
  c.produce(3, 0);
  c.produce(3, 1);
  c.advance(seconds(2));
  std::vector<Fact> said;
  EXPECT_TRUE(c.broker(1).misdirect(1, said));
  ASSERT_EQ(said.size(), 2u);
  EXPECT_NE(std::get<BatchCorrupted>(said[0]).partition, std::get<BatchCorrupted>(said[1]).partition);
}

TEST(DiskFaults, AnOlderDiskComesBack) {
  Cluster c(quick());
  c.produce(10, 0);
  c.advance(seconds(2));
  const BrokerDisk then = c.broker(2).durable_disk();
  c.produce(10, 0);
  c.advance(seconds(2));
  std::vector<Fact> said;
  c.kill(NodeId(2));
  c.broker(2).restore_disk(then, said);
  EXPECT_EQ(std::get<UnsyncedDataLost>(said.at(0)).cause, LossCause::disk_lost);
  c.facts.clear();
  c.start(NodeId(2));
  EXPECT_TRUE(c.until([&] { return c.broker(2).log(c.tp) && c.log(2).log_end() == Offset(20); }));
  for (const LogLoaded& loaded : c.all<LogLoaded>(NodeId(2))) EXPECT_LT(loaded.end_offset, Offset(11));
}

}  // namespace broker_storage_test
}  // namespace ktrial::model
