#include "scenarios/power/power.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <ctime>

#include "scenarios/search/search.h"
#include "scenarios/search/shrink.h"

namespace ktrial::scenarios {
namespace {

constexpr std::uint64_t kSeedsApart = 1'000'000;

double thread_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

Repetition repeat(const Scenario& scenario, int number, const PowerBudget& budget,
                  const std::atomic<bool>* interrupted) {
  Repetition r;
  const double began = thread_cpu_seconds();
  while (r.seeds < budget.seeds && r.cpu_seconds < budget.cpu_seconds) {
    if (interrupted && *interrupted) {
      r.interrupted = true;
      break;
    }
    TrialOptions options;
    options.seed = kSeedsApart * static_cast<std::uint64_t>(number) + ++r.seeds;
    const TrialResult trial = run_trial(scenario, options);
    r.cpu_seconds = thread_cpu_seconds() - began;
    r.probes.add(trial.probes);
    if (!failed(trial)) continue;
    r.found = true;
    r.failing_seed = options.seed;
    r.property = key_violation(trial)->property;
    break;
  }
  return r;
}

Scenario correct_model(const Scenario& scenario) {
  Scenario correct = scenario;
  correct.variants.clear();
  correct.cluster.config.effective.variants = {};
  for (auto& [property, expected] : correct.expect)
    if (expected == Expected::violated) expected = Expected::holds;
  return correct;
}

Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  Spread s;
  s.median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  // The interval from the k-th smallest to the k-th largest misses the median with probability 2 * P(B(n, 1/2) < k).
  std::size_t k = 1;
  const boost::math::binomial halves(static_cast<double>(n), 0.5);
  while (k + 1 <= n / 2 && 2 * boost::math::cdf(halves, static_cast<double>(k)) <= 0.05) ++k;
  s.low = values[k - 1];
  s.high = values[n - k];
  return s;
}

}  // namespace ktrial::scenarios
