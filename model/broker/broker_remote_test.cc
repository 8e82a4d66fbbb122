// Tiered storage on real brokers: segments are copied, deleted locally and read from the remote storage; a broker that
// lost its disk begins where the leader's local log does.
#include <gtest/gtest.h>

#include "model/broker/broker_world_for_test.h"
#include "model/probes.h"

namespace ktrial::model {
namespace broker_remote_test {

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
constexpr NodeId kStorage{800};

ClusterConfig tiered_config() {
  ClusterConfig config;
  config.remote_log_storage_system_enable = true;
  config.remote_storage = kStorage;
  config.remote_log_manager_task_interval = seconds(1);
  config.log_initial_task_delay = seconds(1);
  config.log_retention_check_interval = seconds(1);
  config.broker_heartbeat_interval = milliseconds(500);
  config.broker_session_timeout = seconds(3);
  return config;
}

struct Tiered : BrokerWorld {
  explicit Tiered(int brokers, std::vector<NodeId> replicas, ClusterConfig config = tiered_config())
      : BrokerWorld(brokers, std::move(config)) {
    advance(seconds(3));
    create("orders", std::move(replicas),
           {{"remote.storage.enable", "true"}, {"local.retention.bytes", "200"}, {"segment.bytes", "200"}});
    until([&] { return partition(1, kTp) != nullptr && partition(1, kTp)->role() == ReplicaRole::leader; });
  }
  void produce_ten(int to = 1) {
    for (int i = 0; i < 10; ++i) {
      produce(to, kTp, Acks::all, ++value);
      advance(milliseconds(50));
    }
  }
  const RemoteStorageNode& storage() { return std::get<RemoteStorageNode>(nodes.at(kStorage)); }
  const Log& log(int broker) { return partition(broker, kTp)->log(); }
  FetchResponse::Partition fetch(int offset) {
    FetchRequest request;
    request.max_wait = milliseconds(100);
    request.partitions.push_back({kTp, {}, Offset(offset), {}, {}, 1 << 20});
    const auto answer = ask<FetchResponse>(1, request, seconds(1));
    return answer.partitions.empty() ? FetchResponse::Partition{} : answer.partitions[0];
  }
  Offset offset_of(std::int64_t timestamp) {
    return ask<ListOffsetsResponse>(1, ListOffsetsRequest{{}, kTp, {}, timestamp}).offset;
  }
  int value = 0;
};

TEST(TieredStorage, WhatIsCopiedIsDeletedLocallyAndReadFromThere) {
  Tiered world(1, {NodeId(1)});
  world.produce_ten();
  world.advance(seconds(5));
  EXPECT_EQ(world.log(1).highest_remote(), Offset(7));
  EXPECT_EQ(world.log(1).local_log_start(), Offset(8));
  EXPECT_EQ(world.log(1).log_start(), Offset(0));
  const auto read = world.fetch(3);
  ASSERT_EQ(read.error, Error::NONE);
  ASSERT_FALSE(read.batches.empty());
  EXPECT_EQ(read.batches[0].base_offset, Offset(3));
  EXPECT_EQ(world.count<RemoteLogRead>(NodeId(1)), 1);
  EXPECT_EQ(world.fetch(9).batches.size(), 1u);
  EXPECT_EQ(world.count<RemoteLogRead>(NodeId(1)), 1);
  EXPECT_EQ(world.offset_of(kEarliestTimestamp), Offset(0));
  EXPECT_EQ(world.offset_of(kEarliestLocalTimestamp), Offset(8));
  EXPECT_EQ(world.offset_of(kLatestTieredTimestamp), Offset(7));
}

TEST(TieredStorage, WithoutTheRemoteStorageNothingIsDeletedAndFetchesComeBackEmpty) {
  Tiered world(1, {NodeId(1)});
  world.produce_ten();
  world.advance(seconds(5));
  world.isolate(kStorage.value);
  EXPECT_TRUE(world.fetch(3).batches.empty());
  EXPECT_TRUE(world.probed(Probe::remote_fetch_expired));
  const Offset local = world.log(1).local_log_start();
  world.produce_ten();
  world.advance(seconds(15));
  EXPECT_EQ(world.log(1).local_log_start(), local);
  EXPECT_TRUE(world.probed(Probe::remote_storage_timed_out));
  world.isolate(kStorage.value, false);
  world.advance(seconds(15));
  EXPECT_EQ(world.log(1).local_log_start(), Offset(18));
}

TEST(TieredStorage, ALeaderThatComesBackKnowsItsLogStartAndHowFarItIsCopied) {
  Tiered world(1, {NodeId(1)});
  world.produce_ten();
  world.advance(seconds(5));
  world.kill(1);
  world.start(1);
  world.until([&] { return world.partition(1, kTp) && world.partition(1, kTp)->role() == ReplicaRole::leader; });
  world.advance(seconds(2));
  EXPECT_EQ(world.log(1).log_start(), Offset(0));
  EXPECT_EQ(world.log(1).highest_remote(), Offset(7));
  EXPECT_FALSE(world.fetch(0).batches.empty());
}

TEST(TieredStorage, AFollowerWithoutADiskBeginsAtTheLocalLogOfItsLeader) {
  Tiered world(2, {NodeId(1), NodeId(2)});
  world.produce_ten();
  world.advance(seconds(5));
  world.kill(2);
  std::vector<Fact> facts;
  world.broker(2).wipe(facts);
  world.start(2);
  world.advance(seconds(12));
  EXPECT_TRUE(world.probed(Probe::follower_moved_to_tier));
  EXPECT_EQ(world.count<RemoteStateRestored>(NodeId(2)), 1);
  EXPECT_EQ(world.log(2).log_start(), Offset(0));
  EXPECT_EQ(world.log(2).local_log_start(), Offset(8));
  EXPECT_EQ(world.log(2).log_end(), Offset(10));
  EXPECT_EQ(world.log(2).epochs().entries(), world.log(1).epochs().entries());
}

TEST(TieredStorage, AFollowerAsksAgainForTheRemoteStateThatItDidNotGet) {
  Tiered world(2, {NodeId(1), NodeId(2)});
  world.produce_ten();
  world.advance(seconds(5));
  world.kill(2);
  std::vector<Fact> facts;
  world.broker(2).wipe(facts);
  world.isolate(kStorage.value);
  world.start(2);
  EXPECT_TRUE(world.until([&] { return world.probed(Probe::no_remote_state); }));
  world.isolate(kStorage.value, false);
  EXPECT_TRUE(world.until([&] { return world.count<RemoteStateRestored>(NodeId(2)) == 1; }));
}

// Somebody else has deleted what a leader still takes for readable; what comes late is no transition any more.
TEST(TieredStorage, ASegmentThatIsGoneIsOutOfRange) {
  Tiered world(1, {NodeId(1)});
  world.produce_ten();
  world.advance(seconds(5));
  for (RemoteLogSegmentMetadata segment : std::vector(world.storage().log(kTp)->metadata.list()))
    for (const auto state :
         {RemoteLogSegmentState::DELETE_SEGMENT_STARTED, RemoteLogSegmentState::COPY_SEGMENT_FINISHED}) {
      segment.state = state;
      world.request(kStorage, UpdateRemoteLogSegmentMetadataRequest{segment});
      world.advance(milliseconds(5));
    }
  EXPECT_TRUE(world.probed(Probe::remote_metadata_dropped));
  EXPECT_EQ(world.fetch(3).error, Error::OFFSET_OUT_OF_RANGE);
  EXPECT_TRUE(world.probed(Probe::remote_fetch_out_of_range));
}

TEST(TieredStorage, RetentionDeletesFromTheRemoteStorageAndMovesTheLogStart) {
  Tiered world(1, {NodeId(1)});
  world.produce_ten();
  world.advance(seconds(5));
  TopicConfig topic = world.partition(1, kTp)->config().topic;
  topic.retention_bytes = 400;
  world.partition(1, kTp)->set_topic_config(topic);
  world.advance(seconds(5));
  EXPECT_EQ(world.log(1).log_start(), Offset(6));
  const auto* remote = world.storage().log(kTp);
  ASSERT_NE(remote, nullptr);
  EXPECT_EQ(remote->metadata.list().size(), 1u);
  EXPECT_EQ(remote->objects.size(), 1u);
  EXPECT_EQ(world.fetch(2).error, Error::OFFSET_OUT_OF_RANGE);
}

}  // namespace broker_remote_test
}  // namespace ktrial::model
