// Goal: each outcome of a power cut is run once, and one that breaks a promise is found whatever the seed drew.
#include "scenarios/search/crash_points.h"

#include <gtest/gtest.h>

#include "scenarios/power/power.h"
#include "scenarios/scenario_for_test.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace crash_points_test {

// One broker that answers before anything is synced, and then loses its power.
constexpr const char* kOneBroker = R"(
ktrial: 1
title: One broker
cluster:
  brokers: 1
  controllers: 1
  topics: [{name: orders, partitions: 1, replicas: [[1]]}]
clients:
  - {producer: p1, config: {acks: 1}, send: {topic: orders, count: 2, rate: 10/s}, start-after: 3s}
faults:
  - {at: 4s, power-cut: broker(1), for: 100ms}
run: {until: 25s}
seed: 1
)";

TrialResult drawn(const Scenario& scenario) {
  TrialOptions options;
  options.seed = scenario.seed.value();
  options.record_survivals = true;
  return run_trial(scenario, options);
}

TEST(CrashPoints, EachUnsyncedWriteIsAskedAbout) {
  const TrialResult run = drawn(scenario_of(kOneBroker));
  const std::vector<CrashPoint> points = crash_points(run);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].node, model::NodeId{1});
  EXPECT_EQ(points[0].at, seconds(4));
  EXPECT_EQ(points[0].writes, run.survivals.size());
  EXPECT_GT(points[0].writes, 0u);
}

TEST(CrashPoints, ADecisionOfAScenarioIsTaken) {
  Scenario scenario = scenario_of(kOneBroker);
  const TrialResult before = drawn(scenario);
  const sim::AskedSurvival first = before.survivals.at(0);
  scenario.decisions[sim::to_text(first.name)] = (static_cast<std::uint64_t>(first.fate) + 1) % 3;
  const TrialResult after = drawn(scenario_of(write_scenario(scenario)));
  EXPECT_EQ(after.survivals.at(0).name, first.name);
  EXPECT_NE(after.survivals.at(0).fate, first.fate);
}

// Two batches: behind one that is lost or torn nothing survives, so five outcomes, and only one keeps both.
TEST(CrashPoints, TheTreeOfOutcomesIsWalkedToItsEnd) {
  const TrialResult run = drawn(scenario_of(kOneBroker));
  CrashPointOptions options;
  const CrashPointResult all = all_outcomes(run.concrete, crash_points(run).at(0), options);
  EXPECT_TRUE(all.all);
  EXPECT_EQ(all.outcomes, 5u);
  EXPECT_EQ(all.violated, 4u);
  EXPECT_EQ(all.property, "acked-records-survive");
  ASSERT_TRUE(all.first);
  EXPECT_EQ(drawn(scenario_of(write_scenario(*all.first))).first_violation()->property, all.property);

  options.writes = 1;
  const CrashPointResult some = all_outcomes(run.concrete, crash_points(run).at(0), options);
  EXPECT_FALSE(some.all);
  EXPECT_EQ(some.outcomes, 3u);
}

// D02: a recovery point that is too high is harmless as long as everything below it survives, as this seed draws it.
TEST(CrashPoints, ABrokenRuleIsFoundWhateverTheSeedDrew) {
  Scenario broken = scenario_in("catalogue/D02");
  broken.seed = 2;
  for (const Scenario& scenario : {broken, correct_model(broken)}) {
    const TrialResult run = drawn(scenario);
    EXPECT_FALSE(run.first_violation());
    std::uint64_t violated = 0;
    for (const CrashPoint& point : crash_points(run))
      violated += all_outcomes(run.concrete, point, CrashPointOptions()).violated;
    EXPECT_EQ(violated == 0, scenario.variants.empty());
  }
}

}  // namespace crash_points_test
}  // namespace ktrial::scenarios
