// Sequences of an idempotent producer: how they are given out, kept through retries, and begun anew.
// Method: batches made by hand, and what is in flight told to the sequences.
#include "model/clients/producer_sequences.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace producer_sequences_test {

const TopicPartition kTp{TopicId{1}, PartitionIndex{0}}, kIdle{TopicId{1}, PartitionIndex{1}};
constexpr Error kOutOfOrder = Error::OUT_OF_ORDER_SEQUENCE_NUMBER;

struct Sender {
  explicit Sender(Variants variants = {}, Sequence first = Sequence(0)) : sequences(variants, first) {
    sequences.asked();
    sequences.on_response(step, {Error::NONE, ProducerId(5), ProducerEpoch(0)}, milliseconds(100));
  }
  // One record, drained for the first time.
  ProducerBatch& drain(TopicPartition tp = kTp) {
    ProducerBatch b;
    b.partition = tp;
    b.records.resize(1);
    sequences.assign(b);
    batches.push_back(std::move(b));
    return batches.back();
  }
  std::vector<ProducerBatch*> in_flight(TopicPartition tp) {
    std::vector<ProducerBatch*> out;
    for (ProducerBatch& b : batches)
      if (b.partition == tp) out.push_back(&b);
    return out;
  }
  void pass() {
    sequences.begin_pass(step, [this](TopicPartition tp) { return in_flight(tp); });
  }
  void acknowledge_first() {
    sequences.completed(batches.front());
    batches.pop_front();
  }
  std::vector<std::pair<int, int>> in_order() const {  // epoch and sequence
    std::vector<std::pair<int, int>> out;
    for (const ProducerBatch& b : batches) out.emplace_back(b.producer_epoch.value, b.base_sequence.value);
    return out;
  }
  Step step;
  ProducerSequences sequences;
  std::deque<ProducerBatch> batches;
};
using Pairs = std::vector<std::pair<int, int>>;

TEST(ProducerSequences, AskForAnIdUntilThereIsOne) {
  ProducerSequences s({}, Sequence(0));
  Step step;
  EXPECT_TRUE(s.should_ask(Nanos(0)));
  s.asked();
  EXPECT_FALSE(s.should_ask(Nanos(0)));
  s.on_response(step, {Error::COORDINATOR_LOAD_IN_PROGRESS, {}, {}}, milliseconds(100));
  EXPECT_FALSE(s.should_ask(Nanos(0)));
  EXPECT_TRUE(s.should_ask(milliseconds(100)));
}

TEST(ProducerSequences, OutOfOrderIsRetriedWhileAnEarlierBatchIsNotThere) {
  Sender s;
  for (int i = 0; i < 3; ++i) s.drain();
  EXPECT_TRUE(s.sequences.can_retry(s.batches[1], kOutOfOrder));
  s.pass();
  EXPECT_EQ(s.in_order(), (Pairs{{0, 0}, {0, 1}, {0, 2}}));
  EXPECT_TRUE(s.sequences.stops_drain(s.batches[1], s.in_flight(kTp)));
  EXPECT_FALSE(s.sequences.stops_drain(s.batches[0], s.in_flight(kTp)));
}

TEST(ProducerSequences, AGapBumpsTheEpochAndWhatIsInFlightBeginsAtZero) {
  Sender s;
  for (int i = 0; i < 3; ++i) s.drain();
  s.acknowledge_first();
  EXPECT_TRUE(s.sequences.can_retry(s.batches[0], kOutOfOrder));
  s.pass();
  EXPECT_EQ(s.in_order(), (Pairs{{1, 0}, {1, 1}}));
  EXPECT_TRUE(s.batches[0].sequence_reset);
  EXPECT_EQ(s.drain().base_sequence, Sequence(2));
}

TEST(ProducerSequences, NewestFirstInTheVariant) {  // I05
  Variants variants;
  variants.set(Variant::sequence_rewrite, 1);
  Sender s(variants);
  for (int i = 0; i < 2; ++i) s.drain();
  EXPECT_TRUE(s.sequences.can_retry(s.batches[0], kOutOfOrder));
  s.pass();
  EXPECT_EQ(s.in_order(), (Pairs{{1, 1}, {1, 0}}));
}

TEST(ProducerSequences, AnotherPartitionFollowsWhenNothingOfItIsInFlight) {
  Sender s;
  s.drain(kIdle);
  s.drain(kTp);
  EXPECT_TRUE(s.sequences.can_retry(s.batches[1], kOutOfOrder));
  s.pass();
  ProducerBatch next;
  next.partition = kIdle;
  EXPECT_TRUE(s.sequences.stops_drain(next, s.in_flight(kIdle)));
  s.acknowledge_first();
  EXPECT_FALSE(s.sequences.stops_drain(next, s.in_flight(kIdle)));
  EXPECT_EQ(s.drain(kIdle).base_sequence, Sequence(0));
}

TEST(ProducerSequences, AnIdlePartitionKeepsItsSequencesInTheVariant) {  // I06
  Variants variants;
  variants.set(Variant::sequence_rewrite, 2);
  Sender s(variants);
  s.drain(kIdle);
  s.acknowledge_first();
  s.drain(kTp);
  EXPECT_TRUE(s.sequences.can_retry(s.batches[0], kOutOfOrder));
  s.pass();
  EXPECT_EQ(s.drain(kIdle).base_sequence, Sequence(1));
  EXPECT_EQ(s.batches.back().producer_epoch, ProducerEpoch(1));
}

TEST(ProducerSequences, NothingNewIsDrainedBehindABatchThatExpired) {
  Sender s;
  s.drain();
  s.sequences.failed(s.batches.front(), Error::REQUEST_TIMED_OUT, false);
  s.sequences.mark_unresolved(s.batches.front());
  ProducerBatch next;
  next.partition = kTp;
  EXPECT_TRUE(s.sequences.stops_drain(next, {}));
  s.batches.clear();
  s.pass();  // nothing is in flight, and it was never acknowledged
  EXPECT_FALSE(s.sequences.stops_drain(next, {}));
  s.drain();
  EXPECT_EQ(s.in_order(), (Pairs{{1, 0}}));
}

TEST(ProducerSequences, ALateSuccessResolvesThem) {
  Sender s;
  s.drain();
  s.drain();
  s.sequences.mark_unresolved(s.batches.front());
  s.batches.pop_front();
  s.acknowledge_first();
  s.pass();
  s.drain();
  EXPECT_EQ(s.in_order(), (Pairs{{0, 2}}));
}

TEST(ProducerSequences, AFatalErrorBumpsTheEpoch) {
  Sender s;
  s.drain();
  EXPECT_FALSE(s.sequences.can_retry(s.batches.front(), Error::INVALID_PRODUCER_EPOCH));
  s.sequences.failed(s.batches.front(), Error::INVALID_PRODUCER_EPOCH, true);
  s.batches.clear();
  s.pass();
  s.drain();
  EXPECT_EQ(s.in_order(), (Pairs{{1, 0}}));
}

TEST(ProducerSequences, BeginNearTheWrapOnce) {
  Sender s({}, Sequence(kMaxSequence));
  s.drain();
  s.drain();
  EXPECT_EQ(s.in_order(), (Pairs{{0, kMaxSequence}, {0, 0}}));
}

// A hole of Kafka's: the comparison does not know the wrap, and what comes behind it would go first.
TEST(ProducerSequences, OverTheWrapARetryIsNotInItsTurn) {
  Sender s({}, Sequence(kMaxSequence));
  s.drain();
  s.drain();
  RecordAccumulator queue;
  for (const int i : {0, 1}) queue.reenqueue(s.batches[static_cast<std::size_t>(i)]);
  EXPECT_EQ(queue.front(kTp)->base_sequence, Sequence(0));
  EXPECT_TRUE(s.sequences.can_retry(*queue.front(kTp), kOutOfOrder));
}

// Another: an answer to a batch that has expired, of the epoch before, moves the last acknowledged sequence of this
// one.
TEST(ProducerSequences, ALateSuccessOfAnOlderEpochHidesAGap) {
  Sender s;
  for (int i = 0; i < 3; ++i) s.drain();
  const ProducerBatch expired = s.batches[2];
  s.batches.pop_back();
  s.acknowledge_first();
  EXPECT_TRUE(s.sequences.can_retry(s.batches[0], kOutOfOrder));
  s.pass();
  EXPECT_EQ(s.in_order(), (Pairs{{1, 0}}));
  s.sequences.completed(expired);
  s.batches[0].sequence_reset = false;
  EXPECT_TRUE(s.sequences.can_retry(s.batches[0], kOutOfOrder));
  s.pass();
  EXPECT_EQ(s.in_order(), (Pairs{{1, 0}}));  // no bump
}

TEST(RecordAccumulator, PutsARetryWhereItsSequenceBelongs) {
  RecordAccumulator queue;
  queue.append(Nanos(0), kTp, Record(), 10);
  for (const int sequence : {2, 0, 1}) {
    ProducerBatch b;
    b.partition = kTp;
    b.records.resize(1);
    b.base_sequence = Sequence(sequence);
    queue.reenqueue(std::move(b));
  }
  for (const int sequence : {0, 1, 2, -1}) EXPECT_EQ(queue.drain(kTp)->base_sequence, Sequence(sequence));
}

}  // namespace producer_sequences_test
}  // namespace ktrial::model
