// In the steady state an event allocates nothing: sends and deliveries, timers set, moved, cancelled and fired, facts.
// Method: count operator new, aligned or not, over some hundred thousand events after a warm-up.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "sim/test_protocols.h"

namespace {
std::uint64_t allocations = 0;
}

// The replaced operators must pair up; sized and array forms come here by default.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  std::abort();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t align) {
  ++allocations;
  const auto a = static_cast<std::size_t>(align);
  if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) return p;
  std::abort();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace ktrial::sim {
namespace {

using namespace std::chrono_literals;

TEST(Allocation, NonePerEvent) {
  World<Echo> world(1);
  for (int i = 0; i < 20; ++i) world.add_node("n", {.forever = true, .record = false, .connection = {}});
  for (NodeId i = 0; i < 20; ++i) world.start(i);
  for (NodeId i = 0; i < 10; ++i) {
    for (int c = 0; c < 4; ++c) world.command(i, {Echo::Command::Do::send_new, i + 10, 1});
    world.command(i, {.what = Echo::Command::Do::timer, .value = 1, .deadline = 1ms});
  }
  world.run_until(4500ms);  // past 2^32 ns: the first event beyond a power of two touches one new bucket, once
  const auto before = allocations;
  const auto events = world.events();
  const auto timers = world.node(0).timers_set;
  world.run_until(8s);
  EXPECT_GT(world.events() - events, 100'000u);
  EXPECT_GT(world.node(0).timers_set - timers, 3'000u);
  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace ktrial::sim
