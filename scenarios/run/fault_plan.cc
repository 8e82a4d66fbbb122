#include "scenarios/run/fault_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/run/fault_draw.h"

namespace ktrial::scenarios {
namespace {

Selector plain(Selector::Kind kind) {
  Selector s;
  s.kind = kind;
  return s;
}

Selector of_partition(Selector::Kind kind, const PartitionRef& partition) {
  Selector s = plain(kind);
  s.partition = partition;
  return s;
}

Selector any_server(const Cluster& c, const Draw& draw, std::uint32_t which) {
  return c.server(draw.number(which, 1, c.brokers + c.controllers));
}

// A scenario that has no such thing (no topic, no group, no client) gives any server instead.
std::vector<Selector> draw_targets(const Cluster& c, RandomTarget target, const Draw& draw, std::uint32_t which,
                                   std::uint32_t part) {
  using K = Selector::Kind;
  switch (target) {
    case RandomTarget::one:
      break;
    case RandomTarget::minority:
    case RandomTarget::majority: {
      // Of the brokers: a run of neighbours in id order, starting anywhere.
      const std::int32_t count =
          target == RandomTarget::minority ? std::max(1, (c.brokers - 1) / 2) : c.brokers / 2 + 1;
      const std::int32_t first = draw.number(which, 0, c.brokers - 1);
      std::vector<Selector> targets;
      for (std::int32_t i = 0; i < std::min(count, c.brokers); ++i)
        targets.push_back(c.server((first + i) % c.brokers + 1));
      return targets;
    }
    case RandomTarget::leaders:
      if (c.partitions.empty()) break;
      return {of_partition(K::leader, draw.one_of(which, c.partitions))};
    case RandomTarget::followers: {
      if (c.partitions.empty()) break;
      Selector s = of_partition(K::followers, draw.one_of(which, c.partitions));
      if (const std::int32_t index = draw.number(part, 0, 2); index > 0) s.kind = K::follower, s.index = index;
      return {s};
    }
    case RandomTarget::controllers:
      if (draw(part, 0, 2) == 0) return {plain(K::active_controller)};
      return {c.server(c.brokers + draw.number(which, 1, c.controllers))};
    case RandomTarget::clients:
      if (c.clients.empty()) break;
      if (draw(part, 0, 2) == 0) return {plain(K::all_clients)};
      return {draw.one_of(which, c.clients)};
    case RandomTarget::all:
      return {plain(K::all_brokers)};
    case RandomTarget::last_answered:
      return {plain(K::last_answered)};
    case RandomTarget::coordinators:
      if (c.groups.empty()) break;
      return {Cluster::named(K::coordinator, draw.one_of(which, c.groups))};
    case RandomTarget::members:
      if (c.members.empty()) break;
      return {draw.one_of(which, c.members)};
    case RandomTarget::remote_storage:
      if (!c.tiered) break;
      return {Cluster::named(K::client, kRemoteStorage)};
  }
  return {any_server(c, draw, which)};
}

// The other side of a link fault.
std::vector<Selector> draw_other_side(const Cluster& c, const Draw& draw) {
  constexpr RandomTarget kinds[] = {RandomTarget::one,         RandomTarget::one,       RandomTarget::leaders,
                                    RandomTarget::followers,   RandomTarget::followers, RandomTarget::controllers,
                                    RandomTarget::controllers, RandomTarget::clients,   RandomTarget::all};
  return draw_targets(c, kinds[draw(f_other, 0, std::size(kinds) - 1)], draw, f_other_which, f_other_part);
}

// Something that a fault may fall right behind; nothing: it strikes at a time. Numbers are small: what is counted
// begins at 0 or 1 in each run.
std::optional<Condition> draw_condition(const Cluster& c, const Draw& draw) {
  using K = Condition::Kind;
  if (c.partitions.empty() || draw(f_trigger, 0, 1) == 0) return std::nullopt;
  Condition condition;
  std::vector<K> kinds = {
      K::leader_changed,  K::isr_shrank,    K::isr_expanded,    K::log_truncated,      K::record_acked,
      K::record_consumed, K::broker_fenced, K::broker_unfenced, K::controller_elected, K::isr,
      K::high_watermark,  K::log_end,       K::leader_epoch};
  if (!c.groups.empty()) kinds.insert(kinds.end(), {K::group_stable, K::generation});
  condition.kind = draw.one_of(f_condition, kinds);
  const auto at_least = [&](std::int32_t lowest, std::int32_t highest) {
    condition.comparison = Comparison::at_least;
    condition.value = draw.number(f_condition_value, lowest, highest);
  };
  switch (condition.kind) {
    case K::broker_fenced:
    case K::broker_unfenced:
      condition.node = draw.number(f_condition_about, 1, c.brokers);
      return condition;
    case K::controller_elected:
      return condition;
    case K::group_stable:
    case K::generation:
      condition.group = draw.one_of(f_condition_about, c.groups);
      if (condition.kind == K::generation) at_least(2, 5);
      return condition;
    case K::isr:
      condition.comparison = Comparison::at_most;
      condition.value = draw.number(f_condition_value, 1, 2);
      break;
    case K::high_watermark:
    case K::log_end:
      at_least(1, 300);
      break;
    case K::leader_epoch:
      at_least(1, 6);
      break;
    default:
      break;
  }
  condition.partition = draw.one_of(f_condition_about, c.partitions);
  return condition;
}

// Whom or what, then what the kind draws for itself.
template <class Act>
void draw_values(const Drawing& d, Act& act) {
  if constexpr (std::is_base_of_v<OnNodes, Act>)
    act.targets = d.targets();
  else if constexpr (std::is_base_of_v<OnLinks, Act>)
    act.sides = d.sides();
  else if constexpr (std::is_base_of_v<OnPartition, Act>)
    act.partition = d.partition();
  else if constexpr (std::is_base_of_v<OnTopic, Act>)
    act.topic = d.partition().topic;
  if constexpr (requires { act.draw(d); }) act.draw(d);
}

Nanos draw_length(const Drawing& d) {
  const Draw& draw = d.draw;
  const Nanos longest = std::max(Nanos(seconds(2)), d.random.quiet_after / 3);
  switch (draw(f_length, 0, 2)) {
    case 0: {
      // Each order of magnitude alike: a restart within 5 ms comes before the next fetch, one within 500 ms after it.
      const Nanos least = milliseconds(std::int64_t{1} << draw(f_length_of, 0, 10));
      return draw.duration(f_duration, least, least * 2);
    }
    case 1:
      return d.like_a_timeout(f_length_of, f_duration, longest);
    default:
      return draw.duration(f_duration, seconds(1), longest);
  }
}

// When the faults of a plan fall: anywhere, or in half of the plans close together, since most bugs that need two
// faults need them within one election or fetch.
struct Window {
  Nanos begin, end;
};
Window draw_window(const Cluster& c, const RandomFaults& random, const Draw& whole) {
  const Window all{random.start_after, std::max(random.start_after, random.quiet_after * 4 / 5)};
  if (whole(f_focus, 0, 1) == 0) return all;
  const Nanos begin = whole.duration(f_focus_begin, all.begin, all.end);
  return {begin, std::min(all.end, begin + Drawing{c, random, whole, RandomTarget::one}.like_a_timeout(
                                               f_length_of, f_focus_length, all.end))};
}

FaultSpec draw_fault(const Cluster& c, const RandomFaults& random, const Window& window, const Draw& draw) {
  FaultSpec fault;
  FaultKind kind = draw.one_of(f_kind, random.kinds);
  if (row_of(kind).needs_topic && c.partitions.empty()) kind = kind_of<Pause>;
  const Drawing drawing{c, random, draw,
                        random.targets.empty() ? RandomTarget::one : draw.one_of(f_target, random.targets)};
  const Nanos at = draw.duration(f_at, window.begin, window.end);
  const Nanos length = draw_length(drawing);
  if ((fault.when = draw_condition(c, draw))) {
    // From a drawn time on, or as soon as faults may begin.
    fault.after = draw(f_after, 0, 1) == 0 ? at : window.begin;
    fault.duration = length;
  } else {
    fault.at = at;
    fault.until = std::min(at + length, random.quiet_after);
  }
  if (row_of(kind).at_once) fault.duration = fault.until = std::nullopt;
  fault.what = make_fault(kind);
  std::visit([&](auto& what) { draw_values(drawing, what); }, fault.what);
  return fault;
}

}  // namespace

std::vector<Selector> Drawing::targets() const { return draw_targets(cluster, target, draw, f_which, f_part); }

std::vector<Selector> Drawing::half() const {
  std::vector<Selector> half;
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i)
    if (draw(f_half + static_cast<std::uint32_t>(i), 0, 1) == 0) half.push_back(cluster.nodes[i]);
  if (half.empty()) half.push_back(cluster.nodes.front());
  if (half.size() == cluster.nodes.size() && half.size() > 1) half.pop_back();
  return half;
}

// From the targets, to them, or both ways.
Sides Drawing::sides() const {
  std::vector<Selector> from = targets(), to = draw_other_side(cluster, draw);
  const auto shape = draw(f_shape, 0, 2);
  if (shape == 1) std::swap(from, to);
  return {std::move(from), std::move(to), shape == 2};
}

std::string Drawing::log_dir() const {
  const std::vector<std::string>& all = cluster.log_dirs;
  const auto i = all.size() > 1 ? draw(f_log_dir, 0, 4 * all.size()) : 0;
  return i > 0 ? all[i % all.size()] : "";
}

std::vector<FaultSpec> draw_fault_plan(const Scenario& scenario, std::uint64_t seed) {
  std::vector<FaultSpec> plan = scenario.faults;
  if (!scenario.random_faults || scenario.random_faults->kinds.empty() || scenario.random_faults->budget <= 0)
    return plan;
  const sim::Decisions decisions(seed);
  const RandomFaults& random = *scenario.random_faults;
  const Cluster cluster(scenario);
  const Draw whole(decisions, 0xffffffffu);
  const std::uint64_t count = whole(f_count, 1, static_cast<std::uint64_t>(random.budget));
  const Window window = draw_window(cluster, random, whole);
  for (std::uint32_t i = 0; i < count; ++i) plan.push_back(draw_fault(cluster, random, window, Draw(decisions, i)));
  return plan;
}

}  // namespace ktrial::scenarios
