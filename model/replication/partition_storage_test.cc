// What a partition does with its log besides appending. Method: one Partition, leader of replicas 0 and 1.
#include <gtest/gtest.h>

#include "model/nodes_for_test.h"
#include "model/replication/partition.h"

namespace ktrial::model {
namespace partition_storage_test {

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
using testing::nodes;

struct Leader {
  Step step;
  Partition partition;
  explicit Leader(int records) {
    Brokers brokers;
    for (int i = 0; i < 2; ++i) brokers[NodeId(i)] = {IncarnationId(1), BrokerEpoch(10 + i), false, false};
    PartitionConfig c;
    c.self = NodeId(0);
    partition = Partition(kTp, c, LogDisk());
    partition.make_leader(step,
                          PartitionRegistration{nodes({0, 1}), nodes({0, 1}), NodeId(0), LeaderEpoch(1),
                                                PartitionEpoch(1), LeaderRecoveryState::RECOVERED},
                          brokers);
    RecordBatch b;
    b.record_count = 1;
    b.size_in_bytes = 10;
    for (int i = 0; i < records; ++i) partition.append(step, b, Acks::all, brokers);
  }
};

TEST(PartitionStorage, AStopLeavesEverythingOnTheDisk) {
  Leader l(3);
  EXPECT_LT(l.partition.log().segments().synced(), 3u);
  l.partition.store_for_shutdown(l.step);
  EXPECT_EQ(l.partition.log().segments().synced(), 3u);
  EXPECT_EQ(l.partition.log().recovery_point(), Offset(3));
  EXPECT_EQ(l.partition.take_disk().segments.items().size(), 3u);
}

TEST(PartitionStorage, AFailedFsyncTakesWhatWasNotFlushed) {
  Leader l(3);
  l.step.facts.clear();
  l.partition.drop_dirty_pages(l.step);
  ASSERT_EQ(l.step.facts.size(), 1u);
  const auto& lost = std::get<UnsyncedDataLost>(l.step.facts.front());
  EXPECT_EQ(lost.from, Offset(0));
  EXPECT_EQ(lost.cause, LossCause::failed_fsync);
  l.step.facts.clear();
  Leader flushed(3);
  flushed.partition.store_for_shutdown(flushed.step);
  flushed.step.facts.clear();
  flushed.partition.drop_dirty_pages(flushed.step);
  EXPECT_TRUE(flushed.step.facts.empty());
}

}  // namespace partition_storage_test
}  // namespace ktrial::model
