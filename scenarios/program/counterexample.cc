#include "scenarios/program/counterexample.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/program/files.h"
#include "scenarios/program/recording.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace {

Scenario counterexample(const Scenario& concrete, const std::string& property) {
  Scenario scenario = concrete;
  scenario.counterexample = property;
  scenario.catalogue.reset();
  std::erase_if(scenario.expect, [](const auto& expected) { return expected.second != Expected::any; });
  return scenario;
}

}  // namespace

Written write_counterexample(const std::string& path, const Scenario& concrete, const std::string& property) {
  Scenario scenario = counterexample(concrete, property);
  TrialOptions options;
  options.seed = scenario.seed.value_or(1);
  options.record = true;
  std::vector<StepMark> steps;
  options.steps = &steps;
  Written written;
  written.result = run_trial(scenario, options);
  std::erase_if(scenario.goals, [&](const std::string& goal) {
    const auto& missed = written.result.missed_goals;
    return std::find(missed.begin(), missed.end(), goal) != missed.end();
  });
  scenario.recorded = recorded_run(scenario, steps);
  const std::string events = write_events(scenario.recorded->contents, steps, step_texts(written.result, steps));
  // The events go first: a counterexample is never there without them, unless they were taken away.
  written.ok = true;
  for (const std::string& file : counterexample_files(path)) {
    written.ok = write_file(file, file == path ? write_scenario(scenario) : events);
    if (!written.ok) break;
  }
  return written;
}

std::vector<std::string> counterexample_files(const std::string& path) {
  if (path.empty()) return {};
  if (is_file(path)) return {events_name(path), path};
  return {path};
}

std::vector<std::string> inputs_of(const std::string& name) {
  const std::string file = scenario_file(name);
  return {file, events_name(file)};
}

const properties::Violation* violation_of(const TrialResult& result, const std::string& property) {
  const properties::Violation* violation = result.first_violation();
  for (const properties::Verdict& verdict : result.verdicts)
    if (verdict.property == property && !verdict.violations.empty()) violation = &verdict.violations.front();
  return violation;
}

std::string plural(std::size_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

}  // namespace ktrial::scenarios
