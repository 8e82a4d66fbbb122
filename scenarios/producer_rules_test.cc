// What cannot go with enable.idempotence is refused where it is written, and turns it off where it is not.
#include "scenarios/producer_rules.h"

#include <gtest/gtest.h>

#include "properties/judge.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_reader.h"

namespace ktrial::scenarios {
namespace producer_rules_test {

auto read(const std::string& config) {
  return read_scenario(
      "ktrial: 1\ncluster: {brokers: 3, topics: [{name: orders, replicas: [[1, 2, 3]]}]}\nclients:\n"
      "  - producer: p1\n    config: {" +
          config + "}\n    send: {topic: orders, count: 1}\n",
      "f.yaml", {properties::all_property_names(), known_goals()});
}
std::string error_of(const std::string& config) {
  const auto scenario = read(config);
  return scenario ? "" : to_string(scenario.error().front());
}

TEST(EnableIdempotence, NeedsAcksRetriesAndFewInFlight) {
  EXPECT_EQ(error_of("enable.idempotence: true"), "");
  EXPECT_EQ(error_of("enable.idempotence: true, acks: 1"), "f.yaml:5:46: error: enable.idempotence needs acks: all");
  EXPECT_EQ(error_of("enable.idempotence: true, retries: 0"),
            "f.yaml:5:49: error: enable.idempotence needs retries above 0");
  EXPECT_EQ(error_of("max.in.flight.requests.per.connection: 6, enable.idempotence: true"),
            "f.yaml:5:53: error: enable.idempotence allows at most 5 requests in flight");
  EXPECT_EQ(error_of("enable.idempotence: false, acks: 1, max.in.flight.requests.per.connection: 9"), "");
}

TEST(EnableIdempotence, IsTheDefaultUnlessAnotherKeyExcludesIt) {
  const auto is_on = [](const std::string& config) {
    const auto scenario = read(config);
    return std::get<ProducerSpec>(scenario->clients[0]).config.effective.enable_idempotence;
  };
  EXPECT_TRUE(is_on("acks: all"));
  EXPECT_TRUE(is_on("max.in.flight.requests.per.connection: 5, retries: 1"));
  EXPECT_FALSE(is_on("acks: 1"));
  EXPECT_FALSE(is_on("retries: 0"));
  EXPECT_FALSE(is_on("max.in.flight.requests.per.connection: 6"));
  EXPECT_FALSE(is_on("enable.idempotence: false"));
}

}  // namespace producer_rules_test
}  // namespace ktrial::scenarios
