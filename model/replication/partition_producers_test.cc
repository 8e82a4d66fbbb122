// What a leader answers to the batches of idempotent producers. Method: one Partition, leader of replicas 0 and 1.
#include <gtest/gtest.h>

#include "model/nodes_for_test.h"
#include "model/replication/partition.h"

namespace ktrial::model {
namespace partition_producers_test {

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
using testing::nodes;

struct Leader {
  Step step;
  Brokers brokers;
  Partition partition;
  Leader() {
    for (int i = 0; i < 2; ++i) brokers[NodeId(i)] = {IncarnationId(1), BrokerEpoch(10 + i), false, false};
    PartitionConfig c;
    c.self = NodeId(0);
    partition = Partition(kTp, c, LogDisk());
    partition.make_leader(step,
                          PartitionRegistration{nodes({0, 1}), nodes({0, 1}), NodeId(0), LeaderEpoch(1),
                                                PartitionEpoch(1), LeaderRecoveryState::RECOVERED},
                          brokers);
  }
  AppendResult append(std::int32_t sequence, std::int16_t epoch = 0) {
    RecordBatch b;
    b.producer_id = ProducerId(7);
    b.producer_epoch = ProducerEpoch(epoch);
    b.base_sequence = Sequence(sequence);
    b.record_count = 2;
    b.size_in_bytes = 10;
    step.facts.clear();
    return partition.append(step, b, Acks::all, brokers);
  }
  template <class F>
  std::vector<F> told() const {
    std::vector<F> all;
    for (const Fact& f : step.facts)
      if (const auto* x = std::get_if<F>(&f)) all.push_back(*x);
    return all;
  }
};

TEST(PartitionProducers, ARepeatIsAnsweredAsTheFirstTimeAndNotAppended) {
  Leader l;
  EXPECT_EQ(l.append(0).base_offset, Offset(0));
  EXPECT_EQ(l.append(2).base_offset, Offset(2));
  const AppendResult again = l.append(0);
  EXPECT_EQ(again.error, Error::NONE);
  EXPECT_EQ(again.base_offset, Offset(0));
  EXPECT_EQ(again.required_offset, Offset(2));  // it waits for the high watermark as it did
  EXPECT_EQ(l.partition.log().log_end(), Offset(4));
  EXPECT_EQ(l.told<DuplicateDetected>().size(), 1u);
  EXPECT_TRUE(l.told<BatchAppended>().empty());
}

TEST(PartitionProducers, WhatIsNotNextIsRefused) {
  Leader l;
  EXPECT_EQ(l.append(0).error, Error::NONE);
  EXPECT_EQ(l.append(4).error, Error::OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(l.told<SequenceRefused>().size(), 1u);
  EXPECT_EQ(l.append(0, 1).error, Error::NONE);
  EXPECT_EQ(l.append(2).error, Error::INVALID_PRODUCER_EPOCH);
  EXPECT_EQ(l.partition.log().log_end(), Offset(4));
}

TEST(PartitionProducers, AnUnknownProducerBeginsAnywhere) {
  Leader l;
  EXPECT_EQ(l.append(40).error, Error::NONE);
  ASSERT_EQ(l.told<UnknownProducerAccepted>().size(), 1u);
  EXPECT_EQ(l.told<UnknownProducerAccepted>()[0].base_sequence, Sequence(40));
  EXPECT_EQ(l.append(0).error, Error::OUT_OF_ORDER_SEQUENCE_NUMBER);
}

TEST(PartitionProducers, AFollowerTakesWhatTheLeaderHas) {
  Leader l;
  Step step;
  PartitionConfig c;
  c.self = NodeId(1);
  Partition follower(kTp, c, LogDisk());
  l.append(40);
  FetchResponse::Partition answer;
  answer.batches = l.partition.log().batches();
  EXPECT_TRUE(follower.copy_from_leader(step, answer, LeaderEpoch(1)));
  EXPECT_EQ(follower.log().producers().entry(ProducerId(7))->last_sequence(), Sequence(41));
}

}  // namespace partition_producers_test
}  // namespace ktrial::model
