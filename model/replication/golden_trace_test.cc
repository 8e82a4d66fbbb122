// Known sequences of replication (an election, a truncation, an ISR change ...) that a partition can show without a
// cluster.
#include <gtest/gtest.h>

#include "model/nodes_for_test.h"
#include "model/replication/partition.h"

namespace ktrial::model {
namespace golden_trace_test {

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
using testing::nodes;

struct Cluster {
  Step step;
  Brokers brokers;
  std::vector<Partition> at;
  Cluster() {
    step.now = seconds(100);
    for (int i = 0; i < 3; ++i) {
      brokers[NodeId(i)] = {IncarnationId(1), BrokerEpoch(10 + i), false, false};
      PartitionConfig c;
      c.self = NodeId(i);
      at.emplace_back(kTp, c, LogDisk());
    }
  }
  void elect(int leader, int epoch, int pe, std::vector<NodeId> isr, std::initializer_list<int> who) {
    PartitionRegistration r{nodes({0, 1, 2}),   std::move(isr),     NodeId(leader),
                            LeaderEpoch(epoch), PartitionEpoch(pe), {}};
    for (int i : who) {
      if (i == leader)
        at[i].make_leader(step, r, brokers);
      else
        at[i].make_follower(step, r);
    }
  }
  AppendResult produce(int leader, int count) {
    RecordBatch b;
    b.record_count = count;
    b.size_in_bytes = 10;
    return at[leader].append(step, b, Acks::all, brokers);
  }
  FetchResponse::Partition fetch(int follower, int leader) {
    Partition& f = at[follower];
    FetchRequest::Partition q{
        kTp, f.leader_epoch(), f.log().log_end(), f.log().epochs().latest(), f.log().log_start(), 1 << 20};
    PartitionRead r = at[leader].read(q, NodeId(follower), BrokerEpoch(10 + follower), brokers, 1 << 20, true);
    if (!r.answer_now())
      at[leader].follower_fetched(step, NodeId(follower), BrokerEpoch(10 + follower), q, r.leader_log_end, brokers);
    if (r.response.error != Error::NONE) return r.response;
    if (r.response.diverging_epoch.epoch.present())
      f.truncate_to_leader(step, r.response.diverging_epoch);
    else
      f.copy_from_leader(step, r.response, q.current_leader_epoch);
    return r.response;
  }
  Offset hw(int i) const { return at[i].log().high_watermark(); }
  Offset leo(int i) const { return at[i].log().log_end(); }
};

TEST(GoldenTrace, T1_AcksAll) {
  Cluster c;
  c.elect(0, 1, 1, nodes({0, 1, 2}), {0, 1, 2});
  const AppendResult p = c.produce(0, 1);
  c.fetch(1, 0);
  c.fetch(2, 0);
  EXPECT_EQ(c.leo(2), Offset(1));
  EXPECT_EQ(c.hw(0), Offset(0));
  EXPECT_FALSE(c.at[0].produce_outcome(p.required_offset).has_value());
  c.fetch(1, 0);
  c.fetch(2, 0);
  EXPECT_EQ(c.hw(0), Offset(1));
  EXPECT_EQ(c.at[0].produce_outcome(p.required_offset), Error::NONE);
  EXPECT_EQ(c.hw(1), Offset(0));
  c.elect(1, 2, 2, nodes({1, 2}), {1});
  EXPECT_EQ(c.leo(1), Offset(1));
  ListOffsetsRequest latest;
  latest.partition = kTp;
  EXPECT_EQ(c.at[1].list_offsets(latest).error, Error::OFFSET_NOT_AVAILABLE);
}

TEST(GoldenTrace, T2_Truncation) {
  Cluster c;
  c.elect(0, 1, 1, nodes({0, 1}), {0, 1});
  c.produce(0, 1);
  c.fetch(1, 0);
  c.produce(0, 1);
  c.produce(0, 1);
  c.elect(1, 2, 2, nodes({1}), {1});
  c.produce(1, 1);
  c.elect(1, 2, 2, nodes({1}), {0});
  EXPECT_EQ(c.fetch(0, 1).diverging_epoch, (OffsetAndEpoch{Offset(1), LeaderEpoch(1)}));
  EXPECT_EQ(c.leo(0), Offset(1));
  EXPECT_EQ(c.at[1].remotes().at(NodeId(0)).log_end, Offset());  // a diverging fetch tells nothing
  c.fetch(0, 1);
  EXPECT_EQ(c.at[0].log().batches().back().partition_leader_epoch, LeaderEpoch(2));
  EXPECT_EQ(c.leo(0), Offset(2));
}

TEST(GoldenTrace, T3_LoopOfKip279) {
  Cluster c;
  const auto fill = [&](int node, int epoch, int upto) {
    RecordBatch b;
    b.record_count = 1;
    while (c.leo(node).value < upto) c.at[node].log().append_as_leader(b, LeaderEpoch(epoch));
  };
  fill(0, 1, 10);
  fill(0, 3, 20);
  fill(1, 1, 5);
  fill(1, 2, 15);
  c.elect(1, 4, 4, nodes({1}), {0, 1});
  EXPECT_EQ(c.fetch(0, 1).diverging_epoch, (OffsetAndEpoch{Offset(15), LeaderEpoch(2)}));
  EXPECT_EQ(c.leo(0), Offset(10));
  EXPECT_EQ(c.fetch(0, 1).diverging_epoch, (OffsetAndEpoch{Offset(5), LeaderEpoch(1)}));
  EXPECT_EQ(c.leo(0), Offset(5));
  c.fetch(0, 1);
  EXPECT_EQ(c.leo(0), Offset(15));
}

TEST(GoldenTrace, T4_Shrink_T5_Expand) {
  Cluster c;
  c.elect(0, 1, 1, nodes({0, 1, 2}), {0, 1, 2});
  c.produce(0, 1);
  for (int i = 0; i < 2; ++i) c.fetch(1, 0);
  c.step.now += seconds(31);
  c.fetch(1, 0);
  EXPECT_TRUE(c.at[0].maybe_shrink_isr(c.step).propose);
  EXPECT_EQ(c.hw(0), Offset(0));
  auto item = c.at[0].proposal(BrokerEpoch(10));
  ASSERT_TRUE(item);
  EXPECT_EQ(item->new_isr.size(), 2u);
  AlterPartitionResponse::Partition ok{kTp,           Error::NONE, NodeId(0),        LeaderEpoch(1),
                                       nodes({0, 1}), {},          PartitionEpoch(2)};
  PartitionProgress change;
  EXPECT_FALSE(c.at[0].on_alter_partition(c.step, *item, ok, c.brokers, change));
  EXPECT_EQ(c.hw(0), Offset(1));
  // T5
  c.fetch(2, 0);
  EXPECT_FALSE(c.at[0].isr().in_flight());
  c.fetch(2, 0);
  EXPECT_TRUE(c.at[0].isr().expanding());
  c.produce(0, 1);
  for (int i = 0; i < 2; ++i) c.fetch(1, 0);
  EXPECT_EQ(c.hw(0), Offset(1));
  for (int i = 0; i < 2; ++i) c.fetch(2, 0);
  EXPECT_EQ(c.hw(0), Offset(2));
}

}  // namespace golden_trace_test
}  // namespace ktrial::model
