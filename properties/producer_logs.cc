#include "properties/producer_logs.h"

#include <algorithm>

namespace ktrial::properties {

void ProducerLogs::cut(Log& log, std::int64_t end) {
  while (!log.batches.empty() && log.batches.back().last >= end) {
    const auto of = log.of_id.find(log.batches.back().id);
    of->second.pop_back();
    if (of->second.empty()) log.of_id.erase(of);
    log.batches.pop_back();
  }
  log.end = std::min(log.end, end);
}

void ProducerLogs::append(Log& log, const model::RecordBatch& batch) {
  cut(log, batch.base_offset.value);
  log.end = batch.next_offset().value;
  if (!batch.producer_id.present()) return;
  log.of_id[batch.producer_id].push_back(log.batches.size());
  log.batches.push_back({batch.base_offset.value, batch.last_offset().value, batch.producer_id, batch.producer_epoch,
                         batch.base_sequence, model::last_sequence(batch), batch.records, false});
  log.expired.erase(batch.producer_id);
}

void ProducerLogs::on_fact(const model::Fact& fact, const FactContext& c) {
  if (const auto* b = std::get_if<model::BatchAppended>(&fact)) {
    // A log is of interest from the first batch with a producer id on.
    auto it = logs_.find({b->partition, c.node});
    if (it == logs_.end() && !b->batch.producer_id.present()) return;
    append(it == logs_.end() ? logs_[{b->partition, c.node}] : it->second, b->batch);
  } else if (const auto* u = std::get_if<model::UnknownProducerAccepted>(&fact)) {
    if (may_be_unknown(c.node, u->partition, u->producer_id))
      from_unknown_.emplace(u->partition, u->base_offset.value, u->producer_id, u->producer_epoch, u->base_sequence);
  } else if (logs_.empty()) {
    return;
  } else if (const auto* t = std::get_if<model::LogTruncated>(&fact)) {
    if (const auto it = logs_.find({t->partition, c.node}); it != logs_.end()) cut(it->second, t->end_offset.value);
  } else if (const auto* l = std::get_if<model::LogLoaded>(&fact)) {
    if (const auto it = logs_.find({l->partition, c.node}); it != logs_.end()) {
      cut(it->second, l->end_offset.value);
      it->second.start = it->second.rebuilt_from = l->log_start_offset.value;
      it->second.end = it->second.rebuilt_to = l->end_offset.value;
      it->second.told.clear();  // what it knows it says next, if it knows of any
    }
  } else if (const auto* s = std::get_if<model::LogStartAdvanced>(&fact)) {
    if (const auto it = logs_.find({s->partition, c.node}); it != logs_.end()) {
      it->second.start = s->log_start_offset.value;
      // Cut as a whole.
      if (s->reason == model::LogStartReason::truncation && it->second.start >= it->second.end) cut(it->second, 0);
    }
  } else if (const auto* told = std::get_if<model::ProducerStateTold>(&fact)) {
    const auto it = logs_.find({told->partition, c.node});
    if (it == logs_.end()) return;
    if (told->why != model::ProducerStateChange::append) it->second.told.clear();
    for (const model::ProducerStateEntry& entry : told->entries)
      it->second.told.insert_or_assign(entry.producer_id, ToldProducer::of(entry));
    if (told->why == model::ProducerStateChange::truncation) {
      it->second.rebuilt_from = it->second.start;
      it->second.rebuilt_to = it->second.end;
    }
  } else if (const auto* e = std::get_if<model::ProducerIdsExpired>(&fact)) {
    const auto it = logs_.find({e->partition, c.node});
    if (it == logs_.end()) return;
    for (const model::ProducerId id : e->producer_ids) {
      it->second.told.erase(id);
      it->second.expired.insert(id);
      it->second.expired_to[id] = it->second.end;
    }
  } else if (const auto* lost = std::get_if<model::UnsyncedDataLost>(&fact)) {
    if (const auto it = logs_.find({lost->partition, c.node}); it != logs_.end()) cut(it->second, lost->from.value);
  } else if (const auto* undone = std::get_if<model::TruncationUndone>(&fact)) {
    if (const auto it = logs_.find({undone->partition, c.node}); it != logs_.end())
      for (const model::RecordBatch& batch : undone->batches) append(it->second, batch);
  } else if (const auto* replaced = std::get_if<model::SegmentsReplaced>(&fact)) {
    const auto it = logs_.find({replaced->partition, c.node});
    if (it == logs_.end()) return;
    for (SequencedBatch& batch : it->second.batches)
      if (batch.base >= replaced->base_offset.value && batch.base < replaced->end_offset.value)
        batch.cleaned = std::none_of(replaced->batches.begin(), replaced->batches.end(), [&](const auto& left) {
          return left.base_offset.value == batch.base && left.producer_id == batch.id;
        });
  } else if (const auto* d = std::get_if<model::ReplicaDeleted>(&fact)) {
    logs_.erase({d->partition, c.node});
  }
}

void ProducerLogs::on_wiped(NodeId node) {
  for (auto& [key, log] : logs_)
    if (key.second == node) log.told.clear();
}

const ProducerLogs::Log* ProducerLogs::find(NodeId node, model::TopicPartition p) const {
  const auto it = logs_.find({p, node});
  return it == logs_.end() ? nullptr : &it->second;
}

const SequencedBatch* ProducerLogs::from(NodeId node, model::TopicPartition p, std::int64_t offset) const {
  const Log* log = find(node, p);
  if (!log) return nullptr;
  const auto it = std::partition_point(log->batches.begin(), log->batches.end(),
                                       [offset](const SequencedBatch& b) { return b.base < offset; });
  return it == log->batches.end() ? nullptr : &*it;
}

bool ProducerLogs::may_be_unknown(NodeId node, model::TopicPartition p, model::ProducerId id) const {
  const Log* log = find(node, p);
  if (!log || log->expired.contains(id)) return true;
  const auto of = log->of_id.find(id);
  return of == log->of_id.end() || log->batches[of->second.back()].last < log->rebuilt_from;
}

std::set<model::ProducerId> ProducerLogs::known(NodeId node, model::TopicPartition p) const {
  std::set<model::ProducerId> ids;
  if (const Log* log = find(node, p))
    for (const auto& [id, batches] : log->of_id)
      if (!may_be_unknown(node, p, id)) ids.insert(id);
  return ids;
}

const std::map<model::ProducerId, ToldProducer>* ProducerLogs::told(NodeId node, model::TopicPartition p) const {
  const Log* log = find(node, p);
  return log ? &log->told : nullptr;
}

std::int64_t ProducerLogs::remembered_from(NodeId node, model::TopicPartition p, model::ProducerId id) const {
  const Log* log = find(node, p);
  if (!log) return 0;
  const auto expired = log->expired_to.find(id);
  return std::max(log->rebuilt_to, expired == log->expired_to.end() ? 0 : expired->second);
}

bool ProducerLogs::taken_from_unknown(NodeId node, model::TopicPartition p, std::int64_t offset) const {
  const Log* log = from_unknown_.empty() ? nullptr : find(node, p);
  if (!log) return false;
  const auto behind = std::partition_point(log->batches.begin(), log->batches.end(),
                                           [offset](const SequencedBatch& b) { return b.base <= offset; });
  if (behind == log->batches.begin()) return false;
  const SequencedBatch& b = *std::prev(behind);
  return offset <= b.last && from_unknown_.contains({p, b.base, b.id, b.epoch, b.first_sequence});
}

}  // namespace ktrial::properties
