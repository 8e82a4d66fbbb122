#include "properties/replica_logs.h"

#include <algorithm>

namespace ktrial::properties {
namespace {

void cut(std::vector<Entry>& log, model::Offset end) {
  const auto n = static_cast<std::size_t>(std::max<std::int64_t>(end.value, 0));
  if (n < log.size()) log.resize(n);
}

}  // namespace

void ReplicaLogs::on_fact(const model::Fact& fact, const FactContext& c) {
  if (const auto* f = std::get_if<model::BatchAppended>(&fact)) {
    auto& log = logs_[{f->partition, c.node}];
    log.resize(static_cast<std::size_t>(f->batch.base_offset.value));
    for (std::int32_t i = 0; i < f->batch.record_count; ++i)
      log.push_back({f->batch.partition_leader_epoch,
                     f->batch.records ? (*f->batch.records)[static_cast<std::size_t>(i)].value : model::ValueId{}});
  } else if (const auto* t = std::get_if<model::LogTruncated>(&fact)) {
    cut(logs_[{t->partition, c.node}], t->end_offset);
  } else if (const auto* l = std::get_if<model::LogLoaded>(&fact)) {
    cut(logs_[{l->partition, c.node}], l->end_offset);
  } else if (const auto* u = std::get_if<model::UnsyncedDataLost>(&fact)) {
    cut(logs_[{u->partition, c.node}], u->from);
  } else if (const auto* e = std::get_if<model::BecameLeader>(&fact)) {
    auto& newest = newest_[e->partition];
    newest = std::max(newest, e->leader_epoch);
  } else if (const auto* h = std::get_if<model::HighWatermarkAdvanced>(&fact); h && h->is_leader) {
    if (h->leader_epoch < newest_[h->partition]) return;  // a leader of the past decides nothing any more
    auto& committed = committed_[h->partition];
    const auto& log = logs_[{h->partition, c.node}];
    const auto end = std::min(static_cast<std::size_t>(std::max<std::int64_t>(h->high_watermark.value, 0)), log.size());
    for (auto i = committed.size(); i < end; ++i) committed.push_back(log[i]);
  }
}

const Entry* ReplicaLogs::at(NodeId node, model::TopicPartition p, std::int64_t offset) const {
  const auto it = logs_.find({p, node});
  if (it == logs_.end() || offset < 0 || offset >= static_cast<std::int64_t>(it->second.size())) return nullptr;
  return &it->second[static_cast<std::size_t>(offset)];
}

std::int64_t ReplicaLogs::end(NodeId node, model::TopicPartition p) const {
  const auto it = logs_.find({p, node});
  return it == logs_.end() ? 0 : static_cast<std::int64_t>(it->second.size());
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

bool ReplicaLogs::ever_committed(model::TopicPartition p, std::int64_t offset, model::ValueId value) const {
  if (const Entry* entry = committed(p, offset); entry && entry->value == value) return true;
  const auto it = forgotten_.find(p);
  if (it == forgotten_.end()) return false;
  const auto [first, last] = it->second.equal_range(offset);
  return std::any_of(first, last, [value](const auto& forgotten) { return forgotten.second == value; });
}

void ReplicaLogs::forget_committed(model::TopicPartition p, std::int64_t from) {
  auto& committed = committed_[p];
  for (auto o = static_cast<std::size_t>(std::max<std::int64_t>(from, 0)); o < committed.size(); ++o)
    forgotten_[p].emplace(static_cast<std::int64_t>(o), committed[o].value);
  cut(committed, model::Offset{from});
}

}  // namespace ktrial::properties
