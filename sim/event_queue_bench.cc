// Hold model: run the earliest of a constant number of pending events, which schedules one a random time later.
//
// HoldWithHandlers is the kernel as a protocol uses it: each event is a timer of a node, and its handler sets the next
// one (queue, timer table, clock, fingerprint and dispatch included). The two others are bare queues that do nothing
// with what they pop; HoldPriorityQueue is the yardstick: std::priority_queue of (time, sequence) keys.
#include <benchmark/benchmark.h>

#include <queue>

#include "sim/event_queue.h"
#include "sim/world.h"

namespace ktrial::sim {
namespace {

struct Steps {
  std::uint64_t x = 1;
  std::int64_t next() {
    x = x * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::int64_t>(x >> 34);  // up to about a second
  }
};

// A node that always has the same number of timers set.
struct Hold {
  struct Message {};
  struct Fact {};
  using Command = std::uint64_t;  // set a timer with this key
  static std::uint32_t size_of(const Message&) { return 0; }
  static std::uint16_t kind_of(const Message&) { return 0; }
  static std::uint64_t digest(const Message&) { return 0; }
  static std::uint64_t digest(const Fact&) { return 0; }

  struct Node {
    Steps steps;

    void start(Context<Hold>&) {}
    void on_message(Context<Hold>&, ConnectionId, Message&&) {}
    void on_closed(Context<Hold>&, ConnectionId) {}
    void on_timer(Context<Hold>& ctx, std::uint64_t key) { ctx.set_timer(key, ctx.now() + Nanos{1 + steps.next()}); }
    void on_command(Context<Hold>& ctx, Command key) { on_timer(ctx, key); }
    void kill() {}
    void power_cut(Survival&) {}
    void wipe() {}
  };
};

void HoldWithHandlers(benchmark::State& state) {
  constexpr NodeId kNodes = 10;
  World<Hold> world(1);
  for (NodeId i = 0; i < kNodes; ++i) world.add_node("n", {.steps = {static_cast<std::uint64_t>(i)}});
  for (NodeId i = 0; i < kNodes; ++i) world.start(i);
  for (std::int64_t i = 0; i < state.range(0); ++i)
    world.command(static_cast<NodeId>(i % kNodes), static_cast<std::uint64_t>(i / kNodes));
  const std::uint64_t before = world.events();
  for (auto _ : state) world.step();
  state.SetItemsProcessed(static_cast<std::int64_t>(world.events() - before));
}

void HoldRadixHeap(benchmark::State& state) {
  EventQueue queue;
  Steps steps;
  for (std::int64_t i = 0; i < state.range(0); ++i) queue.push({steps.next(), 0, 0});
  for (auto _ : state) {
    const auto e = queue.pop([](const QueueEntry&) { return std::uint64_t{0}; });
    queue.push({e.time + steps.next(), e.what, e.tag});
  }
  state.SetItemsProcessed(state.iterations());
}

void HoldPriorityQueue(benchmark::State& state) {
  using Key = std::pair<std::int64_t, std::uint64_t>;
  std::priority_queue<Key, std::vector<Key>, std::greater<>> queue;
  Steps steps;
  std::uint64_t sequence = 0;
  for (std::int64_t i = 0; i < state.range(0); ++i) queue.push({steps.next(), sequence++});
  for (auto _ : state) {
    const auto e = queue.top();
    queue.pop();
    queue.push({e.first + steps.next(), sequence++});
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(HoldPriorityQueue)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(HoldRadixHeap)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(HoldWithHandlers)->Arg(100)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace ktrial::sim
