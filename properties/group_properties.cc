// Properties of the members of a consumer group: what they own and process.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "model/group/classic_group.h"
#include "properties/group_members.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

// A member acts on its own view: one that was paused may own a partition in an old generation while a newer generation
// has another owner. That is Kafka's zombie window, and no violation. One generation has one assignment, so nobody else
// may be assigned the partition in it, even later; a generation number comes back only if the record of the generation
// was lost, and then the loss ledger must permit that.
struct OneOwnerPerGeneration : PropertyOf<OneOwnerPerGeneration> {
  static constexpr const char* kName = "one-owner-per-generation";
  static constexpr const char* kMeaning =
      "In one generation of a group a partition has at most one owner, and a member processes only records of what it "
      "owns in its own view.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::PartitionsAssigned, model::PartitionsRevoked, model::RecordProcessed, model::BecameLeader>();
  }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault)) owned_.give_up_all(fault.node, forget);
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* record = std::get_if<model::RecordProcessed>(&fact)) {
      met();
      const model::GroupId* group = owned_.find(context.node, record->partition);
      if (!group || *group != record->group)
        violate(context, "processed without owning",
                fmt::format("client {} processed offset {} of {}, which it does not own in group {}",
                            context.node.value, record->offset.value, text_of(record->partition), record->group));
    } else if (const auto* assigned = std::get_if<model::PartitionsAssigned>(&fact)) {
      owned_.give_up_all(context.node, forget);
      for (const model::TopicPartition tp : assigned->partitions) assign(*assigned, tp, context);
    } else if (const auto* revoked = std::get_if<model::PartitionsRevoked>(&fact)) {
      owned_.give_up(context.node, revoked->partitions, forget);
    } else {
      const auto& lost = shadow.offsets.lost();
      for (; next_lost_ < lost.size(); ++next_lost_)
        if (lost[next_lost_].generation.present() && !lost[next_lost_].permitted_by.empty())
          forget_generation(lost[next_lost_].group, lost[next_lost_].generation);
    }
  }

 private:
  void assign(const model::PartitionsAssigned& assigned, model::TopicPartition tp, const FactContext& context) {
    met();
    owned_.own(context.node, tp, assigned.group);
    const auto [it, fresh] = owners_.try_emplace({assigned.group, assigned.generation, tp}, context.node);
    if (!fresh && it->second != context.node)
      violate(context, "two owners in a generation",
              fmt::format("clients {} and {} were both assigned {} in generation {} of group {}", it->second.value,
                          context.node.value, text_of(tp), assigned.generation.value, assigned.group));
  }
  void forget_generation(const model::GroupId& group, model::GenerationId generation) {
    auto it = owners_.lower_bound({group, generation, model::TopicPartition{}});
    while (it != owners_.end() && std::get<0>(it->first) == group && std::get<1>(it->first) == generation)
      it = owners_.erase(it);
  }
  Owned<model::GroupId> owned_;
  std::map<std::tuple<model::GroupId, model::GenerationId, model::TopicPartition>, NodeId> owners_;
  std::size_t next_lost_ = 0;
};

// A member begins at the committed offset that it fetched, or where it was reset to. A reset says nothing of what
// poll() had returned before: those records are processed first.
struct ProcessedInOrder : PropertyOf<ProcessedInOrder> {
  static constexpr const char* kName = "processed-in-order";
  static constexpr const char* kMeaning =
      "From the assignment of a partition until its revocation a member processes every offset once, in order, from "
      "the committed offset on or from where its position was reset to; it passes only what compaction may remove.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::PartitionsAssigned, model::PartitionsRevoked, model::CommittedOffsetFetched,
                    model::ConsumerPositionReset, model::RecordProcessed>();
  }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault)) owned_.give_up_all(fault.node, forget);
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* record = std::get_if<model::RecordProcessed>(&fact)) {
      if (Position* p = owned_.find(context.node, record->partition)) processed(*p, *record, context, shadow.logs);
    } else if (const auto* reset = std::get_if<model::ConsumerPositionReset>(&fact)) {
      Position* p = owned_.find(context.node, reset->partition);
      if (p && !p->next.present())
        p->next = reset->to;
      else if (p && std::ranges::find(p->resets, reset->to) == p->resets.end())
        p->resets.push_back(reset->to);
    } else if (const auto* fetched = std::get_if<model::CommittedOffsetFetched>(&fact)) {
      if (Position* p = owned_.find(context.node, fetched->partition)) *p = {fetched->offset, {}};
    } else if (const auto* assigned = std::get_if<model::PartitionsAssigned>(&fact)) {
      owned_.give_up_all(context.node, forget);
      for (const model::TopicPartition tp : assigned->partitions) owned_.own(context.node, tp, {});
    } else {
      owned_.give_up(context.node, std::get<model::PartitionsRevoked>(fact).partitions, forget);
    }
  }

 private:
  struct Position {
    model::Offset next;
    std::vector<model::Offset> resets;  // where it may go on instead, oldest first
  };
  void processed(Position& p, const model::RecordProcessed& record, const FactContext& context,
                 const ReplicaLogs& logs) {
    met();
    const auto leads_here = [&](model::Offset from) {
      return logs.may_be_passed(record.partition, from.value, record.offset.value);
    };
    if (!p.next.present()) {
      violate(context, "processed without a position",
              fmt::format("client {} processed offset {} of {} without a committed offset or a reset",
                          context.node.value, record.offset.value, text_of(record.partition)));
    } else if (!leads_here(p.next)) {
      const auto reset = std::ranges::find_if(p.resets, leads_here);
      if (reset == p.resets.end())
        violate(context, "gap or repeat",
                fmt::format("client {} was to process offset {} of {}, and processed offset {}", context.node.value,
                            p.next.value, text_of(record.partition), record.offset.value));
      else
        p.resets.erase(p.resets.begin(), std::next(reset));
    }
    p.next = record.offset + 1;
  }
  Owned<Position> owned_;
};

// How long a group may take after the last fault: 60 s as everything else; and a member that died may be waited for as
// one that has to rejoin while another, new one died, which each take a session timeout; the others rejoin in the poll
// after their next heartbeat.
Nanos recovery_time(const FinishContext::Group& group) {
  constexpr Nanos kRecoveryTime = std::chrono::seconds(60);
  constexpr Nanos kRejoin = std::chrono::seconds(15);
  return std::max(kRecoveryTime, 2 * group.session_timeout + group.longest_poll + kRejoin);
}

// Whether the group is to be judged at the end: it had the time, somebody lives, and no partition waits for its
// replicas.
bool has_recovered(const FinishContext& end, const FinishContext::Group& group) {
  const auto down = [&](NodeId node) { return end.down.contains(node); };
  return end.faults_ended && end.since_quiet >= recovery_time(group) && !std::ranges::all_of(group.members, down) &&
         std::ranges::none_of(end.partitions, [&](const auto& p) { return std::ranges::all_of(p.isr, down); });
}

FactContext at_the_end(const FinishContext& end) {
  return {end.at, NodeId{}, std::numeric_limits<std::uint64_t>::max()};  // after every event
}

// By whichever member, and as often as it likes: Kafka's promise is at least once. Not expected: what was lost (judged
// by loss-is-permitted), what was acknowledged with acks=0 (it has no offset), and what lies below a position that the
// reset policy gave a member: auto.offset.reset=latest skips what was written before a member without a committed
// offset arrived. A record that a commit or a later record has passed is expected at once, others after the recovery
// time.
struct AckedRecordsProcessed : PropertyOf<AckedRecordsProcessed> {
  static constexpr const char* kName = "acked-records-processed";
  static constexpr const char* kMeaning =
      "At the end of a run that was quiet for long enough every acknowledged record of a topic that a group subscribes "
      "to was processed by a member at least once, unless it was lost, compaction might remove it or a reset to the "
      "latest offset skipped it.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::PartitionsAssigned, model::PartitionsRevoked, model::ConsumerPositionReset,
                    model::RecordProcessed>();
  }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault)) owned_.give_up_all(fault.node, forget);
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* record = std::get_if<model::RecordProcessed>(&fact)) {
      seen_[{record->group, record->partition}].add(record->offset.value, record->value);
    } else if (const auto* reset = std::get_if<model::ConsumerPositionReset>(&fact)) {
      const model::GroupId* group = owned_.find(context.node, reset->partition);
      if (!group || reset->truncation) return;
      auto& from = seen_[{*group, reset->partition}].from;
      from = std::max(from, reset->to.value);
    } else if (const auto* assigned = std::get_if<model::PartitionsAssigned>(&fact)) {
      owned_.give_up_all(context.node, forget);
      for (const model::TopicPartition tp : assigned->partitions) owned_.own(context.node, tp, assigned->group);
    } else {
      owned_.give_up(context.node, std::get<model::PartitionsRevoked>(fact).partitions, forget);
    }
  }
  void finish(const FinishContext& end, const Shadow& shadow) override {
    for (const FinishContext::Group& group : end.groups)
      if (has_recovered(end, group))
        for (const model::TopicPartition tp : group.partitions) judge(group, tp, end, shadow);
  }

 private:
  struct Seen {
    std::vector<model::ValueId> values;                       // by offset; the newest one that was processed there
    std::set<std::pair<std::int64_t, model::ValueId>> older;  // others, from before an election took them back
    std::int64_t from = 0;                                    // resets skipped what is below

    void add(std::int64_t offset, model::ValueId value) {
      const auto i = static_cast<std::size_t>(std::max<std::int64_t>(offset, 0));
      if (i >= values.size()) values.resize(i + 1);
      if (values[i].present() && values[i] != value) older.insert({offset, values[i]});
      values[i] = value;
    }
    bool has(std::int64_t offset, model::ValueId value) const {
      const auto i = static_cast<std::size_t>(offset);
      return (i < values.size() && values[i] == value) || older.contains({offset, value});
    }
  };
  static std::int64_t committed(const OffsetsLog::History<StoredCommit>* history) {
    if (history)
      for (auto r = history->records.rbegin(); r != history->records.rend(); ++r)
        if (r->held && r->answered) return r->offset.value;
    return 0;
  }
  void judge(const FinishContext::Group& group, model::TopicPartition tp, const FinishContext& end,
             const Shadow& shadow) {
    static const Seen nothing;
    const auto it = seen_.find({group.group, tp});
    const Seen& seen = it == seen_.end() ? nothing : it->second;
    const std::int64_t passed =
        std::max(static_cast<std::int64_t>(seen.values.size()), committed(shadow.offsets.commits({group.group, tp})));
    const std::pair<const std::int64_t, Acked>* first = nullptr;
    std::int64_t missed = 0;
    for (const auto& record : shadow.ledger.acked(tp)) {
      if (record.first < seen.from || shadow.logs.may_be_gone(tp, record.first, record.second.value)) continue;
      if (record.first >= passed && end.at - record.second.at < recovery_time(group)) continue;
      met();
      if (seen.has(record.first, record.second.value)) continue;
      ++missed;
      if (!first) first = &record;
    }
    if (!first) return;
    Violation& v =
        violate(at_the_end(end), first->first < passed ? "record skipped" : "record never reached",
                fmt::format("{} acknowledged records of {} were never processed by group {}; the first is at offset {}",
                            missed, text_of(tp), group.group, first->first));
    v.story.insert(v.story.begin(), {first->second.event, fmt::format("the record at offset {} of {} was acknowledged",
                                                                      first->first, text_of(tp))});
  }
  Owned<model::GroupId> owned_;
  std::map<OffsetsLog::Key, Seen> seen_;
};

// The state is the one that the newest coordinator stated; a coordinator that resigned states Dead.
struct GroupEventuallyStable : PropertyOf<GroupEventuallyStable> {
  static constexpr const char* kName = "group-eventually-stable";
  static constexpr const char* kMeaning =
      "Two session timeouts and a bit (60 s at least) after the last fault a group with a live member is Stable and "
      "each partition of its topics has one owner. Judged only if the run goes on for that long.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::GroupStateChanged>(); }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault))
      for (auto& [group, states] : states_) states.erase(fault.node);
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    const auto& state = std::get<model::GroupStateChanged>(fact);
    auto& states = states_[state.group];
    if (state.state == static_cast<std::uint8_t>(model::GroupState::Dead))
      states.erase(context.node);
    else
      states[context.node] = {context.event, state.state};
  }
  void finish(const FinishContext& end, const Shadow&) override {
    for (const FinishContext::Group& group : end.groups)
      if (has_recovered(end, group)) judge(group, end);
  }

 private:
  struct State {
    std::uint64_t event = 0;
    std::uint8_t state = 0;
  };
  void judge(const FinishContext::Group& group, const FinishContext& end) {
    met();
    State newest;
    for (const auto& [node, state] : states_[group.group])
      if (!end.down.contains(node) && state.event > newest.event) newest = state;
    if (newest.event == 0)
      violate(at_the_end(end), "group without coordinator",
              fmt::format("no coordinator holds group {}, though it has a live member", group.group));
    else if (newest.state != static_cast<std::uint8_t>(model::GroupState::Stable))
      violate(at_the_end(end), "group not stable", fmt::format("group {} is not Stable", group.group));
    for (const model::TopicPartition tp : group.partitions) {
      const auto owners = std::ranges::count_if(
          group.owned, [&](const auto& o) { return o.second == tp && !end.down.contains(o.first); });
      if (owners != 1)
        violate(at_the_end(end), "partition without one owner",
                fmt::format("{} members of group {} own {}", owners, group.group, text_of(tp)));
    }
  }
  std::map<model::GroupId, std::map<NodeId, State>> states_;
};

}  // namespace

void add_group_commit_properties(PropertyList& list);  // group_commits.cc

void add_group_properties(PropertyList& list) {
  list.push_back(std::make_unique<OneOwnerPerGeneration>());
  list.push_back(std::make_unique<ProcessedInOrder>());
  add_group_commit_properties(list);
  list.push_back(std::make_unique<AckedRecordsProcessed>());
  list.push_back(std::make_unique<GroupEventuallyStable>());
}

}  // namespace ktrial::properties
