// Values as a scenario file has them.
#pragma once

#include <string>

#include "model/types.h"

namespace ktrial::scenarios {

// Exact: in the largest unit that divides it. "150ms"
std::string duration_text(model::Nanos d);

}  // namespace ktrial::scenarios
