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

class Ledger {
 public:
  void on_fact(const model::Fact&, const FactContext&, const ReplicaLogs&);
  const std::vector<Loss>& losses() const { return losses_; }
  bool unclean(model::TopicPartition p, model::LeaderEpoch e) const { return unclean_.contains({p, e}); }
  // The lowest offset that this replica lost with unsynced data and did not copy again; INT64_MAX if none.
  std::int64_t lost_from(NodeId, model::TopicPartition) const;
  // The lowest offset of the partition ever lost by permission; INT64_MAX if none.
  std::int64_t permitted_from(model::TopicPartition) const;

 private:
  void elected(const model::BecameLeader&, const FactContext&, const ReplicaLogs&);
  std::map<model::TopicPartition, std::map<std::int64_t, Acked>> acked_;
  std::map<std::pair<model::TopicPartition, NodeId>, std::pair<std::int64_t, std::int64_t>> unsynced_;
  std::set<std::pair<model::TopicPartition, model::LeaderEpoch>> unclean_;
  std::map<model::TopicPartition, std::int64_t> permitted_from_;
  std::map<model::TopicPartition, model::LeaderEpoch> last_epoch_;
  std::vector<Loss> losses_;
};

struct Shadow {
  ReplicaLogs logs;
  Ledger ledger;
};

}  // namespace ktrial::properties
