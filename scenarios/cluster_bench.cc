// How fast a whole trial runs: cluster, network, faults and every property, in one thread.
//
// StandardCluster is library/standard-cluster.yaml, a new seed each time; its argument is
// offsets.topic.num.partitions (Kafka's default: 50), whose partitions are in every follower's fetch. Growth spreads
// the same traffic over more partitions and brokers: what an event costs should follow what it changes and not the size
// of the cluster. It is measured in CPU time, from when the cluster stands and its clients have found their partitions.
// Counters: items_per_second are protocol events; virtual_per_wall is how much faster than its own clock a run goes;
// bytes_per_partition is the heap that a partition takes on all its replicas, the controllers and in the checks, as
// long as nobody sends to it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>

#include "properties/judge.h"
#include "scenarios/cluster/kafka_protocol.h"
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

// The standard cluster's traffic for a minute, without faults: long enough for every partition to get records.
Scenario growth(std::int64_t brokers, std::int64_t partitions) {
  return read(fmt::format(R"(
ktrial: 1
title: Growth
cluster:
  brokers: {}
  controllers: 3
  topics: [{{name: orders, partitions: {}, replication-factor: 3, config: {{min.insync.replicas: 2}}}}]
clients:
  - {{producer: p1, config: {{acks: all}}, send: {{topic: orders, count: 30000, rate: 500/s}}, start-after: 3s}}
  - {{producer: p2, config: {{acks: all}}, send: {{topic: orders, count: 30000, rate: 500/s}}, start-after: 3s}}
  - {{consumer: c1, assign: [orders], start-after: 3s}}
  - {{consumer: c2, assign: [orders], start-after: 3s}}
run: {{until: 63s}}
)",
                          brokers, partitions),
              "growth.yaml");
}

// A run, what it was like before its clients began, and from when they all had found their partitions.
struct Watched {
  TrialResult result;
  std::size_t idle_heap = 0;
  std::uint64_t events = 0;  // until then
  std::clock_t began = 0;    // CPU time of the process
};
Watched run_and_watch(const Scenario& scenario, std::uint64_t seed) {
  Watched watched;
  TrialOptions options;
  options.seed = seed;
  options.after_step = [&](const sim::World<KafkaProtocol>& world) {
    if (watched.idle_heap == 0 && world.now() >= model::milliseconds(2900)) watched.idle_heap = mallinfo2().uordblks;
    if (watched.events != 0 || world.now() < model::seconds(5)) return;
    watched.events = world.events();
    watched.began = std::clock();
  };
  watched.result = run_trial(scenario, options);
  return watched;
}

void Growth(benchmark::State& state) {
  const Scenario scenario = growth(state.range(0), state.range(1));
  std::uint64_t events = 0, seed = 0;
  for (auto _ : state) {
    const Watched watched = run_and_watch(scenario, ++seed);
    state.SetIterationTime(static_cast<double>(std::clock() - watched.began) / CLOCKS_PER_SEC);
    if (watched.result.unexpected()) state.SkipWithError("a property is violated");
    events += watched.result.events - watched.events;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.counters["events_per_run"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kAvgIterations);
}

void IdlePartition(benchmark::State& state) {
  constexpr std::int64_t kFew = 6;
  const Scenario few = growth(3, kFew), many = growth(3, state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    const std::size_t less = run_and_watch(few, 1).idle_heap;
    bytes = static_cast<double>(run_and_watch(many, 1).idle_heap - less) / static_cast<double>(state.range(0) - kFew);
  }
  state.counters["bytes_per_partition"] = bytes;
}

BENCHMARK(StandardCluster)->ArgName("offsets_partitions")->Unit(benchmark::kMillisecond)->MinTime(4)->Arg(50)->Arg(1);
BENCHMARK(Growth)
    ->ArgNames({"brokers", "partitions"})
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime()
    ->Args({3, 6})
    ->Args({3, 60})
    ->Args({3, 600})
    ->Args({3, 6000})
    ->Args({30, 6})
    ->Args({30, 600})
    ->Args({300, 6})
    ->Args({300, 600});
BENCHMARK(IdlePartition)->ArgName("partitions")->Unit(benchmark::kMillisecond)->Iterations(1)->Arg(6000);

}  // namespace
}  // namespace ktrial::scenarios
