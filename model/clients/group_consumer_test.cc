// A group member's application over a real cluster: what it processes and commits, and what happens to it.
#include "model/clients/group_consumer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/broker/cluster_for_test.h"
#include "model/probes.h"

namespace ktrial::model::testing {
namespace group_consumer_test {

bool ready(TestCluster& c, NodeId id) {
  const auto* m = c.client(id).group_consumer();
  return m && m->membership() && m->membership()->ready();
}
Offset last_commit(const TestCluster& c, TopicPartition tp) {
  Offset last;
  for (const auto& f : c.all<OffsetCommitted>())
    if (f.partition == tp) last = f.offset;
  return last;
}
// No record is processed by a member at a time when it does not own the partition; positions behind unprocessed records
// are not committed.
void expect_order(TestCluster& c) {
  std::map<NodeId, std::set<TopicPartition>> owned;
  std::map<TopicPartition, Offset> processed;
  for (const auto& told : c.facts) {
    if (const auto* f = std::get_if<PartitionsAssigned>(&told.fact))
      owned[told.node] = {f->partitions.begin(), f->partitions.end()};
    if (std::holds_alternative<PartitionsRevoked>(told.fact)) owned[told.node].clear();
    if (const auto* f = std::get_if<RecordProcessed>(&told.fact)) {
      EXPECT_TRUE(owned[told.node].contains(f->partition)) << "at " << told.at.count();
      processed[f->partition] = std::max(processed[f->partition], f->offset + 1);
    }
    if (const auto* f = std::get_if<OffsetCommitted>(&told.fact); f && f->offset > Offset(0)) {
      EXPECT_LE(f->offset, processed[f->partition]);
    }
  }
}

TEST(GroupConsumer, ProcessesEverythingOnceInOrderAndCommitsIt) {
  TestCluster c;
  c.produce(50, 0);
  const NodeId m = c.join();
  c.advance(seconds(10));
  const auto processed = c.all<RecordProcessed>(m);
  ASSERT_EQ(processed.size(), 50u);
  for (std::size_t i = 0; i < processed.size(); ++i) EXPECT_EQ(processed[i].offset.value, static_cast<int>(i));
  EXPECT_EQ(last_commit(c, c.orders(0)), Offset(50));
  EXPECT_EQ(last_commit(c, c.orders(1)), Offset(0));
  expect_order(c);
}

TEST(GroupConsumer, PollReturnsAtMostMaxPollRecords) {
  TestCluster c;
  c.produce(10, 0, Nanos(0));
  auto spec = TestCluster::member_spec();
  spec.config.max_poll_records = 3;
  spec.processing_time = milliseconds(100);
  spec.config.enable_auto_commit = false;  // a commit after every poll
  c.join(spec);
  c.advance(seconds(10));
  std::vector<std::int64_t> commits;
  for (const auto& f : c.all<OffsetCommitted>())
    if (f.partition == c.orders(0) && f.offset > Offset(0)) commits.push_back(f.offset.value);
  EXPECT_EQ(commits, (std::vector<std::int64_t>{3, 6, 9, 10}));
  expect_order(c);
}

TEST(GroupConsumer, WithoutACommittedOffsetAndAResetPolicyNothingIsRead) {
  TestCluster c;
  c.produce(10, 0, Nanos(0));
  auto spec = TestCluster::member_spec();
  spec.config.auto_offset_reset = OffsetReset::none;
  c.join(spec);
  c.advance(seconds(10));
  EXPECT_TRUE(c.probed(Probe::member_has_no_offset));
  EXPECT_EQ(c.count<RecordProcessed>(), 0u);
}

TEST(GroupConsumer, AutoCommitCommitsWhatEarlierPollsReturned) {
  TestCluster c;
  c.produce(100, 0, Nanos(0));
  auto spec = TestCluster::member_spec();
  spec.config.max_poll_records = 10;
  spec.processing_time = milliseconds(50);
  const NodeId m = c.join(spec);
  c.until([&] { return c.count<RecordProcessed>(m) == 35; });
  const Offset committed = last_commit(c, c.orders(0));
  EXPECT_GT(committed, Offset(0));
  EXPECT_EQ(committed.value % 10, 0);
  c.advance(seconds(10));
  EXPECT_EQ(last_commit(c, c.orders(0)), Offset(100));
  expect_order(c);
}

TEST(GroupConsumer, KilledMemberGoesOnFromItsCommittedOffset) {
  TestCluster c;
  c.produce(30, 0);
  const NodeId m = c.join();
  c.advance(seconds(6));
  ASSERT_EQ(last_commit(c, c.orders(0)), Offset(30));
  c.kill(m);
  c.produce(5, 0);
  c.advance(seconds(1));
  c.start(m);
  c.advance(seconds(20));  // the old member's session has to end first
  const auto fetched = c.all<CommittedOffsetFetched>(m);
  EXPECT_TRUE(std::any_of(fetched.begin(), fetched.end(), [&](const auto& f) { return f.offset == Offset(30); }));
  EXPECT_EQ(c.count<RecordProcessed>(m), 35u);
}

TEST(GroupConsumer, CleanStopCommitsAndLeaves) {
  TestCluster c;
  c.produce(30, 0);
  auto spec = TestCluster::member_spec();
  spec.config.auto_commit_interval = seconds(60);
  const NodeId m = c.join(spec);
  c.advance(seconds(5));
  EXPECT_EQ(last_commit(c, c.orders(0)), Offset());
  c.command(m, CleanStop{});
  EXPECT_TRUE(c.until([&] { return !c.running(m); }, seconds(2)));
  EXPECT_EQ(last_commit(c, c.orders(0)), Offset(30));
  c.advance(milliseconds(100));
  EXPECT_EQ(c.all<GroupStateChanged>().back().members, 0);
  expect_order(c);
}

TEST(GroupConsumer, CleanStopFinishesTheRecordsOfTheLastPoll) {
  TestCluster c;
  c.produce(10, 0, Nanos(0));
  auto spec = TestCluster::member_spec();
  spec.processing_time = milliseconds(100);
  const NodeId m = c.join(spec);
  ASSERT_TRUE(c.until([&] { return c.count<RecordProcessed>(m) == 2; }));
  c.command(m, CleanStop{});
  EXPECT_TRUE(c.until([&] { return !c.running(m); }, seconds(5)));
  EXPECT_EQ(last_commit(c, c.orders(0)).value, static_cast<std::int64_t>(c.count<RecordProcessed>(m)));
  expect_order(c);
}

TEST(GroupConsumer, PausedMemberLosesItsPartitionsAndComesBackAsSomebodyElse) {
  TestCluster c;
  c.produce(200, 0, milliseconds(100));
  const NodeId m1 = c.join();
  const NodeId m2 = c.join();
  ASSERT_TRUE(c.until([&] { return ready(c, m1) && ready(c, m2) && c.membership(m1).owned().size() == 1; }));
  const MemberId old = c.membership(m1).member();
  c.pause(m1);
  ASSERT_TRUE(c.until([&] { return c.membership(m2).owned().size() == 2; }, seconds(30)));
  c.resume(m1);
  ASSERT_TRUE(c.until([&] { return ready(c, m1) && c.membership(m1).member() != old; }, seconds(30)));
  const auto revoked = c.all<PartitionsRevoked>(m1);
  EXPECT_TRUE(std::any_of(revoked.begin(), revoked.end(), [](const auto& r) { return r.lost; }));
  c.advance(seconds(20));
  EXPECT_EQ(c.membership(m1).owned().size() + c.membership(m2).owned().size(), 2u);
}

TEST(GroupConsumer, ManyRebalancesLeaveNoRecordUnprocessed) {
  TestCluster c;
  c.produce(300, 0, milliseconds(100));
  c.produce(300, 1, milliseconds(100));
  auto spec = TestCluster::member_spec();
  spec.processing_time = milliseconds(5);
  std::vector<NodeId> members{c.join(spec), c.join(spec)};
  for (int i = 0; i < 6; ++i) {
    c.advance(seconds(4));
    const NodeId victim = members[static_cast<std::size_t>(i % 2)];
    if (i % 3 == 2)
      c.command(victim, CleanStop{});
    else
      c.kill(victim);
    c.advance(seconds(2));
    if (!c.running(victim)) c.start(victim);
  }
  c.advance(seconds(40));
  std::set<std::pair<TopicPartition, Offset>> seen;
  for (const auto& f : c.all<RecordProcessed>()) seen.insert({f.partition, f.offset});
  EXPECT_EQ(seen.size(), 600u);
}

}  // namespace group_consumer_test
}  // namespace ktrial::model::testing
