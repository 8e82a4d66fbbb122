#include "model/clients/client_node.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace client_node_test {

const TopicPartition kTp{TopicId{1}, PartitionIndex{0}};

// One broker with one partition, and the wire: answers everything at once unless it is told to hang or to refuse.
struct FakeCluster {
  explicit FakeCluster(ClientSpec spec) : client(NodeId{100}, {NodeId{1}}, std::move(spec)) {}

  template <class F>
  void act(F&& f) {
    Step step;
    step.self = NodeId{100};
    step.now = now;
    step.wall_clock = now;
    step.next_connection = next_connection;
    f(step);
    next_connection = step.next_connection;
    for (auto& fact : step.facts) facts.push_back(fact);
    for (auto& effect : step.effects) {
      if (auto* s = std::get_if<SendEffect>(&effect)) queue.push_back(*s);
      if (auto* t = std::get_if<SetTimerEffect>(&effect)) timer = t->deadline;
      if (std::holds_alternative<CancelTimerEffect>(effect)) timer.reset();
      if (std::holds_alternative<CloseEffect>(effect)) ++closed;
    }
  }
  void start() {
    act([&](Step& s) { client.start(s); });
  }
  void run_until(Nanos end) {
    for (int guard = 0; guard < 5000; ++guard) {
      if (!queue.empty()) {
        const SendEffect sent = queue.front();
        queue.erase(queue.begin());
        answer(sent);
      } else if (timer && *timer <= end) {
        now = std::max(now, *timer);
        timer.reset();
        act([&](Step& s) { client.on_timer(s, kClientWakeup); });
      } else {
        break;
      }
    }
    now = end;
  }
  void answer(const SendEffect& sent) {
    MessageBody body;
    if (std::holds_alternative<MetadataRequest>(sent.message.body)) {
      MetadataResponse r;
      r.brokers = {NodeId{1}};
      r.topics.push_back({Error::NONE, "t", kTp.topic, {{Error::NONE, kTp.partition, NodeId{1}, epoch, {}, {}}}});
      body = r;
    } else if (const auto* p = std::get_if<ProduceRequest>(&sent.message.body)) {
      ++produces;
      if (hang) return;
      ProduceResponse r;
      ProduceResponse::Partition part;
      part.partition = kTp;
      part.error = produce_error;
      if (produce_error == Error::NONE) {
        part.base_offset = end();
        RecordBatch b = p->partitions[0].batch;
        b.base_offset = end();
        b.partition_leader_epoch = epoch;
        log.push_back(b);
      }
      produce_error = Error::NONE;
      r.partitions.push_back(part);
      body = r;
    } else if (const auto* l = std::get_if<ListOffsetsRequest>(&sent.message.body)) {
      body = ListOffsetsResponse{Error::NONE, kTp, l->timestamp == kEarliestTimestamp ? Offset{0} : end(), epoch};
    } else if (std::holds_alternative<OffsetForLeaderEpochRequest>(sent.message.body)) {
      body = OffsetForLeaderEpochResponse{Error::NONE, kTp, LeaderEpoch{0}, end()};
    } else if (const auto* f = std::get_if<FetchRequest>(&sent.message.body)) {
      FetchResponse r;
      FetchResponse::Partition part;
      part.partition = kTp;
      part.high_watermark = end();
      const auto& asked = f->partitions[0];
      if (asked.current_leader_epoch < epoch) {
        part.error = Error::FENCED_LEADER_EPOCH;
      } else if (asked.fetch_offset > end()) {
        part.error = Error::OFFSET_OUT_OF_RANGE;
      } else {
        for (const auto& b : log)
          if (b.next_offset() > asked.fetch_offset) part.batches.push_back(b);
        if (part.batches.empty()) return;  // parked for good
      }
      r.partitions.push_back(part);
      body = r;
    }
    const Message m{sent.message.correlation_id, body};
    act([&](Step& s) { client.on_message(s, sent.connection, Message(m)); });
  }
  Offset end() const { return log.empty() ? Offset{0} : log.back().next_offset(); }
  template <class F>
  std::vector<F> all() const {
    std::vector<F> out;
    for (const auto& f : facts)
      if (const auto* x = std::get_if<F>(&f)) out.push_back(*x);
    return out;
  }

  ClientNode client;
  Nanos now{0};
  std::int32_t next_connection = 0;
  std::optional<Nanos> timer;
  std::vector<SendEffect> queue;
  std::vector<Fact> facts;
  std::vector<RecordBatch> log;
  LeaderEpoch epoch{0};
  Error produce_error = Error::NONE;
  bool hang = false;
  int produces = 0;
  int closed = 0;
};

ProducerSpec sends(std::int64_t count) {
  ProducerSpec spec;
  spec.config.enable_idempotence = false;
  spec.workload.topic = "t";
  spec.workload.count = count;
  spec.workload.interval = milliseconds(1);
  return spec;
}
TEST(Producer, ARetryWaitsForTheBackoffOfWhichAFifthIsTheWorldsChoice) {
  FakeCluster c(sends(1));  // chooses the lowest: 80 of 100 ms
  c.produce_error = Error::NOT_ENOUGH_REPLICAS;
  c.start();
  c.run_until(milliseconds(84));  // sent after linger.ms, 5 ms
  EXPECT_EQ(c.produces, 1);
  c.run_until(milliseconds(86));
  EXPECT_EQ(c.produces, 2);
  EXPECT_EQ(c.all<RecordAcknowledged>().size(), 1u);
}

// A world that always chooses the highest, or the lowest.
std::uint64_t highest(void*, Choice, std::uint32_t, std::uint64_t, std::uint64_t high) { return high; }
std::uint64_t lowest(void*, Choice, std::uint32_t, std::uint64_t low, std::uint64_t) { return low; }

TEST(ExponentialBackoff, DoublesUpToItsMaximumAFifthMoreOrLess) {
  Step step;
  const auto backoff = [&](auto choose, int base, int max, int failures) {
    step.choose_function = choose;
    return exponential_backoff(step, Choice::retry_jitter, 0, milliseconds(base), milliseconds(max), failures);
  };
  EXPECT_EQ(backoff(&lowest, 100, 1000, 2), milliseconds(320));
  EXPECT_EQ(backoff(&highest, 100, 1000, 2), milliseconds(480));
  EXPECT_EQ(backoff(&lowest, 100, 1000, 9), milliseconds(800));
  EXPECT_EQ(backoff(&highest, 100, 1000, 9), milliseconds(1000));
  EXPECT_EQ(backoff(&lowest, 100, 40, 0), milliseconds(40));
}

// Drawn apart: a client whose backoffs always ended together would ask for metadata by the connection that it has just
// opened to a broker that refuses it, for ever.
TEST(ExponentialBackoff, IsDrawnForAConnectionAndForMetadata) {
  for (const bool long_connection : {false, true}) {
    Step step;
    step.choose_function = [](void* longer, Choice choice, std::uint32_t, std::uint64_t low, std::uint64_t high) {
      return (choice == Choice::reconnect_jitter) == (longer != nullptr) ? high : low;
    };
    step.choose_context = long_connection ? &step : nullptr;
    NetworkClient network;
    network.send(step, NodeId{1}, MetadataRequest{}, 0);
    network.disconnect(step, NodeId{1});
    EXPECT_EQ(network.next_deadline(step.now), milliseconds(long_connection ? 60 : 40));
    MetadataCache metadata;
    metadata.make_request(step.now);
    metadata.on_failure(step);
    EXPECT_EQ(metadata.next_update(), milliseconds(long_connection ? 80 : 120));
  }
}

RecordBatch batch_at(std::int64_t offset, std::int64_t value) {
  RecordBatch b;
  b.base_offset = Offset{offset};
  b.partition_leader_epoch = LeaderEpoch{0};
  b.record_count = 1;
  b.records = std::make_shared<const std::vector<Record>>(1, Record{{}, {}, ValueId{value}, Nanos{0}});
  return b;
}

TEST(Partitioner, MurmurAsInKafka) {  // UtilsTest.testMurmur2
  EXPECT_EQ(murmur2("21"), -973932308);
  EXPECT_EQ(murmur2("foobar"), -790332482);
  EXPECT_EQ(murmur2("a-little-bit-long-string"), -985981536);
}

TEST(Producer, AcknowledgesEverythingOnceInOrder) {
  FakeCluster c(sends(20));
  c.start();
  c.run_until(seconds(5));
  std::int64_t n = 0;
  for (const auto& a : c.all<RecordAcknowledged>())
    for (const ValueId v : a.values) EXPECT_EQ(v.value, n++);
  EXPECT_EQ(n, 20);
  EXPECT_LT(c.produces, 20);  // lingered
  EXPECT_TRUE(c.client.done());
}

TEST(Producer, SendsTombstonesOfKeysByTheWorldsChoice) {
  ProducerSpec spec = sends(6);
  spec.workload.key_count = 2;
  spec.workload.tombstones = 1;
  spec.workload.tombstones_of = 20;
  FakeCluster c(spec);  // chooses the lowest: 1 of 20
  c.start();
  c.run_until(seconds(5));
  ASSERT_FALSE(c.log.empty());
  for (const RecordBatch& b : c.log) {
    for (const Record& record : *b.records) {
      EXPECT_EQ(record.state, RecordState::tombstone);
      EXPECT_TRUE(record.key.present() && record.value.present());
    }
    EXPECT_LT(b.size_in_bytes, kBatchOverheadBytes + b.record_count * 20);  // no bytes of a value
  }
}

// What compaction has left of a batch: no record of it is given away, and the position goes on behind it.
TEST(Consumer, PassesWhatCompactionHasRemoved) {
  ConsumerSpec spec;
  spec.config.auto_offset_reset = OffsetReset::earliest;
  spec.assignment = {{"t", {kTp.partition}}};
  FakeCluster c(spec);
  RecordBatch part = batch_at(2, 7);
  part.record_count = 3;
  part.records = std::make_shared<const std::vector<Record>>(
      std::vector<Record>{Record{{}, RecordState::compacted, {}, Nanos{0}}, Record{{}, {}, ValueId{7}, Nanos{0}},
                          Record{{}, RecordState::compacted, {}, Nanos{0}}});
  c.log = {part, batch_at(9, 8)};
  c.start();
  c.run_until(seconds(5));
  std::vector<std::pair<std::int64_t, std::int64_t>> given;
  for (const auto& r : c.all<RecordConsumed>()) given.emplace_back(r.offset.value, r.value.value);
  EXPECT_EQ(given, (std::vector<std::pair<std::int64_t, std::int64_t>>{{3, 7}, {9, 8}}));
}

TEST(Producer, RetriesARetriableError) {
  FakeCluster c(sends(1));
  c.produce_error = Error::NOT_LEADER_OR_FOLLOWER;
  c.start();
  c.run_until(seconds(5));
  EXPECT_EQ(c.produces, 2);
  EXPECT_EQ(c.all<RecordAcknowledged>().size(), 1u);
}

TEST(Producer, FailsAFatalError) {
  FakeCluster c(sends(1));
  c.produce_error = Error::MESSAGE_TOO_LARGE;
  c.start();
  c.run_until(seconds(5));
  ASSERT_EQ(c.all<RecordFailed>().size(), 1u);
  EXPECT_TRUE(c.client.idle());
}

TEST(Producer, RequestTimeoutClosesAndDeliveryTimeoutFails) {
  FakeCluster c(sends(1));
  c.hang = true;
  c.start();
  c.run_until(seconds(200));
  EXPECT_GE(c.closed, 3);
  EXPECT_GE(c.produces, 3);
  ASSERT_EQ(c.all<RecordFailed>().size(), 1u);
  EXPECT_TRUE(c.client.idle());
}

TEST(Producer, ContinuesNumberingAfterAKill) {
  FakeCluster c(sends(10));
  c.start();
  c.run_until(milliseconds(4));
  c.client.kill();
  c.queue.clear();
  c.timer.reset();
  c.start();
  c.run_until(seconds(5));
  const auto sent = c.all<RecordSent>();
  ASSERT_EQ(sent.size(), 10u);
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(sent[i].value.value, static_cast<std::int64_t>(i));
}

ConsumerSpec reads() {
  ConsumerSpec spec;
  spec.config.auto_offset_reset = OffsetReset::earliest;
  spec.assignment = {{"t", {}}};
  return spec;
}

TEST(Consumer, ReadsFromTheEarliestOffset) {
  FakeCluster c(reads());
  c.log = {batch_at(0, 5), batch_at(1, 6)};
  c.start();
  c.run_until(seconds(1));
  const auto read = c.all<RecordConsumed>();
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[1].value, ValueId{6});
  EXPECT_EQ(c.client.positions().at(kTp).offset, Offset{2});
}

TEST(Consumer, FindsTruncationAfterANewLeaderEpoch) {
  FakeCluster c(reads());
  c.log = {batch_at(0, 5), batch_at(1, 6)};
  c.start();
  c.run_until(seconds(1));
  c.log.pop_back();
  c.epoch = LeaderEpoch{1};
  c.run_until(seconds(40));  // the parked fetch times out, metadata is asked again, the position validated
  bool truncated = false;
  for (const auto& r : c.all<ConsumerPositionReset>()) truncated |= r.truncation && r.to == Offset{1};
  EXPECT_TRUE(truncated);
}

TEST(NetworkClient, PrefersAnOpenConnectionThenTheNodeNotTriedForLongest) {
  NetworkClient network;
  Step step;
  step.now = seconds(1);
  const std::vector<NodeId> nodes{NodeId{1}, NodeId{2}, NodeId{3}};
  network.send(step, NodeId{2}, MetadataRequest{}, 0);
  EXPECT_EQ(network.least_loaded_node(step, nodes), NodeId{2});  // although it is busy and the others are not
  network.disconnect(step, NodeId{2});
  step.now = seconds(100);  // every backoff is over
  EXPECT_EQ(network.least_loaded_node(step, nodes), NodeId{1});
  network.send(step, NodeId{1}, MetadataRequest{}, 0);
  network.disconnect(step, NodeId{1});
  step.now = seconds(200);
  EXPECT_EQ(network.least_loaded_node(step, nodes), NodeId{3});
}

TEST(NetworkClient, ARequestMayHaveATimeoutOfItsOwn) {
  NetworkClient network;
  Step step;
  network.send(step, NodeId{1}, JoinGroupRequest{}, 0, true, seconds(300));
  step.now = seconds(31);
  EXPECT_TRUE(network.expire(step).empty());
  network.send(step, NodeId{1}, HeartbeatRequest{}, 0);
  step.now = seconds(61);
  EXPECT_EQ(network.next_deadline(step.now), seconds(61));
  EXPECT_EQ(network.expire(step).size(), 2u);  // the connection goes, and the join with it
}

}  // namespace client_node_test
}  // namespace ktrial::model
