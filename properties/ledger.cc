#include "properties/ledger.h"

#include <algorithm>

namespace ktrial::properties {

void Ledger::on_fact(const model::Fact& fact, const FactContext& c, ReplicaLogs& logs) {
  if (const auto* s = std::get_if<model::PartitionStateCommitted>(&fact)) {
    if (s->unclean) unclean_[s->partition].insert(s->leader_epoch);
  } else if (const auto* u = std::get_if<model::UnsyncedDataLost>(&fact)) {
    auto& lost = unsynced_[{u->partition, c.node}];
    for (auto o = std::max<std::int64_t>(u->from.value, 0); o < u->old_end_offset.value; ++o)
      if (const Entry* e = logs.at(c.node, u->partition, o)) lost[o] = *e;
  } else if (const auto* b = std::get_if<model::BatchAppended>(&fact)) {
    // Copied again: what this replica lacks later is no more the power cut's doing.
    const auto it = unsynced_.find({b->partition, c.node});
    if (it != unsynced_.end())
      it->second.erase(it->second.lower_bound(b->batch.base_offset.value),
                       it->second.lower_bound(b->batch.next_offset().value));
  } else if (const auto* e = std::get_if<model::BecameLeader>(&fact)) {
    elected(*e, c, logs);
  } else if (const auto* a = std::get_if<model::RecordAcknowledged>(&fact)) {
    acknowledged(*a, c, logs);
  }
}

bool Ledger::lost_unsynced(model::TopicPartition p, NodeId node, std::int64_t offset, model::ValueId value) const {
  const auto it = unsynced_.find({p, node});
  if (it == unsynced_.end()) return false;
  const auto entry = it->second.find(offset);
  return entry != it->second.end() && entry->second.value == value;
}

void Ledger::elected(const model::BecameLeader& b, const FactContext& c, ReplicaLogs& logs) {
  const auto before = elections_.find(b.partition);
  if (before != elections_.end() && b.leader_epoch < before->second.epoch) return;  // a zombie's late start
  Election e{c.node, b.leader_epoch, false, logs.committed_end(b.partition), -1, {}};
  // An unclean leader that died before it started still decided for its successors.
  const auto& unclean = unclean_[b.partition];
  const auto first = before == elections_.end() ? unclean.begin() : unclean.upper_bound(before->second.epoch);
  e.unclean = (first != unclean.end() && *first <= b.leader_epoch) || unclean.contains(b.leader_epoch);
  for (std::int64_t o = 0; o < e.committed_end; ++o) {
    const Entry* mine = logs.at(c.node, b.partition, o);
    const Entry* theirs = logs.committed(b.partition, o);
    if (mine && *mine == *theirs) continue;
    e.missing_from = o;
    if (e.unclean)
      e.permitted_by = "unclean.leader.election.enable: the leader was not in the ISR";
    else if (lost_unsynced(b.partition, c.node, o, theirs->value))
      e.permitted_by = "flush.messages: the elected replica lost unsynced data in a power cut";
    break;
  }
  elections_[b.partition] = e;
  auto& acked = acked_[b.partition];
  for (auto it = acked.begin(); it != acked.end();) {
    const Entry* mine = logs.at(c.node, b.partition, it->first);
    if (mine && mine->value == it->second.value) {
      ++it;
      continue;
    }
    lose(b.partition, it->first, it->second, e, c);
    it = acked.erase(it);
  }
  if (e.missing_from >= 0) logs.forget_committed(b.partition, e.missing_from);
}

void Ledger::acknowledged(const model::RecordAcknowledged& a, const FactContext& c, const ReplicaLogs& logs) {
  if (!a.base_offset.present()) return;
  const Election* e = election(a.partition);
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const auto offset = a.base_offset.value + static_cast<std::int64_t>(i);
    const Acked acked{a.values[i], a.acks, c.event};
    const Entry* held = e ? logs.at(e->leader, a.partition, offset) : nullptr;
    // The answer was slower than the election that lost the record.
    if (e && !(held && held->value == acked.value))
      lose(a.partition, offset, acked, *e, c);
    else
      acked_[a.partition][offset] = acked;
  }
}

void Ledger::lose(model::TopicPartition p, std::int64_t offset, const Acked& acked, const Election& e,
                  const FactContext& c) {
  Loss loss{p, offset, acked, e.leader, e.epoch, c.event, c.at, {}};
  if (e.unclean)
    loss.permitted_by = "unclean.leader.election.enable: the leader was not in the ISR";
  else if (lost_unsynced(p, e.leader, offset, acked.value))
    loss.permitted_by =
        "flush.messages: the elected replica lost this unsynced record in a power cut; min.insync.replicas "
        "does not help when all in-sync replicas lost power";
  else if ((acked.acks == 0 || acked.acks == 1) && offset >= e.committed_end)
    loss.permitted_by = "acks=1: the leader answered before any follower had the record";
  losses_.push_back(loss);
}

const Election* Ledger::election(model::TopicPartition p) const {
  const auto it = elections_.find(p);
  return it == elections_.end() ? nullptr : &it->second;
}

}  // namespace ktrial::properties
