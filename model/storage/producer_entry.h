// What a replica knows of one idempotent producer: its epoch and the last batches that it wrote to this partition.
//
// Follows ProducerStateEntry and BatchMetadata (KIP-98): up to five batches of the newest epoch, so that a retry of any
// request that may be in flight (max.in.flight.requests.per.connection <= 5) is recognised and answered with the offset
// of the first time. Leaves out: transactions (currentTxnFirstOffset, coordinator epoch, verification).
// Sequences go from 0 to 2^31-1 and on to 0.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "model/batch.h"
#include "model/described.h"

namespace ktrial::model {

inline constexpr std::int32_t kMaxSequence = std::numeric_limits<std::int32_t>::max();
inline constexpr std::size_t kBatchesToRetain = 5;

// DefaultRecordBatch.incrementSequence, decrementSequence
constexpr Sequence increment_sequence(Sequence sequence, std::int32_t by) {
  if (sequence.value > kMaxSequence - by) return Sequence(by - (kMaxSequence - sequence.value) - 1);
  return sequence + by;
}
constexpr Sequence decrement_sequence(Sequence sequence, std::int32_t by) {
  if (sequence.value < by) return Sequence(kMaxSequence - (by - sequence.value) + 1);
  return sequence - by;
}
inline Sequence last_sequence(const RecordBatch& batch) {
  return increment_sequence(batch.base_sequence, batch.record_count - 1);
}

struct ProducerBatchMetadata {
  Sequence last_sequence;
  Offset last_offset;
  std::int32_t offset_delta = 0;
  Nanos timestamp{0};
  Sequence first_sequence() const { return decrement_sequence(last_sequence, offset_delta); }
  Offset first_offset() const { return last_offset - offset_delta; }
  constexpr auto operator<=>(const ProducerBatchMetadata&) const = default;
  KTRIAL_FIELDS(ProducerBatchMetadata, last_sequence, last_offset, offset_delta, timestamp)
  KTRIAL_WALL_TIMES(ProducerBatchMetadata, timestamp)
};

struct ProducerStateEntry {
  ProducerId producer_id;
  ProducerEpoch epoch;
  Nanos last_timestamp{0};                     // the largest of its last batch: by the producer's clock
  std::vector<ProducerBatchMetadata> batches;  // oldest first; all of `epoch`

  Sequence last_sequence() const { return batches.empty() ? Sequence() : batches.back().last_sequence; }
  Offset last_offset() const { return batches.empty() ? Offset() : batches.back().last_offset; }
  void add(const RecordBatch& batch) {
    if (batch.producer_epoch != epoch) batches.clear();
    epoch = batch.producer_epoch;
    if (batches.size() == kBatchesToRetain) batches.erase(batches.begin());
    batches.push_back({model::last_sequence(batch), batch.last_offset(), batch.record_count - 1, batch.max_timestamp});
    last_timestamp = batch.max_timestamp;
  }
  bool operator==(const ProducerStateEntry&) const = default;
  KTRIAL_FIELDS(ProducerStateEntry, producer_id, epoch, last_timestamp, batches)
  KTRIAL_WALL_TIMES(ProducerStateEntry, last_timestamp)
};

}  // namespace ktrial::model
