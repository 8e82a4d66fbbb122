// A record batch (message format v2) as the log, the wire and the disk hold it.
//
// Follows org.apache.kafka.common.record.DefaultRecordBatch: base offset and partition leader epoch are stamped by
// the leader and are outside the checksum; producer id, epoch and base sequence are inside.
// Leaves out: compression, headers and the bytes themselves; a value is the number that the workload gave it, unique
// in a run, and a key is a number into the run's table of key texts. `size_in_bytes` is what the real encoding takes.
// A batch that compaction has taken records from keeps its base and last offset (lastOffsetDelta), so that record i is
// at base_offset + i in every batch; what is gone stands there as `compacted` and takes no bytes.
// Always holds: last_offset() - base_offset + 1 == record_count == records->size().
#pragma once

#include <memory>
#include <vector>

#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

using KeyId = Named<struct KeyIdTag, std::int32_t>;  // absent: a null key
using ValueId = Named<struct ValueIdTag>;            // absent: a null value

// Older than any timestamp that a node may read from its clock.
inline constexpr Nanos kNoTimestamp = Nanos::min();

// What bit rot makes of a value without touching the checksum, on the disk of that broker: one that nobody wrote.
inline constexpr std::int64_t kRotten = std::int64_t{1} << 62;
constexpr bool is_rotten(ValueId value) { return value.present() && (value.value & kRotten) != 0; }
constexpr ValueId rotten(ValueId value, NodeId broker) {
  return ValueId(value.value | kRotten | (std::int64_t{broker.value} << 30));
}

// A tombstone has a null value; its ValueId only tells it from other records.
enum class RecordState : std::uint8_t { value, tombstone, compacted };

struct Record {
  KeyId key;
  RecordState state = RecordState::value;
  ValueId value;
  Nanos timestamp{0};  // CreateTime, by the producer's wall clock
  constexpr auto operator<=>(const Record&) const = default;
  KTRIAL_FIELDS(Record, key, state, value, timestamp)
  KTRIAL_WALL_TIMES(Record, timestamp)
};

// An offset commit or a group's metadata, as the records of __consumer_offsets hold them; see group/records.h.
struct CoordinatorRecord;

enum class Checksum : std::uint8_t { valid, broken };

struct RecordBatch {
  Offset base_offset;
  LeaderEpoch partition_leader_epoch;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Sequence base_sequence;
  std::int32_t record_count = 0;
  std::int32_t size_in_bytes = 0;
  Checksum checksum = Checksum::valid;
  Nanos max_timestamp{0};
  // When its tombstones may go, by the clock of the broker that cleaned it first (KIP-534); absent: not cleaned yet.
  Nanos delete_horizon = kNoTimestamp;
  // Content is immutable once made, so copies of a batch on several replicas (and in copies of a world) share it.
  std::shared_ptr<const std::vector<Record>> records;
  // Set instead of `records` on __consumer_offsets.
  std::shared_ptr<const std::vector<CoordinatorRecord>> coordinator_records;

  Offset last_offset() const { return base_offset + (record_count - 1); }
  Offset next_offset() const { return base_offset + record_count; }
  KTRIAL_FIELDS(RecordBatch, base_offset, partition_leader_epoch, producer_id, producer_epoch, base_sequence,
                record_count, size_in_bytes, checksum, max_timestamp, delete_horizon, records, coordinator_records)
  KTRIAL_WALL_TIMES(RecordBatch, max_timestamp, delete_horizon)
};

// Overhead of an encoded batch and of one record in it, from the v2 format with small deltas.
inline constexpr std::int32_t kBatchOverheadBytes = 61;
inline constexpr std::int32_t kRecordOverheadBytes = 7;

}  // namespace ktrial::model
