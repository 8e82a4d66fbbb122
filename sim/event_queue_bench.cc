// Hold model: pop the earliest, push one a random time later, with a constant number pending.
#include <benchmark/benchmark.h>

#include <queue>

#include "sim/event_queue.h"

namespace ktrial::sim {
namespace {

struct Steps {
  std::uint64_t x = 1;
  std::int64_t next() {
    x = x * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::int64_t>(x >> 44);  // up to about a millisecond
  }
};

void RadixHeap(benchmark::State& state) {
  EventQueue queue;
  Steps steps;
  for (std::int64_t i = 0; i < state.range(0); ++i) queue.push({steps.next(), 0, 0});
  for (auto _ : state) {
    const auto e = queue.pop([](const QueueEntry&) { return std::uint64_t{0}; });
    queue.push({e.time + steps.next(), e.what, e.tag});
  }
  state.SetItemsProcessed(state.iterations());
}

void StdPriorityQueue(benchmark::State& state) {
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

BENCHMARK(RadixHeap)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK(StdPriorityQueue)->Arg(100)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace ktrial::sim
