// Facts about a replica's log.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/errors.h"
#include "model/facts/fact.h"

namespace ktrial::model {

enum class LossCause : std::uint8_t { power_cut, disk_lost, failed_fsync };
constexpr const char* name(LossCause cause) {
  constexpr const char* kNames[] = {"power-cut", "disk-lost", "failed-fsync"};
  return kNames[static_cast<std::size_t>(cause)];
}

enum class LogStartReason : std::uint8_t {
  retention_ms,
  retention_bytes,
  log_start,   // a segment below the log start
  client,      // DeleteRecords
  leader,      // a follower took the leader's over
  truncation,  // the whole log was cut, and starts where the leader's does
  remote,      // where the remote log starts: retention there, or what a new leader found
};
constexpr const char* name(LogStartReason reason) {
  constexpr const char* kNames[] = {"retention.ms", "retention.bytes", "log-start", "DeleteRecords",
                                    "leader",       "truncation",      "remote"};
  return kNames[static_cast<std::size_t>(reason)];
}
constexpr const char* words(LogStartReason reason) {
  constexpr const char* kWords[] = {"retention.ms",           "retention.bytes", "the log start", "DeleteRecords",
                                    "the leader's log start", "a truncation",    "the remote log"};
  return kWords[static_cast<std::size_t>(reason)];
}

enum class ReplacedBy : std::uint8_t {
  cleaning,
  power_cut,  // it took the swap back
  recovery,   // of an interrupted swap
};
constexpr const char* name(ReplacedBy by) {
  constexpr const char* kNames[] = {"cleaning", "power-cut", "recovery"};
  return kNames[static_cast<std::size_t>(by)];
}
constexpr const char* words(ReplacedBy by) {
  constexpr const char* kWords[] = {"compaction", "a power cut that undid a swap",
                                    "the recovery of an interrupted swap"};
  return kWords[static_cast<std::size_t>(by)];
}

struct BatchAppended {  // leader append or follower copy; `by_leader` tells which
  TopicPartition partition;
  RecordBatch batch;
  bool by_leader = false;
  KTRIAL_FACT(BatchAppended, 0, partition, batch, by_leader)
  Weight weight(const AtIssue& issue) const {
    return issue.of_record(partition, batch.base_offset, batch.record_count,
                           by_leader ? Weight::decisive : Weight::matters);
  }
  auto tell(auto say) const {
    return say(partition, ": ", by_leader ? "leader appended" : "follower copied", " offsets ", batch.base_offset,
               " to ", batch.last_offset(), " of leader epoch ", batch.partition_leader_epoch);
  }
};

struct LogTruncated {
  TopicPartition partition;
  Offset end_offset;  // the log now ends here
  Offset old_end_offset;
  KTRIAL_FACT(LogTruncated, 1, partition, end_offset, old_end_offset)
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr Goal kGoals[] = {{"log-truncated", "a replica cut the end of its log off"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of(partition, issue.offset >= end_offset.value ? Weight::decisive : Weight::context);
  }
  auto tell(auto say) const {
    return say(partition, ": log truncated to offset ", end_offset, " (log end offset was ", old_end_offset, ")");
  }
};

struct LogLoaded {  // at start, after recovery
  TopicPartition partition;
  Offset log_start_offset;
  Offset end_offset;
  Offset high_watermark;
  bool clean = false;   // trusted as it was
  Offset first_broken;  // of the first broken batch that it holds; absent: none
  std::vector<EpochEntry> epochs;
  KTRIAL_FACT(LogLoaded, 2, partition, log_start_offset, end_offset, high_watermark, clean, first_broken, epochs)
  Weight weight(const AtIssue& issue) const {
    return issue.of(partition, issue.judged || first_broken.present() ? Weight::matters : Weight::none);
  }
  auto tell(auto say) const {
    return say(partition, ": log loaded, log start offset ", log_start_offset, ", log end offset ", end_offset,
               ", high watermark ", high_watermark, clean ? "" : ", recovered");
  }
};

struct UnsyncedDataLost {  // a power cut took [from, old end) of this replica's log (a lost disk: from 0)
  TopicPartition partition;
  Offset from;
  Offset old_end_offset;
  LossCause cause = LossCause::power_cut;
  KTRIAL_FACT(UnsyncedDataLost, 3, partition, from, old_end_offset, cause)
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr Goal kGoals[] = {{"unsynced-data-lost", "a power cut took unflushed records"}};
  Weight weight(const AtIssue& issue) const {
    if (issue.quorum) return partition == kClusterMetadata ? Weight::decisive : Weight::none;
    return issue.of(partition, issue.offset >= from.value ? Weight::decisive : Weight::context);
  }
  auto tell(auto say) const {
    return say(partition, ": ", cause == LossCause::disk_lost ? "" : "unflushed ", "data lost from offset ", from,
               " (log end offset was ", old_end_offset, ")");
  }
};

struct TruncationUndone {  // a power cut brought back what a truncation had taken and no flush had made final
  TopicPartition partition;
  Offset from;
  std::vector<RecordBatch> batches;
  KTRIAL_FACT(TruncationUndone, 38, partition, from, batches)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, ": truncation to offset ", from, " undone, log end offset is ",
               batches.empty() ? from : batches.back().next_offset(), " again");
  }
};

struct LogStartAdvanced {  // it also goes back, when a log is truncated below it
  TopicPartition partition;
  Offset log_start_offset;
  Offset old_log_start_offset;
  Offset high_watermark;
  LogStartReason reason = LogStartReason::client;
  KTRIAL_FACT(LogStartAdvanced, 44, partition, log_start_offset, old_log_start_offset, high_watermark, reason)
  Weight weight(const AtIssue& issue) const {
    return issue.of(partition, issue.offset >= old_log_start_offset.value && issue.offset < log_start_offset.value
                                   ? Weight::decisive
                                   : issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition, ": log start offset ", old_log_start_offset, " -> ", log_start_offset, " by ", words(reason));
  }
};

struct LogStartCheckpointed {  // its line in log-start-offset-checkpoint is another
  TopicPartition partition;
  Offset log_start_offset;  // absent: it starts with its first segment
  KTRIAL_FACT(LogStartCheckpointed, 45, partition, log_start_offset)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::context)); }
  auto tell(auto say) const { return say(partition, ": log start offset ", log_start_offset, " checkpointed"); }
};

struct SegmentRolled {
  TopicPartition partition;
  Offset base_offset;
  KTRIAL_FACT(SegmentRolled, 46, partition, base_offset)
  static constexpr Goal kGoals[] = {{"segment-rolled", "a log went on in a new segment"}};
  Weight weight(const AtIssue& issue) const { return issue.of_record(partition, base_offset, 1, Weight::context); }
  auto tell(auto say) const { return say(partition, ": rolled a segment at offset ", base_offset); }
};

struct SegmentDeleted {
  TopicPartition partition;
  Offset base_offset;
  Offset next_base_offset;
  LogStartReason reason = LogStartReason::log_start;
  Nanos largest_timestamp{0};
  Nanos wall_clock{0};  // of the broker
  Nanos retention_ms{0};
  std::int64_t bytes = 0;
  std::int64_t log_bytes = 0;  // with it
  std::int64_t retention_bytes = -1;
  Offset high_watermark;
  KTRIAL_FACT(SegmentDeleted, 47, partition, base_offset, next_base_offset, reason, largest_timestamp, wall_clock,
              retention_ms, bytes, log_bytes, retention_bytes, high_watermark)
  static constexpr Goal kGoals[] = {{"segment-deleted", "a broker deleted the oldest segment of a log"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, base_offset, next_base_offset, Weight::decisive, issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition, ": segment of offsets ", base_offset, " to ", next_base_offset - 1, " deleted by ",
               words(reason));
  }
};

struct SegmentsReplaced {  // from `base_offset` to before `end_offset` the log now holds these batches
  TopicPartition partition;
  Offset base_offset;
  Offset end_offset;
  std::vector<RecordBatch> batches;
  ReplacedBy by = ReplacedBy::cleaning;
  Nanos wall_clock{0};  // of the broker when the cleaning began
  Nanos delete_retention{0};
  KTRIAL_FACT(SegmentsReplaced, 58, partition, base_offset, end_offset, batches, by, wall_clock, delete_retention)
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, base_offset, end_offset, Weight::decisive, issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    std::int64_t records = 0;
    for (const RecordBatch& batch : batches)
      if (batch.records)
        records += std::count_if(batch.records->begin(), batch.records->end(),
                                 [](const Record& r) { return r.state != RecordState::compacted; });
    return say(partition, ": offsets ", base_offset, " to ", end_offset - 1, " replaced by ", words(by), ", ", records,
               " records are left");
  }
};

struct LogCleaned {  // and cleaner-offset-checkpoint says so
  TopicPartition partition;
  Offset first_dirty_offset;
  Offset end_offset;
  KTRIAL_FACT(LogCleaned, 59, partition, first_dirty_offset, end_offset)
  static constexpr Goal kGoals[] = {{"log-cleaned", "the log cleaner has cleaned a log"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, first_dirty_offset, end_offset, Weight::matters, issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition, ": log cleaned, dirty from offset ", first_dirty_offset, " to ", end_offset - 1);
  }
};

struct RecordsDeleted {  // DeleteRecords is answered
  TopicPartition partition;
  Offset before;
  Offset low_watermark;
  Error error = Error::NONE;
  KTRIAL_FACT(RecordsDeleted, 48, partition, before, low_watermark, error)
  static constexpr Goal kGoals[] = {{"records-deleted", "DeleteRecords was answered without an error"}};
  bool reaches(std::size_t) const { return error == Error::NONE; }
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, kFirstOffset, before, Weight::decisive, issue.if_judged(Weight::matters));
  }
  auto tell(auto say) const {
    return say(partition, ": DeleteRecords before offset ", before, " answered with ", error, ", low watermark ",
               low_watermark);
  }
};

struct LogFacts
    : FactList<BatchAppended, LogTruncated, LogLoaded, UnsyncedDataLost, TruncationUndone, LogStartAdvanced,
               LogStartCheckpointed, SegmentRolled, SegmentDeleted, SegmentsReplaced, LogCleaned, RecordsDeleted> {
  static constexpr const char* kAbout = "a replica's log";
};

}  // namespace ktrial::model
