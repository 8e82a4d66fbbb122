// How quickly bugs are found, in numbers. Method: spreads that a table of the binomial distribution gives, and
// repetitions of a scenario that fails at once and of one that cannot.
#include "scenarios/power/power.h"

#include <gtest/gtest.h>

#include "properties/judge.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_reader.h"

namespace ktrial::scenarios {
namespace power_test {

TEST(Spread, EnclosesTheMedian) {
  const Spread one = spread({7});
  EXPECT_EQ(one.median, 7);
  EXPECT_EQ(one.low, 7);
  EXPECT_EQ(one.high, 7);
  const Spread five = spread({5, 1, 4, 2, 3});
  EXPECT_EQ(five.median, 3);
  EXPECT_EQ(five.low, 1);
  EXPECT_EQ(five.high, 5);
  std::vector<double> ten;
  for (int i = 1; i <= 10; ++i) ten.push_back(i);
  const Spread s = spread(ten);  // the second to the ninth: 97.9 %
  EXPECT_EQ(s.median, 5.5);
  EXPECT_EQ(s.low, 2);
  EXPECT_EQ(s.high, 9);
}

Scenario generation_not_checked() {
  const auto read = read_scenario(
      "ktrial: 1\n"
      "title: power\n"
      "catalogue: {entry: G13, tier: 2, faults: 1}\n"
      "cluster: {brokers: 1, controllers: 1, topics: [{name: orders, partitions: 1, replication-factor: 1}]}\n"
      "clients: [{producer: p1, config: {acks: 1}, send: {topic: orders, count: 100, rate: 100/s}, start-after: 3s}]\n"
      "faults: [{at: 3500ms, wipe: broker(1), for: 1s}]\n"
      "run: {until: 20s}\n"
      "variants: {group.offset-commit: none}\n"
      "expect: {acked-records-survive: violated, eventually-recovers: any}\n",
      "test", {properties::all_property_names(), known_goals()});
  EXPECT_TRUE(read) << to_string(read.error().front());
  return *read;
}

TEST(Power, ARepetitionEndsAtTheFirstFailureAndDependsOnItsNumberAlone) {
  const Scenario scenario = generation_not_checked();
  const Repetition first = repeat(scenario, 0, {50, 60});
  EXPECT_TRUE(first.found);
  EXPECT_EQ(first.property, "acked-records-survive");
  EXPECT_EQ(first.failing_seed, first.seeds);
  const Repetition third = repeat(scenario, 3, {50, 60});
  EXPECT_EQ(third.failing_seed, 3'000'000 + third.seeds);
  EXPECT_EQ(repeat(scenario, 3, {50, 60}).seeds, third.seeds);
}

TEST(Power, ABudgetThatIsUsedUpFindsNothing) {
  Scenario scenario = generation_not_checked();
  scenario.faults.clear();
  const Repetition r = repeat(scenario, 0, {3, 60});
  EXPECT_FALSE(r.found);
  EXPECT_EQ(r.seeds, 3u);
}

TEST(Power, TheCorrectModelHasNoVariantAndExpectsEverythingToHold) {
  const Scenario correct = correct_model(generation_not_checked());
  EXPECT_TRUE(correct.variants.empty());
  EXPECT_EQ(correct.cluster.config.effective.variants, model::Variants());
  EXPECT_EQ(correct.expect.at("acked-records-survive"), Expected::holds);
  EXPECT_EQ(correct.expect.at("eventually-recovers"), Expected::any);
}

}  // namespace power_test
}  // namespace ktrial::scenarios
