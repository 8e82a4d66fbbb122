// Goal: what an operator does to topics in a running cluster: partitions move, topics go and come again, brokers delete
// what they hold no more. Method: whole trials from scenario text, looked at through their facts.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "properties/judge.h"
#include "scenarios/run/trial.h"
#include "scenarios/scenario_for_test.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace operator_faults_test {

Scenario scenario(const std::string& faults) {
  const std::string text =
      "ktrial: 1\n"
      "cluster:\n"
      "  brokers: 4\n"
      "  controllers: 3\n"
      "  config: {broker.session.timeout.ms: 3000, broker.heartbeat.interval.ms: 500, replica.lag.time.max.ms: 1500}\n"
      "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]]}]\n"
      "clients:\n"
      "  - {producer: p1, config: {request.timeout.ms: 3000, delivery.timeout.ms: 10000,\n"
      "     max.in.flight.requests.per.connection: 1}, send: {topic: orders, count: 300, rate: 50/s}, start-after: "
      "3s}\n"
      "  - {consumer: c1, config: {auto.offset.reset: earliest, request.timeout.ms: 3000}, assign: [orders]}\n"
      "faults:\n" +
      faults + "run: {until: 100s}\n";
  const Scenario read = scenario_of(text);
  // What is written says the same.
  EXPECT_EQ(scenario_of(write_scenario(read), "written").faults, read.faults);
  return read;
}

TrialResult run(const std::string& faults) {
  TrialOptions options;
  options.seed = 1;
  options.record = true;
  return run_trial(scenario(faults), options);
}

void expect_nothing_broken(const TrialResult& result) {
  for (const properties::Verdict& v : result.verdicts)
    EXPECT_TRUE(v.violations.empty()) << v.property << ": " << v.violations.front().text;
}

template <class F>
std::vector<RecordedFact> all(const TrialResult& result) {
  std::vector<RecordedFact> found;
  for (const RecordedFact& f : result.facts)
    if (std::holds_alternative<F>(f.fact)) found.push_back(f);
  return found;
}

model::PartitionStateCommitted last_state(const TrialResult& result) {
  model::PartitionStateCommitted last;
  for (const RecordedFact& f : all<model::PartitionStateCommitted>(result))
    if (const auto& state = std::get<model::PartitionStateCommitted>(f.fact); state.offset > last.offset) last = state;
  return last;
}

TEST(Reassignment, MovesThePartitionAndTheOldReplicaIsDeleted) {
  const TrialResult result = run("  - {at: 5s, reassign: {partition: orders-0, to: [4, 2, 3]}}\n");
  expect_nothing_broken(result);
  const auto state = last_state(result);
  EXPECT_EQ(state.replicas, (std::vector{model::NodeId{4}, model::NodeId{2}, model::NodeId{3}}));
  EXPECT_EQ(state.isr.size(), 3u);
  EXPECT_TRUE(state.adding.empty());
  const auto deleted = all<model::ReplicaDeleted>(result);
  ASSERT_EQ(deleted.size(), 1u);
  EXPECT_EQ(deleted[0].node, model::NodeId{1});
}

TEST(Reassignment, IsTakenBack) {
  // Broker 4 cannot follow while it is cut off, so that there is something to cancel.
  const TrialResult result =
      run("  - {at: 4s, isolate: 4, for: 1s}\n"
          "  - {at: 4100ms, reassign: {partition: orders-0, to: [4, 2, 3]}}\n"
          "  - {at: 4500ms, cancel-reassignment: orders-0}\n");
  expect_nothing_broken(result);
  const auto state = last_state(result);
  EXPECT_EQ(state.replicas, (std::vector{model::NodeId{2}, model::NodeId{3}, model::NodeId{1}}));
  EXPECT_TRUE(state.removing.empty());
}

TEST(Topics, GetMorePartitions) {
  const TrialResult result = run("  - {at: 5s, create-partitions: {topic: orders, count: 3}}\n");
  expect_nothing_broken(result);
  std::set<model::PartitionIndex> partitions;
  for (const RecordedFact& f : all<model::BecameLeader>(result))
    partitions.insert(std::get<model::BecameLeader>(f.fact).partition.partition);
  EXPECT_EQ(partitions.size(), 3u);
}

TEST(Topics, AreDeletedAndCreatedAgain) {
  const TrialResult result = run("  - {at: 5s, delete-topic: orders, for: 2s}\n");
  expect_nothing_broken(result);
  EXPECT_EQ(all<model::ReplicaDeleted>(result).size(), 3u);
  std::set<model::TopicId> acked;
  for (const RecordedFact& f : all<model::RecordAcknowledged>(result))
    acked.insert(std::get<model::RecordAcknowledged>(f.fact).partition.topic);
  EXPECT_EQ(acked.size(), 2u);  // the producer found the new topic under the old name
  std::set<model::TopicId> consumed;
  for (const RecordedFact& f : all<model::RecordConsumed>(result))
    consumed.insert(std::get<model::RecordConsumed>(f.fact).partition.topic);
  EXPECT_EQ(consumed.size(), 2u);
}

TEST(Topics, ABrokerThatWasAwayDeletesWhatIsNoLongerItsOwn) {
  const TrialResult result =
      run("  - {at: 5s, kill: 2, for: 8s}\n"
          "  - {at: 6s, delete-topic: orders}\n"
          "  - {at: 10s, create-topic: orders}\n");
  expect_nothing_broken(result);
  const auto deleted = all<model::ReplicaDeleted>(result);
  EXPECT_TRUE(std::any_of(deleted.begin(), deleted.end(), [](const RecordedFact& f) {
    return f.node == model::NodeId{2} && f.at > model::seconds(12);
  }));
}

// The leader goes by what it has heard of: with one replica gone three are too many, until two will do again.
TEST(Configs, AreAlteredWhileBrokersRun) {
  const TrialResult result =
      run("  - {at: 4s, kill: 2, for: 8s}\n"
          "  - {at: 5s, alter-configs: {topic: orders, set: {min.insync.replicas: 3, segment.bytes: 1000}}}\n"
          "  - {at: 6s, alter-configs: {topic: orders, delete: [min.insync.replicas]}}\n");
  expect_nothing_broken(result);
  const auto acked_between = [&](model::Nanos from, model::Nanos to) {
    const auto acked = all<model::RecordAcknowledged>(result);
    return std::count_if(acked.begin(), acked.end(), [&](const RecordedFact& f) { return f.at >= from && f.at < to; });
  };
  EXPECT_GT(acked_between(model::seconds(3), model::milliseconds(5000)), 0);
  EXPECT_EQ(acked_between(model::milliseconds(5100), model::milliseconds(6000)), 0);
  EXPECT_GT(acked_between(model::milliseconds(6100), model::seconds(9)), 0);
  EXPECT_FALSE(all<model::SegmentRolled>(result).empty());
  EXPECT_EQ(all<model::ConfigCommitted>(result).size(), 3u);
}

TEST(Configs, ClusterWideDefaultsAreHeardOfByEachTopicWithoutItsOwn) {
  const TrialResult result = run("  - {at: 4s, alter-configs: {set: {log.segment.bytes: 1000}}}\n");
  expect_nothing_broken(result);
  EXPECT_FALSE(all<model::SegmentRolled>(result).empty());
}

// The operator looks every second, and takes the throttle away when the move is over.
TEST(Reassignment, UnderAThrottleWhichIsTakenAwayWhenItIsVerified) {
  for (const bool verified : {true, false}) {
    const TrialResult result =
        run(std::string("  - {at: 5s, reassign: {partition: orders-0, to: [4, 2, 3], throttle: 20000") +
            (verified ? ", verify-every: 1s" : "") + "}}\n");
    expect_nothing_broken(result);
    EXPECT_EQ(last_state(result).isr.size(), 3u);
    std::set<std::string> set;
    std::size_t changes = 0;
    for (const RecordedFact& f : all<model::ConfigCommitted>(result)) {
      const auto& config = std::get<model::ConfigCommitted>(f.fact);
      const std::string whose = std::to_string(config.broker.value) + config.key;
      ++changes;
      config.value.empty() ? (void)set.erase(whose) : (void)set.insert(whose);
    }
    // Two lists, and two rates of each of four brokers.
    EXPECT_EQ(changes, verified ? 20u : 10u);
    EXPECT_EQ(set.size(), verified ? 0u : 10u);
  }
}

// Kafka's own, with every variant at its default; see docs/variants.md.
TEST(Reassignment, LeavesDeletedReplicasEligible) {
  for (const char* name : {"elr-after-cancel", "elr-after-move"}) {
    TrialOptions options;
    options.seed = 1;
    const TrialResult result = run_trial(library_scenario(name), options);
    EXPECT_TRUE(result.expected_but_held().empty()) << name;
    for (const properties::Verdict& v : result.verdicts)
      if (v.property == "elr-is-eligible") {
        ASSERT_FALSE(v.violations.empty()) << name;
        EXPECT_EQ(v.violations.front().reason, "ELR outside the replicas") << name;
      }
  }
}

// With the strategy None a partition that nobody can lead safely waits for the tool (KIP-966).
TEST(UncleanRecovery, IsWhatAnOperatorAsksFor) {
  const std::string text =
      "ktrial: 1\n"
      "cluster:\n"
      "  brokers: 3\n"
      "  controllers: 3\n"
      "  config: {broker.session.timeout.ms: 3000, broker.heartbeat.interval.ms: 500, replica.lag.time.max.ms: 1500,\n"
      "    eligible.leader.replicas.version: 1, unclean.recovery.manager.enabled: true}\n"
      "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]],\n"
      "    config: {min.insync.replicas: 2, unclean.recovery.strategy: None}}]\n"
      "clients:\n"
      "  - {producer: p1, config: {request.timeout.ms: 3000, delivery.timeout.ms: 30000,\n"
      "     max.in.flight.requests.per.connection: 1}, send: {topic: orders, count: 200, rate: 20/s}, start-after: "
      "5s}\n"
      "faults:\n"
      "  - {at: 10s, kill: all-brokers, for: 1s}\n"
      "  - {at: 25s, elect-unclean: orders-0, strategy: Balanced}\n"
      "run: {until: 100s}\n";
  const Scenario read = scenario_of(text);
  EXPECT_EQ(scenario_of(write_scenario(read), "written").faults, read.faults);
  TrialOptions options;
  options.seed = 1;
  options.record = true;
  const TrialResult result = run_trial(read, options);
  expect_nothing_broken(result);
  const auto started = all<model::UncleanRecoveryStarted>(result);
  ASSERT_EQ(started.size(), 1u);
  EXPECT_GE(started[0].at, model::seconds(25));
  const auto elected = all<model::UncleanRecoveryElected>(result);
  ASSERT_EQ(elected.size(), 1u);
  EXPECT_EQ(std::get<model::UncleanRecoveryElected>(elected[0].fact).strategy,
            model::UncleanRecoveryStrategy::balanced);
  EXPECT_TRUE(std::get<model::UncleanRecoveryElected>(elected[0].fact).by_operator);
}

}  // namespace operator_faults_test
}  // namespace ktrial::scenarios
