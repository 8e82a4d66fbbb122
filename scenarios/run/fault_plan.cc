#include "scenarios/run/fault_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/decision.h"

namespace ktrial::scenarios {
namespace {

// The fields of one drawn fault; part of the decision's name.
enum Field : std::uint32_t { f_present, f_kind, f_target, f_which, f_at, f_duration, f_other, f_condition, f_delay };

class Draw {
 public:
  Draw(const sim::Decisions& decisions, std::uint32_t fault) : decisions_(decisions), fault_(fault) {}
  std::uint64_t operator()(Field field, std::uint64_t lowest, std::uint64_t highest) const {
    return decisions_.uniform({sim::DecisionKind::fault, fault_, field, 0, 0}, Nanos::zero(), lowest, highest);
  }
  Nanos duration(Field field, Nanos lowest, Nanos highest) const {
    return Nanos(static_cast<std::int64_t>(
        (*this)(field, static_cast<std::uint64_t>(lowest.count()), static_cast<std::uint64_t>(highest.count()))));
  }

 private:
  const sim::Decisions& decisions_;
  std::uint32_t fault_;
};

Selector node_selector(const Scenario& s, std::int32_t node) {
  Selector selector;
  selector.kind = node <= s.cluster.brokers ? Selector::Kind::broker : Selector::Kind::controller;
  selector.node = node;
  return selector;
}

std::vector<PartitionRef> all_partitions(const Scenario& s) {
  std::vector<PartitionRef> all;
  for (const TopicSpec& topic : s.cluster.topics)
    for (std::int32_t p = 0; p < topic.partitions; ++p) all.push_back({topic.name, p});
  return all;
}

std::vector<Selector> draw_targets(const Scenario& s, RandomTarget target, const Draw& draw) {
  const std::int32_t servers = s.cluster.brokers + s.cluster.controllers;
  Selector selector;
  switch (target) {
    case RandomTarget::leaders:
      if (const auto all = all_partitions(s); !all.empty()) {
        selector.kind = Selector::Kind::leader;
        selector.partition = all[draw(f_which, 0, all.size() - 1)];
        return {selector};
      }
      [[fallthrough]];
    case RandomTarget::one:
      return {node_selector(s, static_cast<std::int32_t>(draw(f_which, 1, static_cast<std::uint64_t>(servers))))};
    case RandomTarget::controllers:
      return {node_selector(
          s, s.cluster.brokers +
                 static_cast<std::int32_t>(draw(f_which, 1, static_cast<std::uint64_t>(s.cluster.controllers))))};
    case RandomTarget::clients:
      if (!s.clients.empty()) {
        selector.kind = Selector::Kind::all_clients;
        return {selector};
      }
      return {};
    case RandomTarget::members:
    case RandomTarget::coordinators: {
      std::vector<std::string> groups, members;
      for (const ClientSpec& client : s.clients)
        if (const auto* group = std::get_if<GroupSpec>(&client)) {
          groups.push_back(group->name);
          for (std::int32_t i = 1; i <= group->members; ++i) members.push_back(fmt::format("{}/{}", group->name, i));
        }
      if (groups.empty()) return {};
      const auto& names = target == RandomTarget::members ? members : groups;
      selector.kind = target == RandomTarget::members ? Selector::Kind::client : Selector::Kind::coordinator;
      selector.name = names[draw(f_which, 0, names.size() - 1)];
      return {selector};
    }
    case RandomTarget::minority:
    case RandomTarget::majority: {
      // Of the brokers: a run of neighbours in id order, starting anywhere.
      const std::int32_t n = s.cluster.brokers;
      const std::int32_t count = target == RandomTarget::minority ? std::max(1, (n - 1) / 2) : n / 2 + 1;
      const std::int32_t first = static_cast<std::int32_t>(draw(f_which, 0, static_cast<std::uint64_t>(n - 1)));
      std::vector<Selector> targets;
      for (std::int32_t i = 0; i < std::min(count, n); ++i) targets.push_back(node_selector(s, (first + i) % n + 1));
      return targets;
    }
    case RandomTarget::all:
      selector.kind = Selector::Kind::all_brokers;
      return {selector};
  }
  return {};
}

// Conditions that historic bugs waited for: something was just elected, shrunk or acknowledged.
std::optional<Condition> draw_condition(const Scenario& s, const Draw& draw) {
  const auto partitions = all_partitions(s);
  if (partitions.empty()) return std::nullopt;
  Condition condition;
  condition.partition = partitions[draw(f_which, 0, partitions.size() - 1)];
  switch (draw(f_condition, 0, 9)) {
    case 0:
      condition.kind = Condition::Kind::leader_changed;
      return condition;
    case 1:
      condition.kind = Condition::Kind::isr_shrank;
      return condition;
    case 2:
      condition.kind = Condition::Kind::isr_expanded;
      return condition;
    case 3:
      condition.kind = Condition::Kind::log_truncated;
      return condition;
    default:
      return std::nullopt;  // at a time
  }
}

bool two_sided(FaultKind kind) {
  return kind == FaultKind::cut || kind == FaultKind::reset || kind == FaultKind::delay || kind == FaultKind::hold ||
         kind == FaultKind::cut_mid_response || kind == FaultKind::bandwidth;
}

FaultSpec draw_fault(const Scenario& s, const RandomFaults& random, const Draw& draw) {
  FaultSpec fault;
  fault.kind = random.kinds[draw(f_kind, 0, random.kinds.size() - 1)];
  const RandomTarget target =
      random.targets.empty() ? RandomTarget::one : random.targets[draw(f_target, 0, random.targets.size() - 1)];
  std::vector<Selector> targets = draw_targets(s, target, draw);
  const Nanos at = draw.duration(f_at, random.start_after, random.quiet_after * 4 / 5);
  // Short outages race with elections and fetches, long ones outlast sessions: half of each.
  const bool brief = draw(f_duration, 0, 1) == 0;
  const Nanos duration = draw.duration(f_delay, milliseconds(brief ? 1 : 1000),
                                       brief ? Nanos(seconds(2)) : std::max(Nanos(seconds(2)), random.quiet_after / 3));
  fault.at = at;
  if (const auto condition = draw_condition(s, draw)) {
    fault.at.reset();
    fault.when = condition;
    fault.until = random.quiet_after;
  } else {
    fault.until = std::min(at + duration, random.quiet_after);
  }
  if (fault.when) {
    fault.until.reset();
    fault.duration = duration;
  }
  if (targets.empty()) targets.push_back(node_selector(s, 1));
  if (fault.kind == FaultKind::elect_preferred || fault.kind == FaultKind::elect_unclean) {
    if (const auto all = all_partitions(s); !all.empty()) fault.partition = all[draw(f_which, 0, all.size() - 1)];
    return fault;
  }
  if (fault.kind == FaultKind::bandwidth) fault.amount = static_cast<std::int64_t>(draw(f_other, 10'000, 10'000'000));
  if (two_sided(fault.kind)) {
    const std::int32_t servers = s.cluster.brokers + s.cluster.controllers;
    fault.from = targets;
    fault.to = {node_selector(s, static_cast<std::int32_t>(draw(f_other, 1, static_cast<std::uint64_t>(servers))))};
    if (fault.kind == FaultKind::cut && draw(f_present, 0, 2) != 0) {
      fault.between = {fault.from.front(), fault.to.front()};
      fault.from.clear();
      fault.to.clear();
    }
    if (fault.kind == FaultKind::delay) fault.delay = draw.duration(f_delay, milliseconds(5), milliseconds(500));
    if (fault.kind == FaultKind::hold)
      fault.message = draw(f_present, 0, 1) ? "FetchResponse" : "AlterPartitionResponse";
  } else {
    fault.targets = std::move(targets);
  }
  if (fault.kind == FaultKind::slow) fault.amount = static_cast<std::int64_t>(draw(f_other, 10, 1000));
  if (fault.kind == FaultKind::clock_step) fault.delay = draw.duration(f_other, milliseconds(1), seconds(20));
  if (fault.kind == FaultKind::clock_drift) fault.amount = static_cast<std::int64_t>(draw(f_other, 1, 20000));
  return fault;
}

}  // namespace

std::vector<FaultSpec> draw_fault_plan(const Scenario& scenario, std::uint64_t seed) {
  std::vector<FaultSpec> plan = scenario.faults;
  if (!scenario.random_faults || scenario.random_faults->kinds.empty() || scenario.random_faults->budget <= 0)
    return plan;
  const sim::Decisions decisions(seed);
  const RandomFaults& random = *scenario.random_faults;
  const Draw whole(decisions, 0xffffffffu);
  const std::uint64_t count = whole(f_present, 1, static_cast<std::uint64_t>(random.budget));
  for (std::uint32_t i = 0; i < count; ++i) plan.push_back(draw_fault(scenario, random, Draw(decisions, i)));
  return plan;
}

}  // namespace ktrial::scenarios
