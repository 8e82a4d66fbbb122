#include "scenarios/run/fault_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/config_keys.h"
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

// About as long as something that the cluster waits for.
Nanos like_a_timeout(const Cluster& c, const Draw& draw, std::uint32_t which, std::uint32_t field, Nanos longest) {
  const Nanos timeout = std::min(draw.one_of(which, c.timeouts), longest);
  return draw.duration(field, timeout * 3 / 4, timeout * 3 / 2);
}

Nanos draw_length(const Cluster& c, const RandomFaults& random, const Draw& draw) {
  const Nanos longest = std::max(Nanos(seconds(2)), random.quiet_after / 3);
  switch (draw(f_length, 0, 2)) {
    case 0: {
      // Each order of magnitude alike: a restart within 5 ms comes before the next fetch, one within 500 ms after it.
      const Nanos least = milliseconds(std::int64_t{1} << draw(f_length_of, 0, 10));
      return draw.duration(f_duration, least, least * 2);
    }
    case 1:
      return like_a_timeout(c, draw, f_length_of, f_duration, longest);
    default:
      return draw.duration(f_duration, seconds(1), longest);
  }
}

void draw_details(const Cluster& c, const RandomFaults& random, const Draw& draw, FaultSpec& fault) {
  switch (fault.kind) {
    case FaultKind::bandwidth:
      fault.amount = static_cast<std::int64_t>(draw(f_amount, 10'000, 10'000'000));
      break;
    case FaultKind::delay:
      // A reply that comes late by about one election, or only out of step.
      fault.delay = draw(f_sign, 0, 1) == 0 ? draw.duration(f_amount, milliseconds(5), milliseconds(500))
                                            : like_a_timeout(c, draw, f_delay_of, f_amount, random.quiet_after / 6);
      break;
    case FaultKind::hold:
      fault.message = draw.one_of(f_message, c.messages);
      break;
    case FaultKind::cut_mid_response:
      if (draw(f_sign, 0, 1) == 0) fault.message = draw.one_of(f_message, c.messages);
      break;
    case FaultKind::delete_records:
      if (draw(f_sign, 0, 1) == 0) fault.amount = static_cast<std::int64_t>(draw(f_amount, 1, 300));
      break;
    case FaultKind::bit_rot:
    case FaultKind::misdirected_write:
      fault.checksum_matches = fault.kind == FaultKind::bit_rot && random.checksum_matches;
      fault.amount = static_cast<std::int64_t>(draw(f_amount, 0, 999));
      break;
    case FaultKind::slow_disk:
      fault.delay = milliseconds(std::int64_t{1} << draw(f_amount, 0, 8));
      break;
    case FaultKind::slow:
      fault.amount = static_cast<std::int64_t>(draw(f_amount, 10, 1000));
      break;
    case FaultKind::clock_step:
      fault.delay = draw.duration(f_amount, milliseconds(1), seconds(20));
      if (draw(f_sign, 0, 1) == 0) fault.delay = -*fault.delay;
      break;
    case FaultKind::clock_drift:
      fault.amount = static_cast<std::int64_t>(draw(f_amount, 1, 20'000));
      if (draw(f_sign, 0, 1) == 0) fault.amount = -*fault.amount;
      break;
    default:
      break;
  }
}

// Any part of the nodes, but neither none nor all.
std::vector<Selector> draw_half(const Cluster& c, const Draw& draw) {
  std::vector<Selector> half;
  for (std::size_t i = 0; i < c.nodes.size(); ++i)
    if (draw(f_half + static_cast<std::uint32_t>(i), 0, 1) == 0) half.push_back(c.nodes[i]);
  if (half.empty()) half.push_back(c.nodes.front());
  if (half.size() == c.nodes.size() && half.size() > 1) half.pop_back();
  return half;
}

void draw_whom(const Cluster& c, RandomTarget target, const Draw& draw, FaultSpec& fault) {
  std::vector<Selector> targets = draw_targets(c, target, draw, f_which, f_part);
  if (fault.kind == FaultKind::halves) {
    fault.targets = draw_half(c, draw);
    return;
  }
  switch (shape_of(fault.kind)) {
    case FaultShape::partition:
    case FaultShape::records:
      fault.partition = draw.one_of(f_which, c.partitions);
      return;
    case FaultShape::topic:
      fault.topic = draw.one_of(f_which, c.partitions).topic;
      return;
    case FaultShape::count: {
      fault.topic = draw.one_of(f_which, c.partitions).topic;
      const auto now = std::count_if(c.partitions.begin(), c.partitions.end(),
                                     [&](const PartitionRef& p) { return p.topic == fault.topic; });
      fault.amount = now + draw.number(f_amount, 1, 2);
      return;
    }
    case FaultShape::configs:
      fault.topic = draw.one_of(f_which, c.partitions).topic;
      fault.configs.emplace_back(model::kMinInsyncReplicas, std::to_string(draw.number(f_amount, 1, c.brokers)));
      return;
    case FaultShape::replicas: {
      fault.partition = draw.one_of(f_which, c.partitions);
      // Neighbours in id order, starting anywhere.
      const std::int32_t first = draw.number(f_part, 0, c.brokers - 1);
      for (std::int32_t i = 0, n = draw.number(f_replicas, 1, c.brokers); i < n; ++i)
        fault.replicas.push_back((first + i) % c.brokers + 1);
      return;
    }
    case FaultShape::nodes:
      fault.targets = std::move(targets);
      return;
    case FaultShape::bridge:
      fault.from = draw_half(c, draw);
      fault.to = std::move(targets);
      return;
    case FaultShape::links:
      break;
  }
  std::vector<Selector> others = draw_other_side(c, draw);
  const auto shape = draw(f_shape, 0, 2);
  if (shape == 2 && targets.size() == 1 && others.size() == 1) {
    fault.between = {targets[0], others[0]};
    return;
  }
  fault.both_ways = shape == 2;
  if (shape == 1) std::swap(targets, others);
  fault.from = std::move(targets);
  fault.to = std::move(others);
}

// Done and over: there is nothing to end.
bool at_once(FaultKind kind) {
  return kind == FaultKind::restart || kind == FaultKind::reset || kind == FaultKind::clock_step ||
         kind == FaultKind::elect_preferred || kind == FaultKind::elect_unclean || kind == FaultKind::reassign ||
         kind == FaultKind::cancel_reassignment || kind == FaultKind::create_partitions ||
         kind == FaultKind::create_topic || kind == FaultKind::alter_configs || kind == FaultKind::delete_records ||
         kind == FaultKind::bit_rot || kind == FaultKind::misdirected_write;
}

// Of a partition or topic, so that there must be one.
bool needs_partition(FaultKind kind) {
  const FaultShape shape = shape_of(kind);
  return shape == FaultShape::partition || shape == FaultShape::topic || shape == FaultShape::count ||
         shape == FaultShape::replicas || shape == FaultShape::records || shape == FaultShape::configs;
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
  return {begin, std::min(all.end, begin + like_a_timeout(c, whole, f_length_of, f_focus_length, all.end))};
}

// A reply comes late to whoever waits for it, by an election or more: what it says is not so any more. That of the
// controller's log is a broker that does not hear of what is decided.
void draw_late_reply(const Draw& draw, FaultSpec& fault) {
  struct Reply {
    const char* message;
    Selector::Kind from, to;
  };
  using K = Selector::Kind;
  constexpr Reply kReplies[] = {{"QuorumFetchResponse", K::all_controllers, K::all_brokers},
                                {"FetchResponse", K::all_brokers, K::all_brokers},
                                {"AlterPartitionResponse", K::all_controllers, K::all_brokers},
                                {"OffsetForLeaderEpochResponse", K::all_brokers, K::all_brokers},
                                {"ProduceResponse", K::all_brokers, K::all_clients}};
  const Reply& reply = kReplies[draw(f_message, 0, std::size(kReplies) - 1)];
  fault.message = reply.message;
  // Whom it was drawn for waits, if it is one that waits for such a reply.
  std::vector<Selector> waits = !fault.between.empty() ? std::vector{fault.between.front()} : fault.to;
  const bool controller = std::any_of(waits.begin(), waits.end(), [](const Selector& s) {
    return s.kind == K::controller || s.kind == K::active_controller || s.kind == K::all_controllers;
  });
  if (waits.empty() || controller || reply.to == K::all_clients) waits = {plain(reply.to)};
  fault.between.clear();
  fault.both_ways = false;
  fault.from = {plain(reply.from)};
  fault.to = std::move(waits);
}

FaultSpec draw_fault(const Cluster& c, const RandomFaults& random, const Window& window, const Draw& draw) {
  FaultSpec fault;
  fault.kind = draw.one_of(f_kind, random.kinds);
  if (needs_partition(fault.kind) && c.partitions.empty()) fault.kind = FaultKind::pause;
  const Nanos at = draw.duration(f_at, window.begin, window.end);
  const Nanos length = draw_length(c, random, draw);
  if ((fault.when = draw_condition(c, draw))) {
    // From a drawn time on, or as soon as faults may begin.
    fault.after = draw(f_after, 0, 1) == 0 ? at : window.begin;
    fault.duration = length;
  } else {
    fault.at = at;
    fault.until = std::min(at + length, random.quiet_after);
  }
  if (at_once(fault.kind)) fault.duration = fault.until = std::nullopt;
  draw_whom(c, random.targets.empty() ? RandomTarget::one : draw.one_of(f_target, random.targets), draw, fault);
  draw_details(c, random, draw, fault);
  // One directory, or now and then all of them.
  if (harms_log_dir(fault.kind) && c.log_dirs.size() > 1)
    if (const auto i = draw(f_log_dir, 0, 4 * c.log_dirs.size()); i > 0)
      fault.log_dir = c.log_dirs[i % c.log_dirs.size()];
  if (fault.kind == FaultKind::hold && draw(f_late_reply, 0, 1) == 0) draw_late_reply(draw, fault);
  return fault;
}

}  // namespace

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
