// Connections as TCP behaves, told through an echo client and server.
#include "sim/network.h"

#include <gtest/gtest.h>

#include "sim/test_protocols.h"

namespace ktrial::sim {
namespace network_test {

using namespace std::chrono_literals;
using Do = Echo::Command::Do;
using Values = std::vector<std::uint64_t>;

struct Net {
  World<Echo> world;
  NodeId client, server;
  explicit Net(std::uint64_t seed = 1, WorldConfig config = {}) : world(seed, config) {
    client = world.add_node("client", {});
    server = world.add_node("server", {});
    world.start(client);
    world.start(server);
  }
  void ask(std::uint64_t value, Do how = Do::send) { world.command(client, {how, server, value}); }
  void connect() {
    ask(0);
    world.run_until(world.now() + 10ms);
  }
  const Values& asked() const { return world.node(server).asked; }
  const Values& replies() const { return world.node(client).replies; }
  std::size_t client_closed() const { return world.node(client).closed.size(); }
  std::size_t server_closed() const { return world.node(server).closed.size(); }
  std::size_t connections() { return std::as_const(world).network().connection_count(); }
};

TEST(Connection, KeepsOrder) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Net n(seed);
    Values sent;
    for (std::uint64_t v = 0; v < 30; ++v) {
      n.ask(v);
      sent.push_back(v);
      n.world.run_until(n.world.now() + 50us);
    }
    n.world.run_until(1s);
    EXPECT_EQ(n.asked(), sent);
    EXPECT_EQ(n.replies(), sent);
  }
}

TEST(Connection, BandwidthTakesTime) {
  Net n;
  n.connect();
  n.world.network().bandwidth(n.client, n.server, 1000);  // 100 bytes in 100 ms
  for (std::uint64_t v = 1; v <= 10; ++v) n.ask(v);
  n.world.run_until(n.world.now() + 510ms);
  EXPECT_EQ(n.asked().size(), 6u);
}

TEST(Cut, HoldsAndDeliversLate) {
  Net n;
  n.connect();
  n.world.network().cut(n.client, n.server);
  n.ask(1);
  n.ask(2);
  n.world.run_until(30s);
  EXPECT_EQ(n.asked(), Values{0});
  n.world.network().heal(n.client, n.server);
  n.world.run_until(31s);
  EXPECT_EQ(n.asked(), (Values{0, 1, 2}));
  EXPECT_EQ(n.client_closed(), 0u);
}

TEST(Cut, HeldTooLongTheSenderGivesUp) {
  Net n;
  n.connect();
  n.world.network().cut(n.client, n.server);
  n.ask(1);
  n.world.run_until(70s);
  EXPECT_EQ(n.client_closed(), 1u);
  EXPECT_EQ(n.server_closed(), 0u);
  n.world.network().heal(n.client, n.server);
  n.world.run_until(80s);
  EXPECT_EQ(n.asked(), Values{0});
}

TEST(Cut, OneWayStopsOneWay) {
  Net n;
  n.connect();
  n.world.network().cut(n.server, n.client);
  n.ask(1);
  n.world.run_until(1s);
  EXPECT_EQ(n.asked(), (Values{0, 1}));
  EXPECT_EQ(n.replies(), Values{0});
}

TEST(Cut, ZombieRequestExecutesAfterNewerOnes) {
  Net n;
  n.connect();
  n.world.network().cut(n.client, n.server);
  n.ask(1);
  n.world.run_until(2s);
  n.world.command(n.client, {Do::close});
  n.world.network().heal(n.client, n.server);
  n.ask(2);  // on a new connection
  n.world.run_until(2s + 4ms);
  EXPECT_EQ(n.asked(), (Values{0, 2}));
  n.world.run_until(3s);
  EXPECT_EQ(n.asked(), (Values{0, 2, 1}));
  EXPECT_EQ(n.replies(), (Values{0, 2}));
  EXPECT_EQ(n.server_closed(), 1u);
  EXPECT_EQ(n.connections(), 1u);
}

TEST(Cut, GroupsOfNodes) {
  World<Echo> w(1);
  for (int i = 0; i < 5; ++i) w.add_node("n", {});
  const NodeId set[] = {0, 1};
  w.network().bridge(set, 4);
  EXPECT_TRUE(w.network().is_cut(0, 2) && w.network().is_cut(3, 1));
  EXPECT_FALSE(w.network().is_cut(0, 4) || w.network().is_cut(4, 3) || w.network().is_cut(0, 1));
  w.network().heal_all();
  w.network().halves(set);
  EXPECT_TRUE(w.network().is_cut(0, 4));
  w.network().heal_all();
  w.network().isolate(2);
  EXPECT_TRUE(w.network().is_cut(2, 0) && w.network().is_cut(4, 2));
  EXPECT_FALSE(w.network().is_cut(0, 1));
}

TEST(Reset, LosesWhatIsInFlightAndBothLearn) {
  Net n;
  n.connect();
  n.ask(1);
  n.world.network().reset(n.client, n.server);
  n.world.run_until(1s);
  EXPECT_EQ(n.asked(), Values{0});
  EXPECT_EQ(n.client_closed(), 1u);
  EXPECT_EQ(n.server_closed(), 1u);
  EXPECT_EQ(n.connections(), 0u);
}

TEST(Reset, NoticeDoesNotPassACut) {
  Net n;
  n.connect();
  n.world.network().cut(n.server, n.client);
  n.world.network().reset(n.client, n.server);
  n.world.run_until(30s);
  EXPECT_EQ(n.server_closed(), 1u);
  EXPECT_EQ(n.client_closed(), 0u);
  n.world.network().heal(n.server, n.client);
  n.world.run_until(31s);
  EXPECT_EQ(n.client_closed(), 1u);
}

TEST(Reset, MidResponseTheRequestCountsTheAnswerIsLost) {
  Net n;
  n.connect();
  n.world.network().reset_on_next(n.server, n.client, 1);
  n.ask(1);
  n.world.run_until(1s);
  EXPECT_EQ(n.asked(), (Values{0, 1}));
  EXPECT_EQ(n.replies(), Values{0});
  EXPECT_EQ(n.client_closed(), 1u);
  EXPECT_EQ(n.server_closed(), 1u);
}

TEST(Hold, OneKindWaitsWithAllBehindIt) {
  Net n;
  n.connect();
  n.world.network().hold(n.server, n.client, 1);
  n.ask(1);
  n.world.run_until(100s);
  EXPECT_EQ(n.replies(), Values{0});
  EXPECT_EQ(n.client_closed(), 0u);
  n.world.network().release(n.server, n.client, 1);
  n.world.run_until(101s);
  EXPECT_EQ(n.replies(), (Values{0, 1}));
}

TEST(Power, WhatHadLeftArrivesWhatHadNotIsLost) {
  Net n;
  n.connect();
  n.ask(1);
  n.world.run_until(n.world.now() + 30us);
  n.ask(2);
  n.world.power_cut(n.client);
  n.world.run_until(1s);
  EXPECT_EQ(n.asked(), (Values{0, 1}));
  EXPECT_EQ(n.server_closed(), 0u);
}

TEST(Delay, AddsToEachMessage) {
  Net n;
  n.connect();
  n.world.network().delay(n.client, n.server, 3s);
  n.ask(1);
  n.world.run_until(3s);
  EXPECT_EQ(n.asked(), Values{0});
  n.world.run_until(4s);
  EXPECT_EQ(n.asked(), (Values{0, 1}));
}

TEST(Datagrams, AreLostDoubledAndOvertaken) {
  Net n;
  n.world.network().set_link(0, 1, {.loss_per_million = 300'000, .duplicate_per_million = 300'000});
  for (std::uint64_t v = 0; v < 1000; ++v) n.world.command(n.client, {Do::datagram, n.server, v});
  n.world.run_until(1s);
  Values got = n.asked();
  EXPECT_FALSE(std::is_sorted(got.begin(), got.end()));
  const auto total = got.size();
  std::sort(got.begin(), got.end());
  got.erase(std::unique(got.begin(), got.end()), got.end());
  EXPECT_NEAR(static_cast<double>(got.size()), 700, 60);
  EXPECT_GT(total, got.size() + 80);
}

}  // namespace network_test
}  // namespace ktrial::sim
