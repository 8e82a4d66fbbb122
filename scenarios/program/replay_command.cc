// `ktrial replay` and `ktrial check-determinism`: runs that must go as they went before.
#include <fmt/format.h>

#include <filesystem>

#include "reports/ndjson.h"
#include "scenarios/program/commands.h"
#include "scenarios/program/counterexample.h"
#include "scenarios/program/files.h"
#include "scenarios/program/recording.h"
#include "scenarios/program/state.h"
#include "scenarios/program/telling.h"
#include "scenarios/run/trial.h"

namespace ktrial::scenarios {
namespace {

TrialResult run_marked(const Scenario& scenario, std::uint64_t seed, std::vector<StepMark>& steps, bool record) {
  TrialOptions options;
  options.seed = seed;
  options.steps = &steps;
  options.record = record;
  return run_trial(scenario, options);
}

// What a step was, from a third run that is recorded; it goes as far as the other two agree, and mostly as one of them.
std::string describe_difference(const Scenario& scenario, std::uint64_t seed, const std::vector<StepMark>& first,
                                const std::vector<StepMark>& again, std::size_t at) {
  std::vector<StepMark> steps;
  const TrialResult result = run_marked(scenario, seed, steps, true);
  const std::vector<std::string> texts = step_texts(result, steps);
  const auto told = [&](const std::vector<StepMark>& of) -> std::string {
    if (at >= of.size()) return "the run has ended";
    if (at < steps.size() && steps[at] == of[at]) {
      std::string text = event_text(of[at], texts[at]);
      for (const std::string& fact : facts_of_step(result, steps, at)) text += "\n           " + fact;
      return text;
    }
    return event_text(of[at], fmt::format("fingerprint {:016x}, not seen again", of[at].fingerprint));
  };
  std::string text = fmt::format("    once   {}\n    again  {}\n", told(first), told(again));
  // The states of then are gone; two more runs show them, if they part as the first two did.
  if (at < first.size() && at < again.size()) {
    const std::vector<model::StateLine> once = state_after(scenario, seed, first[at].event);
    text += "  the state there, once -> again\n" + told_difference(once, state_after(scenario, seed, again[at].event));
  }
  return text;
}

int tell(const TrialResult& result, const ReplayCommand& command) {
  if (!command.mermaid.empty() && !write_file(command.mermaid, diagram_of(result))) return Exit::usage;
  if (!command.ndjson.empty() && !write_file(command.ndjson, reports::ndjson(trace_of(result)))) return Exit::usage;
  const properties::Violation* violation = result.first_violation();
  if (command.mermaid == "-" || command.ndjson == "-") return violation ? Exit::violated : Exit::holds;
  if (violation) {
    std::vector<std::string> files{command.file};
    for (const std::string& out : {command.mermaid, command.ndjson})
      if (!out.empty()) files.push_back(out);
    fmt::print("{}", reports::story(story_of(result, *violation, "ktrial replay " + command.file, files)));
    return Exit::violated;
  }
  fmt::print("{}: nothing is violated ({} events, fingerprint {:016x})\n", result.concrete.title, result.events,
             result.fingerprint);
  return Exit::holds;
}

}  // namespace

int replay(const ReplayCommand& command) {
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  if (!can_write_all({command.mermaid, command.ndjson}, inputs_of(command.file))) return Exit::usage;
  std::vector<StepMark> steps;
  const std::uint64_t seed = scenario->seed.value_or(1);
  const TrialResult result = run_marked(*scenario, seed, steps, true);
  if (!scenario->recorded) {
    // A scenario that a person wrote: all that can be said is whether it goes the same way twice.
    fmt::print(stderr, "ktrial: {} holds no recorded run; it is run twice and compared\n", command.file);
    std::vector<StepMark> again;
    run_marked(*scenario, seed, again, false);
    if (const auto at = first_difference(steps, again)) {
      fmt::print("DIVERGED: two runs of {} differ\n{}", command.file,
                 describe_difference(*scenario, seed, steps, again, *at));
      return Exit::diverged;
    }
    return tell(result, command);
  }
  const RecordedRun& recorded = *scenario->recorded;
  const bool edited = contents_of(*scenario) != recorded.contents;
  if (result.events == recorded.events && result.fingerprint == recorded.fingerprint) {
    if (edited)
      fmt::print(stderr, "ktrial: {} was edited after it was recorded, but its run is the same\n", command.file);
    return tell(result, command);
  }
  std::string why;
  std::optional<std::vector<EventLine>> events;
  if (const auto text = read_file(events_name(scenario_file(command.file)), why))
    events = read_events(*text, recorded.contents);
  fmt::print("DIVERGED: {}\n\n{}\n",
             edited ? command.file + " was edited after it was recorded; its run is another one now"
                    : "this build does not run " + command.file + " as it was recorded",
             where_it_differs(recorded, events, result, steps));
  fmt::print("recorded   {} events, fingerprint {:016x}\nnow        {} events, fingerprint {:016x}\n\n",
             recorded.events, recorded.fingerprint, result.events, result.fingerprint);
  fmt::print("judge it   ktrial run {}\n", command.file);
  return Exit::diverged;
}

int check_determinism(const CheckDeterminismCommand& command) {
  std::vector<std::string> files;
  if (!command.file.empty())
    files.push_back(command.file);
  else
    for (const auto& file : library()) files.push_back(file.string());
  ProbeCounts probes;
  for (const std::string& file : files) {
    const auto scenario = load(file);
    if (!scenario) return Exit::bad_input;
    const std::string name = std::filesystem::path(file).stem().string();
    std::vector<std::vector<StepMark>> first(command.seeds);
    for (std::uint64_t i = 0; i < command.seeds; ++i) {
      const TrialResult result = run_marked(*scenario, i + 1, first[i], false);
      probes.add(result.probes);
      if (command.fingerprint_only)
        fmt::print("{} seed {}: {:016x} {} events\n", name, i + 1, result.fingerprint, result.events);
    }
    for (std::uint64_t i = 0; i < command.others; ++i) {
      TrialOptions other;
      other.seed = command.seeds + i + 1;
      run_trial(*scenario, other);
    }
    // Again, in the other order, after all the others: nothing may leak from one run into the next.
    for (std::uint64_t i = command.seeds; i-- > 0;) {
      std::vector<StepMark> again;
      run_marked(*scenario, i + 1, again, false);
      if (const auto at = first_difference(first[i], again)) {
        fmt::print("{} seed {}: two runs differ, first at\n{}", name, i + 1,
                   describe_difference(*scenario, i + 1, first[i], again, *at));
        return Exit::diverged;
      }
    }
    if (!command.fingerprint_only)
      fmt::print("{}: {} seeds, the same again{}\n", name, command.seeds,
                 command.others == 0 ? "" : fmt::format(" after {} others", command.others));
  }
  if (command.fingerprint_only) return Exit::holds;
  // What one scenario never reaches says nothing; what the library does not, says where it is blind.
  fmt::print("{}\n{}", summary(probes), command.file.empty() ? never_reached(probes) : "");
  return Exit::holds;
}

}  // namespace ktrial::scenarios
