// Facts about probes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/facts/fact.h"

namespace ktrial::model {

enum class Probe : std::uint16_t;     // model/probes.h
const char* probe_name(Probe probe);  // its text

struct ProbeHit {
  Probe probe;
  KTRIAL_FACT(ProbeHit, 37, probe)
  static constexpr FieldNote kNotes[] = {{"probe", "name"}};
  static constexpr Drawn kDrawn = Drawn::never;
  Weight weight(const AtIssue&) const { return Weight::none; }
  auto tell(auto say) const { return say("probe ", probe_name(probe)); }
};

struct ProbeFacts : FactList<ProbeHit> {
  static constexpr const char* kAbout = "probes";
};

}  // namespace ktrial::model
