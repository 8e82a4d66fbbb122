// What a state is written as: without its history the same for the same state however it was reached, with it as it
// stands, and another word for each thing that is another.
#include "model/state/state_writer.h"

#include <gtest/gtest.h>

#include "model/choice_for_test.h"
#include "model/clients/network_client.h"
#include "model/metadata/image.h"
#include "model/quorum/peer_channel.h"
#include "model/replication/partition.h"
#include "model/state/change_for_test.h"

namespace ktrial::model {
namespace state_writer_test {

constexpr NodeId kSelf{9};

struct Now {
  Nanos now{0};
  Nanos wall{0};
};

template <class T>
std::uint64_t hash_of(const T& object, History history = History::left_out, Now at = {},
                      const std::vector<std::pair<ConnectionId, NodeId>>& open = {}) {
  StateWriter out(history);
  for (const auto& [connection, peer] : open) out.name_connection(connection, peer, 0);
  out.begin_node(kSelf, at.now, at.wall);
  out.write(object);
  return out.hash();
}

std::shared_ptr<const std::vector<Record>> records(std::int64_t first, Nanos at) {
  return std::make_shared<const std::vector<Record>>(
      std::vector<Record>{{KeyId(1), RecordState::value, ValueId(first), at},
                          {KeyId(2), RecordState::value, ValueId(first + 1), at + seconds(1)}});
}
RecordBatch batch(std::int64_t first, Nanos at) {
  RecordBatch b;
  b.record_count = 2;
  b.size_in_bytes = 100;
  b.max_timestamp = at + seconds(1);
  b.records = records(first, at);
  return b;
}

TEST(StateWriter, TimesAreRelativeToNow) {
  const auto waiting_since = [](Nanos now) {
    Step step;
    step.self = kSelf;
    step.now = now;
    PeerChannel channel(NodeId(1), 7);
    channel.send(step, 3, VoteRequest{}, QuorumConfig{});
    return channel;
  };
  const PeerChannel early = waiting_since(seconds(1)), late = waiting_since(seconds(100));
  EXPECT_EQ(hash_of(early, History::left_out, {seconds(2)}), hash_of(late, History::left_out, {seconds(101)}));
  EXPECT_NE(hash_of(early, History::left_out, {seconds(2)}), hash_of(early, History::left_out, {milliseconds(2001)}));
  EXPECT_NE(hash_of(early, History::kept), hash_of(late, History::kept));
  // What is past is past.
  EXPECT_EQ(hash_of(early, History::left_out, {seconds(50)}), hash_of(early, History::left_out, {seconds(60)}));
}

TEST(StateWriter, RecordsThatWereSentLaterAreTheSameRecordsLater) {
  EXPECT_EQ(hash_of(batch(5, seconds(10)), History::left_out, {Nanos(0), seconds(20)}),
            hash_of(batch(5, seconds(110)), History::left_out, {Nanos(0), seconds(120)}));
  EXPECT_NE(hash_of(batch(5, seconds(10)), History::left_out, {Nanos(0), seconds(20)}),
            hash_of(batch(5, seconds(11)), History::left_out, {Nanos(0), seconds(20)}));
  EXPECT_NE(hash_of(batch(5, seconds(10))), hash_of(batch(6, seconds(10))));
}

TEST(StateWriter, SharedContentCountsByWhatItIs) {
  const RecordBatch one = batch(5, seconds(1)), same = batch(5, seconds(1));
  EXPECT_NE(one.records, same.records);
  EXPECT_EQ(hash_of(one, History::kept), hash_of(same, History::kept));
  ContentHashes contents;
  for (int i = 0; i < 1000; ++i) {  // each is gone before the next one may get its address
    const RecordBatch b = batch(i, seconds(1));
    StateWriter out(History::kept, {.contents = &contents});
    out.write(b);
    EXPECT_EQ(out.hash(), hash_of(b, History::kept));
  }
  EXPECT_EQ(contents.size(), 1000u);
}

// Connections and requests get their numbers in the order of what happened; what is left of it is who waits for whom.
TEST(StateWriter, TheOrderInWhichConnectionsWereOpenedIsForgotten) {
  const auto asked = [](const std::vector<std::int32_t>& nodes) {
    Step step;
    step.self = kSelf;
    NetworkClient client;
    std::vector<std::pair<ConnectionId, NodeId>> open;
    for (const std::int32_t node : nodes) {
      client.send(step, NodeId(node), MetadataRequest{}, 1);
      for (const Effect& effect : step.effects)
        if (const auto* e = std::get_if<OpenEffect>(&effect)) open.emplace_back(e->connection, e->peer);
      step.effects.clear();
    }
    return std::pair(client, open);
  };
  const auto [one, one_open] = asked({1, 2, 3});
  const auto [other, other_open] = asked({3, 1, 2});
  const auto [fewer, fewer_open] = asked({3, 1});
  EXPECT_EQ(hash_of(one, History::left_out, {}, one_open), hash_of(other, History::left_out, {}, other_open));
  EXPECT_NE(hash_of(one, History::kept, {}, one_open), hash_of(other, History::kept, {}, other_open));
  EXPECT_NE(hash_of(one, History::left_out, {}, one_open), hash_of(fewer, History::left_out, {}, fewer_open));
  // An answer that has come leaves nothing behind but that the connection is there.
  auto answered = asked({1, 2, 3});
  Step step;
  step.self = kSelf;
  Message answer;
  answer.correlation_id = 1;
  answer.body = MetadataResponse{};
  ASSERT_TRUE(answered.first.on_response(answered.second[1].first, answer));
  EXPECT_NE(hash_of(answered.first, History::left_out, {}, answered.second),
            hash_of(one, History::left_out, {}, one_open));
  answered.first.send(step, NodeId(2), MetadataRequest{}, 1);
  EXPECT_EQ(hash_of(answered.first, History::left_out, {}, answered.second),
            hash_of(one, History::left_out, {}, one_open));
}

// Topics and brokers of a metadata image, in either order of registration.
TEST(StateWriter, TheOrderOfWhatCommutesIsForgotten) {
  const auto image = [](bool first_one) {
    MetadataImage image;
    for (const int id : first_one ? std::vector{1, 2} : std::vector{2, 1}) {
      RegisterBrokerRecord r;
      r.broker = NodeId(id);
      r.broker_epoch = BrokerEpoch(5);
      image.apply(r, Offset(5));
    }
    return image;
  };
  EXPECT_EQ(hash_of(image(true), History::kept), hash_of(image(false), History::kept));
}

Partition leader() {
  PartitionConfig config;
  config.self = NodeId(1);
  Partition partition({TopicId(1), PartitionIndex(0)}, config, LogDisk());
  PartitionRegistration registration;
  registration.replicas = registration.isr = {NodeId(1), NodeId(2), NodeId(3)};
  registration.leader = NodeId(1);
  registration.leader_epoch = LeaderEpoch(0);
  registration.partition_epoch = PartitionEpoch(0);
  Step step;
  step.self = NodeId(1);
  step.now = seconds(5);
  partition.make_leader(step, registration, {});
  for (int i = 0; i < 3; ++i) {
    RecordBatch b = batch(2 * i, seconds(i));
    b.producer_id = ProducerId(4);
    b.producer_epoch = ProducerEpoch(0);
    b.base_sequence = Sequence(2 * i);
    partition.append(step, b, Acks::all, {});
  }
  return partition;
}

TEST(StateWriter, FollowersThatFetchInEitherOrderLeaveTheSameLeader) {
  const auto fetched = [](std::vector<int> order) {
    Partition partition = leader();
    Step step;
    step.self = NodeId(1);
    step.now = seconds(6);
    for (const int id : order) {
      FetchRequest::Partition request;
      request.partition = partition.id();
      request.current_leader_epoch = LeaderEpoch(0);
      request.fetch_offset = Offset(6);
      partition.follower_fetched(step, NodeId(id), BrokerEpoch(1), request, Offset(6), {});
    }
    return partition;
  };
  EXPECT_EQ(hash_of(fetched({2, 3}), History::kept), hash_of(fetched({3, 2}), History::kept));
  EXPECT_NE(hash_of(fetched({2, 3}), History::kept), hash_of(fetched({2}), History::kept));
}

TEST(StateWriter, EveryChangeOfAPartitionIsNoticed) {
  Partition partition = leader();
  const std::uint64_t before = hash_of(partition, History::kept);
  EXPECT_EQ(hash_of(Partition(partition), History::kept), before);
  int changes = 0;
  for_each_change(partition, "partition", [&](const std::string& path) {
    ++changes;
    EXPECT_NE(hash_of(partition, History::kept), before) << path;
    EXPECT_NE(hash_of(partition), hash_of(leader())) << path;
  });
  EXPECT_GT(changes, 200);
  EXPECT_EQ(hash_of(partition, History::kept), before);
}

TEST(StateWriter, ADifferenceNamesWhatDiffers) {
  const auto lines = [](const Partition& partition) {
    std::vector<StateLine> lines;
    StateWriter out(History::kept, {.lines = &lines});
    out.field("partition", partition);
    return lines;
  };
  Partition partition = leader();
  const std::vector<StateLine> before = lines(partition);
  EXPECT_TRUE(difference(before, lines(partition)).empty());
  partition.follower_seen(NodeId(2), seconds(7));
  partition.set_topic_config([] {
    TopicConfig config;
    config.min_insync_replicas = 2;
    return config;
  }());
  const std::vector<std::string> told = difference(before, lines(partition));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front(), "partition.config.topic.min_insync_replicas: 1 -> 2");
}

}  // namespace state_writer_test
}  // namespace ktrial::model
