// Goal: what a broker answers to GetReplicaLogInfo (KIP-966). Method: a small cluster, and a test that asks its
// brokers.
#include <gtest/gtest.h>

#include "model/broker/cluster_for_test.h"

namespace ktrial::model {
namespace replica_log_info_test {

using testing::TestCluster;

struct ReplicaLogInfo : ::testing::Test {
  TestCluster c;
  GetReplicaLogInfoResponse ask(int broker, std::vector<TopicPartition> partitions) {
    return c.ask<GetReplicaLogInfoResponse>(NodeId(broker), GetReplicaLogInfoRequest{std::move(partitions)});
  }
};

TEST_F(ReplicaLogInfo, LeaderAndFollowersTellWhatTheyHave) {
  const NodeId producer = c.produce(10, 0);
  ASSERT_TRUE(c.until([&] { return c.count<RecordAcknowledged>(producer) > 0; }));
  c.advance(seconds(2));
  for (const int id : {1, 2, 3}) {
    const auto told = ask(id, {c.orders(0), c.orders(1)});
    EXPECT_EQ(told.broker_epoch, c.broker(id).broker_epoch());
    EXPECT_FALSE(told.truncated);
    ASSERT_EQ(told.partitions.size(), 2u);
    EXPECT_EQ(told.partitions[0].error, Error::NONE);
    EXPECT_EQ(told.partitions[0].log_end_offset, Offset(10));
    EXPECT_EQ(told.partitions[0].last_written_leader_epoch, LeaderEpoch(0));
    EXPECT_EQ(told.partitions[0].current_leader_epoch, LeaderEpoch(0));
    EXPECT_EQ(told.partitions[1].partition, c.orders(1));
    EXPECT_EQ(told.partitions[1].log_end_offset, Offset(0));
  }
}

TEST_F(ReplicaLogInfo, WhoHasNothingSaysWhy) {
  const auto told = ask(1, {{TopicId(77), PartitionIndex(0)}, {c.orders(0).topic, PartitionIndex(9)}});
  ASSERT_EQ(told.partitions.size(), 2u);
  EXPECT_EQ(told.partitions[0].error, Error::UNKNOWN_TOPIC_ID);
  EXPECT_EQ(told.partitions[1].error, Error::UNKNOWN_TOPIC_OR_PARTITION);
}

TEST(ReplicaLogInfoOfDirectories, AFailedOneHasNoLogs) {
  ClusterConfig config = TestCluster::small_config();
  config.log_dirs = {"/d0", "/d1"};
  TestCluster c(config);
  const TopicPartition tp = c.orders(0);
  DiskHealth bad;
  bad.read_fails = true;
  c.broker(1).set_disk_health(bad, c.broker(1).partition(tp)->log().disk().directory);
  c.produce(10, 0);
  ASSERT_TRUE(c.until([&] { return c.count<ReplicaOffline>(NodeId(1)) > 0; }, seconds(20)));
  const auto told = c.ask<GetReplicaLogInfoResponse>(NodeId(1), GetReplicaLogInfoRequest{{tp}});
  ASSERT_EQ(told.partitions.size(), 1u);
  EXPECT_EQ(told.partitions[0].error, Error::KAFKA_STORAGE_ERROR);
}

TEST_F(ReplicaLogInfo, OneAnswerHasAThousandPartitions) {
  const auto told = ask(1, std::vector<TopicPartition>(kMaxReplicaLogInfos + 5, c.orders(0)));
  EXPECT_TRUE(told.truncated);
  EXPECT_EQ(told.partitions.size(), kMaxReplicaLogInfos);
}

// A broker that was restarted tells of its log with the epoch of its new registration.
TEST_F(ReplicaLogInfo, ARestartedBrokerHasAnotherEpoch) {
  const BrokerEpoch before = c.broker(2).broker_epoch();
  c.kill(NodeId(2));
  c.advance(seconds(20));
  c.start(NodeId(2));
  c.advance(seconds(20));
  const auto told = ask(2, {c.orders(0)});
  EXPECT_GT(told.broker_epoch, before);
  EXPECT_EQ(told.broker_epoch, c.broker(2).broker_epoch());
}

}  // namespace replica_log_info_test
}  // namespace ktrial::model
