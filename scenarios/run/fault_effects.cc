#include "scenarios/run/fault_effects.h"

#include <algorithm>

#include "scenarios/cluster/cluster_builder.h"

namespace ktrial::scenarios {

FaultEffects::FaultEffects(const Scenario& scenario, const std::vector<FaultSpec>& plan, std::size_t nodes)
    : log_dirs_(scenario.cluster.config.effective.log_dirs), bandwidth_(scenario.network.bandwidth_bytes_per_second) {
  for (const FaultSpec& fault : plan) acts_.push_back(fault.what);
  for (std::size_t i = 0; i < nodes; ++i)
    drift_.push_back(clock_of(scenario, model::NodeId{static_cast<std::int32_t>(i) + 1}).drift_ppm);
}

template <class Matches>
bool FaultEffects::any(Matches matches) const {
  return std::any_of(in_force_.begin(), in_force_.end(), matches);
}
bool FaultEffects::keeps_down(model::NodeId node) const {
  return any([&](const InForce& e) { return e.node == node && row(e).standstill == Standstill::down; });
}
bool FaultEffects::is_cut(model::NodeId from, model::NodeId to) const {
  return any([&](const InForce& e) { return e.node == from && e.peer == to && row(e).cuts; });
}
bool FaultEffects::stopped(model::NodeId node) const {
  return any([&](const InForce& e) { return e.node == node && row(e).standstill != Standstill::none; });
}
bool FaultEffects::any_other() const {
  return any([&](const InForce& e) { return row(e).standstill == Standstill::none; });
}

bool FaultEffects::take(std::size_t fault, model::NodeId node, model::NodeId peer) {
  const auto at = std::find_if(in_force_.begin(), in_force_.end(),
                               [&](const InForce& e) { return e.fault == fault && e.node == node && e.peer == peer; });
  if (at == in_force_.end()) return false;
  in_force_.erase(at);
  return true;
}

Hit FaultEffects::begin(KafkaWorld& world, std::size_t fault, model::NodeId node) {
  const AtNode at{world, *this, fault, node};
  return std::visit(
      [&](const auto& act) {
        if constexpr (requires {
                        { act.begin(at) } -> std::same_as<Hit>;
                      })
          return act.begin(at);
        else
          return Hit::nothing;
      },
      acts_[fault]);
}

Ended FaultEffects::end(KafkaWorld& world, std::size_t fault, model::NodeId node) {
  if (!take(fault, node, model::NodeId{})) return {};
  const AtNode at{world, *this, fault, node};
  return std::visit(
      [&](const auto& act) {
        if constexpr (requires { act.end(at); })
          return act.end(at);
        else
          return Ended{};
      },
      acts_[fault]);
}

void FaultEffects::begin(const AtLink& at) {
  if (any([&](const InForce& e) { return e.fault == at.fault && e.node == at.from && e.peer == at.to; })) return;
  std::visit(
      [&](const auto& act) {
        if constexpr (std::decay_t<decltype(act)>::kCuts) {
          if (!is_cut(at.from, at.to)) at.world.network().cut(at.a(), at.b());
          at.stays();
        } else if constexpr (requires { act.begin(at); }) {
          act.begin(at);
        }
      },
      acts_[at.fault]);
}

void FaultEffects::end(const AtLink& at) {
  if (!take(at.fault, at.from, at.to)) return;
  std::visit(
      [&](const auto& act) {
        if constexpr (std::decay_t<decltype(act)>::kCuts) {
          if (!is_cut(at.from, at.to)) at.world.network().heal(at.a(), at.b());
        } else if constexpr (requires { act.end(at); }) {
          act.end(at);
        }
      },
      acts_[at.fault]);
}

bool FaultEffects::shows(KafkaWorld& world, std::size_t fault, model::NodeId node) {
  const AtNode at{world, *this, fault, node};
  return std::visit(
      [&](const auto& act) {
        if constexpr (requires { act.shows(at); })
          return act.shows(at);
        else
          return false;
      },
      acts_[fault]);
}

// What stops messages has mattered if one was stopped.
bool FaultEffects::shows(const AtLink& at) const {
  return std::visit(
      [&](const auto& act) {
        if constexpr (requires { act.shows(at); })
          return act.shows(at);
        else
          return at.stopped() > 0;
      },
      acts_[at.fault]);
}

void FaultEffects::end_standstill(model::NodeId node, Standstill standstill) {
  std::erase_if(in_force_, [&](const InForce& e) { return e.node == node && row(e).standstill == standstill; });
}

void FaultEffects::set_disk(KafkaWorld& world, model::NodeId node) const {
  for (std::size_t directory = 0; directory < log_dirs_.size(); ++directory) {
    model::DiskHealth health;
    for (const InForce& e : in_force_) {
      if (e.node != node || e.peer.present()) continue;
      std::visit(
          [&](const auto& act) {
            if constexpr (requires { act.harm(health); })
              if (act.log_dir.empty() || act.log_dir == log_dirs_[directory]) act.harm(health);
          },
          acts_[e.fault]);
    }
    world.tamper(to_sim(node), static_cast<std::uint64_t>(health.slow.count()),
                 [&](KafkaNode& n) { n.set_disk_health(health, directory); });
  }
}

void FaultEffects::keep_disk(std::size_t fault, model::NodeId node, model::BrokerDisk disk) {
  snapshots_.push_back({fault, node, std::move(disk)});
}

void FaultEffects::restore_disk(KafkaWorld& world, std::size_t fault, model::NodeId node) {
  const auto at = std::find_if(snapshots_.begin(), snapshots_.end(),
                               [&](const Snapshot& s) { return s.fault == fault && s.node == node; });
  if (at == snapshots_.end()) return;
  world.power_cut(to_sim(node));
  disk_said(world, node);
  world.tamper(to_sim(node), 0, [&](KafkaNode& n) { n.restore_disk(std::move(at->disk)); });
  disk_said(world, node);
  snapshots_.erase(at);
  process_ends(node);
}

bool FaultEffects::disk_said(const KafkaWorld& world, model::NodeId node) {
  const std::vector<model::Fact>& said = world.node(to_sim(node)).disk_facts();
  for (const model::Fact& fact : said) disk_facts_.emplace_back(node, fact);
  return !said.empty();
}

}  // namespace ktrial::scenarios
