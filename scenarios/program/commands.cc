#include "scenarios/program/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "model/config_keys.h"
#include "properties/catalogue.h"
#include "reports/describe.h"
#include "reports/junit.h"
#include "reports/mermaid.h"
#include "reports/ndjson.h"
#include "scenarios/program/telling.h"
#include "scenarios/run/goals.h"
#include "scenarios/run/trial.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/scenario_writer.h"
#include "scenarios/search/search.h"
#include "scenarios/search/shrink.h"
#include "scenarios/variants_text.h"

namespace ktrial::scenarios {
namespace {

std::atomic<bool> interrupted{false};

const std::filesystem::path kLibrary = std::filesystem::path(KTRIAL_SOURCE_DIR) / "scenarios" / "library";

std::vector<std::filesystem::path> library() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kLibrary))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

bool write_file(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return true;
  }
  const std::string temporary = path + ".tmp";
  std::ofstream out(temporary, std::ios::binary);
  out << text;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(temporary, path, error);
  if (!out || error) {
    fmt::print(stderr, "ktrial: cannot write {}\n", path);
    return false;
  }
  return true;
}

// Reads a scenario or says what is wrong with it.
std::optional<Scenario> load(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || std::filesystem::is_directory(file)) {
    fmt::print(stderr, "ktrial: cannot read {}\n", file);
    return std::nullopt;
  }
  KnownNames known{properties::all_property_names(), known_goals()};
  std::vector<Diagnostic> warnings;
  auto scenario = read_scenario(text.str(), file, known, &warnings);
  for (const Diagnostic& warning : warnings)
    fmt::print(stderr, "{}:{}:{}: warning: {}\n", warning.file, warning.line, warning.column, warning.message);
  if (scenario) return std::move(*scenario);
  for (const Diagnostic& error : scenario.error()) fmt::print(stderr, "{}\n", to_string(error));
  return std::nullopt;
}

TrialResult record(const Scenario& scenario, std::uint64_t seed) {
  TrialOptions options;
  options.seed = seed;
  options.record = true;
  return run_trial(scenario, options);
}

void print_story(const TrialResult& result, const properties::Violation& violation, const std::string& reproduce,
                 std::vector<std::string> files) {
  fmt::print("{}", reports::story(story_of(result, violation, reproduce, std::move(files))));
}

std::string describe(const TrialResult& result) {
  std::vector<reports::DescribedTopic> topics;
  for (const auto& [name, id] : result.topics) {
    reports::DescribedTopic topic;
    topic.name = name;
    topic.id = std::to_string(id.value);
    std::map<int, reports::DescribedPartition> partitions;
    for (const RecordedFact& f : result.facts)
      if (const auto* state = std::get_if<model::PartitionStateCommitted>(&f.fact);
          state && state->partition.topic == id) {
        reports::DescribedPartition& p = partitions[state->partition.partition.value];
        p = {state->partition.partition.value, state->leader.value, {}, {}, {}, {}};
        for (const auto node : state->replicas) p.replicas.push_back(node.value);
        for (const auto node : state->isr) p.isr.push_back(node.value);
      }
    for (auto& [index, partition] : partitions) topic.partitions.push_back(std::move(partition));
    topics.push_back(std::move(topic));
  }
  return reports::describe_topics(topics);
}

// Polls, heartbeats and commits repeat for ever: of each kind between two nodes a diagram shows the first two, and
// those that led to something that a reader waits for.
std::set<std::uint64_t> repetitions(const reports::Trace& trace) {
  static const std::set<std::string> kAlwaysTold = {"RecordConsumed",    "GroupStateChanged", "BecameLeader",
                                                    "PartitionsRevoked", "IsrChanged",        "PartitionsAssigned"};
  static const std::set<std::string> kToldTwice = {"BatchAppended", "OffsetCommitted"};  // on each node
  static const std::vector<std::string> kPolls = {"Fetch",        "BrokerHeartbeat", "Heartbeat",      "Metadata",
                                                  "OffsetCommit", "connection",      "FindCoordinator"};
  std::map<std::pair<std::string, int>, int> seen_facts;
  std::set<std::uint64_t> told;
  for (const reports::TraceEvent& event : trace.events)
    if (event.kind == "fact" && (kAlwaysTold.contains(event.name) ||
                                 (kToldTwice.contains(event.name) && ++seen_facts[{event.name, event.node}] <= 2)))
      told.insert(event.id);
  std::map<std::tuple<std::string, int, int>, int> seen;
  std::set<std::uint64_t> repeated;
  for (const reports::TraceEvent& event : trace.events) {
    const bool polls = std::any_of(kPolls.begin(), kPolls.end(),
                                   [&](const std::string& name) { return event.name.starts_with(name); });
    if (event.kind != "sent" && event.kind != "fact" && polls && !told.contains(event.id) &&
        ++seen[{event.name, event.node, event.peer}] > 2)
      repeated.insert(event.id);
  }
  return repeated;
}

int exit_code(const TrialResult& result) {
  if (result.unexpected()) return Exit::violated;
  if (!result.expected_but_held().empty() || !result.missed_goals.empty()) return Exit::inconclusive;
  return Exit::holds;
}

class StatusLine {
 public:
  StatusLine() : shown_(isatty(STDERR_FILENO) != 0) {}
  ~StatusLine() { clear(); }
  void show(const std::string& text) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    drawn_ = true;
    fmt::print(stderr, "\r\033[K{}", text);
    std::fflush(stderr);
  }
  void clear() {
    if (drawn_) fmt::print(stderr, "\r\033[K");
    drawn_ = false;
  }

 private:
  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

// A counterexample runs by itself: what was expected to fail is now expected to hold, so replaying it exits with 1.
Scenario counterexample(const Scenario& concrete, const std::string& property) {
  Scenario scenario = concrete;
  scenario.title = fmt::format("{} (counterexample of {})", concrete.title, property);
  std::erase_if(scenario.expect, [](const auto& expected) { return expected.second != Expected::any; });
  scenario.goals.clear();
  return scenario;
}

bool write_counterexample(const std::string& path, const Scenario& concrete, const std::string& property) {
  return write_file(path, write_scenario(counterexample(concrete, property)));
}

}  // namespace

void interrupt() { interrupted = true; }

int run(const RunCommand& command) {
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  const TrialResult result = record(*scenario, command.seed.value_or(scenario->seed.value_or(1)));
  const bool text_goes_first = command.mermaid == "-" || command.ndjson == "-" || command.junit == "-";
  if (!command.mermaid.empty()) {
    reports::MermaidOptions options;
    options.skip_names = {"MetadataCommitted",         "MetadataApplied",    "MetadataAppended",
                          "ConsumerHighWatermarkSeen", "QuorumFetchRequest", "QuorumFetchResponse",
                          "HighWatermarkAdvanced"};
    const reports::Trace trace = trace_of(result);
    options.skip_events = repetitions(trace);
    if (!write_file(command.mermaid, reports::mermaid(trace, options))) return Exit::internal;
  }
  if (!command.ndjson.empty() && !write_file(command.ndjson, reports::ndjson(trace_of(result)))) return Exit::internal;
  if (!command.junit.empty()) {
    std::vector<reports::JunitCase> cases;
    for (const properties::Verdict& verdict : result.verdicts) {
      reports::JunitCase test;
      test.classname = scenario->title;
      test.name = verdict.property;
      test.result = !verdict.violations.empty() ? reports::JunitResult::failed
                    : verdict.premise == 0      ? reports::JunitResult::skipped
                                                : reports::JunitResult::passed;
      if (!verdict.violations.empty()) test.text = with_names(verdict.violations.front().text, result);
      cases.push_back(std::move(test));
    }
    if (!write_file(command.junit, reports::junit(scenario->title, cases))) return Exit::internal;
  }
  if (text_goes_first) return exit_code(result);
  fmt::print("{}\n\n", scenario->title);
  if (const properties::Violation* violation = result.unexpected() ? result.unexpected() : result.first_violation()) {
    print_story(result, *violation, fmt::format("ktrial run {} --seed {}", command.file, result.seed), {});
    fmt::print("\n");
  }
  if (command.describe) fmt::print("{}\n", describe(result));
  fmt::print("{}", verdict_table(result));
  for (const std::string& goal : result.missed_goals) fmt::print("  goal not reached: {}\n", goal);
  for (const std::string& held : result.expected_but_held())
    fmt::print("  expected to be violated, but held: {}\n", held);
  fmt::print("\nseed {}, {} events, {} faults, {:.3f} s of virtual time, fingerprint {:016x}\n", result.seed,
             result.events, result.faults_injected,
             static_cast<double>(result.ended_at.count()) / 1e9,  // printing only
             result.fingerprint);
  return exit_code(result);
}

int search(const SearchCommand& command) {
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  SearchOptions options;
  options.first_seed = command.first_seed;
  options.last_seed = command.last_seed;
  options.threads = command.threads;
  options.interrupted = &interrupted;
  if (command.milliseconds) options.time_budget = std::chrono::milliseconds(*command.milliseconds);
  StatusLine status;
  options.progress = [&status](std::uint64_t judged) { status.show(fmt::format("{} seeds judged", judged)); };
  const auto began = std::chrono::steady_clock::now();
  const SearchResult found = search(*scenario, options);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  status.clear();
  if (!found.failing_seed) {
    fmt::print("{}: holds in {} seeds ({} events, {} faults, {} ms)\n", scenario->title, found.judged, found.events,
               found.faults, took.count());
    std::vector<std::string> vacuous;
    for (const auto& [property, premise] : found.premises)
      if (premise == 0) vacuous.push_back(property);
    for (const std::string& property : vacuous) fmt::print("  vacuous in every seed: {}\n", property);
    bool missed = false;
    for (const auto& [goal, times] : found.goals_missed)
      if (times == found.judged) {
        missed = true;
        fmt::print("  goal not reached in any seed: {}\n", goal);
      }
    return found.interrupted || found.judged == 0 || missed ? Exit::inconclusive : Exit::holds;
  }
  const TrialResult raw = record(*scenario, *found.failing_seed);
  const properties::Violation* violation = raw.first_violation();
  const std::string raw_file = command.out + ".raw.yaml";
  if (!write_counterexample(raw_file, raw.concrete, violation->property)) return Exit::internal;
  fmt::print("{}: seed {} fails after {} good ones ({} ms); {} faults, written to {}\n", scenario->title,
             *found.failing_seed, found.judged, took.count(), raw.concrete.faults.size(), raw_file);
  std::fflush(stdout);
  ShrinkOptions shrinking;
  shrinking.time_budget = std::chrono::milliseconds(command.shrink_milliseconds);
  shrinking.interrupted = &interrupted;
  shrinking.progress = [&status](const Scenario& best, int trials) {
    status.show(fmt::format("shrinking: {} faults after {} trials", best.faults.size(), trials));
  };
  const ShrinkResult small = shrink(raw.concrete, shrinking);
  status.clear();
  if (!write_counterexample(command.out, small.scenario, small.property)) return Exit::internal;
  const TrialResult told = record(small.scenario, small.scenario.seed.value_or(1));
  const properties::Violation* last = told.first_violation();
  for (const properties::Verdict& verdict : told.verdicts)
    if (verdict.property == small.property && !verdict.violations.empty()) last = &verdict.violations.front();
  fmt::print("shrunk from {} to {} faults in {} trials\n\n", raw.concrete.faults.size(), small.scenario.faults.size(),
             small.trials);
  if (last) print_story(told, *last, fmt::format("ktrial replay {}", command.out), {command.out, raw_file});
  return Exit::violated;
}

int replay(const ReplayCommand& command) {
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  std::vector<std::uint64_t> first, second;
  TrialOptions options;
  options.seed = scenario->seed.value_or(1);
  options.fingerprints = &first;
  run_trial(*scenario, options);
  options.fingerprints = &second;
  options.record = true;
  const TrialResult result = run_trial(*scenario, options);
  const auto [a, b] = std::mismatch(first.begin(), first.end(), second.begin(), second.end());
  if (a != first.end() || b != second.end()) {
    fmt::print("the replay diverged at event {}\n", a - first.begin() + 1);
    return Exit::diverged;
  }
  if (const properties::Violation* violation = result.first_violation()) {
    print_story(result, *violation, fmt::format("ktrial replay {}", command.file), {command.file});
    return Exit::violated;
  }
  fmt::print("{}: nothing is violated ({} events, fingerprint {:016x})\n", scenario->title, result.events,
             result.fingerprint);
  return Exit::holds;
}

int shrink(const ShrinkCommand& command) {
  const auto scenario = load(command.file);
  if (!scenario) return Exit::bad_input;
  TrialOptions options;
  options.seed = scenario->seed.value_or(1);
  const TrialResult raw = run_trial(*scenario, options);
  if (!failed(raw)) {
    fmt::print("{}: nothing is violated with seed {}; there is nothing to shrink\n", command.file, options.seed);
    return Exit::holds;
  }
  ShrinkOptions shrinking;
  shrinking.time_budget = std::chrono::milliseconds(command.milliseconds);
  shrinking.interrupted = &interrupted;
  const ShrinkResult small = shrink(raw.concrete, shrinking);
  const std::string out = command.out.empty() ? command.file + ".shrunk.yaml" : command.out;
  if (!write_counterexample(out, small.scenario, small.property)) return Exit::internal;
  fmt::print("shrunk from {} to {} faults in {} trials; written to {}\n", raw.concrete.faults.size(),
             small.scenario.faults.size(), small.trials, out);
  return Exit::violated;
}

int demo() {
  const std::string file = (kLibrary / "unclean-election.yaml").string();
  SearchCommand command;
  command.file = file;
  command.out = "ktrial-demo.yaml";
  command.shrink_milliseconds = 3000;
  fmt::print(
      "A three-broker Kafka with unclean.leader.election.enable=true, under random faults. ktrial looks for a\n"
      "seed in which an acknowledged record is lost, and makes the failure small:\n\n");
  const int code = search(command);
  if (code != Exit::violated) return code;
  fmt::print("\nNext: ktrial replay {}   then: ktrial list scenarios\n", command.out);
  return Exit::holds;
}

int list(const std::string& what) {
  if (what == "scenarios") {
    for (const auto& file : library()) {
      const auto scenario = load(file.string());
      if (!scenario) return Exit::bad_input;
      fmt::print("{:<36} {}\n", file.stem().string(), scenario->title);
    }
  } else if (what == "properties") {
    for (const auto& entry : properties::catalogue()) fmt::print("{:<36} {}\n", entry.name, entry.meaning);
  } else if (what == "goals") {
    for (const std::string& goal : known_goals()) fmt::print("{}\n", goal);
  } else if (what == "faults") {
    for (int i = 0; i < kFaultKinds; ++i) fmt::print("{}\n", to_string(static_cast<FaultKind>(i)));
  } else if (what == "configs") {
    fmt::print("{}", model::config_keys_markdown());
  } else {
    fmt::print("{}", variants_text());
  }
  return Exit::holds;
}

int check_determinism(const CheckDeterminismCommand& command) {
  std::vector<std::string> files;
  if (!command.file.empty())
    files.push_back(command.file);
  else
    for (const auto& file : library()) files.push_back(file.string());
  for (const std::string& file : files) {
    const auto scenario = load(file);
    if (!scenario) return Exit::bad_input;
    const std::string name = std::filesystem::path(file).stem().string();
    std::vector<std::vector<std::uint64_t>> first(command.seeds);
    for (std::uint64_t i = 0; i < command.seeds; ++i) {
      TrialOptions options;
      options.seed = i + 1;
      options.fingerprints = &first[i];
      const TrialResult result = run_trial(*scenario, options);
      if (command.fingerprint_only)
        fmt::print("{} seed {}: {:016x} {} events\n", name, i + 1, result.fingerprint, result.events);
    }
    // Again, in the other order, after all the others: nothing may leak from one run into the next.
    for (std::uint64_t i = command.seeds; i-- > 0;) {
      std::vector<std::uint64_t> again;
      TrialOptions options;
      options.seed = i + 1;
      options.fingerprints = &again;
      run_trial(*scenario, options);
      const auto [a, b] = std::mismatch(first[i].begin(), first[i].end(), again.begin(), again.end());
      if (a != first[i].end() || b != again.end()) {
        fmt::print("{} seed {}: differs first at event {}\n", name, i + 1, a - first[i].begin() + 1);
        return Exit::diverged;
      }
    }
    if (!command.fingerprint_only) fmt::print("{}: {} seeds, the same twice\n", name, command.seeds);
  }
  return Exit::holds;
}

}  // namespace ktrial::scenarios
