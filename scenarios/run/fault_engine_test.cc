// What fault plans do to a running cluster: how faults combine that overlap, whom selectors mean, what is left at the
// end. Plans are written as in a scenario file; then the world itself is looked at.
#include "scenarios/run/fault_engine.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "properties/judge.h"
#include "scenarios/cluster/cluster_builder.h"
#include "scenarios/run/fault_plan.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_for_test.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace fault_engine_test {

using model::NodeId;
using Kind = properties::Injected::Kind;

Scenario scenario(const std::string& rest) {
  const std::string text =
      "ktrial: 1\n"
      "cluster:\n"
      "  brokers: 3\n"
      "  controllers: 3\n"
      "  config: {broker.session.timeout.ms: 3000, broker.heartbeat.interval.ms: 500}\n"
      "  topics: [{name: orders, partitions: 2, replicas: [[1, 2, 3], [2, 3, 1]]}]\n"
      "clients:\n"
      "  - {producer: p1, config: {acks: all}, send: {topic: orders, count: 1000, rate: 50/s, partition: 0}, "
      "start-after: 3s}\n"
      "run: {until: 60s}\n" +
      rest;
  return scenario_of(text);
}

struct Cluster {
  Scenario s;
  KafkaWorld world;
  ClusterView view;
  FaultEngine engine;
  std::vector<InjectedFault> injected;
  std::vector<std::pair<NodeId, model::Fact>> disk_facts;

  explicit Cluster(const Scenario& scenario, std::uint64_t seed = 1)
      : s(scenario), world(build_world(s, seed)), engine(s, draw_fault_plan(s, seed), node_names(s)) {
    start_world(world, s);
    engine.arm(world);
    facts();
  }
  explicit Cluster(const std::string& rest) : Cluster(scenario(rest)) {}

  void facts() {
    std::vector<KafkaWorld::EmittedFact> said;
    for (bool again = true; again;) {
      world.take_facts(said);
      again = !said.empty();
      for (const auto& f : said) {
        view.on_fact(f.fact, to_model(f.node));
        engine.on_fact(world, view, f.fact, to_model(f.node));
      }
    }
    for (auto& i : engine.take_injected()) injected.push_back(i);
    for (auto& d : engine.take_disk_facts()) disk_facts.push_back(d);
  }
  Cluster& until(Nanos at) {
    for (;;) {
      const sim::StepResult step = world.step(at);
      if (step.kind == sim::StepResult::Kind::ended) return *this;
      if (step.kind == sim::StepResult::Kind::token) engine.on_token(world, view, step.token);
      facts();
    }
  }
  sim::ProcessState process(std::int32_t id) const { return world.process(to_sim(NodeId{id})); }
  bool up(std::int32_t id) const { return process(id) == sim::ProcessState::running; }
  bool down(std::int32_t id) const { return process(id) == sim::ProcessState::down; }
  bool paused(std::int32_t id) const { return process(id) == sim::ProcessState::paused; }
  const sim::Network& net() const { return world.network(); }
  bool cut(std::int32_t a, std::int32_t b) const { return net().is_cut(to_sim(NodeId{a}), to_sim(NodeId{b})); }
  Nanos delay(std::int32_t a, std::int32_t b) const { return net().extra_delay(to_sim(NodeId{a}), to_sim(NodeId{b})); }
  std::uint64_t bandwidth(std::int32_t a, std::int32_t b) const {
    return net().link_config(to_sim(NodeId{a}), to_sim(NodeId{b})).bytes_per_second;
  }
  Nanos monotonic(std::int32_t id) const { return world.clock(to_sim(NodeId{id})).monotonic(world.now()); }
  int count(Kind kind) const {
    int n = 0;
    for (const auto& i : injected) n += i.injected.kind == kind;
    return n;
  }
};

TEST(Overlap, AProcessIsDownUntilTheLastFaultThatStopsItEnds) {
  Cluster c("faults:\n  - {at: 1s, kill: 1, until: 5s}\n  - {at: 3s, power-cut: 1, until: 8s}\n");
  EXPECT_TRUE(c.until(seconds(2)).down(1));
  EXPECT_TRUE(c.until(seconds(6)).down(1));
  EXPECT_TRUE(c.until(seconds(9)).up(1));
  EXPECT_EQ(c.count(Kind::restarted), 1);
}

TEST(Overlap, ARestartEndsWhatKeepsTheProcessDown) {
  Cluster c(
      "faults:\n  - {at: 1s, kill: 1, until: 11s}\n  - {at: 3s, restart: 1}\n  - {at: 5s, kill: 1, until: 20s}\n"
      "  - {at: 25s, kill: 2}\n  - {at: 26s, restart: 2}\n");
  EXPECT_TRUE(c.until(seconds(4)).up(1));
  EXPECT_TRUE(c.until(seconds(6)).down(1));
  EXPECT_TRUE(c.until(seconds(12)).down(1));  // the end of the first kill is not an end of the second
  EXPECT_TRUE(c.until(seconds(21)).up(1));
  EXPECT_TRUE(c.until(seconds(27)).up(2));
  EXPECT_FALSE(c.engine.stopped(NodeId{2}));
}

TEST(Overlap, APauseEndsWithItsProcess) {
  Cluster c("faults:\n  - {at: 1s, pause: 1, for: 10s}\n  - {at: 2s, kill: 1, for: 1s}\n");
  EXPECT_TRUE(c.until(milliseconds(1500)).paused(1));
  EXPECT_TRUE(c.until(milliseconds(2500)).down(1));
  EXPECT_TRUE(c.until(milliseconds(3500)).up(1));
  EXPECT_TRUE(c.until(seconds(12)).up(1));
  EXPECT_EQ(c.count(Kind::resumed), 0);
}

TEST(Overlap, AProcessIsPausedUntilTheLastPauseEnds) {
  Cluster c("faults:\n  - {at: 1s, pause: 1, until: 5s}\n  - {at: 3s, pause: 1, until: 8s}\n");
  EXPECT_TRUE(c.until(seconds(6)).paused(1));
  EXPECT_TRUE(c.until(seconds(9)).up(1));
  EXPECT_EQ(c.count(Kind::paused), 1);
  EXPECT_EQ(c.count(Kind::resumed), 1);
}

TEST(Overlap, APauseOfADeadProcessFindsNothing) {
  Cluster c("faults:\n  - {at: 1s, kill: 1, until: 5s}\n  - {at: 2s, pause: 1, until: 9s}\n");
  EXPECT_TRUE(c.until(seconds(6)).up(1));
  EXPECT_EQ(c.engine.struck(), 1);
}

TEST(Overlap, APausedProcessDoesNotHearOfACleanStop) {
  Cluster c("faults:\n  - {at: 4s, pause: 1, for: 3s}\n  - {at: 5s, clean-stop: 1, for: 10s}\n");
  EXPECT_TRUE(c.until(seconds(14)).up(1));
  EXPECT_EQ(c.count(Kind::clean_stopped), 0);
  EXPECT_FALSE(c.engine.stopped(NodeId{1}));
}

TEST(Overlap, ACleanStopThatTakesTooLongBecomesAKill) {
  // Nobody answers the controlled shutdown.
  Cluster c("faults:\n  - {at: 5s, kill: all-controllers, for: 20s}\n  - {at: 6s, clean-stop: 1, for: 2s}\n");
  EXPECT_TRUE(c.until(milliseconds(7900)).up(1));
  EXPECT_TRUE(c.until(milliseconds(8100)).up(1));
  EXPECT_EQ(c.count(Kind::killed), 3 + 1);
  EXPECT_EQ(c.count(Kind::restarted), 1);
}

TEST(Overlap, LinksAreCutUntilTheLastCutEnds) {
  Cluster c(
      "faults:\n  - {at: 1s, isolate: 1, until: 5s}\n  - {at: 2s, isolate: 2, until: 7s}\n"
      "  - {at: 3s, cut: {from: 1, to: 3}, until: 6s}\n");
  c.until(seconds(4));
  EXPECT_TRUE(c.cut(1, 2) && c.cut(2, 1) && c.cut(1, 3) && c.cut(3, 1) && c.cut(2, 4));
  EXPECT_FALSE(c.cut(3, 4));
  c.until(milliseconds(5500));
  EXPECT_TRUE(c.cut(1, 2) && c.cut(2, 1) && c.cut(1, 3));
  EXPECT_FALSE(c.cut(3, 1) || c.cut(1, 4));
  c.until(milliseconds(6500));
  EXPECT_TRUE(c.cut(1, 2));
  EXPECT_FALSE(c.cut(1, 3));
  c.until(seconds(8));
  EXPECT_FALSE(c.cut(1, 2) || c.cut(2, 1) || c.cut(2, 3));
}

TEST(Overlap, DelaysAddUpAndTheLowestBandwidthCounts) {
  Cluster c(
      "network: {bandwidth: 5000000}\n"
      "faults:\n  - {at: 1s, delay: {between: [1, 2]}, by: 100ms, until: 5s}\n"
      "  - {at: 2s, delay: {from: 1, to: 2}, by: 30ms, until: 4s}\n"
      "  - {at: 1s, bandwidth: {from: 1, to: 2}, bytes-per-second: 1000, until: 5s}\n"
      "  - {at: 2s, bandwidth: {from: 1, to: [2, 3]}, bytes-per-second: 7000, until: 6s}\n");
  EXPECT_EQ(c.until(milliseconds(2500)).delay(1, 2), milliseconds(130));
  EXPECT_EQ(c.delay(2, 1), milliseconds(100));
  EXPECT_EQ(c.bandwidth(1, 2), 1000u);
  EXPECT_EQ(c.bandwidth(1, 3), 7000u);
  EXPECT_EQ(c.bandwidth(2, 1), 5'000'000u);
  EXPECT_EQ(c.until(milliseconds(4500)).delay(1, 2), milliseconds(100));
  EXPECT_EQ(c.until(milliseconds(5500)).delay(1, 2), milliseconds(0));
  EXPECT_EQ(c.bandwidth(1, 2), 7000u);
  EXPECT_EQ(c.until(milliseconds(6500)).bandwidth(1, 2), 5'000'000u);
  EXPECT_EQ(c.bandwidth(1, 3), 5'000'000u);
}

TEST(Overlap, MessagesAreHeldUntilTheLastHoldEnds) {
  Cluster c(
      "faults:\n  - {at: 1s, hold: {between: [1, 2]}, message: FetchResponse, until: 5s}\n"
      "  - {at: 2s, hold: {from: 1, to: 2}, message: FetchResponse, until: 7s}\n"
      "  - {at: 2s, cut-mid-response: {from: 3, to: 2}, message: LeaveGroupRequest, until: 8s}\n");
  EXPECT_EQ(c.until(seconds(3)).net().hold_count(), 3u);
  EXPECT_EQ(c.net().pending_reset_count(), 1u);
  EXPECT_EQ(c.until(seconds(6)).net().hold_count(), 1u);
  EXPECT_EQ(c.until(seconds(9)).net().hold_count(), 0u);
  EXPECT_EQ(c.net().pending_reset_count(), 0u);
}

TEST(Overlap, LinkFaultsOutliveProcessesAndDisks) {
  Cluster c("faults:\n  - {at: 1s, cut: {between: [1, 2]}, for: 9s}\n  - {at: 2s, wipe: 1, for: 1s}\n");
  EXPECT_TRUE(c.until(seconds(4)).up(1));
  EXPECT_TRUE(c.cut(1, 2) && c.cut(2, 1));
  EXPECT_FALSE(c.until(seconds(11)).cut(1, 2));
}

TEST(Overlap, ClocksAreFrozenUntilTheLastFreezeEndsAndDriftsAddUp) {
  Cluster c(
      "faults:\n  - {at: 1s, clock-freeze: 1, until: 5s}\n  - {at: 3s, clock-freeze: 1, until: 7s}\n"
      "  - {at: 10s, clock-drift: 2, ppm: 1000, until: 20s}\n  - {at: 15s, clock-drift: 2, ppm: 2000, until: 25s}\n");
  EXPECT_EQ(c.until(seconds(6)).monotonic(1), seconds(1));
  EXPECT_EQ(c.until(seconds(8)).monotonic(1), seconds(2));
  EXPECT_EQ(c.until(seconds(15)).monotonic(2), seconds(15) + milliseconds(5));
  EXPECT_EQ(c.until(seconds(20)).monotonic(2), seconds(20) + milliseconds(20));
  EXPECT_EQ(c.until(seconds(25)).monotonic(2), seconds(25) + milliseconds(30));
  EXPECT_EQ(c.until(seconds(30)).monotonic(2), seconds(30) + milliseconds(30));
}

TEST(Kinds, HalvesAndBridge) {
  Cluster c(
      "faults:\n  - {at: 1s, halves: [1, 4, p1], until: 5s}\n"
      "  - {at: 6s, bridge: {half: [1, 4], over: [3]}, until: 9s}\n");
  c.until(seconds(2));
  EXPECT_TRUE(c.cut(1, 2) && c.cut(2, 1) && c.cut(4, 6) && c.cut(7, 3) && c.cut(3, 7));
  EXPECT_FALSE(c.cut(1, 4) || c.cut(4, 7) || c.cut(2, 3) || c.cut(5, 6));
  c.until(seconds(7));
  EXPECT_TRUE(c.cut(1, 2) && c.cut(2, 4) && c.cut(7, 1));
  EXPECT_FALSE(c.cut(1, 3) || c.cut(3, 4) || c.cut(3, 2) || c.cut(2, 7) || c.cut(1, 4));
  c.until(seconds(10));
  for (int a = 1; a <= 7; ++a)
    for (int b = 1; b <= 7; ++b) EXPECT_FALSE(c.cut(a, b));
}

TEST(Kinds, TwoSidesOfSeveralNodes) {
  Cluster c("faults:\n  - {at: 1s, cut: {between: [[1, 2], [3, 4]]}, until: 5s}\n");
  c.until(seconds(2));
  for (const int a : {1, 2})
    for (const int b : {3, 4}) EXPECT_TRUE(c.cut(a, b) && c.cut(b, a));
  EXPECT_FALSE(c.cut(1, 2) || c.cut(3, 4) || c.cut(1, 5));
}

TEST(Kinds, ClocksAreSetUpAsTheScenarioSays) {
  const Scenario s =
      scenario("clocks:\n  - {nodes: all-brokers, offset: 2s}\n  - {nodes: [2, p1], offset: -3s, drift-ppm: 1000}\n");
  Cluster c(s);
  const auto wall = [&](std::int32_t id) { return c.world.clock(to_sim(NodeId{id})).wall(c.world.now()); };
  EXPECT_EQ(wall(1) - wall(4), seconds(2));
  EXPECT_EQ(wall(2) - wall(4), -seconds(3));
  EXPECT_EQ(wall(7) - wall(4), -seconds(3));
  c.until(seconds(10));
  EXPECT_EQ(c.monotonic(2), seconds(10) + milliseconds(10));
  EXPECT_EQ(c.monotonic(1), seconds(10));
  const auto again = read_scenario(write_scenario(s), "written", {properties::all_property_names(), known_goals()});
  ASSERT_TRUE(again) << to_string(again.error().front());
  EXPECT_EQ(again->clocks, s.clocks);
  EXPECT_THROW(scenario("clocks:\n  - {nodes: leader(orders-0), offset: 2s}\n"), std::runtime_error);
}

TEST(Kinds, APowerCutTakesThePageCacheOfADeadProcessToo) {
  Cluster c("faults:\n  - {at: 10s, kill: 1, for: 10s}\n  - {at: 11s, power-cut: 1, for: 5s}\n");
  for (std::uint32_t write = 0; write < 2000; ++write)
    for (std::uint64_t topic = 1; topic <= 2; ++topic)
      c.world.decisions().override_with({sim::DecisionKind::survives, 0, 1, write, topic << 32}, 0);
  c.until(seconds(10) + milliseconds(500));
  EXPECT_TRUE(c.disk_facts.empty());
  c.until(seconds(12));
  ASSERT_FALSE(c.disk_facts.empty());
  EXPECT_TRUE(std::holds_alternative<model::UnsyncedDataLost>(c.disk_facts[0].second));
}

// A broker halts up to 50 ms after its directory failed; the fault may be over by then, and must start it again.
TEST(Kinds, ADiskErrorEndsInARestartHoweverShortItIs) {
  int halts = 0, late = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster c(scenario("faults:\n  - {at: 10s, write-error: 1, for: 30ms}\n"), seed);
    EXPECT_TRUE(c.until(seconds(11)).up(1)) << seed;
    EXPECT_FALSE(c.world.node(0).broker()->directory_failed()) << seed;
    halts += c.count(Kind::restarted);
    late += c.count(Kind::killed);
  }
  EXPECT_GT(halts, late);
  EXPECT_GT(late, 0);
}

// The ledger must hear of each record that left the disk, by the power cut or by the wipe.
TEST(Kinds, AWipeTellsOfEverythingThatWasOnTheDisk) {
  Cluster c("faults:\n  - {at: 10s, wipe: 1, for: 5s}\n");
  c.until(seconds(10) - Nanos(1));
  const auto tp = c.view.find("orders-0");
  ASSERT_TRUE(tp);
  const model::Offset end = c.world.node(0).broker()->log(*tp)->log_end();
  EXPECT_GT(end, model::Offset{100});
  c.until(seconds(11));
  model::Offset from = end, highest{0};
  for (const auto& [node, fact] : c.disk_facts)
    if (const auto* lost = std::get_if<model::UnsyncedDataLost>(&fact); lost && lost->partition == *tp) {
      from = std::min(from, lost->from);
      highest = std::max(highest, lost->old_end_offset);
    }
  EXPECT_EQ(from, model::Offset{0});
  EXPECT_EQ(highest, end);
}

TEST(Selectors, LastAnsweredAndAllLeaders) {
  Cluster c(
      "faults:\n  - {when: acked >= 100, pause: last-answered, for: 1s}\n  - {at: 20s, slow: all-leaders, factor: "
      "2}\n");
  c.until(seconds(19));
  ASSERT_EQ(c.count(Kind::paused), 1);
  EXPECT_EQ(c.injected[0].injected.node, NodeId{1});  // leads orders-0
  c.until(seconds(21));
  std::set<std::int32_t> slowed;
  for (const auto& i : c.injected)
    if (i.injected.kind == Kind::other_fault) slowed.insert(i.injected.node.value);
  std::set<std::int32_t> leaders;
  for (const auto& [tp, p] : c.view.partitions()) leaders.insert(p.leader.value);
  EXPECT_EQ(slowed, leaders);
}

TEST(Conditions, CountOnlyFromTheirTimeOn) {
  Cluster c("faults:\n  - {when: record-acked, after: 12s, pause: 2, for: 1s}\n");
  c.until(seconds(12) - Nanos(1));
  EXPECT_TRUE(c.injected.empty());
  c.until(seconds(13));
  EXPECT_EQ(c.count(Kind::paused), 1);
}

TEST(Quiet, AHandWrittenFaultWithoutAnEndStays) {
  Cluster c(
      "random-faults: {kinds: [pause], targets: [one], budget: 0, quiet-after: 20s}\n"
      "faults:\n  - {at: 1s, cut: {between: [1, 2]}}\n  - {at: 1s, delay: {from: 1, to: 3}, by: 1s, until: 50s}\n");
  c.until(seconds(21));
  EXPECT_TRUE(c.cut(1, 2));
  EXPECT_EQ(c.delay(1, 3), Nanos(0));
  EXPECT_FALSE(c.engine.is_quiet());  // a cut that lasts for ever is not the end of faults
  Cluster dead("faults:\n  - {at: 1s, kill: 1}\n");
  dead.until(seconds(60));
  EXPECT_TRUE(dead.engine.is_quiet());
  EXPECT_TRUE(dead.engine.stopped(NodeId{1}));
}

std::string outcome(const FaultOutcome& o) {
  return !o.fired ? "not fired" : o.effective ? "effective" : "inert: " + o.why_inert;
}
std::string outcome_of(const std::string& fault) {
  Cluster c("faults: [" + fault + "]\n");
  c.until(seconds(30));
  return outcome(c.engine.outcomes(c.world).at(0));
}

TEST(Outcomes, OfFaultsThatChangeSomething) {
  for (const char* fault :
       {"{at: 5s, kill: leader(orders-0), for: 1s}", "{at: 5s, cut: {between: [1, 2]}, for: 1s}",
        "{at: 5s, isolate: 3}", "{at: 5s, delay: {from: p1, to: 1}, by: 1s, for: 5s}",
        "{at: 5s, hold: {from: 1, to: 2}, message: FetchResponse, for: 1s}", "{at: 5s, reset: {between: [1, 2]}}",
        "{at: 5s, cut-mid-response: {from: 1, to: p1}}", "{when: acked >= 20, pause: 2, for: 100ms}",
        "{at: 5s, write-error: 1, for: 5s}", "{at: 5s, slow-disk: 1, for: 5s}", "{at: 5s, restore-disk: 1, for: 5s}",
        "{at: 5s, create-partitions: {topic: orders, count: 4}}", "{at: 5s, reassign: {partition: orders-0, to: [3]}}",
        "{at: 5s, delete-topic: orders}", "{at: 5s, delete-records: {partition: orders-0, before: 10}}",
        "{at: 5s, alter-configs: {topic: orders, set: {min.insync.replicas: 2}}}"})
    EXPECT_EQ(outcome_of(fault), "effective") << fault;
}

TEST(Outcomes, OfFaultsThatDoNot) {
  EXPECT_EQ(outcome_of("{when: record-consumed, kill: 1}"), "not fired");
  EXPECT_EQ(outcome_of("{at: 50s, kill: 1}"), "not fired");
  EXPECT_EQ(outcome_of("{at: 1ms, kill: leader(orders-0)}"), "inert: its target was nobody");
  EXPECT_EQ(outcome_of("{at: 5s, restart: 1}"), "inert: it found nothing to hit");
  EXPECT_EQ(outcome_of("{at: 5s, cut: {between: [p1, 4]}, for: 9s}"),
            "inert: nothing was sent there that it could stop or slow");
  EXPECT_EQ(outcome_of("{at: 5s, hold: {from: 1, to: 2}, message: ProduceResponse, for: 1s}"),
            "inert: nothing was sent there that it could stop or slow");
  EXPECT_EQ(outcome_of("{at: 5s, cut-mid-response: {from: 1, to: p1}, message: JoinGroupResponse}"),
            "inert: nothing was sent there that it could stop or slow");
  EXPECT_EQ(outcome_of("{at: 5s, bit-rot: 4}"), "inert: it found nothing to hit");
  EXPECT_EQ(outcome_of("{at: 5s, elect-preferred: orders-0}"), "inert: the cluster changed nothing for it");
}

// What only prolongs another fault matters if it outlasts it.
TEST(Outcomes, OfAKillOfADeadProcess) {
  Cluster c(
      "faults:\n  - {at: 5s, kill: 1, until: 10s}\n  - {at: 6s, kill: 1, until: 9s}\n"
      "  - {at: 15s, kill: 1, until: 20s}\n  - {at: 16s, kill: 1, until: 25s}\n");
  c.until(seconds(30));
  std::vector<std::string> outcomes;
  for (const FaultOutcome& o : c.engine.outcomes(c.world)) outcomes.push_back(outcome(o));
  EXPECT_EQ(outcomes, (std::vector<std::string>{"effective", "inert: nothing was there that it could change",
                                                "effective", "effective"}));
}

constexpr const char* kEverything =
    "random-faults:\n"
    "  kinds: [kill, power-cut, pause, slow, clean-stop, restart, wipe, cut, isolate, halves, bridge, delay, "
    "bandwidth,\n"
    "    reset, cut-mid-response, hold, clock-step, clock-drift, clock-freeze, elect-preferred, elect-unclean]\n"
    "  targets: [one, minority, majority, leaders, controllers, clients, all, followers, last-answered, coordinators,\n"
    "    members]\n"
    "  budget: 12\n"
    "  start-after: 4s\n"
    "  quiet-after: 15s\n";

TEST(Quiet, NothingDrawnIsLeftBroken) {
  const Scenario s = scenario(kEverything);
  int struck = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Cluster c(s, seed);
    c.until(seconds(15));
    EXPECT_TRUE(c.engine.is_quiet());
    for (std::int32_t a = 1; a <= 7; ++a) {
      EXPECT_TRUE(c.up(a)) << "node " << a;
      EXPECT_FALSE(c.world.clock(to_sim(NodeId{a})).frozen());
      for (std::int32_t b = 1; b <= 7; ++b) {
        EXPECT_FALSE(c.cut(a, b));
        EXPECT_EQ(c.delay(a, b), Nanos(0));
        EXPECT_EQ(c.bandwidth(a, b), 125'000'000u);
      }
    }
    EXPECT_EQ(c.net().hold_count(), 0u);
    EXPECT_EQ(c.net().pending_reset_count(), 0u);
    struck += c.engine.struck();
  }
  EXPECT_GT(struck, 200);
}

}  // namespace fault_engine_test
}  // namespace ktrial::scenarios
