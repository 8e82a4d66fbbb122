// What group coordinators wrote to __consumer_offsets, and what of it the newest leader of the partition holds.
//
// Follows the same facts as ReplicaLogs, of which it is the part with the meaning: an offset commit or a group's
// generation is a record at a log offset of one leader epoch. When a leader is elected that does not hold it, it is
// lost, and the ledger says whether that is permitted. Verifies nothing itself; no broker compacts the topic.
// Work follows what was written; only an election looks at everything that was written to its partition.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/group/records.h"
#include "model/partition_table.h"
#include "properties/replica_logs.h"

namespace ktrial::properties {

class Ledger;

struct StoredRecord {
  std::int64_t log_offset = -1;
  model::LeaderEpoch epoch;
  NodeId coordinator;         // who appended it
  bool held = false;          // by the newest leader
  std::uint64_t gone_at = 0;  // event of the election that took it back; 0: none did
};
struct StoredCommit : StoredRecord {
  model::Offset offset;        // absent: a tombstone
  std::uint64_t answered = 0;  // event of the answer NONE; 0: not answered so
};
struct StoredGroup : StoredRecord {
  model::GenerationId generation;
  std::vector<model::MemberId> members;
};
// A record that the newest leader lacked when it was elected.
struct LostCoordinatorRecord {
  model::GroupId group;
  model::TopicPartition partition;  // of the committed offset; absent topic: a group's generation
  model::Offset offset;
  model::GenerationId generation;
  bool answered = false;
  NodeId leader;
  std::string permitted_by;  // empty: not permitted
};

class OffsetsLog {
 public:
  using Key = std::pair<model::GroupId, model::TopicPartition>;
  template <class Record>
  struct History {
    model::TopicPartition stored_in;  // the partition of __consumer_offsets
    std::vector<Record> records;      // oldest first
  };

  // Called when `logs` and `ledger` have seen the fact.
  void on_fact(const model::Fact&, const FactContext&, const ReplicaLogs& logs, const Ledger& ledger);
  const std::map<Key, History<StoredCommit>>& all_commits() const { return commits_; }
  // Null if nothing was ever written.
  const History<StoredCommit>* commits(const Key&) const;
  const History<StoredGroup>* generations(const model::GroupId&) const;
  const std::vector<LostCoordinatorRecord>& lost() const { return lost_; }

 private:
  void appended(const model::BatchAppended&, NodeId leader);
  void elected(const model::BecameLeader&, const FactContext&, const ReplicaLogs&, const Ledger&);
  void answered(const model::OffsetCommitted&, const FactContext&, const ReplicaLogs&);

  model::PartitionTable<model::LeaderEpoch> newest_;  // of those that coordinators wrote to
  std::map<Key, History<StoredCommit>> commits_;
  std::map<model::GroupId, History<StoredGroup>> groups_;
  std::vector<LostCoordinatorRecord> lost_;
};

}  // namespace ktrial::properties
