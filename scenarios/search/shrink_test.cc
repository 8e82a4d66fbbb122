// Goal: shrinking ends at the same small scenario whatever the time and the threads, and what it drops is consistent.
#include "scenarios/search/shrink.h"

#include <gtest/gtest.h>

#include "scenarios/run/goals.h"
#include "scenarios/scenario_for_test.h"
#include "scenarios/scenario_writer.h"
#include "scenarios/search/search.h"
#include "scenarios/search/shrink_steps.h"

namespace ktrial::scenarios {
namespace shrink_test {

Scenario failing(const std::string& name) {
  const Scenario scenario = library_scenario(name);
  SearchOptions search_options;
  search_options.last_seed = 200;
  TrialOptions options;
  options.seed = search(scenario, search_options).failing_seed.value();
  return run_trial(scenario, options).concrete;
}

TEST(Shrink, ConvergesToOneResultWhateverTheTimeAndTheThreads) {
  const Scenario raw = failing("acks-one");  // two brokers are enough for it
  ShrinkOptions options;
  options.time_budget = std::chrono::minutes(5);
  const ShrinkResult one = shrink(raw, options);
  EXPECT_FALSE(one.out_of_time);
  options.threads = 3;
  const ShrinkResult three = shrink(raw, options);
  EXPECT_EQ(write_scenario(one.scenario), write_scenario(three.scenario));
  EXPECT_EQ(one.trials, three.trials);
  EXPECT_EQ(write_scenario(shrink(one.scenario, options).scenario), write_scenario(one.scenario))
      << "not a fixed point";
  EXPECT_LE(one.scenario.faults.size(), 3u);
  EXPECT_LT(one.scenario.cluster.brokers, raw.cluster.brokers) << write_scenario(one.scenario);
  EXPECT_LT(one.scenario.clients.size(), raw.clients.size());
}

TEST(Shrink, KeepsTheGoalsThatTheFailureReached) {
  // With one replica a power cut alone loses records; but this scenario is about an ISR that shrank.
  ShrinkOptions options;
  options.time_budget = std::chrono::minutes(5);
  const ShrinkResult small = shrink(failing("min-isr-one"), options);
  EXPECT_GE(small.scenario.cluster.brokers, 2);
  TrialOptions trial;
  trial.seed = small.scenario.seed.value();
  const TrialResult again = run_trial(small.scenario, trial);
  EXPECT_TRUE(failed(again));
  EXPECT_TRUE(again.missed_goals.empty());
}

TEST(Shrink, StopsAtOnceWhenInterrupted) {
  const std::atomic<bool> interrupted{true};
  ShrinkOptions options;
  options.interrupted = &interrupted;
  const Scenario raw = failing("min-isr-one");
  const ShrinkResult result = shrink(raw, options);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.trials, 1);
  EXPECT_EQ(result.scenario.faults, raw.faults);
}

TEST(ShrinkSteps, RemovingABrokerNumbersTheNodesBehindItAnew) {
  Scenario s = scenario_of(
      "ktrial: 1\n"
      "cluster: {brokers: 3, controllers: 3, topics: [{name: orders, replicas: [[1, 2, 3], [3, 1, 2]]}]}\n"
      "clocks: [{nodes: broker(2), offset: 1s}, {nodes: [broker(2), broker(3)], drift-ppm: 5}]\n"
      "faults:\n"
      "  - {at: 1s, kill: broker(2)}\n"
      "  - {at: 2s, kill: [broker(2), broker(3), controller(6)]}\n"
      "  - {at: 3s, cut: {between: [broker(2), broker(3)]}}\n"
      "  - {when: broker-fenced(2), kill: broker(1)}\n"
      "  - {when: broker-fenced(3), kill: broker(1)}\n");
  ASSERT_TRUE(remove_broker(s, 2));
  EXPECT_EQ(s,
            scenario_of("ktrial: 1\n"
                        "cluster: {brokers: 2, controllers: 3, topics: [{name: orders, replicas: [[1, 2], [2, 1]]}]}\n"
                        "clocks: [{nodes: broker(2), drift-ppm: 5}]\n"
                        "faults:\n"
                        "  - {at: 2s, kill: [broker(2), controller(5)]}\n"
                        "  - {when: broker-fenced(2), kill: broker(1)}\n"));
}

TEST(ShrinkSteps, RemovingABrokerKeepsAnOperatorsFaults) {
  Scenario s = scenario_of(
      "ktrial: 1\n"
      "cluster: {brokers: 4, topics: [{name: orders, replicas: [[1, 2, 3]]}]}\n"
      "faults:\n"
      "  - {at: 1s, reassign: {partition: orders-0, to: [4, 2, 1]}}\n"
      "  - {at: 2s, reassign: {partition: orders-0, to: [2]}}\n"
      "  - {at: 3s, delete-topic: orders, for: 1s}\n"
      "  - {when: broker-fenced(2), delete-topic: orders}\n"
      "run: {until: 10s}\n");
  ASSERT_TRUE(remove_broker(s, 2));
  ASSERT_EQ(s.faults.size(), 2u);
  EXPECT_EQ(std::get<Reassign>(s.faults[0].what).to, (std::vector<std::int32_t>{3, 1}));
  EXPECT_EQ(std::get<DeleteTopic>(s.faults[1].what).topic, "orders");
}

TEST(ShrinkSteps, RemovingABrokerForgetsItsRack) {
  Scenario s = scenario_of("ktrial: 1\ncluster: {brokers: 3, config: {broker.rack: [east, west, north]}}\n");
  ASSERT_TRUE(remove_broker(s, 2));
  EXPECT_EQ(s, scenario_of("ktrial: 1\ncluster: {brokers: 2, config: {broker.rack: [east, north]}}\n"));
  EXPECT_EQ(s.cluster.config.effective.broker_racks, (std::vector<std::string>{"east", "north"}));
}

TEST(ShrinkSteps, RemovingABrokerIsRefusedWhereItIsTheOnlyReplica) {
  Scenario s = scenario_of("ktrial: 1\ncluster: {brokers: 2, topics: [{name: orders, replicas: [[1], [2]]}]}\n");
  EXPECT_FALSE(remove_broker(s, 2));
}

TEST(ShrinkSteps, RemovingAClientForgetsItsFaults) {
  const std::string clients =
      "ktrial: 1\n"
      "cluster: {topics: [{name: orders}]}\n"
      "clients:\n"
      "  - {producer: p1, send: {topic: orders}}\n";
  Scenario s = scenario_of(clients +
                           "  - {group: g, members: 2, subscribe: [orders]}\n"
                           "faults:\n"
                           "  - {at: 1s, kill: client(g/1)}\n"
                           "  - {at: 2s, kill: [client(g/2), client(p1)]}\n"
                           "  - {at: 3s, kill: coordinator(g)}\n"
                           "  - {when: group-stable(g), kill: client(p1)}\n");
  remove_client(s, 1);
  EXPECT_EQ(s, scenario_of(clients + "faults: [{at: 2s, kill: client(p1)}]\n"));
}

// Whatever a step makes of any scenario of the library can be written and read back, or is refused by the reader, which
// the shrinker asks; and no step goes back and forth.
TEST(ShrinkSteps, EveryStepChangesWhatItSaysItChanges) {
  for (const char* name : {"walkthrough", "isr-admission", "vote-not-durable", "retry-reorder"}) {
    TrialOptions options;
    options.seed = 3;
    const Scenario s = run_trial(library_scenario(name), options).concrete;
    std::size_t applied = 0;
    for (const ShrinkPass pass : shrink_passes())
      for (const ShrinkStep& step : pass(s)) {
        Scenario changed = s;
        if (!step(changed)) {
          EXPECT_EQ(changed, s) << name;
          continue;
        }
        ++applied;
        EXPECT_NE(write_scenario(changed), write_scenario(s)) << name;
      }
    EXPECT_GT(applied, 10u) << name;
  }
}

}  // namespace shrink_test
}  // namespace ktrial::scenarios
