// What a voter of the metadata quorum keeps on disk: quorum-state and the log of __cluster_metadata-0.
//
// Follows FileQuorumStateStore and KafkaRaftLog (raft).
// Leaves out: snapshots, so the log starts at 0; segments and indexes.
// Always holds: batches are contiguous and whole, and epochs do not fall along the log.
#pragma once

#include <algorithm>
#include <vector>

#include "model/described.h"
#include "model/facts.h"
#include "model/metadata_records.h"
#include "model/storage/disk_file.h"

namespace ktrial::model {

struct QuorumState {
  QuorumEpoch epoch{0};
  NodeId leader;
  NodeId voted;
  KTRIAL_FIELDS(QuorumState, epoch, leader, voted)
};

// The log's own questions, over a plain list of batches (observers hold the same list in memory).
inline Offset end_offset(const std::vector<MetadataBatch>& log) {
  return log.empty() ? kFirstOffset : log.back().next_offset();
}
inline QuorumEpoch last_epoch(const std::vector<MetadataBatch>& log) {
  return log.empty() ? QuorumEpoch{} : log.back().epoch;
}
struct EpochEnd {
  QuorumEpoch epoch;  // the largest epoch in the log that is not above the one asked for; absent when there is none
  Offset end{0};
};
inline EpochEnd end_of_epoch(const std::vector<MetadataBatch>& log, QuorumEpoch epoch) {
  const auto above = std::upper_bound(log.begin(), log.end(), epoch,
                                      [](QuorumEpoch e, const MetadataBatch& b) { return e < b.epoch; });
  if (above == log.begin()) return {};
  return {std::prev(above)->epoch, std::prev(above)->next_offset()};
}
// Number of whole batches that end at or before `offset`.
inline std::size_t batches_before(const std::vector<MetadataBatch>& log, Offset offset) {
  return static_cast<std::size_t>(
      std::partition_point(log.begin(), log.end(),
                           [offset](const MetadataBatch& b) { return b.next_offset() <= offset; }) -
      log.begin());
}

struct QuorumDisk {
  AtomicFile<QuorumState> state;
  AppendFile<MetadataBatch> log;

  Offset end_offset() const { return model::end_offset(log.items()); }
  QuorumEpoch last_epoch() const { return model::last_epoch(log.items()); }
  void power_cut(const Survival& survives, std::vector<Fact>& facts);
  void wipe() { *this = QuorumDisk(); }
  KTRIAL_FIELDS(QuorumDisk, state, log)
};

}  // namespace ktrial::model
