// The command line of ktrial.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <thread>

#include "model/duration_text.h"
#include "scenarios/diagnostic.h"
#include "scenarios/program/commands.h"

using namespace ktrial::scenarios;

namespace {

// "7" or "1..2000".
bool parse_seeds(const std::string& text, std::uint64_t& first, std::uint64_t& last) {
  const auto number = [](const std::string& digits, std::uint64_t& out) {
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos &&
           CLI::detail::lexical_cast(digits, out);
  };
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) return number(text, first) && (last = first, true);
  return number(text.substr(0, dots), first) && number(text.substr(dots + 2), last) && last >= first;
}

// "500ms", "30s", "2m".
std::optional<std::int64_t> parse_milliseconds(const std::string& text) {
  const auto time = ktrial::model::parse_duration(text);
  constexpr ktrial::model::Nanos kUnit = std::chrono::milliseconds(1);
  return time && time->count() >= 0 && *time % kUnit == kUnit.zero() ? std::optional(*time / kUnit) : std::nullopt;
}

// A mistake on the command line is known before anything runs.
CLI::Validator duration() {
  return CLI::Validator(
      [](const std::string& text) {
        return parse_milliseconds(text) ? std::string() : "expected a time such as 30s, not '" + text + "'";
      },
      "TIME");
}
CLI::Validator seed_range() {
  return CLI::Validator(
      [](const std::string& text) {
        std::uint64_t first = 0, last = 0;
        return parse_seeds(text, first, last) ? std::string() : "expected A..B with A <= B, not '" + text + "'";
      },
      "A..B");
}

// The first word that is no option, or an option that no command knows, with the nearest that one does.
std::string hint_for(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> commands;
  for (const CLI::App* sub : app.get_subcommands(nullptr)) commands.push_back(sub->get_name());
  const CLI::App* command = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    if (!word.starts_with("-")) {
      if (command) continue;
      for (const CLI::App* sub : app.get_subcommands(nullptr))
        if (sub->get_name() == word) command = sub;
      if (command) continue;
      const std::string near = nearest(word, commands);
      return near.empty() ? "the commands are in ktrial --help" : "did you mean 'ktrial " + near + "'?";
    }
    if (!command || word.size() < 3) continue;
    std::vector<std::string> options;
    for (const CLI::Option* option : command->get_options())
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    if (std::find(options.begin(), options.end(), word) != options.end()) continue;
    const std::string near = nearest(word, options);
    if (!near.empty()) return "did you mean '" + near + "'?";
  }
  return "";
}

constexpr const char* kHelp =
    "ktrial puts a Kafka-shaped log on trial: deterministic runs with injected faults, judged by properties.\n"
    "A scenario is a file, or a name that `ktrial list` shows.";
constexpr const char* kFooter =
    "Exit codes: 0 holds, 1 violated, 2 inconclusive (vacuous, goal missed, interrupted), 3 replay diverged,\n"
    "64 usage or a file that cannot be written, 65 bad input file, 70 internal.\n"
    "The launcher ./ktrial also has `test` and `bench`. More in docs/README.md.";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{kHelp, "ktrial"};
  app.footer(kFooter);
  app.require_subcommand(1);
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));

  auto* demo_app = app.add_subcommand("demo", "find a real loss of an acknowledged record and tell its story");

  RunCommand run_command;
  auto* run_app = app.add_subcommand("run", "run a scenario once and judge it");
  run_app->add_option("scenario", run_command.file, "file, or name in the library")->required();
  run_app->add_option("--seed", run_command.seed, "seed (default: the file's, else 1)");
  run_app->add_option("--mermaid", run_command.mermaid, "write a Mermaid sequence diagram here (- is standard output)");
  run_app->add_option("--trace", run_command.ndjson, "write the NDJSON trace here (-)");
  run_app->add_option("--junit", run_command.junit, "write JUnit XML here (-)");
  run_app->add_flag("--describe", run_command.describe, "print the topics as kafka-topics.sh --describe does");

  std::string state_at;
  run_app->add_option("--state-at", state_at, "print the state at this time (as 12s) and nothing else")
      ->check(duration());
  run_app->add_option("--state-of", run_command.state_of, "of this node alone (as 'broker 1')")->needs("--state-at");

  SearchCommand search_command;
  std::string seeds = "1..1000", time_budget, shrink_budget = "20s";
  search_command.threads = cores;
  auto* search_app = app.add_subcommand("search", "run a scenario under many seeds; shrink the first failure");
  search_app->add_option("scenario", search_command.file, "file, or name in the library")->required();
  search_app->add_option("--seeds", seeds, "seeds to try (default 1..1000)")->check(seed_range());
  search_app->add_option("--for", time_budget, "stop after this wall time, whatever the seed")->check(duration());
  search_app->add_option("-j,--threads", search_command.threads, "threads (default: all cores)")
      ->check(CLI::Range(1, 1024));
  search_app->add_option("--out", search_command.out, "file of the counterexample (default counterexample.yaml)");
  search_app->add_option("--shrink-for", shrink_budget, "time for shrinking (default 20s; 0s: none)")
      ->check(duration());
  search_app->add_option("--junit", search_command.junit, "write JUnit XML here (-)");

  ReplayCommand replay_command;
  auto* replay_app = app.add_subcommand("replay", "run a written counterexample again, bit for bit");
  replay_app->add_option("file", replay_command.file, "file written by search or shrink")->required();
  replay_app->add_option("--mermaid", replay_command.mermaid, "write a Mermaid sequence diagram here (-)");
  replay_app->add_option("--trace", replay_command.ndjson, "write the NDJSON trace here (-)");

  ShrinkCommand shrink_command;
  std::string shrink_time = "60s";
  shrink_command.threads = cores;
  auto* shrink_app = app.add_subcommand("shrink", "make a failing scenario smaller");
  shrink_app->add_option("file", shrink_command.file, "failing scenario; its seed is the file's, else 1")->required();
  shrink_app->add_option("--out", shrink_command.out, "where to write (default: <name>.shrunk.yaml in this folder)");
  shrink_app->add_option("--for", shrink_time, "time budget (default 60s)")->check(duration());
  shrink_app->add_option("-j,--threads", shrink_command.threads, "threads (default: all cores)")
      ->check(CLI::Range(1, 1024));

  std::string what = "scenarios";
  auto* list_app = app.add_subcommand("list",
                                      "list scenarios, the catalogue of bugs, properties, faults, goals, variants, "
                                      "configs, the keys of a scenario file or probes");
  list_app->add_option("what", what, "what to list (default: scenarios)")->check(CLI::IsMember(list_topics()));

  CrashPointCommand crash_command;
  auto* crash_app = app.add_subcommand("crash-points", "try all that the disks may keep at each power cut of a run");
  crash_app->add_option("scenario", crash_command.file, "file, or name in the library")->required();
  crash_app->add_option("--seed", crash_command.seed, "seed (default: the file's, else 1)");
  crash_app
      ->add_option("--writes", crash_command.writes,
                   "unsynced writes of one power cut that have all their outcomes run (5: at most 243 runs)")
      ->check(CLI::Range(1, 16));
  crash_app->add_option("--out", crash_command.out, "file of the first violation (default crash-point.yaml)");

  ProbesCommand probes_command;
  probes_command.threads = cores;
  auto* probes_app =
      app.add_subcommand("probes", "which interesting branches of the model runs reach, and which never");
  probes_app->add_option("scenarios", probes_command.files, "files or names (default: all of library and catalogue)");
  probes_app->add_option("--seeds", probes_command.seeds, "how many seeds of each (default 5)");
  probes_app->add_option("-j,--threads", probes_command.threads, "threads (default: all cores)")
      ->check(CLI::Range(1, 1024));

  CheckDeterminismCommand determinism;
  auto* determinism_app =
      app.add_subcommand("check-determinism", "run seeds twice, alone and after others, and compare every event");
  determinism_app->add_option("scenario", determinism.file, "file or name (default: every one of the library)");
  determinism_app->add_flag("--fingerprint", determinism.fingerprint_only, "print fingerprints, to compare builds");
  determinism_app->add_option("--seeds", determinism.seeds, "how many seeds (default 20)");
  determinism_app->add_option("--others", determinism.others, "how many other seeds run in between (default 0)");

  PowerCommand power_command;
  power_command.threads = cores;
  auto* power_app = app.add_subcommand(
      "power", "how many seeds and CPU seconds it takes to find each known bug; the correct model must hold as long");
  power_app->add_option("--parts", power_command.parts, "parts of the catalogue, as R,C,D,H (default: all)")
      ->delimiter(',');
  power_app->add_option("entries", power_command.entries, "entries, as R01 (default: all)");
  power_app->add_option("--repetitions", power_command.repetitions, "of each entry, each with seeds of its own (5)")
      ->check(CLI::Range(1, 1000));
  power_app->add_option("--seeds", power_command.seeds, "budget of a repetition (tier 1: 20000, others: 100000)");
  power_app->add_option("--cpu-seconds", power_command.cpu_seconds, "budget of a repetition (default 60)")
      ->check(CLI::PositiveNumber);
  power_app->add_option("-j,--threads", power_command.threads, "threads (default: all cores)")
      ->check(CLI::Range(1, 1024));
  power_app->add_option("--json", power_command.json,
                        "results; what the file already holds is not run again (default ktrial-power.json)");
  power_app->add_option("--folder", power_command.folder, "scenarios with a 'catalogue' part (default: the catalogue)");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    const std::string hint = hint_for(app, argc, argv);
    std::fprintf(stderr, "ktrial: %s%s%s\n", e.what(), hint.empty() ? "" : "\nktrial: ", hint.c_str());
    return Exit::usage;
  }

  try {
    if (demo_app->parsed() || search_app->parsed() || shrink_app->parsed() || power_app->parsed() ||
        crash_app->parsed() || probes_app->parsed()) {
      // Once ends the work and keeps the best so far; twice ends the program.
      struct sigaction action {};
      action.sa_handler = [](int) { interrupt(); };
      action.sa_flags = static_cast<int>(SA_RESETHAND);
      for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
    }
    if (demo_app->parsed()) return demo(cores);
    if (run_app->parsed()) {
      if (const auto time = parse_milliseconds(state_at)) run_command.state_at = *time;
      return run(run_command);
    }
    if (search_app->parsed()) {
      parse_seeds(seeds, search_command.first_seed, search_command.last_seed);
      if (const auto time = parse_milliseconds(shrink_budget)) search_command.shrink_milliseconds = *time;
      if (const auto time = parse_milliseconds(time_budget)) {
        search_command.milliseconds = *time;
        if (search_app->count("--seeds") == 0) search_command.last_seed = ~std::uint64_t{0} - 1;
      }
      return search(search_command);
    }
    if (replay_app->parsed()) return replay(replay_command);
    if (shrink_app->parsed()) {
      if (const auto time = parse_milliseconds(shrink_time)) shrink_command.milliseconds = *time;
      return shrink(shrink_command);
    }
    if (list_app->parsed()) return list(what);
    if (power_app->parsed()) return power(power_command);
    if (crash_app->parsed()) return crash_points(crash_command);
    if (probes_app->parsed()) return probes(probes_command);
    if (determinism_app->parsed()) return check_determinism(determinism);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ktrial: internal error: %s\n", e.what());
    return Exit::internal;
  }
  return Exit::usage;
}
