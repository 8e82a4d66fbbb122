#include "scenarios/search/crash_points.h"

#include <algorithm>

namespace ktrial::scenarios {
namespace {

constexpr std::uint64_t kFates = 3;  // lost, torn, whole

struct Question {
  sim::DecisionName name;
  std::uint64_t first = 0;  // the fate that the seed has
  std::uint64_t tried = 1;
  std::uint64_t fate() const { return (first + tried - 1) % kFates; }
};

bool asked_at(const sim::AskedSurvival& asked, const CrashPoint& point) {
  return static_cast<std::int32_t>(asked.name.a) + 1 == point.node.value && asked.name.b == point.crash;
}

}  // namespace

std::vector<CrashPoint> crash_points(const TrialResult& result) {
  std::vector<CrashPoint> points;
  for (const sim::AskedSurvival& asked : result.survivals) {
    const auto known =
        std::find_if(points.begin(), points.end(), [&](const CrashPoint& point) { return asked_at(asked, point); });
    if (known != points.end())
      ++known->writes;
    else
      points.push_back({model::NodeId{static_cast<std::int32_t>(asked.name.a) + 1}, asked.name.b, asked.at, 1});
  }
  return points;
}

CrashPointResult all_outcomes(const Scenario& concrete, const CrashPoint& point, const CrashPointOptions& options) {
  CrashPointResult result;
  TrialOptions trial;
  trial.seed = concrete.seed.value_or(1);
  trial.record_survivals = true;
  std::vector<Question> path;
  for (;;) {
    if (options.interrupted && *options.interrupted) {
      result.interrupted = true;
      return result;
    }
    Scenario outcome = concrete;
    for (const Question& question : path) outcome.decisions[sim::to_text(question.name)] = question.fate();
    const TrialResult run = run_trial(outcome, trial);
    ++result.outcomes;
    if (const properties::Violation* violation = run.first_violation()) {
      ++result.violated;
      if (!result.first) {
        result.first = std::move(outcome);
        result.property = violation->property;
      }
    }
    std::size_t depth = 0;
    for (const sim::AskedSurvival& asked : run.survivals)
      if (asked_at(asked, point) && ++depth > path.size()) {
        if (path.size() == options.writes) {
          result.all = false;
          break;
        }
        path.push_back({asked.name, static_cast<std::uint64_t>(asked.fate), 1});
      }
    // The next outcome: the last question that has one left.
    while (!path.empty() && path.back().tried == kFates) path.pop_back();
    if (path.empty()) return result;
    ++path.back().tried;
  }
}

}  // namespace ktrial::scenarios
