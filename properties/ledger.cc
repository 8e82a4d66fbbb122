#include "properties/ledger.h"

#include <algorithm>

namespace ktrial::properties {
namespace {

constexpr const char* kUnclean = "unclean.leader.election.enable: the leader was not in the ISR";
constexpr const char* kLastKnown =
    "flush.messages: the ISR and the eligible leader replicas were empty, for all of them stopped uncleanly, and the "
    "last known leader was elected";
constexpr const char* kRecovered =
    "unclean.recovery.strategy: neither the ISR nor the eligible leader replicas had a leader, and unclean recovery "
    "elected this one";
constexpr const char* kUnsynced =
    "flush.messages: the elected replica lost this unsynced record in a power cut; min.insync.replicas does not help "
    "when all in-sync replicas lost power";
constexpr const char* kDiskLost = "the elected replica lost this record with its disk (wipe, restore-disk)";
constexpr const char* kFailedFsync =
    "flush.messages: the elected replica lost this unsynced record when an fsync failed and its dirty pages were "
    "dropped";
constexpr const char* kRotten = "the elected replica's recovery cut its log at a batch that bit rot had broken";
constexpr const char* kRottenUnseen =
    "corrupted undetected: bit rot made another record of this one, and its checksum is right";
constexpr const char* kDropped =
    "the leader dropped its proposal to add this replica to the ISR when older metadata came, and the controller "
    "committed it: a hole of Kafka's";
constexpr const char* kAcksOne = "acks=1: the leader answered before any follower had the record";

}  // namespace

void Ledger::on_fact(const model::Fact& fact, const FactContext& c, ReplicaLogs& logs) {
  if (const auto* s = std::get_if<model::PartitionStateCommitted>(&fact)) {
    using enum UncleanElection;
    if (s->unclean)
      unclean_[s->partition].emplace(s->leader_epoch, s->last_known_leader ? last_known_leader
                                                      : recovered_.contains({s->partition, s->leader_epoch})
                                                          ? recovery
                                                          : any_replica);
  } else if (const auto* r = std::get_if<model::UncleanRecoveryElected>(&fact)) {
    recovered_.insert({r->partition, r->leader_epoch});
  } else if (const auto* u = std::get_if<model::UnsyncedDataLost>(&fact)) {
    using enum model::LossCause;
    lost(u->partition, u->from.value, u->old_end_offset.value,
         u->cause == power_cut   ? kUnsynced
         : u->cause == disk_lost ? kDiskLost
                                 : kFailedFsync,
         c, logs);
  } else if (const auto* l = std::get_if<model::LogLoaded>(&fact)) {
    if (logs.corrupted(c.node, l->partition, l->end_offset.value))
      lost(l->partition, l->end_offset.value, logs.end(c.node, l->partition), kRotten, c, logs);
  } else if (const auto* b = std::get_if<model::BatchAppended>(&fact)) {
    appended(*b, c);
  } else if (const auto* t = std::get_if<model::RemoteStateRestored>(&fact)) {
    if (const auto it = unsynced_.find({t->partition, c.node}); it != unsynced_.end())
      it->second.erase(it->second.begin(), it->second.lower_bound(t->local_log_start_offset.value));
  } else if (const auto* e = std::get_if<model::BecameLeader>(&fact)) {
    elected(*e, c, logs);
  } else if (const auto* d = std::get_if<model::IsrExpansionDropped>(&fact)) {
    for (const NodeId replica : d->added) added_behind_the_leader_.insert({d->partition, replica, d->leader_epoch});
  } else if (const auto* h = std::get_if<model::HighWatermarkAdvanced>(&fact)) {
    committed(*h, c, logs);
  } else if (const auto* a = std::get_if<model::RecordAcknowledged>(&fact)) {
    acknowledged(*a, c, logs);
  }
}

void Ledger::lost(model::TopicPartition p, std::int64_t from, std::int64_t to, const char* why, const FactContext& c,
                  const ReplicaLogs& logs) {
  auto& gone = unsynced_[{p, c.node}];
  for (auto o = std::max<std::int64_t>(from, 0); o < to; ++o) {
    // A hole goes too: what was committed there is not to be missed on this replica.
    const Entry* e = logs.is_hole(c.node, p, o) ? logs.committed(p, o) : logs.at(c.node, p, o);
    if (e) gone.emplace(o, Unsynced{*e, c.event, why});
  }
}

void Ledger::appended(const model::BatchAppended& b, const FactContext& c) {
  // Copied again: what this replica lacks later is no more the power cut's doing.
  if (!unsynced_.empty())
    if (const auto it = unsynced_.find({b.partition, c.node}); it != unsynced_.end())
      it->second.erase(it->second.lower_bound(b.batch.base_offset.value),
                       it->second.lower_bound(b.batch.next_offset().value));
  if (!b.by_leader || !b.batch.records) return;
  Appended& mine = appended_[b.partition][b.batch.partition_leader_epoch];
  if (mine.values.empty()) mine.start = b.batch.base_offset.value;
  mine.values.resize(static_cast<std::size_t>(std::max<std::int64_t>(b.batch.base_offset.value - mine.start, 0)));
  for (const model::Record& record : *b.batch.records) mine.values.push_back(record.value);
}

model::LeaderEpoch Ledger::epoch_of(model::TopicPartition p, std::int64_t offset, model::ValueId value) const {
  const auto epochs = appended_.find(p);
  if (epochs == appended_.end()) return model::kNoEpoch;
  for (auto it = epochs->second.rbegin(); it != epochs->second.rend(); ++it) {
    const auto i = static_cast<std::size_t>(offset - it->second.start);
    if (offset >= it->second.start && i < it->second.values.size() && it->second.values[i] == value) return it->first;
  }
  return model::kNoEpoch;
}

void Ledger::committed(const model::HighWatermarkAdvanced& h, const FactContext& c, const ReplicaLogs& logs) {
  if (!h.is_leader) return;
  for (auto o = std::max<std::int64_t>(h.old_high_watermark.value, 0); o < h.high_watermark.value; ++o)
    if (const Entry* e = logs.at(c.node, h.partition, o); e && e->epoch < h.leader_epoch) {
      Recommitted& r = recommitted_[h.partition][o];
      if (r.record != *e || r.epoch < h.leader_epoch) r = {*e, h.leader_epoch};
    }
}

bool Ledger::added_behind_the_leader(model::TopicPartition p, NodeId replica, model::LeaderEpoch epoch) const {
  return added_behind_the_leader_.contains({p, replica, epoch});
}

template <class Is>
const Ledger::Unsynced* Ledger::find_lost(model::TopicPartition p, NodeId replica, std::int64_t offset, Is is) const {
  const auto lost = unsynced_.find({p, replica});
  if (lost == unsynced_.end()) return nullptr;
  const auto [first, last] = lost->second.equal_range(offset);
  const auto at = std::find_if(first, last, [&](const auto& gone) { return is(gone.second); });
  return at == last ? nullptr : &at->second;
}

bool Ledger::has_lost(model::TopicPartition p, NodeId replica, std::int64_t offset, const Entry& record) const {
  return find_lost(p, replica, offset, [&](const Unsynced& gone) { return gone.record == record; }) != nullptr;
}

bool Ledger::lacked(const Election& e, model::TopicPartition p, std::int64_t offset, const Entry& record,
                    const ReplicaLogs& logs) const {
  if (offset < e.log_start) return false;
  if (offset >= e.tail_from) {
    const auto i = static_cast<std::size_t>(offset - e.tail_from);
    if (i < e.tail.size() && e.tail[i].unknown() && logs.may_be_gone(p, offset, record.value)) return false;
    return i >= e.tail.size() || e.tail[i] != record;
  }
  const Entry* mine = held(e, p, offset, logs);
  return !mine || *mine != record;
}

const Entry* Ledger::held(const Election& e, model::TopicPartition p, std::int64_t offset,
                          const ReplicaLogs& logs) const {
  if (offset >= e.tail_from) {
    const auto i = static_cast<std::size_t>(offset - e.tail_from);
    return i < e.tail.size() ? &e.tail[i] : nullptr;
  }
  const auto rotten = e.rotten.find(offset);
  return rotten != e.rotten.end() ? &rotten->second : logs.committed(p, offset);
}

const Election* Ledger::first_lacking(model::TopicPartition p, std::int64_t offset, const Entry& record,
                                      const ReplicaLogs& logs) const {
  const auto elections = elections_.find(p);
  if (elections == elections_.end()) return nullptr;
  model::LeaderEpoch since = record.epoch;
  if (const auto known = recommitted_.find(p); known != recommitted_.end())
    if (const auto at = known->second.find(offset); at != known->second.end() && at->second.record == record)
      since = std::max(since, at->second.epoch);
  auto e = std::upper_bound(elections->second.begin(), elections->second.end(), since,
                            [](model::LeaderEpoch epoch, const Election& x) { return epoch < x.epoch; });
  e = std::find_if(e, elections->second.end(),
                   [&](const Election& election) { return lacked(election, p, offset, record, logs); });
  return e == elections->second.end() ? nullptr : &*e;
}

std::string Ledger::excuse(const Election& e, model::TopicPartition p, std::int64_t offset, const Entry& record,
                           const ReplicaLogs& logs) const {
  if (const Entry* mine = logs.any_rot() ? held(e, p, offset, logs) : nullptr)
    if (logs.differ_by_rot(p, offset, *mine, record)) return kRottenUnseen;
  if (e.unclean) {
    static constexpr const char* kWhy[] = {kUnclean, kLastKnown, kRecovered};
    return kWhy[static_cast<std::size_t>(e.how)];
  }
  if (added_behind_the_leader(p, e.leader, record.epoch)) return kDropped;
  if (eligible_leader_replicas_) return {};
  // What went with the disk may have rotted there before.
  const Unsynced* took = find_lost(p, e.leader, offset, [&](const Unsynced& gone) {
    return gone.event < e.event && (gone.record == record || logs.differ_by_rot(p, offset, gone.record, record));
  });
  return took != nullptr ? took->why : "";
}

std::string Ledger::permits(model::TopicPartition p, std::int64_t offset, const Entry& record,
                            const ReplicaLogs& logs) const {
  const Election* e = first_lacking(p, offset, record, logs);
  return e ? excuse(*e, p, offset, record, logs) : "";
}

void Ledger::elected(const model::BecameLeader& b, const FactContext& c, ReplicaLogs& logs) {
  auto& elections = elections_[b.partition];
  if (!elections.empty() && b.leader_epoch < elections.back().epoch) return;  // a zombie's late start
  Election e{c.node,
             b.leader_epoch,
             c.event,
             false,
             UncleanElection::any_replica,
             logs.committed_end(b.partition),
             std::max(logs.start(c.node, b.partition), logs.removed_to(c.node, b.partition)),
             -1,
             {}};
  // An unclean leader that died before it started still decided for its successors.
  if (const auto unclean = unclean_.find(b.partition); unclean != unclean_.end()) {
    const auto first =
        elections.empty() ? unclean->second.begin() : unclean->second.upper_bound(elections.back().epoch);
    auto mine =
        first != unclean->second.end() && first->first <= b.leader_epoch ? first : unclean->second.find(b.leader_epoch);
    e.unclean = mine != unclean->second.end();
    if (e.unclean) e.how = mine->second;
  }
  logs.compare(c.node, b.partition);
  e.missing_from = logs.first_missing(c.node, b.partition);
  e.tail_from = std::max(e.missing_from >= 0 ? e.missing_from : e.committed_end, e.log_start);
  for (auto o = e.tail_from; o < logs.end(c.node, b.partition); ++o) {
    const Entry* entry = logs.at(c.node, b.partition, o);
    e.tail.push_back(entry ? *entry : Entry());
  }
  if (const auto rot = logs.rot().find(b.partition); rot != logs.rot().end())
    for (auto at = rot->second.begin(); at != rot->second.end() && at->first < e.tail_from; ++at)
      if (const Entry* mine = logs.at(c.node, b.partition, at->first); mine && at->second.now == mine->value)
        e.rotten.emplace(at->first, *mine);
  elections.push_back(std::move(e));
  Election& election = elections.back();
  if (election.missing_from >= 0)
    election.permitted_by =
        permits(b.partition, election.missing_from, *logs.committed(b.partition, election.missing_from), logs);
  // What was acknowledged and is committed is in the log up to there.
  auto& acked = acked_[b.partition];
  for (const auto& [offset, mine] : election.rotten)
    if (const auto it = acked.find(offset); it != acked.end() && it->second.value != mine.value) {
      lose(b.partition, offset, it->second, election, c, logs);
      acked.erase(it);
    }
  for (auto it = acked.lower_bound(election.tail_from); it != acked.end();) {
    const Entry* mine = logs.at(c.node, b.partition, it->first);
    if (it->first < election.log_start) {
      ++it;
      continue;
    }
    const bool compacted =
        logs.is_hole(c.node, b.partition, it->first) && logs.may_be_gone(b.partition, it->first, it->second.value);
    if (compacted || (mine && mine->value == it->second.value)) {
      ++it;
      continue;
    }
    lose(b.partition, it->first, it->second, election, c, logs);
    it = acked.erase(it);
  }
  // Offsets behind its end are given again, also those of what it removed from its front before it lost its disk.
  const std::int64_t known = election.missing_from >= 0 ? election.missing_from : election.committed_end;
  const std::int64_t given_again =
      std::min(known, std::max(logs.end(c.node, b.partition), logs.start(c.node, b.partition)));
  if (given_again >= election.committed_end) return;
  keep_what_leaders_held(b.partition, given_again, logs);
  logs.forget_committed(b.partition, given_again);
}

// An election says what its leader lacked by what was committed below its tail. That is about to be forgotten.
void Ledger::keep_what_leaders_held(model::TopicPartition p, std::int64_t from, const ReplicaLogs& logs) {
  for (Election& e : elections_[p]) {
    std::vector<Entry> held;
    for (auto o = from; o < e.tail_from; ++o) {
      const Entry* mine = this->held(e, p, o, logs);
      held.push_back(mine ? *mine : Entry());
    }
    e.tail.insert(e.tail.begin(), held.begin(), held.end());
    e.tail_from = std::min(e.tail_from, from);
  }
}

void Ledger::acknowledged(const model::RecordAcknowledged& a, const FactContext& c, const ReplicaLogs& logs) {
  if (!a.base_offset.present()) {
    for (const model::ValueId value : a.values) unplaced_[a.partition].push_back({value, a.acks, c.event, c.at});
    return;
  }
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const auto offset = a.base_offset.value + static_cast<std::int64_t>(i);
    const Acked acked{a.values[i], a.acks, c.event, c.at};
    const Entry record{epoch_of(a.partition, offset, acked.value), acked.value};
    // The answer may be slower than the election that lost the record. It is no loss yet if a still later leader has
    // it: an unclean election may bring back the one that appended it.
    const Election* e = first_lacking(a.partition, offset, record, logs);
    if (e && lacked(*election(a.partition), a.partition, offset, record, logs))
      lose(a.partition, offset, acked, *e, c, logs);
    else
      acked_[a.partition][offset] = acked;
  }
}

void Ledger::lose(model::TopicPartition p, std::int64_t offset, const Acked& acked, const Election& e,
                  const FactContext& c, const ReplicaLogs& logs) {
  Loss loss{p, offset, acked, e.leader, e.epoch, c.event, c.at, {}};
  loss.permitted_by = excuse(e, p, offset, {epoch_of(p, offset, acked.value), acked.value}, logs);
  if (loss.permitted_by.empty() && (acked.acks == 0 || acked.acks == 1) && !logs.ever_committed(p, offset, acked.value))
    loss.permitted_by = kAcksOne;
  losses_.push_back(std::move(loss));
}

const std::map<std::int64_t, Acked>& Ledger::acked(model::TopicPartition p) const {
  static const std::map<std::int64_t, Acked> none;
  const auto it = acked_.find(p);
  return it == acked_.end() ? none : it->second;
}

const Election* Ledger::election(model::TopicPartition p) const {
  const auto it = elections_.find(p);
  return it == elections_.end() || it->second.empty() ? nullptr : &it->second.back();
}

}  // namespace ktrial::properties
