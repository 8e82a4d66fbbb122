// Bodies of World and Context; included by world.h only.
#pragma once

#include "sim/world.h"

namespace ktrial::sim {

template <class P>
Nanos Context<P>::now() const {
  return world_.slot(self).clock.monotonic(world_.kernel_.now);
}
template <class P>
Nanos Context<P>::wall() const {
  return world_.slot(self).clock.wall(world_.kernel_.now);
}

template <class P>
bool Context<P>::send(ConnectionId connection, typename P::Message&& message) {
  Outgoing out{.bytes = P::size_of(message), .kind = P::kind_of(message)};
  out.payload = world_.store(std::move(message));
  return world_.network_.send(world_.kernel_, self, connection, out);
}

template <class P>
void Context<P>::send_datagram(NodeId to, typename P::Message&& message) {
  Outgoing out{.bytes = P::size_of(message), .kind = P::kind_of(message)};
  out.payload = world_.store(std::move(message));
  if (world_.network_.send_datagram(world_.kernel_, self, to, out, 0)) {
    out.payload = world_.store(typename P::Message(world_.messages_[out.payload]));
    world_.network_.send_datagram(world_.kernel_, self, to, out, 1);
  }
}

template <class P>
StepResult World<P>::step(Nanos limit) {
  facts_.clear();
  if (next_event_time() > limit || kernel_.queue.empty()) {
    if (limit != kNever) kernel_.now = std::max(kernel_.now, limit);
    return {};
  }
  const QueueEntry entry = kernel_.queue.pop([this](const QueueEntry& e) { return tie_rank(e); },
                                             [this](const QueueEntry& e) { fetch_ahead(e); });
  kernel_.now = Nanos{entry.time};
  if (kind_of(entry) == EventKind::token) {
    const auto i = index_of(entry);
    free_tokens_.push_back(i);
    kernel_.note(2, tokens_[i]);  // what the driver then does hangs on it
    return {StepResult::Kind::token, tokens_[i]};
  }
  if (!is_current(entry)) return {StepResult::Kind::ran};
  const NodeId target = target_of(entry);
  if (target >= 0 && must_wait(entry, target)) {
    wait(entry, target);
  } else {
    run(entry);
  }
  free_dropped();
  return {StepResult::Kind::ran};
}

template <class P>
void World<P>::fetch_ahead(const QueueEntry& entry) const {
  if (kind_of(entry) == EventKind::timer) timers_.fetch_ahead(index_of(entry));
  if (kind_of(entry) == EventKind::direction) network_.fetch_ahead(index_of(entry));
}

template <class P>
bool World<P>::is_current(const QueueEntry& entry) const {
  switch (kind_of(entry)) {
    case EventKind::direction:
      return network_.is_current(index_of(entry), entry.tag);
    case EventKind::timer:
      return timers_.is_current(index_of(entry), entry.tag);
    default:
      return true;
  }
}

// The node whose process the event needs; -1 if none.
template <class P>
NodeId World<P>::target_of(const QueueEntry& entry) const {
  switch (kind_of(entry)) {
    case EventKind::direction:
      return network_.receiver_of(index_of(entry));
    case EventKind::timer:
      return timers_.node_of(index_of(entry));
    case EventKind::datagram:
      return network_.datagram_receiver(index_of(entry));
    default:
      return -1;
  }
}

template <class P>
std::uint64_t World<P>::tie_rank(const QueueEntry& entry) const {
  DecisionName name{.kind = DecisionKind::tie, .d = static_cast<std::uint64_t>(kernel_.queue.next_time())};
  if (!is_current(entry)) return 0;
  const NodeId target = target_of(entry);
  name.a = static_cast<std::uint32_t>(target);
  if (kind_of(entry) == EventKind::direction) {
    const ConnectionId id = network_.name_of(index_of(entry));
    name.b = static_cast<std::uint32_t>(id.initiator);
    name.c = connection_word(id.number, id.initiator == target);
  } else {
    name.b = 0xFFFFFFFFu - static_cast<std::uint32_t>(kind_of(entry));
    if (kind_of(entry) == EventKind::timer) {
      const std::uint64_t key = timers_.key_of(index_of(entry));
      name.c = static_cast<std::uint32_t>(key ^ (key >> 32));
    }
  }
  return kernel_.decisions.uniform(name, kernel_.now, 0, ~std::uint64_t{0});
}

template <class P>
bool World<P>::must_wait(const QueueEntry& entry, NodeId id) {
  Slot& s = slot(id);
  if (!s.running) return false;
  if (s.paused) return true;
  if (s.waiting_front != s.waiting.size()) return true;  // behind those that came before
  static_cast<void>(entry);
  return s.busy_until > kernel_.now;
}

template <class P>
void World<P>::wait(const QueueEntry& entry, NodeId id) {
  if (kind_of(entry) == EventKind::direction) network_.mark_arrived(index_of(entry));
  slot(id).waiting.push_back(entry);
  if (!slot(id).paused) queue_wake(id);
}

template <class P>
void World<P>::queue_wake(NodeId id) {
  Slot& s = slot(id);
  if (s.wake_queued) return;
  s.wake_queued = true;
  kernel_.schedule(std::max(kernel_.now, s.busy_until), EventKind::wake, static_cast<std::uint32_t>(id),
                   ++s.wake_generation);
}

// Runs the first waiting event; if more wait, comes back when it is done.
template <class P>
void World<P>::wake(NodeId id) {
  slot(id).wake_queued = false;
  if (!slot(id).running || slot(id).paused) return;
  if (slot(id).waiting_front != slot(id).waiting.size()) {
    const QueueEntry entry = slot(id).waiting[slot(id).waiting_front++];
    if (is_current(entry)) run(entry);
  }
  Slot& s = slot(id);
  if (s.waiting_front == s.waiting.size()) {
    s.waiting.clear();
    s.waiting_front = 0;
  } else if (s.running && !s.paused) {
    queue_wake(id);
  }
}

template <class P>
void World<P>::run(const QueueEntry& entry) {
  const std::uint32_t i = index_of(entry);
  switch (kind_of(entry)) {
    case EventKind::direction:
      return deliver(network_.arrive(kernel_, i));
    case EventKind::timeout:
      return deliver(network_.timeout(kernel_, i, entry.tag));
    case EventKind::datagram:
      return deliver(network_.arrive_datagram(kernel_, i));
    case EventKind::timer: {
      const NodeId id = timers_.node_of(i);
      const Timers::Fired fired = timers_.expire(kernel_, slot(id).clock, i);
      if (!fired.fires) return;
      if (slot(id).running) {
        begin_event(1, fired.key ^ static_cast<std::uint64_t>(id) << 48);
        kernel_.record({.cause = fired.cause, .node = id, .kind = TraceKind::timer, .number = fired.key});
        handle(id, [&](Node& node, Context<P>& ctx) { node.on_timer(ctx, fired.key); });
      }
      return timers_.after_fired();
    }
    case EventKind::wake:
      if (slot(static_cast<NodeId>(i)).wake_generation == entry.tag) wake(static_cast<NodeId>(i));
      return;
    case EventKind::token:
      return;
  }
}

template <class P>
void World<P>::deliver(const Arrival& a) {
  if (a.kind == Arrival::Kind::none) return;
  const auto who = static_cast<std::uint64_t>(a.to) << 48 ^ static_cast<std::uint64_t>(a.connection.initiator) << 32 ^
                   static_cast<std::uint32_t>(a.connection.number);
  if (a.kind == Arrival::Kind::closed) {
    begin_event(2, who);
    kernel_.record(
        {.cause = a.cause, .node = a.to, .peer = a.from, .kind = TraceKind::closed, .connection = a.connection});
    handle(a.to, [&](Node& node, Context<P>& ctx) { node.on_closed(ctx, a.connection); });
    return;
  }
  Message message = take(a.payload);
  begin_event(3, who);
  kernel_.fingerprint.mix(P::digest(message));
  kernel_.record({.cause = a.cause,
                  .node = a.to,
                  .peer = a.from,
                  .kind = TraceKind::delivered,
                  .message_kind = a.message_kind,
                  .connection = a.connection,
                  .number = a.number});
  handle(a.to, [&](Node& node, Context<P>& ctx) {
    if (a.kind == Arrival::Kind::message) {
      node.on_message(ctx, a.connection, std::move(message));
    } else if constexpr (requires { node.on_datagram(ctx, a.from, std::move(message)); }) {
      node.on_datagram(ctx, a.from, std::move(message));
    } else {
      KTRIAL_ASSERT(false, "a datagram for a protocol without on_datagram");
    }
  });
}

template <class P>
template <class F>
void World<P>::handle(NodeId id, F&& call) {
  Slot& s = slot(id);
  if (!s.running) return;
  if (s.slow_factor != 0) s.busy_until = kernel_.now + config_.service_time * static_cast<std::int64_t>(s.slow_factor);
  Context<P> context(*this, id);
  exiting_ = false;
  call(s.node, context);
  if (!exiting_) return;
  exiting_ = false;
  fault_event(TraceKind::exited, id);
  slot(id).node.kill();
  process_gone(id);
  network_.process_down(kernel_, id);
}

template <class P>
std::uint64_t World<P>::choose(NodeId id, std::uint64_t subject, std::uint64_t lo, std::uint64_t hi) {
  KeyTable& choices = slot(id).choices;
  const std::uint32_t before = choices.find(subject);
  const std::uint32_t count = before == KeyTable::kAbsent ? 0 : before;
  choices.set(subject, count + 1);
  return kernel_.decisions.uniform({DecisionKind::protocol, static_cast<std::uint32_t>(id), count, 0, subject},
                                   kernel_.now, lo, hi);
}

template <class P>
void World<P>::process_gone(NodeId id) {
  Slot& s = slot(id);
  s.running = s.paused = s.wake_queued = false;
  ++s.wake_generation;
  s.busy_until = Nanos{0};
  // What waited goes on without a process: it is refused by the network as it would be now.
  for (std::size_t i = s.waiting_front; i < s.waiting.size(); ++i) {
    QueueEntry entry = s.waiting[i];
    entry.time = kernel_.now.count();
    kernel_.queue.push(entry);
  }
  s.waiting.clear();
  s.waiting_front = 0;
  timers_.clear(id);
}

template <class P>
void World<P>::free_dropped() {
  auto& dropped = network_.dropped();
  for (const auto i : dropped) {
    messages_[i] = Message{};  // lets go of what it shares
    free_messages_.push_back(i);
  }
  dropped.clear();
}

template <class P>
bool World<P>::start(NodeId id) {
  if (slot(id).running) return false;
  fault_event(TraceKind::started, id);
  slot(id).running = true;
  network_.node_up(kernel_, id);
  handle(id, [](Node& node, Context<P>& ctx) { node.start(ctx); });
  free_dropped();
  return true;
}

template <class P>
bool World<P>::kill(NodeId id) {
  if (!slot(id).running) return false;
  fault_event(TraceKind::killed, id);
  slot(id).node.kill();
  process_gone(id);
  network_.process_down(kernel_, id);
  free_dropped();
  return true;
}

// Also takes a machine whose process is down already: then its page cache is at risk still.
template <class P>
bool World<P>::power_cut(NodeId id) {
  Slot& s = slot(id);
  fault_event(TraceKind::power_cut, id, ++s.crashes);
  Survival survival(kernel_.decisions, kernel_.now, id, s.crashes, records_survivals_ ? &survivals_ : nullptr);
  s.node.power_cut(survival);
  if (s.running) process_gone(id);
  network_.machine_down(kernel_, id);
  free_dropped();
  return true;
}

template <class P>
bool World<P>::wipe(NodeId id) {
  if (slot(id).running) return false;
  fault_event(TraceKind::wiped, id);
  slot(id).node.wipe();
  return true;
}

template <class P>
bool World<P>::pause(NodeId id) {
  if (process(id) != ProcessState::running) return false;
  fault_event(TraceKind::paused, id);
  slot(id).paused = true;
  return true;
}

// What waited runs now, in an order of its own except within a connection: only the head of each
// direction waits here, so any order will do.
template <class P>
bool World<P>::resume(NodeId id) {
  if (process(id) != ProcessState::paused) return false;
  fault_event(TraceKind::resumed, id);
  Slot& s = slot(id);
  s.paused = false;
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  for (std::size_t i = s.waiting_front; i < s.waiting.size(); ++i) {
    if (is_current(s.waiting[i])) order.push_back({tie_rank(s.waiting[i]), i});
  }
  std::sort(order.begin(), order.end());
  std::vector<QueueEntry> waiting;
  for (const auto& [rank, i] : order) waiting.push_back(s.waiting[i]);
  s.waiting = std::move(waiting);
  s.waiting_front = 0;
  if (!s.waiting.empty()) queue_wake(id);
  return true;
}

template <class P>
bool World<P>::command(NodeId id, const typename P::Command& command) {
  if (process(id) != ProcessState::running) return false;
  fault_event(TraceKind::command, id);
  handle(id, [&](Node& node, Context<P>& ctx) { node.on_command(ctx, command); });
  free_dropped();
  return true;
}

template <class P>
void World<P>::slow(NodeId id, std::uint64_t factor) {
  fault_event(TraceKind::slowed, id, factor);
  slot(id).slow_factor = factor;
}

template <class P>
void World<P>::clock_changed(NodeId id, std::uint64_t number) {
  fault_event(TraceKind::clock, id, number);
  timers_.clock_changed(kernel_, slot(id).clock, id);
}
template <class P>
void World<P>::step_wall_clock(NodeId id, Nanos by) {
  slot(id).clock.step_wall(by);
  clock_changed(id, static_cast<std::uint64_t>(by.count()));
}
template <class P>
void World<P>::set_drift(NodeId id, std::int64_t ppm) {
  slot(id).clock.set_drift(ppm, kernel_.now);
  clock_changed(id, static_cast<std::uint64_t>(ppm));
}
template <class P>
void World<P>::freeze_clock(NodeId id) {
  slot(id).clock.freeze(kernel_.now);
  clock_changed(id, 1);
}
template <class P>
void World<P>::unfreeze_clock(NodeId id) {
  slot(id).clock.unfreeze(kernel_.now);
  clock_changed(id, 0);
}

}  // namespace ktrial::sim
