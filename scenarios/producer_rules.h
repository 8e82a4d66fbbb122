// What Kafka does not let a producer combine with enable.idempotence (true by default since KIP-679).
//
// Follows ProducerConfig.postProcessAndValidateIdempotenceConfigs: what is only the default gives way to another key,
// what is written does not.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

// Turns idempotence off where it is not written and another written key excludes it. Where both are written: the key
// that is to blame, and why.
std::vector<std::pair<std::string, std::string>> settle_idempotence(Configured<model::ProducerConfig>& config);

}  // namespace ktrial::scenarios
