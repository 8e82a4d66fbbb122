#include "scenarios/run/goals.h"

#include <algorithm>
#include <array>

namespace ktrial::scenarios {
namespace {

using model::Fact;

// Goals that take more than one fact, and what they mean. Those that a fact reaches by itself stand beside it.
enum Told : std::uint32_t {
  coordinator_changed,
  leader_from_elr,
  reassigned,
  registration_taken_over,
  unclean_recovery
};
constexpr std::array<model::Goal, 5> kTold = {{
    {"coordinator-changed", "another broker took a group over"},
    {"leader-from-elr", "an eligible leader replica was elected, with the ISR empty"},
    {"reassigned", "the reassignment of a partition came to its end, or was taken back"},
    {"registration-taken-over", "a broker was registered again by a late request of a process that was gone"},
    {"unclean-recovery", "a leader was elected by unclean recovery (KIP-966)"},
}};

struct GoalTable {
  struct Range {
    std::size_t first = 0, count = 0;
  };
  std::vector<model::Goal> goals;                  // first those of kTold, by index
  std::array<Range, model::kFactKinds> of_fact{};  // by kind
};
const GoalTable& table() {
  static const GoalTable table = [] {
    GoalTable t;
    t.goals.assign(kTold.begin(), kTold.end());
    for (std::uint16_t kind = 0; kind < model::kFactKinds; ++kind) {
      const auto goals = model::fact_row(kind).goals;
      t.of_fact[kind] = {t.goals.size(), goals.size()};
      t.goals.insert(t.goals.end(), goals.begin(), goals.end());
    }
    return t;
  }();
  return table;
}

}  // namespace

const std::vector<std::string>& known_goals() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const model::Goal& goal : table().goals) all.emplace_back(goal.name);
    std::sort(all.begin(), all.end());
    return all;
  }();
  return names;
}

std::string meaning_of_goal(const std::string& name) {
  for (const model::Goal& goal : table().goals)
    if (goal.name == name) return goal.meaning;
  return "";
}

void Goals::on_fact(const Fact& fact, model::NodeId node) {
  const GoalTable::Range own = table().of_fact[model::kind(fact)];
  for (std::size_t i = 0; i < own.count; ++i)
    if (model::reaches(fact, i)) reached_ |= std::uint64_t{1} << (own.first + i);

  const auto reach = [this](Told goal) { reached_ |= std::uint64_t{1} << goal; };
  // The groups of a partition follow its load; a second load means that somebody else had them before.
  bool again = loaded_again_ && std::holds_alternative<model::GroupStateChanged>(fact);
  if (const auto* state = std::get_if<model::PartitionStateCommitted>(&fact)) {
    if (state->unclean && recovered_.contains({state->partition, state->leader_epoch})) reach(unclean_recovery);
    model::PartitionStateCommitted& before = states_[state->partition];
    if (state->partition_epoch > before.partition_epoch) {
      if (state->leader_changed && !model::holds(before.isr, state->leader) && model::holds(before.elr, state->leader))
        reach(leader_from_elr);
      const bool was = !before.adding.empty() || !before.removing.empty();
      if (was && state->adding.empty() && state->removing.empty()) reach(reassigned);
      before = *state;
    }
  } else if (const auto* recovered = std::get_if<model::UncleanRecoveryElected>(&fact)) {
    recovered_.insert({recovered->partition, recovered->leader_epoch});
  } else if (const auto* started = std::get_if<model::BrokerStarted>(&fact)) {
    running_[node] = started->incarnation;
  } else if (const auto* registered = std::get_if<model::BrokerRegistered>(&fact)) {
    if (registered->incarnation != running_[registered->broker]) reach(registration_taken_over);
  } else if (std::holds_alternative<model::GroupStateChanged>(fact)) {
    if (loaded_again_) reach(coordinator_changed);
  } else if (const auto* loaded = std::get_if<model::GroupCoordinatorLoaded>(&fact)) {
    again = !loaded_.insert(loaded->offsets_partition).second;
  }
  loaded_again_ = again;
}

bool Goals::reached(const std::string& name) const {
  const auto& goals = table().goals;
  for (std::size_t i = 0; i < goals.size(); ++i)
    if (goals[i].name == name) return (reached_ >> i & 1u) != 0;
  return false;
}

}  // namespace ktrial::scenarios
