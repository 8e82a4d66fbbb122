// Worlds of two small protocols: processes, clocks, timers, forks and replays.
#include "sim/world.h"

#include <gtest/gtest.h>

#include "sim/test_protocols.h"

namespace ktrial::sim {
namespace world_test {

using namespace std::chrono_literals;
using Do = Echo::Command::Do;

struct Pair {
  World<Echo> world;
  NodeId client, server;
  explicit Pair(std::uint64_t seed = 1, WorldConfig config = {}) : world(seed, config) {
    client = world.add_node("client", {});
    server = world.add_node("server", {});
    world.start(client);
    world.start(server);
  }
  void ask(std::uint64_t value, Do how = Do::send) { world.command(client, {how, server, value}); }
  const Echo::Node& c() const { return world.node(client); }
  const Echo::Node& s() const { return world.node(server); }
};

void chatter(Pair& p, std::uint64_t from, std::uint64_t to) {
  for (auto v = from; v < to; ++v) {
    p.ask(v, v % 7 == 0 ? Do::send_new : Do::send);
    if (v % 5 == 0) p.world.command(p.server, {Do::timer, 0, v, p.world.now() + 3ms});
    p.world.run_until(p.world.now() + 500us);
  }
}

TEST(World, CopyContinuedTwiceIsEqual) {
  Pair p(3);
  chatter(p, 0, 50);
  Pair fork = p;
  chatter(p, 50, 200);
  chatter(fork, 50, 200);
  EXPECT_EQ(p.world.fingerprint(), fork.world.fingerprint());
  EXPECT_EQ(p.world.events(), fork.world.events());
  Pair other(4);
  chatter(other, 0, 200);
  EXPECT_NE(p.world.fingerprint(), other.world.fingerprint());
}

TEST(World, SameAfterAThousandOthers) {
  const auto once = [](std::uint64_t seed) {
    Pair p(seed);
    chatter(p, 0, 20);
    return p.world.fingerprint();
  };
  const auto first = once(42);
  for (std::uint64_t seed = 1000; seed < 2000; ++seed) once(seed);
  EXPECT_EQ(once(42), first);
}

TEST(World, ReseedKeepsThePrefixAndChangesTheFuture) {
  Pair a(1), b(1);
  b.world.decisions().reseed(10ms, 2);
  chatter(a, 0, 19);
  chatter(b, 0, 19);
  ASSERT_LT(a.world.now(), 10ms);
  EXPECT_EQ(a.world.fingerprint(), b.world.fingerprint());
  chatter(a, 19, 60);
  chatter(b, 19, 60);
  EXPECT_NE(a.world.fingerprint(), b.world.fingerprint());
}

TEST(World, OneOverrideMovesOneMessage) {
  Pair p;
  const auto name = parse_decision("latency client->server connection 0 message 0", p.world.names());
  ASSERT_TRUE(name);
  p.world.decisions().override_with(*name, 5'000'000'000);
  p.ask(1);
  p.world.run_until(4s);
  EXPECT_TRUE(p.s().asked.empty());
  p.world.run_until(6s);
  EXPECT_EQ(p.s().asked.size(), 1u);
}

TEST(Process, KillTakesTimersAndPeersSeeItClose) {
  Pair p;
  p.ask(1);
  p.world.run_until(10ms);
  p.world.command(p.server, {Do::timer, 0, 9, 1s});
  EXPECT_TRUE(p.world.kill(p.server));
  EXPECT_FALSE(p.world.kill(p.server));
  p.world.run_until(20ms);
  EXPECT_EQ(p.c().closed.size(), 1u);
  p.world.restart(p.server);
  p.world.run_until(5s);
  EXPECT_TRUE(p.s().timers.empty());
  EXPECT_EQ(p.s().starts, 2);
  p.ask(2);
  p.world.run_until(6s);
  EXPECT_EQ(p.c().replies, (std::vector<std::uint64_t>{1, 2}));
}

TEST(Process, ConnectToADeadProcessIsRefused) {
  Pair p;
  p.world.kill(p.server);
  p.ask(1);
  p.world.run_until(1s);
  EXPECT_EQ(p.c().closed.size(), 1u);
  EXPECT_EQ(std::as_const(p.world).network().connection_count(), 0u);
}

TEST(Process, ExitIsACleanStop) {
  Pair p;
  p.ask(1);
  p.world.run_until(10ms);
  p.world.command(p.server, {Do::exit});
  EXPECT_EQ(p.world.process(p.server), ProcessState::down);
  p.world.run_until(20ms);
  EXPECT_EQ(p.c().closed.size(), 1u);
}

TEST(Process, PowerCutIsNoticedOnlyBySending) {
  Pair p;
  p.ask(1);
  p.world.run_until(10ms);
  p.world.power_cut(p.server);
  p.world.run_until(100s);
  EXPECT_TRUE(p.c().closed.empty());
  p.ask(2);
  p.world.run_until(150s);
  EXPECT_TRUE(p.c().closed.empty());
  p.world.restart(p.server);
  p.world.run_until(151s);
  EXPECT_EQ(p.c().closed.size(), 1u);
  EXPECT_EQ(p.s().asked.size(), 1u);
}

TEST(Process, PowerCutForGoodTimesOut) {
  Pair p;
  p.ask(1);
  p.world.run_until(10ms);
  p.world.power_cut(p.server);
  p.ask(2);
  p.world.run_until(59s);
  EXPECT_TRUE(p.c().closed.empty());
  p.world.run_until(61s);
  EXPECT_EQ(p.c().closed.size(), 1u);
}

TEST(Process, PauseHoldsEventsAndResumeRunsThemInOrder) {
  Pair p;
  p.ask(0);
  p.world.run_until(10ms);
  p.world.command(p.server, {Do::timer, 0, 77, 20ms});
  p.world.pause(p.server);
  for (std::uint64_t v = 1; v < 10; ++v) p.ask(v);
  p.world.run_until(1s);
  EXPECT_EQ(p.s().asked.size(), 1u);
  p.world.resume(p.server);
  p.world.run_until(1s + 1us);
  EXPECT_EQ(p.s().asked, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  ASSERT_EQ(p.s().timer_times.size(), 1u);
  EXPECT_EQ(p.s().timer_times[0], 1s);
}

TEST(Process, KillWhilePausedRefusesWhatWaited) {
  Pair p;
  p.ask(0);
  p.world.run_until(10ms);
  p.world.pause(p.server);
  p.ask(1);
  p.world.run_until(20ms);
  p.world.kill(p.server);
  p.world.restart(p.server);
  p.world.run_until(1s);
  EXPECT_EQ(p.s().asked.size(), 1u);
  EXPECT_EQ(p.c().closed.size(), 1u);
}

TEST(Process, SlowSpreadsEventsOut) {
  Pair p(1, {.service_time = 1ms});
  p.world.slow(p.server, 10);
  for (std::uint64_t v = 0; v < 20; ++v) p.ask(v);
  p.world.run_until(100ms);
  EXPECT_GE(p.s().asked.size(), 9u);
  EXPECT_LE(p.s().asked.size(), 11u);
  p.world.run_until(1s);
  EXPECT_EQ(p.s().asked.size(), 20u);
}

TEST(Disk, PowerCutKeepsSyncedAndWhatOverridesSay) {
  World<Disk> world(1);
  const auto n = world.add_node("b1", {});
  world.start(n);
  world.command(n, false);
  world.command(n, true);
  for (int i = 0; i < 3; ++i) world.command(n, false);
  for (const auto& [text, fate] : {std::pair{"survives b1 crash 1 write 1 file 7", 2},
                                   {"survives b1 crash 1 write 2 file 7", 0},
                                   {"survives b1 crash 1 write 3 file 7", 1}}) {
    world.decisions().override_with(*parse_decision(text, world.names()), static_cast<std::uint64_t>(fate));
  }
  world.power_cut(n);
  EXPECT_FALSE(world.node(n).memory);
  EXPECT_EQ(world.node(n).durable, (std::vector<std::uint32_t>{0, 1}));
  world.wipe(n);
  EXPECT_TRUE(world.node(n).durable.empty());
}

TEST(Disk, KillKeepsThePageCache) {
  World<Disk> world(1);
  const auto n = world.add_node("b1", {});
  world.start(n);
  world.command(n, false);
  world.kill(n);
  EXPECT_EQ(world.node(n).cache.size(), 1u);
  world.restart(n);
  world.command(n, true);
  EXPECT_EQ(world.node(n).durable.size(), 1u);
}

TEST(Clocks, TimersFollowTheNodesOwnClock) {
  World<Echo> world(1);
  const auto fast = world.add_node("fast", {}, {.drift_ppm = 100'000});
  const auto slow = world.add_node("slow", {}, {.drift_ppm = -100'000});
  for (const auto n : {fast, slow}) {
    world.start(n);
    world.command(n, {Do::timer, 0, 1, 1100ms});
  }
  world.run_until(999'999'999ns);
  EXPECT_TRUE(world.node(fast).timers.empty());
  world.run_until(1s);
  EXPECT_EQ(world.node(fast).timer_times, (std::vector<Nanos>{1100ms}));
  world.run_until(1200ms);
  EXPECT_TRUE(world.node(slow).timers.empty());
  world.run_until(1223ms);
  EXPECT_EQ(world.node(slow).timers.size(), 1u);
}

TEST(Clocks, FrozenClockFiresNothingUntilItRuns) {
  World<Echo> world(1);
  const auto n = world.add_node("n", {});
  world.start(n);
  world.command(n, {Do::timer, 0, 1, 1s});
  world.run_until(500ms);
  world.freeze_clock(n);
  world.command(n, {Do::timer, 0, 2, 700ms});
  world.run_until(10s);
  EXPECT_TRUE(world.node(n).timers.empty());
  EXPECT_EQ(world.clock(n).monotonic(world.now()), 500ms);
  world.unfreeze_clock(n);
  world.run_until(11s);
  EXPECT_EQ(world.node(n).timers, (std::vector<std::uint64_t>{2, 1}));
}

TEST(Clocks, MonotonicAndWorldTimeAgreeBothWays) {
  for (const std::int64_t ppm : {-499'999, -37, 0, 1, 250, 499'999}) {
    Clock clock({.drift_ppm = ppm});
    for (std::int64_t t = 1; t < 1'000'000'000'000; t = t * 3 + 1) {
      const Nanos at = clock.world_time_of(Nanos{t}, Nanos{0});
      EXPECT_GE(clock.monotonic(at), Nanos{t});
      EXPECT_LT(clock.monotonic(at - Nanos{1}), Nanos{t}) << ppm << " " << t;
    }
  }
}

TEST(Clocks, StepMovesTheWallOnly) {
  World<Echo> world(1);
  const auto n = world.add_node("n", {}, {.wall_epoch = 0ns, .wall_offset = 5s});
  world.run_until(1s);
  world.step_wall_clock(n, -3s);
  EXPECT_EQ(world.clock(n).wall(world.now()), 3s);
  EXPECT_EQ(world.clock(n).monotonic(world.now()), 1s);
}

TEST(Timers, LaterIsLazyEarlierIsPrompt) {
  World<Echo> world(1);
  const auto n = world.add_node("n", {});
  world.start(n);
  world.command(n, {Do::timer, 0, 1, 1s});
  world.command(n, {Do::timer, 0, 1, 2s});
  world.command(n, {Do::timer, 0, 2, 2s});
  world.command(n, {Do::timer, 0, 2, 1s});
  world.run_until(5s);
  EXPECT_EQ(world.node(n).timers, (std::vector<std::uint64_t>{2, 1}));
  EXPECT_EQ(world.node(n).timer_times, (std::vector<Nanos>{1s, 2s}));
}

TEST(Driver, TokensComeAtTheirTime) {
  Pair p;
  p.world.at(3ms, 11);
  p.world.at(2ms, 10);
  auto r = p.world.run_until(1s);
  EXPECT_EQ(r.token, 10u);
  EXPECT_EQ(p.world.now(), 2ms);
  r = p.world.run_until(1s);
  EXPECT_EQ(r.token, 11u);
  EXPECT_EQ(p.world.run_until(1s).kind, StepResult::Kind::ended);
  EXPECT_EQ(p.world.now(), 1s);
}

TEST(Driver, FactsOfTheLastStepOnlyAndTheTraceNamesCauses) {
  Pair p;
  p.world.set_tracing(true);
  p.ask(1);
  while (p.world.facts().empty()) p.world.step();
  EXPECT_EQ(p.world.facts()[0].node, p.server);
  EXPECT_EQ(p.world.facts()[0].event, p.world.events());
  const auto& trace = p.world.trace();
  ASSERT_EQ(trace.size(), 4u);  // command, sent, delivered, sent
  EXPECT_EQ(trace[2].kind, TraceKind::delivered);
  EXPECT_EQ(trace[2].cause, trace[1].id);
}

TEST(Choices, AreNamedBySubjectAndCount) {
  Pair a, b;
  for (int i = 0; i < 3; ++i) a.world.command(a.client, {Do::choose, 0, 5});
  b.world.command(b.client, {Do::choose, 0, 6});
  for (int i = 0; i < 3; ++i) b.world.command(b.client, {Do::choose, 0, 5});
  EXPECT_EQ(a.c().chosen, std::vector<std::uint64_t>(b.c().chosen.begin() + 1, b.c().chosen.end()));
  EXPECT_NE(a.c().chosen[0], a.c().chosen[1]);
}

}  // namespace world_test
}  // namespace ktrial::sim
