// Properties of the controller's decisions: who may lead, be in sync, or be eligible.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "model/partition_table.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

using Nodes = std::vector<NodeId>;
using State = model::PartitionStateCommitted;

// The committed state of brokers and partitions, as of whole metadata batches. Around a fail-over two controllers state
// the same commits; a record's offset tells what is old.
class Committed {
 public:
  // True after the last record of a batch; touched() are the partitions that it may have put into a new light.
  bool on_fact(const model::Fact& fact) {
    if (const auto* applied = std::get_if<model::MetadataApplied>(&fact)) {
      const bool news = fresh_ && applied->next_offset > seen_;
      fresh_ = fresh_ && !news;
      return news;
    }
    if (judged_) touched_.clear();
    judged_ = false;
    if (const auto* f = std::get_if<model::BrokerRegistered>(&fact)) inactive(f->offset, f->broker, true, false);
    if (const auto* f = std::get_if<model::BrokerFenced>(&fact)) inactive(f->offset, f->broker, true, {});
    if (const auto* f = std::get_if<model::BrokerUnfenced>(&fact)) inactive(f->offset, f->broker, false, {});
    if (const auto* f = std::get_if<model::BrokerInControlledShutdown>(&fact)) inactive(f->offset, f->broker, {}, true);
    if (const auto* d = std::get_if<model::TopicDeleted>(&fact)) {
      partitions_.erase_topic(d->id);
      deleted_.insert(d->id);
    }
    if (const auto* f = std::get_if<State>(&fact); f && is_new(f->offset) && !deleted_.contains(f->partition.topic)) {
      partitions_[f->partition] = *f;
      touched_.insert(f->partition);
    }
    return false;
  }
  const std::set<model::TopicPartition>& touched() {
    judged_ = true;
    return touched_;
  }
  const State* partition(model::TopicPartition tp) const {
    const auto it = partitions_.find(tp);
    return it == partitions_.end() ? nullptr : &it->second;
  }
  bool active(NodeId id) const {
    const auto it = brokers_.find(id);
    return it != brokers_.end() && !it->second.first && !it->second.second;
  }
  std::vector<NodeId> active_brokers() const {
    std::vector<NodeId> out;
    for (const auto& [id, state] : brokers_)
      if (active(id)) out.push_back(id);
    return out;
  }

 private:
  bool is_new(model::Offset offset) {
    if (offset <= seen_) return false;
    seen_ = offset;
    return fresh_ = true;
  }
  void inactive(model::Offset offset, NodeId broker, std::optional<bool> fenced, std::optional<bool> stopping) {
    if (!is_new(offset)) return;
    auto& state = brokers_[broker];
    if (fenced) state.first = *fenced;
    if (stopping) state.second = *stopping;
    // A late heartbeat may unfence a broker that has stopped; what it is unfenced for is to lead
    // (handleBrokerUnfenced).
    if (fenced && !*fenced) state.second = false;
    for (const auto& [tp, p] : partitions_)
      if (holds(p.isr, broker)) touched_.insert(tp);
  }

  std::map<NodeId, std::pair<bool, bool>> brokers_;  // fenced, in controlled shutdown
  model::PartitionTable<State> partitions_;
  std::set<model::TopicId> deleted_;
  std::set<model::TopicPartition> touched_;
  model::Offset seen_;
  bool fresh_ = false, judged_ = false;
};

std::vector<std::uint16_t> kinds_of_commits() {
  return kinds_of<State, model::BrokerRegistered, model::BrokerFenced, model::BrokerUnfenced,
                  model::BrokerInControlledShutdown, model::TopicDeleted, model::MetadataApplied>();
}

struct FencedBrokerLeadsNothing : PropertyOf<FencedBrokerLeadsNothing> {
  static constexpr const char* kName = "fenced-broker-leads-nothing";
  static constexpr const char* kMeaning =
      "After each metadata batch every leader and every member of an ISR is active (registered, unfenced, not shutting "
      "down), unless it is the last member and nobody leads; who is elected was in the ISR or the ELR, unless the "
      "leader "
      "is RECOVERING.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of_commits(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* f = std::get_if<State>(&fact)) check_election(*f, context);
    if (!committed_.on_fact(fact)) return;
    for (const model::TopicPartition tp : committed_.touched())
      if (const State* p = committed_.partition(tp)) check(*p, context);
  }

 private:
  void check_election(const State& f, const FactContext& context) {
    const State* before = committed_.partition(f.partition);
    if (!before || f.partition_epoch <= before->partition_epoch || !f.leader_changed || !f.leader.present()) return;
    if (holds(before->isr, f.leader) || holds(before->elr, f.leader)) return;
    // The change that completes a reassignment may bring its leader in; one that is cancelled may make its first
    // replica in sync by decree.
    const bool ends = (!before->adding.empty() || !before->removing.empty()) && f.adding.empty() && f.removing.empty();
    if (f.leader_recovery_state == model::LeaderRecoveryState::RECOVERING || ends) return;
    violate_at(f.partition, -1, context, "leader was not eligible",
               fmt::format("broker {} was elected leader of {} in epoch {} as if cleanly; the ISR was {}, the ELR {}",
                           f.leader.value, text_of(f.partition), f.leader_epoch.value, text_of(before->isr),
                           text_of(before->elr)));
  }
  void check(const State& p, const FactContext& context) {
    met();
    if (p.leader.present() && !committed_.active(p.leader))
      violate_at(p.partition, -1, context, "inactive leader",
                 fmt::format("broker {} leads {} in epoch {} but is fenced or shutting down", p.leader.value,
                             text_of(p.partition), p.leader_epoch.value));
    if (p.isr.size() == 1 && !p.leader.present()) return;
    for (const NodeId id : p.isr)
      if (id != p.leader && !committed_.active(id))
        violate_at(p.partition, -1, context, "inactive ISR member",
                   fmt::format("broker {} is in the ISR {} of {} but is fenced or shutting down", id.value,
                               text_of(p.isr), text_of(p.partition)));
  }
  Committed committed_;
};

struct ElrIsEligible : PropertyOf<ElrIsEligible> {
  static constexpr const char* kName = "elr-is-eligible";
  static constexpr const char* kMeaning =
      "ISR and ELR are disjoint and among the replicas; the ELR is empty unless the ISR is below min.insync.replicas; "
      "and whoever is in them holds everything committed, unless its disk lost it and it has not registered since.";
  std::vector<std::uint16_t> kinds() const override {
    auto kinds = kinds_of_commits();
    for (const auto kind : kinds_of<model::UnsyncedDataLost, model::LogLoaded, model::BecameLeader>())
      kinds.push_back(kind);
    return kinds;
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* f = std::get_if<model::UnsyncedDataLost>(&fact)) {
      lost_.insert({context.node, f->partition});
    } else if (const auto* f = std::get_if<model::LogLoaded>(&fact)) {
      if (shadow.logs.cut_at_rot(context.node, f->partition)) lost_.insert({context.node, f->partition});
    } else if (const auto* f = std::get_if<model::BecameLeader>(&fact)) {
      if (auto it = unclean_.find(f->partition); it != unclean_.end() && f->leader_epoch >= it->second)
        unclean_.erase(it);
    } else if (const auto* f = std::get_if<State>(&fact); f && f->unclean) {
      unclean_[f->partition] = f->leader_epoch;
    } else if (const auto* f = std::get_if<model::BrokerRegistered>(&fact); f && shadow.eligible_leader_replicas) {
      // Whatever it lost, the controller has to know from now on.
      lost_.erase(lost_.lower_bound({f->broker, model::TopicPartition{}}),
                  lost_.lower_bound({f->broker + 1, model::TopicPartition{}}));
    }
    if (!committed_.on_fact(fact)) return;
    for (const model::TopicPartition tp : committed_.touched())
      if (const State* p = committed_.partition(tp)) check(*p, context, shadow);
  }

 private:
  void check(const State& p, const FactContext& context, const Shadow& shadow) {
    met();
    const auto say = [&](const char* reason, const std::string& what) {
      violate_at(p.partition, -1, context, reason,
                 fmt::format("{}: {}; replicas {}, ISR {}, ELR {}, min.insync.replicas {}", text_of(p.partition), what,
                             text_of(p.replicas), text_of(p.isr), text_of(p.elr), p.min_isr));
    };
    const auto is_replica = [&](NodeId id) { return holds(p.replicas, id); };
    if (std::any_of(p.elr.begin(), p.elr.end(), [&](NodeId id) { return holds(p.isr, id); }))
      say("ISR and ELR overlap", "a replica is in both");
    if (!std::all_of(p.elr.begin(), p.elr.end(), is_replica))
      say("ELR outside the replicas", "no replica is in the ELR");
    if (!std::all_of(p.isr.begin(), p.isr.end(), is_replica))
      say("ISR outside the replicas", "no replica is in the ISR");
    const auto enough = std::min<std::size_t>(static_cast<std::size_t>(p.min_isr), p.replicas.size());
    if (!p.elr.empty() && p.isr.size() >= enough) say("ELR with a full enough ISR", "the ELR is not empty");
    if (unclean_.contains(p.partition)) return;  // its leader has not begun, and decides what was committed
    for (const Nodes* nodes : {&p.isr, &p.elr})
      for (const NodeId id : *nodes) {
        if (lost_.contains({id, p.partition})) continue;
        const auto missing = shadow.logs.first_missing(id, p.partition, shadow.logs.leader_removed_to(p.partition));
        const Entry* lacks = shadow.logs.committed(p.partition, missing);
        if (lacks && !shadow.ledger.added_behind_the_leader(p.partition, id, lacks->epoch))
          violate_at(p.partition, missing, context, nodes == &p.isr ? "ISR member lacks data" : "ELR member lacks data",
                     fmt::format("broker {} is in the {} of {} without the committed record at offset {}", id.value,
                                 nodes == &p.isr ? "ISR" : "ELR", text_of(p.partition), missing));
      }
  }
  Committed committed_;
  std::set<std::pair<NodeId, model::TopicPartition>> lost_;
  model::PartitionTable<model::LeaderEpoch> unclean_;  // elected so, and not begun
};

struct ReassignmentCompletesInSync : PropertyOf<ReassignmentCompletesInSync> {
  static constexpr const char* kName = "reassignment-completes-in-sync";
  static constexpr const char* kMeaning =
      "A reassignment is complete only when every replica of its target is in the ISR.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<State>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    const auto& now = std::get<State>(fact);
    const auto [it, created] = last_.try_emplace(now.partition, now);
    if (created || now.partition_epoch <= it->second.partition_epoch) return;
    const State before = std::exchange(it->second, now);
    if ((before.adding.empty() && before.removing.empty()) || !now.adding.empty() || !now.removing.empty()) return;
    Nodes target;  // a cancelled one ends with the others
    for (const NodeId id : before.replicas)
      if (!holds(before.removing, id)) target.push_back(id);
    if (now.replicas != target) return;
    met();
    if (!std::all_of(target.begin(), target.end(), [&](NodeId id) { return holds(now.isr, id); }))
      violate_at(now.partition, -1, context, "reassignment complete too early",
                 fmt::format("the reassignment of {} to {} is complete with the ISR {}", text_of(now.partition),
                             text_of(target), text_of(now.isr)));
  }

 private:
  model::PartitionTable<State> last_;
};

struct ShutdownGrantedWhenKnown : PropertyOf<ShutdownGrantedWhenKnown> {
  static constexpr const char* kName = "shutdown-granted-when-known";
  static constexpr const char* kMeaning =
      "A broker in controlled shutdown is let go only when every active broker has applied the metadata that moved its "
      "leaderships.";
  std::vector<std::uint16_t> kinds() const override {
    auto kinds = kinds_of_commits();
    kinds.push_back(model::fact_kind<model::ShutdownGranted>());
    kinds.push_back(model::fact_kind<model::QuorumLeaderElected>());
    return kinds;
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    committed_.on_fact(fact);
    if (const auto* applied = std::get_if<model::MetadataApplied>(&fact)) {
      auto& at = applied_[context.node];
      at = std::max(at, applied->next_offset);
    }
    // What it granted in an earlier epoch and did not commit is forgotten, though it leads again.
    if (std::holds_alternative<model::QuorumLeaderElected>(fact))
      std::erase_if(behind_, [&](const auto& grant) { return grant.second.first == context.node; });
    if (const auto* granted = std::get_if<model::ShutdownGranted>(&fact)) {
      met();
      Nodes behind;
      for (const NodeId id : committed_.active_brokers())
        if (id != granted->broker && applied_[id] <= granted->shutdown_offset) behind.push_back(id);
      behind_[granted->broker] = {context.node, behind};
    }
    // The answer waits for the record that fences the broker; who is fenced by then did not count. A controller that is
    // deposed before answers nothing.
    const auto* fenced = std::get_if<model::BrokerFenced>(&fact);
    const auto waited = fenced ? behind_.find(fenced->broker) : behind_.end();
    if (waited == behind_.end()) return;
    for (const NodeId id : waited->second.second)
      if (committed_.active(id) && waited->second.first == context.node)
        violate(context, "shutdown granted too early",
                fmt::format("broker {} was let go while broker {} had applied only what is before {}",
                            fenced->broker.value, id.value, applied_[id].value));
    behind_.erase(waited);
  }

 private:
  Committed committed_;
  std::map<NodeId, model::Offset> applied_;
  std::map<NodeId, std::pair<NodeId, Nodes>> behind_;  // of those that were let go: by whom, and who did not know
};

}  // namespace

void add_controller_properties(PropertyList& list) {
  list.push_back(std::make_unique<FencedBrokerLeadsNothing>());
  list.push_back(std::make_unique<ElrIsEligible>());
  list.push_back(std::make_unique<ReassignmentCompletesInSync>());
  list.push_back(std::make_unique<ShutdownGrantedWhenKnown>());
}

}  // namespace ktrial::properties
