#include "properties/replica_logs.h"

#include <algorithm>
#include <limits>

namespace ktrial::properties {
namespace {

constexpr model::Offset kFirst{0};

}  // namespace

void ReplicaLogs::cut(Log& log, model::Offset end) {
  const auto n = static_cast<std::size_t>(std::max<std::int64_t>(end.value, 0));
  if (n < log.entries.size()) log.entries.resize(n);
  if (n < log.holes.size()) log.holes.resize(n);
  log.keys.cut(end.value);
  log.agreed = std::min(log.agreed, n);
  log.committed_to = std::min(log.committed_to, end.value);
  log.epochs_from = std::min(log.epochs_from, end.value);
  if (!log.corrupted.empty()) log.corrupted.erase(log.corrupted.lower_bound(end.value), log.corrupted.end());
}

void ReplicaLogs::set_hole(Log& log, std::size_t offset, bool is) {
  if (log.holes.size() <= offset) {
    if (!is) return;
    log.holes.resize(offset + 1);
  }
  log.holes[offset] = is;
}

void ReplicaLogs::append(model::TopicPartition p, Log& log, const model::RecordBatch& batch) {
  cut(log, batch.base_offset);
  const auto base = static_cast<std::size_t>(batch.base_offset.value);
  for (std::size_t o = log.entries.size(); o < base; ++o)
    if (static_cast<std::int64_t>(o) >= log.start) set_hole(log, o, true);
  log.entries.resize(base);  // what lies below a log's start, or in a gap, is unknown
  for (std::int32_t i = 0; i < batch.record_count; ++i) {
    if (!batch.records) {
      log.entries.emplace_back(batch.partition_leader_epoch, model::ValueId());
      continue;
    }
    const model::Record& record = (*batch.records)[static_cast<std::size_t>(i)];
    if (record.state == model::RecordState::compacted) set_hole(log, log.entries.size(), true);
    if (record.state == model::RecordState::tombstone)
      recall_first_cleaning(p, log, static_cast<std::int64_t>(log.entries.size()), record, batch);
    log.entries.push_back(Entry::of(batch.partition_leader_epoch, record));
  }
}

// One with a delete horizon was cleaned before, by another replica or in an older disk's time.
void ReplicaLogs::recall_first_cleaning(model::TopicPartition p, Log& log, std::int64_t offset,
                                        const model::Record& tombstone, const model::RecordBatch& batch) {
  log.keys.not_cleaned(offset);
  const FirstCleaning* first = compacted_.first_cleaning(p, offset, tombstone.value);
  if (first && batch.delete_horizon != model::kNoTimestamp) log.keys.cleaned(offset, *first);
}

// Whoever holds a record may drop it for a later one of its key below its own high watermark, and a tombstone when it
// was first cleaned for long enough ago.
Replacement ReplicaLogs::replace(const model::SegmentsReplaced& f, const FactContext& c) {
  Log& log = logs_[f.partition][c.node];
  Replacement replacement;
  replacement.end_was_held = at(c.node, f.partition, f.end_offset.value - 1) != nullptr;
  log.keys.note(log.entries, log.committed_to);
  std::int64_t next = f.base_offset.value;
  const auto gone = [&](std::int64_t upto) {
    for (; next < upto; ++next) {
      const Entry* entry = at(c.node, f.partition, next);
      if (!entry) continue;
      ++replacement.judged;
      set_hole(log, static_cast<std::size_t>(next), true);
      const WhyGone why = log.keys.why_gone(next, *entry, f);
      if (why == WhyGone::superseded || why == WhyGone::expired) {
        compacted_.gone(f.partition, next, entry->value);
        if (why == WhyGone::expired) compacted_.expired(f.partition, next, *log.keys.first_cleaning(next), f, c.at);
        continue;
      }
      log.agreed = std::min(log.agreed, static_cast<std::size_t>(next));
      if (replacement.wrong < 0) replacement.wrong = next, replacement.why = why;
    }
  };
  for (const model::RecordBatch& batch : f.batches) {
    gone(batch.base_offset.value);
    for (std::int32_t i = 0; i < batch.record_count; ++i) {
      const std::int64_t offset = batch.base_offset.value + i;
      const auto o = static_cast<std::size_t>(offset);
      if (!batch.records || (*batch.records)[static_cast<std::size_t>(i)].state == model::RecordState::compacted) {
        gone(offset + 1);
        continue;
      }
      if (o >= log.entries.size()) log.entries.resize(o + 1);
      const model::Record& record = (*batch.records)[static_cast<std::size_t>(i)];
      log.entries[o] = Entry::of(batch.partition_leader_epoch, record);
      set_hole(log, o, false);
      if (record.state == model::RecordState::tombstone) {
        if (f.by == model::ReplacedBy::cleaning) {
          log.keys.cleaned(offset, {f.wall_clock, c.at});
          compacted_.cleaned(f.partition, offset, record.value, *log.keys.first_cleaning(offset));
        } else {
          recall_first_cleaning(f.partition, log, offset, record, batch);
        }
      }
      next = offset + 1;
    }
  }
  gone(std::min(f.end_offset.value, static_cast<std::int64_t>(log.entries.size())));
  replacement.last_batch_end = f.batches.empty() ? -1 : f.batches.back().next_offset().value;
  compacted_.delete_retention(f);
  return replacement;
}

// A leader that was deposed may still learn that all of its ISR has a record: the newest leader, elected from that ISR,
// then has it too, and it is committed. If the newest leader lacks it (logs-agree judges that), it was shown to
// consumers all the same.
void ReplicaLogs::commit(const model::HighWatermarkAdvanced& h, NodeId node) {
  auto& committed = committed_[h.partition];
  const auto& log = logs_[h.partition][node].entries;
  const auto end = std::min(static_cast<std::size_t>(std::max<std::int64_t>(h.high_watermark.value, 0)), log.size());
  const Leader& newest = newest_[h.partition];
  const bool deposed = h.leader_epoch < newest.epoch;
  if (deposed)  // what a newer leader committed otherwise was shown to consumers too
    for (auto i = static_cast<std::size_t>(std::max<std::int64_t>(h.old_high_watermark.value, 0));
         i < std::min(end, committed.size()); ++i)
      if (log[i] != committed[i]) forgotten_[h.partition].emplace(static_cast<std::int64_t>(i), log[i].value);
  bool lacking = false;
  for (auto i = committed.size(); i < end; ++i) {
    if (deposed && !lacking) {
      const Entry* theirs = at(newest.node, h.partition, static_cast<std::int64_t>(i));
      lacking = !theirs || *theirs != log[i];
    }
    if (lacking)
      forgotten_[h.partition].emplace(static_cast<std::int64_t>(i), log[i].value);
    else
      committed.push_back(log[i]);
  }
}

// What is below its local log it holds by the remote storage, which has what was committed (tiered_properties.cc).
void ReplicaLogs::restore(const model::RemoteStateRestored& r, Log& log) {
  const auto& committed = committed_[r.partition];
  const auto n = std::min(committed.size(), static_cast<std::size_t>(r.local_log_start_offset.value));
  cut(log, kFirst);
  log.entries.assign(committed.begin(), committed.begin() + static_cast<std::ptrdiff_t>(n));
  log.entries.resize(static_cast<std::size_t>(r.local_log_start_offset.value));
  log.start = log.epochs_from = r.log_start_offset.value;
  any_start_ = any_start_ || log.start > 0;
}

LogChange ReplicaLogs::truncate(const model::LogTruncated& t, NodeId node) {
  LogChange change;
  const std::int64_t end = std::min(this->end(node, t.partition), committed_end(t.partition));
  for (std::int64_t o = std::max({t.end_offset.value, leader_start(t.partition), removed_to(node, t.partition)});
       o < end; ++o) {
    const Entry* theirs = at(node, t.partition, o);
    if (!theirs || *theirs != *committed(t.partition, o) || may_be_gone(t.partition, o, theirs->value)) continue;
    change = CommittedCut{o};
    break;
  }
  cut(logs_[t.partition][node], t.end_offset);
  return change;
}

void ReplicaLogs::load(const model::LogLoaded& l, NodeId node) {
  Log& log = logs_[l.partition][node];
  log.cut_at_rot = corrupted(node, l.partition, l.end_offset.value);
  std::size_t held = log.entries.size();
  while (held > static_cast<std::size_t>(l.end_offset.value) && hole(log, held - 1)) --held;
  log.end_before_load = static_cast<std::int64_t>(held);
  cut(log, l.end_offset);
  log.committed_to = std::max(log.committed_to, l.high_watermark.value);
  log.high_watermark = l.high_watermark.value;
  log.start = l.log_start_offset.value;
  log.epochs_from = std::max(log.epochs_from, log.start);
  any_start_ = any_start_ || log.start > 0;
}

void ReplicaLogs::advance_start(const model::LogStartAdvanced& s, NodeId node) {
  Log& log = logs_[s.partition][node];
  log.start = s.log_start_offset.value;
  // Truncated fully, a follower begins where its leader does, which was asked to remove what is below.
  const bool truncated = s.reason == model::LogStartReason::truncation;
  log.removed_to =
      std::max(log.removed_to, truncated ? std::min(log.start, leader_removed_to(s.partition)) : log.start);
  log.epochs_from = std::max(log.epochs_from, log.start);
  any_start_ = true;
}

LogChange ReplicaLogs::on_fact(const model::Fact& fact, const FactContext& c) {
  if (const auto* f = std::get_if<model::BatchAppended>(&fact)) {
    Log& log = logs_[f->partition][c.node];
    const std::int64_t base = f->batch.base_offset.value;
    if (base >= log.start && base < static_cast<std::int64_t>(log.entries.size()) && overwritten_.empty())
      overwritten_.push_back({c.node, f->partition, base});
    append(f->partition, log, f->batch);
  } else if (const auto* t = std::get_if<model::LogTruncated>(&fact)) {
    return truncate(*t, c.node);
  } else if (const auto* l = std::get_if<model::LogLoaded>(&fact)) {
    load(*l, c.node);
  } else if (const auto* s = std::get_if<model::LogStartAdvanced>(&fact)) {
    advance_start(*s, c.node);
  } else if (const auto* t = std::get_if<model::RemoteStateRestored>(&fact)) {
    restore(*t, logs_[t->partition][c.node]);
  } else if (const auto* r = std::get_if<model::BatchCorrupted>(&fact)) {
    logs_[r->partition][c.node].corrupted[r->base_offset.value] = r->next_offset.value;
  } else if (const auto* r = std::get_if<model::RecordRotted>(&fact)) {
    const std::int64_t o = r->offset.value;
    rot_[r->partition].emplace(o, Rot{c.node, r->was, r->now});
    Log& log = logs_[r->partition][c.node];
    if (o < static_cast<std::int64_t>(log.entries.size())) log.entries[static_cast<std::size_t>(o)].value = r->now;
  } else if (const auto* d = std::get_if<model::ReplicaDeleted>(&fact)) {
    logs_[d->partition][c.node] = Log();
  } else if (const auto* u = std::get_if<model::UnsyncedDataLost>(&fact)) {
    Log& log = logs_[u->partition][c.node];
    cut(log, u->from);
    // A log that was lost as a whole begins anew at 0.
    if (u->cause == model::LossCause::disk_lost && u->from == model::kFirstOffset) log.start = 0;
  } else if (const auto* b = std::get_if<model::TruncationUndone>(&fact)) {
    Log& log = logs_[b->partition][c.node];
    const std::int64_t epochs_from = log.epochs_from;
    for (const model::RecordBatch& batch : b->batches) append(b->partition, log, batch);
    // Of a restored disk: the epochs of what came back may have been forgotten when it was copied.
    log.epochs_from = std::max(log.epochs_from, epochs_from);
  } else if (const auto* replaced = std::get_if<model::SegmentsReplaced>(&fact)) {
    return replace(*replaced, c);
  } else if (const auto* e = std::get_if<model::BecameLeader>(&fact)) {
    Leader& newest = newest_[e->partition];
    if (e->leader_epoch >= newest.epoch) newest = {e->leader_epoch, c.node};
  } else if (const auto* h = std::get_if<model::HighWatermarkAdvanced>(&fact)) {
    Log& log = logs_[h->partition][c.node];
    log.high_watermark = h->high_watermark.value;
    log.committed_to = std::max(log.committed_to, log.high_watermark);
    if (h->is_leader) commit(*h, c.node);
  } else if (const auto* p = std::get_if<model::PartitionStateCommitted>(&fact)) {
    // Who may lead is compared as often as that changes.
    for (const auto* nodes : {&p->isr, &p->elr})
      for (const NodeId node : *nodes) compare(node, p->partition, leader_removed_to(p->partition));
  }
  return {};
}

void ReplicaLogs::on_wiped(NodeId node) {
  for (auto& [partition, replicas] : logs_) {
    const auto it = replicas.find(node);
    if (it == replicas.end()) continue;
    Log& log = it->second;
    log.high_watermark = 0;
    if (static_cast<std::int64_t>(log.entries.size()) > log.start) continue;
    cut(log, kFirst);
    log.start = 0;
  }
}

ReplicaLogs::One ReplicaLogs::log(NodeId node, model::TopicPartition p) const { return One(find(node, p)); }

const Entry* ReplicaLogs::One::at(std::int64_t offset) const {
  if (!log_ || offset < log_->start || offset >= static_cast<std::int64_t>(log_->entries.size())) return nullptr;
  if (hole(*log_, static_cast<std::size_t>(offset))) return nullptr;
  return &log_->entries[static_cast<std::size_t>(offset)];
}

const Entry* ReplicaLogs::at(NodeId node, model::TopicPartition p, std::int64_t offset) const {
  return log(node, p).at(offset);
}

bool ReplicaLogs::is_hole(NodeId node, model::TopicPartition p, std::int64_t offset) const {
  const Log* log = find(node, p);
  return log && offset >= log->start && hole(*log, static_cast<std::size_t>(offset));
}

bool ReplicaLogs::may_be_passed(model::TopicPartition p, std::int64_t from, std::int64_t to) const {
  for (; from < to; ++from) {
    const Entry* entry = committed(p, from);
    if (!entry || !(entry->unknown() || may_be_gone(p, from, entry->value))) return false;
  }
  return from == to;
}

const ReplicaLogs::Rot* ReplicaLogs::rot_of(model::TopicPartition p, std::int64_t offset, model::ValueId now) const {
  const auto partition = rot_.find(p);
  if (partition == rot_.end()) return nullptr;
  const auto [first, last] = partition->second.equal_range(offset);
  const auto it = std::find_if(first, last, [now](const auto& rot) { return rot.second.now == now; });
  return it == last ? nullptr : &it->second;
}

bool ReplicaLogs::differ_by_rot(model::TopicPartition p, std::int64_t offset, const Entry& a, const Entry& b) const {
  if (rot_.empty() || a.epoch != b.epoch) return false;
  const Rot *const of_a = rot_of(p, offset, a.value), *const of_b = rot_of(p, offset, b.value);
  return (of_a || of_b) && (of_a ? of_a->was : a.value) == (of_b ? of_b->was : b.value);
}

bool ReplicaLogs::may_be_gone(model::TopicPartition p, std::int64_t offset, model::ValueId value) const {
  if (compacted_.may_be_gone(p, offset, value)) return true;
  const auto partition = rot_.find(p);
  if (partition == rot_.end()) return false;
  const Rot* own = rot_of(p, offset, value);
  const model::ValueId was = own ? own->was : value;
  if (own && compacted_.may_be_gone(p, offset, was)) return true;
  const auto [first, last] = partition->second.equal_range(offset);
  return std::any_of(first, last, [&](const auto& rot) {
    return rot.second.was == was && compacted_.may_be_gone(p, offset, rot.second.now);
  });
}

const ReplicaLogs::Log* ReplicaLogs::find(NodeId node, model::TopicPartition p) const {
  const auto replicas = logs_.find(p);
  if (replicas == logs_.end()) return nullptr;
  const auto it = replicas->second.find(node);
  return it == replicas->second.end() ? nullptr : &it->second;
}

std::int64_t ReplicaLogs::start(NodeId node, model::TopicPartition p) const {
  const Log* log = find(node, p);
  return log ? log->start : 0;
}

model::Offset ReplicaLogs::high_watermark(NodeId node, model::TopicPartition p) const {
  const Log* log = find(node, p);
  return model::Offset(log ? log->high_watermark : 0);
}

std::int64_t ReplicaLogs::leader_start(model::TopicPartition p) const {
  const auto it = newest_.find(p);
  return it == newest_.end() ? 0 : start(it->second.node, p);
}

std::int64_t ReplicaLogs::leader_removed_to(model::TopicPartition p) const {
  const auto it = newest_.find(p);
  return it == newest_.end() ? 0 : std::max(start(it->second.node, p), removed_to(it->second.node, p));
}

model::LeaderEpoch ReplicaLogs::leader_epoch(model::TopicPartition p) const {
  const auto it = newest_.find(p);
  return it == newest_.end() ? model::kNoEpoch : it->second.epoch;
}

std::int64_t ReplicaLogs::end_before_load(NodeId node, model::TopicPartition p) const {
  const Log* log = find(node, p);
  return log ? log->end_before_load : 0;
}

std::int64_t ReplicaLogs::epochs_from(NodeId node, model::TopicPartition p) const {
  const Log* log = find(node, p);
  return log ? log->epochs_from : 0;
}

std::int64_t ReplicaLogs::removed_to(NodeId node, model::TopicPartition p) const {
  const Log* log = find(node, p);
  return log ? log->removed_to : 0;
}

bool ReplicaLogs::cut_at_rot(NodeId node, model::TopicPartition p) const {
  const Log* log = find(node, p);
  return log && log->cut_at_rot;
}

const std::vector<Entry>& ReplicaLogs::entries(NodeId node, model::TopicPartition p) const {
  static const std::vector<Entry> none;
  const Log* log = find(node, p);
  return log ? log->entries : none;
}

bool ReplicaLogs::One::corrupted(std::int64_t offset) const {
  if (!log_) return false;
  const auto it = log_->corrupted.upper_bound(offset);
  return it != log_->corrupted.begin() && offset < std::prev(it)->second;
}

bool ReplicaLogs::corrupted(NodeId node, model::TopicPartition p, std::int64_t offset) const {
  return log(node, p).corrupted(offset);
}

std::int64_t ReplicaLogs::end(NodeId node, model::TopicPartition p) const {
  const Log* log = find(node, p);
  return log ? static_cast<std::int64_t>(log->entries.size()) : 0;
}

std::int64_t ReplicaLogs::committed_end(model::TopicPartition p) const {
  const auto it = committed_.find(p);
  return it == committed_.end() ? 0 : static_cast<std::int64_t>(it->second.size());
}

const Entry* ReplicaLogs::committed(model::TopicPartition p, std::int64_t offset) const {
  const auto it = committed_.find(p);
  if (it == committed_.end() || offset < 0 || offset >= static_cast<std::int64_t>(it->second.size())) return nullptr;
  return &it->second[static_cast<std::size_t>(offset)];
}

std::int64_t ReplicaLogs::committed_end_of(model::TopicPartition p, model::LeaderEpoch epoch) const {
  const auto it = committed_.find(p);
  if (it == committed_.end()) return 0;
  return std::partition_point(it->second.begin(), it->second.end(), [&](const Entry& e) { return e.epoch <= epoch; }) -
         it->second.begin();
}

bool ReplicaLogs::ever_committed(model::TopicPartition p, std::int64_t offset, model::ValueId value) const {
  if (const Entry* entry = committed(p, offset); entry && entry->value == value) return true;
  const auto it = forgotten_.find(p);
  if (it == forgotten_.end()) return false;
  const auto [first, last] = it->second.equal_range(offset);
  return std::any_of(first, last, [value](const auto& forgotten) { return forgotten.second == value; });
}

std::size_t ReplicaLogs::agrees_until(model::TopicPartition p, const Log& log, const std::vector<Entry>& committed,
                                      std::int64_t from) const {
  // What was removed from its front is not missing.
  auto o = std::max(log.agreed, static_cast<std::size_t>(std::max({log.start, log.removed_to, from})));
  const auto agrees = [&] {
    if (committed[o].unknown()) return true;
    return hole(log, o) ? may_be_gone(p, static_cast<std::int64_t>(o), committed[o].value)
                        : log.entries[o] == committed[o] ||
                              differ_by_rot(p, static_cast<std::int64_t>(o), log.entries[o], committed[o]);
  };
  while (o < committed.size() && o < log.entries.size() && agrees()) ++o;
  return o;
}

std::int64_t ReplicaLogs::first_missing(NodeId node, model::TopicPartition p, std::int64_t from) const {
  const auto known = committed_.find(p);
  if (known == committed_.end()) return -1;
  const Log* log = find(node, p);
  if (!log) return known->second.empty() ? -1 : 0;
  const std::size_t until = agrees_until(p, *log, known->second, from);
  return until < known->second.size() ? static_cast<std::int64_t>(until) : -1;
}

void ReplicaLogs::compare(NodeId node, model::TopicPartition p, std::int64_t from) {
  const auto known = committed_.find(p);
  const auto replicas = logs_.find(p);
  if (known == committed_.end() || replicas == logs_.end()) return;
  if (const auto at = replicas->second.find(node); at != replicas->second.end())
    at->second.agreed = agrees_until(p, at->second, known->second, from);
}

void ReplicaLogs::forget_committed(model::TopicPartition p, std::int64_t from) {
  auto& committed = committed_[p];
  const auto n = static_cast<std::size_t>(std::max<std::int64_t>(from, 0));
  for (auto o = n; o < committed.size(); ++o) forgotten_[p].emplace(static_cast<std::int64_t>(o), committed[o].value);
  if (n < committed.size()) committed.resize(n);
  for (auto& [node, log] : logs_[p]) log.agreed = std::min(log.agreed, n);
}

}  // namespace ktrial::properties
