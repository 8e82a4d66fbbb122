// A broker to the remote storage: not Kafka's protocol, but the calls of its interfaces RemoteStorageManager and
// RemoteLogMetadataManager, under their names (KIP-405).
#pragma once

#include <cstdint>
#include <vector>

#include "model/batch.h"
#include "model/errors.h"
#include "model/messages/message_list.h"
#include "model/remote/remote_log_segment.h"
#include "model/types.h"

namespace ktrial::model {

struct UpdateRemoteLogSegmentMetadataRequest {  // with COPY_SEGMENT_STARTED: addRemoteLogSegmentMetadata
  RemoteLogSegmentMetadata segment;
};
struct UpdateRemoteLogSegmentMetadataResponse {
  Error error = Error::NONE;
};
struct CopyLogSegmentDataRequest {
  TopicPartition partition;
  RemoteLogSegmentId segment;
  std::vector<RecordBatch> batches;
  std::vector<EpochEntry> leader_epochs;  // the index LEADER_EPOCH: from the log's begin to the segment's end
};
struct CopyLogSegmentDataResponse {
  Error error = Error::NONE;
};
struct DeleteLogSegmentDataRequest {
  TopicPartition partition;
  RemoteLogSegmentId segment;
};
struct DeleteLogSegmentDataResponse {
  Error error = Error::NONE;
};
struct ListRemoteLogSegmentsRequest {
  TopicPartition partition;
};
struct ListRemoteLogSegmentsResponse {
  Error error = Error::NONE;
  std::vector<RemoteLogSegmentMetadata> segments;  // those that are found by offset first
  std::vector<OffsetAndEpoch> highest_offsets;     // by leader epoch, of what ever was copied
};
// remoteLogSegmentMetadata(epoch, offset), and then fetchLogSegment or fetchIndex(LEADER_EPOCH) of what it found.
struct FetchLogSegmentRequest {
  TopicPartition partition;
  LeaderEpoch leader_epoch;  // absent (variant remote.lineage): whichever segment holds the offset
  Offset offset;
  std::int64_t max_bytes = 0;
  bool index = false;  // the leader epochs instead of the records
};
struct FetchLogSegmentResponse {
  Error error = Error::NONE;
  Offset end_offset;  // of the segment, which ends with it
  std::vector<RecordBatch> batches;
  std::vector<EpochEntry> leader_epochs;
};

using RemoteMessages =
    MessageList<Kind<50, UpdateRemoteLogSegmentMetadataRequest>, Kind<51, UpdateRemoteLogSegmentMetadataResponse>,
                Kind<52, CopyLogSegmentDataRequest>, Kind<53, CopyLogSegmentDataResponse>,
                Kind<54, DeleteLogSegmentDataRequest>, Kind<55, DeleteLogSegmentDataResponse>,
                Kind<56, ListRemoteLogSegmentsRequest>, Kind<57, ListRemoteLogSegmentsResponse>,
                Kind<58, FetchLogSegmentRequest>, Kind<59, FetchLogSegmentResponse>>;

}  // namespace ktrial::model
