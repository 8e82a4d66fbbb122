// Writes a scenario as a file of the library: read_scenario reads an equal scenario back.
// Leaves out: comments, and whatever the reader takes by default; a `rate` is written as its `interval`.
#pragma once
#include <string>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

std::string write_scenario(const Scenario& scenario);
// One fault as a line of such a file: "{at: 5s, kill: broker(1), for: 10s}".
std::string write_fault(const FaultSpec& fault);

}  // namespace ktrial::scenarios
