// From which replica a consumer fetches (KIP-392). Method: a Fetcher; the test is two brokers, of which 1 leads and
// sends it to 2.
#include <gtest/gtest.h>

#include "model/clients/fetcher.h"

namespace ktrial::model {
namespace read_replica_test {

const TopicPartition kTp{TopicId{1}, PartitionIndex{0}};

ConsumerConfig in_the_west(std::optional<Variant> variant = {}) {
  ConsumerConfig config;
  config.auto_offset_reset = OffsetReset::earliest;
  config.client_rack = "west";
  config.metadata_max_age = seconds(10);
  if (variant) config.variants.set(*variant);
  return config;
}

struct Reader {
  explicit Reader(const ConsumerConfig& config = in_the_west())
      : metadata({config.retry_backoff, config.retry_backoff_max, config.metadata_max_age, true}, {NodeId{1}}),
        fetcher(config) {
    metadata.add_topic("orders");
    knows({1, 2}, {1, 2});
    fetcher.assign({kTp});
    fetcher.seek(kTp, Offset{5});
    send();
  }
  void knows(std::initializer_list<int> brokers, std::initializer_list<int> replicas, int epoch = 0, int leader = 1) {
    MetadataResponse r;
    for (const int b : brokers) r.brokers.push_back(NodeId{b});
    r.topics.push_back({Error::NONE, "orders", kTp.topic, {}});
    r.topics[0].partitions.push_back({Error::NONE, kTp.partition, NodeId{leader}, LeaderEpoch{epoch}, {}, {}});
    for (const int b : replicas) r.topics[0].partitions[0].replicas.push_back(NodeId{b});
    metadata.on_response(step, r);
  }
  void send() { fetcher.send_requests(step, network, metadata); }
  // Of the newest fetch.
  NodeId asked() const {
    NodeId node;
    for (const Effect& e : step.effects)
      if (const auto* s = std::get_if<SendEffect>(&e); s && std::holds_alternative<FetchRequest>(s->message.body))
        for (const Effect& o : step.effects)
          if (const auto* open = std::get_if<OpenEffect>(&o); open && open->connection == s->connection)
            node = open->peer;
    return node;
  }
  void answer(Error error, NodeId preferred = {}) {
    SendEffect sent;
    for (const Effect& e : step.effects)
      if (const auto* s = std::get_if<SendEffect>(&e); s && std::holds_alternative<FetchRequest>(s->message.body))
        sent = *s;
    FetchResponse r;
    r.partitions.emplace_back().partition = kTp;
    r.partitions[0].error = error;
    r.partitions[0].high_watermark = Offset{6};
    r.partitions[0].preferred_read_replica.value = preferred;
    const Message m{sent.message.correlation_id, r};
    const auto request = network.on_response(sent.connection, m);
    ASSERT_TRUE(request.has_value());
    fetcher.on_response(step, *request, m.body, metadata);
    send();
  }
  void wait(Nanos by) {
    step.now += by;
    send();
  }
  const FetchPosition& position() const { return fetcher.positions().at(kTp); }

  Step step;
  NetworkClient network;
  MetadataCache metadata;
  Fetcher fetcher;
};

TEST(ReadReplica, TheLeaderIsAskedFirstAndThenWhomItNamed) {
  Reader r;
  EXPECT_EQ(r.asked(), NodeId{1});
  r.answer(Error::NONE, NodeId{2});
  EXPECT_EQ(r.asked(), NodeId{2});
  EXPECT_EQ(r.position().offset, Offset{5});
}

TEST(ReadReplica, WhatAFollowerHasNotIsAskedOfTheLeader) {
  Reader r;
  r.answer(Error::NONE, NodeId{2});
  r.answer(Error::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(r.asked(), NodeId{1});
  EXPECT_EQ(r.position().state, FetchState::FETCHING);
  r.answer(Error::OFFSET_OUT_OF_RANGE);  // of the leader, it counts
  EXPECT_EQ(r.position().state, FetchState::AWAIT_RESET);
}

TEST(ReadReplica, OnlyTheVariantIsResetByAFollower) {
  Reader r(in_the_west(Variant::consumer_out_of_range));
  r.answer(Error::NONE, NodeId{2});
  r.answer(Error::OFFSET_OUT_OF_RANGE);
  EXPECT_EQ(r.position().state, FetchState::AWAIT_RESET);
}

TEST(ReadReplica, AnErrorSendsItBackToTheLeader) {  // KAFKA-14379
  for (const Error error : {Error::NOT_LEADER_OR_FOLLOWER, Error::FENCED_LEADER_EPOCH, Error::KAFKA_STORAGE_ERROR,
                            Error::UNKNOWN_TOPIC_OR_PARTITION, Error::OFFSET_NOT_AVAILABLE}) {
    Reader r, old(in_the_west(Variant::preferred_replica));
    for (Reader* each : {&r, &old}) {
      each->answer(Error::NONE, NodeId{2});
      each->answer(error);
      each->wait(seconds(1));
    }
    EXPECT_EQ(r.asked(), NodeId{1}) << name(error);
    EXPECT_EQ(old.position().preferred_read_replica, NodeId{2}) << name(error);
  }
  Reader r;
  r.answer(Error::NONE, NodeId{2});
  r.answer(Error::UNKNOWN_LEADER_EPOCH);  // the follower will know of it
  r.wait(seconds(1));
  EXPECT_EQ(r.position().preferred_read_replica, NodeId{2});
}

TEST(ReadReplica, NoAnswerANewLeaderAndOtherReplicasSendItBackToo) {
  Reader unanswered;
  unanswered.answer(Error::NONE, NodeId{2});
  unanswered.step.now += seconds(31);  // request.timeout.ms
  for (const auto& failed : unanswered.network.expire(unanswered.step))
    unanswered.fetcher.on_disconnect(unanswered.step, failed);
  EXPECT_FALSE(unanswered.position().preferred_read_replica.present());
  Reader deposed;
  deposed.answer(Error::NONE, NodeId{2});
  deposed.knows({1, 2}, {1, 2}, 1);
  deposed.send();
  EXPECT_FALSE(deposed.position().preferred_read_replica.present());
  Reader gone, moved;
  for (Reader* r : {&gone, &moved}) r->answer(Error::NONE, NodeId{2});
  gone.knows({1}, {1, 2});
  moved.knows({1, 2}, {1});
  for (Reader* r : {&gone, &moved}) {
    r->send();
    EXPECT_FALSE(r->position().preferred_read_replica.present());
  }
}

TEST(ReadReplica, TheLeaseEndsAfterMetadataMaxAgeAndIsNotRenewed) {
  Reader r;
  r.answer(Error::NONE, NodeId{2});
  EXPECT_EQ(r.fetcher.next_deadline(r.step.now), seconds(10));
  r.wait(seconds(6));
  r.answer(Error::NONE, NodeId{2});
  r.wait(seconds(3));
  EXPECT_EQ(r.position().preferred_read_replica, NodeId{2});
  r.wait(seconds(1));
  EXPECT_FALSE(r.position().preferred_read_replica.present());
}

}  // namespace read_replica_test
}  // namespace ktrial::model
