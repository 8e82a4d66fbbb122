#include "model/clients/producer_sequences.h"

namespace ktrial::model {

void ProducerSequences::on_response(Step& step, const InitProducerIdResponse& response, Nanos retry_backoff) {
  if (response.error != Error::NONE) return on_failure(step.now, retry_backoff);
  asking_ = false;
  current_ = {response.producer_id, response.producer_epoch};
  step.fact(ProducerIdAssigned{current_.id, current_.epoch});
}

void ProducerSequences::on_failure(Nanos now, Nanos retry_backoff) {
  asking_ = false;
  not_before_ = now + retry_backoff;
}

bool ProducerSequences::is_next(TopicPartition tp, Sequence sequence) const {
  const auto it = partitions_.find(tp);
  const Sequence last = it == partitions_.end() ? Sequence() : it->second.last_acked;
  return std::int64_t{sequence.value} - last.value == 1;
}

bool ProducerSequences::is_stale(TopicPartition tp) const {
  const auto it = partitions_.find(tp);
  return current_ != (it == partitions_.end() ? ProducerIdAndEpoch() : it->second.id);
}

void ProducerSequences::request_bump(TopicPartition tp) {
  bump_required_ = true;
  to_rewrite_.insert(tp);
}

void ProducerSequences::start_at_beginning(PartitionSequences& partition, std::vector<ProducerBatch*> in_flight) {
  // A producer that begins near the wrap does so once, as if it had written that much before.
  const Sequence start = partition.id.id.present() ? Sequence(0) : first_;
  // Variant sequence_rewrite [I05]: the newest batch gets the first sequence.
  if (variants_.value(Variant::sequence_rewrite) == 1) std::reverse(in_flight.begin(), in_flight.end());
  Sequence next = start;
  for (ProducerBatch* batch : in_flight) {
    batch->producer_id = current_.id;
    batch->producer_epoch = current_.epoch;
    batch->base_sequence = next;
    batch->sequence_reset = true;
    next = increment_sequence(next, static_cast<std::int32_t>(batch->records.size()));
  }
  partition.id = current_;
  partition.next = next;
  partition.last_acked = start - 1;
}

void ProducerSequences::begin_pass(Step& step, const InFlight& in_flight) {
  for (auto it = unresolved_.begin(); it != unresolved_.end();) {
    const TopicPartition tp = it->first;
    if (!in_flight(tp).empty()) {
      ++it;
      continue;
    }
    // All of it was answered: what expired was written if what came behind it was.
    if (!is_next(tp, partitions_[tp].next)) request_bump(tp);
    it = unresolved_.erase(it);
  }
  if (!bump_required_) return;
  bump_required_ = false;
  if (current_.epoch.value == std::numeric_limits<std::int16_t>::max()) {
    current_ = {};
  } else {
    ++current_.epoch;
    step.fact(ProducerEpochBumped{current_.id, current_.epoch, {to_rewrite_.begin(), to_rewrite_.end()}});
  }
  for (const TopicPartition tp : to_rewrite_) {
    start_at_beginning(partitions_[tp], in_flight(tp));
    unresolved_.erase(tp);
  }
  to_rewrite_.clear();
}

bool ProducerSequences::stops_drain(const ProducerBatch& first, const std::vector<ProducerBatch*>& in_flight) const {
  if (!has_id()) return true;
  if (!first.has_sequence()) {
    // A batch of the new epoch could be written before those of the old one.
    if (!in_flight.empty() && is_stale(first.partition)) return true;
    return unresolved_.contains(first.partition);
  }
  // A retry goes alone, and in its turn.
  return !in_flight.empty() && in_flight.front()->base_sequence != first.base_sequence;
}

// maybeUpdateProducerIdAndEpoch: the first batch of a new epoch has sequence 0.
void ProducerSequences::assign(ProducerBatch& batch) {
  PartitionSequences& partition = partitions_[batch.partition];
  if (is_stale(batch.partition)) {
    // Variant sequence_rewrite [I06]: only what was in flight when the epoch was bumped begins anew.
    if (variants_.value(Variant::sequence_rewrite) == 2 && partition.id.id.present())
      partition.id = current_;
    else
      start_at_beginning(partition, {});
  }
  batch.producer_id = current_.id;
  batch.producer_epoch = current_.epoch;
  batch.base_sequence = partition.next;
  partition.next = increment_sequence(partition.next, static_cast<std::int32_t>(batch.records.size()));
}

// handleCompletedBatch. Kafka does not ask whether the answer is of the current epoch.
void ProducerSequences::completed(const ProducerBatch& batch) {
  const auto it = partitions_.find(batch.partition);
  if (it != partitions_.end()) it->second.last_acked = std::max(it->second.last_acked, batch.last_sequence());
}

bool ProducerSequences::can_retry(const ProducerBatch& batch, Error error) {
  if (error != Error::OUT_OF_ORDER_SEQUENCE_NUMBER) return retriable(error);
  const auto unresolved = unresolved_.find(batch.partition);
  if (unresolved == unresolved_.end() && (batch.sequence_reset || !is_next(batch.partition, batch.base_sequence)))
    return true;  // one before it is not there yet
  // There is a gap in the sequences.
  if (unresolved == unresolved_.end() || unresolved->second == batch.base_sequence) request_bump(batch.partition);
  return true;
}

void ProducerSequences::failed(const ProducerBatch& batch, Error error, bool adjust) {
  if (error == Error::OUT_OF_ORDER_SEQUENCE_NUMBER || adjust) request_bump(batch.partition);
}

void ProducerSequences::mark_unresolved(const ProducerBatch& batch) {
  Sequence& next = unresolved_[batch.partition];
  next = std::max(next, batch.last_sequence() + 1);
}

}  // namespace ktrial::model
