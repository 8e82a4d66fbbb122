#include "model/controller/partition_change_builder.h"

#include <algorithm>

namespace ktrial::model {

std::optional<PartitionChangeRecord> build_change(const MetadataImage& image, TopicPartition tp,
                                                  const PartitionRegistration& p, const PartitionChange& change) {
  const auto acceptable = [&](NodeId id) {
    return id.present() && id != change.removed && (id == change.added || image.is_active(id));
  };
  const auto valid = [&](NodeId id) {
    return acceptable(id) &&
           std::find(change.target_isr.begin(), change.target_isr.end(), id) != change.target_isr.end();
  };
  NodeId leader = kNoLeader;
  bool unclean = false;
  if (change.election == Election::PREFERRED && valid(p.replicas.front())) {
    leader = p.replicas.front();
  } else if (valid(p.leader)) {
    leader = p.leader;
  } else {
    const auto clean = std::find_if(p.replicas.begin(), p.replicas.end(), valid);
    if (clean != p.replicas.end()) {
      leader = *clean;
    } else if (change.election == Election::UNCLEAN) {
      const auto any = std::find_if(p.replicas.begin(), p.replicas.end(), acceptable);
      if (any != p.replicas.end()) {
        leader = *any;
        unclean = true;
      }
    }
  }

  PartitionChangeRecord record{tp, std::nullopt, std::nullopt, std::nullopt};
  if (leader != p.leader) record.leader = leader;
  if (unclean) {
    record.isr = std::vector<NodeId>{leader};
    if (p.leader_recovery_state != LeaderRecoveryState::RECOVERING)
      record.leader_recovery_state = LeaderRecoveryState::RECOVERING;
  } else {
    if (!change.target_isr.empty() && change.target_isr != p.isr) record.isr = change.target_isr;
    if (change.target_recovery != p.leader_recovery_state) record.leader_recovery_state = change.target_recovery;
  }
  if (!record.isr && !record.leader && !record.leader_recovery_state) return std::nullopt;
  return record;
}

}  // namespace ktrial::model
