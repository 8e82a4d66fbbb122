// What Kafka does not let a producer combine with enable.idempotence.
//
// Follows ProducerConfig.postProcessAndValidateIdempotenceConfigs. Kafka turns idempotence off by itself when it is
// only the default; here it is off unless it is written.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

// The written key that is to blame, and why.
std::vector<std::pair<std::string, std::string>> idempotence_conflicts(const Configured<model::ProducerConfig>& config);

}  // namespace ktrial::scenarios
