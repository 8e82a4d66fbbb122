// `ktrial crash-points`: everything that the disks may keep at each power cut of one run.
#include <fmt/format.h>

#include <algorithm>

#include "reports/story.h"
#include "scenarios/program/commands.h"
#include "scenarios/program/counterexample.h"
#include "scenarios/program/files.h"
#include "scenarios/program/status_line.h"
#include "scenarios/program/telling.h"
#include "scenarios/search/crash_points.h"
#include "scenarios/search/search.h"

namespace ktrial::scenarios {
namespace {

std::string summary(const CrashPointResult& result, const CrashPointCommand& command) {
  std::string text = plural(result.outcomes, "outcome");
  if (!result.all) text += fmt::format(" of the first {} writes, the rest as drawn", command.writes);
  if (result.interrupted) text += " (interrupted)";
  return text + (result.violated == 0 ? ": all hold"
                                      : fmt::format(": {} violate, the first {}", result.violated, result.property));
}

}  // namespace

int crash_points(const CrashPointCommand& command) {
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  if (!can_write_all(counterexample_files(command.out), inputs_of(command.file))) return Exit::usage;
  TrialOptions options;
  options.seed = command.seed.value_or(scenario->seed.value_or(1));
  options.record_survivals = true;
  const TrialResult drawn = run_trial(*scenario, options);
  const std::vector<CrashPoint> points = crash_points(drawn);
  fmt::print("{}, seed {}: {} with unsynced writes\n", scenario->title, drawn.seed, plural(points.size(), "power cut"));
  if (points.empty()) {
    fmt::print("nothing to enumerate; a fault of kind power-cut loses what is not synced\n");
    return Exit::inconclusive;
  }
  if (failed(drawn)) fmt::print("the run violates {} as it was drawn\n", drawn.first_violation()->property);

  CrashPointOptions enumeration;
  enumeration.writes = static_cast<std::size_t>(command.writes);
  enumeration.interrupted = &interrupted_flag();
  std::optional<CrashPointResult> worst;
  StatusLine status;
  for (std::size_t i = 0; i < points.size() && !interrupted_flag(); ++i) {
    const CrashPoint& point = points[i];
    status.show(fmt::format("power cut {} of {}; Ctrl-C ends the work", i + 1, points.size()));
    CrashPointResult result = all_outcomes(drawn.concrete, point, enumeration);
    status.clear();
    fmt::print("  {:9.3f}s {:12} {:>9}   {}\n", std::chrono::duration<double>(point.at).count(),
               node_name(drawn, point.node), plural(point.writes, "write"), summary(result, command));
    if (result.first && !worst) worst = std::move(result);
  }
  if (interrupted_flag() && !worst) return Exit::inconclusive;
  if (!worst) return Exit::holds;
  const Written written = write_counterexample(command.out, *worst->first, worst->property);
  if (!written.ok) return Exit::usage;
  fmt::print("\n");
  if (const properties::Violation* violation = violation_of(written.result, worst->property))
    fmt::print("{}",
               reports::story(story_of(written.result, *violation, "ktrial replay " + command.out, {command.out})));
  return Exit::violated;
}

}  // namespace ktrial::scenarios
