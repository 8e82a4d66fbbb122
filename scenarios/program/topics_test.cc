// Goal: the topics that a run shows have the configs that they have in the end. Method: a run in which an operator
// alters them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/program/telling.h"
#include "scenarios/scenario_for_test.h"

namespace ktrial::scenarios {
namespace topics_test {

TEST(DescribedTopics, HaveTheConfigsThatAnOperatorGaveThem) {
  TrialOptions options;
  options.record = true;
  const auto described = [&](const std::string& faults) {
    return describe_topics_of(
        run_trial(scenario_of("ktrial: 1\n"
                              "cluster:\n"
                              "  config: {log.segment.bytes: 5000}\n"
                              "  topics: [{name: orders, replicas: [[1]], config: {retention.bytes: 7}}]\n"
                              "faults:\n" +
                              faults + "run: {until: 20s}\n"),
                  options));
  };
  const std::string more =
      "  - {at: 8s, alter-configs: {topic: orders, set: {retention.ms: 1000}, delete: [retention.bytes]}}\n"
      "  - {at: 9s, alter-configs: {set: {log.segment.bytes: 2000}}}\n";
  EXPECT_THAT(described(more), testing::HasSubstr("Configs: retention.ms=1000,segment.bytes=2000\n"));
  // Without the operator's default it is the one of the brokers' files again.
  EXPECT_THAT(described(more + "  - {at: 10s, alter-configs: {delete: [log.segment.bytes]}}\n"),
              testing::HasSubstr("Configs: retention.ms=1000,segment.bytes=5000\n"));
}

}  // namespace topics_test
}  // namespace ktrial::scenarios
