// How quickly a campaign finds a known bug: the same search, repeated with other seeds.
//
// Not Kafka's: mutation testing of the checks, as FoundationDB and TigerBeetle do without numbers. An entry is a
// scenario with a variant or a risky config, and a `catalogue` part that names the bug. A repetition runs seeds of its
// own until a property fails that the scenario does not declare `any`. Always holds: what a repetition finds depends on
// its number alone, not on threads or other entries; CPU time is that of the thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/run/probe_counts.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

struct PowerBudget {
  std::uint64_t seeds = 20'000;
  double cpu_seconds = 60;
};

struct Repetition {
  bool found = false;
  bool interrupted = false;
  std::uint64_t seeds = 0;  // run, the failing one included
  double cpu_seconds = 0;
  std::uint64_t failing_seed = 0;
  std::string property;
  ProbeCounts probes;  // of this command; not kept in files
};

// Repetition `number` (from 0) runs seeds 1,000,000 * number + 1 and up.
Repetition repeat(const Scenario& scenario, int number, const PowerBudget& budget,
                  const std::atomic<bool>* interrupted = nullptr);

// The scenario as Kafka has it: no variant, and what it expects to be violated is expected to hold.
Scenario correct_model(const Scenario& scenario);

// The median, and the order statistics that enclose it with at least 95 % (all values, if there are fewer than six).
// A repetition that did not find counts with its whole budget, so the median then is at least what is told.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};
Spread spread(std::vector<double> values);  // of at least one value

}  // namespace ktrial::scenarios
