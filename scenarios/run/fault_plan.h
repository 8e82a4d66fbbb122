// Draws a fault plan from a seed: the random part of a scenario, as faults that a person could have written.
//
// Each fault is drawn from decisions of its own (`fault` i, field), so taking one fault away does not move another.
// Always holds: every fault has ended by `quiet_after`, whatever is killed is started again by then.
#pragma once

#include <cstdint>
#include <vector>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

std::vector<FaultSpec> draw_fault_plan(const Scenario& scenario, std::uint64_t seed);

}  // namespace ktrial::scenarios
