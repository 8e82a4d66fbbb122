// Properties of unclean recovery (KIP-966): whom it elects, and when it may. Both judge a decision once it is
// committed, from what replicas told the controller that made it and from the metadata before it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

using Nodes = std::vector<NodeId>;
using Strategy = model::UncleanRecoveryStrategy;

// A recovery's decision, and what was known when it was committed.
struct Decision {
  model::UncleanRecoveryElected elected;
  std::vector<model::ReplicaLogInfoReceived> told;  // since it was started, by that controller
};

// What both properties look at.
class Recoveries {
 public:
  static std::vector<std::uint16_t> kinds() {
    return kinds_of<model::UncleanRecoveryStarted, model::ReplicaLogInfoReceived, model::UncleanRecoveryElected,
                    model::PartitionStateCommitted, model::BrokerRegistered, model::BrokerFenced, model::BrokerUnfenced,
                    model::BrokerInControlledShutdown, model::ReplicaOffline>();
  }
  // The decision that this fact commits; null if it commits none. Around a fail-over two controllers state the same
  // commits; a record's offset tells what is old.
  const Decision* on_fact(const model::Fact& fact, NodeId node) {
    if (const auto* f = std::get_if<model::UncleanRecoveryStarted>(&fact)) {
      told_[{node, f->partition}].clear();
    } else if (const auto* f = std::get_if<model::ReplicaLogInfoReceived>(&fact)) {
      told_[{node, f->partition}].push_back(*f);
    } else if (const auto* f = std::get_if<model::UncleanRecoveryElected>(&fact)) {
      // Of two that decide for one epoch, what the older controller wrote is never committed.
      Decision& decision = decided_[{f->partition, f->leader_epoch}];
      if (f->controller_epoch >= decision.elected.controller_epoch) decision = {*f, told_[{node, f->partition}]};
    } else if (const auto* f = std::get_if<model::BrokerRegistered>(&fact)) {
      if (is_new(f->offset)) brokers_[f->broker] = {f->broker_epoch, true, false};
    } else if (const auto* f = std::get_if<model::BrokerFenced>(&fact)) {
      if (is_new(f->offset)) brokers_[f->broker].fenced = true;
    } else if (const auto* f = std::get_if<model::BrokerUnfenced>(&fact)) {
      if (is_new(f->offset)) brokers_[f->broker].fenced = brokers_[f->broker].stopping = false;
    } else if (const auto* f = std::get_if<model::BrokerInControlledShutdown>(&fact)) {
      if (is_new(f->offset)) brokers_[f->broker].stopping = true;
    } else if (const auto* f = std::get_if<model::ReplicaOffline>(&fact)) {
      offline_[{node, f->partition}] = brokers_[node].epoch;
    } else if (const auto* f = std::get_if<model::PartitionStateCommitted>(&fact); f && is_new(f->offset)) {
      before_ = std::exchange(states_[f->partition], *f);
      const auto it = decided_.find({f->partition, f->leader_epoch});
      if (f->leader_changed && it != decided_.end() && it->second.elected.leader == f->leader) return &it->second;
    }
    return nullptr;
  }
  // The partition before the record that on_fact() has just looked at.
  const model::PartitionStateCommitted& before() const { return before_; }
  bool active(NodeId id) const {
    const auto it = brokers_.find(id);
    return it != brokers_.end() && !it->second.fenced && !it->second.stopping;
  }
  // A replica of the process that is registered has told, since, that its log directory is offline.
  bool offline(NodeId id, model::TopicPartition tp) const {
    const auto it = offline_.find({id, tp});
    return it != offline_.end() && it->second == brokers_.at(id).epoch;
  }
  // What the replica told as a broker that is still registered so, and that knew that there was no leader.
  const model::ReplicaLogInfoReceived* answer(const Decision& decision, NodeId replica) const {
    const auto broker = brokers_.find(replica);
    for (const model::ReplicaLogInfoReceived& told : decision.told)
      if (told.replica == replica && broker != brokers_.end() && told.broker_epoch == broker->second.epoch &&
          told.current_leader_epoch + 1 == decision.elected.leader_epoch)
        return &told;
    return nullptr;
  }

 private:
  struct Broker {
    model::BrokerEpoch epoch;
    bool fenced = true, stopping = false;
  };
  bool is_new(model::Offset offset) {
    if (offset <= seen_) return false;
    seen_ = offset;
    return true;
  }

  std::map<std::pair<NodeId, model::TopicPartition>, std::vector<model::ReplicaLogInfoReceived>> told_;
  std::map<std::pair<model::TopicPartition, model::LeaderEpoch>, Decision> decided_;
  std::map<NodeId, Broker> brokers_;
  std::map<std::pair<NodeId, model::TopicPartition>, model::BrokerEpoch> offline_;
  std::map<model::TopicPartition, model::PartitionStateCommitted> states_;
  model::PartitionStateCommitted before_;
  model::Offset seen_;
};

// A property that judges each decision: Self has judge(decision, context), and kind(decision), which is what it calls
// such a recovery.
template <class Self>
struct OfDecisions : PropertyOf<Self> {
  std::vector<std::uint16_t> kinds() const override { return Recoveries::kinds(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    const Decision* decision = recoveries_.on_fact(fact, context.node);
    if (decision == nullptr) return;
    this->met();
    static_cast<Self&>(*this).judge(*decision, context);
  }

 protected:
  void say(const Decision& decision, const FactContext& context, const char* reason, const std::string& what) {
    const model::UncleanRecoveryElected& elected = decision.elected;
    this->violate_at(
        elected.partition, -1, context, reason,
        fmt::format("broker {} was elected leader of {} in epoch {} by {} recovery {}", elected.leader.value,
                    text_of(elected.partition), elected.leader_epoch.value, Self::kind(decision), what));
  }
  Recoveries recoveries_;
};

struct ChoosesTheLongestLog : OfDecisions<ChoosesTheLongestLog> {
  static constexpr const char* kName = "unclean-recovery-chooses-the-longest-log";
  static constexpr const char* kMeaning =
      "Who is elected by unclean recovery told of a log that ends in the newest leader epoch, and then at the highest "
      "offset, of all active replicas; before unclean.recovery.timeout.ms each of them has told. What a broker told "
      "before it registered again, or before it knew that its leader was gone, does not count.";
  static const char* kind(const Decision&) { return "unclean"; }
  void judge(const Decision& decision, const FactContext& context) {
    const model::UncleanRecoveryElected& elected = decision.elected;
    const auto* mine = recoveries_.answer(decision, elected.leader);
    if (mine == nullptr)
      return say(decision, context, "the elected replica told nothing", "and has not told of its log as it is now");
    for (const NodeId id : recoveries_.before().replicas) {
      if (id == elected.leader || !recoveries_.active(id) || recoveries_.offline(id, elected.partition)) continue;
      const auto* theirs = recoveries_.answer(decision, id);
      if (theirs == nullptr) {
        if (elected.waited < elected.timeout)
          return say(decision, context, "an active replica was not heard",
                     fmt::format("before broker {} had told of its log", id.value));
      } else if (std::tie(theirs->last_written_leader_epoch, theirs->log_end_offset) >
                 std::tie(mine->last_written_leader_epoch, mine->log_end_offset)) {
        return say(decision, context, "another log was longer",
                   fmt::format("with a log of leader epoch {} up to offset {}, though that of broker {} is of leader "
                               "epoch {} up to offset {}",
                               mine->last_written_leader_epoch.value, mine->log_end_offset.value, id.value,
                               theirs->last_written_leader_epoch.value, theirs->log_end_offset.value));
      }
    }
  }
};

struct FollowsItsStrategy : OfDecisions<FollowsItsStrategy> {
  static constexpr const char* kName = "unclean-recovery-follows-its-strategy";
  static constexpr const char* kMeaning =
      "Unclean recovery elects only if no active replica is in the ISR or, that being empty, in the ELR; as Balanced "
      "only if both are empty and every replica of the last known ELR has told of its log; as None only for an "
      "operator.";
  static const char* kind(const Decision& decision) { return model::name(decision.elected.strategy); }
  void judge(const Decision& decision, const FactContext& context) {
    const model::UncleanRecoveryElected& elected = decision.elected;
    const model::PartitionStateCommitted& before = recoveries_.before();
    for (const NodeId id : before.replicas) {
      const bool safe = holds(before.isr, id) || (before.isr.empty() && holds(before.elr, id));
      if (safe && recoveries_.active(id) && !recoveries_.offline(id, elected.partition))
        return say(decision, context, "a safe leader was there",
                   fmt::format("though broker {} could lead safely", id.value));
    }
    if (elected.strategy == Strategy::none) return say(decision, context, "nobody asked for it", "");
    if (elected.strategy != Strategy::balanced) return;
    if (!before.isr.empty() || !before.elr.empty())
      return say(decision, context, "eligible replicas were not waited for",
                 "though the ISR and the ELR were not empty");
    for (const NodeId id : before.last_known_elr)
      if (holds(before.replicas, id) && recoveries_.answer(decision, id) == nullptr)
        return say(decision, context, "a last known eligible replica was not heard",
                   fmt::format("before broker {}, of the last known ELR, had told of its log", id.value));
  }
};

}  // namespace

void add_unclean_recovery_properties(PropertyList& list) {
  list.push_back(std::make_unique<ChoosesTheLongestLog>());
  list.push_back(std::make_unique<FollowsItsStrategy>());
}

}  // namespace ktrial::properties
