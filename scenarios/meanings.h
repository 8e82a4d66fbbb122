// The catalogue of faults and goals, for `ktrial list` and docs/faults.md. What a fault does is said beside its struct.
#pragma once

#include <string>
#include <vector>

#include "scenarios/fault_spec.h"

namespace ktrial::scenarios {

std::string meaning_of_goal(const std::string& goal);  // empty: no such goal
// docs/faults.md is this text; a test compares.
std::string faults_markdown();

}  // namespace ktrial::scenarios
