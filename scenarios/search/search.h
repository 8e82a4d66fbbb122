// Runs one scenario under many seeds and finds the lowest seed that fails.
//
// The answer does not depend on the number of threads: seeds are handed out in order, and a failure counts only once
// every lower seed has been judged. With a time budget the answer may, but each seed's result does not.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

struct SearchOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1000;                        // included
  std::optional<std::chrono::milliseconds> time_budget;  // of wall time; ends the search, never a trial
  int threads = 1;
  const std::atomic<bool>* interrupted = nullptr;
  std::function<void(std::uint64_t judged)> progress;  // called from one thread at a time
};

struct SearchResult {
  std::uint64_t judged = 0;  // seeds run to the end without a failure, below the failing one
  std::uint64_t events = 0;
  std::optional<std::uint64_t> failing_seed;
  bool out_of_time = false;
  bool interrupted = false;
  std::map<std::string, std::uint64_t> premises;      // property -> sum over the seeds judged
  std::map<std::string, std::uint64_t> goals_missed;  // goal -> in how many seeds
  std::uint64_t faults = 0;                           // that struck
  FaultCount fault_count;
  ProbeCounts probes;
};

// A trial fails if a property is violated that the scenario does not declare `any`.
bool failed(const TrialResult& result);

SearchResult search(const Scenario& scenario, const SearchOptions& options);

}  // namespace ktrial::scenarios
