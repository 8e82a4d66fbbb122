// `ktrial search`, `ktrial shrink` and `ktrial demo`: finding a failure and making it small.
//
// A failure is written as it was found before it is made smaller, and every smaller one is written when it is reached:
// whatever ends the program, the best so far is on the disk.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "reports/junit.h"
#include "scenarios/program/commands.h"
#include "scenarios/program/counterexample.h"
#include "scenarios/program/files.h"
#include "scenarios/program/recording.h"
#include "scenarios/program/status_line.h"
#include "scenarios/program/telling.h"
#include "scenarios/scenario_writer.h"
#include "scenarios/search/search.h"
#include "scenarios/search/shrink.h"

namespace ktrial::scenarios {
namespace {

using Clock = std::chrono::steady_clock;
std::atomic<bool> interrupted{false};

std::int64_t milliseconds_since(Clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
}

// "found.yaml" to "found.raw.yaml". A device or a FIFO gets the last word only: nothing (empty) before it.
std::string raw_name(const std::string& path) {
  if (!is_file(path)) return "";
  constexpr std::string_view kEnd = ".yaml";
  const bool yaml = path.ends_with(kEnd) && path.size() > kEnd.size();
  return (yaml ? path.substr(0, path.size() - kEnd.size()) : path) + ".raw.yaml";
}

// Where a failure goes that is not to be made smaller.
std::string kept_name(const std::string& path) { return is_file(path) ? raw_name(path) : path; }

struct Shrunk {
  ShrinkResult small;
  Written written;
};

// Shrinks into `path`, which always holds the best so far.
Shrunk shrink_into(const std::string& path, const Scenario& concrete, std::int64_t milliseconds, int threads) {
  StatusLine status;
  ShrinkOptions options;
  options.time_budget = std::chrono::milliseconds(milliseconds);
  options.interrupted = &interrupted;
  options.threads = threads;
  Clock::time_point saved = Clock::now();
  options.progress = [&](const ShrinkResult& best) {
    status.show(fmt::format("shrinking: {}, {} left, {} trials; Ctrl-C keeps the best so far",
                            plural(best.scenario.faults.size(), "fault"),
                            plural(best.scenario.clients.size(), "client"), best.trials));
    // Not each of a hundred quick steps needs its file; whoever kills the program loses at most this much.
    if (Clock::now() - saved < std::chrono::milliseconds(300) || !is_file(path)) return;
    write_counterexample(path, best.scenario, best.property);
    saved = Clock::now();
  };
  Shrunk shrunk{shrink(concrete, options), {}};
  status.clear();
  shrunk.written = write_counterexample(path, shrunk.small.scenario, shrunk.small.property);
  return shrunk;
}

std::string shrink_summary(const Scenario& raw, const ShrinkResult& small) {
  return fmt::format("shrunk from {} to {} in {}{}", plural(raw.faults.size(), "fault"),
                     plural(small.scenario.faults.size(), "fault"),
                     plural(static_cast<std::size_t>(small.trials), "trial"),
                     small.interrupted   ? " (interrupted: the best so far)"
                     : small.out_of_time ? " (out of time: `ktrial shrink` may go on)"
                                         : "");
}

std::vector<reports::JunitCase> held_cases(const Scenario& scenario, const SearchResult& found, std::int64_t took) {
  std::vector<reports::JunitCase> cases;
  for (const auto& [property, premise] : found.premises) {
    reports::JunitCase test{scenario.title, property, reports::JunitResult::passed, "", std::chrono::milliseconds(0)};
    const auto expected = scenario.expect.find(property);
    if (expected != scenario.expect.end() && expected->second == Expected::violated) {
      test.result = reports::JunitResult::skipped;
      test.text = "expected to be violated, but no seed did";
    } else if (premise == 0) {
      test.result = reports::JunitResult::skipped;
      test.text = "vacuous in every seed: there was nothing to judge";
    }
    cases.push_back(std::move(test));
  }
  // The time is that of the whole campaign; it stands once.
  if (!cases.empty()) cases.front().duration = std::chrono::milliseconds(took);
  return cases;
}

int nothing_found(const SearchCommand& command, const Scenario& scenario, const SearchResult& found,
                  std::int64_t took) {
  fmt::print("{}: {} in {} ({} events, {} faults, {} ms){}\n", scenario.title,
             found.judged == 0 ? "nothing was judged" : "holds", plural(found.judged, "seed"), found.events,
             found.faults, took, found.interrupted ? ", interrupted" : "");
  if (const FaultCount& faults = found.fault_count; faults.planned > 0)
    fmt::print("  faults: {} planned, {} fired, {} effective\n", faults.planned, faults.fired, faults.effective);
  fmt::print("  {} (`ktrial probes {}` names them)\n", summary(found.probes), command.file);
  bool missed = false;
  std::vector<std::string> vacuous;
  for (const auto& [property, premise] : found.premises) {
    if (premise != 0) continue;
    const auto named = scenario.expect.find(property);
    const bool wanted = named != scenario.expect.end() && named->second == Expected::holds;
    missed |= wanted;
    if (wanted)
      fmt::print("  expected to hold, but there was nothing to judge in any seed: {}\n", property);
    else
      vacuous.push_back(property);
  }
  fmt::print("{}", nothing_to_judge(vacuous, " in any seed"));
  for (const auto& [goal, times] : found.goals_missed)
    if (times == found.judged) {
      missed = true;
      fmt::print("  goal not reached in any seed: {}\n", goal);
    }
  for (const auto& [property, expected] : scenario.expect)
    if (expected == Expected::violated) {
      missed = true;
      fmt::print("  expected to be violated, but no seed did: {}\n", property);
    }
  if (!command.junit.empty() &&
      !write_file(command.junit, reports::junit(scenario.title, held_cases(scenario, found, took))))
    return Exit::usage;
  return found.interrupted || found.judged == 0 || missed ? Exit::inconclusive : Exit::holds;
}

int search_and_shrink(const SearchCommand& command, const Scenario& scenario) {
  std::vector<std::string> outputs = counterexample_files(command.out);
  for (const std::string& file : counterexample_files(raw_name(command.out))) outputs.push_back(file);
  outputs.push_back(command.junit);
  if (!can_write_all(outputs, inputs_of(command.file))) return Exit::usage;
  SearchOptions options;
  options.first_seed = command.first_seed;
  options.last_seed = command.last_seed;
  options.threads = command.threads;
  options.interrupted = &interrupted;
  if (command.milliseconds) options.time_budget = std::chrono::milliseconds(*command.milliseconds);
  SearchResult found;
  const auto began = Clock::now();
  {
    StatusLine status;
    options.progress = [&](std::uint64_t judged) {
      const std::int64_t took = std::max<std::int64_t>(milliseconds_since(began), 1);
      const std::string of = command.milliseconds ? fmt::format("{} s left", (*command.milliseconds - took) / 1000)
                                                  : fmt::format("of {}", command.last_seed - command.first_seed + 1);
      status.show(fmt::format("{} seeds judged, {}, {} a second; Ctrl-C ends the search", judged, of,
                              static_cast<std::int64_t>(judged) * 1000 / took));
    };
    found = search(scenario, options);
  }
  const std::int64_t took = milliseconds_since(began);
  if (!found.failing_seed) return nothing_found(command, scenario, found, took);

  const TrialResult raw = record_trial(scenario, *found.failing_seed);
  const std::string property = key_violation(raw)->property;
  const std::string raw_file = command.shrink_milliseconds > 0 ? raw_name(command.out) : kept_name(command.out);
  const Written raw_written = write_counterexample(raw_file, raw.concrete, property);
  if (!raw_written.ok) return Exit::usage;
  fmt::print("{}\nseed {} fails, {} before it did not ({} ms); {}{}\n", scenario.title, *found.failing_seed,
             plural(found.judged, "seed"), took, plural(raw.concrete.faults.size(), "fault"),
             raw_file.empty() ? "" : ", written to " + raw_file);
  std::fflush(stdout);

  std::string file = raw_file;
  std::vector<std::string> files;
  if (!raw_file.empty()) files.push_back(raw_file);
  TrialResult told = raw_written.result;
  if (command.shrink_milliseconds > 0) {
    Shrunk shrunk = shrink_into(command.out, raw.concrete, command.shrink_milliseconds, command.threads);
    if (!shrunk.written.ok) return Exit::usage;
    fmt::print("{}\n", shrink_summary(raw.concrete, shrunk.small));
    told = std::move(shrunk.written.result);
    file = command.out;
    files.insert(files.begin(), file);
  }
  fmt::print("\n");
  const std::string reproduce = "ktrial replay " + file;
  if (const properties::Violation* violation = violation_of(told, property))
    fmt::print("{}", reports::story(story_of(told, *violation, reproduce, files)));
  if (!command.junit.empty() &&
      !write_file(command.junit, reports::junit(scenario.title, junit_cases(told, reproduce))))
    return Exit::usage;
  return Exit::violated;
}

}  // namespace

void interrupt() { interrupted = true; }
const std::atomic<bool>& interrupted_flag() { return interrupted; }

int search(const SearchCommand& command) {
  const auto scenario = load(command.file);
  return scenario ? search_and_shrink(command, *scenario) : Exit::bad_input;
}

int shrink(const ShrinkCommand& command) {
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  const std::string out =
      command.out.empty() ? std::filesystem::path(command.file).stem().string() + ".shrunk.yaml" : command.out;
  if (!can_write_all(counterexample_files(out), inputs_of(command.file))) return Exit::usage;
  const TrialResult raw = record_trial(*scenario, scenario->seed.value_or(1));
  if (!failed(raw)) {
    fmt::print("{}: nothing is violated with seed {}; there is nothing to shrink\n", command.file, raw.seed);
    return Exit::inconclusive;
  }
  const std::string property = key_violation(raw)->property;
  const Shrunk shrunk = shrink_into(out, raw.concrete, command.milliseconds, command.threads);
  if (!shrunk.written.ok) return Exit::usage;
  fmt::print("{}\n\n", shrink_summary(raw.concrete, shrunk.small));
  if (const properties::Violation* violation = violation_of(shrunk.written.result, property))
    fmt::print("{}", reports::story(story_of(shrunk.written.result, *violation, "ktrial replay " + out, {out})));
  return Exit::violated;
}

int demo(int threads) {
  SearchCommand command;
  command.file = (library_folder() / "unclean-election.yaml").string();
  command.threads = threads;
  command.out = "ktrial-demo.yaml";
  command.shrink_milliseconds = 700;
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  // Works in a folder that nobody may write to as well.
  std::error_code error;
  const std::filesystem::path temporary = std::filesystem::temp_directory_path(error);
  if (!is_writable(command.out) && !error) command.out = (temporary / command.out).string();
  fmt::print(
      "Three brokers run Kafka's replication with unclean.leader.election.enable=true while faults strike at random.\n"
      "ktrial looks for a seed in which a record that was acknowledged is lost, and makes that failure small.\n\n");
  std::fflush(stdout);
  const int code = search_and_shrink(command, *scenario);
  if (code != Exit::violated) return code;
  fmt::print("\nnext       ktrial run {} --mermaid -    draws it; ktrial list scenarios shows more to search\n",
             command.out);
  return Exit::holds;
}

}  // namespace ktrial::scenarios
