#include "properties/offsets_log.h"

#include <algorithm>

#include "properties/ledger.h"

namespace ktrial::properties {

void OffsetsLog::on_fact(const model::Fact& fact, const FactContext& c, const ReplicaLogs& logs, const Ledger& ledger) {
  if (const auto* batch = std::get_if<model::BatchAppended>(&fact)) {
    if (batch->by_leader && batch->batch.coordinator_records) appended(*batch, c.node);
  } else if (const auto* leader = std::get_if<model::BecameLeader>(&fact)) {
    elected(*leader, c, logs, ledger);
  } else if (const auto* commit = std::get_if<model::OffsetCommitted>(&fact)) {
    answered(*commit, c, logs);
  }
}

void OffsetsLog::appended(const model::BatchAppended& b, NodeId leader) {
  auto& newest = newest_[b.partition];
  newest = std::max(newest, b.batch.partition_leader_epoch);
  StoredRecord at{b.batch.base_offset.value, b.batch.partition_leader_epoch, leader,
                  b.batch.partition_leader_epoch == newest, 0};
  for (const model::CoordinatorRecord& record : *b.batch.coordinator_records) {
    if (const auto* commit = std::get_if<model::OffsetCommitRecord>(&record.value)) {
      auto& history = commits_[{commit->group, commit->partition}];
      history.stored_in = b.partition;
      history.records.push_back({at, commit->offset, 0});
    } else if (const auto* gone = std::get_if<model::OffsetTombstone>(&record.value)) {
      auto& history = commits_[{gone->group, gone->partition}];
      history.stored_in = b.partition;
      history.records.push_back({at, {}, 0});
    } else if (const auto* group = std::get_if<model::GroupMetadataRecord>(&record.value)) {
      auto& history = groups_[group->group];
      history.stored_in = b.partition;
      StoredGroup stored{at, group->generation, {}};
      for (const auto& m : group->members) stored.members.push_back(m.member);
      history.records.push_back(std::move(stored));
    }
    ++at.log_offset;
  }
}

void OffsetsLog::elected(const model::BecameLeader& b, const FactContext& c, const ReplicaLogs& logs,
                         const Ledger& ledger) {
  const auto newest = newest_.find(b.partition);
  if (newest == newest_.end() || b.leader_epoch < newest->second) return;  // never written, or a zombie's late start
  newest->second = b.leader_epoch;
  // Whether the record is lost by this election. A record may also come back: a power cut can undo a truncation.
  const auto judge = [&](StoredRecord& r) {
    const Entry entry{r.epoch, {}};
    const Entry* theirs = logs.at(c.node, b.partition, r.log_offset);
    const bool held = theirs && *theirs == entry;
    const bool lost = r.held && !held;
    r.held = held;
    if (lost) r.gone_at = c.event;
    return lost;
  };
  for (auto& [key, history] : commits_) {
    if (history.stored_in != b.partition) continue;
    for (StoredCommit& r : history.records)
      if (judge(r))
        lost_.push_back({key.first,
                         key.second,
                         r.offset,
                         {},
                         r.answered != 0,
                         c.node,
                         ledger.permits(b.partition, r.log_offset, {r.epoch, {}}, logs)});
  }
  for (auto& [group, history] : groups_) {
    if (history.stored_in != b.partition) continue;
    for (StoredGroup& r : history.records)
      if (judge(r))
        lost_.push_back({group,
                         {},
                         {},
                         r.generation,
                         false,
                         c.node,
                         ledger.permits(b.partition, r.log_offset, {r.epoch, {}}, logs)});
  }
}

// Coordinators answer in log order, so the record is behind every one that the same coordinator answered before. Of
// two records of one value (a commit that timed out, then its repeat) the newest one below the high watermark is meant.
void OffsetsLog::answered(const model::OffsetCommitted& f, const FactContext& c, const ReplicaLogs& logs) {
  const auto history = commits_.find({f.group, f.partition});
  if (history == commits_.end()) return;
  auto& records = history->second.records;
  const std::int64_t committed_end = logs.committed_end(history->second.stored_in);
  StoredCommit* meant = nullptr;
  for (auto r = records.rbegin(); r != records.rend(); ++r) {
    if (r->coordinator != c.node) continue;
    if (r->answered) break;
    if (r->offset != f.offset) continue;
    meant = &*r;
    if (r->log_offset < committed_end) break;
  }
  if (meant) meant->answered = c.event;
}

const OffsetsLog::History<StoredCommit>* OffsetsLog::commits(const Key& key) const {
  const auto it = commits_.find(key);
  return it == commits_.end() ? nullptr : &it->second;
}

const OffsetsLog::History<StoredGroup>* OffsetsLog::generations(const model::GroupId& group) const {
  const auto it = groups_.find(group);
  return it == groups_.end() ? nullptr : &it->second;
}

}  // namespace ktrial::properties
