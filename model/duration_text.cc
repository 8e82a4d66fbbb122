#include "model/duration_text.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace ktrial::model {
namespace {

// From the largest to the smallest.
constexpr std::pair<std::string_view, std::int64_t> kDurationUnits[] = {
    {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1000}, {"ns", 1}};

}  // namespace

std::optional<Nanos> parse_duration(std::string_view text) {
  std::int64_t number = 0, nanos = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  for (const auto& [unit, scale] : kDurationUnits)
    if (text == unit) return __builtin_mul_overflow(number, scale, &nanos) ? std::nullopt : std::optional(Nanos(nanos));
  return std::nullopt;
}

std::string duration_text(Nanos duration) {
  if (duration == Nanos(0)) return "0s";
  const auto* unit = kDurationUnits;
  while (duration.count() % unit->second != 0) ++unit;
  return fmt::format("{}{}", duration.count() / unit->second, unit->first);
}

std::string seconds_text(Nanos at) {
  const bool negative = at.count() < 0;
  const std::uint64_t nanos =
      negative ? 0 - static_cast<std::uint64_t>(at.count()) : static_cast<std::uint64_t>(at.count());
  std::string digits = fmt::format("{:09}", nanos % 1'000'000'000);
  while (digits.size() > 3 && digits.back() == '0') digits.pop_back();
  return fmt::format("{}{}.{}s", negative ? "-" : "", nanos / 1'000'000'000, digits);
}

}  // namespace ktrial::model
