// Connections in normal operation: open, send, arrive, close. Faults are in network_faults.cc.
#include "sim/network.h"

#include <algorithm>

#include "sim/assert.h"
#include "sim/fixed_point.h"

namespace ktrial::sim {
namespace {
std::uint32_t u32(NodeId node) { return static_cast<std::uint32_t>(node); }
std::uint64_t u64(Nanos t) { return static_cast<std::uint64_t>(t.count()); }
Nanos nanos(std::uint64_t n) { return Nanos{static_cast<std::int64_t>(n)}; }
}  // namespace

void Network::add_node() {
  const auto old = machines_.size();
  if (old == columns_) {
    const std::size_t columns = std::max<std::size_t>(4, 2 * old);
    std::vector<Link> links(columns * columns, Link{.config = config_.link});
    for (std::size_t from = 0; from < old; ++from) {
      for (std::size_t to = 0; to < old; ++to) links[from * columns + to] = links_[from * columns_ + to];
    }
    links_ = std::move(links);
    columns_ = columns;
  }
  machines_.push_back(MachineState::process_down);
  by_number_.emplace_back();
}

Network::Link& Network::link(NodeId from, NodeId to) {
  return links_[static_cast<std::size_t>(from) * columns_ + static_cast<std::size_t>(to)];
}
const Network::Link& Network::link(NodeId from, NodeId to) const {
  return links_[static_cast<std::size_t>(from) * columns_ + static_cast<std::size_t>(to)];
}

std::uint32_t Network::slot_of(ConnectionId id) const {
  if (id.initiator < 0 || id.initiator >= node_count() || id.number < 0) return kNone;
  const auto& numbers = by_number_[static_cast<std::size_t>(id.initiator)];
  const auto n = static_cast<std::size_t>(id.number);
  return n < numbers.size() ? numbers[n] : kNone;
}

DecisionName Network::name(DecisionKind kind, std::uint32_t direction, std::uint64_t d) const {
  const Connection& c = connections_[direction / 2];
  const std::uint32_t i = direction & 1;
  return {kind, u32(c.ends[i]), u32(c.ends[1 - i]), connection_word(c.id.number, i == 1), d};
}

Nanos Network::transit(Kernel& k, const Link& link, const DecisionName& name) const {
  const std::uint64_t jitter = u64(link.config.latency_jitter);
  std::uint64_t lo = u64(link.config.latency_min);
  switch (link.config.shape) {
    case LatencyShape::uniform:
      return nanos(k.decisions.rare_tail(name, k.now, lo, lo + jitter, std::max(lo + jitter, u64(link.config.tail)),
                                         link.config.tail_per_million)) +
             link.extra;
    // These two hold the jitter as the decision's value.
    case LatencyShape::exponential:
      return nanos(lo + k.decisions.exponential(name, k.now, jitter)) + link.extra;
    case LatencyShape::long_tail:
      return nanos(lo + k.decisions.long_tail(name, k.now, jitter, 6, jitter * 1000)) + link.extra;
  }
  return link.extra;
}

ConnectionId Network::open(NodeId from, NodeId to) {
  KTRIAL_ASSERT(from != to, "a node has no connection to itself");
  KTRIAL_ASSERT(to >= 0 && to < node_count(), "open to an unknown node");
  auto& numbers = by_number_[static_cast<std::size_t>(from)];
  std::uint32_t slot;
  if (free_connections_.empty()) {
    slot = static_cast<std::uint32_t>(connections_.size());
    connections_.emplace_back();
    directions_.resize(directions_.size() + 2);
  } else {
    slot = free_connections_.back();
    free_connections_.pop_back();
  }
  const ConnectionId id{from, static_cast<std::int32_t>(numbers.size())};
  numbers.push_back(slot);
  connections_[slot] = Connection{id, {from, to}, {End::open, End::unreached}, true, false};
  for (const std::uint32_t d : {slot * 2, slot * 2 + 1}) {
    // Generations survive reuse, so that entries of the former user stay stale.
    const Direction fresh{.generation = directions_[d].generation + 1,
                          .timeout_generation = directions_[d].timeout_generation + 1};
    directions_[d] = fresh;
  }
  return id;
}

NodeId Network::peer_of(NodeId self, ConnectionId id) const {
  const auto slot = slot_of(id);
  if (slot == kNone) return -1;
  const int end = end_of(connections_[slot], self);
  return end < 0 ? -1 : connections_[slot].ends[1 - end];
}

bool Network::is_open(NodeId end, ConnectionId id) const {
  const auto slot = slot_of(id);
  if (slot == kNone) return false;
  const int e = end_of(connections_[slot], end);
  return e >= 0 && connections_[slot].state[e] == End::open;
}

std::uint32_t Network::new_flight() {
  if (free_flights_.empty()) {
    flights_.emplace_back();
    return static_cast<std::uint32_t>(flights_.size() - 1);
  }
  const auto flight = free_flights_.back();
  free_flights_.pop_back();
  flights_[flight] = Flight{};
  return flight;
}

bool Network::send(Kernel& k, NodeId from, ConnectionId id, Outgoing message) {
  const auto slot = slot_of(id);
  const int end = slot == kNone ? -1 : end_of(connections_[slot], from);
  if (end < 0 || connections_[slot].state[end] != End::open) {
    dropped_.push_back(message.payload);
    return false;
  }
  const NodeId to = connections_[slot].ends[1 - end];
  const std::uint32_t direction = slot * 2 + static_cast<std::uint32_t>(end);
  Direction& d = directions_[direction];
  Link& l = link(from, to);
  ++l.sent;
  const std::uint64_t number = d.next_number++;
  k.record({.cause = k.event_id,
            .node = from,
            .peer = to,
            .kind = TraceKind::sent,
            .message_kind = message.kind,
            .connection = id,
            .number = number});
  for (std::size_t i = 0; i < mines_.size(); ++i) {
    if (!mines_[i].matches(from, to, message.kind)) continue;
    mines_.erase(mines_.begin() + static_cast<std::ptrdiff_t>(i));
    k.record({.cause = k.event_id,
              .node = from,
              .peer = to,
              .kind = TraceKind::dropped,
              .message_kind = message.kind,
              .connection = id,
              .number = number});
    dropped_.push_back(message.payload);
    reset_connection(k, slot);
    return true;  // the sender cannot know yet
  }
  Nanos at = k.now;
  if (l.config.bytes_per_second != 0) {
    const auto wire = multiply_shift(message.bytes, 1'000'000'000, 0) / l.config.bytes_per_second;
    at = l.free_at = std::max(k.now, l.free_at) + nanos(wire);
  }
  if (number == 0 && end == 0) {
    // The handshake: one round trip before the first message.
    const Link& back = link(to, from);
    const std::uint64_t lo = u64(l.config.latency_min + back.config.latency_min);
    const std::uint64_t width = u64(l.config.latency_jitter + back.config.latency_jitter);
    at += nanos(k.decisions.uniform(name(DecisionKind::connect_delay, direction, 0), k.now, lo, lo + width)) + l.extra +
          back.extra;
  }
  const auto flight = new_flight();
  Flight& f = flights_[flight];
  f.deliver_at = std::max(d.last_arrival, at + transit(k, l, name(DecisionKind::latency, direction, number)));
  f.sent_at = k.now;
  f.cause = k.event_id;
  f.number = number;
  f.payload = message.payload;
  f.message_kind = message.kind;
  append(k, direction, flight);
  return true;
}

void Network::append(Kernel& k, std::uint32_t direction, std::uint32_t flight) {
  Direction& d = directions_[direction];
  d.last_arrival = flights_[flight].deliver_at;
  if (d.head == kNone) {
    d.head = d.tail = flight;
    if (!d.blocked) schedule_head(k, direction, flights_[flight].deliver_at);
  } else {
    flights_[d.tail].next = flight;
    d.tail = flight;
  }
  if (d.blocked) {
    count_stopped(direction);
    arm_timeout(k, direction);
  }
}

void Network::schedule_head(Kernel& k, std::uint32_t direction, Nanos at) {
  Direction& d = directions_[direction];
  d.scheduled = true;
  k.schedule(std::max(at, k.now), EventKind::direction, direction, ++d.generation);
}

void Network::pop_head(std::uint32_t direction) {
  Direction& d = directions_[direction];
  const auto flight = d.head;
  d.head = flights_[flight].next;
  if (d.head == kNone) d.tail = kNone;
  free_flights_.push_back(flight);
}

NodeId Network::receiver_of(std::uint32_t direction) const {
  return connections_[direction / 2].ends[1 - (direction & 1)];
}

void Network::mark_arrived(std::uint32_t direction) {
  const auto head = directions_[direction].head;
  if (head != kNone && !stopped(direction)) flights_[head].arrived = true;
}

Arrival Network::arrive(Kernel& k, std::uint32_t direction) {
  Direction& d = directions_[direction];
  d.scheduled = false;
  ++d.generation;
  if (d.head == kNone) return {};
  if (stopped(direction)) {
    block(k, direction);
    return {};
  }
  const std::uint32_t slot = direction / 2;
  const std::uint32_t from = direction & 1;
  const std::uint32_t to = 1 - from;
  Connection& c = connections_[slot];
  const Flight f = flights_[d.head];
  pop_head(direction);
  if (d.head != kNone) schedule_head(k, direction, flights_[d.head].deliver_at);

  Arrival out{.to = c.ends[to],
              .from = c.ends[from],
              .connection = c.id,
              .payload = f.payload,
              .cause = f.cause,
              .number = f.number,
              .message_kind = f.message_kind};
  const bool process_up = machines_[static_cast<std::size_t>(c.ends[to])] == MachineState::up;
  if (f.kind == FlightKind::message) {
    if (c.state[to] == End::unreached) c.state[to] = process_up ? End::open : End::closed;
    if (c.state[to] == End::open && !c.reset) {
      out.kind = Arrival::Kind::message;
      return out;
    }
    k.record({.cause = f.cause,
              .node = out.to,
              .peer = out.from,
              .kind = TraceKind::dropped,
              .message_kind = f.message_kind,
              .connection = c.id,
              .number = f.number});
    dropped_.push_back(f.payload);
    // Nobody there: the sender is told by a reset, unless one is under way.
    if (!c.reset && c.state[from] == End::open) {
      c.reset = true;
      send_mark(k, slot * 2 + to, FlightKind::reset, Nanos{0});
    }
    release_if_over(slot);
    return {};
  }
  const bool tell = c.state[to] == End::open;
  c.state[to] = End::closed;
  // After a close notice nobody is left to deliver to. After a reset the way back may hold the notice
  // for the other end, so data there is dropped when it arrives.
  if (f.kind == FlightKind::fin) drop_all(k, slot * 2 + to, false);
  release_if_over(slot);
  if (!tell) return {};
  out.kind = Arrival::Kind::closed;
  return out;
}

// Puts a close notice or a reset behind what is in flight.
void Network::send_mark(Kernel& k, std::uint32_t direction, FlightKind kind, Nanos after) {
  const Connection& c = connections_[direction / 2];
  Direction& d = directions_[direction];
  const std::uint32_t i = direction & 1;
  const auto flight = new_flight();
  Flight& f = flights_[flight];
  f.kind = kind;
  f.cause = k.event_id;
  f.sent_at = k.now;
  f.number = d.next_number++;
  f.deliver_at = std::max(
      d.last_arrival,
      k.now + after + transit(k, link(c.ends[i], c.ends[1 - i]), name(DecisionKind::latency, direction, f.number)));
  append(k, direction, flight);
}

void Network::close(Kernel& k, NodeId by, ConnectionId id) {
  const auto slot = slot_of(id);
  const int end = slot == kNone ? -1 : end_of(connections_[slot], by);
  if (end >= 0 && connections_[slot].state[end] == End::open) leave(k, slot, end);
}

// One end goes in an orderly way: it gets nothing more; what it sent still arrives, then a close notice.
void Network::leave(Kernel& k, std::uint32_t slot, int end) {
  Connection& c = connections_[slot];
  c.state[end] = End::closed;
  const auto out = slot * 2 + static_cast<std::uint32_t>(end);
  drop_all(k, out ^ 1, false);
  const bool never_used = c.state[1 - end] == End::unreached && directions_[out].head == kNone;
  if (never_used) c.state[1 - end] = End::closed;
  if (c.state[1 - end] != End::closed && !c.reset) send_mark(k, out, FlightKind::fin, Nanos{0});
  release_if_over(slot);
}

void Network::release_if_over(std::uint32_t slot) {
  Connection& c = connections_[slot];
  if (!c.live || directions_[slot * 2].head != kNone || directions_[slot * 2 + 1].head != kNone) return;
  if (c.state[0] != End::closed) return;
  if (c.state[1] == End::open) return;
  c.live = false;
  by_number_[static_cast<std::size_t>(c.id.initiator)][static_cast<std::size_t>(c.id.number)] = kNone;
  free_connections_.push_back(slot);
}

bool Network::send_datagram(Kernel& k, NodeId from, NodeId to, Outgoing message, std::uint32_t copy) {
  Link& l = link(from, to);
  if (copy == 0) ++l.datagrams;
  const std::uint64_t number = l.datagrams;
  DecisionName what{DecisionKind::loss, u32(from), u32(to), copy, number};
  if (k.decisions.chance(what, k.now, l.config.loss_per_million, 1'000'000)) {
    k.record({.cause = k.event_id,
              .node = from,
              .peer = to,
              .kind = TraceKind::dropped,
              .message_kind = message.kind,
              .number = number});
    dropped_.push_back(message.payload);
    return false;
  }
  what.kind = DecisionKind::datagram_delay;
  const auto flight = new_flight();
  Flight& f = flights_[flight];
  f.from = from;
  f.to = to;
  f.payload = message.payload;
  f.message_kind = message.kind;
  f.number = number;
  f.cause = k.event_id;
  f.sent_at = k.now;
  f.deliver_at = k.now + transit(k, l, what);  // each on its own: this is how they overtake each other
  k.record({.cause = k.event_id,
            .node = from,
            .peer = to,
            .kind = copy == 0 ? TraceKind::sent : TraceKind::duplicated,
            .message_kind = message.kind,
            .number = number});
  k.schedule(f.deliver_at, EventKind::datagram, flight, 0);
  what.kind = DecisionKind::duplicate;
  return copy == 0 && k.decisions.chance(what, k.now, l.config.duplicate_per_million, 1'000'000);
}

Arrival Network::arrive_datagram(Kernel& k, std::uint32_t flight) {
  const Flight f = flights_[flight];
  free_flights_.push_back(flight);
  if (!f.arrived && (link(f.from, f.to).cut || machines_[static_cast<std::size_t>(f.to)] != MachineState::up)) {
    k.record({.cause = f.cause,
              .node = f.to,
              .peer = f.from,
              .kind = TraceKind::dropped,
              .message_kind = f.message_kind,
              .number = f.number});
    dropped_.push_back(f.payload);
    return {};
  }
  return {.kind = Arrival::Kind::datagram,
          .to = f.to,
          .from = f.from,
          .payload = f.payload,
          .cause = f.cause,
          .number = f.number,
          .message_kind = f.message_kind};
}

}  // namespace ktrial::sim
