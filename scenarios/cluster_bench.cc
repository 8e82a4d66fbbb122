// How fast a whole trial runs: cluster, network, faults and every property, in one thread.
//
// StandardCluster is library/standard-cluster.yaml, a new seed each time; its argument is
// offsets.topic.num.partitions (Kafka's default: 50), whose partitions are in every follower's fetch. Growth spreads
// the same traffic over more partitions and brokers: what an event costs should follow what it changes and not the size
// of the cluster. Counters: items_per_second are protocol events; virtual_per_wall is how much faster than its own
// clock a run goes.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "properties/judge.h"
#include "scenarios/run/goals.h"
#include "scenarios/run/trial.h"
#include "scenarios/scenario_reader.h"

namespace ktrial::scenarios {
namespace {

Scenario read(const std::string& text, const std::string& name) {
  auto scenario = read_scenario(text, name, {properties::all_property_names(), known_goals()});
  if (scenario) return *scenario;
  std::cerr << to_string(scenario.error().front()) << '\n';
  std::exit(65);
}

void run_seeds(benchmark::State& state, const Scenario& scenario) {
  TrialOptions options;
  options.seed = 0;
  std::uint64_t events = 0;
  double virtual_seconds = 0;
  for (auto _ : state) {
    ++options.seed;
    const TrialResult result = run_trial(scenario, options);
    if (result.unexpected()) state.SkipWithError("a property is violated");
    events += result.events;
    virtual_seconds += std::chrono::duration<double>(result.ended_at).count();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.counters["events_per_run"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kAvgIterations);
  state.counters["virtual_per_wall"] = benchmark::Counter(virtual_seconds, benchmark::Counter::kIsRate);
}

void StandardCluster(benchmark::State& state) {
  std::ifstream in(KTRIAL_SOURCE_DIR "/scenarios/library/standard-cluster.yaml");
  std::ostringstream text;
  text << in.rdbuf();
  Scenario scenario = read(text.str(), "standard-cluster.yaml");
  scenario.cluster.config.effective.offsets_topic_num_partitions = static_cast<std::int32_t>(state.range(0));
  run_seeds(state, scenario);
}

// The standard cluster's traffic for ten seconds, without faults.
void Growth(benchmark::State& state) {
  run_seeds(state, read(fmt::format(R"(
ktrial: 1
title: Growth
cluster:
  brokers: {}
  controllers: 3
  topics: [{{name: orders, partitions: {}, replication-factor: 3, config: {{min.insync.replicas: 2}}}}]
clients:
  - {{producer: p1, config: {{acks: all}}, send: {{topic: orders, count: 5000, rate: 500/s}}, start-after: 5s}}
  - {{producer: p2, config: {{acks: all}}, send: {{topic: orders, count: 5000, rate: 500/s}}, start-after: 5s}}
  - {{consumer: c1, assign: [orders], start-after: 5s}}
  - {{consumer: c2, assign: [orders], start-after: 5s}}
run: {{until: 15s}}
)",
                                    state.range(0), state.range(1)),
                        "growth.yaml"));
}

BENCHMARK(StandardCluster)->ArgName("offsets_partitions")->Unit(benchmark::kMillisecond)->MinTime(4)->Arg(50)->Arg(1);
BENCHMARK(Growth)
    ->ArgNames({"brokers", "partitions"})
    ->Unit(benchmark::kMillisecond)
    ->Args({3, 6})
    ->Args({3, 60})
    ->Args({3, 600})
    ->Args({10, 60})
    ->Args({30, 6})
    ->Args({30, 600});

}  // namespace
}  // namespace ktrial::scenarios
