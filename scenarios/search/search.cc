#include "scenarios/search/search.h"

#include <mutex>
#include <thread>
#include <vector>

namespace ktrial::scenarios {

bool failed(const TrialResult& result) {
  for (const properties::Verdict& verdict : result.verdicts) {
    if (verdict.violations.empty()) continue;
    const auto expected = result.concrete.expect.find(verdict.property);
    if (expected == result.concrete.expect.end() || expected->second != Expected::any) return true;
  }
  return false;
}

namespace {

struct SearchCampaign {
  const Scenario& scenario;
  const SearchOptions& options;
  std::chrono::steady_clock::time_point deadline;
  std::mutex mutex;
  std::uint64_t next;
  SearchResult result;

  // Takes the next seed, unless the search is over or nothing below the best failure is left.
  std::optional<std::uint64_t> take() {
    const std::lock_guard lock(mutex);
    if (options.interrupted && *options.interrupted) {
      result.interrupted = true;
      return std::nullopt;
    }
    if (options.time_budget && std::chrono::steady_clock::now() >= deadline) {
      result.out_of_time = true;
      return std::nullopt;
    }
    if (next > options.last_seed || (result.failing_seed && next > *result.failing_seed)) return std::nullopt;
    return next++;
  }

  void report(std::uint64_t seed, const TrialResult& trial) {
    const std::lock_guard lock(mutex);
    result.events += trial.events;
    result.probes.add(trial.probes);
    result.faults += static_cast<std::uint64_t>(trial.faults_injected);
    result.fault_count.add(trial.fault_outcomes);
    if (failed(trial)) {
      if (!result.failing_seed || seed < *result.failing_seed) result.failing_seed = seed;
    } else {
      ++result.judged;
      for (const properties::Verdict& verdict : trial.verdicts) result.premises[verdict.property] += verdict.premise;
      for (const std::string& goal : trial.missed_goals) ++result.goals_missed[goal];
    }
    if (options.progress) options.progress(result.judged);
  }

  void work() {
    while (const auto seed = take()) {
      TrialOptions trial;
      trial.seed = *seed;
      report(*seed, run_trial(scenario, trial));
    }
  }
};

}  // namespace

SearchResult search(const Scenario& scenario, const SearchOptions& options) {
  const auto now = std::chrono::steady_clock::now();
  SearchCampaign campaign{
      scenario, options, now + options.time_budget.value_or(std::chrono::milliseconds(0)), {}, options.first_seed, {}};
  std::vector<std::thread> threads;
  for (int i = 1; i < options.threads; ++i) threads.emplace_back([&campaign] { campaign.work(); });
  campaign.work();
  for (std::thread& thread : threads) thread.join();
  // Other threads may have judged seeds above the failing one meanwhile; which ones is chance.
  if (campaign.result.failing_seed) campaign.result.judged = *campaign.result.failing_seed - options.first_seed;
  return campaign.result;
}

}  // namespace ktrial::scenarios
