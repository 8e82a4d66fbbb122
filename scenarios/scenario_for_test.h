// How tests come to a scenario: from a text, or from one of the project's files.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "properties/judge.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/search/search.h"

namespace ktrial::scenarios {

inline Scenario scenario_of(const std::string& text, const std::string& name = "test") {
  auto scenario = read_scenario(text, name, {properties::all_property_names(), known_goals()});
  if (!scenario) throw std::runtime_error(to_string(scenario.error().front()));
  return *scenario;
}

// "catalogue/R01"
inline Scenario scenario_in(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(std::string(KTRIAL_SOURCE_DIR) + "/scenarios/" + file + ".yaml").rdbuf();
  return scenario_of(text.str(), file);
}

inline Scenario library_scenario(const std::string& name) { return scenario_in("library/" + name); }

inline SearchResult search_seeds(const Scenario& scenario, std::uint64_t last) {
  SearchOptions options;
  options.last_seed = last;
  options.threads = 2;
  return search(scenario, options);
}

}  // namespace ktrial::scenarios
