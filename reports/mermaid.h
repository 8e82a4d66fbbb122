// A run as a Mermaid sequence diagram: messages as arrows when they arrive, faults, starts and facts as notes.
//
// Mermaid refuses texts of more than 50,000 characters, so a diagram is cut; it SAYS what was left out, in a note
// where the cut is and in comments at the end. Nothing is left out silently.
// Leaves out: "sent" events (the arrow is drawn at delivery; a dropped message is a crossed arrow) and timers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "reports/trace.h"

namespace ktrial::reports {

struct MermaidOptions {
  std::size_t max_characters = 49'000;       // of the whole diagram, in bytes; at least 1,000
  std::size_t max_events = 400;              // drawn arrows and notes
  std::size_t max_text = 120;                // of one label, in characters
  std::set<std::string> skip_names = {};     // message, fact and fault names that are not drawn; they are counted
  std::set<std::uint64_t> skip_events = {};  // single events, e.g. Fetch with an empty answer; they are counted
};

std::string mermaid(const Trace& trace, const MermaidOptions& options = {});

}  // namespace ktrial::reports
