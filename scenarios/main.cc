// The command line of ktrial.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>

#include "scenarios/program/commands.h"

using namespace ktrial::scenarios;

namespace {

// "7" or "1..2000".
bool parse_seeds(const std::string& text, std::uint64_t& first, std::uint64_t& last) {
  char* end = nullptr;
  first = std::strtoull(text.c_str(), &end, 10);
  if (end == text.c_str()) return false;
  last = first;
  if (*end == '\0') return true;
  if (end[0] != '.' || end[1] != '.') return false;
  const char* rest = end + 2;
  last = std::strtoull(rest, &end, 10);
  return end != rest && *end == '\0' && last >= first;
}

// "500ms", "30s", "2m".
bool parse_duration(const std::string& text, std::int64_t& milliseconds) {
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (end == text.c_str() || value < 0) return false;
  const std::string unit = end;
  milliseconds = unit == "ms" ? value : unit == "s" ? value * 1000 : unit == "m" ? value * 60'000 : -1;
  return milliseconds >= 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "ktrial puts a Kafka-shaped log on trial: deterministic runs with injected faults, judged by properties.\n"
      "Exit codes: 0 holds, 1 violated, 2 inconclusive, 3 replay diverged, 64 usage, 65 bad input file, 70 internal."};
  app.require_subcommand(1);

  app.add_subcommand("demo", "find a real loss of acknowledged records and tell its story");

  RunCommand run_command;
  auto* run_app = app.add_subcommand("run", "run a scenario once and judge it");
  run_app->add_option("scenario", run_command.file, "scenario file")->required();
  run_app->add_option("--seed", run_command.seed, "seed (default: the file's, else 1)");
  run_app->add_option("--mermaid", run_command.mermaid, "write a Mermaid sequence diagram here (- is standard output)");
  run_app->add_option("--trace", run_command.ndjson, "write the NDJSON trace here");
  run_app->add_option("--junit", run_command.junit, "write JUnit XML here");
  run_app->add_flag("--describe", run_command.describe, "print the topics as kafka-topics.sh --describe does");

  SearchCommand search_command;
  std::string seeds = "1..1000", time_budget, shrink_budget = "20s";
  search_command.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  auto* search_app = app.add_subcommand("search", "run a scenario under many seeds; shrink the first failure");
  search_app->add_option("scenario", search_command.file, "scenario file")->required();
  search_app->add_option("--seeds", seeds, "A..B (default 1..1000)");
  search_app->add_option("--for", time_budget, "stop after this wall time (30s, 2m)");
  search_app->add_option("-j", search_command.threads, "threads (default: all cores)")->check(CLI::Range(1, 1024));
  search_app->add_option("--out", search_command.out, "file of the counterexample (default counterexample.yaml)");
  search_app->add_option("--shrink-for", shrink_budget, "time for shrinking (default 20s; 0s: none)");

  ReplayCommand replay_command;
  auto* replay_app = app.add_subcommand("replay", "run a written counterexample again, bit for bit");
  replay_app->add_option("file", replay_command.file, "file written by search or shrink")->required();

  ShrinkCommand shrink_command;
  std::string shrink_time = "60s";
  auto* shrink_app = app.add_subcommand("shrink", "make a failing scenario smaller");
  shrink_app->add_option("file", shrink_command.file, "failing scenario")->required();
  shrink_app->add_option("--out", shrink_command.out, "where to write (default: <file>.shrunk.yaml)");
  shrink_app->add_option("--for", shrink_time, "time budget (default 60s)");

  std::string what = "scenarios";
  auto* list_app = app.add_subcommand("list", "list scenarios, properties, goals, faults, variants or configs");
  list_app->add_option("what", what)
      ->check(CLI::IsMember({"scenarios", "properties", "goals", "faults", "variants", "configs"}));

  CheckDeterminismCommand determinism;
  auto* determinism_app =
      app.add_subcommand("check-determinism", "run seeds twice, alone and after others, and compare every event");
  determinism_app->add_option("scenario", determinism.file, "scenario file (default: every one of the library)");
  determinism_app->add_flag("--fingerprint", determinism.fingerprint_only, "print fingerprints, to compare builds");
  determinism_app->add_option("--seeds", determinism.seeds, "how many seeds (default 20)");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? Exit::holds : Exit::usage;
  }
  std::signal(SIGINT, [](int) { interrupt(); });

  std::int64_t milliseconds = 0;
  try {
    if (app.got_subcommand("demo")) return demo();
    if (run_app->parsed()) return run(run_command);
    if (search_app->parsed()) {
      if (!parse_seeds(seeds, search_command.first_seed, search_command.last_seed)) {
        std::fprintf(stderr, "ktrial: --seeds wants A..B with A <= B, not '%s'\n", seeds.c_str());
        return Exit::usage;
      }
      if (!time_budget.empty()) {
        if (!parse_duration(time_budget, milliseconds)) {
          std::fprintf(stderr, "ktrial: --for wants a time such as 30s, not '%s'\n", time_budget.c_str());
          return Exit::usage;
        }
        search_command.milliseconds = milliseconds;
        if (search_app->count("--seeds") == 0) search_command.last_seed = ~std::uint64_t{0} - 1;
      }
      if (!parse_duration(shrink_budget, search_command.shrink_milliseconds)) {
        std::fprintf(stderr, "ktrial: --shrink-for wants a time such as 20s, not '%s'\n", shrink_budget.c_str());
        return Exit::usage;
      }
      return search(search_command);
    }
    if (replay_app->parsed()) return replay(replay_command);
    if (shrink_app->parsed()) {
      if (!parse_duration(shrink_time, shrink_command.milliseconds)) {
        std::fprintf(stderr, "ktrial: --for wants a time such as 60s, not '%s'\n", shrink_time.c_str());
        return Exit::usage;
      }
      return shrink(shrink_command);
    }
    if (list_app->parsed()) return list(what);
    if (determinism_app->parsed()) return check_determinism(determinism);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ktrial: internal error: %s\n", e.what());
    return Exit::internal;
  }
  return Exit::usage;
}
