// Reads a scenario file strictly: an unknown key, name or unit is refused where it stands, with the nearest valid name.
// Leaves out: files (give the text); properties and goals are known to the caller, who passes their names.
#pragma once
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "scenarios/diagnostic.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

struct KnownNames {
  std::vector<std::string> properties;
  std::vector<std::string> goals;
};
// `file` is only for the diagnostics. Warnings (a config key that has no effect) go to `warnings` if given.
tl::expected<Scenario, std::vector<Diagnostic>> read_scenario(const std::string& text, const std::string& file,
                                                              const KnownNames& known,
                                                              std::vector<Diagnostic>* warnings = nullptr);

}  // namespace ktrial::scenarios
