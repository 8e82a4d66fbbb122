// Reads text one UTF-8 character at a time, so that a writer never puts out broken bytes.
#pragma once

#include <cstddef>
#include <string_view>

namespace ktrial::reports {

// Length in bytes of the well-formed UTF-8 character at `at` (RFC 3629), or 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t at);

}  // namespace ktrial::reports
