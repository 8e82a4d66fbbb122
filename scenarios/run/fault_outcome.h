// What became of a fault of the plan in a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/types.h"

namespace ktrial::scenarios {

struct FaultOutcome {
  std::optional<model::Nanos> fired;  // absent: its time or its condition never came
  bool effective = false;             // it changed something in the run; else, if it has fired, it was inert
  std::string why_inert;              // "its target was nobody"
};

struct FaultCount {
  std::uint64_t planned = 0;
  std::uint64_t fired = 0;
  std::uint64_t effective = 0;
  void add(const std::vector<FaultOutcome>& outcomes) {
    planned += outcomes.size();
    for (const FaultOutcome& outcome : outcomes) {
      fired += outcome.fired.has_value();
      effective += outcome.effective;
    }
  }
};

}  // namespace ktrial::scenarios
