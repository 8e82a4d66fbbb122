// A shadow of every replica's log, kept from facts: offset -> (epoch, value), and what each partition has committed.
//
// Verifies nothing. Truncation pops from the end, so work follows what changed, never the length of history.
#pragma once

#include <map>
#include <vector>

#include "model/facts.h"
#include "properties/observation.h"

namespace ktrial::properties {

struct Entry {
  model::LeaderEpoch epoch;
  model::ValueId value;
  bool operator==(const Entry&) const = default;
};

class ReplicaLogs {
 public:
  void on_fact(const model::Fact&, const FactContext&);
  // Null if the replica does not hold that offset.
  const Entry* at(NodeId, model::TopicPartition, std::int64_t offset) const;
  std::int64_t end(NodeId, model::TopicPartition) const;
  std::int64_t committed_end(model::TopicPartition) const;
  // What was at a committed offset when it was committed.
  const Entry* committed(model::TopicPartition, std::int64_t offset) const;
  // True if that value ever was committed there; a consumer may still be given what a later election took back.
  bool ever_committed(model::TopicPartition, std::int64_t offset, model::ValueId) const;
  // A leader was elected without these: from here on what it says is what is committed.
  void forget_committed(model::TopicPartition, std::int64_t from);

 private:
  std::map<std::pair<model::TopicPartition, NodeId>, std::vector<Entry>> logs_;
  std::map<model::TopicPartition, std::vector<Entry>> committed_;
  std::map<model::TopicPartition, model::LeaderEpoch> newest_;  // leader epoch that began
  std::map<model::TopicPartition, std::multimap<std::int64_t, model::ValueId>> forgotten_;
};

}  // namespace ktrial::properties
