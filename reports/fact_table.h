// docs/facts.md: every fact, its fields with their units, how it is told, and the goals it reaches.
#pragma once

#include <string>

namespace ktrial::reports {

std::string facts_markdown();

}  // namespace ktrial::reports
