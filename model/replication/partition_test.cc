// A partition's leader side, rule by rule. Method: one Partition as leader of 0, 1, 2; the test plays followers and
// controller.
#include "model/replication/partition.h"

#include <gtest/gtest.h>

#include "model/nodes_for_test.h"
#include "model/probes.h"
#include "model/replication/replica_fetcher.h"

namespace ktrial::model {
namespace partition_test {

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
using testing::nodes;

struct Leader {
  Step step;
  Brokers brokers;
  Partition partition;
  explicit Leader(int min_isr = 1) {
    step.now = seconds(100);
    for (int i = 0; i < 3; ++i) brokers[NodeId(i)] = {IncarnationId(1), BrokerEpoch(10 + i), false, false};
    PartitionConfig c;
    c.self = NodeId(0);
    c.topic.min_insync_replicas = min_isr;
    partition = Partition(kTp, c, LogDisk());
  }
  void lead(int epoch, int partition_epoch, std::vector<NodeId> isr,
            LeaderRecoveryState recovery = LeaderRecoveryState::RECOVERED) {
    partition.make_leader(step,
                          PartitionRegistration{nodes({0, 1, 2}), std::move(isr), NodeId(0), LeaderEpoch(epoch),
                                                PartitionEpoch(partition_epoch), recovery},
                          brokers);
  }
  void append(int count = 1) {
    RecordBatch b;
    b.record_count = count;
    b.size_in_bytes = 10;
    ASSERT_EQ(partition.append(step, b, Acks::leader, brokers).error, Error::NONE);
  }
  PartitionProgress fetch(int follower, int offset, BrokerEpoch epoch = {}) {
    FetchRequest::Partition q{kTp, partition.leader_epoch(), Offset(offset), kNoEpoch, Offset(0), 1 << 20};
    const BrokerEpoch e = epoch.present() ? epoch : BrokerEpoch(10 + follower);
    const PartitionRead r = partition.read(q, NodeId(follower), e, brokers, 1 << 20, true);
    if (r.answer_now()) return {};
    return partition.follower_fetched(step, NodeId(follower), e, q, r.leader_log_end, brokers);
  }
  Error read(int follower, int offset, BrokerEpoch epoch) {
    FetchRequest::Partition q{kTp, partition.leader_epoch(), Offset(offset), kNoEpoch, Offset(0), 1 << 20};
    return partition.read(q, NodeId(follower), epoch, brokers, 1 << 20, true).response.error;
  }
  // The controller's answer to the pending proposal; whether the leader sends it again.
  bool answer(Error error, std::vector<NodeId> isr = {}) {
    const auto item = partition.proposal(BrokerEpoch(10));
    EXPECT_TRUE(item.has_value());
    AlterPartitionResponse::Partition a{kTp, error, NodeId(0), partition.leader_epoch(), std::move(isr), {}, {}};
    a.partition_epoch = partition.partition_epoch() + 1;
    return partition.on_alter_partition(step, *item, a, brokers, change);
  }
  bool probed(Probe probe) const {
    for (const Fact& f : step.facts)
      if (const auto* p = std::get_if<ProbeHit>(&f); p && p->probe == probe) return true;
    return false;
  }
  Offset hw() const { return partition.log().high_watermark(); }
  PartitionProgress change;
};

TEST(Partition, ALeaderElectedAgainKeepsWhatItKnowsOfLogsButNotOfTimes) {
  Leader l;
  l.lead(1, 1, nodes({0, 1}));
  l.append();
  l.fetch(1, 1);
  l.fetch(2, 0);
  l.step.now += seconds(20);
  l.lead(2, 2, nodes({0, 1}));
  EXPECT_EQ(l.partition.remotes().at(NodeId(1)).log_end, Offset(1));
  EXPECT_EQ(l.partition.remotes().at(NodeId(1)).last_caught_up, l.step.now);
  EXPECT_EQ(l.partition.remotes().at(NodeId(2)).last_caught_up, kNever);
  // So an in-sync follower has its whole lag time again.
  l.append();
  l.step.now += seconds(29);
  EXPECT_FALSE(l.partition.maybe_shrink_isr(l.step).propose);
  l.step.now += seconds(2);
  EXPECT_TRUE(l.partition.maybe_shrink_isr(l.step).propose);
}

TEST(Partition, AnUncleanLeaderSaysRecoveredInItsNextAlterPartition) {  // KIP-704
  Leader l;
  l.lead(1, 1, nodes({0}), LeaderRecoveryState::RECOVERING);
  EXPECT_TRUE(l.fetch(1, 0).propose);
  EXPECT_EQ(l.partition.proposal(BrokerEpoch(10))->leader_recovery_state, LeaderRecoveryState::RECOVERED);
}

TEST(Partition, EachErrorOfAlterPartitionHasItsReaction) {
  for (const Error error : {Error::UNKNOWN_TOPIC_OR_PARTITION, Error::UNKNOWN_TOPIC_ID, Error::FENCED_LEADER_EPOCH,
                            Error::INVALID_UPDATE_VERSION, Error::INVALID_REQUEST, Error::NEW_LEADER_ELECTED}) {
    Leader l;
    l.lead(1, 1, nodes({0}));
    l.fetch(1, 0);
    EXPECT_FALSE(l.answer(error)) << name(error);
    EXPECT_TRUE(l.partition.isr().in_flight());  // stays pending until newer metadata
    EXPECT_FALSE(l.partition.proposal(BrokerEpoch(10)).has_value());
    EXPECT_FALSE(l.fetch(1, 0).propose);
    l.lead(1, 2, nodes({0}));
    EXPECT_TRUE(l.fetch(1, 0).propose);
  }
  for (const Error error : {Error::NOT_CONTROLLER, Error::UNKNOWN_SERVER_ERROR}) {
    Leader l;
    l.lead(1, 1, nodes({0}));
    l.fetch(1, 0);
    EXPECT_TRUE(l.answer(error)) << name(error);  // the same again
  }
  Leader l;
  l.lead(1, 1, nodes({0}));
  l.fetch(1, 0);
  l.append();
  EXPECT_EQ(l.hw(), Offset(0));  // waits for the expansion
  EXPECT_FALSE(l.answer(Error::INELIGIBLE_REPLICA));
  EXPECT_FALSE(l.partition.isr().in_flight());  // reverted
  EXPECT_TRUE(l.probed(Probe::expansion_refused));
  EXPECT_EQ(l.hw(), Offset(0));
  l.brokers[NodeId(1)].fenced = true;
  l.append();
  EXPECT_EQ(l.hw(), Offset(2));
}

TEST(Partition, AShrinkThatIsRefusedIsTakenBack) {
  Leader l;
  l.lead(1, 1, nodes({0, 1, 2}));
  l.append();
  l.step.now += seconds(31);
  EXPECT_TRUE(l.partition.maybe_shrink_isr(l.step).propose);
  EXPECT_FALSE(l.answer(Error::INELIGIBLE_REPLICA));
  EXPECT_TRUE(l.probed(Probe::shrink_refused));
  EXPECT_EQ(l.partition.isr().committed, nodes({0, 1, 2}));
}

// The leader names an epoch that this log knows nothing of: it cuts to where its own older one ends, and asks again.
TEST(Partition, ADivergingEpochBetweenItsOwnIsAskedForAgain) {
  Leader l;
  l.lead(1, 1, nodes({0}));
  l.append();
  l.lead(5, 2, nodes({0}));
  l.append();
  l.partition.make_follower(
      l.step, PartitionRegistration{nodes({0, 1, 2}), nodes({1}), NodeId(1), LeaderEpoch(6), PartitionEpoch(3), {}});
  EXPECT_FALSE(l.partition.truncate_to_leader(l.step, {Offset(2), LeaderEpoch(3)}));
  EXPECT_TRUE(l.probed(Probe::diverging_epoch_is_older));
  EXPECT_EQ(l.partition.log().log_end(), Offset(1));
}

TEST(Partition, NewerMetadataBeatsALateAnswer) {
  Leader l;
  l.lead(1, 1, nodes({0, 1, 2}));
  l.append();
  l.step.now += seconds(31);
  EXPECT_TRUE(l.partition.maybe_shrink_isr(l.step).propose);
  const auto sent = *l.partition.proposal(BrokerEpoch(10));
  l.lead(1, 3, nodes({0, 2}));
  AlterPartitionResponse::Partition late{kTp, Error::NONE, NodeId(0), LeaderEpoch(1), nodes({0}), {}, {}};
  late.partition_epoch = PartitionEpoch(2);
  EXPECT_FALSE(l.partition.on_alter_partition(l.step, sent, late, l.brokers, l.change));
  EXPECT_EQ(l.partition.isr().committed, nodes({0, 2}));
  EXPECT_EQ(l.partition.partition_epoch(), PartitionEpoch(3));
}

TEST(Partition, OnlyEligibleReplicasJoinTheIsrOrHoldTheHighWatermark) {  // KIP-841, KIP-903, KAFKA-15021
  Leader l;
  l.lead(1, 1, nodes({0}));
  l.brokers[NodeId(1)].fenced = true;
  EXPECT_FALSE(l.fetch(1, 0).propose);
  l.brokers[NodeId(1)].fenced = false;
  l.brokers[NodeId(1)].in_controlled_shutdown = true;
  EXPECT_FALSE(l.fetch(1, 0).propose);
  l.append();
  EXPECT_EQ(l.hw(), Offset(1));  // caught up a moment ago, but shutting down
  l.brokers[NodeId(1)].in_controlled_shutdown = false;
  l.brokers[NodeId(1)].epoch = BrokerEpoch(50);  // a later incarnation than the one that fetches
  EXPECT_EQ(l.read(1, 1, BrokerEpoch(11)), Error::NOT_LEADER_OR_FOLLOWER);
  EXPECT_FALSE(l.fetch(1, 1, BrokerEpoch(11)).propose);
  EXPECT_TRUE(l.fetch(1, 1, BrokerEpoch(50)).propose);
  l.append();
  EXPECT_EQ(l.hw(), Offset(1));
  EXPECT_TRUE(l.probed(Probe::high_watermark_waits));
}

TEST(Partition, BelowMinIsrTheHighWatermarkStandsStill) {
  Leader l(2);
  l.lead(1, 1, nodes({0}));
  l.append();
  EXPECT_EQ(l.hw(), Offset(0));
  EXPECT_TRUE(l.fetch(1, 1).propose);
  EXPECT_EQ(l.hw(), Offset(0));  // the committed ISR counts, not the proposed one
  EXPECT_FALSE(l.answer(Error::NONE, nodes({0, 1})));
  EXPECT_EQ(l.hw(), Offset(1));
}

TEST(Partition, AProduceBelowMinIsrAfterTheAppendSaysSo) {
  Leader l(2);
  l.lead(1, 1, nodes({0, 1}));
  l.append();
  l.fetch(1, 1);
  EXPECT_EQ(l.hw(), Offset(1));
  l.lead(1, 2, nodes({0}));
  EXPECT_EQ(l.partition.produce_outcome(Offset(1)), Error::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
}

TEST(Partition, AFailedReadLeavesTheFollowersStateAlone) {  // KAFKA-8400, KAFKA-13141
  Leader l;
  l.lead(1, 1, nodes({0, 1}));
  l.append();
  l.fetch(1, 1);
  const RemoteReplica before = l.partition.remotes().at(NodeId(1));
  l.step.now += seconds(1);
  l.fetch(1, 7);  // out of range
  EXPECT_EQ(l.partition.remotes().at(NodeId(1)).log_end, before.log_end);
  EXPECT_EQ(l.partition.remotes().at(NodeId(1)).last_caught_up, before.last_caught_up);
}

TEST(Partition, ANewEpochIsRememberedWithoutARecord) {  // KAFKA-7415
  Leader l;
  l.lead(1, 1, nodes({0, 1}));
  l.append();
  l.lead(3, 2, nodes({0, 1}));
  OffsetForLeaderEpochRequest q{NodeId(1), kTp, LeaderEpoch(3), LeaderEpoch(2)};
  const auto a = l.partition.offset_for_leader_epoch(q);
  EXPECT_EQ(a.leader_epoch, LeaderEpoch(1));
  EXPECT_EQ(a.end_offset, Offset(1));
}

TEST(Partition, ABatchOfANewerEpochThanTheFetchIsNotTaken) {  // KAFKA-18723
  Leader l;
  l.partition.make_follower(
      l.step, PartitionRegistration{nodes({0, 1, 2}), nodes({1}), NodeId(1), LeaderEpoch(1), PartitionEpoch(1), {}});
  FetchResponse::Partition r;
  r.high_watermark = Offset(5);
  RecordBatch b;
  b.base_offset = Offset(0);
  b.record_count = 1;
  b.partition_leader_epoch = LeaderEpoch(2);
  r.batches = {b};
  EXPECT_TRUE(l.partition.copy_from_leader(l.step, r, LeaderEpoch(1)));
  EXPECT_TRUE(l.probed(Probe::batch_of_newer_epoch));
  EXPECT_EQ(l.partition.log().log_end(), Offset(0));
  EXPECT_EQ(l.hw(), Offset(0));
  b.partition_leader_epoch = LeaderEpoch(1);
  b.checksum = Checksum::broken;
  r.batches = {b};
  EXPECT_FALSE(l.partition.copy_from_leader(l.step, r, LeaderEpoch(1)));
  EXPECT_EQ(l.partition.log().log_end(), Offset(0));
}

// The fetcher of one follower (here partition 0 on node 0, leader 1), played against by hand.
struct Follower : Leader {
  ReplicaFetcher fetcher{NodeId(0), NodeId(1)};
  Partitions partitions;
  ClusterConfig config;
  void follow(int epoch) {
    Partition& p =
        partitions.contains(kTp) ? partitions.at(kTp) : (partitions.try_emplace(kTp, partition), partitions.at(kTp));
    p.make_follower(step, PartitionRegistration{
                              nodes({0, 1, 2}), nodes({1}), NodeId(1), LeaderEpoch(epoch), PartitionEpoch(epoch), {}});
    fetcher.add(p, config);
    fetcher.run(step, config, BrokerEpoch(10));
  }
  Message last() {
    Message m;
    for (const Effect& e : step.effects)
      if (const auto* s = std::get_if<SendEffect>(&e)) {
        m = s->message;
        wire = s->connection;
      }
    return m;
  }
  void answer(const Message& to, FetchResponse::Partition r) {
    last();
    r.partition = kTp;
    FetchResponse all;
    all.partitions = {r};
    fetcher.on_message(step, wire, Message{to.correlation_id, all}, partitions, config);
    fetcher.run(step, config, BrokerEpoch(10));
  }
  static FetchResponse::Partition one_batch(int base, int epoch) {
    FetchResponse::Partition r;
    RecordBatch b;
    b.base_offset = Offset(base);
    b.record_count = 1;
    b.partition_leader_epoch = LeaderEpoch(epoch);
    r.batches = {b};
    r.high_watermark = Offset(0);
    return r;
  }
  const FetchRequest::Partition& asked() {
    held = std::get<FetchRequest>(last().body);
    return held.partitions.at(0);
  }
  FetchRequest held;
  ConnectionId wire;
};

TEST(ReplicaFetcher, AnEmptyAnswerLeavesTheLastFetchedEpoch) {  // KAFKA-15510
  Follower f;
  f.follow(1);
  f.answer(f.last(), Follower::one_batch(0, 1));
  EXPECT_EQ(f.asked().last_fetched_epoch, LeaderEpoch(1));
  FetchResponse::Partition empty;
  empty.high_watermark = Offset(1);
  f.answer(f.last(), empty);
  EXPECT_EQ(f.asked().fetch_offset, Offset(1));
  EXPECT_EQ(f.asked().last_fetched_epoch, LeaderEpoch(1));
}

TEST(ReplicaFetcher, ALateDivergingAnswerTouchesNothing) {  // KAFKA-13207, KAFKA-7786, KAFKA-14704
  Follower f;
  f.follow(1);
  f.answer(f.last(), Follower::one_batch(0, 1));
  f.answer(f.last(), Follower::one_batch(1, 1));
  const Message old = f.last();
  f.fetcher.remove(kTp);
  f.follow(2);
  FetchResponse::Partition diverging;
  diverging.diverging_epoch = {Offset(1), LeaderEpoch(1)};
  diverging.high_watermark = Offset(2);
  f.answer(old, diverging);
  EXPECT_EQ(f.partitions.at(kTp).log().log_end(), Offset(2));
  // In time it cuts the log, and its high watermark is not taken.
  f.answer(f.last(), diverging);
  EXPECT_EQ(f.partitions.at(kTp).log().log_end(), Offset(1));
  EXPECT_EQ(f.partitions.at(kTp).log().high_watermark(), Offset(0));
  EXPECT_EQ(f.asked().fetch_offset, Offset(1));
}

TEST(ReplicaFetcher, OutOfRangeAsksForTheLeadersEndsAndStartsThere) {
  Follower f;
  f.follow(1);
  f.answer(f.last(), Follower::one_batch(0, 1));
  FetchResponse::Partition out;
  out.error = Error::OFFSET_OUT_OF_RANGE;
  f.answer(f.last(), out);
  Message m = f.last();
  EXPECT_EQ(std::get<ListOffsetsRequest>(m.body).timestamp, kLatestTimestamp);
  f.fetcher.on_message(f.step, f.wire,
                       Message{m.correlation_id, ListOffsetsResponse{Error::NONE, kTp, Offset(9), LeaderEpoch(1)}},
                       f.partitions, f.config);
  f.fetcher.run(f.step, f.config, BrokerEpoch(10));
  m = f.last();
  EXPECT_EQ(std::get<ListOffsetsRequest>(m.body).timestamp, kEarliestTimestamp);
  f.fetcher.on_message(f.step, f.wire,
                       Message{m.correlation_id, ListOffsetsResponse{Error::NONE, kTp, Offset(5), LeaderEpoch(1)}},
                       f.partitions, f.config);
  f.fetcher.run(f.step, f.config, BrokerEpoch(10));
  EXPECT_EQ(f.asked().fetch_offset, Offset(5));
  EXPECT_EQ(f.partitions.at(kTp).log().log_start(), Offset(5));
  EXPECT_EQ(f.partitions.at(kTp).log().high_watermark(), Offset(5));
}

TEST(ReplicaFetcher, FencedWaitsForMetadataAndOtherErrorsForTheBackoff) {
  Follower f;
  f.follow(1);
  FetchResponse::Partition refused;
  refused.error = Error::UNKNOWN_LEADER_EPOCH;
  f.answer(f.last(), refused);
  EXPECT_EQ(f.fetcher.entries().at(kTp).not_before, f.step.now + milliseconds(1000));
  f.step.now += seconds(1);
  f.fetcher.run(f.step, f.config, BrokerEpoch(10));
  refused.error = Error::FENCED_LEADER_EPOCH;
  f.answer(f.last(), refused);
  EXPECT_TRUE(f.fetcher.empty());
}

}  // namespace partition_test
}  // namespace ktrial::model
