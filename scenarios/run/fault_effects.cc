#include "scenarios/run/fault_effects.h"

#include <algorithm>

#include "scenarios/cluster/cluster_builder.h"

namespace ktrial::scenarios {
namespace {

constexpr std::int64_t kDefaultSlow = 10;
constexpr std::int64_t kDefaultBandwidth = 100'000;
constexpr Nanos kDefaultSlowDisk = milliseconds(50);
constexpr std::int64_t kFastestDrift = 499'999;  // sim::Clock

std::int32_t held_kind(const FaultSpec& spec) {
  return spec.message.empty() ? sim::kAnyKind : std::int32_t{model::kind_by_name(spec.message)};
}

}  // namespace

FaultEffects::FaultEffects(const Scenario& scenario, std::size_t nodes)
    : log_dirs_(scenario.cluster.config.effective.log_dirs), bandwidth_(scenario.network.bandwidth_bytes_per_second) {
  for (std::size_t i = 0; i < nodes; ++i)
    drift_.push_back(clock_of(scenario, model::NodeId{static_cast<std::int32_t>(i) + 1}).drift_ppm);
}

bool FaultEffects::stops_process(FaultKind kind) {
  return kind == FaultKind::kill || kind == FaultKind::power_cut || kind == FaultKind::wipe ||
         kind == FaultKind::clean_stop;
}
bool FaultEffects::cuts(FaultKind kind) {
  return kind == FaultKind::cut || kind == FaultKind::isolate || kind == FaultKind::halves || kind == FaultKind::bridge;
}

template <class Matches>
bool FaultEffects::any(Matches matches) const {
  return std::any_of(in_force_.begin(), in_force_.end(), matches);
}
bool FaultEffects::keeps_down(model::NodeId node) const {
  return any([&](const InForce& e) { return stops_process(e.kind) && e.node == node; });
}
bool FaultEffects::has(FaultKind kind, model::NodeId node) const {
  return any([&](const InForce& e) { return e.kind == kind && e.node == node && !e.peer.present(); });
}
bool FaultEffects::is_cut(model::NodeId from, model::NodeId to) const {
  return any([&](const InForce& e) { return cuts(e.kind) && e.node == from && e.peer == to; });
}
bool FaultEffects::stopped(model::NodeId node) const {
  // A broker cannot run with a broken disk, and with a broken log directory not with all of its replicas.
  return keeps_down(node) || has(FaultKind::pause, node) || any([&](const InForce& e) {
           return harms_log_dir(e.kind) && e.kind != FaultKind::slow_disk && e.node == node;
         });
}
bool FaultEffects::any_other() const {
  return any([](const InForce& e) {
    return !stops_process(e.kind) && e.kind != FaultKind::pause &&
           (!harms_log_dir(e.kind) || e.kind == FaultKind::slow_disk);
  });
}

bool FaultEffects::take(std::size_t fault, model::NodeId node, model::NodeId peer) {
  const auto at = std::find_if(in_force_.begin(), in_force_.end(),
                               [&](const InForce& e) { return e.fault == fault && e.node == node && e.peer == peer; });
  if (at == in_force_.end()) return false;
  in_force_.erase(at);
  return true;
}

FaultEffects::Hit FaultEffects::begin(KafkaWorld& world, std::size_t fault, const FaultSpec& spec, model::NodeId node) {
  const sim::NodeId id = to_sim(node);
  const bool up = world.process(id) != sim::ProcessState::down;
  const auto stays = [&](std::int64_t amount = 0) {
    in_force_.push_back({fault, spec.kind, node, model::NodeId{}, amount, spec.log_dir});
  };
  // A pause is of a process and ends with it.
  const auto process_ends = [&] {
    std::erase_if(in_force_, [&](const InForce& e) { return e.kind == FaultKind::pause && e.node == node; });
  };
  switch (spec.kind) {
    case FaultKind::kill:
      stays();
      if (!up) return Hit::prolongs;
      world.kill(id);
      process_ends();
      return Hit::struck;
    case FaultKind::power_cut:
      stays();
      world.power_cut(id);
      disk_said(world, node);
      process_ends();
      return Hit::struck;
    case FaultKind::wipe:
      stays();
      // The two steps tell of what they took one by one.
      if (up) {
        world.power_cut(id);
        disk_said(world, node);
      }
      process_ends();
      world.wipe(id);
      disk_said(world, node);
      return Hit::struck;
    case FaultKind::clean_stop:
      // A process that stands still does not hear the signal, so this finds nothing to hit.
      if (!world.command(id, model::CleanStop{})) return Hit::nothing;
      stays();
      return Hit::struck;
    case FaultKind::restart:
      if (up) return Hit::nothing;
      std::erase_if(in_force_, [&](const InForce& e) { return stops_process(e.kind) && e.node == node; });
      world.restart(id);
      return Hit::struck;
    case FaultKind::pause:
      if (!up) return Hit::nothing;
      stays();
      return world.pause(id) ? Hit::struck : Hit::prolongs;
    case FaultKind::slow:
      stays(spec.amount.value_or(kDefaultSlow));
      set_slow(world, node);
      return Hit::struck;
    case FaultKind::bit_rot:
    case FaultKind::misdirected_write: {
      bool broke = false;
      if (!world.node(id).broker()) return Hit::nothing;
      const auto which = static_cast<std::uint64_t>(spec.amount.value_or(0));
      world.tamper(id, which, [&](KafkaNode& n) {
        broke = spec.kind == FaultKind::misdirected_write ? n.misdirect(which)
                : spec.checksum_matches                   ? n.rot_unseen(which)
                                                          : n.rot(which);
      });
      disk_said(world, node);
      return broke ? Hit::struck : Hit::nothing;
    }
    case FaultKind::write_error:
    case FaultKind::read_error:
    case FaultKind::fsync_error:
    case FaultKind::full_disk:
    case FaultKind::slow_disk:
      if (!world.node(id).broker()) return Hit::nothing;
      stays(spec.delay.value_or(kDefaultSlowDisk).count());
      set_disk(world, node);
      return Hit::struck;
    case FaultKind::restore_disk:
      if (!world.node(id).broker()) return Hit::nothing;
      stays();
      snapshots_.push_back({fault, node, world.node(id).broker()->durable_disk()});
      return Hit::struck;
    case FaultKind::clock_step:
      world.step_wall_clock(id, spec.delay.value_or(Nanos::zero()));
      return Hit::struck;
    case FaultKind::clock_drift:
      stays(spec.amount.value_or(0));
      set_drift(world, node);
      return Hit::struck;
    case FaultKind::clock_freeze: {
      const bool frozen = has(FaultKind::clock_freeze, node);
      stays();
      if (frozen) return Hit::prolongs;
      world.freeze_clock(id);
      return Hit::struck;
    }
    default:
      return Hit::nothing;
  }
}

FaultEffects::Ended FaultEffects::end(KafkaWorld& world, std::size_t fault, const FaultSpec& spec, model::NodeId node) {
  Ended ended;
  if (!take(fault, node, model::NodeId{})) return ended;
  const sim::NodeId id = to_sim(node);
  if (stops_process(spec.kind)) {
    if (keeps_down(node)) return ended;
    ended.killed = world.kill(id);
    ended.started = world.restart(id);
  } else if (harms_log_dir(spec.kind)) {
    set_disk(world, node);
    if (keeps_down(node)) return ended;
    // What has met an error halts within 50 ms, which may be after the fault.
    if (world.node(id).broker() && world.node(id).broker()->directory_failed()) ended.killed = world.kill(id);
    ended.started = world.restart(id);
  } else if (spec.kind == FaultKind::restore_disk) {
    restore(world, fault, node);
    ended.disk_replaced = true;
    if (!keeps_down(node)) ended.started = world.restart(id);
  } else if (spec.kind == FaultKind::pause) {
    ended.resumed = !has(FaultKind::pause, node) && world.resume(id);
  } else if (spec.kind == FaultKind::slow) {
    set_slow(world, node);
  } else if (spec.kind == FaultKind::clock_drift) {
    set_drift(world, node);
  } else if (spec.kind == FaultKind::clock_freeze && !has(FaultKind::clock_freeze, node)) {
    world.unfreeze_clock(id);
  }
  return ended;
}

void FaultEffects::begin_link(KafkaWorld& world, std::size_t fault, const FaultSpec& spec, model::NodeId from,
                              model::NodeId to) {
  if (any([&](const InForce& e) { return e.fault == fault && e.node == from && e.peer == to; })) return;
  const sim::NodeId a = to_sim(from), b = to_sim(to);
  const auto stays = [&](std::int64_t amount = 0) { in_force_.push_back({fault, spec.kind, from, to, amount}); };
  switch (spec.kind) {
    case FaultKind::cut:
    case FaultKind::isolate:
    case FaultKind::halves:
    case FaultKind::bridge:
      if (!is_cut(from, to)) world.network().cut(a, b);
      stays();
      break;
    case FaultKind::delay:
      stays(spec.delay.value_or(milliseconds(100)).count());
      set_delay(world, from, to);
      break;
    case FaultKind::bandwidth:
      stays(spec.amount.value_or(kDefaultBandwidth));
      set_bandwidth(world, from, to);
      break;
    case FaultKind::reset:
      world.network().reset(a, b);
      break;
    case FaultKind::cut_mid_response:
      world.network().reset_on_next(a, b, held_kind(spec));
      stays();
      break;
    case FaultKind::hold:
      world.network().hold(a, b, held_kind(spec));
      stays();
      break;
    default:
      break;
  }
}

void FaultEffects::end_link(KafkaWorld& world, std::size_t fault, const FaultSpec& spec, model::NodeId from,
                            model::NodeId to) {
  if (!take(fault, from, to)) return;
  const sim::NodeId a = to_sim(from), b = to_sim(to);
  if (cuts(spec.kind)) {
    if (!is_cut(from, to)) world.network().heal(a, b);
  } else if (spec.kind == FaultKind::delay) {
    set_delay(world, from, to);
  } else if (spec.kind == FaultKind::bandwidth) {
    set_bandwidth(world, from, to);
  } else if (spec.kind == FaultKind::cut_mid_response) {
    world.network().cancel_reset_on_next(a, b, held_kind(spec));
  } else if (spec.kind == FaultKind::hold) {
    world.network().release(a, b, held_kind(spec));
  }
}

void FaultEffects::set_disk(KafkaWorld& world, model::NodeId node) const {
  for (std::size_t i = 0; i < log_dirs_.size(); ++i) set_log_dir(world, node, i);
}

void FaultEffects::set_log_dir(KafkaWorld& world, model::NodeId node, std::size_t directory) const {
  model::DiskHealth health;
  for (const InForce& e : in_force_) {
    if (e.node != node || e.peer.present() || (!e.log_dir.empty() && e.log_dir != log_dirs_[directory])) continue;
    health.write_fails = health.write_fails || e.kind == FaultKind::write_error || e.kind == FaultKind::full_disk;
    health.read_fails = health.read_fails || e.kind == FaultKind::read_error;
    health.fsync_fails = health.fsync_fails || e.kind == FaultKind::fsync_error;
    if (e.kind == FaultKind::slow_disk) health.slow += Nanos(e.amount);
  }
  world.tamper(to_sim(node), static_cast<std::uint64_t>(health.slow.count()),
               [&](KafkaNode& n) { n.set_disk_health(health, directory); });
}

void FaultEffects::restore(KafkaWorld& world, std::size_t fault, model::NodeId node) {
  const auto at = std::find_if(snapshots_.begin(), snapshots_.end(),
                               [&](const Snapshot& s) { return s.fault == fault && s.node == node; });
  if (at == snapshots_.end()) return;
  world.power_cut(to_sim(node));
  disk_said(world, node);
  world.tamper(to_sim(node), 0, [&](KafkaNode& n) { n.restore_disk(std::move(at->disk)); });
  disk_said(world, node);
  snapshots_.erase(at);
  // A pause is of a process and ends with it.
  std::erase_if(in_force_, [&](const InForce& e) { return e.kind == FaultKind::pause && e.node == node; });
}

void FaultEffects::disk_said(const KafkaWorld& world, model::NodeId node) {
  for (const model::Fact& fact : world.node(to_sim(node)).disk_facts()) disk_facts_.emplace_back(node, fact);
}

void FaultEffects::set_slow(KafkaWorld& world, model::NodeId node) const {
  std::int64_t factor = 0;
  for (const InForce& e : in_force_)
    if (e.kind == FaultKind::slow && e.node == node) factor = std::max(factor, e.amount);
  world.slow(to_sim(node), static_cast<std::uint64_t>(factor));
}

void FaultEffects::set_drift(KafkaWorld& world, model::NodeId node) const {
  std::int64_t ppm = drift_[static_cast<std::size_t>(node.value - 1)];
  for (const InForce& e : in_force_)
    if (e.kind == FaultKind::clock_drift && e.node == node) ppm += e.amount;
  world.set_drift(to_sim(node), std::clamp(ppm, -kFastestDrift, kFastestDrift));
}

void FaultEffects::set_delay(KafkaWorld& world, model::NodeId from, model::NodeId to) const {
  Nanos extra{0};
  for (const InForce& e : in_force_)
    if (e.kind == FaultKind::delay && e.node == from && e.peer == to) extra += Nanos(e.amount);
  world.network().delay(to_sim(from), to_sim(to), extra);
}

void FaultEffects::set_bandwidth(KafkaWorld& world, model::NodeId from, model::NodeId to) const {
  std::int64_t lowest = bandwidth_;
  for (const InForce& e : in_force_)
    if (e.kind == FaultKind::bandwidth && e.node == from && e.peer == to) lowest = std::min(lowest, e.amount);
  world.network().bandwidth(to_sim(from), to_sim(to), static_cast<std::uint64_t>(lowest));
}

}  // namespace ktrial::scenarios
