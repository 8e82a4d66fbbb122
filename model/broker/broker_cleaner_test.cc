// The log cleaner in whole brokers: each replica cleans for itself, what a compacted topic refuses, and a cleaning that
// a stop or the end of the replica meets. Method: a test world; the test produces records of two keys.
#include <gtest/gtest.h>

#include "model/broker/broker_world_for_test.h"
#include "model/nodes_for_test.h"

namespace ktrial::model {
namespace broker_cleaner_test {

const TopicPartition kTp{TopicId{1}, PartitionIndex{0}};

ClusterConfig quick() {
  ClusterConfig config;
  config.log_cleaner_backoff = milliseconds(500);
  return config;
}

struct Compacted : BrokerWorld {
  explicit Compacted(std::initializer_list<int> replicas) : BrokerWorld(static_cast<int>(replicas.size()), quick()) {
    create("accounts", testing::nodes(replicas), {{"cleanup.policy", "compact"}, {"segment.bytes", "300"}});
    EXPECT_TRUE(until([&] {
      const Partition* leader = broker(*replicas.begin()).partition(kTp);
      return leader && leader->role() == ReplicaRole::leader && leader->isr().committed.size() == replicas.size();
    }));
  }
  Error send(int to, KeyId key, std::int64_t value) {
    RecordBatch b = batch(static_cast<int>(value));
    b.records = std::make_shared<const std::vector<Record>>(1, Record{key, {}, ValueId(value), Nanos(0)});
    const auto id = request(NodeId{to}, ProduceRequest{Acks::all, seconds(30), {{kTp, b}}});
    advance(milliseconds(20));
    return produced(id);
  }
  void send_two_keys(int count) {
    for (std::int64_t i = 0; i < count; ++i) EXPECT_EQ(send(1, KeyId(i % 2), i), Error::NONE);
  }
  std::vector<std::int64_t> offsets(int id) {
    std::vector<std::int64_t> all;
    for (const RecordBatch& b : broker(id).log(kTp)->batches()) all.push_back(b.base_offset.value);
    return all;
  }
};
using Offsets = std::vector<std::int64_t>;

TEST(LogCleanerThread, EachReplicaCleansItsLog) {
  Compacted c({1, 2});
  c.send_two_keys(10);
  EXPECT_TRUE(c.until([&] { return c.count<LogCleaned>(NodeId{1}) > 0 && c.count<LogCleaned>(NodeId{2}) > 0; }));
  for (const int id : {1, 2}) {
    EXPECT_EQ(c.offsets(id), (Offsets{7, 8, 9}));
    EXPECT_EQ(c.broker(id).log(kTp)->disk().cleaned.read(), Offset(9));
    EXPECT_EQ(c.broker(id).log(kTp)->log_start(), Offset(0));
  }
  // A consumer begins at the next record that is there.
  FetchRequest fetch;
  fetch.partitions = {{kTp, LeaderEpoch(), Offset(2), kNoEpoch, Offset(0), 1 << 20}};
  const auto got = c.ask<FetchResponse>(1, fetch);
  ASSERT_EQ(got.partitions.size(), 1u);
  ASSERT_EQ(got.partitions[0].batches.size(), 3u);
  EXPECT_EQ(got.partitions[0].batches[0].base_offset, Offset(7));
}

TEST(LogCleanerThread, AFollowerThatBeginsAnewCopiesTheGap) {
  Compacted c({1, 2});
  c.send_two_keys(10);
  EXPECT_TRUE(c.until([&] { return c.count<LogCleaned>(NodeId{1}) > 0; }));
  c.kill(2);
  std::vector<Fact> lost;
  c.broker(2).wipe(lost);
  c.start(2);
  EXPECT_TRUE(c.until([&] { return c.broker(2).log(kTp) && c.broker(2).log(kTp)->log_end() == Offset(10); }));
  EXPECT_EQ(c.offsets(2), (Offsets{7, 8, 9}));
}

TEST(LogCleanerThread, ACompactedTopicTakesNoRecordWithoutAKeyAndNoDeleteRecords) {
  Compacted c({1});
  EXPECT_EQ(c.send(1, KeyId(), 1), Error::INVALID_RECORD);
  c.step(NodeId{1}, [](auto& n, Step& s) { n.on_command(s, DeleteRecords{{seconds(1), {{kTp, Offset(0)}}}}); });
  const auto answered = std::find_if(c.facts.begin(), c.facts.end(),
                                     [](const auto& f) { return std::holds_alternative<RecordsDeleted>(f.second); });
  ASSERT_NE(answered, c.facts.end());
  EXPECT_EQ(std::get<RecordsDeleted>(answered->second).error, Error::POLICY_VIOLATION);
}

TEST(LogCleanerThread, ACleanStopCompletesTheSwapAndAKillLeavesItToRecovery) {
  for (const bool clean : {true, false}) {
    Compacted c({1});
    c.send_two_keys(10);
    EXPECT_TRUE(c.until([&] {
      c.advance(milliseconds(1));
      const Log* log = c.broker(1).log(kTp);
      return log->segments().replacement() && log->segments().replacement()->swapped();
    }));
    const Offsets held = c.offsets(1);
    if (clean) {
      c.stop(1);
      EXPECT_TRUE(c.until([&] { return !c.broker(1).running(); }));
      EXPECT_EQ(c.broker(1).disk().logs.begin()->second.segments.replacement(), nullptr);
    } else {
      c.kill(1);
      EXPECT_NE(c.broker(1).disk().logs.begin()->second.segments.replacement(), nullptr);
    }
    c.start(1);
    EXPECT_TRUE(c.until([&] { return c.broker(1).log(kTp) != nullptr; }));
    EXPECT_EQ(c.offsets(1), held);
    EXPECT_EQ(c.broker(1).log(kTp)->segments().replacement(), nullptr);
  }
}

}  // namespace broker_cleaner_test
}  // namespace ktrial::model
