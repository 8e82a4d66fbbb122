// Broken rules that are no entry of the catalogue: for each the one property that is there for it finds it, and holds
// on the same faults without it. Method: two small clusters under drawn faults; every other property may say what it
// likes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "properties/judge.h"
#include "scenarios/power/power.h"
#include "scenarios/scenario_for_test.h"
#include "scenarios/search/search.h"

namespace ktrial::scenarios {
namespace broken_rules_test {

// A log.
const char* const kLog =
    "ktrial: 1\n"
    "cluster:\n"
    "  brokers: 3\n"
    "  controllers: 3\n"
    "  config: {broker.heartbeat.interval.ms: 300, broker.session.timeout.ms: 1500, replica.lag.time.max.ms: 1000}\n"
    "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]], config: {min.insync.replicas: 2}}]\n"
    "clients:\n"
    "  - {producer: p1, send: {topic: orders, count: 120, rate: 20/s}, start-after: 2s,\n"
    "     config: {request.timeout.ms: 1500, delivery.timeout.ms: 8000, max.in.flight.requests.per.connection: 1}}\n"
    "  - {consumer: c1, config: {auto.offset.reset: earliest, request.timeout.ms: 1500}, assign: [orders]}\n"
    "run: {until: 14s}\n";
const char* const kQuorums =
    "random-faults: {kinds: [kill, pause, isolate, halves], targets: [one, leaders, controllers], budget: 5, "
    "start-after: 3s, quiet-after: 10s}\n";
const char* const kDisks =
    "random-faults: {kinds: [bit-rot, bit-rot, wipe, kill, pause], targets: [leaders, followers], budget: 5, "
    "start-after: 3s, quiet-after: 10s}\n";

// Unclean recovery: as Balanced and as Aggressive.
const char* const kBalanced =
    "ktrial: 1\n"
    "cluster:\n"
    "  brokers: 3\n"
    "  controllers: 3\n"
    "  config: {broker.heartbeat.interval.ms: 300, broker.session.timeout.ms: 1500, replica.lag.time.max.ms: 1000,\n"
    "    eligible.leader.replicas.version: 1, unclean.recovery.manager.enabled: true}\n"
    "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]], config: {min.insync.replicas: 2}}]\n"
    "clients:\n"
    "  - {producer: p1, send: {topic: orders, count: 240, rate: 20/s}, start-after: 2s,\n"
    "     config: {request.timeout.ms: 1500, delivery.timeout.ms: 8000, max.in.flight.requests.per.connection: 1}}\n"
    "run: {until: 30s}\n";
const char* const kAggressive =
    "ktrial: 1\n"
    "cluster:\n"
    "  brokers: 3\n"
    "  controllers: 3\n"
    "  config: {broker.heartbeat.interval.ms: 300, broker.session.timeout.ms: 1500, replica.lag.time.max.ms: 1000,\n"
    "    eligible.leader.replicas.version: 1, unclean.recovery.manager.enabled: true,\n"
    "    unclean.recovery.strategy: Aggressive}\n"
    "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]], config: {min.insync.replicas: 1}}]\n"
    "clients:\n"
    "  - {producer: p1, send: {topic: orders, count: 240, rate: 20/s}, start-after: 2s,\n"
    "     config: {enable.idempotence: false, request.timeout.ms: 1500, delivery.timeout.ms: 8000, "
    "max.in.flight.requests.per.connection: 1}}\n"
    "run: {until: 30s}\n";
const char* const kStops =
    "random-faults: {kinds: [kill, power-cut, pause], targets: [all, majority, leaders, followers], budget: 6, "
    "start-after: 4s, quiet-after: 20s}\n";
// A replica is restarted after it has told of its log, and before another one is heard.
const char* const kRestartInBetween =
    "faults:\n"
    "  - {at: 6s, kill: all-brokers, for: 1s}\n"
    "  - {at: 6s, hold: {from: broker(3), to: all-controllers}, message: GetReplicaLogInfoResponse, for: 12s}\n"
    "  - {at: 12s, power-cut: broker(1), for: 500ms}\n"
    "random-faults: {kinds: [pause], targets: [controllers], budget: 1, start-after: 4s, quiet-after: 20s}\n";
// A log without a follower grows, its leader dies, and another one leads with less; then all meet.
const char* const kDivergingLogs =
    "faults:\n"
    "  - {at: 5s, isolate: [broker(2), broker(3)], for: 4s}\n"
    "  - {at: 8800ms, kill: broker(1), for: 8s}\n"
    "  - {at: 11500ms, kill: [broker(2), broker(3)], for: 4s}\n"
    "  - {at: 12500ms, hold: {from: all-brokers, to: all-controllers}, message: GetReplicaLogInfoResponse, for: 9s}\n"
    "random-faults: {kinds: [pause], targets: [controllers], budget: 1, start-after: 4s, quiet-after: 23s}\n";

// One replica is enough from 7s on, and the others come back when it dies.
const char* const kSafe =
    "ktrial: 1\n"
    "cluster:\n"
    "  brokers: 3\n"
    "  controllers: 3\n"
    "  config: {broker.heartbeat.interval.ms: 300, broker.session.timeout.ms: 1500, replica.lag.time.max.ms: 1000,\n"
    "    eligible.leader.replicas.version: 1}\n"
    "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]], config: {min.insync.replicas: 2}}]\n"
    "clients:\n"
    "  - {producer: p1, send: {topic: orders, count: 240, rate: 20/s}, start-after: 2s,\n"
    "     config: {request.timeout.ms: 1500, delivery.timeout.ms: 8000}}\n"
    "run: {until: 20s}\n";
const char* const kLowered =
    "faults:\n"
    "  - {at: 4s, isolate: [broker(2), broker(3)], for: 6s}\n"
    "  - {at: 7s, alter-configs: {topic: orders, set: {min.insync.replicas: 1}}}\n"
    "  - {at: 9500ms, kill: broker(1), for: 5s}\n"
    "random-faults: {kinds: [pause], targets: [controllers], budget: 1, start-after: 5s, quiet-after: 12s}\n";

// All replicas are throttled, and what is written is more than the quotas: only who is out of sync may wait.
const char* const kThrottled =
    "ktrial: 1\n"
    "cluster:\n"
    "  brokers: 3\n"
    "  controllers: 1\n"
    "  config: {broker.heartbeat.interval.ms: 300, broker.session.timeout.ms: 1500, replica.lag.time.max.ms: 2000,\n"
    "    replica.fetch.max.bytes: 2000, leader.replication.throttled.rate: 500,\n"
    "    follower.replication.throttled.rate: 500}\n"
    "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]], config: {min.insync.replicas: 1,\n"
    "    leader.replication.throttled.replicas: \"*\", follower.replication.throttled.replicas: \"*\"}}]\n"
    "clients:\n"
    "  - {producer: p1, send: {topic: orders, count: 900, rate: 60/s}, start-after: 2s,\n"
    "     config: {request.timeout.ms: 1500, delivery.timeout.ms: 8000, max.in.flight.requests.per.connection: 1}}\n"
    "  - {consumer: c1, config: {auto.offset.reset: earliest, request.timeout.ms: 1500}, assign: [orders]}\n"
    "run: {until: 20s}\n";
const char* const kBehind =
    "random-faults: {kinds: [kill, pause, isolate], targets: [followers], budget: 3, start-after: 3s, quiet-after: "
    "14s}\n";
// A partition is moved under a throttle, which is taken away; then its new replica falls behind.
const char* const kMoved =
    "ktrial: 1\n"
    "cluster:\n"
    "  brokers: 3\n"
    "  controllers: 1\n"
    "  config: {broker.heartbeat.interval.ms: 300, broker.session.timeout.ms: 1500, replica.lag.time.max.ms: 2000,\n"
    "    replica.fetch.max.bytes: 2000, follower.replication.throttled.rate: 500}\n"
    "  topics: [{name: orders, partitions: 1, replicas: [[1, 2]]}]\n"
    "clients:\n"
    "  - {producer: p1, send: {topic: orders, count: 900, rate: 60/s}, start-after: 2s,\n"
    "     config: {request.timeout.ms: 1500, delivery.timeout.ms: 8000, max.in.flight.requests.per.connection: 1}}\n"
    "run: {until: 24s}\n";
const char* const kMoves =
    "faults:\n"
    "  - {at: 4s, reassign: {partition: orders-0, to: [1, 2, 3], throttle: 100000, verify-every: 500ms}}\n"
    "  - {at: 10s, pause: 3, for: 3s}\n"
    "random-faults: {kinds: [kill, pause], targets: [followers], budget: 2, start-after: 8s, quiet-after: 18s}\n";

// A group.
const char* const kGroup =
    "ktrial: 1\n"
    "cluster:\n"
    "  brokers: 3\n"
    "  controllers: 1\n"
    "  config: {broker.heartbeat.interval.ms: 500, broker.session.timeout.ms: 3000, offsets.topic.num.partitions: 1,\n"
    "    group.initial.rebalance.delay.ms: 500, min.insync.replicas: 2}\n"
    "  topics: [{name: orders, partitions: 4, replication-factor: 3}]\n"
    "clients:\n"
    "  - {producer: p1, send: {topic: orders, count: 400, rate: 40/s}, start-after: 5s,\n"
    "     config: {request.timeout.ms: 3000, delivery.timeout.ms: 30000, max.in.flight.requests.per.connection: 1}}\n"
    "  - {group: billing, members: 2, subscribe: [orders], start-after: 5s, processing-time: 60ms, config:\n"
    "     {auto.offset.reset: earliest, session.timeout.ms: 6000, heartbeat.interval.ms: 1000, max.poll.records: 2,\n"
    "      max.poll.interval.ms: 20000, request.timeout.ms: 5000, auto.commit.interval.ms: 1000}}\n"
    "run: {until: 100s}\n";
const char* const kMembers =
    "random-faults: {kinds: [kill, pause, isolate], targets: [members], budget: 4, start-after: 8s, quiet-after: "
    "25s}\n";
// One dies for good.
const char* const kDeath =
    "faults: [{at: 20s, kill: billing/1}]\n"
    "random-faults: {kinds: [pause], targets: [members], budget: 1, start-after: 8s, quiet-after: 25s}\n";

const char* const kLongest = "unclean-recovery-chooses-the-longest-log";
const char* const kStrategy = "unclean-recovery-follows-its-strategy";

struct Rule {
  const char* property;
  const char* variant;
  const char* cluster;
  const char* faults;
};

Scenario scenario(const Rule& rule) {
  const std::string text = std::string(rule.cluster) + rule.faults + "variants: {" + rule.variant + "}\n";
  Scenario scenario = scenario_of(text, rule.variant);
  for (const std::string& name : properties::all_property_names()) scenario.expect[name] = Expected::any;
  scenario.expect[rule.property] = Expected::violated;
  return scenario;
}

class BrokenRule : public testing::TestWithParam<Rule> {};

TEST_P(BrokenRule, IsFoundByItsProperty) { EXPECT_TRUE(search_seeds(scenario(GetParam()), 300).failing_seed); }

TEST_P(BrokenRule, IsWhatThePropertyFinds) {
  const SearchResult kafka = search_seeds(correct_model(scenario(GetParam())), 40);
  EXPECT_FALSE(kafka.failing_seed) << "seed " << kafka.failing_seed.value_or(0);
}

INSTANTIATE_TEST_SUITE_P(
    Properties, BrokenRule,
    testing::Values(
        Rule{"one-leader-per-epoch", "controller.leader-epoch: kept", kLog, kQuorums},
        Rule{"quorum-state-machine-safety", "metadata.apply: fetched", kLog, kQuorums},
        Rule{kLongest, "unclean-recovery.choice: first-answer", kBalanced, kStops},
        Rule{kLongest, "unclean-recovery.leader-epoch: not-checked", kAggressive, kStops},
        Rule{kLongest, "unclean-recovery.broker-epoch: not-checked", kAggressive, kRestartInBetween},
        Rule{kLongest, "unclean-recovery.order: offset-first", kAggressive, kDivergingLogs},
        Rule{kStrategy, "unclean-recovery.balanced: any-replica", kBalanced, kStops},
        Rule{"elected-leader-is-complete", "controller.min-isr-change: keeps-elr", kSafe, kLowered},
        Rule{"corruption-not-exposed", "replication.fetched-checksum: ignored", kLog, kDisks},
        Rule{"throttle-spares-in-sync-replicas", "replication.leader-throttle: in-sync-too", kThrottled, kBehind},
        Rule{"throttle-spares-in-sync-replicas", "replication.leader-throttle: consumers-too", kThrottled, kBehind},
        Rule{"throttle-spares-in-sync-replicas", "replication.follower-throttle: in-sync-too", kThrottled, kBehind},
        Rule{"throttle-spares-in-sync-replicas", "replication.parked-fetch-throttle: in-sync-too", kThrottled, kBehind},
        Rule{"throttle-holds-the-rate", "replication.leader-throttle: ignored", kThrottled, kBehind},
        Rule{"throttle-holds-the-rate", "replication.follower-throttle: ignored", kThrottled, kBehind},
        Rule{"throttle-ends-with-its-config", "replication.throttle-removal: leader-list", kMoved, kMoves},
        Rule{"processed-in-order", "consumer.buffered-records: any", kGroup, kMembers},
        Rule{"commit-not-past-processed", "consumer.commit: fetched", kGroup, kMembers},
        Rule{"acked-records-processed", "consumer.commit: fetched", kGroup, kMembers},
        Rule{"group-eventually-stable", "group.session: endless", kGroup, kDeath}),
    [](const auto& info) {
      std::string name = std::string(info.param.property) + " by " + info.param.variant;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
      return name;
    });

}  // namespace broken_rules_test
}  // namespace ktrial::scenarios
