// The producer id, epoch and sequences of an idempotent producer.
//
// Follows the part of producer.internals.TransactionManager that needs no transaction (KIP-98, KIP-360), with
// TxnPartitionMap. A batch gets its sequence when it is drained for the first time and keeps it through its retries,
// until the epoch is bumped: then what is in flight to the partitions that asked for it begins again with sequence 0,
// whether or not a broker has it already. The other partitions follow when nothing of theirs is in flight any more.
// In flight is what was drained and is not answered for good, on its way or in the queue again. Leaves out: answers
// with UNKNOWN_PRODUCER_ID, which no broker has given since KIP-360.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <functional>
#include <vector>

#include "model/clients/record_accumulator.h"
#include "model/described.h"
#include "model/step.h"

namespace ktrial::model {

struct ProducerIdAndEpoch {
  ProducerId id;
  ProducerEpoch epoch;
  bool operator==(const ProducerIdAndEpoch&) const = default;
  KTRIAL_FIELDS(ProducerIdAndEpoch, id, epoch)
};

class ProducerSequences {
 public:
  // What is in flight to a partition, by producer id, epoch and sequence. Asked within a call, never kept.
  using InFlight = std::function<std::vector<ProducerBatch*>(TopicPartition)>;

  ProducerSequences(Variants variants, Sequence first) : variants_(variants), first_(first) {}

  // -- the producer id
  // Batches wait for it, and so does their expiry: the sender does nothing else meanwhile.
  bool has_id() const { return current_.id.present(); }
  bool should_ask(Nanos now) const { return !has_id() && !asking_ && not_before_ <= now; }
  void asked() { asking_ = true; }
  void on_response(Step& step, const InitProducerIdResponse& response, Nanos retry_backoff);
  void on_failure(Nanos now, Nanos retry_backoff);
  Nanos next_ask() const { return not_before_; }

  // -- at the start of each pass of the sender: maybeResolveSequences, bumpIdempotentEpochAndResetIdIfNeeded
  void begin_pass(Step& step, const InFlight& in_flight);

  // -- draining
  // shouldStopDrainBatchesForPartition, for the first batch of the partition's queue.
  bool stops_drain(const ProducerBatch& first, const std::vector<ProducerBatch*>& in_flight) const;
  void assign(ProducerBatch& batch);

  // -- answers
  void completed(const ProducerBatch& batch);
  bool can_retry(const ProducerBatch& batch, Error error);
  // `adjust`: it is known not to have been appended, as it had retries left.
  void failed(const ProducerBatch& batch, Error error, bool adjust);
  // One that expired after a retry: nothing new is drained until the rest is answered.
  void mark_unresolved(const ProducerBatch& batch);

  KTRIAL_FIELDS(ProducerSequences, variants_, first_, current_, asking_, not_before_, bump_required_, partitions_,
                to_rewrite_, unresolved_)
  KTRIAL_DEADLINES(ProducerSequences, not_before_)

 private:
  struct PartitionSequences {  // TxnPartitionEntry
    ProducerIdAndEpoch id;
    Sequence next{0};
    Sequence last_acked;
    KTRIAL_FIELDS(PartitionSequences, id, next, last_acked)
  };
  bool is_next(TopicPartition tp, Sequence sequence) const;
  bool is_stale(TopicPartition tp) const;
  void start_at_beginning(PartitionSequences& partition, std::vector<ProducerBatch*> in_flight);
  void request_bump(TopicPartition tp);

  Variants variants_;
  Sequence first_;  // of each partition; 0 but for a run that begins near the wrap
  ProducerIdAndEpoch current_;
  bool asking_ = false;
  Nanos not_before_{0};
  bool bump_required_ = false;
  boost::container::flat_map<TopicPartition, PartitionSequences> partitions_;
  boost::container::flat_set<TopicPartition> to_rewrite_;
  boost::container::flat_map<TopicPartition, Sequence> unresolved_;  // the sequence behind what has expired
};

}  // namespace ktrial::model
