// A world of nodes that run protocol P (see context.h) over a virtual network, clock and queue.
//
// A world is a value: a copy is a fork, and both go on alike. All its randomness is named decisions.
// A driver builds it, then alternates step() with faults and commands:
//
//   World<Echo> world(seed);
//   auto a = world.add_node("a", Echo::Node{}); world.start(a);
//   while (world.step(until).kind != StepResult::Kind::ended) look_at(world.facts());
//
// Always holds: time never goes back; a handler runs only in a live, unpaused process; an event of a
// former life of a process reaches no later one (connections and timers die with it).
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/assert.h"
#include "sim/clock.h"
#include "sim/context.h"
#include "sim/kernel.h"
#include "sim/key_table.h"
#include "sim/network.h"
#include "sim/network_control.h"
#include "sim/timers.h"

namespace ktrial::sim {

struct WorldConfig {
  NetworkConfig network{};
  Nanos service_time{20'000};  // what an event costs a slow node, times its factor
};

struct StepResult {
  enum class Kind : std::uint8_t { ended, ran, token } kind = Kind::ended;
  std::uint64_t token = 0;
};

enum class ProcessState : std::uint8_t { down, running, paused };

template <class P>
class World {
 public:
  using Message = typename P::Message;
  using Fact = typename P::Fact;
  using Node = typename P::Node;
  struct EmittedFact {
    Nanos at;
    NodeId node;
    std::uint64_t event;
    Fact fact;
    EmittedFact(Nanos when, NodeId who, std::uint64_t in, Fact&& what)
        : at(when), node(who), event(in), fact(std::move(what)) {}
  };

  explicit World(std::uint64_t seed = 1, WorldConfig config = {}) : config_(config), network_(config.network) {
    static_assert(Protocol<P>);
    kernel_.decisions = Decisions(seed);
  }

  // --- building
  NodeId add_node(std::string name, Node node, ClockConfig clock = {}) {
    nodes_.push_back(Slot{std::move(node), Clock(clock)});
    names_.push_back(std::move(name));
    network_.add_node();
    timers_.add_node();
    return static_cast<NodeId>(nodes_.size() - 1);
  }
  Decisions& decisions() { return kernel_.decisions; }

  // --- running
  // Runs the next event if it is not later than `limit`; else time moves to the limit and it `ended`.
  StepResult step(Nanos limit = kNever);
  // Runs to this time; comes back early with each token.
  StepResult run_until(Nanos until) {
    for (;;) {
      const StepResult r = step(until);
      if (r.kind != StepResult::Kind::ran) return r;
    }
  }
  // Hands the token back from step() at this time. Requires at >= now().
  void at(Nanos when, std::uint64_t token) {
    std::uint32_t slot = static_cast<std::uint32_t>(tokens_.size());
    if (free_tokens_.empty()) {
      tokens_.push_back(token);
    } else {
      slot = free_tokens_.back();
      free_tokens_.pop_back();
      tokens_[slot] = token;
    }
    kernel_.schedule(when, EventKind::token, slot, 0);
  }

  // --- looking
  Nanos now() const { return kernel_.now; }
  Nanos next_event_time() const { return Nanos{kernel_.queue.next_time()}; }  // kNever if none
  std::uint64_t fingerprint() const { return kernel_.fingerprint.value(); }
  std::uint64_t events() const { return kernel_.event_id; }
  std::int32_t node_count() const { return static_cast<std::int32_t>(nodes_.size()); }
  const Node& node(NodeId id) const { return slot(id).node; }
  const Clock& clock(NodeId id) const { return slot(id).clock; }
  ProcessState process(NodeId id) const {
    return !slot(id).running ? ProcessState::down : slot(id).paused ? ProcessState::paused : ProcessState::running;
  }
  const std::vector<std::string>& names() const { return names_; }
  // Emitted in the last step and by calls since; the next step begins with none.
  const std::vector<EmittedFact>& facts() const { return facts_; }

  // Moves them out, so that a driver may act on the world while it reads them. What `into` held is dropped.
  void take_facts(std::vector<EmittedFact>& into) {
    into.clear();
    into.swap(facts_);
  }

  void set_tracing(bool on) { kernel_.tracing = on; }
  const std::vector<TraceEvent>& trace() const { return kernel_.trace; }
  std::vector<TraceEvent> take_trace() { return std::exchange(kernel_.trace, {}); }
  // Keeps what became of each unsynced write at each power cut.
  void set_survival_recording(bool on) { records_survivals_ = on; }
  std::vector<AskedSurvival> take_survivals() { return std::exchange(survivals_, {}); }

  // --- processes. Each is an event of its own, now. Those that do not apply do nothing and say false.
  bool start(NodeId id);  // from its disk
  bool restart(NodeId id) { return start(id); }
  bool kill(NodeId id);       // the process; its machine stays
  bool power_cut(NodeId id);  // the machine; unsynced data at risk
  bool wipe(NodeId id);       // the disk of a node that is down
  bool pause(NodeId id);      // events wait
  bool resume(NodeId id);
  bool command(NodeId id, const typename P::Command& command);  // at once; false if down or paused
  void slow(NodeId id, std::uint64_t factor);                   // 0: full speed again
  // Changes the node behind its process's back (its disk, say).
  template <class F>
  void tamper(NodeId id, std::uint64_t what, F&& change) {
    fault_event(TraceKind::tampered, id, what);
    change(slot(id).node);
  }

  // --- network and clocks
  NetworkControl network() { return NetworkControl(network_, kernel_); }
  const Network& network() const { return network_; }
  void step_wall_clock(NodeId id, Nanos by);
  void set_drift(NodeId id, std::int64_t ppm);
  void freeze_clock(NodeId id);
  void unfreeze_clock(NodeId id);

 private:
  friend class WorldState;
  friend class Context<P>;

  struct Slot {
    Node node;
    Clock clock;
    bool running = false;
    bool paused = false;
    std::uint32_t crashes = 0;
    std::uint64_t slow_factor = 0;
    Nanos busy_until{0};
    bool wake_queued = false;
    std::uint32_t wake_generation = 0;
    std::vector<QueueEntry> waiting{};  // events that came while paused or busy, in order of arrival
    std::size_t waiting_front = 0;
    KeyTable choices{};  // subject -> how often asked
  };

  Slot& slot(NodeId id) { return nodes_[static_cast<std::size_t>(id)]; }
  const Slot& slot(NodeId id) const { return nodes_[static_cast<std::size_t>(id)]; }

  void begin_event(std::uint64_t what, std::uint64_t detail) {
    ++kernel_.event_id;
    kernel_.fingerprint.mix(static_cast<std::uint64_t>(kernel_.now.count()) ^ (what << 56));
    kernel_.fingerprint.mix(detail);
  }
  void fault_event(TraceKind kind, NodeId id, std::uint64_t number = 0) {
    begin_event(0x40 + static_cast<std::uint64_t>(kind), static_cast<std::uint64_t>(id) << 32 ^ number);
    kernel_.record({.node = id, .kind = kind, .number = number});
  }
  NodeId target_of(const QueueEntry& entry) const;
  void fetch_ahead(const QueueEntry& entry) const;
  bool is_current(const QueueEntry& entry) const;
  std::uint64_t tie_rank(const QueueEntry& entry) const;
  void run(const QueueEntry& entry);
  void deliver(const Arrival& arrival);
  bool must_wait(const QueueEntry& entry, NodeId id);
  void wait(const QueueEntry& entry, NodeId id);
  void wake(NodeId id);
  void queue_wake(NodeId id);
  void process_gone(NodeId id);
  void free_dropped();
  void clock_changed(NodeId id, std::uint64_t number);
  template <class F>
  void handle(NodeId id, F&& call);

  std::uint32_t store(Message&& message) {
    if (free_messages_.empty()) {
      messages_.push_back(std::move(message));
      return static_cast<std::uint32_t>(messages_.size() - 1);
    }
    const auto i = free_messages_.back();
    free_messages_.pop_back();
    messages_[i] = std::move(message);
    return i;
  }
  Message take(std::uint32_t i) {
    free_messages_.push_back(i);
    return std::move(messages_[i]);
  }
  void set_timer(NodeId id, std::uint64_t key, Nanos deadline) {
    timers_.set(kernel_, slot(id).clock, id, key, deadline);
  }
  void cancel_timer(NodeId id, std::uint64_t key) { timers_.cancel(id, key); }
  std::uint64_t choose(NodeId id, std::uint64_t subject, std::uint64_t lo, std::uint64_t hi);
  void busy(NodeId id, Nanos duration) {
    Slot& s = slot(id);
    s.busy_until = std::max(s.busy_until, kernel_.now + duration);
  }
  void emit(NodeId id, Fact&& fact) {
    kernel_.fingerprint.mix(P::digest(fact));
    facts_.emplace_back(kernel_.now, id, kernel_.event_id, std::move(fact));
  }

  WorldConfig config_;
  Kernel kernel_;
  Network network_;
  Timers timers_;
  std::vector<Slot> nodes_;
  std::vector<std::string> names_;
  std::vector<Message> messages_;
  std::vector<std::uint32_t> free_messages_;
  std::vector<std::uint64_t> tokens_;
  std::vector<std::uint32_t> free_tokens_;
  std::vector<AskedSurvival> survivals_;
  bool records_survivals_ = false;
  std::vector<EmittedFact> facts_;
  bool exiting_ = false;
};

}  // namespace ktrial::sim

#include "sim/world_impl.h"
