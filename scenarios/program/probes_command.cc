// `ktrial probes`: which interesting branches of the model a campaign reaches, and which never.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "scenarios/program/commands.h"
#include "scenarios/program/counterexample.h"
#include "scenarios/program/files.h"
#include "scenarios/program/status_line.h"
#include "scenarios/program/telling.h"

namespace ktrial::scenarios {
namespace {

struct ProbedScenario {
  std::string name;
  Scenario scenario;
  ProbeCounts counts;
  std::uint64_t runs = 0;
};

void run_all(std::vector<ProbedScenario>& all, const ProbesCommand& command) {
  std::atomic<std::size_t> next{0};
  StatusLine status;
  const auto work = [&](bool shows) {
    for (std::size_t i = next++; i < all.size(); i = next++) {
      if (shows) status.show(fmt::format("{} of {} scenarios; Ctrl-C ends", i, all.size()));
      for (std::uint64_t seed = 1; seed <= command.seeds && !interrupted_flag(); ++seed) {
        TrialOptions options;
        options.seed = seed;
        all[i].counts.add(run_trial(all[i].scenario, options).probes);
        ++all[i].runs;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < command.threads; ++i) threads.emplace_back(work, false);
  work(true);
  for (std::thread& thread : threads) thread.join();
  status.clear();
}

// The scenario that reaches it most often, and how many do.
std::string where(const std::vector<ProbedScenario>& all, model::Probe probe) {
  const auto most = std::max_element(
      all.begin(), all.end(), [&](const auto& a, const auto& b) { return a.counts.of(probe) < b.counts.of(probe); });
  const auto others = std::count_if(all.begin(), all.end(), [&](const auto& s) { return s.counts.of(probe) != 0; }) - 1;
  return most->name + (others == 0 ? "" : fmt::format(" and {} more", others));
}

}  // namespace

std::string never_reached(const ProbeCounts& counts) {
  std::string text;
  for (const model::Probe probe : counts.never())
    text += fmt::format("  never: {} ({})\n", model::probe_name(probe), model::probe_row(probe).owner);
  return text;
}

int probes(const ProbesCommand& command) {
  std::vector<std::string> files = command.files;
  if (files.empty()) {
    for (const auto& file : library()) files.push_back(file.string());
    for (const auto& file : scenarios_in(catalogue_folder())) files.push_back(file.string());
  }
  std::vector<ProbedScenario> all;
  for (const std::string& file : files) {
    auto scenario = load(file);
    if (!scenario) return Exit::bad_input;
    all.push_back({std::filesystem::path(file).stem().string(), std::move(*scenario), {}, 0});
  }
  run_all(all, command);
  ProbeCounts sum;
  std::uint64_t runs = 0;
  for (const ProbedScenario& s : all) {
    sum.add(s.counts);
    runs += s.runs;
  }
  fmt::print("{} in {} of {}{}\n", summary(sum), plural(runs, "run"), plural(all.size(), "scenario"),
             interrupted_flag() ? ", interrupted" : "");
  for (const model::Probe probe : sum.reached())
    fmt::print("{:>9}  {} ({}): {}\n", sum.of(probe), model::probe_name(probe), model::probe_row(probe).owner,
               where(all, probe));
  fmt::print("{}", never_reached(sum));
  return interrupted_flag() ? Exit::inconclusive : Exit::holds;
}

}  // namespace ktrial::scenarios
