// The catalogue of faults and goals as docs/faults.md has it. What a fault does is said beside its struct.
#pragma once

#include <string>
#include <vector>

#include "scenarios/fault_spec.h"

namespace ktrial::scenarios {

// docs/faults.md is this text; a test compares.
std::string faults_markdown();

}  // namespace ktrial::scenarios
