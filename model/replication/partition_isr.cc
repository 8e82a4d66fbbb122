// How the in-sync set changes: proposals, and the controller's answers to them.
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

void Partition::propose(Step& step, std::vector<NodeId> isr) {
  proposal_stalled_ = false;
  isr_.proposed = std::move(isr);
  step.fact(IsrProposed{tp_, leader_epoch_, *isr_.proposed});
}

PartitionProgress Partition::maybe_expand_isr(Step& step, NodeId replica, const Brokers& brokers) {
  if (isr_.in_flight() || IsrState::holds(isr_.committed, replica)) return {};
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
  for (NodeId id : *isr_.proposed) {
    const auto remote = remotes_.find(id);
    item.new_isr.emplace_back(id, id == config_.self         ? own
                                  : remote == remotes_.end() ? BrokerEpoch()
                                                             : remote->second.broker_epoch);
  }
  return item;
}

bool Partition::on_alter_partition(Step& step, const AlterPartitionRequest::Partition& sent,
                                   const AlterPartitionResponse::Partition& answer, const Brokers& brokers,
                                   PartitionProgress& change) {
  // Newer metadata has already replaced the proposal that this answers.
  if (role_ != ReplicaRole::leader || !isr_.in_flight() || sent.leader_epoch != leader_epoch_ ||
      sent.partition_epoch != partition_epoch_) {
    step.fact(ProbeHit{"AlterPartition answer ignored: newer metadata came first"});
    return false;
  }
  switch (answer.error) {
    case Error::NONE: {
      if (answer.leader_epoch != leader_epoch_ || answer.partition_epoch < partition_epoch_) return false;
      const bool shrank = answer.isr.size() < isr_.committed.size();
      const bool changed = answer.isr != isr_.committed;
      partition_epoch_ = answer.partition_epoch;
      recovery_ = answer.leader_recovery_state;
      isr_ = IsrState{answer.isr, std::nullopt};
      if (changed) step.fact(IsrChanged{tp_, leader_epoch_, partition_epoch_, isr_.committed, shrank});
      advance_high_watermark(step, brokers);
      change.wake = true;
      return false;
    }
    case Error::INELIGIBLE_REPLICA:
      // Back to the committed state. The high watermark is tried again by the next append or fetch, not here.
      step.fact(ProbeHit{isr_.expanding() ? "isr expansion refused: INELIGIBLE_REPLICA"
                                          : "isr shrink refused: INELIGIBLE_REPLICA"});
      isr_.proposed.reset();
      return false;
    case Error::UNKNOWN_TOPIC_OR_PARTITION:
    case Error::UNKNOWN_TOPIC_ID:
    case Error::FENCED_LEADER_EPOCH:
    case Error::INVALID_UPDATE_VERSION:
    case Error::INVALID_REQUEST:
    case Error::NEW_LEADER_ELECTED:
      step.fact(ProbeHit{"AlterPartition refused: the leader waits for newer metadata"});
      proposal_stalled_ = true;
      return false;
    default:
      return true;
  }
}

}  // namespace ktrial::model
