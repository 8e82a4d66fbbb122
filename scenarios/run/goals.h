// Goals: things that must have happened for a run to have shown anything.
//
// Most are reached by one fact and stand beside it (model/facts/); those that take several are known here. At most 64.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/facts.h"
#include "model/partition_table.h"

namespace ktrial::scenarios {

const std::vector<std::string>& known_goals();         // in the order of the alphabet
std::string meaning_of_goal(const std::string& name);  // empty: no such goal

class Goals {
 public:
  void on_fact(const model::Fact& fact, model::NodeId node);
  bool reached(const std::string& goal) const;

 private:
  std::uint64_t reached_ = 0;
  model::PartitionTable<model::PartitionStateCommitted> states_;
  std::set<model::PartitionIndex> loaded_;  // partitions of __consumer_offsets that were read at least once
  std::map<model::NodeId, model::IncarnationId> running_;
  std::set<std::pair<model::TopicPartition, model::LeaderEpoch>> recovered_;  // decided, perhaps not committed
  bool loaded_again_ = false;                                                 // by the fact before this one
};

}  // namespace ktrial::scenarios
