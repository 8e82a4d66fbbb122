// Every key of a scenario file: one call a key, with its name, meaning, range and usual value. The keys of faults are
// beside their structs (faults/).
#pragma once

#include "scenarios/format/key_visitor.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

void visit_keys(KeyVisitor& v, Scenario& scenario);

// As files have them.
const std::vector<std::string>& expected_names();  // in the order of Expected
const std::vector<std::string>& client_kinds();    // in the order of ClientSpec

}  // namespace ktrial::scenarios
