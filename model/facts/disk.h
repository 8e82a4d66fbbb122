// Facts about a broker's disk and log directories.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/facts/fact.h"

namespace ktrial::model {

struct RecordRotted {  // by a fault, on the disk, so that its batch still has the right checksum
  TopicPartition partition;
  Offset offset;
  ValueId was;
  ValueId now;
  KTRIAL_FACT(RecordRotted, 82, partition, offset, was, now)
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, offset, offset + 1, Weight::decisive, Weight::matters);
  }
  auto tell(auto say) const {
    return say(partition, ": the record ", was, " at offset ", offset,
               " is another on the disk, and its checksum is right");
  }
};

struct BatchCorrupted {  // by a fault, on the disk: recovery or a reader may find it by its checksum
  TopicPartition partition;
  Offset base_offset;
  Offset next_offset;
  KTRIAL_FACT(BatchCorrupted, 49, partition, base_offset, next_offset)
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, base_offset, next_offset, Weight::decisive, Weight::matters);
  }
  auto tell(auto say) const { return say(partition, ": the batch at offset ", base_offset, " is broken on the disk"); }
};

struct CorruptBatchFound {  // in a fetched answer, by its checksum
  TopicPartition partition;
  Offset base_offset;
  NodeId source;
  KTRIAL_FACT(CorruptBatchFound, 50, partition, base_offset, source)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, ": the batch at offset ", base_offset, " that came from broker ", source,
               " has a wrong checksum");
  }
};

struct ReplicaOffline {  // its log directory is, and the broker goes on with its others
  TopicPartition partition;
  KTRIAL_FACT(ReplicaOffline, 60, partition)
  static constexpr Goal kGoals[] = {
      {"replica-offline", "a replica went offline with its log directory, and its broker went on"}};
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const { return say(partition, ": offline with its log directory"); }
};

struct LogDirectoryFailed {  // an I/O error: the directory goes offline, and with its only one the broker stops
  TopicPartition partition;
  const char* operation = "";
  KTRIAL_FACT(LogDirectoryFailed, 51, partition, operation)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const { return say(partition, ": ", operation, " failed, the log directory is offline"); }
};

struct DiskFacts : FactList<RecordRotted, BatchCorrupted, CorruptBatchFound, ReplicaOffline, LogDirectoryFailed> {
  static constexpr const char* kAbout = "a broker's disk and log directories";
};

}  // namespace ktrial::model
