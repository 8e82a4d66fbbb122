// The loss ledger (DESIGN.md idea 9): which acknowledged records were lost, and whether that loss is permitted.
//
// A record is lost when a later elected leader does not hold it at its offset; the first such leader decides.
// Permitted: the election was unclean, or that replica lost the record with unsynced data, or the record was acked with
// acks=0/1 before it was below the high watermark. Does not follow acks=0 records (they have no offset), nor retention.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "properties/replica_logs.h"

namespace ktrial::properties {

struct Acked {
  model::ValueId value;
  std::int32_t acks = -1;
  std::uint64_t event = 0;
};
struct Loss {
  model::TopicPartition partition;
  std::int64_t offset = -1;
  Acked acked;
  NodeId leader;
  model::LeaderEpoch leader_epoch;
  std::uint64_t event = 0;
  Nanos at{0};
  std::string permitted_by;  // empty: not permitted
};

// What the newest leader of a partition did not hold of what was committed.
struct Election {
  NodeId leader;
  model::LeaderEpoch epoch;
  bool unclean = false;
  std::int64_t committed_end = 0;  // before this election
  std::int64_t missing_from = -1;  // first committed offset that it lacks; -1: complete
  std::string permitted_by;        // why it may lack it; empty: it may not
};

class Ledger {
 public:
  // Called before `logs` has seen the fact. Takes back from `logs` what is no longer committed.
  void on_fact(const model::Fact&, const FactContext&, ReplicaLogs& logs);
  const std::vector<Loss>& losses() const { return losses_; }
  // The newest election; null if there was none.
  const Election* election(model::TopicPartition) const;

 private:
  using Replica = std::pair<model::TopicPartition, NodeId>;
  void elected(const model::BecameLeader&, const FactContext&, ReplicaLogs&);
  void acknowledged(const model::RecordAcknowledged&, const FactContext&, const ReplicaLogs&);
  bool lost_unsynced(model::TopicPartition, NodeId, std::int64_t offset, model::ValueId) const;
  void lose(model::TopicPartition, std::int64_t offset, const Acked&, const Election&, const FactContext&);
  std::map<model::TopicPartition, std::map<std::int64_t, Acked>> acked_;
  std::map<Replica, std::map<std::int64_t, Entry>> unsynced_;
  std::map<model::TopicPartition, std::set<model::LeaderEpoch>> unclean_;
  std::map<model::TopicPartition, Election> elections_;
  std::vector<Loss> losses_;
};

struct Shadow {
  ReplicaLogs logs;
  Ledger ledger;
};

}  // namespace ktrial::properties
