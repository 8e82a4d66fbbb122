// What of a world is state: worlds that got to the same state in different ways are written alike, everything that
// matters is written, and no member of the simulator is forgotten.
#include "sim/world_state.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "sim/test_protocols.h"

namespace ktrial::sim {
namespace world_state_test {

using namespace std::chrono_literals;
using Do = Echo::Command::Do;

// A text of all that was written.
struct Text {
  bool history = false;
  std::string text{};
  std::map<ConnectionId, std::pair<NodeId, std::uint32_t>> names{};
  std::string path{};

  bool keeps_history() const { return history; }
  bool wants_names() const { return true; }
  std::size_t enter(const std::string& name) {
    const std::size_t length = path.size();
    path += name + '/';
    return length;
  }
  void leave(std::size_t length) { path.resize(length); }
  void line(const char* name, const std::string& value) { text += path + name + '=' + value + '\n'; }
  void field(const char* name, const std::string& value) { line(name, value); }
  void field(const char* name, Nanos value) { line(name, std::to_string(value.count())); }
  template <class T>
  void field(const char* name, T value) {
    line(name, std::to_string(value));
  }
};

struct Three {
  World<Echo> world;
  NodeId a, b, c;
  explicit Three(std::uint64_t seed = 1, LinkConfig link = {.latency_min = 1ms, .latency_jitter = 0ms})
      : world(seed, {.network = {.link = link}}) {
    a = world.add_node("a", {});
    b = world.add_node("b", {});
    c = world.add_node("c", {});
    for (const NodeId id : {a, b, c}) world.start(id);
  }
  std::string written(bool history = false) const {
    Text out{.history = history};
    write_world(world, out);
    return out.text;
  }
};

TEST(WorldState, ACopyIsWrittenAlike) {
  Three t;
  t.world.command(t.a, {Do::send, t.b, 7});
  t.world.run_until(1ms);
  const Three copy = t;
  for (const bool history : {false, true}) EXPECT_EQ(t.written(history), copy.written(history));
}

TEST(WorldState, TheOrderInWhichConnectionsWereOpenedIsForgotten) {
  // a asks b and c, in either order; their connections have other numbers.
  const auto asked = [](bool b_first) {
    Three t;
    t.world.command(t.a, {Do::send_new, b_first ? t.b : t.c, 1});
    t.world.command(t.a, {Do::send_new, b_first ? t.c : t.b, 1});
    t.world.run_until(1s);
    t.world.command(t.b, {Do::send_new, t.c, 2});  // so that a's newest connection is no matter
    t.world.kill(t.a), t.world.run_until(2s), t.world.start(t.a);
    return t;
  };
  EXPECT_EQ(asked(true).written(), asked(false).written());
}

TEST(WorldState, AnEarlierAndALaterWayToTheSameStateAreOneState) {
  Three early, late;
  late.world.command(late.a, {Do::timer, 0, 5, 1s});  // is set and cancelled by the end of the process
  late.world.kill(late.a), late.world.run_until(3s), late.world.start(late.a);
  EXPECT_EQ(early.written(), late.written());
  EXPECT_NE(early.written(true), late.written(true));
  // And what is under way is under way alike.
  early.world.command(early.a, {Do::send, early.b, 9});
  late.world.command(late.a, {Do::send, late.b, 9});
  EXPECT_EQ(early.written(), late.written());
  early.world.run_until(early.world.now() + 500us), late.world.run_until(late.world.now() + 500us);
  EXPECT_EQ(early.written(), late.written());
}

TEST(WorldState, SeedsAndCountedChoicesAreHistory) {
  Three one(1), two(2);
  EXPECT_EQ(one.written(), two.written());
  EXPECT_NE(one.written(true), two.written(true));
  Three asked(1);
  asked.world.kill(asked.c), asked.world.start(asked.c);  // does nothing
  Three more = asked;
  more.world.command(more.a, {Do::choose, 0, 3});
  EXPECT_NE(asked.written(true), more.written(true));
}

// Each makes one change that what comes next depends on.
TEST(WorldState, EveryChangeIsSeen) {
  using Change = std::pair<const char*, void (*)(Three&)>;
  const Change changes[] = {
      {"message",
       [](Three& t) {
         t.world.command(t.a, {Do::send, t.b, 1});
       }},
      {"other content",
       [](Three& t) {
         t.world.command(t.a, {Do::send, t.b, 2});
       }},
      {"other receiver",
       [](Three& t) {
         t.world.command(t.a, {Do::send, t.c, 1});
       }},
      {"datagram",
       [](Three& t) {
         t.world.command(t.a, {Do::datagram, t.b, 1});
       }},
      {"timer",
       [](Three& t) {
         t.world.command(t.a, {Do::timer, 0, 1, 1s});
       }},
      {"later timer",
       [](Three& t) {
         t.world.command(t.a, {Do::timer, 0, 1, 2s});
       }},
      {"kill", [](Three& t) { t.world.kill(t.a); }},
      {"power cut", [](Three& t) { t.world.power_cut(t.a); }},
      {"pause", [](Three& t) { t.world.pause(t.a); }},
      {"slow", [](Three& t) { t.world.slow(t.a, 3); }},
      {"wall clock", [](Three& t) { t.world.step_wall_clock(t.a, 1ns); }},
      {"drift", [](Three& t) { t.world.set_drift(t.a, 10); }},
      {"frozen", [](Three& t) { t.world.freeze_clock(t.a); }},
      {"cut", [](Three& t) { t.world.network().cut(t.a, t.b); }},
      {"cut back", [](Three& t) { t.world.network().cut(t.b, t.a); }},
      {"delay", [](Three& t) { t.world.network().delay(t.a, t.b, 1ns); }},
      {"bandwidth", [](Three& t) { t.world.network().bandwidth(t.a, t.b, 1000); }},
      {"hold", [](Three& t) { t.world.network().hold(t.a, t.b, 0); }},
      {"reset", [](Three& t) { t.world.network().reset_on_next(t.a, t.b); }},
      {"token", [](Three& t) { t.world.at(1s, 1); }},
      {"later token", [](Three& t) { t.world.at(2s, 1); }},
      {"node", [](Three& t) { t.world.tamper(t.a, 0, [](Echo::Node& n) { n.asked.push_back(1); }); }},
  };
  std::map<std::string, std::string> seen{{Three().written(), "nothing"}};
  for (const auto& [what, change] : changes) {
    Three t;
    change(t);
    const auto [at, fresh] = seen.emplace(t.written(), what);
    EXPECT_TRUE(fresh) << what << " is written as " << at->second;
  }
}

// Members have a trailing _, or stand in a struct of plain data.
TEST(WorldState, EveryMemberIsWrittenOrNamedAsLeftOut) {
  // How state is kept, or what was; the opening comment of world_state.h says why.
  const std::set<std::string> left_out = {
      "fingerprint",   "event_id",    "tracing",        "trace",        "earliest_",  "occupied_",
      "last_",         "size_",       "ranks_",         "columns_",     "links_",     "free_connections_",
      "free_flights_", "dropped_",    "free_messages_", "free_tokens_", "survivals_", "records_survivals_",
      "facts_",        "exiting_",    "free_",          "tables_",      "fired_",     "cells_",
      "used_",         "tail",        "cause",          "message_kind", "queued_at",  "node",
      "place",         "wake_queued", "generation",     "stopped",      "sent"};
  std::stringstream state;
  state << std::ifstream(std::string(KTRIAL_SOURCE_DIR) + "/sim/world_state.h").rdbuf();
  const std::string written = state.str();
  const auto check = [&](const std::string& file, const std::string& from, const std::string& to) {
    std::stringstream text;
    text << std::ifstream(std::string(KTRIAL_SOURCE_DIR) + "/sim/" + file).rdbuf();
    std::string body = text.str();
    ASSERT_NE(body.find(from), std::string::npos) << file << ": " << from;
    body = body.substr(body.find(from));
    body = body.substr(0, body.find(to));
    const std::regex member(R"(\n  (?:  )?[A-Za-z][\w:<>, *]*[ >]([a-z]\w*)( = [^;(]*|\{[^;]*\}|\[2\] = [^;]*)?;)");
    int found = 0;
    for (std::sregex_iterator at(body.begin(), body.end(), member), end; at != end; ++at, ++found) {
      const std::string name = (*at)[1];
      if (left_out.contains(name)) continue;
      EXPECT_TRUE(std::regex_search(written, std::regex("\\b" + name + "\\b"))) << file << ": " << name;
    }
    EXPECT_GT(found, 2) << file << ": " << from;
  };
  check("world.h", "  WorldConfig config_;", "}  // namespace");
  check("world.h", "  struct Slot {", "  };");
  check("kernel.h", "struct Kernel {", "  void schedule");
  check("network.h", "  struct Flight {", "  };");
  check("network.h", "  struct Direction {", "  };");
  check("network.h", "  struct Connection {", "  };");
  check("network.h", "  struct Link {", "  };");
  check("network.h", "  NetworkConfig config_;\n  std::vector<Mach", "}  // namespace");
  check("network.h", "struct NetworkConfig {", "\n};");
  check("network.h", "struct LinkConfig {", "\n};");
  check("timers.h", "  struct alignas(64) Slot {", "  };");
  check("clock.h", "  Nanos base_world_{0};", "}  // namespace");
  check("event_queue.h", "  std::array<std::vector<QueueEntry>, kBuckets> buckets_;", "}  // namespace");
}

}  // namespace world_state_test
}  // namespace ktrial::sim
