// Facts are what every other property lives on. Here what is believed from them is compared with what the nodes hold.
//
// Verifies: of each replica its log (offsets, epochs, records, broken batches), its high watermark, role, leader epoch,
// leader, ISR and proposed ISR, and what it knows of idempotent producers; of each broker and controller how far it has
// applied the metadata, and what the committed records up to there say of partitions, topics and brokers; of each voter
// the end of its log, its high watermark and its role; of each coordinator its groups and committed offsets; of each
// member of a group what it owns. Not verified: facts that leave no state behind in a node, or none that these views
// show (docs/properties.md lists them), and nodes that are down.
// A fact that is missing or false is seen as long as what it was about lasts; so this looks at the end and at a few
// moments before. Work follows the number of partitions, at the end what they hold.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "properties/group_members.h"
#include "properties/ledger.h"
#include "properties/nodes_view.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

using model::ReplicaRole;
using model::TopicPartition;

// So much of a log's end is compared before the end of the run.
constexpr std::int64_t kTail = 100;

std::string role_text(ReplicaRole role) {
  return role == ReplicaRole::leader ? "leader" : role == ReplicaRole::follower ? "follower" : "neither";
}

class FactsAreTrue : public PropertyOf<FactsAreTrue> {
 public:
  static constexpr const char* kName = "facts-are-true";
  static constexpr const char* kMeaning =
      "What the nodes say is what they hold: logs, roles, high watermarks, ISRs, producer state, metadata, groups and "
      "who owns what, at the end of a run and at drawn moments in it.";

  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::BecameLeader, model::BecameFollower, model::IsrChanged, model::IsrProposed,
                    model::ReplicaDeleted, model::ReplicaOffline, model::BrokerStarted, model::PartitionStateCommitted,
                    model::TopicCreated, model::TopicDeleted, model::BrokerRegistered, model::BrokerFenced,
                    model::BrokerUnfenced, model::BrokerInControlledShutdown, model::MetadataApplied,
                    model::MetadataAppended, model::MetadataTruncated, model::MetadataLoaded, model::MetadataCommitted,
                    model::QuorumLeaderElected, model::QuorumBecameFollower, model::QuorumResigned,
                    model::GroupStateChanged, model::PartitionsAssigned, model::PartitionsRevoked>();
  }

  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault)) members_.erase(fault.node);
  }

  void on_fact(const model::Fact& fact, const FactContext& c, const Shadow&) override {
    if (!replica_fact(fact, c.node) && !committed_fact(fact) && !metadata_fact(fact, c.node)) group_fact(fact, c.node);
  }

  void on_look(const NodesView& view, const FactContext& c, const Shadow& shadow) override {
    if (!violations().empty()) return;  // one that is believed wrongly has many consequences
    if (const auto* over = shadow.logs.overwritten())
      differ(over->partition, at(c, over->broker), "log end",
             fmt::format("appended at offset {} and never said that it had truncated its log to there", over->offset),
             over->offset);
    for (const HeldReplica& held : view.replicas) replica(held, view.depth, at(c, held.broker), shadow);
    for (const auto& [node, replicas] : replicas_) missing_replicas(view, node, replicas, at(c, node));
    for (const HeldMetadata& held : view.metadata) metadata(held, at(c, held.node));
    for (const HeldQuorum& held : view.quorum) quorum(held, at(c, held.voter));
    for (const HeldGroups& held : view.groups) groups(held, at(c, held.broker), shadow);
    for (const HeldMember& held : view.members) member(held, at(c, held.client));
  }

 private:
  struct Replica {
    ReplicaRole role = ReplicaRole::none;
    model::LeaderEpoch leader_epoch;
    NodeId leader;
    std::vector<NodeId> isr, proposed;
  };
  struct Committed {  // by the record at that offset of the metadata log
    model::Offset offset;
    model::PartitionStateCommitted state;
  };
  struct Broker {
    model::Offset offset;
    model::BrokerEpoch epoch;
    bool fenced = true, in_controlled_shutdown = false;
  };
  struct Voter {
    ReplicaRole role = ReplicaRole::none;
    model::QuorumEpoch epoch;
    NodeId leader;
    model::Offset log_end{0}, high_watermark{0};
    bool overwrites = false;  // it appended where it had said that its log does not end
  };
  struct Group {
    model::GenerationId generation;
    model::GroupState state = model::GroupState::Dead;
    std::int32_t members = 0;
  };

  static FactContext at(const FactContext& c, NodeId node) { return {c.at, node, c.event}; }

  // ---- what is believed

  bool replica_fact(const model::Fact& fact, NodeId node) {
    if (const auto* l = std::get_if<model::BecameLeader>(&fact))
      replicas_[node][l->partition] = {ReplicaRole::leader, l->leader_epoch, node, l->isr, {}};
    else if (const auto* f = std::get_if<model::BecameFollower>(&fact))
      replicas_[node][f->partition] = {ReplicaRole::follower, f->leader_epoch, f->leader, {}, {}};
    else if (const auto* i = std::get_if<model::IsrChanged>(&fact))
      replicas_[node][i->partition].isr = i->isr;
    else if (const auto* p = std::get_if<model::IsrProposed>(&fact))
      replicas_[node][p->partition].proposed = p->isr;
    else if (const auto* d = std::get_if<model::ReplicaDeleted>(&fact))
      replicas_[node].erase(d->partition);
    else if (const auto* o = std::get_if<model::ReplicaOffline>(&fact))
      replicas_[node].erase(o->partition);
    else
      return false;
    return true;
  }

  bool committed_fact(const model::Fact& fact) {
    if (const auto* p = std::get_if<model::PartitionStateCommitted>(&fact)) {
      // A controller that takes over tells again what was committed before.
      Committed& known = partitions_[p->partition];
      if (p->offset >= known.offset) known = {p->offset, *p};
    } else if (const auto* t = std::get_if<model::TopicCreated>(&fact)) {
      topics_[t->id] = t->name;
    } else if (const auto* gone = std::get_if<model::TopicDeleted>(&fact)) {
      deleted_.insert(gone->id);
    } else if (const auto* r = std::get_if<model::BrokerRegistered>(&fact)) {
      if (Broker& known = brokers_[r->broker]; r->offset >= known.offset) known = {r->offset, r->broker_epoch};
    } else if (const auto* f = std::get_if<model::BrokerFenced>(&fact)) {
      if (Broker* known = newer(f->broker, f->offset)) known->fenced = true;
    } else if (const auto* u = std::get_if<model::BrokerUnfenced>(&fact)) {
      if (Broker* known = newer(u->broker, u->offset)) known->fenced = false;
    } else if (const auto* s = std::get_if<model::BrokerInControlledShutdown>(&fact)) {
      if (Broker* known = newer(s->broker, s->offset)) known->in_controlled_shutdown = true;
    } else {
      return false;
    }
    return true;
  }

  Broker* newer(NodeId broker, model::Offset offset) {
    Broker& known = brokers_[broker];
    if (offset < known.offset) return nullptr;
    known.offset = offset;
    return &known;
  }

  bool metadata_fact(const model::Fact& fact, NodeId node) {
    if (const auto* a = std::get_if<model::MetadataApplied>(&fact)) {
      applied_[node] = a->next_offset;
    } else if (std::holds_alternative<model::BrokerStarted>(fact)) {
      applied_[node] = model::kFirstOffset;
      replicas_[node].clear();
      groups_.erase(groups_.lower_bound({node, {}}), groups_.lower_bound({NodeId(node.value + 1), {}}));
    } else if (const auto* appended = std::get_if<model::MetadataAppended>(&fact)) {
      Voter& known = voters_[node];
      known.overwrites = known.overwrites || appended->batch.base_offset != known.log_end;
      known.log_end = appended->batch.next_offset();
    } else if (const auto* cut = std::get_if<model::MetadataTruncated>(&fact)) {
      voters_[node].log_end = cut->end_offset;
    } else if (const auto* l = std::get_if<model::MetadataLoaded>(&fact)) {
      voters_[node] = Voter();
      voters_[node].log_end = l->end_offset;
      applied_[node] = model::kFirstOffset;
    } else if (const auto* h = std::get_if<model::MetadataCommitted>(&fact)) {
      voters_[node].high_watermark = h->high_watermark;
    } else if (const auto* e = std::get_if<model::QuorumLeaderElected>(&fact)) {
      role(node, ReplicaRole::leader, e->epoch, node);
    } else if (const auto* f = std::get_if<model::QuorumBecameFollower>(&fact)) {
      role(node, ReplicaRole::follower, f->epoch, f->leader);
    } else if (const auto* r = std::get_if<model::QuorumResigned>(&fact)) {
      role(node, ReplicaRole::none, r->epoch, {});
    } else {
      return false;
    }
    return true;
  }

  void role(NodeId voter, ReplicaRole role, model::QuorumEpoch epoch, NodeId leader) {
    Voter& known = voters_[voter];
    known.role = role;
    known.epoch = epoch;
    known.leader = leader;
  }

  void group_fact(const model::Fact& fact, NodeId node) {
    if (const auto* g = std::get_if<model::GroupStateChanged>(&fact)) {
      groups_[{node, g->group}] = {g->generation, static_cast<model::GroupState>(g->state), g->members};
    } else if (const auto* a = std::get_if<model::PartitionsAssigned>(&fact)) {
      members_[node] = {a->partitions.begin(), a->partitions.end()};
    } else if (const auto* r = std::get_if<model::PartitionsRevoked>(&fact)) {
      for (const TopicPartition tp : r->partitions) members_[node].erase(tp);
    }
  }

  // ---- what is held

  void replica(const HeldReplica& held, NodesView::Depth depth, const FactContext& c, const Shadow& shadow) {
    met();
    const model::Partition& p = *held.partition;
    const Replica& told = replicas_[c.node].try_emplace(p.id()).first->second;
    if (p.role() != told.role)
      return differ(p.id(), c, "role", fmt::format("is {} and said {}", role_text(p.role()), role_text(told.role)));
    if (p.role() != ReplicaRole::none && (p.leader_epoch() != told.leader_epoch || p.leader() != told.leader))
      return differ(p.id(), c, "leader epoch",
                    fmt::format("goes by leader {} in leader epoch {} and said {} in {}", p.leader().value,
                                p.leader_epoch().value, told.leader.value, told.leader_epoch.value));
    if (p.role() == ReplicaRole::leader && p.isr().committed != told.isr)
      return differ(p.id(), c, "ISR",
                    fmt::format("has the ISR {} and said {}", text_of(p.isr().committed), text_of(told.isr)));
    if (p.isr().in_flight() && *p.isr().proposed != told.proposed)
      return differ(p.id(), c, "proposed ISR",
                    fmt::format("proposes the ISR {} and said {}", text_of(*p.isr().proposed), text_of(told.proposed)));
    if (log(p, depth, c, shadow)) producers(p, c, shadow.producers);
  }

  // Replicas that a broker said it has.
  void missing_replicas(const NodesView& view, NodeId node, const std::map<TopicPartition, Replica>& told,
                        const FactContext& c) {
    const auto runs = [&](const HeldMetadata& held) { return held.node == node; };
    if (std::none_of(view.metadata.begin(), view.metadata.end(), runs)) return;
    for (const auto& [tp, replica] : told) {
      const std::pair wanted(node, tp);
      const auto place = [](const HeldReplica& held) { return std::pair(held.broker, held.partition->id()); };
      const auto held = std::ranges::lower_bound(view.replicas, wanted, {}, place);
      if (replica.role != ReplicaRole::none && (held == view.replicas.end() || place(*held) != wanted))
        differ(tp, c, "role", fmt::format("does not hold the replica and said that it is {}", role_text(replica.role)));
    }
  }

  bool log(const model::Partition& p, NodesView::Depth depth, const FactContext& c, const Shadow& shadow) {
    const TopicPartition tp = p.id();
    const model::Log& log = p.log();
    const ReplicaLogs& logs = shadow.logs;
    const auto numbers = [&](const char* what, model::Offset holds, std::int64_t told) {
      if (holds.value == told) return true;
      differ(tp, c, what, fmt::format("has the {} {} and said {}", what, holds.value, told));
      return false;
    };
    if (!numbers("log start", log.log_start(), logs.start(c.node, tp))) return false;
    // Behind its last record a log may end in a gap that compaction left to it.
    const std::int64_t told_end = std::max(logs.end(c.node, tp), logs.start(c.node, tp));
    if (!numbers("log end", log.log_end(), told_end)) return false;
    if (!numbers("high watermark", log.high_watermark(), logs.high_watermark(c.node, tp).value)) return false;
    const std::int64_t first = std::max(log.log_start().value, log.local_log_start().value);
    const std::int64_t from = depth == NodesView::Depth::whole ? first : std::max(first, log.log_end().value - kTail);
    const ReplicaLogs::One told = logs.log(c.node, tp);
    auto batch = std::partition_point(log.batches().begin(), log.batches().end(),
                                      [from](const model::RecordBatch& b) { return b.next_offset().value <= from; });
    std::int64_t next = from;
    for (; batch != log.batches().end(); ++batch) {
      if (batch->base_offset > log.log_end()) break;
      if (!gap(tp, next, batch->base_offset.value, c, told)) return false;
      if ((batch->checksum == model::Checksum::broken) != told.corrupted(batch->base_offset.value)) {
        differ(tp, c, "batch",
               fmt::format("holds the batch at {} and said otherwise whether it is broken", batch->base_offset.value));
        return false;
      }
      for (std::int32_t i = 0; i < batch->record_count; ++i)
        if (const std::int64_t o = batch->base_offset.value + i; o >= from && !record(tp, *batch, i, c, told))
          return false;
      next = std::max(next, batch->next_offset().value);
    }
    return gap(tp, next, log.log_end().value, c, told);
  }

  bool gap(TopicPartition tp, std::int64_t from, std::int64_t to, const FactContext& c, ReplicaLogs::One log) {
    for (; from < to; ++from)
      if (log.at(from)) {
        differ(tp, c, "record", fmt::format("does not hold a record at {} and said that it does", from), from);
        return false;
      }
    return true;
  }

  bool record(TopicPartition tp, const model::RecordBatch& batch, std::int32_t i, const FactContext& c,
              ReplicaLogs::One log) {
    const std::int64_t offset = batch.base_offset.value + i;
    const model::Record* record = batch.records ? &(*batch.records)[static_cast<std::size_t>(i)] : nullptr;
    if (record && record->state == model::RecordState::compacted) return gap(tp, offset, offset + 1, c, log);
    const Entry* told = log.at(offset);
    const Entry holds = record ? Entry::of(batch.partition_leader_epoch, *record)
                               : Entry(batch.partition_leader_epoch, model::ValueId());
    if (told && *told == holds) return true;
    differ(tp, c, "record",
           fmt::format("holds record {} of leader epoch {} at {} and said {}", model::value_text(holds.value),
                       holds.epoch.value, offset,
                       told ? fmt::format("{} of {}", model::value_text(told->value), told->epoch.value) : "none"),
           offset);
    return false;
  }

  void producers(const model::Partition& p, const FactContext& c, const ProducerLogs& logs) {
    const auto* told = logs.told(c.node, p.id());
    const model::ProducerStateManager::Entries& held = p.log().producers().entries();
    if (!told) {
      if (!held.empty()) differ(p.id(), c, "producer state", "knows producers and never said so");
      return;
    }
    const auto same = [](const auto& mine, const auto& said) {
      return mine.first == said.first && ToldProducer::of(mine.second) == said.second;
    };
    if (!std::equal(held.begin(), held.end(), told->begin(), told->end(), same))
      differ(p.id(), c, "producer state",
             fmt::format("knows other batches of producers than it said ({} producers, said {})", held.size(),
                         told->size()));
  }

  void metadata(const HeldMetadata& held, const FactContext& c) {
    met();
    const model::MetadataImage& image = *held.image;
    const model::Offset told = applied_.contains(c.node) ? applied_.at(c.node) : model::kFirstOffset;
    if (image.next_offset() != told)
      return (void)differ(
          c, "applied metadata",
          fmt::format("has applied the metadata up to {} and said {}", image.next_offset().value, told.value));
    for (const auto& [id, name] : topics_) {
      const auto first = partitions_.find({id, model::PartitionIndex{0}});
      if (first != partitions_.end() && first->second.offset < image.next_offset() && !image.topic(id) &&
          !deleted_.contains(id))
        return (void)differ(c, "topic",
                            fmt::format("does not know the topic {}, and no controller told that it is gone", name));
    }
    for (const auto& [id, topic] : image.topics()) {
      if (deleted_.contains(id)) continue;
      const auto name = topics_.find(id);
      if (name == topics_.end() || name->second != topic.name)
        return (void)differ(c, "topic",
                            fmt::format("knows the topic {}, whose creation no controller told", topic.name));
      model::PartitionIndex index{0};
      for (const model::PartitionRegistration& registration : topic.partitions) {
        if (!partition(image, {id, index}, registration, c)) return;
        ++index.value;
      }
    }
    for (const auto& [id, registration] : image.brokers()) {
      const auto known = brokers_.find(id);
      if (known != brokers_.end() && known->second.offset >= image.next_offset()) continue;
      if (known == brokers_.end() || known->second.epoch != registration.epoch ||
          known->second.fenced != registration.fenced ||
          known->second.in_controlled_shutdown != registration.in_controlled_shutdown)
        return (void)differ(c, "broker registration",
                            fmt::format("knows another registration of broker {} than the controllers told", id.value));
    }
  }

  bool partition(const model::MetadataImage& image, TopicPartition tp, const model::PartitionRegistration& held,
                 const FactContext& c) {
    const auto known = partitions_.find(tp);
    if (known != partitions_.end() && known->second.offset >= image.next_offset()) return true;  // is behind
    const auto of = [](const auto& p) {
      return std::tie(p.leader, p.leader_epoch, p.partition_epoch, p.replicas, p.isr, p.elr, p.last_known_elr, p.adding,
                      p.removing, p.leader_recovery_state);
    };
    if (known != partitions_.end() && of(known->second.state) == of(held)) return true;
    differ(tp, c, "committed partition state",
           fmt::format("knows leader {} in leader epoch {}, ISR {} at partition epoch {}; the controllers told {}",
                       held.leader.value, held.leader_epoch.value, text_of(held.isr), held.partition_epoch.value,
                       known == partitions_.end()
                           ? "nothing"
                           : fmt::format("{}, {}, {}, {}", known->second.state.leader.value,
                                         known->second.state.leader_epoch.value, text_of(known->second.state.isr),
                                         known->second.state.partition_epoch.value)));
    return false;
  }

  // That a voter leads or follows nobody any more, it does not say.
  void quorum(const HeldQuorum& held, const FactContext& c) {
    met();
    const model::QuorumNode& state = *held.state;
    const Voter& told = voters_[c.node];
    if (held.disk->end_offset() != told.log_end || told.overwrites)
      return (void)differ(
          c, "metadata log end",
          fmt::format("has the metadata log end {} and said {}", held.disk->end_offset().value, told.log_end.value));
    if (state.high_watermark() != told.high_watermark)
      return (void)differ(c, "quorum high watermark",
                          fmt::format("has the quorum high watermark {} and said {}", state.high_watermark().value,
                                      told.high_watermark.value));
    using Role = model::QuorumNode::Role;
    const ReplicaRole role = state.role() == Role::Leader     ? ReplicaRole::leader
                             : state.role() == Role::Follower ? ReplicaRole::follower
                                                              : ReplicaRole::none;
    if (role != ReplicaRole::none &&
        (role != told.role || state.epoch() != told.epoch || state.leader() != told.leader))
      differ(c, "quorum role",
             fmt::format("is {} in quorum epoch {} and said {} in {}", role_text(role), state.epoch().value,
                         role_text(told.role), told.epoch.value));
  }

  void groups(const HeldGroups& held, const FactContext& c, const Shadow& shadow) {
    for (auto it = groups_.lower_bound({c.node, {}}); it != groups_.end() && it->first.first == c.node; ++it) {
      const auto& [generation, state, members] = it->second;
      const model::ClassicGroup* group = held.coordinator->find(it->first.second);
      if (state == model::GroupState::Dead && !group) continue;
      met();
      // Who comes and goes while the group prepares to rebalance is counted when it ends.
      if (!group || group->state() != state || group->generation() != generation ||
          (state != model::GroupState::PreparingRebalance &&
           static_cast<std::int32_t>(group->members().size()) != members))
        return (void)differ(c, "group",
                            fmt::format("coordinates group {} in another state than it said", it->first.second));
    }
    // One that only gave out a member id has not changed yet.
    held.coordinator->each_group([&](const model::ClassicGroup& group) {
      if (!group.members().empty() && !groups_.contains({c.node, group.id()}))
        differ(c, "group", fmt::format("coordinates group {} and never said so", group.id()));
    });
    for (const auto& [key, history] : shadow.offsets.all_commits()) committed_offset(key, history, held, c, shadow);
  }

  // What a coordinator holds is what its log holds, as far as it was answered; a newer one may be on its way.
  void committed_offset(const OffsetsLog::Key& key, const OffsetsLog::History<StoredCommit>& history,
                        const HeldGroups& held, const FactContext& c, const Shadow& shadow) {
    const auto leader = replicas_[c.node].find(history.stored_in);
    if (leader == replicas_[c.node].end() || leader->second.role != ReplicaRole::leader ||
        leader->second.leader_epoch != shadow.logs.leader_epoch(history.stored_in) ||
        !held.coordinator->is_active(history.stored_in.partition))
      return;
    const model::Offset holds = held.coordinator->committed(key.first, key.second);
    for (auto record = history.records.rbegin(); record != history.records.rend(); ++record) {
      if (!record->held) continue;
      if (record->offset == holds) return met();
      if (record->answered != 0)
        return differ(key.second, c, "committed offset",
                      fmt::format("holds the committed offset {} of group {} and answered {}", holds.value, key.first,
                                  record->offset.value));
    }
  }

  void member(const HeldMember& held, const FactContext& c) {
    met();
    const std::set<TopicPartition> owns(held.owned->begin(), held.owned->end());
    if (owns != members_[c.node])
      differ(c, "assignment",
             fmt::format("owns {} partitions and said {} others", owns.size(), members_[c.node].size()));
  }

  Violation& differ(const FactContext& c, const char* what, const std::string& text) {
    return violate(c, fmt::format("a fact is missing or false: {}", what),
                   fmt::format("node {} {}", c.node.value, text));
  }
  void differ(TopicPartition tp, const FactContext& c, const char* what, const std::string& text,
              std::int64_t offset = -1) {
    Violation& v = differ(c, what, fmt::format("{} ({})", text, text_of(tp)));
    v.partition = tp;
    v.offset = offset;
  }

  std::map<NodeId, std::map<TopicPartition, Replica>> replicas_;
  model::PartitionTable<Committed> partitions_;
  std::map<model::TopicId, std::string> topics_;
  std::set<model::TopicId> deleted_;
  std::map<NodeId, Broker> brokers_;
  std::map<NodeId, model::Offset> applied_;
  std::map<NodeId, Voter> voters_;
  std::map<std::pair<NodeId, model::GroupId>, Group> groups_;
  std::map<NodeId, std::set<TopicPartition>> members_;
};

}  // namespace

void add_facts_are_true(PropertyList& list) { list.push_back(std::make_unique<FactsAreTrue>()); }

}  // namespace ktrial::properties
