// Facts about tiered storage (KIP-405).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/facts/fact.h"
#include "model/facts/log.h"
#include "model/remote/remote_log_segment.h"

namespace ktrial::model {

constexpr const char* name(RemoteLogSegmentState state) {
  constexpr const char* kNames[] = {"COPY_SEGMENT_STARTED", "COPY_SEGMENT_FINISHED", "DELETE_SEGMENT_STARTED",
                                    "DELETE_SEGMENT_FINISHED"};
  return kNames[static_cast<std::size_t>(state)];
}

struct SegmentSize {
  Offset base_offset;
  std::int64_t bytes = 0;
};

struct LocalSegmentDeleted {  // of a tiered log, which still starts where it did
  TopicPartition partition;
  Offset base_offset;
  Offset next_base_offset;  // the local log start
  LogStartReason reason = LogStartReason::log_start;
  Nanos largest_timestamp{0};
  Nanos wall_clock{0};  // of the broker
  Nanos retention_ms{0};
  std::int64_t bytes = 0;
  std::int64_t log_bytes = 0;  // of the local log with it
  std::int64_t retention_bytes = -1;
  Offset high_watermark;
  KTRIAL_FACT(LocalSegmentDeleted, 69, partition, base_offset, next_base_offset, reason, largest_timestamp, wall_clock,
              retention_ms, bytes, log_bytes, retention_bytes, high_watermark)
  static constexpr Goal kGoals[] = {{"local-segment-deleted", "a broker deleted a local segment of a tiered log"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, base_offset, next_base_offset, Weight::decisive, issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition, ": local segment of offsets ", base_offset, " to ", next_base_offset - 1, " deleted by ",
               words(reason));
  }
};

struct RemoteSegmentStored {  // at the remote storage: the segment's data is there
  TopicPartition partition;
  RemoteLogSegmentId segment;
  std::vector<RecordBatch> batches;
  KTRIAL_FACT(RemoteSegmentStored, 70, partition, segment, batches)
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, batches, Weight::matters, issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition, ": data of remote segment ", segment, " stored, offsets ",
               batches.empty() ? Offset() : batches.front().base_offset, " to ",
               batches.empty() ? Offset() : batches.back().last_offset());
  }
};

struct RemoteSegmentStateChanged {  // at the remote storage, which keeps the metadata too
  RemoteLogSegmentMetadata segment;
  KTRIAL_FACT(RemoteSegmentStateChanged, 71, segment)
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(segment.partition, segment.start_offset, segment.end_offset + 1, Weight::matters,
                          issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(segment.partition, ": remote segment ", segment.id, " of offsets ", segment.start_offset, " to ",
               segment.end_offset, " by broker ", segment.broker, ": ", name(segment.state));
  }
};

struct RemoteSegmentCopied {  // at the leader that copied it, and now knows that it is done
  TopicPartition partition;
  RemoteLogSegmentId segment;
  Offset start_offset;
  Offset end_offset;
  KTRIAL_FACT(RemoteSegmentCopied, 72, partition, segment, start_offset, end_offset)
  static constexpr Goal kGoals[] = {{"segment-copied", "a leader has copied a segment to the remote storage"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, start_offset, end_offset + 1, Weight::matters, issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition, ": copied offsets ", start_offset, " to ", end_offset, " as remote segment ", segment);
  }
};

struct RemoteSegmentExpired {  // at the leader, which is about to delete it
  TopicPartition partition;
  RemoteLogSegmentId segment;
  LogStartReason reason = LogStartReason::log_start;
  Offset end_offset;
  Nanos largest_timestamp{0};
  Nanos wall_clock{0};
  Nanos retention_ms{0};
  std::int64_t retention_bytes = -1;
  std::vector<SegmentSize> local_segments;  // with retention_bytes: of the leader
  KTRIAL_FACT(RemoteSegmentExpired, 73, partition, segment, reason, end_offset, largest_timestamp, wall_clock,
              retention_ms, retention_bytes, local_segments)
  static constexpr Goal kGoals[] = {{"remote-segment-expired", "a leader deleted a segment from the remote storage"}};
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::matters)); }
  auto tell(auto say) const {
    return say(partition, ": remote segment ", segment, ", which ends with offset ", end_offset,
               ", is to be deleted by ", words(reason));
  }
};

struct RemoteLogRead {  // by a broker, for a consumer
  TopicPartition partition;
  Offset fetch_offset;
  std::vector<RecordBatch> batches;
  KTRIAL_FACT(RemoteLogRead, 74, partition, fetch_offset, batches)
  static constexpr Goal kGoals[] = {{"remote-read", "a consumer was given records from the remote storage"}};
  bool reaches(std::size_t) const { return !batches.empty(); }
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, batches, Weight::matters, issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition, ": read from the remote storage at offset ", fetch_offset, " up to ",
               batches.empty() ? fetch_offset - 1 : batches.back().last_offset());
  }
};

struct RemoteStateRestored {  // at a follower that begins where the leader's local log does
  TopicPartition partition;
  Offset log_start_offset;
  Offset local_log_start_offset;
  std::vector<EpochEntry> epochs;
  KTRIAL_FACT(RemoteStateRestored, 75, partition, log_start_offset, local_log_start_offset, epochs)
  static constexpr Goal kGoals[] = {
      {"remote-state-restored", "a follower began where the leader's local log does, with the remote storage's state"}};
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, ": begins at offset ", local_log_start_offset, " with ",
               static_cast<std::int64_t>(epochs.size()), " leader epochs of the remote storage, log start offset ",
               log_start_offset);
  }
};

struct RemoteFacts : FactList<LocalSegmentDeleted, RemoteSegmentStored, RemoteSegmentStateChanged, RemoteSegmentCopied,
                              RemoteSegmentExpired, RemoteLogRead, RemoteStateRestored> {
  static constexpr const char* kAbout = "tiered storage (KIP-405)";
};

}  // namespace ktrial::model
