// What it costs to copy and to hash a world, for whoever explores many.
//
// Worlds: elr-safe.yaml at 20 s and standard-cluster.yaml at 30 s, seed 1. Copy is what a fork takes, its end included.
// PossibleFutures is the canonical hash; `kept` 1: by one who keeps what was found for shared content, as an explorer
// does. ExactState is with history. Counter: words that are hashed.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "properties/judge.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/cluster/world_state.h"
#include "scenarios/run/goals.h"
#include "scenarios/run/trial.h"
#include "scenarios/scenario_reader.h"

namespace ktrial::scenarios {
namespace {

const KafkaWorld& world(std::int64_t which) {
  static std::optional<KafkaWorld> worlds[2];
  std::optional<KafkaWorld>& world = worlds[which];
  if (world) return *world;
  const std::string name = which == 0 ? "elr-safe.yaml" : "standard-cluster.yaml";
  std::ifstream in(KTRIAL_SOURCE_DIR "/scenarios/library/" + name);
  std::ostringstream text;
  text << in.rdbuf();
  const auto scenario = read_scenario(text.str(), name, {properties::all_property_names(), known_goals()});
  if (!scenario) {
    std::cerr << to_string(scenario.error().front()) << '\n';
    std::exit(65);
  }
  TrialOptions options;
  options.stop_after = which == 0 ? model::seconds(20) : model::seconds(30);
  options.at_end = [&](const KafkaWorld& end) { world = end; };
  run_trial(*scenario, options);
  return *world;
}

void Copy(benchmark::State& state) {
  const KafkaWorld& original = world(state.range(0));
  for (auto _ : state) {
    KafkaWorld copy = original;
    benchmark::DoNotOptimize(copy);
  }
}

void PossibleFutures(benchmark::State& state) {
  const KafkaWorld& original = world(state.range(0));
  model::ContentHashes contents;
  for (auto _ : state) benchmark::DoNotOptimize(possible_futures(original, state.range(1) != 0 ? &contents : nullptr));
  state.counters["words"] = static_cast<double>(canonical_words(original).size());
}

void ExactState(benchmark::State& state) {
  const KafkaWorld& original = world(state.range(0));
  model::ContentHashes contents;
  for (auto _ : state) benchmark::DoNotOptimize(exact_state(original, &contents));
}

BENCHMARK(Copy)->ArgName("world")->Unit(benchmark::kMicrosecond)->Arg(0)->Arg(1);
BENCHMARK(PossibleFutures)->ArgNames({"world", "kept"})->Unit(benchmark::kMicrosecond)->ArgsProduct({{0, 1}, {0, 1}});
BENCHMARK(ExactState)->ArgName("world")->Unit(benchmark::kMicrosecond)->Arg(0)->Arg(1);

}  // namespace
}  // namespace ktrial::scenarios
