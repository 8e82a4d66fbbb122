// One sentence on each fault, for `ktrial list` and docs/faults.md.
#pragma once

#include <string>
#include <vector>

#include "scenarios/fault_spec.h"

namespace ktrial::scenarios {

std::string meaning_of(FaultKind kind);
// How a file says it: "{at: 5s, kill: broker(1), for: 10s}".
std::string example_of(FaultKind kind);
// docs/faults.md is this text; a test compares.
std::string faults_markdown();

}  // namespace ktrial::scenarios
