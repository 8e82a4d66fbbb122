// Durations as people write and read them, in one place for scenario files, the command line and reports.
//
// Sizes and rates have no unit anywhere: they are plain numbers of bytes, as in Kafka's configs.
// Always holds: parse_duration(duration_text(d)) == d.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/types.h"

namespace ktrial::model {

// "500ms", "-3s": a whole number with ns, us, ms, s, m or h; absent: it is none, or longer than any clock goes on.
std::optional<Nanos> parse_duration(std::string_view text);
// Exact, in the largest unit that divides it: "90s", "2m".
std::string duration_text(Nanos duration);
// For reading: in seconds with at least three digits behind the point, "1.500s".
std::string seconds_text(Nanos at);

}  // namespace ktrial::model
