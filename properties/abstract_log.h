// What a partition of Kafka is to those who use it, in one page: the specification that every run has to refine.
//
// State: one sequence of committed records. Six steps change or read it, and nothing else can happen to it:
//   append       a record is committed behind all others
//   fork         a leader that was deposed shows its consumers a record that is not in the sequence
//   lose         an election takes the records from an offset on
//   compact      a record goes for a later one of its key, or as a tombstone that was kept long enough (compacted.h).
//                Each replica does that for itself, so that the record may be read still
//   acknowledge  a producer is told where its record is
//   read         a consumer is given a record
// Each says what is wrong with it, or nothing when it is allowed. `permitted` is the loss ledger's reason why records
// may be lost there (an unclean election, an unsynced tail, a leader alone with min.insync.replicas=1); without one,
// `lose` and `fork` are not steps of Kafka. Leaves out: the deletion of a prefix, transactions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "properties/replica_logs.h"

namespace ktrial::properties {

class AbstractLog {
 public:
  std::int64_t end() const { return static_cast<std::int64_t>(records_.size()); }
  const Entry* at(std::int64_t offset) const {
    return offset >= 0 && offset < end() ? &records_[static_cast<std::size_t>(offset)] : nullptr;
  }

  std::string append(std::int64_t offset, const Entry& record) {
    if (offset > end()) return "a record is committed beyond the end";
    if (offset < end() && !at(offset)->unknown()) return "another record is committed there";
    if (offset < end())
      records_[static_cast<std::size_t>(offset)] = record;
    else
      records_.push_back(record);
    return {};
  }
  // Absent `record`: the leader that commits has a hole there.
  std::string compact(std::int64_t offset, bool may_go) {
    if (offset == end()) records_.emplace_back();
    return may_go ? "" : "compaction takes a record that has to stay";
  }
  std::string fork(std::int64_t offset, const Entry& record, const std::string& permitted) {
    if (permitted.empty()) return "a deposed leader commits a record that is not in the log";
    gone_.emplace(offset, record.value);
    return {};
  }
  std::string lose(std::int64_t from, const std::string& permitted) {
    if (permitted.empty()) return "committed records are lost";
    for (std::int64_t o = from; o < end(); ++o) gone_.emplace(o, records_[static_cast<std::size_t>(o)].value);
    if (from < end()) records_.resize(static_cast<std::size_t>(from));
    return {};
  }
  std::string acknowledge(std::int64_t offset, model::ValueId value) const {
    return held(offset, value) ? "" : "a record is acknowledged that was not committed there";
  }
  std::string read(std::int64_t offset, model::ValueId value) const {
    return held(offset, value) ? "" : "a record is read that was not committed there";
  }

 private:
  // Now, or before it was lost.
  bool held(std::int64_t offset, model::ValueId value) const {
    const Entry* record = at(offset);
    if (record && record->value == value) return true;
    const auto [first, last] = gone_.equal_range(offset);
    for (auto it = first; it != last; ++it)
      if (it->second == value) return true;
    return false;
  }

  std::vector<Entry> records_;
  std::multimap<std::int64_t, model::ValueId> gone_;
};

}  // namespace ktrial::properties
