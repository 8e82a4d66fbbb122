// What can go wrong with connections: cuts, resets, holds, timeouts, processes and machines going down.
#include <algorithm>

#include "sim/network.h"

namespace ktrial::sim {

void Network::drop(Kernel& k, std::uint32_t direction, std::uint32_t flight) {
  const Flight& f = flights_[flight];
  if (f.kind == FlightKind::message) {
    const Connection& c = connections_[direction / 2];
    const std::uint32_t i = direction & 1;
    k.record({.cause = f.cause,
              .node = c.ends[1 - i],
              .peer = c.ends[i],
              .kind = TraceKind::dropped,
              .message_kind = f.message_kind,
              .connection = c.id,
              .number = f.number});
    dropped_.push_back(f.payload);
  }
  free_flights_.push_back(flight);
}

// Empties a direction. `keep_arrived`: a head that reached the receiving process's machine stays.
void Network::drop_all(Kernel& k, std::uint32_t direction, bool keep_arrived) {
  Direction& d = directions_[direction];
  std::uint32_t f = d.head;
  const bool keep = keep_arrived && f != kNone && flights_[f].arrived;
  if (keep) f = flights_[f].next;
  while (f != kNone) {
    const auto next = flights_[f].next;
    drop(k, direction, f);
    f = next;
  }
  if (keep) {
    flights_[d.head].next = kNone;
    d.tail = d.head;
    return;
  }
  d.head = d.tail = kNone;
  d.scheduled = d.blocked = d.timeout_armed = false;
  ++d.generation;
  ++d.timeout_generation;
}

// May the head not be delivered now?
bool Network::stopped(std::uint32_t direction) const {
  const Connection& c = connections_[direction / 2];
  const std::uint32_t i = direction & 1;
  const NodeId from = c.ends[i], to = c.ends[1 - i];
  const Flight& f = flights_[directions_[direction].head];
  if (machines_[static_cast<std::size_t>(to)] == MachineState::machine_down) return true;
  if (f.arrived) return false;
  if (link(from, to).cut) return true;
  if (c.state[1 - i] == End::unreached && link(to, from).cut) return true;  // the handshake needs both ways
  if (holds_.empty() || f.kind != FlightKind::message) return false;
  return std::any_of(holds_.begin(), holds_.end(),
                     [&](const Rule& hold) { return hold.matches(from, to, f.message_kind); });
}

void Network::block(Kernel& k, std::uint32_t direction) {
  Direction& d = directions_[direction];
  if (d.sender_lost) {  // whoever would send it again has no power
    drop_all(k, direction, false);
    release_if_over(direction / 2);
    return;
  }
  d.blocked = true;
  count_stopped(direction);
  arm_timeout(k, direction);
}

// By a cut or a hold, not by a machine that has no power. A handshake needs both ways.
void Network::count_stopped(std::uint32_t direction) {
  const Connection& c = connections_[direction / 2];
  const std::uint32_t i = direction & 1;
  const NodeId from = c.ends[i], to = c.ends[1 - i];
  if (machines_[static_cast<std::size_t>(to)] == MachineState::machine_down) return;
  ++link(from, to).stopped;
  if (c.state[1 - i] == End::unreached) ++link(to, from).stopped;
}

bool Network::connected(NodeId a, NodeId b) const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [&](const Connection& c) { return c.live && end_of(c, a) >= 0 && end_of(c, b) >= 0; });
}

bool Network::resets_next(NodeId from, NodeId to, std::int32_t kind) const {
  return std::find(mines_.begin(), mines_.end(), Rule{from, to, kind}) != mines_.end();
}

void Network::arm_timeout(Kernel& k, std::uint32_t direction) {
  Direction& d = directions_[direction];
  if (d.timeout_armed) return;
  for (auto f = d.head; f != kNone; f = flights_[f].next) {
    if (flights_[f].kind == FlightKind::reset) continue;  // a reset is sent once and not waited for
    d.timeout_armed = true;
    k.schedule(std::max(k.now, flights_[f].sent_at + config_.user_timeout), EventKind::timeout, direction,
               ++d.timeout_generation);
    return;
  }
}

Arrival Network::timeout(Kernel& k, std::uint32_t direction, std::uint32_t tag) {
  Direction& d = directions_[direction];
  if (d.timeout_generation != tag || !d.timeout_armed) return {};
  d.timeout_armed = false;
  if (!d.blocked || d.head == kNone) return {};
  const std::uint32_t slot = direction / 2;
  const std::uint32_t from = direction & 1;
  Connection& c = connections_[slot];
  const NodeId sender = c.ends[from], receiver = c.ends[1 - from];
  const bool by_network = link(sender, receiver).cut || link(receiver, sender).cut ||
                          machines_[static_cast<std::size_t>(receiver)] == MachineState::machine_down;
  if (!by_network) return {};  // a held message is held by the scenario, and for as long as it says
  auto f = d.head;
  while (f != kNone && flights_[f].kind == FlightKind::reset) f = flights_[f].next;
  if (f == kNone) return {};
  if (flights_[f].sent_at + config_.user_timeout > k.now) {
    arm_timeout(k, direction);
    return {};
  }
  // The sending end gives up. The other end is told nothing; if it sends, it finds nobody there.
  const bool tell = c.state[from] == End::open;
  const std::uint64_t cause = flights_[f].cause;
  c.state[from] = End::closed;
  if (c.state[1 - from] == End::unreached) c.state[1 - from] = End::closed;
  drop_all(k, direction, false);
  drop_all(k, direction ^ 1, false);
  const Arrival out{.kind = tell ? Arrival::Kind::closed : Arrival::Kind::none,
                    .to = sender,
                    .from = receiver,
                    .connection = c.id,
                    .cause = cause};
  release_if_over(slot);
  return out;
}

// Something healed: lets every direction go on that nothing stops any more.
void Network::unblock(Kernel& k) {
  for (std::uint32_t i = 0; i < directions_.size(); ++i) {
    Direction& d = directions_[i];
    if (!d.blocked) continue;
    if (d.head == kNone) {
      d.blocked = false;
      continue;
    }
    if (stopped(i)) {
      arm_timeout(k, i);
      continue;
    }
    d.blocked = false;
    const Connection& c = connections_[i / 2];
    const auto lo = static_cast<std::uint64_t>(link(c.ends[i & 1], c.ends[1 - (i & 1)]).config.latency_min.count());
    const auto hi = std::max(lo, static_cast<std::uint64_t>(config_.retransmit_max.count()));
    const Nanos wait{static_cast<std::int64_t>(
        k.decisions.uniform(name(DecisionKind::retransmit, i, flights_[d.head].number), k.now, lo, hi))};
    schedule_head(k, i, std::max(k.now + wait, flights_[d.head].deliver_at));
  }
}

void Network::note(Kernel& k, TraceKind what, NodeId from, NodeId to, std::uint64_t number) const {
  k.note(0x80 + static_cast<std::uint64_t>(what), number);
  k.fingerprint.mix(static_cast<std::uint64_t>(from) << 32 ^ static_cast<std::uint32_t>(to));
}

void Network::cut(Kernel& k, NodeId from, NodeId to) {
  note(k, TraceKind::cut, from, to, 0);
  link(from, to).cut = true;
  k.record({.cause = k.event_id, .node = from, .peer = to, .kind = TraceKind::cut});
}

void Network::heal(Kernel& k, NodeId from, NodeId to) {
  if (!link(from, to).cut) return;
  note(k, TraceKind::healed, from, to, 0);
  link(from, to).cut = false;
  k.record({.cause = k.event_id, .node = from, .peer = to, .kind = TraceKind::healed});
  unblock(k);
}

void Network::set_delay(Kernel& k, NodeId from, NodeId to, Nanos extra) {
  note(k, TraceKind::link, from, to, static_cast<std::uint64_t>(extra.count()));
  link(from, to).extra = extra;
  k.record({.cause = k.event_id,
            .node = from,
            .peer = to,
            .kind = TraceKind::link,
            .number = static_cast<std::uint64_t>(extra.count())});
}

void Network::set_bandwidth(Kernel& k, NodeId from, NodeId to, std::uint64_t bytes_per_second) {
  note(k, TraceKind::link, from, to, ~bytes_per_second);  // never the number of a delay
  link(from, to).config.bytes_per_second = bytes_per_second;
  k.record({.cause = k.event_id, .node = from, .peer = to, .kind = TraceKind::link, .number = bytes_per_second});
}

void Network::hold(Kernel& k, NodeId from, NodeId to, std::int32_t kind) {
  note(k, TraceKind::held, from, to, static_cast<std::uint64_t>(kind));
  holds_.push_back({from, to, kind});
  k.record({.cause = k.event_id,
            .node = from,
            .peer = to,
            .kind = TraceKind::held,
            .message_kind = static_cast<std::uint16_t>(kind)});
}

void Network::release(Kernel& k, NodeId from, NodeId to, std::int32_t kind) {
  const auto at = std::find(holds_.begin(), holds_.end(), Rule{from, to, kind});
  if (at == holds_.end()) return;
  note(k, TraceKind::released, from, to, static_cast<std::uint64_t>(kind));
  holds_.erase(at);
  k.record({.cause = k.event_id,
            .node = from,
            .peer = to,
            .kind = TraceKind::released,
            .message_kind = static_cast<std::uint16_t>(kind)});
  unblock(k);
}

void Network::set_link(Kernel& k, NodeId from, NodeId to, const LinkConfig& config) {
  note(k, TraceKind::link, from, to, static_cast<std::uint64_t>(config.latency_min.count()));
  for (const std::uint64_t word :
       {static_cast<std::uint64_t>(config.latency_jitter.count()), static_cast<std::uint64_t>(config.tail.count()),
        config.bytes_per_second, static_cast<std::uint64_t>(config.shape) << 32 ^ config.tail_per_million,
        std::uint64_t{config.loss_per_million} << 32 ^ config.duplicate_per_million}) {
    k.fingerprint.mix(word);
  }
  link(from, to).config = config;
}

void Network::reset_on_next(Kernel& k, NodeId from, NodeId to, std::int32_t kind) {
  note(k, TraceKind::reset, from, to, static_cast<std::uint64_t>(kind));
  mines_.push_back({from, to, kind});
}

bool Network::cancel_reset_on_next(Kernel& k, NodeId from, NodeId to, std::int32_t kind) {
  const auto at = std::find(mines_.begin(), mines_.end(), Rule{from, to, kind});
  if (at == mines_.end()) return false;
  note(k, TraceKind::released, from, to, static_cast<std::uint64_t>(kind));
  mines_.erase(at);
  return true;
}

void Network::reset(Kernel& k, NodeId a, NodeId b) {
  note(k, TraceKind::reset, a, b, 0);
  for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
    const Connection& c = connections_[slot];
    if (!c.live || end_of(c, a) < 0 || end_of(c, b) < 0) continue;
    k.record({.cause = k.event_id, .node = a, .peer = b, .kind = TraceKind::reset, .connection = c.id});
    reset_connection(k, slot);
  }
}

// In flight is lost both ways; each end learns of it at its own time, and not through a cut.
void Network::reset_connection(Kernel& k, std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (c.reset) return;
  for (const std::uint32_t d : {slot * 2, slot * 2 + 1}) drop_all(k, d, true);
  c.reset = directions_[slot * 2].head == kNone && directions_[slot * 2 + 1].head == kNone;
  const bool kept = !c.reset;
  for (std::uint32_t to = 0; to < 2; ++to) {
    if (c.state[to] == End::unreached) c.state[to] = End::closed;
    if (c.state[to] != End::open) continue;
    const std::uint32_t direction = slot * 2 + (1 - to);
    const auto most = static_cast<std::uint64_t>(config_.close_notice_max.count());
    const Nanos after{static_cast<std::int64_t>(k.decisions.uniform(
        name(DecisionKind::close_notice, direction, directions_[direction].next_number), k.now, 0, most))};
    if (directions_[direction].head == kNone) directions_[direction].last_arrival = k.now;
    send_mark(k, direction, FlightKind::reset, after);
  }
  c.reset = true;
  // A request that has reached its process still executes: let it pass before the connection counts as reset.
  if (kept) c.reset = false;
  release_if_over(slot);
}

void Network::process_down(Kernel& k, NodeId node) {
  machines_[static_cast<std::size_t>(node)] = MachineState::process_down;
  for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
    const Connection& c = connections_[slot];
    const int end = c.live ? end_of(c, node) : -1;
    if (end >= 0 && c.state[end] == End::open) leave(k, slot, end);
  }
}

void Network::machine_down(Kernel& k, NodeId node) {
  machines_[static_cast<std::size_t>(node)] = MachineState::machine_down;
  for (std::uint32_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& c = connections_[slot];
    const int end = c.live ? end_of(c, node) : -1;
    if (end < 0) continue;
    const auto out = slot * 2 + static_cast<std::uint32_t>(end);
    Direction& d = directions_[out];
    // What had left the machine stays in flight; what waited to be sent again, or just now left, is gone.
    d.sender_lost = true;
    if (d.blocked) {
      drop_all(k, out, false);
    } else {
      std::uint32_t last = kNone, f = d.head;
      while (f != kNone && (flights_[f].arrived || flights_[f].sent_at + config_.departure <= k.now)) {
        last = f;
        f = flights_[f].next;
      }
      if (last == kNone) {
        drop_all(k, out, false);
      } else {
        flights_[last].next = kNone;
        d.tail = last;
        while (f != kNone) {
          const auto next = flights_[f].next;
          drop(k, out, f);
          f = next;
        }
      }
    }
    if (c.state[end] == End::open) c.state[end] = End::closed;
    const auto in = directions_[out ^ 1].head;
    if (in != kNone) flights_[in].arrived = false;  // it was in the memory of the machine
    release_if_over(slot);
  }
}

void Network::node_up(Kernel& k, NodeId node) {
  machines_[static_cast<std::size_t>(node)] = MachineState::up;
  unblock(k);
}

}  // namespace ktrial::sim
