// A failure as a file: the scenario that fails, what its run was, and its events beside it (recording.h).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

struct Written {
  bool ok = false;     // else it is said on standard error why the file cannot be written
  TrialResult result;  // recorded
};

// Runs `concrete` once more. The file runs by itself: what was expected to fail is now expected to hold, so replaying
// it exits with 1.
Written write_counterexample(const std::string& path, const Scenario& concrete, const std::string& property);

// What write_counterexample(path) writes; nothing for an empty path. A device or a FIFO has no file of events beside
// it.
std::vector<std::string> counterexample_files(const std::string& path);
// What a command that is given this scenario reads, and so may not write.
std::vector<std::string> inputs_of(const std::string& name);

// The violation of that property, else the first one.
const properties::Violation* violation_of(const TrialResult& result, const std::string& property);

std::string plural(std::size_t n, const char* what);  // "1 fault", "2 faults"

}  // namespace ktrial::scenarios
