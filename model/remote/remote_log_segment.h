// What is known of one segment of a remote log.
//
// Follows RemoteLogSegmentMetadata and RemoteLogSegmentState (KIP-405). Leaves out: custom metadata, event timestamps.
// Always holds: a segment's data is copied between COPY_SEGMENT_STARTED and COPY_SEGMENT_FINISHED, and deleted between
// DELETE_SEGMENT_STARTED and DELETE_SEGMENT_FINISHED; only what is COPY_SEGMENT_FINISHED is read.
#pragma once

#include <cstdint>
#include <vector>

#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

using RemoteLogSegmentId = Named<struct RemoteLogSegmentIdTag>;  // Kafka's uuid

enum class RemoteLogSegmentState : std::uint8_t {
  COPY_SEGMENT_STARTED,
  COPY_SEGMENT_FINISHED,
  DELETE_SEGMENT_STARTED,
  DELETE_SEGMENT_FINISHED,
};

struct RemoteLogSegmentMetadata {
  RemoteLogSegmentId id;
  TopicPartition partition;
  Offset start_offset;
  Offset end_offset;  // of its last record
  Nanos max_timestamp{0};
  std::int64_t bytes = 0;
  NodeId broker;                   // that copied it
  std::vector<EpochEntry> epochs;  // segmentLeaderEpochs: the first one begins at start_offset
  RemoteLogSegmentState state = RemoteLogSegmentState::COPY_SEGMENT_STARTED;
  KTRIAL_FIELDS(RemoteLogSegmentMetadata, id, partition, start_offset, end_offset, max_timestamp, bytes, broker, epochs,
                state)
  KTRIAL_WALL_TIMES(RemoteLogSegmentMetadata, max_timestamp)
};

// The part of leader epochs that lies in [from, end).
std::vector<EpochEntry> epochs_in_range(const std::vector<EpochEntry>& epochs, Offset from, Offset end);

}  // namespace ktrial::model
