#include "scenarios/search/shrink.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

#include "properties/judge.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/scenario_writer.h"
#include "scenarios/search/search.h"
#include "scenarios/search/shrink_steps.h"

namespace ktrial::scenarios {
namespace {

TrialResult run(const Scenario& scenario) {
  TrialOptions options;
  options.seed = scenario.seed.value_or(1);
  return run_trial(scenario, options);
}

bool missed(const TrialResult& result, const std::string& goal) {
  return std::find(result.missed_goals.begin(), result.missed_goals.end(), goal) != result.missed_goals.end();
}

class Shrinker {
 public:
  Shrinker(const Scenario& concrete, const ShrinkOptions& options)
      : options_(options), deadline_(std::chrono::steady_clock::now() + options.time_budget) {
    best_.scenario = concrete;
    best_.scenario.counterexample.clear();
    best_.scenario.recorded.reset();
    ++best_.trials;
    const TrialResult first = run(concrete);
    if (const properties::Violation* violation = key_violation(first)) {
      best_.property = violation->property;
      best_.reason = violation->reason;
      failed_at_ = violation->at;
      ended_at_ = first.ended_at;
      // What the scenario set out to show must stay in it; what this run did not reach cannot.
      std::erase_if(best_.scenario.goals, [&](const std::string& goal) { return missed(first, goal); });
    }
  }

  ShrinkResult shrink() {
    if (best_.property.empty()) return best_;
    for (bool smaller = true; smaller && !over();) {
      smaller = false;
      for (const ShrinkPass pass : shrink_passes()) {
        // The run need not go on after the failure, and each trial that fails no more is as long as the run.
        cut_end();
        smaller |= take(pass(best_.scenario));
      }
    }
    return best_;
  }

 private:
  struct Candidate {
    std::optional<Scenario> scenario;  // absent: the step does not apply
    std::optional<TrialResult> result;
    const properties::Violation* violation = nullptr;
  };

  bool over() {
    if (options_.interrupted && *options_.interrupted) best_.interrupted = true;
    if (std::chrono::steady_clock::now() >= deadline_) best_.out_of_time = true;
    return best_.interrupted || best_.out_of_time;
  }

  // Only what a file can say counts, and what it says: derived values follow from what is written.
  static std::optional<Scenario> normal(const Scenario& scenario) {
    static const KnownNames known{properties::all_property_names(), known_goals()};
    auto read = read_scenario(write_scenario(scenario), "", known);
    if (!read) return std::nullopt;
    return std::move(*read);
  }

  void try_step(const ShrinkStep& step, Candidate& candidate) const {
    Scenario smaller = best_.scenario;
    if (!step(smaller)) return;
    candidate.scenario = normal(smaller);
    if (!candidate.scenario || *candidate.scenario == best_.scenario) {
      candidate.scenario.reset();
      return;
    }
    candidate.result = run(*candidate.scenario);
    candidate.violation = key_violation(*candidate.result);
    if (candidate.violation &&
        (!candidate.result->missed_goals.empty() || candidate.violation->property != best_.property ||
         candidate.violation->reason != best_.reason))
      candidate.violation = nullptr;
  }

  // Tries the steps in their order. Several are tried at once on the best so far; as soon as one is taken, what the
  // ones behind it gave is void, so the outcome is that of trying them one by one.
  bool take(const std::vector<ShrinkStep>& steps) {
    bool any = false;
    const std::size_t width = static_cast<std::size_t>(std::max(options_.threads, 1));
    for (std::size_t next = 0; next < steps.size() && !over();) {
      std::vector<Candidate> candidates(std::min(width, steps.size() - next));
      std::vector<std::thread> threads;
      for (std::size_t i = 1; i < candidates.size(); ++i)
        threads.emplace_back([&, i] { try_step(steps[next + i], candidates[i]); });
      try_step(steps[next], candidates[0]);
      for (std::thread& thread : threads) thread.join();
      std::size_t used = candidates.size();
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].result) ++best_.trials;
        if (!candidates[i].violation) continue;
        accept(candidates[i]);
        any = true;
        used = i + 1;
        break;
      }
      next += used;
    }
    return any;
  }

  void accept(const Candidate& candidate) {
    best_.scenario = *candidate.scenario;
    failed_at_ = candidate.violation->at;
    ended_at_ = candidate.result->ended_at;
    if (options_.progress) options_.progress(best_);
  }

  // To the end of the second in which it failed. Liveness is judged at the end of the run and keeps its own.
  void cut_end() {
    if (ended_at_ >= best_.scenario.run_until) return;
    const Nanos end = failed_at_ / seconds(1) * seconds(1) + seconds(1);
    if (end >= best_.scenario.run_until) return;
    take({[end](Scenario& c) {
      c.run_until = end;
      return true;
    }});
  }

  const ShrinkOptions& options_;
  std::chrono::steady_clock::time_point deadline_;
  ShrinkResult best_;
  Nanos failed_at_{0};
  Nanos ended_at_{0};
};

}  // namespace

const properties::Violation* key_violation(const TrialResult& result) {
  const properties::Violation* key = result.first_violation();
  const auto expected = result.concrete.expect.find("loss-is-permitted");
  if (expected != result.concrete.expect.end() && expected->second == Expected::any) return key;
  for (const properties::Verdict& verdict : result.verdicts)
    if (verdict.property == "loss-is-permitted" && !verdict.violations.empty() && key)
      key = &verdict.violations.front();
  return key;
}

ShrinkResult shrink(const Scenario& concrete, const ShrinkOptions& options) {
  return Shrinker(concrete, options).shrink();
}

}  // namespace ktrial::scenarios
