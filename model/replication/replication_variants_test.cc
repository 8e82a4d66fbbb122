// Each variant of replication, beside the rule that it breaks. Method: one Partition or ReplicaFetcher, played by hand.
#include <gtest/gtest.h>

#include "model/nodes_for_test.h"
#include "model/replication/partition.h"
#include "model/replication/replica_fetcher.h"

namespace ktrial::model {
namespace replication_variants_test {

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
constexpr NodeId kSelf{0};

using testing::nodes;

// Partition 0 on broker 0, with or without a variant; its other replicas are 1 and 2.
struct Replica {
  Step step;
  Brokers brokers;
  ClusterConfig config;
  Partitions partitions;
  ReplicaFetcher fetcher{kSelf, NodeId(1)};

  explicit Replica(Variant variant, bool on, std::uint8_t alternative = 1) {
    step.now = seconds(100);
    for (int i = 0; i < 3; ++i) brokers[NodeId(i)] = {IncarnationId(1), BrokerEpoch(10 + i), false, false};
    if (on) config.variants.set(variant, alternative);
    PartitionConfig c;
    c.self = kSelf;
    c.topic.min_insync_replicas = 1;
    c.variants = config.variants;
    partitions.try_emplace(kTp, Partition(kTp, c, LogDisk()));
  }
  Partition& p() { return partitions.at(kTp); }
  Offset end() { return p().log().log_end(); }
  Offset hw() { return p().log().high_watermark(); }
  PartitionRegistration registration(int leader, int epoch, int partition_epoch, std::vector<NodeId> isr) {
    return {nodes({0, 1, 2}), std::move(isr), NodeId(leader), LeaderEpoch(epoch), PartitionEpoch(partition_epoch), {}};
  }
  void lead(int epoch, int partition_epoch, std::vector<NodeId> isr) {
    p().make_leader(step, registration(0, epoch, partition_epoch, std::move(isr)), brokers);
  }
  void append(int count = 1) {
    RecordBatch b;
    b.record_count = count;
    b.size_in_bytes = 10;
    ASSERT_EQ(p().append(step, b, Acks::leader, brokers).error, Error::NONE);
  }
  FetchRequest::Partition item(int offset, int epoch) {
    return {kTp, LeaderEpoch(epoch), Offset(offset), kNoEpoch, Offset(0), 1 << 20};
  }
  PartitionRead read(int follower, int offset, int epoch, bool parked = false) {
    return p().read(item(offset, epoch), NodeId(follower), BrokerEpoch(10 + follower), brokers, 1 << 20, true, parked);
  }
  void fetched(int follower, int offset) {
    const PartitionRead r = read(follower, offset, p().leader_epoch().value);
    p().follower_fetched(step, NodeId(follower), BrokerEpoch(10 + follower), item(offset, p().leader_epoch().value),
                         r.answer_now() ? Offset() : r.leader_log_end, brokers);
  }
  bool alter(Error error, std::vector<NodeId> isr = {}, int back = 0) {
    auto sent = p().proposal(BrokerEpoch(10));
    EXPECT_TRUE(sent.has_value());
    sent->partition_epoch = sent->partition_epoch - back;
    AlterPartitionResponse::Partition a{kTp, error, kSelf, p().leader_epoch(), std::move(isr), {}, {}};
    a.partition_epoch = sent->partition_epoch + 1;
    PartitionProgress change;
    return p().on_alter_partition(step, *sent, a, brokers, change);
  }

  // -- as a follower of broker 1
  void follow(int epoch) {
    fetcher.remove(kTp);
    if (fetcher.in_flight()) answer(FetchResponse());
    p().make_follower(step, registration(1, epoch, epoch, nodes({1})));
    fetcher.add(p(), config);
    run();
  }
  void run() { fetcher.run(step, config, BrokerEpoch(10)); }
  Message last() {
    Message m;
    for (const Effect& e : step.effects)
      if (const auto* s = std::get_if<SendEffect>(&e)) m = s->message;
    return m;
  }
  template <class T>
  T asked() {
    return std::get<T>(last().body);
  }
  void answer(MessageBody body, std::optional<Message> to = std::nullopt) {
    fetcher.on_message(step, fetcher.connection(), Message{(to ? *to : last()).correlation_id, std::move(body)},
                       partitions, config);
    run();
  }
  void answer_fetch(FetchResponse::Partition part) {
    part.partition = kTp;
    FetchResponse all;
    all.partitions = {std::move(part)};
    answer(std::move(all));
  }
  FetchResponse::Partition batches(int base, int count, int epoch) {
    FetchResponse::Partition r;
    RecordBatch b;
    b.base_offset = Offset(base);
    b.record_count = count;
    b.partition_leader_epoch = LeaderEpoch(epoch);
    r.batches = {b};
    r.high_watermark = Offset(0);
    return r;
  }
  FetchResponse::Partition diverging(int epoch, int offset, int high_watermark) {
    FetchResponse::Partition r;
    r.diverging_epoch = {Offset(offset), LeaderEpoch(epoch)};
    r.high_watermark = Offset(high_watermark);
    return r;
  }
};

// R03: our log is epoch 1 up to 10 and epoch 3 from there; the leader's epoch 2 ends at 15 and its epoch 1 at 5.
TEST(ReplicationVariant, TheTruncationProtocolsBeforeFetchTruncates) {
  for (const auto protocol : {TruncationProtocol::offsets_for_leader_epoch, TruncationProtocol::end_offset}) {
    Replica r(Variant::truncation, true, static_cast<std::uint8_t>(protocol));
    r.follow(1);
    r.answer_fetch(r.batches(0, 10, 1));
    r.follow(3);
    r.answer(OffsetForLeaderEpochResponse{Error::NONE, kTp, LeaderEpoch(1), Offset(10)});
    r.answer_fetch(r.batches(10, 10, 3));
    ASSERT_EQ(r.end(), Offset(20));
    r.follow(4);
    EXPECT_EQ(r.asked<OffsetForLeaderEpochRequest>().leader_epoch, LeaderEpoch(3));
    r.answer(OffsetForLeaderEpochResponse{Error::NONE, kTp, LeaderEpoch(2), Offset(15)});
    if (protocol == TruncationProtocol::end_offset) {
      EXPECT_EQ(r.end(), Offset(10));  // the batch that holds 15 begins there: nothing of epoch 1 is questioned
      EXPECT_EQ(r.asked<FetchRequest>().partitions.at(0).last_fetched_epoch, kNoEpoch);
    } else {
      EXPECT_EQ(r.asked<OffsetForLeaderEpochRequest>().leader_epoch, LeaderEpoch(1));
      r.answer(OffsetForLeaderEpochResponse{Error::NONE, kTp, LeaderEpoch(1), Offset(5)});
      EXPECT_EQ(r.end(), Offset(0));  // batches are kept or go as a whole
      EXPECT_EQ(r.asked<FetchRequest>().partitions.at(0).fetch_offset, Offset(0));
    }
  }
}

TEST(ReplicationVariant, FetchEpochIgnored) {
  for (const bool on : {false, true}) {
    Replica r(Variant::fetch_epoch, on);
    r.lead(3, 3, nodes({0, 1}));
    EXPECT_EQ(r.read(1, 0, 1).response.error, on ? Error::NONE : Error::FENCED_LEADER_EPOCH);
  }
}

TEST(ReplicationVariant, EpochStartNotedAtTheFirstAppend) {
  for (const bool on : {false, true}) {
    Replica r(Variant::epoch_at_election, on);
    r.lead(1, 1, nodes({0, 1}));
    EXPECT_EQ(r.p().log().epochs().latest(), on ? kNoEpoch : LeaderEpoch(1));
    r.append();
    EXPECT_EQ(r.p().log().epochs().latest(), LeaderEpoch(1));
  }
}

TEST(ReplicationVariant, EpochCacheTruncatedWithTheLogOnly) {
  for (const bool on : {false, true}) {
    Replica r(Variant::epoch_cache_truncation, on);
    r.lead(1, 1, nodes({0}));
    r.append();
    r.lead(2, 2, nodes({0}));
    r.p().truncate(r.step, Offset(1));
    EXPECT_EQ(r.p().log().epochs().latest(), LeaderEpoch(on ? 2 : 1));
  }
}

TEST(ReplicationVariant, ALateEpochAnswerApplied) {
  for (const bool on : {false, true}) {
    Replica r(Variant::late_epoch_answer, on);
    r.config.variants.set(Variant::truncation, static_cast<std::uint8_t>(TruncationProtocol::offsets_for_leader_epoch));
    r.follow(1);
    r.answer_fetch(r.batches(0, 2, 1));
    r.follow(2);
    const Message question = r.last();
    r.fetcher.remove(kTp);
    r.p().make_follower(r.step, r.registration(1, 4, 4, nodes({1})));
    r.fetcher.add(r.p(), r.config);
    r.answer(OffsetForLeaderEpochResponse{Error::NONE, kTp, LeaderEpoch(1), Offset(0)}, question);
    EXPECT_EQ(r.end(), Offset(on ? 0 : 2));
  }
}

TEST(ReplicationVariant, ALateDivergingAnswerApplied) {
  for (const bool on : {false, true}) {
    Replica r(Variant::late_fetch_answer, on);
    r.follow(1);
    r.answer_fetch(r.batches(0, 1, 1));
    r.answer_fetch(r.batches(1, 1, 1));
    r.fetcher.remove(kTp);
    r.answer_fetch(r.diverging(1, 1, 1));
    EXPECT_EQ(r.end(), Offset(on ? 1 : 2));
  }
}

TEST(ReplicationVariant, AFailedReadResetsTheFollower) {
  for (const bool on : {false, true}) {
    Replica r(Variant::failed_read, on);
    r.lead(1, 1, nodes({0, 1}));
    r.fetched(1, 0);
    r.fetched(1, 9);  // out of range
    EXPECT_EQ(r.p().remotes().at(NodeId(1)).log_end, on ? Offset() : Offset(0));
  }
}

TEST(ReplicationVariant, ADivergingAnswersHighWatermarkTakenFirst) {
  for (const bool on : {false, true}) {
    Replica r(Variant::diverging_answer, on);
    r.follow(1);
    r.answer_fetch(r.batches(0, 3, 1));
    r.answer_fetch(r.diverging(1, 0, 3));
    const bool moved = std::any_of(r.step.facts.begin(), r.step.facts.end(),
                                   [](const Fact& f) { return std::holds_alternative<HighWatermarkAdvanced>(f); });
    EXPECT_EQ(moved, on);
  }
}

TEST(ReplicationVariant, AParkedFetchAnsweredByADeposedLeaderAndItsNewerBatchAppended) {
  for (const bool on : {false, true}) {
    Replica r(Variant::newer_epoch_batch, on);
    r.lead(1, 1, nodes({0, 1}));
    r.append();
    r.p().make_follower(r.step, r.registration(1, 2, 2, nodes({1})));
    EXPECT_EQ(r.read(1, 0, 1).response.error, Error::FENCED_LEADER_EPOCH);
    EXPECT_EQ(r.read(1, 0, 1, true).response.error, on ? Error::NONE : Error::FENCED_LEADER_EPOCH);
    Replica follower(Variant::newer_epoch_batch, on);
    follower.follow(1);
    follower.answer_fetch(follower.batches(0, 1, 2));
    EXPECT_EQ(follower.end(), Offset(on ? 1 : 0));
  }
}

TEST(ReplicationVariant, AnEmptyAnswerClearsTheLastFetchedEpoch) {
  for (const bool on : {false, true}) {
    Replica r(Variant::empty_fetch, on);
    r.follow(1);
    r.answer_fetch(r.batches(0, 1, 1));
    FetchResponse::Partition empty;
    empty.high_watermark = Offset(1);
    r.answer_fetch(empty);
    EXPECT_EQ(r.asked<FetchRequest>().partitions.at(0).last_fetched_epoch, on ? kNoEpoch : LeaderEpoch(1));
  }
}

TEST(ReplicationVariant, AnExpandingIsrDoesNotHoldTheHighWatermark) {
  for (const bool on : {false, true}) {
    Replica r(Variant::expanding_isr, on);
    r.lead(1, 1, nodes({0, 1}));
    r.fetched(1, 0);
    r.fetched(2, 0);
    ASSERT_TRUE(r.p().isr().in_flight());
    r.append();
    r.fetched(1, 1);
    EXPECT_EQ(r.hw(), Offset(on ? 1 : 0));
  }
}

TEST(ReplicationVariant, AShrinkingIsrIsNotWaitedFor) {
  for (const bool on : {false, true}) {
    Replica r(Variant::shrinking_isr, on);
    r.lead(1, 1, nodes({0, 1}));
    r.append();
    r.step.now += seconds(60);
    r.p().maybe_shrink_isr(r.step);
    ASSERT_TRUE(r.p().isr().in_flight());
    r.append();
    EXPECT_EQ(r.hw(), Offset(on ? 2 : 0));
  }
}

TEST(ReplicationVariant, AnIsrChangeDoesNotMoveTheHighWatermark) {
  for (const bool on : {false, true}) {
    Replica r(Variant::high_watermark_retry, on);
    r.lead(1, 1, nodes({0, 1}));
    r.append();
    r.step.now += seconds(60);
    r.p().maybe_shrink_isr(r.step);
    r.alter(Error::NONE, nodes({0}));
    EXPECT_EQ(r.hw(), Offset(on ? 0 : 1));
  }
}

TEST(ReplicationVariant, AnAnswerToAnOlderProposalIsTaken) {
  for (const bool on : {false, true}) {
    Replica r(Variant::pending_isr, on);
    r.lead(1, 5, nodes({0, 1}));
    r.step.now += seconds(60);
    r.p().maybe_shrink_isr(r.step);
    r.alter(Error::NONE, nodes({0, 1, 2}), 3);
    EXPECT_EQ(r.p().isr().committed.size(), on ? 3u : 2u);
  }
}

TEST(ReplicationVariant, AProposalWithoutAFinalAnswerStaysInFlight) {
  for (const bool on : {false, true}) {
    Replica r(Variant::alter_partition_retry, on);
    r.lead(1, 1, nodes({0, 1}));
    r.step.now += seconds(60);
    r.p().maybe_shrink_isr(r.step);
    EXPECT_EQ(r.alter(Error::UNKNOWN_SERVER_ERROR), !on);
    EXPECT_TRUE(r.p().isr().in_flight());
  }
}

TEST(ReplicationVariant, TheEpochsOfAProposalAreReadAgain) {
  for (const bool on : {false, true}) {
    Replica r(Variant::isr_snapshot, on);
    r.lead(1, 1, nodes({0, 1}));
    r.fetched(2, 0);
    const BrokerEpoch reborn{99};
    r.p().follower_fetched(r.step, NodeId(2), reborn, r.item(0, 1), Offset(0), r.brokers);
    const auto sent = r.p().proposal(BrokerEpoch(10));
    ASSERT_TRUE(sent.has_value());
    EXPECT_EQ(sent->new_isr.back().second, on ? reborn : BrokerEpoch(12));
  }
}

TEST(ReplicationVariant, AFencedReplicaHoldsTheHighWatermark) {
  for (const bool on : {false, true}) {
    Replica r(Variant::high_watermark_holders, on);
    r.lead(1, 1, nodes({0, 1}));
    r.fetched(1, 0);
    r.brokers[NodeId(2)].fenced = true;
    r.fetched(2, 0);
    r.append();
    r.fetched(1, 1);
    EXPECT_EQ(r.hw(), Offset(on ? 0 : 1));
  }
}

TEST(ReplicationVariant, TheFirstReplicaHasAMinIsrOfItsOwn) {
  for (const bool on : {false, true}) {
    Replica r(Variant::min_isr_of_broker, on);
    TopicConfig topic;
    topic.min_insync_replicas = 2;
    r.p().set_topic_config(topic);
    r.lead(1, 1, nodes({0}));
    r.append();
    EXPECT_EQ(r.hw(), Offset(on ? 1 : 0));
  }
}

TEST(ReplicationVariant, AnyFetchCountsAsCaughtUp) {
  for (const bool on : {false, true}) {
    Replica r(Variant::caught_up, on);
    r.lead(1, 1, nodes({0, 1}));
    r.append(5);
    r.step.now += seconds(60);
    r.fetched(1, 0);
    r.append(5);
    EXPECT_EQ(r.p().maybe_shrink_isr(r.step).propose, !on);
  }
}

TEST(ReplicationVariant, ANewLeaderTellsItsHighWatermarkAtOnce) {
  for (const bool on : {false, true}) {
    Replica r(Variant::list_offsets_latest, on);
    r.lead(1, 1, nodes({0, 1}));
    r.append();
    r.lead(2, 2, nodes({0, 1}));
    EXPECT_EQ(r.p().list_offsets(ListOffsetsRequest{{}, kTp, LeaderEpoch(2), kLatestTimestamp}).error,
              on ? Error::NONE : Error::OFFSET_NOT_AVAILABLE);
  }
}

// Kafka's makeLeader: an equal partition epoch is as good as a newer one, and what was proposed meanwhile is forgotten.
TEST(Partition, MetadataOfTheSamePartitionEpochDropsAProposal) {
  Replica r(Variant::vote, false);
  r.lead(1, 1, nodes({0, 1}));
  r.fetched(1, 0);
  r.fetched(2, 0);
  ASSERT_TRUE(r.p().isr().in_flight());
  r.lead(1, 1, nodes({0, 1}));
  EXPECT_FALSE(r.p().isr().in_flight());
  const auto dropped = std::find_if(r.step.facts.begin(), r.step.facts.end(),
                                    [](const Fact& f) { return std::holds_alternative<IsrExpansionDropped>(f); });
  ASSERT_NE(dropped, r.step.facts.end());
  EXPECT_EQ(std::get<IsrExpansionDropped>(*dropped).added, nodes({2}));
}

// A follower that had nothing new to ask for is as caught up as one that asked again (fetch sessions).
TEST(Partition, AQuietFollowerWasCaughtUpWhenItLastFetched) {
  for (const bool seen : {false, true}) {
    Replica r(Variant::vote, false);
    r.lead(1, 1, nodes({0, 1}));
    r.fetched(1, 0);
    EXPECT_TRUE(r.p().follower_is_quiet(NodeId(1)));
    r.step.now += seconds(60);
    if (seen) r.p().follower_seen(NodeId(1), r.step.now);
    r.append();
    EXPECT_FALSE(r.p().follower_is_quiet(NodeId(1)));
    EXPECT_EQ(r.p().maybe_shrink_isr(r.step).propose, !seen);
  }
}

}  // namespace replication_variants_test
}  // namespace ktrial::model
