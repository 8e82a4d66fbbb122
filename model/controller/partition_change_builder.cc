#include "model/controller/partition_change_builder.h"

#include <algorithm>

namespace ktrial::model {
namespace {

using Nodes = std::vector<NodeId>;

bool holds_all(const Nodes& nodes, const Nodes& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](NodeId id) { return holds(nodes, id); });
}

class Builder {
 public:
  Builder(const MetadataImage& image, TopicPartition tp, const PartitionRegistration& p, PartitionChange change)
      : image_(image),
        p_(p),
        change_(std::move(change)),
        elr_(p.elr),
        last_known_(p.last_known_elr),
        record_{tp, {}, {}, {}} {}

  std::optional<PartitionChangeRecord> build() {
    complete_reassignment();
    if (change_.eligible_leader_replicas) populate_elr();
    elect();
    // Replicas went: whoever was one must be fenced off by a new leader epoch.
    if (!record_.leader && !holds_all(change_.target_replicas, p_.replicas)) record_.leader = p_.leader;
    if (record_.isr || !change_.eligible_leader_replicas) {
      elr_.clear();
      last_known_.clear();
    }
    if (elr_ != p_.elr) record_.eligible_leader_replicas = elr_;
    if (!change_.last_known_leader && last_known_ != p_.last_known_elr) record_.last_known_elr = last_known_;
    const Nodes& isr = change_.target_isr;
    if (!record_.isr && (!isr.empty() || change_.eligible_leader_replicas) && isr != p_.isr) record_.isr = isr;
    if (change_.eligible_leader_replicas && change_.last_known_leader) update_last_known_leader();
    if (!change_.target_replicas.empty() && change_.target_replicas != p_.replicas)
      record_.replicas = change_.target_replicas;
    assign_directories();
    if (change_.target_removing != p_.removing) record_.removing_replicas = change_.target_removing;
    if (change_.target_adding != p_.adding) record_.adding_replicas = change_.target_adding;
    // After an unclean election the leader is RECOVERING, whatever state the change aimed at.
    if (!record_.leader_recovery_state && !unclean_ && change_.target_recovery != p_.leader_recovery_state)
      record_.leader_recovery_state = change_.target_recovery;
    const PartitionChangeRecord& r = record_;
    if (!r.isr && !r.leader && !r.leader_recovery_state && !r.replicas && !r.adding_replicas && !r.removing_replicas &&
        !r.eligible_leader_replicas && !r.last_known_elr && !r.directories)
      return std::nullopt;
    return std::move(record_);
  }

 private:
  // PartitionReassignmentReplicas.maybeCompleteReassignment
  void complete_reassignment() {
    if (change_.target_adding.empty() && change_.target_removing.empty()) return;
    const Nodes isr = without(change_.target_isr, change_.target_removing);
    const Nodes replicas = without(change_.target_replicas, change_.target_removing);
    if (isr.empty() || replicas.empty()) return;
    // Variant [R35]: only those that are new must be in the ISR (before KAFKA-15665).
    const bool only_adding = change_.variants.on(Variant::reassignment_complete);
    if (!holds_all(isr, only_adding ? change_.target_adding : replicas)) return;
    change_.target_isr = isr;
    change_.target_replicas = replicas;
    change_.target_removing.clear();
    change_.target_adding.clear();
  }

  // Who left the ISR since it fell below min.insync.replicas still holds everything that was committed, for the high
  // watermark has not moved since. As in Kafka nobody asks whether a candidate is a replica still, so that one which a
  // reassignment took away may stay eligible (docs/variants.md).
  void populate_elr() {
    if (static_cast<std::int32_t>(change_.target_isr.size()) >= change_.min_isr) {
      last_known_.clear();
      return elr_.clear();
    }
    Nodes candidates = elr_;
    for (const NodeId id : p_.isr)
      if (!holds(candidates, id)) candidates.push_back(id);
    std::sort(candidates.begin(), candidates.end());
    elr_ = without(candidates, change_.target_isr);
    std::erase(elr_, change_.unclean_shutdown);
    for (const NodeId id : last_known_)
      if (!holds(candidates, id)) candidates.push_back(id);
    std::sort(candidates.begin(), candidates.end());
    last_known_ = without(without(candidates, change_.target_isr), elr_);
  }

  bool acceptable(NodeId id) const {
    return id.present() && id != change_.removed && id != change_.unclean_shutdown &&
           (id == change_.added || image_.is_active(id)) && image_.broker(id)->has_online_dir(p_.directory(id));
  }
  bool valid(NodeId id) const {
    return acceptable(id) && (holds(change_.target_isr, id) || (change_.target_isr.empty() && holds(elr_, id)));
  }
  bool last_known_leader_electable() const {
    if (!change_.eligible_leader_replicas || !change_.last_known_leader || !elr_.empty() ||
        !change_.target_isr.empty() || p_.last_known_elr.size() != 1)
      return false;
    // Variant [R29]: whether it is active or not (KAFKA-19522).
    return acceptable(p_.last_known_elr.front()) || change_.variants.on(Variant::last_known_leader);
  }

  NodeId candidate() {
    const Nodes& replicas = change_.target_replicas;
    const auto usable = [this](NodeId id) { return valid(id); };
    if (change_.election == Election::PREFERRED && valid(replicas.front())) return replicas.front();
    if (valid(p_.leader)) return p_.leader;
    if (const auto it = std::find_if(replicas.begin(), replicas.end(), usable); it != replicas.end()) return *it;
    if (last_known_leader_electable()) {
      unclean_ = true;
      return p_.last_known_elr.front();
    }
    if (acceptable(change_.recovered)) {
      unclean_ = true;
      return change_.recovered;
    }
    if (change_.election != Election::UNCLEAN) return kNoLeader;
    const auto any = std::find_if(replicas.begin(), replicas.end(), [this](NodeId id) { return acceptable(id); });
    if (any == replicas.end()) return kNoLeader;
    unclean_ = true;
    return *any;
  }

  void elect() {
    const NodeId leader = candidate();
    if (leader == p_.leader) {
      unclean_ = false;
      return;
    }
    if (holds(elr_, leader)) {
      change_.target_isr = {leader};
      std::erase(elr_, leader);
    }
    record_.leader = leader;
    record_.keeps_leader_epoch = change_.variants.on(Variant::leader_epoch_bump);
    if (!unclean_) return;
    record_.isr = Nodes{leader};
    if (p_.leader_recovery_state != LeaderRecoveryState::RECOVERING)
      record_.leader_recovery_state = LeaderRecoveryState::RECOVERING;
  }

  void update_last_known_leader() {
    const Nodes& known = p_.last_known_elr;
    const NodeId next = record_.leader ? *record_.leader : p_.leader;
    if (record_.isr && record_.isr->empty() && (known.size() != 1 || known.front() != p_.leader))
      record_.last_known_elr = Nodes{p_.leader};
    else if (next.present() && !known.empty())
      record_.last_known_elr = Nodes{};
  }

  void assign_directories() {
    std::vector<DirectoryId> directories = default_directories(image_, change_.target_replicas);
    if (directories.empty() && p_.directories.empty() && !change_.placed.present()) return;
    directories.resize(change_.target_replicas.size());
    for (std::size_t i = 0; i < directories.size(); ++i) {
      const NodeId replica = change_.target_replicas[i];
      if (replica == change_.placed)
        directories[i] = change_.directory;
      else if (holds(p_.replicas, replica))
        directories[i] = p_.directory(replica);
    }
    if (directories != p_.directories) record_.directories = std::move(directories);
  }

  const MetadataImage& image_;
  const PartitionRegistration& p_;
  PartitionChange change_;
  Nodes elr_, last_known_;
  PartitionChangeRecord record_;
  bool unclean_ = false;
};

}  // namespace

std::vector<DirectoryId> default_directories(const MetadataImage& image, const std::vector<NodeId>& replicas) {
  std::vector<DirectoryId> directories;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    const BrokerRegistrationImage* broker = image.broker(replicas[i]);
    if (broker == nullptr || broker->log_dirs.size() != 1) continue;
    directories.resize(replicas.size());
    directories[i] = broker->log_dirs.front();
  }
  return directories;
}

PartitionChange aim_at(const PartitionRegistration& p) {
  PartitionChange change;
  change.target_isr = p.isr;
  change.target_replicas = p.replicas;
  change.target_adding = p.adding;
  change.target_removing = p.removing;
  change.target_recovery = p.leader_recovery_state;
  return change;
}

std::optional<PartitionChangeRecord> build_change(const MetadataImage& image, TopicPartition tp,
                                                  const PartitionRegistration& p, PartitionChange change) {
  return Builder(image, tp, p, std::move(change)).build();
}

}  // namespace ktrial::model
