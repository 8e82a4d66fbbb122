// Makes a failing scenario smaller while the same property still fails for the same reason, and the goals that the
// failing run reached are still reached (so a scenario about a shrinking ISR stays one).
//
// Takes a concrete scenario (its faults written out, with a seed) and tries the steps of shrink_steps.h in their order,
// those that save most first, again and again until none helps. Greedy: the result is minimal for these steps, not the
// smallest there is. The order is fixed and each step is judged by a run alone, so the result depends neither on the
// number of threads nor, once it has converged, on the time that was given.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

struct ShrinkResult {
  Scenario scenario;  // can be written and read back
  std::string property;
  std::string reason;
  int trials = 0;
  bool out_of_time = false;
  bool interrupted = false;
};

struct ShrinkOptions {
  std::chrono::milliseconds time_budget{20'000};
  int threads = 1;
  const std::atomic<bool>* interrupted = nullptr;
  std::function<void(const ShrinkResult& best)> progress;  // called after each step that made it smaller
};

// The violation that a failing run is about, or null: a loss that no one permitted says more than the loss itself.
const properties::Violation* key_violation(const TrialResult& result);

// Requires that `concrete` fails; its key violation is what must stay.
ShrinkResult shrink(const Scenario& concrete, const ShrinkOptions& options);

}  // namespace ktrial::scenarios
