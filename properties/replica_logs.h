// A shadow of every replica's log, kept from facts: offset -> (epoch, value), and what each partition has committed.
//
// What retention or DeleteRecords removed is below the log's start and not held any more, and what compaction removed
// is a hole; the entries are kept, so that what was committed can still be compared. Compaction is judged here, by what
// the replica was given (compacted.h), because everything that looks for a missing record has to know whether it may be
// missing. Verifies nothing else. Truncation pops from the end, so work follows what changed, never the length of
// history.
#pragma once

#include <map>
#include <variant>
#include <vector>

#include "model/facts.h"
#include "model/partition_table.h"
#include "properties/compacted.h"
#include "properties/observation.h"

namespace ktrial::properties {

// Of a LogTruncated: the first committed record that the replica cut away, and neither it nor the newest leader ever
// removed from its front.
struct CommittedCut {
  std::int64_t offset = 0;
};
// What one fact did to its log that the log does not tell afterwards: a Replacement for each SegmentsReplaced, a
// CommittedCut for a LogTruncated that made one.
using LogChange = std::variant<std::monostate, CommittedCut, Replacement>;

class ReplicaLogs {
 public:
  LogChange on_fact(const model::Fact&, const FactContext&);
  // The first batch that a replica appended where it had said that it holds records; null: none was.
  struct Overwrite {
    NodeId broker;
    model::TopicPartition partition;
    std::int64_t offset;
  };
  const Overwrite* overwritten() const { return overwritten_.empty() ? nullptr : &overwritten_.front(); }
  // Its disk: what was in its logs is told, but nothing of a log that had nothing left.
  void on_wiped(NodeId);
  class One;
  // One replica's log, looked up once for who asks about many of its offsets. Good until the next fact.
  One log(NodeId, model::TopicPartition) const;
  // Null if the replica does not hold that offset, and where compaction has left a hole.
  const Entry* at(NodeId, model::TopicPartition, std::int64_t offset) const;
  std::int64_t end(NodeId, model::TopicPartition) const;
  std::int64_t start(NodeId, model::TopicPartition) const;  // the log start
  // As the replica said last.
  model::Offset high_watermark(NodeId, model::TopicPartition) const;
  // The log start of the newest leader.
  std::int64_t leader_start(model::TopicPartition) const;
  // The same, or what that leader once removed from its front before it lost its disk.
  std::int64_t leader_removed_to(model::TopicPartition) const;
  // Of the newest leader; kNoEpoch: nobody led yet.
  model::LeaderEpoch leader_epoch(model::TopicPartition) const;
  bool any_start() const { return any_start_; }  // of any log was ever above 0
  // What the log was expected to end at when it was loaded the last time.
  std::int64_t end_before_load(NodeId, model::TopicPartition) const;
  // What is below it, this replica once removed from its front as it was asked to, or its leader had when it began
  // with that one's log start. A stop may bring it back.
  std::int64_t removed_to(NodeId, model::TopicPartition) const;
  // Below it the leader epoch cache has forgotten the epochs: the highest log start so far.
  std::int64_t epochs_from(NodeId, model::TopicPartition) const;
  // That load ended at a batch that a fault had broken.
  bool cut_at_rot(NodeId, model::TopicPartition) const;
  // Entries with their epochs, below the start too.
  const std::vector<Entry>& entries(NodeId, model::TopicPartition) const;
  // A fault has broken the stored batch that holds this offset.
  bool corrupted(NodeId, model::TopicPartition, std::int64_t offset) const;
  std::int64_t committed_end(model::TopicPartition) const;
  // What was at a committed offset when it was committed.
  const Entry* committed(model::TopicPartition, std::int64_t offset) const;
  // Where committed records of epochs up to this one end.
  std::int64_t committed_end_of(model::TopicPartition, model::LeaderEpoch) const;
  // True if that value ever was committed there; a consumer may still be given what a later election took back.
  bool ever_committed(model::TopicPartition, std::int64_t offset, model::ValueId) const;
  // The first committed offset, from `from` on, at which the replica's log is another than what was committed; -1:
  // there is none. Looks at the offsets behind what compare() has found to be the same.
  std::int64_t first_missing(NodeId, model::TopicPartition, std::int64_t from = 0) const;
  // Notes how far the replica's log, from `from` on, is what was committed: each offset is looked at once for each
  // replica, unless its log was cut in between.
  void compare(NodeId, model::TopicPartition, std::int64_t from = 0);
  // A leader was elected without these: from here on what it says is what is committed.
  void forget_committed(model::TopicPartition, std::int64_t from);

  // -- bit rot that no checksum finds
  bool any_rot() const { return !rot_.empty(); }
  // What the fault made of a record. Whoever holds `now` at that offset is that broker, or has copied it.
  struct Rot {
    NodeId broker;
    model::ValueId was, now;
  };
  const model::PartitionTable<std::multimap<std::int64_t, Rot>>& rot() const { return rot_; }
  // The rot that made this value, at that offset; null: none did.
  const Rot* rot_of(model::TopicPartition, std::int64_t offset, model::ValueId now) const;
  // One record, of which at least one of the two has rotted.
  bool differ_by_rot(model::TopicPartition, std::int64_t offset, const Entry&, const Entry&) const;

  // -- compaction
  // Below the end of the replica's log, but not there: it was removed, or missing in what was copied.
  bool is_hole(NodeId, model::TopicPartition, std::int64_t offset) const;
  // Some replica removed that record, or what rot had made of it, and might.
  bool may_be_gone(model::TopicPartition p, std::int64_t offset, model::ValueId value) const;
  // A reader may go on from `from` to `to` without a record in between.
  bool may_be_passed(model::TopicPartition, std::int64_t from, std::int64_t to) const;
  const Compacted& compacted() const { return compacted_; }

 private:
  struct Log {
    std::vector<Entry> entries;
    std::vector<bool> holes;  // of the first entries
    CompactedReplica keys;
    std::int64_t committed_to = 0;  // the highest high watermark that it had, unless it was cut below since
    std::int64_t start = 0;
    std::int64_t high_watermark = 0;
    std::int64_t end_before_load = 0;
    std::int64_t epochs_from = 0;
    std::int64_t removed_to = 0;
    bool cut_at_rot = false;                         // by the last load
    std::map<std::int64_t, std::int64_t> corrupted;  // batches: from, to
    std::size_t agreed = 0;                          // so many entries are known to be those that were committed
  };
  struct Leader {
    model::LeaderEpoch epoch;
    NodeId node;
  };
  static void cut(Log&, model::Offset end);
  void append(model::TopicPartition, Log&, const model::RecordBatch&);
  void restore(const model::RemoteStateRestored&, Log&);
  Replacement replace(const model::SegmentsReplaced&, const FactContext&);
  LogChange truncate(const model::LogTruncated&, NodeId);
  void load(const model::LogLoaded&, NodeId);
  void advance_start(const model::LogStartAdvanced&, NodeId);
  // Where the log, from `from` on, begins to be another than what was committed.
  std::size_t agrees_until(model::TopicPartition, const Log&, const std::vector<Entry>& committed,
                           std::int64_t from) const;
  void recall_first_cleaning(model::TopicPartition, Log&, std::int64_t offset, const model::Record& tombstone,
                             const model::RecordBatch&);
  static bool hole(const Log& log, std::size_t offset) { return offset < log.holes.size() && log.holes[offset]; }
  static void set_hole(Log&, std::size_t offset, bool is);
  void commit(const model::HighWatermarkAdvanced&, NodeId leader);

  const Log* find(NodeId, model::TopicPartition) const;

  model::PartitionTable<std::map<NodeId, Log>> logs_;
  std::vector<Overwrite> overwritten_;
  bool any_start_ = false;
  model::PartitionTable<std::vector<Entry>> committed_;
  model::PartitionTable<Leader> newest_;  // of those that began to lead
  model::PartitionTable<std::multimap<std::int64_t, model::ValueId>> forgotten_;
  model::PartitionTable<std::multimap<std::int64_t, Rot>> rot_;
  Compacted compacted_;
};

class ReplicaLogs::One {
 public:
  const Entry* at(std::int64_t offset) const;
  bool corrupted(std::int64_t offset) const;

 private:
  friend class ReplicaLogs;
  explicit One(const Log* log) : log_(log) {}
  const Log* log_;  // null: the replica never had one
};

}  // namespace ktrial::properties
