#include "model/probes.h"

#include <array>

namespace ktrial::model {

const ProbeRow& probe_row(Probe probe) {
  static constexpr std::array<ProbeRow, kProbes> kRows = {{
#define KTRIAL_PROBE_ROW(name, text, owner) {#name, text, owner},
      KTRIAL_PROBES(KTRIAL_PROBE_ROW)
#undef KTRIAL_PROBE_ROW
  }};
  return kRows[static_cast<std::size_t>(probe)];
}

const char* probe_name(Probe probe) { return probe_row(probe).text; }

}  // namespace ktrial::model
