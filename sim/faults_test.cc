// Faults that meet: what each adds to the fingerprint, what overlaps, what a process leaves behind when it ends.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "sim/test_protocols.h"

namespace ktrial::sim {
namespace faults_test {

using namespace std::chrono_literals;
using Do = Echo::Command::Do;
using Values = std::vector<std::uint64_t>;

struct Two {
  World<Echo> world;
  NodeId client, server;
  explicit Two(std::uint64_t seed = 1, Echo::Node server_node = {}) : world(seed) {
    client = world.add_node("client", {});
    server = world.add_node("server", std::move(server_node));
    world.start(client);
    world.start(server);
  }
  void ask(std::uint64_t value, Do how = Do::send) { world.command(client, {how, server, value}); }
  void connect() {
    ask(0);
    world.run_until(world.now() + 10ms);
  }
  const Echo::Node& c() const { return world.node(client); }
  const Echo::Node& s() const { return world.node(server); }
};

// Nothing is sent in these worlds, so a fault can show only by itself.
TEST(FingerprintOfFaults, EachCountsAtOnceAndByWhatItIs) {
  const std::vector<std::function<void(NetworkControl)>> faults = {
      [](NetworkControl) {},
      [](NetworkControl n) { n.cut(0, 1); },
      [](NetworkControl n) { n.cut(1, 0); },
      [](NetworkControl n) { n.cut(0, 1), n.heal(0, 1); },
      [](NetworkControl n) { n.delay(0, 1, 3ms); },
      [](NetworkControl n) { n.delay(0, 1, 4ms); },
      [](NetworkControl n) { n.bandwidth(0, 1, 3'000'000); },
      [](NetworkControl n) { n.reset(0, 1); },
      [](NetworkControl n) { n.reset_on_next(0, 1, 1); },
      [](NetworkControl n) { n.reset_on_next(0, 1, 1), n.cancel_reset_on_next(0, 1, 1); },
      [](NetworkControl n) { n.hold(0, 1, 0); },
      [](NetworkControl n) { n.hold(0, 1, 1); },
      [](NetworkControl n) { n.hold(0, 1, 1), n.release(0, 1, 1); },
      [](NetworkControl n) { n.set_link(0, 1, {.loss_per_million = 1}); },
      [](NetworkControl n) { n.set_link(0, 1, {.duplicate_per_million = 1}); },
      [](NetworkControl n) { n.set_link(0, 1, {.tail_per_million = 1}); },
  };
  std::set<std::uint64_t> seen;
  for (const auto& fault : faults) {
    Two t;
    fault(t.world.network());
    seen.insert(t.world.fingerprint());
  }
  EXPECT_EQ(seen.size(), faults.size());
}

TEST(FingerprintOfFaults, ATokenCountsWhenItIsHandedOver) {
  const auto with = [](std::uint64_t token) {
    Two t;
    t.world.at(1ms, token);
    t.world.run_until(2ms);
    return t.world.fingerprint();
  };
  EXPECT_NE(with(1), with(2));
  EXPECT_EQ(with(1), with(1));
}

TEST(Latency, ATailIsRareAndLong) {
  Two t;
  t.world.network().set_link(0, 1,
                             {.latency_min = 1ms, .latency_jitter = 1ms, .tail = 50ms, .tail_per_million = 100'000});
  t.connect();
  t.world.run_until(1s);
  int late = 0;
  for (std::uint64_t v = 1; v <= 1000; ++v) {
    const Nanos sent = t.world.now();
    t.ask(v);
    while (t.s().asked.size() == v) t.world.step();
    const Nanos took = t.world.now() - sent;
    EXPECT_GE(took, 1ms);
    EXPECT_LE(took, 50ms);
    late += took > 2ms;
    t.world.run_until(sent + 100ms);
  }
  EXPECT_GT(late, 70);
  EXPECT_LT(late, 130);
}

TEST(Overlap, AMessageHeldTwiceIsReleasedTwice) {
  Two t;
  t.connect();
  t.world.network().hold(t.server, t.client, 1);
  t.world.network().hold(t.server, t.client, 1);
  t.ask(1);
  t.world.network().release(t.server, t.client, 1);
  t.world.run_until(1s);
  EXPECT_EQ(t.c().replies, Values{0});
  t.world.network().release(t.server, t.client, 1);
  t.world.run_until(2s);
  EXPECT_EQ(t.c().replies, (Values{0, 1}));
}

TEST(Overlap, ACancelledResetDoesNotStrike) {
  Two t;
  t.connect();
  t.world.network().reset_on_next(t.server, t.client, 1);
  EXPECT_TRUE(t.world.network().cancel_reset_on_next(t.server, t.client, 1));
  EXPECT_FALSE(t.world.network().cancel_reset_on_next(t.server, t.client, 1));
  t.ask(1);
  t.world.run_until(1s);
  EXPECT_EQ(t.c().replies, (Values{0, 1}));
}

TEST(Overlap, ACutOutlivesTheProcessesOfBothEnds) {
  Two t;
  t.world.network().cut_both(t.client, t.server);
  t.world.power_cut(t.server);
  t.world.wipe(t.server);
  t.world.restart(t.server);
  t.ask(1);
  t.world.run_until(1s);
  EXPECT_TRUE(t.s().asked.empty());
  t.world.network().heal_both(t.client, t.server);
  t.world.run_until(2s);
  EXPECT_EQ(t.s().asked, Values{1});
}

// A request that reached the machine of a paused process is executed when it goes on, whatever became of its
// connection, and newer requests of a new connection may come first.
TEST(Zombie, ARequestHandedOverExecutesAfterItsConnectionDied) {
  std::set<Values> orders;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Two t(seed);
    t.connect();
    t.world.pause(t.server);
    t.ask(1);
    t.world.run_until(t.world.now() + 10ms);
    t.world.network().reset(t.client, t.server);
    t.world.run_until(t.world.now() + 10ms);
    EXPECT_EQ(t.c().closed.size(), 1u);
    t.ask(2);  // on a new connection
    t.world.run_until(t.world.now() + 10ms);
    t.world.resume(t.server);
    t.world.run_until(t.world.now() + 1s);
    EXPECT_EQ(t.c().replies, (Values{0, 2}));
    orders.insert(t.s().asked);
  }
  EXPECT_EQ(orders, (std::set<Values>{{0, 1, 2}, {0, 2, 1}}));
}

TEST(Exit, AtTheStartLeavesNothingBehind) {
  Echo::Node node;
  node.exit_at_start = true;
  Two t(1, node);
  EXPECT_EQ(t.world.process(t.server), ProcessState::down);
  t.world.run_until(1s);
  EXPECT_TRUE(t.s().timers.empty());
  EXPECT_EQ(t.s().starts, 1);
  EXPECT_TRUE(t.world.restart(t.server));
  EXPECT_EQ(t.s().starts, 2);
}

TEST(Exit, WhatTheLastHandlerSentArrivesBeforeTheClose) {
  Echo::Node node;
  node.exit_on = 7;
  Two t(1, node);
  t.connect();
  t.world.command(t.server, {Do::timer, 0, 1, 1s});
  t.ask(7);
  t.ask(8);
  t.world.run_until(2s);
  EXPECT_EQ(t.world.process(t.server), ProcessState::down);
  EXPECT_EQ(t.c().replies, (Values{0, 7}));
  EXPECT_EQ(t.c().closed.size(), 1u);
  EXPECT_TRUE(t.s().timers.empty());
}

TEST(Exit, InATimerThatWaitedForThePauseToEnd) {
  Echo::Node node;
  node.exit_on = 7;
  Two t(1, node);
  t.connect();
  t.world.command(t.server, {Do::timer, 0, 7, 20ms});
  t.world.command(t.server, {Do::timer, 0, 8, 20ms});
  t.world.pause(t.server);
  t.ask(1);
  t.world.run_until(1s);
  t.world.resume(t.server);
  t.world.run_until(2s);
  EXPECT_EQ(t.world.process(t.server), ProcessState::down);
  EXPECT_EQ(t.s().timers.back(), 7u);
  EXPECT_EQ(t.c().closed.size(), 1u);
  EXPECT_TRUE(t.world.restart(t.server));
  t.world.run_until(3s);
  EXPECT_EQ(t.s().timers.back(), 7u);
}

TEST(TimersOfNodes, AKillOrAClockOfOneDoesNotTouchAnother) {
  World<Echo> world(1);
  std::vector<NodeId> nodes;
  for (const char* name : {"a", "b", "c"}) {
    nodes.push_back(world.add_node(name, {}));
    world.start(nodes.back());
    for (std::uint64_t key = 0; key < 5; ++key)
      world.command(nodes.back(), {Do::timer, 0, key, Nanos{static_cast<std::int64_t>(key + 1) * 100'000'000}});
  }
  world.run_until(150ms);
  world.kill(nodes[0]);
  world.set_drift(nodes[1], 400'000);
  world.restart(nodes[0]);
  world.command(nodes[0], {Do::timer, 0, 9, 160ms});
  world.run_until(1s);
  EXPECT_EQ(world.node(nodes[0]).timers, (Values{0, 9}));
  EXPECT_EQ(world.node(nodes[1]).timers, (Values{0, 1, 2, 3, 4}));
  EXPECT_EQ(world.node(nodes[2]).timers, (Values{0, 1, 2, 3, 4}));
  EXPECT_EQ(world.node(nodes[2]).timer_times.back(), 500ms);
  // The faster clock reached each deadline sooner in world time, but read the same.
  EXPECT_EQ(world.node(nodes[1]).timer_times.back(), 500ms);
}

TEST(TimersOfNodes, PauseOfANodeWithAFrozenClock) {
  World<Echo> world(1);
  const auto n = world.add_node("n", {});
  world.start(n);
  world.command(n, {Do::timer, 0, 1, 1s});
  world.command(n, {Do::timer, 0, 2, 2s});
  world.run_until(900ms);
  world.pause(n);
  world.run_until(1500ms);  // timer 1 has come up and waits
  world.freeze_clock(n);
  world.run_until(3s);
  world.resume(n);
  world.run_until(4s);
  EXPECT_EQ(world.node(n).timers, Values{1});
  EXPECT_EQ(world.node(n).timer_times, std::vector<Nanos>{1500ms});
  world.unfreeze_clock(n);
  world.run_until(4500ms - 1ns);
  EXPECT_EQ(world.node(n).timers, Values{1});
  world.run_until(4500ms);
  EXPECT_EQ(world.node(n).timers, (Values{1, 2}));
}

TEST(SurvivalOfWrites, ATornWriteKeepsFewerBytesThanItHad) {
  const Decisions decisions(1);
  Survival survival(decisions, 0ns, 0, 1);
  std::set<Survival::Fate> fates;
  for (std::uint32_t write = 0; write < 200; ++write) {
    fates.insert(survival.decide(7, write));
    EXPECT_LT(survival.torn_bytes(7, write, 100), 100u);
  }
  EXPECT_EQ(survival.torn_bytes(7, 0, 0), 0u);
  EXPECT_EQ(fates.size(), 3u);
  // Files are decided apart: the order of writes of two files is not kept.
  bool apart = false;
  for (std::uint32_t write = 0; write < 200; ++write)
    apart = apart || survival.decide(7, write) != survival.decide(8, write);
  EXPECT_TRUE(apart);
}

}  // namespace faults_test
}  // namespace ktrial::sim
