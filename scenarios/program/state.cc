#include "scenarios/program/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/cluster/cluster_builder.h"
#include "scenarios/diagnostic.h"
#include "scenarios/program/commands.h"
#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

std::vector<model::StateLine> state_at(const Scenario& scenario, std::uint64_t seed, model::Nanos at,
                                       const std::string& node) {
  std::vector<model::StateLine> lines;
  TrialOptions options;
  options.seed = seed;
  options.stop_after = at;
  options.stop_at_violation = false;
  options.at_end = [&](const KafkaWorld& world) { lines = state_lines(world, node); };
  run_trial(scenario, options);
  return lines;
}

std::vector<model::StateLine> state_after(const Scenario& scenario, std::uint64_t seed, std::uint64_t event) {
  std::vector<model::StateLine> lines;
  TrialOptions options;
  options.seed = seed;
  options.after_step = [&](const KafkaWorld& world) {
    if (lines.empty() && world.events() >= event) lines = state_lines(world);
  };
  run_trial(scenario, options);
  return lines;
}

int print_state(const Scenario& scenario, const RunCommand& command) {
  const std::vector<std::string> names = node_names(scenario);
  if (!command.state_of.empty() && std::find(names.begin(), names.end(), command.state_of) == names.end()) {
    const std::string near = nearest(command.state_of, names);
    fmt::print(stderr, "ktrial: there is no node '{}'; {}\n", command.state_of,
               near.empty() ? fmt::format("the nodes are: {}", fmt::join(names, ", "))
                            : fmt::format("did you mean '{}'?", near));
    return Exit::usage;
  }
  const std::uint64_t seed = command.seed.value_or(scenario.seed.value_or(1));
  for (const model::StateLine& line :
       state_at(scenario, seed, model::milliseconds(*command.state_at), command.state_of))
    fmt::print("{}: {}\n", line.path, line.value);
  return Exit::holds;
}

std::string told_difference(const std::vector<model::StateLine>& once, const std::vector<model::StateLine>& again,
                            std::size_t most) {
  const std::vector<std::string> differences = model::difference(once, again);
  if (differences.empty()) return "    the states are the same when both are run again\n";
  std::string text;
  for (std::size_t i = 0; i < differences.size() && i < most; ++i) text += "    " + differences[i] + "\n";
  if (differences.size() > most) text += fmt::format("    and {} more\n", differences.size() - most);
  return text;
}

}  // namespace ktrial::scenarios
