#include "scenarios/run/fault_engine.h"

#include <fmt/format.h>

#include <algorithm>

namespace ktrial::scenarios {
namespace {

using properties::Injected;
using Kind = Injected::Kind;

// A driver token is 2 * fault for a strike and 2 * fault + 1 for the undo; this one ends all faults.
constexpr std::uint64_t kQuietToken = ~std::uint64_t{0};

bool compare(std::int64_t seen, Comparison comparison, std::int64_t value) {
  switch (comparison) {
    case Comparison::happened:
      return true;
    case Comparison::equal:
      return seen == value;
    case Comparison::at_most:
      return seen <= value;
    case Comparison::at_least:
      return seen >= value;
  }
  return false;
}

bool about(const Condition& condition, const ClusterView& view, model::TopicPartition tp) {
  if (condition.partition.partition < 0) return true;
  const auto wanted = view.find(to_string(condition.partition));
  return wanted && *wanted == tp;
}

}  // namespace

FaultEngine::FaultEngine(const Scenario& scenario, std::vector<FaultSpec> plan, std::vector<std::string> node_names)
    : plan_(std::move(plan)),
      active_(plan_.size()),
      names_(std::move(node_names)),
      brokers_(scenario.cluster.brokers),
      controllers_(scenario.cluster.controllers),
      coordinators_(scenario.cluster.config.effective),
      quiet_after_(scenario.random_faults ? scenario.random_faults->quiet_after : scenario.run_until),
      cuts_(names_.size() * names_.size(), 0),
      down_(names_.size(), false),
      paused_(names_.size(), false) {
  if (quiet_after_ <= Nanos::zero() || quiet_after_ > scenario.run_until) quiet_after_ = scenario.run_until;
  has_conditions_ = std::any_of(plan_.begin(), plan_.end(), [](const FaultSpec& f) { return f.when.has_value(); });
}

void FaultEngine::arm(KafkaWorld& world) {
  for (std::size_t i = 0; i < plan_.size(); ++i)
    if (plan_[i].at) world.at(*plan_[i].at, 2 * i);
  world.at(quiet_after_, kQuietToken);
}

void FaultEngine::on_token(KafkaWorld& world, const ClusterView& view, std::uint64_t token) {
  if (token == kQuietToken)
    become_quiet(world);
  else if (token % 2 == 0)
    strike(world, view, token / 2);
  else
    undo(world, token / 2);
}

void FaultEngine::on_fact(KafkaWorld& world, const ClusterView& view, const model::Fact& fact, model::NodeId) {
  if (const auto* acked = std::get_if<model::RecordAcknowledged>(&fact))
    acked_ += static_cast<std::int64_t>(acked->values.size());
  else if (std::holds_alternative<model::RecordConsumed>(fact))
    ++consumed_;
  if (!has_conditions_ || quiet_) return;
  for (std::size_t i = 0; i < plan_.size(); ++i)
    if (plan_[i].when && !active_[i].done && holds(*plan_[i].when, view, fact)) strike(world, view, i);
}

bool FaultEngine::holds(const Condition& c, const ClusterView& view, const model::Fact& fact) const {
  using K = Condition::Kind;
  switch (c.kind) {
    case K::leader_changed:
      if (const auto* f = std::get_if<model::PartitionStateCommitted>(&fact))
        return f->leader_changed && !f->created && f->leader.present() && about(c, view, f->partition);
      return false;
    case K::isr_shrank:
    case K::isr_expanded:
      if (const auto* f = std::get_if<model::IsrChanged>(&fact))
        return f->shrank == (c.kind == K::isr_shrank) && about(c, view, f->partition);
      return false;
    case K::log_truncated:
      if (const auto* f = std::get_if<model::LogTruncated>(&fact)) return about(c, view, f->partition);
      return false;
    case K::record_acked:
      if (const auto* f = std::get_if<model::RecordAcknowledged>(&fact)) return about(c, view, f->partition);
      return false;
    case K::record_consumed:
      if (const auto* f = std::get_if<model::RecordConsumed>(&fact)) return about(c, view, f->partition);
      return false;
    case K::broker_fenced:
      if (const auto* f = std::get_if<model::BrokerFenced>(&fact)) return c.node < 0 || f->broker.value == c.node;
      return false;
    case K::broker_unfenced:
      if (const auto* f = std::get_if<model::BrokerUnfenced>(&fact)) return c.node < 0 || f->broker.value == c.node;
      return false;
    case K::controller_elected:
      return std::holds_alternative<model::QuorumLeaderElected>(fact);
    case K::group_stable:
      if (const auto* f = std::get_if<model::GroupStateChanged>(&fact)) return f->state == 3 && f->group == c.group;
      return false;
    case K::isr:
      if (const auto* f = std::get_if<model::PartitionStateCommitted>(&fact))
        return about(c, view, f->partition) && compare(static_cast<std::int64_t>(f->isr.size()), c.comparison, c.value);
      return false;
    case K::high_watermark:
      if (const auto* f = std::get_if<model::HighWatermarkAdvanced>(&fact))
        return f->is_leader && about(c, view, f->partition) && compare(f->high_watermark.value, c.comparison, c.value);
      return false;
    case K::log_end:
      if (const auto* f = std::get_if<model::BatchAppended>(&fact))
        return f->by_leader && about(c, view, f->partition) &&
               compare(f->batch.next_offset().value, c.comparison, c.value);
      return false;
    case K::leader_epoch:
      if (const auto* f = std::get_if<model::PartitionStateCommitted>(&fact))
        return about(c, view, f->partition) && compare(f->leader_epoch.value, c.comparison, c.value);
      return false;
    case K::acked:
      return std::holds_alternative<model::RecordAcknowledged>(fact) && compare(acked_, c.comparison, c.value);
    case K::consumed:
      return std::holds_alternative<model::RecordConsumed>(fact) && compare(consumed_, c.comparison, c.value);
    case K::generation:
      if (const auto* f = std::get_if<model::GroupStateChanged>(&fact))
        return f->group == c.group && compare(f->generation.value, c.comparison, c.value);
      return false;
  }
  return false;
}

std::vector<model::NodeId> FaultEngine::resolve(const ClusterView& view, const std::vector<Selector>& selectors) const {
  std::vector<model::NodeId> nodes;
  const auto add = [&](model::NodeId node) {
    if (node.present() && node.value >= 1 && node.value <= static_cast<std::int32_t>(names_.size()) &&
        std::find(nodes.begin(), nodes.end(), node) == nodes.end())
      nodes.push_back(node);
  };
  const auto add_range = [&](std::int32_t first, std::int32_t last) {
    for (std::int32_t id = first; id <= last; ++id) add(model::NodeId{id});
  };
  const auto all = static_cast<std::int32_t>(names_.size());
  for (const Selector& s : selectors) {
    using K = Selector::Kind;
    const auto tp = view.find(to_string(s.partition));
    const ClusterView::Partition* partition = tp ? view.partition(*tp) : nullptr;
    switch (s.kind) {
      case K::broker:
      case K::controller:
        add(model::NodeId{s.node});
        break;
      case K::client:
        for (std::int32_t id = brokers_ + controllers_ + 1; id <= all; ++id)
          if (name(model::NodeId{id}) == s.name || name(model::NodeId{id}).starts_with(s.name + "/"))
            add(model::NodeId{id});  // a group's name stands for all of its members
        break;
      case K::leader:
        if (partition) add(partition->leader);
        break;
      case K::followers:
      case K::follower:
        if (partition) {
          std::int32_t index = 0;
          for (model::NodeId replica : partition->replicas)
            if (replica != partition->leader && (s.kind == K::followers || ++index == s.index)) add(replica);
        }
        break;
      case K::active_controller:
        add(view.active_controller());
        break;
      case K::minority:
        add_range(brokers_ + 1, brokers_ + std::max(1, (controllers_ - 1) / 2));
        break;
      case K::majority:
        add_range(brokers_ + 1, brokers_ + controllers_ / 2 + 1);
        break;
      case K::all_brokers:
        add_range(1, brokers_);
        break;
      case K::all_controllers:
        add_range(brokers_ + 1, brokers_ + controllers_);
        break;
      case K::all_clients:
        add_range(brokers_ + controllers_ + 1, all);
        break;
      case K::coordinator:
        if (const auto offsets =
                view.find(fmt::format("__consumer_offsets-{}", coordinators_.partition_for(s.name).value)))
          add(view.partition(*offsets)->leader);
        break;
    }
  }
  return nodes;
}

void FaultEngine::disk_said(const KafkaWorld& world, model::NodeId node) {
  for (const model::Fact& fact : world.node(to_sim(node)).disk_facts()) disk_facts_.emplace_back(node, fact);
}

void FaultEngine::say(Kind kind, model::NodeId node, model::NodeId peer, std::string text) {
  injected_.push_back({{kind, node, peer}, std::move(text)});
}

void FaultEngine::strike(KafkaWorld& world, const ClusterView& view, std::size_t index) {
  Active& active = active_[index];
  if (active.done || quiet_) return;
  active.done = true;
  const FaultSpec& fault = plan_[index];
  const std::size_t said = injected_.size();
  if (fault.kind == FaultKind::elect_preferred || fault.kind == FaultKind::elect_unclean) {
    model::ElectLeadersRequest request;
    request.type =
        fault.kind == FaultKind::elect_preferred ? model::ElectionType::preferred : model::ElectionType::unclean;
    if (fault.partition)
      if (const auto tp = view.find(to_string(*fault.partition))) request.partitions.push_back(*tp);
    if (const model::NodeId node = view.active_controller(); node.present()) {
      world.command(to_sim(node), model::ElectLeader{request});
      say(Kind::other_fault, node, {}, fmt::format("{} by {}", to_string(fault.kind), name(node)));
    }
  }
  for (const model::NodeId node : resolve(view, fault.targets)) {
    if (fault.kind == FaultKind::isolate) {
      for (std::size_t other = 1; other <= names_.size(); ++other) {
        const model::NodeId peer{static_cast<std::int32_t>(other)};
        if (peer == node) continue;
        strike_link(world, fault, active, node, peer);
        strike_link(world, fault, active, peer, node);
      }
      say(Kind::cut, node, {}, fmt::format("{} is isolated from everybody", name(node)));
    } else {
      strike_node(world, fault, active, node);
    }
  }
  const bool both_ways = fault.between.size() == 2;
  const auto from = both_ways ? resolve(view, {fault.between[0]}) : resolve(view, fault.from);
  const auto to = both_ways ? resolve(view, {fault.between[1]}) : resolve(view, fault.to);
  for (const model::NodeId a : from)
    for (const model::NodeId b : to) {
      if (a == b) continue;
      strike_link(world, fault, active, a, b);
      if (both_ways) strike_link(world, fault, active, b, a);
      say(fault.kind == FaultKind::cut ? Kind::cut : Kind::other_fault, a, b,
          fmt::format("{} {} {} {}", to_string(fault.kind), name(a), both_ways ? "<->" : "->", name(b)));
    }
  if (injected_.size() > said) ++struck_;
  if (fault.until)
    world.at(std::max(*fault.until, world.now()), 2 * index + 1);
  else if (fault.duration)
    world.at(world.now() + *fault.duration, 2 * index + 1);
}

void FaultEngine::strike_node(KafkaWorld& world, const FaultSpec& fault, Active& active, model::NodeId node) {
  const auto i = static_cast<std::size_t>(node.value - 1);
  const sim::NodeId id = to_sim(node);
  const bool up = world.process(id) != sim::ProcessState::down;
  switch (fault.kind) {
    case FaultKind::kill:
    case FaultKind::power_cut:
      if (!up) return;
      if (fault.kind == FaultKind::kill)
        world.kill(id);
      else {
        world.power_cut(id);
        disk_said(world, node);
      }
      down_[i] = true;
      paused_[i] = false;
      say(fault.kind == FaultKind::kill ? Kind::killed : Kind::power_cut, node, {},
          fmt::format("{} of {}", fault.kind == FaultKind::kill ? "kill" : "power cut", name(node)));
      break;
    case FaultKind::wipe:
      if (up) {
        world.power_cut(id);
        disk_said(world, node);
      }
      world.wipe(id);
      disk_said(world, node);
      down_[i] = true;
      say(Kind::wiped, node, {}, fmt::format("{} loses its disk", name(node)));
      break;
    case FaultKind::pause:
      if (!up || paused_[i]) return;
      world.pause(id);
      paused_[i] = true;
      say(Kind::paused, node, {}, fmt::format("pause of {}", name(node)));
      break;
    case FaultKind::slow:
      world.slow(id, static_cast<std::uint64_t>(fault.amount.value_or(10)));
      say(Kind::other_fault, node, {}, fmt::format("{} is {} times slower", name(node), fault.amount.value_or(10)));
      break;
    case FaultKind::clean_stop:
      if (!up) return;
      world.command(id, model::CleanStop{});
      down_[i] = true;
      say(Kind::clean_stopped, node, {}, fmt::format("clean stop of {}", name(node)));
      break;
    case FaultKind::restart:
      if (up) return;
      world.restart(id);
      down_[i] = false;
      say(Kind::restarted, node, {}, fmt::format("{} is started", name(node)));
      return;  // nothing to undo
    case FaultKind::clock_step:
      world.step_wall_clock(id, fault.delay.value_or(Nanos::zero()));
      say(Kind::other_fault, node, {}, fmt::format("the wall clock of {} jumps", name(node)));
      return;
    case FaultKind::clock_drift:
      world.set_drift(id, fault.amount.value_or(0));
      say(Kind::other_fault, node, {}, fmt::format("the clock of {} drifts", name(node)));
      break;
    default:
      return;
  }
  active.nodes.push_back(node);
}

void FaultEngine::strike_link(KafkaWorld& world, const FaultSpec& fault, Active& active, model::NodeId from,
                              model::NodeId to) {
  const sim::NodeId a = to_sim(from), b = to_sim(to);
  switch (fault.kind) {
    case FaultKind::cut:
    case FaultKind::isolate:
      if (cuts_[link_index(from, to)]++ == 0) world.network().cut(a, b);
      break;
    case FaultKind::delay:
      world.network().delay(a, b, fault.delay.value_or(milliseconds(100)));
      break;
    case FaultKind::bandwidth:
      world.network().bandwidth(a, b, static_cast<std::uint64_t>(fault.amount.value_or(100'000)));
      break;
    case FaultKind::reset:
      world.network().reset(a, b);
      return;
    case FaultKind::cut_mid_response:
      world.network().reset_on_next(a, b, sim::kAnyKind);
      return;
    case FaultKind::hold:
      world.network().hold(a, b, model::kind_by_name(fault.message));
      break;
    default:
      return;
  }
  active.links.emplace_back(from, to);
}

void FaultEngine::undo(KafkaWorld& world, std::size_t index) {
  Active& active = active_[index];
  if (!active.done || active.undone) return;
  active.undone = true;
  for (const model::NodeId node : active.nodes) undo_node(world, plan_[index], node);
  for (const auto& [from, to] : active.links) undo_link(world, plan_[index], from, to);
  if (!active.links.empty())
    say(Kind::healed, active.links.front().first, active.links.front().second,
        fmt::format("end of {} {} - {}", to_string(plan_[index].kind), name(active.links.front().first),
                    name(active.links.front().second)));
}

void FaultEngine::undo_node(KafkaWorld& world, const FaultSpec& fault, model::NodeId node) {
  const auto i = static_cast<std::size_t>(node.value - 1);
  const sim::NodeId id = to_sim(node);
  switch (fault.kind) {
    case FaultKind::kill:
    case FaultKind::power_cut:
    case FaultKind::wipe:
    case FaultKind::clean_stop:
      if (world.process(id) != sim::ProcessState::down || !down_[i]) {
        // A clean stop that has not ended yet is made an end: the operator lost patience.
        if (fault.kind != FaultKind::clean_stop || !down_[i]) return;
        world.kill(id);
      }
      world.restart(id);
      down_[i] = false;
      say(Kind::restarted, node, {}, fmt::format("{} is started", name(node)));
      break;
    case FaultKind::pause:
      if (!paused_[i]) return;
      paused_[i] = false;
      world.resume(id);
      say(Kind::resumed, node, {}, fmt::format("{} resumes", name(node)));
      break;
    case FaultKind::slow:
      world.slow(id, 0);
      break;
    case FaultKind::clock_drift:
      world.set_drift(id, 0);
      break;
    default:
      break;
  }
}

void FaultEngine::undo_link(KafkaWorld& world, const FaultSpec& fault, model::NodeId from, model::NodeId to) {
  const sim::NodeId a = to_sim(from), b = to_sim(to);
  switch (fault.kind) {
    case FaultKind::cut:
    case FaultKind::isolate:
      if (--cuts_[link_index(from, to)] == 0) world.network().heal(a, b);
      break;
    case FaultKind::delay:
      world.network().delay(a, b, Nanos::zero());
      break;
    case FaultKind::bandwidth:
      world.network().bandwidth(a, b, 0);
      break;
    case FaultKind::hold:
      world.network().release(a, b, model::kind_by_name(fault.message));
      break;
    default:
      break;
  }
}

void FaultEngine::become_quiet(KafkaWorld& world) {
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    // A hand-written fault without an end stays as its author left it.
    const bool stays = !plan_[i].until && !plan_[i].duration;
    if (!stays) undo(world, i);
  }
  quiet_ = true;
}

}  // namespace ktrial::scenarios
