// A trace as newline-delimited JSON, version 1: a header line, then one line an event.
//
//   {"ktrial-trace":1,"scenario":"...","seed":"7","fingerprint":"...","events":2,"nodes":{"1":"broker 1"}}
//   {"id":2,"cause":1,"at":1500,"node":1,"kind":"sent","name":"FetchRequest","peer":2,"connection":"1/3","text":"..."}
//   {"id":3,"at":1500,"node":1,"kind":"fact","name":"BrokerFenced","text":"broker 2 fenced","fields":{"broker":2}}
// `at` is nanoseconds of virtual time. Fields that are empty or absent are left out; id, at and kind are always there.
// The seed is a string, since most JSON readers lose integers above 2^53. Every line is valid UTF-8 and valid JSON:
// control characters are escaped, and each byte that is not UTF-8 becomes U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "reports/trace.h"

namespace ktrial::reports {

inline constexpr int kTraceVersion = 1;

std::string ndjson(const Trace& trace);
// One event without the newline, appended to `out`; for writers that stream.
void append_ndjson(std::string& out, const TraceEvent& event);
// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace ktrial::reports
