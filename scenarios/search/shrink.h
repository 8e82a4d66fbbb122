// Makes a failing scenario smaller while the same property still fails for the same reason.
//
// Takes a concrete scenario (its faults written out, with a seed) and tries, until nothing helps: leave faults out,
// weaken them (wipe > power cut > kill > pause), shorten them, fewer records, an earlier end, fewer clients and nodes,
// even latencies. Every accepted step is reported at once, so an interrupt keeps the best so far. Greedy: the result is
// minimal for these steps, not the smallest there is.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

struct ShrinkOptions {
  std::chrono::milliseconds time_budget{20'000};
  const std::atomic<bool>* interrupted = nullptr;
  std::function<void(const Scenario& best, int trials)> progress;
};

struct ShrinkResult {
  Scenario scenario;
  std::string property;
  std::string reason;
  int trials = 0;
  bool out_of_time = false;
};

// Requires that `concrete` fails; its first violation is what must stay.
ShrinkResult shrink(const Scenario& concrete, const ShrinkOptions& options);

}  // namespace ktrial::scenarios
