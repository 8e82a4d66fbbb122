// Whole brokers and a controller: the golden traces T1, T2, T7 and T14 of Kafka's protocol, requests and their errors,
// and a broker's life. Method: a test world with one fixed delay; the test is the client.
#include <gtest/gtest.h>

#include "model/broker/broker_world_for_test.h"
#include "model/nodes_for_test.h"
#include "model/probes.h"

namespace ktrial::model {
namespace broker_node_test {

const TopicPartition kTp{TopicId{1}, PartitionIndex{0}};
using testing::nodes;

// `orders-0` on the brokers named, the first of which leads.
struct Orders : BrokerWorld {
  explicit Orders(std::initializer_list<int> replicas, std::vector<std::pair<std::string, std::string>> configs = {},
                  ClusterConfig config = {})
      : BrokerWorld(static_cast<int>(replicas.size()), config) {
    create("orders", testing::nodes(replicas), std::move(configs));
    EXPECT_TRUE(until([&] { return leads(*replicas.begin()) && in_sync() == replicas.size(); }));
  }
  bool leads(int id) { return broker(id).partition(kTp) && partition(id, kTp)->role() == ReplicaRole::leader; }
  const PartitionRegistration& state() { return *controller().committed().partition(kTp); }
  std::size_t in_sync() { return controller().committed().partition(kTp) ? state().isr.size() : 0; }
  Offset end(int id) { return partition(id, kTp)->log().log_end(); }
  Offset high_watermark(int id) { return partition(id, kTp)->log().high_watermark(); }
  std::int64_t value(int id, int offset) {
    return partition(id, kTp)->log().batches().at(static_cast<std::size_t>(offset)).records->at(0).value.value;
  }
};

TEST(Broker, T1_AnAcknowledgedRecordIsOnEveryMemberOfTheIsr) {
  Orders c({1, 2, 3});
  const auto p = c.produce(1, kTp, Acks::all, 7);
  while (!c.answer<ProduceResponse>(p)) c.advance(BrokerWorld::kDelay);
  EXPECT_EQ(c.produced(p), Error::NONE);
  EXPECT_EQ(c.high_watermark(1), Offset{1});
  for (int id : {2, 3}) EXPECT_EQ(c.end(id), Offset{1});
  EXPECT_EQ(c.high_watermark(2), Offset{0});  // followers learn of it with the answer to the fetch
  c.advance(seconds(1));
  EXPECT_EQ(c.high_watermark(2), Offset{1});
}

// Somebody else has closed it: the fetch that waits there is refused.
TEST(Broker, AFollowerWhoseFetchSessionIsGoneBeginsAnother) {
  Orders c({1, 2});
  for (std::int32_t id = 1; id < 20; ++id) {
    FetchRequest close;
    close.session_id = id;
    close.session_epoch = kFinalFetchEpoch;
    c.request(NodeId{1}, close);
  }
  c.advance(seconds(1));
  EXPECT_TRUE(c.probed(Probe::fetch_session_ended));
  const auto p = c.produce(1, kTp, Acks::all, 7);
  c.advance(seconds(1));
  EXPECT_EQ(c.produced(p), Error::NONE);
}

TEST(Broker, T2_AReturningLeaderIsCutToWhereTheNewLeaderBegan) {
  Orders c({1, 2});
  c.produce(1, kTp, Acks::all, 1);
  c.advance(seconds(1));
  c.isolate(1);
  c.produce(1, kTp, Acks::leader, 2);
  c.produce(1, kTp, Acks::leader, 3);
  EXPECT_TRUE(c.until([&] { return c.leads(2); }));
  EXPECT_EQ(c.end(1), Offset{3});
  const auto p = c.produce(2, kTp, Acks::all, 9);
  c.advance(seconds(1));
  EXPECT_EQ(c.produced(p), Error::NONE);
  c.isolate(1, false);
  EXPECT_TRUE(c.until([&] { return c.in_sync() == 2; }));
  EXPECT_TRUE(c.probed(Probe::diverging_epoch_answered));
  EXPECT_EQ(c.end(1), Offset{2});
  EXPECT_EQ(c.value(1, 1), 9);
  EXPECT_EQ(c.count<LogTruncated>(NodeId{1}), 1);
}

// BrokerServer.startup opens the ports when the broker was unfenced for the first time.
TEST(Broker, RefusesWhoConnectsBeforeItWasUnfenced) {
  Orders c({1, 2});
  c.kill(2);
  c.start(2);
  const int unfenced = c.count<BrokerUnfenced>(BrokerWorld::kController);
  const std::size_t closed = c.closed_to_client.size();
  c.produce(2, kTp, Acks::all, 1);
  c.advance(milliseconds(10));
  EXPECT_EQ(c.closed_to_client.size(), closed + 1);
  EXPECT_TRUE(c.until([&] { return c.count<BrokerUnfenced>(BrokerWorld::kController) > unfenced; }));
  c.advance(seconds(3));  // until it hears of it
  EXPECT_EQ(c.ask<MetadataResponse>(2, MetadataRequest{}).brokers, nodes({1, 2}));
  EXPECT_EQ(c.closed_to_client.size(), closed + 1);
}

TEST(Broker, T7_ADeadBrokerIsFencedAfterItsSessionAndClientsAreToldOfTheNewLeader) {
  Orders c({1, 2, 3});
  c.kill(1);
  const Nanos died = c.now;
  EXPECT_TRUE(c.until([&] { return c.leads(2); }));
  EXPECT_GE(c.now - died, seconds(7));  // 9 s after the last heartbeat, which is up to 2 s old
  EXPECT_LE(c.now - died, seconds(10));
  EXPECT_EQ(c.state().leader_epoch, LeaderEpoch{1});
  const auto m = c.ask<MetadataResponse>(3, MetadataRequest{});
  EXPECT_EQ(m.brokers, nodes({2, 3}));
  EXPECT_EQ(m.topics.at(0).partitions.at(0).leader, NodeId{2});
  EXPECT_EQ(
      c.ask<ProduceResponse>(3, ProduceRequest{Acks::all, seconds(1), {{kTp, c.batch(1)}}}).partitions.at(0).error,
      Error::NOT_LEADER_OR_FOLLOWER);
  c.start(1);
  EXPECT_TRUE(c.until([&] { return c.in_sync() == 3; }));
}

TEST(Broker, T14_AnUncleanLeaderCutsTheOldOneAndAConsumerHearsOfIt) {
  ClusterConfig config;
  config.replica_lag_time_max = seconds(2);
  Orders c({1, 2}, {{"unclean.leader.election.enable", "true"}}, config);
  c.produce(1, kTp, Acks::all, 1);
  c.advance(seconds(1));
  c.kill(2);
  EXPECT_TRUE(c.until([&] { return c.in_sync() == 1; }));
  for (int v : {2, 3}) c.produce(1, kTp, Acks::all, v);
  c.advance(seconds(1));
  EXPECT_EQ(c.high_watermark(1), Offset{3});
  c.kill(1);
  c.start(2);
  EXPECT_TRUE(c.until([&] { return c.leads(2); }));
  EXPECT_EQ(c.state().leader_recovery_state, LeaderRecoveryState::RECOVERING);
  EXPECT_TRUE(c.probed(Probe::leader_is_recovering));
  c.produce(2, kTp, Acks::all, 9);
  c.start(1);
  EXPECT_TRUE(c.until([&] { return c.in_sync() == 2; }));
  EXPECT_EQ(c.state().leader_recovery_state, LeaderRecoveryState::RECOVERED);
  EXPECT_EQ(c.end(1), Offset{2});
  EXPECT_EQ(c.value(1, 1), 9);
  const auto lost = c.ask<OffsetForLeaderEpochResponse>(
      2, OffsetForLeaderEpochRequest{{}, kTp, c.state().leader_epoch, LeaderEpoch{0}});
  EXPECT_EQ(lost.end_offset, Offset{1});
}

TEST(Broker, ProduceErrors) {
  Orders c({1, 2}, {{"min.insync.replicas", "2"}, {"max.message.bytes", "500"}});
  const auto error = [&](int to, TopicPartition tp, Acks acks, RecordBatch b) {
    return c.ask<ProduceResponse>(to, ProduceRequest{acks, seconds(1), {{tp, b}}}).partitions.at(0).error;
  };
  EXPECT_EQ(error(1, {TopicId{8}, PartitionIndex{0}}, Acks::all, c.batch(1)), Error::UNKNOWN_TOPIC_OR_PARTITION);
  EXPECT_EQ(error(1, {TopicId{1}, PartitionIndex{3}}, Acks::all, c.batch(1)), Error::UNKNOWN_TOPIC_OR_PARTITION);
  EXPECT_EQ(error(2, kTp, Acks::all, c.batch(1)), Error::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(error(1, kTp, static_cast<Acks>(2), c.batch(1)), Error::INVALID_REQUIRED_ACKS);
  RecordBatch b = c.batch(1);
  b.size_in_bytes = 501;
  EXPECT_EQ(error(1, kTp, Acks::all, b), Error::MESSAGE_TOO_LARGE);
  b = c.batch(1);
  b.checksum = Checksum::broken;
  EXPECT_EQ(error(1, kTp, Acks::all, b), Error::CORRUPT_MESSAGE);
  b = c.batch(1);
  b.base_offset = Offset{4};
  EXPECT_EQ(error(1, kTp, Acks::all, b), Error::INVALID_RECORD);
  b = c.batch(1);
  b.record_count = 2;
  EXPECT_EQ(error(1, kTp, Acks::all, b), Error::INVALID_RECORD);
  EXPECT_EQ(c.end(1), Offset{0});  // nothing of all that was appended
  c.create("__consumer_offsets", nodes({1}));
  c.advance(seconds(1));
  EXPECT_EQ(error(1, {TopicId{2}, PartitionIndex{0}}, Acks::all, c.batch(1)), Error::INVALID_TOPIC_EXCEPTION);
  // With a member missing: acks=all is refused before the append, acks=1 is not asked.
  c.kill(2);
  EXPECT_TRUE(c.until([&] { return c.in_sync() == 1; }));
  c.advance(seconds(1));
  EXPECT_EQ(error(1, kTp, Acks::all, c.batch(1)), Error::NOT_ENOUGH_REPLICAS);
  EXPECT_EQ(c.end(1), Offset{0});
  EXPECT_EQ(error(1, kTp, Acks::leader, c.batch(1)), Error::NONE);
  EXPECT_EQ(c.high_watermark(1), Offset{0});  // below min.insync.replicas nothing commits
}

TEST(Broker, AProduceThatTimesOutMayStillCommit) {
  Orders c({1, 2});
  c.isolate(2);
  const auto p = c.produce(1, kTp, Acks::all, 1, milliseconds(500));
  c.advance(seconds(1));
  EXPECT_EQ(c.produced(p), Error::REQUEST_TIMED_OUT);
  c.isolate(2, false);
  EXPECT_TRUE(c.until([&] { return c.high_watermark(1) == Offset{1}; }));
}

TEST(Broker, AFailedProduceWithoutAcksClosesItsConnection) {
  Orders c({1, 2});
  const ConnectionId wire = c.connect(NodeId{2});
  c.request(wire, ProduceRequest{Acks::none, seconds(1), {{kTp, c.batch(1)}}});
  c.advance(seconds(1));
  EXPECT_EQ(c.closed_to_client.count(wire), 1u);
  const ConnectionId good = c.connect(NodeId{1});
  c.request(good, ProduceRequest{Acks::none, seconds(1), {{kTp, c.batch(1)}}});
  c.advance(seconds(1));
  EXPECT_EQ(c.closed_to_client.count(good), 0u);
  EXPECT_EQ(c.end(1), Offset{1});
}

TEST(Broker, FetchAndListOffsetsErrors) {
  Orders c({1, 2});
  const auto fetch = [&](int to, TopicPartition tp, int epoch, int offset) {
    FetchRequest r;
    r.partitions.push_back({tp, LeaderEpoch{epoch}, Offset{offset}, kNoEpoch, kFirstOffset, 1000});
    return c.ask<FetchResponse>(to, r).partitions.at(0);
  };
  EXPECT_EQ(fetch(1, {TopicId{8}, PartitionIndex{0}}, -1, 0).error, Error::UNKNOWN_TOPIC_ID);
  EXPECT_EQ(fetch(1, {TopicId{1}, PartitionIndex{3}}, -1, 0).error, Error::UNKNOWN_TOPIC_OR_PARTITION);
  EXPECT_EQ(fetch(2, kTp, 0, 0).error, Error::NONE);  // a follower serves consumers (KIP-392)
  EXPECT_EQ(fetch(1, kTp, 1, 0).error, Error::UNKNOWN_LEADER_EPOCH);
  EXPECT_EQ(fetch(1, kTp, 0, 1).error, Error::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(fetch(1, kTp, 0, 0).error, Error::NONE);
  for (int t : {50, 30, 40}) {
    c.request(NodeId{1}, ProduceRequest{Acks::all, seconds(1), {{kTp, c.batch(t, t)}}});
    c.advance(seconds(1));
  }
  const auto list = [&](int to, TopicPartition tp, std::int64_t timestamp) {
    return c.ask<ListOffsetsResponse>(to, ListOffsetsRequest{{}, tp, {}, timestamp});
  };
  EXPECT_EQ(list(1, {TopicId{8}, PartitionIndex{0}}, kLatestTimestamp).error, Error::UNKNOWN_TOPIC_OR_PARTITION);
  EXPECT_EQ(list(2, kTp, kLatestTimestamp).error, Error::NOT_LEADER_OR_FOLLOWER);
  EXPECT_EQ(list(1, kTp, kLatestTimestamp).offset, Offset{3});
  EXPECT_EQ(list(1, kTp, kEarliestTimestamp).offset, Offset{0});
  EXPECT_EQ(list(1, kTp, kMaxTimestamp).offset, Offset{0});
  EXPECT_EQ(list(1, kTp, 45).offset, Offset{0});
  EXPECT_FALSE(list(1, kTp, 51).offset.present());
  EXPECT_EQ(list(1, kTp, 51).error, Error::NONE);
  c.stop(1);
  EXPECT_TRUE(c.until([&] { return c.leads(2); }));
  c.advance(seconds(1));
  EXPECT_EQ(fetch(2, kTp, 0, 0).error, Error::FENCED_LEADER_EPOCH);
}

TEST(Broker, AParkedFetchAndAParkedProduceEndWhenTheLeaderIsDeposed) {
  Orders c({1, 2});
  c.isolate(2);
  FetchRequest r;
  r.max_wait = seconds(30);
  r.partitions.push_back({kTp, LeaderEpoch{0}, kFirstOffset, kNoEpoch, kFirstOffset, 1000});
  const auto fetch = c.request(NodeId{1}, r);
  const auto produce = c.produce(1, kTp, Acks::all, 1);
  c.advance(seconds(1));
  EXPECT_EQ(c.answer<FetchResponse>(fetch), nullptr);
  c.isolate(2, false);
  c.isolate(1);
  EXPECT_TRUE(c.until([&] { return c.leads(2); }));
  EXPECT_EQ(c.answer<ProduceResponse>(produce), nullptr);  // the old leader does not know yet
  c.isolate(1, false);
  EXPECT_TRUE(c.until([&] { return c.answer<ProduceResponse>(produce) != nullptr; }));
  EXPECT_EQ(c.produced(produce), Error::NOT_LEADER_OR_FOLLOWER);
  ASSERT_NE(c.answer<FetchResponse>(fetch), nullptr);
  const Error deposed = c.answer<FetchResponse>(fetch)->partitions.at(0).error;
  EXPECT_TRUE(deposed == Error::FENCED_LEADER_EPOCH || deposed == Error::NOT_LEADER_OR_FOLLOWER);
}

// DelayedFetch, case F: an offset that may not be read yet, but is there, is no reason to wait.
TEST(Broker, AConsumerAboveTheHighWatermarkIsAnsweredAtOnce) {
  Orders c({1, 2});
  c.isolate(2);
  c.produce(1, kTp, Acks::leader, 1);
  c.advance(milliseconds(10));
  FetchRequest r;
  r.max_wait = seconds(30);
  r.partitions.push_back({kTp, LeaderEpoch{0}, Offset{1}, kNoEpoch, kFirstOffset, 1000});
  const auto above = c.request(NodeId{1}, r);
  r.partitions[0].fetch_offset = Offset{0};
  const auto at_the_end = c.request(NodeId{1}, r);
  c.advance(milliseconds(100));
  ASSERT_NE(c.answer<FetchResponse>(above), nullptr);
  EXPECT_EQ(c.answer<FetchResponse>(above)->partitions.at(0).error, Error::NONE);
  EXPECT_TRUE(c.answer<FetchResponse>(above)->partitions.at(0).batches.empty());
  EXPECT_EQ(c.answer<FetchResponse>(at_the_end), nullptr);
}

TEST(Broker, ControlledShutdownEndToEnd) {
  Orders c({1, 2, 3});
  c.produce(1, kTp, Acks::all, 1);
  c.advance(seconds(1));
  const BrokerEpoch first = c.broker(1).broker_epoch();
  c.stop(1);
  EXPECT_EQ(c.broker(1).state(), BrokerState::PENDING_CONTROLLED_SHUTDOWN);
  EXPECT_TRUE(c.until([&] { return c.exited.count(NodeId{1}) == 1; }));
  EXPECT_EQ(c.state().leader, NodeId{2});
  EXPECT_EQ(c.state().isr, nodes({2, 3}));
  EXPECT_EQ(c.broker(1).disk().clean_shutdown[0].read().broker_epoch, first);
  EXPECT_EQ(c.broker(1).disk().logs.at(kTp).segments.synced(), 1u);
  c.start(1);
  EXPECT_FALSE(c.broker(1).disk().clean_shutdown[0].read().exists);  // gone before anything is loaded
  EXPECT_TRUE(c.until([&] { return c.in_sync() == 3; }));
  EXPECT_GT(c.broker(1).broker_epoch(), first);
  EXPECT_FALSE(c.probed(Probe::registered_after_unclean_shutdown));
  EXPECT_EQ(c.broker(1).state(), BrokerState::RUNNING);
}

TEST(Broker, ABrokerThatTheControllersForgotGoesOnServing) {
  Orders c({1, 2});
  c.kill(BrokerWorld::kController);
  std::vector<Fact> facts;
  c.controller().wipe(facts);
  c.start(BrokerWorld::kController);
  c.advance(seconds(30));
  EXPECT_TRUE(c.exited.empty());
  const auto p = c.produce(1, kTp, Acks::all, 1);
  c.advance(seconds(1));
  EXPECT_EQ(c.produced(p), Error::NONE);
}

TEST(Broker, TheHighWatermarkIsCheckpointedEveryFiveSeconds) {
  Orders c({1, 2});
  c.advance(seconds(6));
  c.produce(1, kTp, Acks::all, 1);
  c.advance(milliseconds(500));
  EXPECT_EQ(c.high_watermark(1), Offset{1});
  c.kill(1);
  EXPECT_LT(c.broker(1).disk().logs.at(kTp).high_watermark.read(), Offset{1});
  c.start(1);
  c.advance(milliseconds(100));
  EXPECT_EQ(c.end(1), Offset{1});  // the page cache outlives the process
  EXPECT_EQ(c.high_watermark(1), Offset{0});
}

TEST(Broker, AHighWatermarkBeyondALogThatLostItsTailDoesNotOutliveTheLoad) {
  Orders c({1, 2});
  c.produce(1, kTp, Acks::all, 1);
  c.advance(seconds(6));
  std::vector<Fact> facts;
  c.broker(1).power_cut({[](void*, std::uint64_t, std::uint32_t) { return WriteOutcome::lost; }, nullptr}, facts);
  c.kill(1);
  EXPECT_EQ(c.broker(1).disk().logs.at(kTp).high_watermark.read(), Offset{1});
  EXPECT_TRUE(c.broker(1).disk().logs.at(kTp).segments.empty());
  c.isolate(2);
  c.start(1);
  // Registers once the session of the last incarnation is over, nine seconds after its last heartbeat.
  for (int i = 0; i < 200 && c.broker(1).state() < BrokerState::RUNNING; ++i) c.advance(milliseconds(100));
  c.kill(1);
  EXPECT_EQ(c.broker(1).disk().logs.at(kTp).high_watermark.read(), Offset{0});
}

}  // namespace broker_node_test
}  // namespace ktrial::model
