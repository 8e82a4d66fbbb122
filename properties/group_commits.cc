// Properties of committed offsets: who may commit, what, and that it is found again.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "model/group/classic_group.h"
#include "properties/group_members.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

std::string offset_text(model::Offset offset) { return offset.present() ? fmt::format("{}", offset.value) : "none"; }
std::string group_text(const model::GroupId& group, model::TopicPartition tp) {
  return fmt::format("group {} for {}", group, text_of(tp));
}

// Judged at the coordinator, against the generation that it knew when it took the commit: in PreparingRebalance the old
// generation is still the current one, and a coordinator that was deposed has a generation of its own. A commit without
// a generation (a simple consumer) is right while the group is Empty. Does not see that a member was removed since its
// generation began (its id is still among those of that generation), nor which of two states of one generation a commit
// without generation met.
struct StaleCommitRefused : PropertyOf<StaleCommitRefused> {
  static constexpr const char* kName = "stale-commit-refused";
  static constexpr const char* kMeaning =
      "A coordinator accepts an offset commit only from a member of the group's current generation (or without one, "
      "while the group is Empty).";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::OffsetCommitted, model::GroupStateChanged>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* state = std::get_if<model::GroupStateChanged>(&fact)) {
      if (state->state == static_cast<std::uint8_t>(model::GroupState::Empty))
        empty_.insert({state->group, state->generation});
      return;
    }
    const auto& commit = std::get<model::OffsetCommitted>(fact);
    met();
    const model::GenerationId current = commit.current_generation;
    if (!commit.generation.present()) {
      // Before its first generation a group has no member that could be disturbed.
      if (current.value > 0 && !empty_.contains({commit.group, current}))
        violate(context, "commit without generation accepted",
                fmt::format("the coordinator accepted a commit without generation of {}, which has members in "
                            "generation {}",
                            group_text(commit.group, commit.partition), current.value));
    } else if (commit.generation != current) {
      violate(
          context, "stale commit accepted",
          fmt::format("the coordinator accepted offset {} of generation {} of {} in generation {}", commit.offset.value,
                      commit.generation.value, group_text(commit.group, commit.partition), current.value));
    } else if (stranger(commit, shadow)) {
      violate(context, "commit of a stranger accepted",
              fmt::format("the coordinator accepted a commit of {} from member {}, who is not in generation {}",
                          group_text(commit.group, commit.partition), commit.member, current.value));
    }
  }

 private:
  static bool stranger(const model::OffsetCommitted& commit, const Shadow& shadow) {
    const auto* history = shadow.offsets.generations(commit.group);
    bool known = false;
    if (history)
      for (const StoredGroup& stored : history->records) {
        if (stored.generation != commit.generation) continue;
        known = true;
        if (std::ranges::find(stored.members, model::MemberId(commit.member)) != stored.members.end()) return false;
      }
    return known;
  }
  std::set<std::pair<model::GroupId, model::GenerationId>> empty_;
};

// The bound is where the owner stood furthest in the generation of the commit: behind the last record that its
// application processed, or where it began or was reset to. Kafka commits positions, and poll() moves the position
// behind what it returns; both an automatic commit (inside the next poll) and a commitSync between two polls come when
// what was returned has been processed. So Kafka promises this of an application that processes before it polls again.
// After a truncation has moved the position back, commits up to where it had been are not judged: one may be under way.
struct CommitNotPastProcessed : PropertyOf<CommitNotPastProcessed> {
  static constexpr const char* kName = "commit-not-past-processed";
  static constexpr const char* kMeaning =
      "A committed offset is not past what the owner of the partition in that generation processed, or where it began.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::PartitionsAssigned, model::PartitionsRevoked, model::CommittedOffsetFetched,
                    model::ConsumerPositionReset, model::RecordProcessed, model::OffsetCommitted>();
  }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault)) owned_.give_up_all(fault.node, [this](auto tp, const Owner& o) { remember(tp, o); });
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto close = [this](auto tp, const Owner& o) { remember(tp, o); };
    if (const auto* record = std::get_if<model::RecordProcessed>(&fact)) {
      stands(context.node, record->partition, record->offset + 1);
    } else if (const auto* reset = std::get_if<model::ConsumerPositionReset>(&fact)) {
      stands(context.node, reset->partition, reset->to);
    } else if (const auto* fetched = std::get_if<model::CommittedOffsetFetched>(&fact)) {
      stands(context.node, fetched->partition, fetched->offset);
    } else if (const auto* assigned = std::get_if<model::PartitionsAssigned>(&fact)) {
      owned_.give_up_all(context.node, close);
      for (const model::TopicPartition tp : assigned->partitions) {
        owned_.own(context.node, tp, {assigned->group, assigned->generation, {}});
        owners_[{assigned->group, assigned->generation, tp}] = {context.node, {}};
      }
    } else if (const auto* revoked = std::get_if<model::PartitionsRevoked>(&fact)) {
      owned_.give_up(context.node, revoked->partitions, close);
    } else {
      judge(std::get<model::OffsetCommitted>(fact), context, shadow.logs);
    }
  }

 private:
  struct Owner {
    model::GroupId group;
    model::GenerationId generation;
    model::Offset furthest;
  };
  struct Past {
    NodeId node;
    model::Offset furthest;  // once it owns it no more
  };
  void stands(NodeId node, model::TopicPartition tp, model::Offset position) {
    if (Owner* owner = owned_.find(node, tp)) owner->furthest = std::max(owner->furthest, position);
  }
  void remember(model::TopicPartition tp, const Owner& owner) {
    owners_[{owner.group, owner.generation, tp}].furthest = owner.furthest;
  }
  void judge(const model::OffsetCommitted& commit, const FactContext& context, const ReplicaLogs& logs) {
    if (!commit.generation.present()) return;  // a simple consumer owns nothing
    met();
    const auto past = owners_.find({commit.group, commit.generation, commit.partition});
    if (past == owners_.end()) {
      violate(context, "commit without owner",
              fmt::format("offset {} was committed by {} in generation {}, in which no member was assigned it",
                          commit.offset.value, group_text(commit.group, commit.partition), commit.generation.value));
      return;
    }
    model::Offset furthest = past->second.furthest;
    const Owner* owner = owned_.find(past->second.node, commit.partition);
    if (owner && owner->group == commit.group && owner->generation == commit.generation) furthest = owner->furthest;
    if (commit.offset <= furthest) return;
    // The position goes on behind what is left of a batch.
    if (logs.may_be_passed(commit.partition, furthest.value, commit.offset.value)) return;
    violate(context, "commit past what was processed",
            fmt::format("offset {} was committed by {}, but client {} had come to {} only", commit.offset.value,
                        group_text(commit.group, commit.partition), past->second.node.value, offset_text(furthest)));
  }
  Owned<Owner> owned_;
  std::map<std::tuple<model::GroupId, model::GenerationId, model::TopicPartition>, Past> owners_;
};

// Last write wins in the order of the coordinator's log, so "newest" is by log, not by offset: a commit may go back.
// A member may see what was written since its assignment began, answered or not; but not less than what was answered by
// then. What a leader lacked when it was elected is judged there, by the loss ledger, and no more expected later.
// Kafka reads committed offsets from the memory of whoever believes to be the coordinator: from one that was deposed
// and does not know it yet, what was newest when it was deposed is right too. Does not prove that a commit whose answer
// was lost took effect, and no member that never fetches finds a loss in the memory of a coordinator.
struct CommittedOffsetSurvives : PropertyOf<CommittedOffsetSurvives> {
  static constexpr const char* kName = "committed-offset-survives";
  static constexpr const char* kMeaning =
      "A member is given the newest committed offset of each partition it is assigned, also after a fail-over of the "
      "coordinator, unless the loss ledger permits the loss of its record.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::BecameLeader, model::BecameFollower, model::PartitionsAssigned,
                    model::CommittedOffsetFetched>();
  }
  void on_injected(const Injected& fault, const FactContext& context) override {
    if (!process_ended(fault)) return;
    for (auto& [tp, coordinators] : coordinators_) end(coordinators, fault.node, context.event);
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* leader = std::get_if<model::BecameLeader>(&fact)) {
      elected(*leader, context);
      const auto& lost = shadow.offsets.lost();
      for (; next_lost_ < lost.size(); ++next_lost_) judge(lost[next_lost_], context);
    } else if (const auto* follower = std::get_if<model::BecameFollower>(&fact)) {
      if (const auto it = coordinators_.find(follower->partition); it != coordinators_.end())
        end(it->second, context.node, context.event);
    } else if (std::holds_alternative<model::PartitionsAssigned>(fact)) {
      assigned_[context.node] = context.event;
    } else {
      judge(std::get<model::CommittedOffsetFetched>(fact), context, shadow);
    }
  }

 private:
  // The leaders of a partition, oldest first. One that was deposed may go on until it hears of it.
  struct Coordinator {
    NodeId node;
    model::LeaderEpoch epoch;
    std::uint64_t deposed = 0;
    std::uint64_t ended = 0;  // 0: not that we know
  };
  static void end(std::vector<Coordinator>& all, NodeId node, std::uint64_t event) {
    for (Coordinator& c : all)
      if (c.node == node && c.ended == 0) c.ended = event;
  }
  void elected(const model::BecameLeader& leader, const FactContext& context) {
    auto& all = coordinators_[leader.partition];
    if (!all.empty() && leader.leader_epoch < all.back().epoch) return;
    end(all, context.node, context.event);
    if (!all.empty()) all.back().deposed = context.event;
    std::erase_if(all, [](const Coordinator& c) { return c.ended != 0 && c.deposed != 0 && c.ended <= c.deposed; });
    all.push_back({context.node, leader.leader_epoch});
  }
  void judge(const LostCoordinatorRecord& lost, const FactContext& context) {
    if (!lost.answered) return;
    met();
    if (lost.permitted_by.empty())
      violate(context, "committed offset lost",
              fmt::format("broker {} became coordinator without the offset {} that was committed by {}",
                          lost.leader.value, offset_text(lost.offset), group_text(lost.group, lost.partition)));
  }
  void judge(const model::CommittedOffsetFetched& fetched, const FactContext& context, const Shadow& shadow) {
    met();
    const auto* history = shadow.offsets.commits({fetched.group, fetched.partition});
    const auto assigned = assigned_.find(context.node);
    const std::uint64_t since = assigned == assigned_.end() ? context.event : assigned->second;
    if (!history) {
      if (fetched.offset.present()) wrong(fetched, {}, context);
      return;
    }
    model::Offset newest;
    if (shown(history->records, fetched.offset, since, &newest)) return;
    if (const auto it = coordinators_.find(history->stored_in); it != coordinators_.end())
      for (const Coordinator& c : it->second)
        if (c.deposed != 0 && (c.ended == 0 || c.ended > since) &&
            shown(history->records, fetched.offset, std::min(since, c.deposed - 1), nullptr))
          return;
    wrong(fetched, newest, context);
  }
  // Whether `offset` was the newest one at some time from `since` on.
  static bool shown(const std::vector<StoredCommit>& records, model::Offset offset, std::uint64_t since,
                    model::Offset* newest) {
    for (auto r = records.rbegin(); r != records.rend(); ++r) {
      if (!r->held && r->gone_at <= since) continue;
      if (r->offset == offset) return true;
      if (!r->held || r->answered == 0 || r->answered > since) continue;
      if (newest) *newest = r->offset;
      return false;
    }
    return !offset.present();
  }
  void wrong(const model::CommittedOffsetFetched& fetched, model::Offset newest, const FactContext& context) {
    violate(
        context, "not the newest committed offset",
        fmt::format("{} was given committed offset {}, expected {} or a newer one",
                    group_text(fetched.group, fetched.partition), offset_text(fetched.offset), offset_text(newest)));
  }
  std::map<model::TopicPartition, std::vector<Coordinator>> coordinators_;
  std::map<NodeId, std::uint64_t> assigned_;  // event of each member's newest assignment
  std::size_t next_lost_ = 0;
};

}  // namespace

void add_group_commit_properties(PropertyList& list) {
  list.push_back(std::make_unique<StaleCommitRefused>());
  list.push_back(std::make_unique<CommitNotPastProcessed>());
  list.push_back(std::make_unique<CommittedOffsetSurvives>());
}

}  // namespace ktrial::properties
