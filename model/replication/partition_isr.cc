// How the in-sync set changes: proposals, and the controller's answers to them.
#include "model/probes.h"
#include "model/replication/partition.h"

namespace ktrial::model {

// isReplicaIsrEligible
bool Partition::eligible(NodeId replica, const Brokers& brokers) const {
  if (config_.variants.on(Variant::isr_eligibility)) return true;  // variant [R23]: before KIP-841
  const auto broker = brokers.find(replica);
  if (broker == brokers.end() || !broker->second.active()) return false;
  const auto remote = remotes_.find(replica);
  return remote != remotes_.end() && remote->second.broker_epoch.present() &&
         remote->second.broker_epoch == broker->second.epoch;
}

std::vector<std::pair<NodeId, BrokerEpoch>> Partition::with_epochs(const std::vector<NodeId>& isr) const {
  std::vector<std::pair<NodeId, BrokerEpoch>> result;
  for (NodeId id : isr) {
    const auto remote = remotes_.find(id);
    result.emplace_back(id, remote == remotes_.end() ? BrokerEpoch() : remote->second.broker_epoch);
  }
  return result;
}

void Partition::propose(Step& step, std::vector<NodeId> isr) {
  proposal_stalled_ = false;
  isr_.proposed = std::move(isr);
  proposed_epochs_ = with_epochs(*isr_.proposed);
  step.fact(IsrProposed{tp_, leader_epoch_, *isr_.proposed});
}

PartitionProgress Partition::maybe_expand_isr(Step& step, NodeId replica, const Brokers& brokers) {
  if (isr_.in_flight() || holds(isr_.committed, replica)) return {};
  const Offset end = remotes_.at(replica).log_end;
  if (!end.present() || end < log_.high_watermark()) return {};
  if (end < leader_epoch_start_ && !config_.variants.on(Variant::isr_admission)) return {};
  if (!eligible(replica, brokers)) return {};
  std::vector<NodeId> isr = isr_.committed;
  isr.push_back(replica);
  propose(step, std::move(isr));
  return {.propose = true};
}

PartitionProgress Partition::maybe_shrink_isr(Step& step) {
  if (role_ != ReplicaRole::leader || isr_.in_flight()) return {};
  std::vector<NodeId> left;
  for (NodeId id : isr_.committed) {
    const auto remote = remotes_.find(id);
    if (id == config_.self ||
        (remote != remotes_.end() && remote->second.caught_up(log_.log_end(), step.now, config_.replica_lag_time_max)))
      left.push_back(id);
  }
  if (left.size() == isr_.committed.size()) return {};
  propose(step, std::move(left));
  return {.propose = true};
}

std::optional<AlterPartitionRequest::Partition> Partition::proposal(BrokerEpoch own) const {
  if (role_ != ReplicaRole::leader || !isr_.in_flight() || proposal_stalled_) return std::nullopt;
  AlterPartitionRequest::Partition item;
  item.partition = tp_;
  item.leader_epoch = leader_epoch_;
  item.partition_epoch = partition_epoch_;
  item.leader_recovery_state = recovery_;
  // Eligibility and epochs are of one moment (KAFKA-15221); variant isr_snapshot looks again when the request is made.
  item.new_isr = config_.variants.on(Variant::isr_snapshot) ? with_epochs(*isr_.proposed) : proposed_epochs_;
  for (auto& [id, epoch] : item.new_isr)
    if (id == config_.self) epoch = own;
  return item;
}

bool Partition::on_alter_partition(Step& step, const AlterPartitionRequest::Partition& sent,
                                   const AlterPartitionResponse::Partition& answer, const Brokers& brokers,
                                   PartitionProgress& change) {
  // Newer metadata has already replaced the proposal that this answers.
  // Variant pending_isr: whatever is in flight now is taken for what was answered.
  const bool same = (sent.leader_epoch == leader_epoch_ && sent.partition_epoch == partition_epoch_) ||
                    config_.variants.on(Variant::pending_isr);
  if (role_ != ReplicaRole::leader || !isr_.in_flight() || !same) {
    step.fact(ProbeHit{Probe::alter_partition_answer_ignored});
    return false;
  }
  switch (answer.error) {
    case Error::NONE: {
      if ((answer.leader_epoch != leader_epoch_ || answer.partition_epoch < partition_epoch_) &&
          !config_.variants.on(Variant::pending_isr))
        return false;
      const bool shrank = answer.isr.size() < isr_.committed.size();
      const bool changed = answer.isr != isr_.committed;
      partition_epoch_ = answer.partition_epoch;
      recovery_ = answer.leader_recovery_state;
      isr_ = IsrState{answer.isr, std::nullopt};
      if (changed) step.fact(IsrChanged{tp_, leader_epoch_, partition_epoch_, isr_.committed, shrank});
      if (!config_.variants.on(Variant::high_watermark_retry)) advance_high_watermark(step, brokers);
      change.wake = true;
      return false;
    }
    case Error::INELIGIBLE_REPLICA:
      // Back to the committed state. The high watermark is tried again by the next append or fetch, not here.
      step.fact(ProbeHit{isr_.expanding() ? Probe::expansion_refused : Probe::shrink_refused});
      isr_.proposed.reset();
      return false;
    case Error::UNKNOWN_TOPIC_OR_PARTITION:
    case Error::UNKNOWN_TOPIC_ID:
    case Error::FENCED_LEADER_EPOCH:
    case Error::INVALID_UPDATE_VERSION:
    case Error::INVALID_REQUEST:
    case Error::NEW_LEADER_ELECTED:
      step.fact(ProbeHit{Probe::leader_waits_for_metadata});
      proposal_stalled_ = true;
      return false;
    default:
      return !config_.variants.on(Variant::alter_partition_retry);
  }
}

}  // namespace ktrial::model
