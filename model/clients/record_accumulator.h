// The producer's batches that wait to be sent, a queue per partition.
//
// Follows org.apache.kafka.clients.producer.internals.RecordAccumulator and ProducerBatch.
// Leaves out: buffer.memory, compression, splitting. As in Kafka, a batch to retry goes to the front of its queue, so
// that several failed batches of one partition come back in reverse order; with a sequence it goes where that belongs.
#pragma once

#include <boost/container/flat_set.hpp>
#include <deque>
#include <optional>
#include <vector>

#include "model/config.h"
#include "model/described.h"
#include "model/partition_table.h"
#include "model/storage/producer_entry.h"

namespace ktrial::model {

struct ProducerBatch {
  TopicPartition partition;
  std::vector<Record> records;
  std::int32_t size_in_bytes = kBatchOverheadBytes;
  Nanos created{0};
  std::int32_t attempts = 0;
  Nanos last_attempt{0};
  Nanos retry_backoff{0};    // after the last attempt
  LeaderEpoch leader_epoch;  // at the last attempt
  // Of an idempotent producer, once it was drained.
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Sequence base_sequence;
  bool sequence_reset = false;  // rewritten since it was sent the last time
  bool retried = false;         // it came back to the queue
  bool failed = false;          // the application was told; an answer may still come

  bool has_sequence() const { return base_sequence.present(); }
  Sequence last_sequence() const {
    return increment_sequence(base_sequence, static_cast<std::int32_t>(records.size()) - 1);
  }
  KTRIAL_FIELDS(ProducerBatch, partition, records, size_in_bytes, created, attempts, last_attempt, retry_backoff,
                leader_epoch, producer_id, producer_epoch, base_sequence, sequence_reset, retried, failed)
  KTRIAL_MOMENTS(ProducerBatch, created, last_attempt)
};

class RecordAccumulator {
 public:
  explicit RecordAccumulator(const ProducerConfig& config = {}) : config_(config) {}

  void append(Nanos now, TopicPartition tp, const Record& record, std::int32_t value_bytes);
  void reenqueue(ProducerBatch batch);
  const ProducerBatch* front(TopicPartition tp) const;
  // Adds those that have a sequence.
  void collect_sequenced(TopicPartition tp, std::vector<ProducerBatch*>& out);
  // When the first batch of `tp` may go out; none when there is none.
  std::optional<Nanos> ready_at(TopicPartition tp, LeaderEpoch known_leader_epoch, bool flush) const;
  bool in_backoff(Nanos now, TopicPartition tp, LeaderEpoch known_leader_epoch) const;
  std::optional<ProducerBatch> drain(TopicPartition tp);
  std::vector<ProducerBatch> expired(Nanos now);
  std::optional<Nanos> next_expiry() const;
  // Calls `f` with each partition that has batches, in order.
  template <class F>
  void for_each_partition(F f) const {
    for (const TopicPartition tp : waiting_) f(tp);
  }
  bool empty() const { return waiting_.empty(); }

  KTRIAL_FIELDS(RecordAccumulator, config_, queues_)
  KTRIAL_DERIVED(RecordAccumulator, waiting_)

 private:
  Nanos retry_at(const ProducerBatch& batch, LeaderEpoch known) const;
  ProducerBatch take_front(TopicPartition tp, std::deque<ProducerBatch>& queue);

  ProducerConfig config_;
  PartitionTable<std::deque<ProducerBatch>> queues_;    // of all partitions that ever had a batch
  boost::container::flat_set<TopicPartition> waiting_;  // those that have one
};

}  // namespace ktrial::model
