// A whole cluster as a state: copies and other ways to the same state hash alike, every change of a node is noticed.
#include "scenarios/cluster/world_state.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "model/state/change_for_test.h"
#include "model/state/node_state.h"
#include "properties/judge.h"
#include "scenarios/cluster/cluster_builder.h"
#include "scenarios/program/state.h"
#include "scenarios/run/goals.h"
#include "scenarios/run/trial.h"
#include "scenarios/scenario_reader.h"

namespace ktrial::scenarios {
namespace world_state_test {

using model::milliseconds;
using model::seconds;

Scenario read(const std::string& text) {
  auto read = read_scenario(text, "test", {properties::all_property_names(), known_goals()});
  if (!read) throw std::runtime_error(to_string(read.error().front()));
  return *read;
}
// Every kind of node; p2 begins only when it is told to.
Scenario cluster() {
  return read(
      "ktrial: 1\n"
      "cluster:\n"
      "  brokers: 3\n"
      "  controllers: 3\n"
      "  config: {offsets.topic.num.partitions: 2, group.initial.rebalance.delay.ms: 100}\n"
      "  topics: [{name: orders, partitions: 2, replicas: [[1, 2, 3], [2, 3, 1]]}]\n"
      "clients:\n"
      "  - {producer: p1, send: {topic: orders, count: 400, rate: 50/s}, start-after: 3s}\n"
      "  - {consumer: c1, config: {auto.offset.reset: earliest}, assign: [orders]}\n"
      "  - {group: g, members: 2, subscribe: [orders]}\n"
      "run: {until: 30s}\n");
}
KafkaWorld at(const Scenario& scenario, model::Nanos time, std::uint64_t seed = 1) {
  std::optional<KafkaWorld> world;
  TrialOptions options;
  options.seed = seed;
  options.stop_after = time;
  options.at_end = [&](const KafkaWorld& end) { world = end; };
  run_trial(scenario, options);
  return *world;
}

TEST(ClusterState, ACopyIsTheSameAndGoesOnAlike) {
  KafkaWorld world = at(cluster(), seconds(9));
  KafkaWorld copy = world;
  model::ContentHashes contents;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(possible_futures(world), possible_futures(copy, &contents));
    EXPECT_EQ(exact_state(world), exact_state(copy, &contents));
    world.run_until(world.now() + milliseconds(7));
    copy.run_until(copy.now() + milliseconds(7));
  }
  EXPECT_EQ(canonical_words(world), canonical_words(copy));
}

TEST(ClusterState, ItIsAnotherOneAfterEachEvent) {
  KafkaWorld world = at(cluster(), seconds(9));
  std::set<std::uint64_t> seen{exact_state(world)};
  for (std::uint64_t events = world.events(), i = 0; i < 300;) {
    world.step();
    if (world.events() == events) continue;
    events = world.events();
    ++i;
    EXPECT_TRUE(seen.insert(exact_state(world)).second) << "event " << events;
  }
}

// What happens to different nodes at one moment happens in any order; the events and their fingerprints differ.
TEST(ClusterState, OtherOrdersOfTheSameAreOneState) {
  using Do = void (*)(KafkaWorld&);
  const std::vector<Do> does = {
      [](KafkaWorld& w) { w.kill(0); },
      [](KafkaWorld& w) { w.pause(7); },
      [](KafkaWorld& w) { w.network().cut(1, 4); },
      [](KafkaWorld& w) { w.set_drift(5, 20); },
      [](KafkaWorld& w) { w.network().delay(2, 1, milliseconds(3)); },
      [](KafkaWorld& w) { w.step_wall_clock(3, seconds(1)); },
  };
  const KafkaWorld before = at(cluster(), seconds(9));
  KafkaWorld forward = before, backward = before;
  for (std::size_t i = 0; i < does.size(); ++i) {
    does[i](forward);
    does[does.size() - 1 - i](backward);
  }
  EXPECT_NE(forward.fingerprint(), backward.fingerprint());
  EXPECT_EQ(canonical_words(forward), canonical_words(backward));
  for (const KafkaWorld* world : {&forward, &backward}) EXPECT_NE(possible_futures(*world), possible_futures(before));
  for (int i = 0; i < 20; ++i) {
    forward.run_until(forward.now() + milliseconds(50));
    backward.run_until(backward.now() + milliseconds(50));
    EXPECT_EQ(possible_futures(forward), possible_futures(backward));
  }
}

// A process that was started and killed again has opened connections and asked for choices. Nothing of it is left but
// that: the names of decisions to come.
TEST(ClusterState, WhatALifeLeftBehindIsHistory) {
  KafkaWorld world = at(cluster(), seconds(2));
  const sim::NodeId c1 = 7;
  world.kill(c1);
  world.run_until(seconds(3));
  KafkaWorld other = world;
  other.start(c1);
  other.kill(c1);
  other.network().cut(0, 1);
  other.network().heal(0, 1);
  EXPECT_NE(possible_futures(world), possible_futures(other));  // its request is under way
  world.run_until(seconds(4));
  other.run_until(seconds(4));
  EXPECT_EQ(possible_futures(world), possible_futures(other));
  EXPECT_NE(world.fingerprint(), other.fingerprint());
}

TEST(ClusterState, AnotherSeedIsNoOtherStateUntilItIsAsked) {
  const Scenario s = cluster();
  const KafkaWorld one = build_world(s, 1), two = build_world(s, 2);
  EXPECT_EQ(possible_futures(one), possible_futures(two));
  EXPECT_NE(exact_state(one), exact_state(two));
  EXPECT_NE(possible_futures(at(s, seconds(9), 1)), possible_futures(at(s, seconds(9), 2)));
}

template <class Node>
void every_change_is_noticed(KafkaWorld& world, const Node& node, std::set<std::string>& history, int& changes) {
  const auto exact = [&] {
    model::StateWriter out(model::History::kept);
    out.begin_node(model::NodeId(1), world.now(), world.now());
    model::write_state(out, node);
    return out.hash();
  };
  const auto canonical = [&] {
    model::StateWriter out(model::History::left_out);
    out.begin_node(model::NodeId(1), world.now(), world.now());
    model::write_state(out, node);
    return out.hash();
  };
  const std::uint64_t exact_before = exact(), canonical_before = canonical();
  model::for_each_change(const_cast<Node&>(node), "", [&](const std::string& path) {
    ++changes;
    EXPECT_NE(exact(), exact_before) << path;
    if (canonical() == canonical_before && !path.ends_with("remote.generation_"))
      history.insert(path.substr(path.rfind('.') + 1));
  });
  EXPECT_EQ(exact(), exact_before);
}

TEST(ClusterState, EveryChangeOfANodeIsNoticed) {
  KafkaWorld world = at(cluster(), milliseconds(6500));
  std::set<std::string> history;  // fields that the canonical hash takes for names
  int changes = 0;
  for (sim::NodeId id = 0; id < world.node_count(); ++id)
    std::visit([&](const auto& node) { every_change_is_noticed(world, node, history, changes); },
               world.node(id).role());
  EXPECT_GT(changes, 5000);
  const std::set<std::string> names = {"next_",
                                       "next_correlation_",
                                       "next_correlation_id_",
                                       "correlation",
                                       "correlation_id",
                                       "correlation_",
                                       "in_flight_",
                                       "in_flight",
                                       "about",
                                       "version",
                                       "version_",
                                       "seen_metadata_",
                                       "switches_",
                                       "backoffs_",
                                       "number",
                                       "next_number_",
                                       "slot_",
                                       "next_slot_",
                                       "next_token_",
                                       "token",
                                       "parked",
                                       "connection",
                                       "connection_",
                                       "id"};
  for (const std::string& field : history) EXPECT_TRUE(names.contains(field)) << field;
}

TEST(ClusterState, LinesNameNodesAndFields) {
  const Scenario s = cluster();
  const std::vector<model::StateLine> lines = state_at(s, 1, seconds(9), "broker 1");
  const auto value = [&](const std::string& path) {
    for (const model::StateLine& line : lines)
      if (line.path == path) return line.value;
    return std::string("?");
  };
  EXPECT_EQ(value("broker 1.running"), "true");
  EXPECT_EQ(value("broker 1.config.min_insync_replicas"), "?");
  EXPECT_EQ(value("broker 1.config.topic_defaults.min_insync_replicas"), "1");
  for (const model::StateLine& line : lines) EXPECT_TRUE(line.path.starts_with("broker 1.")) << line.path;
  const std::string difference = told_difference(state_after(s, 1, 2000), state_after(s, 2, 2000), 5);
  EXPECT_NE(difference.find(" -> "), std::string::npos) << difference;
  EXPECT_NE(difference.find("more\n"), std::string::npos) << difference;
}

}  // namespace world_state_test
}  // namespace ktrial::scenarios
