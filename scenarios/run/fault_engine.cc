#include "scenarios/run/fault_engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/cluster/cluster_builder.h"
#include "scenarios/faults/fault_walk.h"
#include "scenarios/run/fault_operator.h"

namespace ktrial::scenarios {
namespace {

using properties::Injected;
using Kind = Injected::Kind;

// A driver token is 2 * fault for a strike and 2 * fault + 1 for the undo, behind those of all faults a fault for the
// verification of its reassignment; this one ends all faults.
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

template <class Act>
std::string told(const Act& act, const std::string& node) {
  if constexpr (requires { act.told(node); })
    return act.told(node);
  else
    return fmt::format("{} of {}", Act::kText.name, node);
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
      effects_(scenario, plan_, names_.size()) {
  for (const TopicSpec& topic : scenario.cluster.topics) {
    TopicSpec placed_anew = topic;  // the brokers that it had may be gone
    placed_anew.replicas.clear();
    topics_.push_back(create_topic_request(placed_anew));
  }
  if (quiet_after_ <= Nanos::zero() || quiet_after_ > scenario.run_until) quiet_after_ = scenario.run_until;
  has_conditions_ = std::any_of(plan_.begin(), plan_.end(), [](const FaultSpec& f) { return f.when.has_value(); });
  for (FaultSpec fault : plan_)
    each_selector_list(fault, [&](const std::vector<Selector>& list) {
      for (const Selector& s : list)
        wants_last_answered_ = wants_last_answered_ || s.kind == Selector::Kind::last_answered;
    });
}

void FaultEngine::arm(KafkaWorld& world) {
  for (std::size_t i = 0; i < plan_.size(); ++i)
    if (plan_[i].at) world.at(*plan_[i].at, 2 * i);
  world.at(quiet_after_, kQuietToken);
}

void FaultEngine::on_token(KafkaWorld& world, const ClusterView& view, std::uint64_t token) {
  if (token == kQuietToken)
    become_quiet(world, view);
  else if (token >= 2 * plan_.size())
    verify(world, view, token - 2 * plan_.size());
  else if (token % 2 == 0)
    strike(world, view, token / 2);
  else
    undo(world, view, token / 2);
}

void FaultEngine::on_fact(KafkaWorld& world, const ClusterView& view, const model::Fact& fact, model::NodeId node) {
  if (const auto* acked = std::get_if<model::RecordAcknowledged>(&fact))
    acked_ += static_cast<std::int64_t>(acked->values.size());
  else if (std::holds_alternative<model::RecordConsumed>(fact))
    ++consumed_;
  if (wants_last_answered_) {
    if (const auto* appended = std::get_if<model::BatchAppended>(&fact)) {
      if (appended->by_leader) last_append_[appended->partition] = node;
    } else if (const auto* answered = std::get_if<model::RecordAcknowledged>(&fact)) {
      const auto leader = last_append_.find(answered->partition);
      if (leader != last_append_.end()) last_answered_ = leader->second;
    }
  }
  if (!has_conditions_ || quiet_) return;
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    const FaultSpec& fault = plan_[i];
    if (fault.when && !active_[i].done && world.now() >= fault.after.value_or(Nanos::zero()) &&
        holds(*fault.when, view, fact))
      strike(world, view, i);
  }
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
          if (names_node(s.name, name(model::NodeId{id}))) add(model::NodeId{id});
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
      case K::all_leaders:
        for (const auto& [id, state] : view.partitions()) add(state.leader);
        break;
      case K::last_answered:
        add(last_answered_);
        break;
      case K::all_brokers:
        add_range(1, brokers_);
        break;
      case K::all_controllers:
        add_range(brokers_ + 1, brokers_ + controllers_);
        break;
      case K::all_clients:
        add_range(brokers_ + controllers_ + 1, names_.back() == kRemoteStorage ? all - 1 : all);
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

void FaultEngine::say(Kind kind, model::NodeId node, model::NodeId peer, std::string text) {
  injected_.push_back({{kind, node, peer}, std::move(text)});
}

std::string FaultEngine::names(const std::vector<model::NodeId>& nodes) const {
  std::string text;
  for (const model::NodeId node : nodes) text += (text.empty() ? "" : ", ") + name(node);
  return text;
}

void FaultEngine::strike(KafkaWorld& world, const ClusterView& view, std::size_t index) {
  Active& active = active_[index];
  if (active.done || quiet_) return;
  active.done = true;
  const FaultSpec& fault = plan_[index];
  active.outcome.fired = world.now();
  const std::size_t said = injected_.size();
  std::visit(
      [&](const auto& what) {
        if constexpr (requires(const FaultOperator& op) { what.operate(op); }) {
          // What an operator asks for matters if somebody states a fact at once, or it stands in the metadata log.
          const auto written = [&, controller = view.active_controller()] {
            return controller.present() ? world.node(to_sim(controller)).controller()->next_append_offset()
                                        : model::Offset(0);
          };
          const std::size_t facts = world.facts().size();
          const model::Offset before = written();
          what.operate(FaultOperator(*this, world, view));
          active.targeted = injected_.size() > said;
          active.outcome.effective = world.facts().size() > facts || written() > before;
        } else if constexpr (requires { what.each_alone(); }) {
          isolate(world, index, resolve(view, what.each_alone()));
        } else if constexpr (requires { what.half(); }) {
          separate(world, index, resolve(view, what.half()), resolve(view, what.seen_by_both()));
        } else if constexpr (requires { what.sides; }) {
          constexpr bool directed = !requires { what.kOfBothWays; };
          strike_links(world, index, resolve(view, what.sides.from), resolve(view, what.sides.to), what.sides.both_ways,
                       directed);
        } else {
          strike_nodes(world, index, resolve(view, what.targets));
        }
      },
      fault.what);
  if (injected_.size() > said) ++struck_;
  if (const auto* move = std::get_if<Reassign>(&fault.what); move && move->verify_every) verify_later(world, index);
  if (fault.until)
    world.at(std::max(*fault.until, world.now()), 2 * index + 1);
  else if (fault.duration)
    world.at(world.now() + *fault.duration, 2 * index + 1);
}

void FaultEngine::strike_nodes(KafkaWorld& world, std::size_t index, const std::vector<model::NodeId>& nodes) {
  const FaultSpec& fault = plan_[index];
  Active& active = active_[index];
  active.targeted = !nodes.empty();
  for (const model::NodeId node : nodes) {
    const Hit hit = effects_.begin(world, index, node);
    if (hit == Hit::nothing) continue;
    active.nodes.push_back(node);
    if (hit == Hit::prolongs) {
      say(Kind::other_fault, node, {}, fmt::format("{} of {}, which is so already", fault.row().text.name, name(node)));
      continue;
    }
    active.outcome.effective = active.outcome.effective || hit == Hit::struck;
    say(fault.row().injected, node, {},
        std::visit([&](const auto& what) { return told(what, name(node)); }, fault.what));
  }
}

void FaultEngine::link(KafkaWorld& world, std::size_t index, model::NodeId from, model::NodeId to) {
  const sim::Network& network = world.network().view();
  const sim::NodeId a = to_sim(from), b = to_sim(to);
  const LinkHit hit{from, to, network.sent_count(a, b), network.stopped_count(a, b), network.connected(a, b)};
  effects_.begin(at_link(world, index, hit));
  active_[index].links.push_back(hit);
}

void FaultEngine::strike_links(KafkaWorld& world, std::size_t index, const std::vector<model::NodeId>& from,
                               const std::vector<model::NodeId>& to, bool both_ways, bool directed) {
  const FaultRow& row = plan_[index].row();
  for (const model::NodeId a : from)
    for (const model::NodeId b : to) {
      if (a == b) continue;
      link(world, index, a, b);
      if (both_ways && directed) link(world, index, b, a);
      say(row.injected, a, b, fmt::format("{} {} {} {}", row.text.name, name(a), both_ways ? "<->" : "->", name(b)));
    }
}

void FaultEngine::isolate(KafkaWorld& world, std::size_t index, const std::vector<model::NodeId>& nodes) {
  for (const model::NodeId node : nodes) {
    for (std::int32_t id = 1; id <= static_cast<std::int32_t>(names_.size()); ++id) {
      if (model::NodeId{id} == node) continue;
      link(world, index, node, model::NodeId{id});
      link(world, index, model::NodeId{id}, node);
    }
    say(Kind::cut, node, {}, fmt::format("{} is isolated from everybody", name(node)));
  }
}

// Cuts `half` off from all others but those in `bridge`.
void FaultEngine::separate(KafkaWorld& world, std::size_t index, const std::vector<model::NodeId>& half,
                           const std::vector<model::NodeId>& bridge) {
  const auto in = [](const std::vector<model::NodeId>& nodes, model::NodeId node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
  };
  std::vector<model::NodeId> others;
  for (std::int32_t id = 1; id <= static_cast<std::int32_t>(names_.size()); ++id)
    if (!in(half, model::NodeId{id}) && !in(bridge, model::NodeId{id})) others.push_back(model::NodeId{id});
  for (const model::NodeId a : half) {
    if (in(bridge, a)) continue;
    for (const model::NodeId b : others) {
      link(world, index, a, b);
      link(world, index, b, a);
    }
  }
  const auto& links = active_[index].links;
  if (links.empty()) return;
  say(Kind::cut, links.front().from, links.front().to,
      fmt::format("{} | {}{}", names(half), names(others), bridge.empty() ? "" : ", and both see " + names(bridge)));
}

void FaultEngine::undo(KafkaWorld& world, const ClusterView& view, std::size_t index) {
  Active& active = active_[index];
  if (!active.done || active.undone) return;
  look(world, index);
  active.undone = true;
  const FaultSpec& fault = plan_[index];
  for (const model::NodeId node : active.nodes) {
    const Ended ended = effects_.end(world, index, node);
    active.outcome.effective =
        active.outcome.effective || ended.disk_replaced || ended.killed || ended.started || ended.resumed;
    if (ended.disk_replaced) say(Kind::wiped, node, {}, fmt::format("{} comes back with an older disk", name(node)));
    if (ended.killed) say(Kind::killed, node, {}, fmt::format("{} did not stop in time and is killed", name(node)));
    if (ended.started) say(Kind::restarted, node, {}, fmt::format("{} is started", name(node)));
    if (ended.resumed) say(Kind::resumed, node, {}, fmt::format("{} resumes", name(node)));
  }
  std::visit(
      [&](const auto& what) {
        if constexpr (requires(const FaultOperator& op) { what.undo(op); })
          what.undo(FaultOperator(*this, world, view));
      },
      fault.what);
  for (const LinkHit& hit : active.links) effects_.end(at_link(world, index, hit));
  if (!active.links.empty() && !fault.row().at_once)
    say(Kind::healed, active.links.front().from, active.links.front().to,
        fmt::format("end of {} {} - {}", fault.row().text.name, name(active.links.front().from),
                    name(active.links.front().to)));
}

void FaultEngine::become_quiet(KafkaWorld& world, const ClusterView& view) {
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    // A hand-written fault without an end stays as its author left it.
    const bool stays = !plan_[i].until && !plan_[i].duration;
    if (!stays) undo(world, view, i);
  }
  quiet_ = true;
}

void FaultEngine::look(KafkaWorld& world, std::size_t index) {
  Active& active = active_[index];
  bool& effective = active.outcome.effective;
  if (active.undone) return;
  for (const model::NodeId node : active.nodes) effective = effective || effects_.shows(world, index, node);
  for (const LinkHit& hit : active.links) effective = effective || effects_.shows(at_link(world, index, hit));
}

std::string FaultEngine::why_inert(std::size_t index) const {
  const Active& active = active_[index];
  if (!active.links.empty()) return "nothing was sent there that it could stop or slow";
  if (!active.nodes.empty()) return "nothing was there that it could change";
  if (!active.targeted) return "its target was nobody";
  return plan_[index].row().of_operator ? "the cluster changed nothing for it" : "it found nothing to hit";
}

std::vector<FaultOutcome> FaultEngine::outcomes(KafkaWorld& world) {
  std::vector<FaultOutcome> all;
  for (std::size_t i = 0; i < plan_.size(); ++i) {
    look(world, i);
    all.push_back(active_[i].outcome);
    if (all.back().fired && !all.back().effective) all.back().why_inert = why_inert(i);
  }
  return all;
}

}  // namespace ktrial::scenarios
