// Groups in a scenario: names of members, selectors and conditions about a group, and what a whole run leaves behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "scenarios/run/fault_plan.h"
#include "scenarios/run/trial.h"
#include "scenarios/scenario_for_test.h"

namespace ktrial::scenarios {
namespace group_run_test {

Scenario with(const std::string& faults, const std::string& more = "") {
  const std::string text =
      "ktrial: 1\n"
      "cluster:\n"
      "  brokers: 3\n"
      "  controllers: 1\n"
      "  config: {broker.heartbeat.interval.ms: 500, broker.session.timeout.ms: 3000, offsets.topic.num.partitions: "
      "1}\n"
      "  topics: [{name: orders, partitions: 2, replication-factor: 3}]\n"
      "clients:\n"
      "  - {producer: p1, send: {topic: orders, count: 200, rate: 10/s}, start-after: 5s}\n"
      "  - {group: billing, members: 2, subscribe: [orders], start-after: 5s, join-interval: 6s, config: "
      "{auto.offset.reset: earliest, session.timeout.ms: 6000, heartbeat.interval.ms: 1000}}\n" +
      faults + "run: {until: 40s}\n" + more;
  return scenario_of(text);
}
TrialResult record(const Scenario& scenario) {
  TrialOptions options;
  options.record = true;
  return run_trial(scenario, options);
}
std::vector<std::string> told(const TrialResult& result) {
  std::vector<std::string> texts;
  for (const RecordedFault& f : result.faults) texts.push_back(f.text);
  return texts;
}

TEST(Groups, MembersAreNodesWithTheGroupsName) {
  const TrialResult result = record(with(""));
  ASSERT_EQ(result.node_names.size(), 7u);
  EXPECT_EQ(result.node_names[5], "billing/1");
  EXPECT_EQ(result.node_names[6], "billing/2");
  // The second joins six seconds later: before that the first has everything.
  std::map<model::NodeId, std::size_t> first_assignment;
  std::set<std::pair<model::TopicPartition, model::Offset>> processed;
  for (const RecordedFact& f : result.facts) {
    if (const auto* a = std::get_if<model::PartitionsAssigned>(&f.fact))
      first_assignment.try_emplace(f.node, a->partitions.size());
    if (const auto* p = std::get_if<model::RecordProcessed>(&f.fact)) processed.insert({p->partition, p->offset});
  }
  EXPECT_EQ(first_assignment.at(model::NodeId{6}), 2u);
  EXPECT_EQ(first_assignment.at(model::NodeId{7}), 1u);
  EXPECT_EQ(processed.size(), 200u);
  EXPECT_EQ(result.unexpected(), nullptr);
}

TEST(Groups, CoordinatorIsTheLeaderOfTheGroupsOffsetsPartition) {
  const TrialResult result =
      record(with("faults: [{when: group-stable(billing), kill: coordinator(billing), for: 10s}]\n",
                  "goals: [coordinator-changed, offset-committed, group-stable]\n"));
  model::TopicId offsets;
  for (const auto& [name, id] : result.topics)
    if (name == "__consumer_offsets") offsets = id;
  ASSERT_TRUE(offsets.present());
  model::NodeId leader;
  ASSERT_FALSE(result.faults.empty());
  for (const RecordedFact& f : result.facts)
    if (const auto* s = std::get_if<model::PartitionStateCommitted>(&f.fact);
        s && s->partition.topic == offsets && f.at <= result.faults[0].at)
      leader = s->leader;
  EXPECT_EQ(result.faults[0].text, "kill of broker " + std::to_string(leader.value));
  EXPECT_TRUE(result.missed_goals.empty());
  EXPECT_EQ(result.unexpected(), nullptr);
}

TEST(Groups, GenerationIsACondition) {
  const TrialResult result = record(with("faults: [{when: generation(billing) >= 2, pause: billing/2, for: 1s}]\n"));
  ASSERT_EQ(told(result), (std::vector<std::string>{"pause of billing/2", "billing/2 resumes"}));
  for (const RecordedFact& f : result.facts)
    if (const auto* g = std::get_if<model::GroupStateChanged>(&f.fact); g && f.at < result.faults[0].at) {
      EXPECT_LT(g->generation, model::GenerationId{2});
    }
}

TEST(Groups, TheGroupsNameStandsForAllMembers) {
  const TrialResult result = record(with("faults: [{at: 12s, kill: billing, for: 1s}]\n"));
  EXPECT_EQ(told(result), (std::vector<std::string>{"kill of billing/1", "kill of billing/2", "billing/1 is started",
                                                    "billing/2 is started"}));
}

TEST(Groups, RandomFaultsHitSingleMembersAndCoordinators) {
  const Scenario scenario = with(
      "random-faults: {kinds: [pause], targets: [members, coordinators], budget: 4, start-after: 8s, quiet-after: "
      "30s}\n");
  std::set<std::string> targets;
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    for (const FaultSpec& f : draw_fault_plan(scenario, seed))
      for (const Selector& s : std::get<Pause>(f.what).targets) targets.insert(to_string(s));
  EXPECT_TRUE(targets.contains("coordinator(billing)"));
  EXPECT_EQ(targets.size(), 3u);  // and each member
}

TEST(Groups, AGoalThatNeedsAFailoverIsMissedWithoutOne) {
  const TrialResult result = record(with("", "goals: [coordinator-changed, offset-committed]\n"));
  EXPECT_EQ(result.missed_goals, (std::vector<std::string>{"coordinator-changed"}));
}

}  // namespace group_run_test
}  // namespace ktrial::scenarios
