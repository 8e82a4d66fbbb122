// `ktrial run`: one run of a scenario, and the views of it.
#include <fmt/format.h>

#include "reports/junit.h"
#include "reports/mermaid.h"
#include "reports/ndjson.h"
#include "scenarios/program/commands.h"
#include "scenarios/program/counterexample.h"
#include "scenarios/program/files.h"
#include "scenarios/program/state.h"
#include "scenarios/program/telling.h"
#include "scenarios/run/trial.h"

namespace ktrial::scenarios {
namespace {

int exit_code(const TrialResult& result) {
  if (result.unexpected()) return Exit::violated;
  if (!result.expected_but_held().empty() || !result.named_but_vacuous().empty() || !result.missed_goals.empty())
    return Exit::inconclusive;
  return Exit::holds;
}

}  // namespace

int run(const RunCommand& command) {
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  if (command.state_at) return print_state(*scenario, command);
  if (!can_write_all({command.mermaid, command.ndjson, command.junit}, inputs_of(command.file))) return Exit::usage;
  const TrialResult result = record_trial(*scenario, command.seed.value_or(scenario->seed.value_or(1)));
  const bool only_that = command.mermaid == "-" || command.ndjson == "-" || command.junit == "-";
  const std::string reproduce = fmt::format("ktrial run {} --seed {}", command.file, result.seed);
  if (!command.mermaid.empty() && !write_file(command.mermaid, diagram_of(result))) return Exit::usage;
  if (!command.ndjson.empty() && !write_file(command.ndjson, reports::ndjson(trace_of(result)))) return Exit::usage;
  if (!command.junit.empty() &&
      !write_file(command.junit, reports::junit(scenario->title, junit_cases(result, reproduce))))
    return Exit::usage;
  if (only_that) return exit_code(result);
  fmt::print("{}\n\n", scenario->title);
  if (const properties::Violation* violation = result.unexpected() ? result.unexpected() : result.first_violation()) {
    std::vector<std::string> files;
    for (const std::string& out : {command.mermaid, command.ndjson, command.junit})
      if (!out.empty()) files.push_back(out);
    fmt::print("{}\n", reports::story(story_of(result, *violation, reproduce, files)));
  }
  if (command.describe) fmt::print("{}\n", describe_topics_of(result));
  fmt::print("{}", verdict_table(result));
  for (const std::string& goal : result.missed_goals) fmt::print("  goal not reached: {}\n", goal);
  for (const std::string& held : result.expected_but_held())
    fmt::print("  expected to be violated, but held: {}\n", held);
  for (const std::string& vacuous : result.named_but_vacuous())
    fmt::print("  expected to hold, but there was nothing to judge: {}\n", vacuous);
  fmt::print("{}", fault_table(result));
  fmt::print("\nseed {}, {} events, {} faults, {} of virtual time, fingerprint {:016x}\n", result.seed, result.events,
             result.faults_injected, reports::seconds_text(result.ended_at), result.fingerprint);
  return exit_code(result);
}

}  // namespace ktrial::scenarios
