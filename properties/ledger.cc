#include "properties/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace ktrial::properties {
namespace {
constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
}

void Ledger::on_fact(const model::Fact& fact, const FactContext& context, const ReplicaLogs& logs) {
  if (const auto* acked = std::get_if<model::RecordAcknowledged>(&fact)) {
    if (!acked->base_offset.present()) return;
    auto& offsets = acked_[acked->partition];
    for (std::size_t i = 0; i < acked->values.size(); ++i)
      offsets[acked->base_offset.value + static_cast<std::int64_t>(i)] = {acked->values[i], acked->acks, context.event};
  } else if (const auto* state = std::get_if<model::PartitionStateCommitted>(&fact)) {
    if (state->unclean) unclean_.insert({state->partition, state->leader_epoch});
  } else if (const auto* lost = std::get_if<model::UnsyncedDataLost>(&fact)) {
    auto [it, fresh] =
        unsynced_.try_emplace({lost->partition, context.node}, lost->from.value, lost->old_end_offset.value);
    if (!fresh) {
      it->second.first = std::min(it->second.first, lost->from.value);
      it->second.second = std::max(it->second.second, lost->old_end_offset.value);
    }
  } else if (const auto* appended = std::get_if<model::BatchAppended>(&fact)) {
    const auto it = unsynced_.find({appended->partition, context.node});
    if (it == unsynced_.end() || appended->batch.base_offset.value > it->second.first) return;
    it->second.first = std::max(it->second.first, appended->batch.next_offset().value);
    if (it->second.first >= it->second.second) unsynced_.erase(it);
  } else if (const auto* leader = std::get_if<model::BecameLeader>(&fact)) {
    elected(*leader, context, logs);
  }
}

// Looks at every acknowledged record, since a variant may differ anywhere; elections are rare.
void Ledger::elected(const model::BecameLeader& leader, const FactContext& context, const ReplicaLogs& logs) {
  const model::TopicPartition tp = leader.partition;
  auto& last = last_epoch_[tp];
  if (leader.leader_epoch <= last) return;
  last = leader.leader_epoch;
  auto& acked = acked_[tp];
  for (auto it = acked.begin(); it != acked.end();) {
    const Entry* held = logs.at(context.node, tp, it->first);
    if (held && held->value == it->second.value) {
      ++it;
      continue;
    }
    Loss loss{tp, it->first, it->second, context.node, leader.leader_epoch, context.event, context.at, {}};
    const Entry* committed = logs.committed(tp, it->first);
    if (unclean(tp, leader.leader_epoch))
      loss.permitted_by = "unclean.leader.election.enable=true let a replica outside the ISR become leader";
    else if (it->first >= lost_from(context.node, tp))
      loss.permitted_by =
          "the elected replica had lost unsynced data in a power cut (flush.messages); too few others were in the ISR";
    else if (it->second.acks != -1 && !(committed && committed->value == it->second.value))
      loss.permitted_by =
          fmt::format("acks={}: the leader answered before any follower had the record", it->second.acks);
    if (!loss.permitted_by.empty()) {
      auto [from, fresh] = permitted_from_.try_emplace(tp, it->first);
      if (!fresh) from->second = std::min(from->second, it->first);
    }
    losses_.push_back(std::move(loss));
    it = acked.erase(it);
  }
}

std::int64_t Ledger::lost_from(NodeId node, model::TopicPartition tp) const {
  const auto it = unsynced_.find({tp, node});
  return it == unsynced_.end() ? kNone : it->second.first;
}

std::int64_t Ledger::permitted_from(model::TopicPartition tp) const {
  const auto it = permitted_from_.find(tp);
  return it == permitted_from_.end() ? kNone : it->second;
}

}  // namespace ktrial::properties
