// Fault plans and workloads as generated values (never a seed), run on small clusters. The first property holds for the
// correct protocol; the second runs a known broken variant, must find it, and what RapidCheck shrinks it to must be
// small, without any help from the shrinker of ktrial.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

#include <algorithm>
#include <iostream>
#include <sstream>

#include "scenarios/fault_text.h"
#include "scenarios/run/trial.h"
#include "scenarios/scenario_for_test.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace {

// Everything that RapidCheck varies. Small values are simple ones: it shrinks towards them.
struct Fault {
  std::uint8_t kind = 0;    // into kKinds
  std::uint8_t target = 0;  // into kTargets
  std::uint8_t other = 0;   // of a link
  std::int32_t at = 0;      // tenths of a second after the workload begins
  std::int32_t length = 1;  // tenths of a second
};
struct Plan {
  std::int32_t records = 1;
  bool acks_all = true;
  std::vector<Fault> faults;
};

constexpr FaultKind kKinds[] = {kind_of<Pause>, kind_of<Kill>,  kind_of<Cut>,      kind_of<Isolate>,
                                kind_of<Delay>, kind_of<Reset>, kind_of<PowerCut>, kind_of<Halves>,
                                kind_of<Slow>,  kind_of<Hold>,  kind_of<CleanStop>};
constexpr const char* kTargets[] = {
    "broker(1)", "broker(2)", "broker(3)", "leader(orders-0)", "follower(orders-0, 1)", "active-controller"};

FaultSpec spec(const Fault& f) {
  FaultSpec s;
  s.what = make_fault(kKinds[f.kind]);
  s.at = seconds(6) + milliseconds(100) * f.at;
  s.duration = milliseconds(100) * f.length;
  const Selector target = *parse_selector(kTargets[f.target]), other = *parse_selector(kTargets[f.other]);
  std::visit(
      [&](auto& what) {
        if constexpr (requires { what.sides; })
          what.sides = {{target}, {other}, true};
        else if constexpr (requires { what.targets; })
          what.targets = {target};
      },
      s.what);
  if (auto* delay = std::get_if<Delay>(&s.what)) delay->by = milliseconds(200);
  if (auto* slow = std::get_if<Slow>(&s.what)) slow->factor = 100;
  if (auto* hold = std::get_if<Hold>(&s.what)) hold->message = "FetchResponse";
  return s;
}

Scenario base(const std::string& rest) {
  const std::string text =
      "ktrial: 1\n"
      "cluster:\n"
      "  brokers: 3\n"
      "  controllers: 1\n"
      "  config: {broker.session.timeout.ms: 3000, broker.heartbeat.interval.ms: 500, replica.lag.time.max.ms: 1500}\n"
      "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]], config: {min.insync.replicas: 2}}]\n"
      "clients:\n"
      "  - {producer: p1, config: {acks: all, request.timeout.ms: 3000, delivery.timeout.ms: 20000, "
      "max.in.flight.requests.per.connection: 1}, send: {topic: orders, count: 1, rate: 20/s}, start-after: 5s}\n"
      "  - {consumer: c1, config: {auto.offset.reset: earliest}, assign: [orders]}\n"
      "random-faults: {kinds: [pause], targets: [one], budget: 0, quiet-after: 25s}\n"
      "run: {until: 86s}\n" +
      rest;
  return scenario_of(text);
}

Scenario with(Scenario s, const Plan& plan) {
  auto& producer = std::get<ProducerSpec>(s.clients[0]);
  producer.count = plan.records;
  if (!plan.acks_all) producer.config.effective.acks = model::Acks::leader;
  for (const Fault& f : plan.faults) s.faults.push_back(spec(f));
  return s;
}

}  // namespace
}  // namespace ktrial::scenarios

namespace rc {

template <>
struct Arbitrary<ktrial::scenarios::Fault> {
  static Gen<ktrial::scenarios::Fault> arbitrary() {
    using ktrial::scenarios::Fault;
    return gen::build<Fault>(
        gen::set(&Fault::kind, gen::inRange<std::uint8_t>(0, std::size(ktrial::scenarios::kKinds))),
        gen::set(&Fault::target, gen::inRange<std::uint8_t>(0, std::size(ktrial::scenarios::kTargets))),
        gen::set(&Fault::other, gen::inRange<std::uint8_t>(0, std::size(ktrial::scenarios::kTargets))),
        gen::set(&Fault::at, gen::inRange(0, 100)), gen::set(&Fault::length, gen::inRange(1, 80)));
  }
};

template <>
struct Arbitrary<ktrial::scenarios::Plan> {
  static Gen<ktrial::scenarios::Plan> arbitrary() {
    using namespace ktrial::scenarios;
    return gen::build<Plan>(
        gen::set(&Plan::records, gen::inRange(1, 200)), gen::set(&Plan::acks_all),
        // Few faults, but each from the whole range.
        gen::set(&Plan::faults,
                 gen::resize(6, gen::container<std::vector<Fault>>(gen::resize(100, gen::arbitrary<Fault>())))));
  }
};

}  // namespace rc

namespace ktrial::scenarios {
namespace {

void showValue(const Plan& plan, std::ostream& os) { os << write_scenario(with(base(""), plan)); }

// Power cuts may lose what no one synced, and acks=1 what only the leader had: that is permitted and the ledger says
// so.
const std::string kPermitted =
    "expect: {acked-records-survive: any, logs-agree-below-high-watermark: any, elected-leader-is-complete: any, "
    "high-watermark-never-regresses: any, consumer-reads-committed-in-order: any, producer-order: any}\n";

// Fixed, so that a test run is the same everywhere.
rc::detail::TestParams params(int cases) {
  rc::detail::TestParams params;
  params.seed = 1;
  params.maxSuccess = cases;
  return params;
}

TEST(GeneratedPlans, BreakNoPromiseOfTheCorrectProtocol) {
  const Scenario scenario = base(kPermitted);
  int struck = 0;
  const auto result = rc::detail::checkTestable(
      [&](const Plan& plan) {
        const TrialResult trial = run_trial(with(scenario, plan), {});
        struck += trial.faults_injected;
        if (const auto* violation = trial.unexpected()) RC_FAIL(violation->property + ": " + violation->reason);
      },
      rc::detail::TestMetadata{"plans", "plans"}, params(400));
  if (!result.is<rc::detail::SuccessResult>()) {
    std::ostringstream told;
    rc::detail::printResultMessage(result, told);
    FAIL() << told.str();
  }
  EXPECT_GT(struck, 600);
}

// The plan that RapidCheck is left with is the last one that failed.
TEST(GeneratedPlans, FindABrokenVariantAndShrinkIt) {
  Scenario broken = base("variants: {replication.truncation: high-watermark}\n" + kPermitted);
  broken.expect.erase("acked-records-survive");
  const auto fails = [&](Plan plan) {
    plan.acks_all = true;
    std::erase_if(plan.faults, [](const Fault& f) { return kKinds[f.kind] == kind_of<PowerCut>; });
    return run_trial(with(broken, plan), {}).unexpected() != nullptr;
  };
  Plan first, smallest;
  int failures = 0;
  rc::detail::TestListenerAdapter quiet;  // this failure is wanted
  const auto result = rc::detail::checkTestable(
      [&](const Plan& plan) {
        const bool failed = fails(plan);
        if (failed && failures++ == 0) first = plan;
        if (failed) smallest = plan;
        RC_ASSERT(!failed);
      },
      rc::detail::TestMetadata{"broken variant", "broken variant"}, params(2000), quiet);
  ASSERT_TRUE(result.is<rc::detail::FailureResult>()) << "no plan broke the variant";
  EXPECT_GT(failures, 1);
  EXPECT_LE(smallest.faults.size(), 3u);
  EXPECT_LT(smallest.records, first.records);
  EXPECT_TRUE(fails(smallest));
  RecordProperty("smallest", write_scenario(with(broken, smallest)));
}

}  // namespace
}  // namespace ktrial::scenarios
