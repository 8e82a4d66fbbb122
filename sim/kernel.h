// What the typed world and the untyped network share: time, the queue, decisions, fingerprint, trace.
// A plain value without pointers.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/decision.h"
#include "sim/event_queue.h"
#include "sim/fingerprint.h"
#include "sim/time.h"

namespace ktrial::sim {

// Kinds of entries in the event queue; the index is 28 bits.
enum class EventKind : std::uint32_t {
  direction,  // index: direction slot, tag: its generation. The head of the line arrives
  timeout,    // index: direction slot, tag: generation of its timeout. Held too long?
  datagram,   // index: flight slot
  timer,      // index: timer slot, tag: its generation
  token,      // index: token slot. Handed to the driver
  wake,       // index: node, tag: its wake generation. A busy node takes its next event
};

enum class TraceKind : std::uint8_t {
  sent,
  delivered,
  dropped,
  closed,
  timer,
  command,
  started,
  killed,
  power_cut,
  paused,
  resumed,
  exited,
  wiped,
  slowed,
  clock,
  cut,
  healed,
  reset,
  held,
  released,
  link,
  duplicated,
  tampered,  // the driver changed a node's disk
};

struct TraceEvent {
  std::uint64_t id = 0;     // the event (step) in which this happened
  std::uint64_t cause = 0;  // the event that made it happen: that of the send, of set_timer ...; 0 = driver
  Nanos at{0};
  NodeId node = -1;  // where
  NodeId peer = -1;  // the other end, if any
  TraceKind kind = TraceKind::sent;
  std::uint16_t message_kind = 0;
  ConnectionId connection{};
  std::uint64_t number = 0;  // of the message in its direction, the timer key, the size ...
};

struct Kernel {
  Nanos now{0};
  EventQueue queue;
  Decisions decisions;
  Fingerprint fingerprint;
  std::uint64_t event_id = 0;  // of the running event; counts events
  bool tracing = false;
  std::vector<TraceEvent> trace;

  void schedule(Nanos at, EventKind kind, std::uint32_t index, std::uint32_t tag) {
    queue.push({at.count(), (static_cast<std::uint32_t>(kind) << 28) | index, tag});
  }
  // A change from outside (a fault, a word of the driver) counts at once, not when its effect shows.
  void note(std::uint64_t what, std::uint64_t detail) {
    fingerprint.mix(static_cast<std::uint64_t>(now.count()) ^ (what << 56));
    fingerprint.mix(detail);
  }
  void record(TraceEvent event) {
    if (!tracing) return;
    event.id = event_id;
    event.at = now;
    trace.push_back(event);
  }
};

inline EventKind kind_of(const QueueEntry& e) { return static_cast<EventKind>(e.what >> 28); }
inline std::uint32_t index_of(const QueueEntry& e) { return e.what & 0x0FFFFFFFu; }

}  // namespace ktrial::sim
