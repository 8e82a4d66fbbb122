// Echo ping-pong through the simulated network: an item is a delivered message. The argument is the
// number of connections that talk at once.
#include <benchmark/benchmark.h>

#include "sim/test_protocols.h"

namespace ktrial::sim {
namespace {

void EchoPingPong(benchmark::State& state) {
  World<Echo> world(1);
  for (int i = 0; i < 2; ++i) world.add_node("n", {.forever = true, .record = false, .connection = {}});
  for (NodeId i = 0; i < 2; ++i) world.start(i);
  for (std::int64_t c = 0; c < state.range(0); ++c) world.command(0, {Echo::Command::Do::send_new, 1, 1});
  for (auto _ : state) world.step();
  state.SetItemsProcessed(static_cast<std::int64_t>(world.events()));
}
BENCHMARK(EchoPingPong)->Arg(1)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace ktrial::sim
