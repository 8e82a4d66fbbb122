// Writes a scenario as a file of the library: read_scenario reads an equal scenario back.
// Leaves out: comments, and whatever the reader takes by default; a `rate` is written as its `interval`.
#pragma once
#include <string>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

std::string write_scenario(const Scenario& scenario);

}  // namespace ktrial::scenarios
