// How often a campaign reached each probe of the model (model/probes.h), and which it never did.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/facts.h"
#include "model/probes.h"

namespace ktrial::scenarios {

class ProbeCounts {
 public:
  void on_fact(const model::Fact& fact) {
    if (const auto* hit = std::get_if<model::ProbeHit>(&fact)) ++times_[static_cast<std::size_t>(hit->probe)];
  }
  void add(const ProbeCounts& other) {
    for (std::size_t i = 0; i < model::kProbes; ++i) times_[i] += other.times_[i];
  }
  std::uint64_t of(model::Probe probe) const { return times_[static_cast<std::size_t>(probe)]; }
  std::vector<model::Probe> reached() const { return those(true); }
  std::vector<model::Probe> never() const { return those(false); }

 private:
  std::vector<model::Probe> those(bool reached) const {
    std::vector<model::Probe> probes;
    for (std::size_t i = 0; i < model::kProbes; ++i)
      if ((times_[i] != 0) == reached) probes.push_back(static_cast<model::Probe>(i));
    return probes;
  }
  std::array<std::uint64_t, model::kProbes> times_{};
};

// "probes: 17 of 61 reached".
inline std::string summary(const ProbeCounts& counts) {
  return "probes: " + std::to_string(counts.reached().size()) + " of " + std::to_string(model::kProbes) + " reached";
}

}  // namespace ktrial::scenarios
