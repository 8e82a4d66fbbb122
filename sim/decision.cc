#include "sim/decision.h"

#include <algorithm>
#include <array>
#include <bit>

#include "sim/assert.h"
#include "sim/fixed_point.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ktrial::sim {

void Decisions::reseed(Nanos from, std::uint64_t seed) {
  KTRIAL_ASSERT(from >= seeds_.back().from, "seeds are given in order of time");
  seeds_.push_back({from, seed});
}

void Decisions::override_with(const DecisionName& name, std::uint64_t value) {
  const auto at = std::lower_bound(overrides_.begin(), overrides_.end(), name,
                                   [](const Override& o, const DecisionName& n) { return o.name < n; });
  if (at != overrides_.end() && at->name == name) {
    at->value = value;
  } else {
    overrides_.insert(at, {name, value});
  }
}

const std::uint64_t* Decisions::find_override(const DecisionName& name) const {
  const auto at = std::lower_bound(overrides_.begin(), overrides_.end(), name,
                                   [](const Override& o, const DecisionName& n) { return o.name < n; });
  return at != overrides_.end() && at->name == name ? &at->value : nullptr;
}

std::uint64_t Decisions::raw(const DecisionName& name, Nanos now) const {
  std::size_t i = seeds_.size() - 1;
  while (i > 0 && seeds_[i].from > now) --i;
  // A canonical encoding, not the struct: padding must not reach a hash.
  const std::array<std::uint64_t, 3> words{(std::uint64_t{static_cast<std::uint8_t>(name.kind)} << 32) | name.c,
                                           (std::uint64_t{name.a} << 32) | name.b, name.d};
  return XXH3_64bits_withSeed(words.data(), sizeof(words), seeds_[i].seed);
}

std::uint64_t Decisions::uniform(const DecisionName& name, Nanos now, std::uint64_t lo, std::uint64_t hi) const {
  if (const auto* value = overridden(name)) return *value;
  KTRIAL_ASSERT(lo <= hi, "an empty range has no value");
  const std::uint64_t span = hi - lo + 1;
  const std::uint64_t hash = raw(name, now);
  return span == 0 ? hash : lo + multiply_high(hash, span);
}

std::uint64_t Decisions::rare_tail(const DecisionName& name, Nanos now, std::uint64_t lo, std::uint64_t hi,
                                   std::uint64_t tail, std::uint32_t tail_per_million) const {
  if (tail_per_million == 0) return uniform(name, now, lo, hi);
  if (const auto* value = overridden(name)) return *value;
  KTRIAL_ASSERT(lo <= hi && hi <= tail, "a tail lies above the usual values");
  // One hash serves twice: its place among a million parts, then its place within that part.
  const std::uint64_t hash = raw(name, now);
  const bool rare = multiply_high(hash, 1'000'000) < tail_per_million;
  const std::uint64_t within = hash * 1'000'000;
  return rare ? hi + multiply_high(within, tail - hi + 1) : lo + multiply_high(within, hi - lo + 1);
}

bool Decisions::chance(const DecisionName& name, Nanos now, std::uint64_t n, std::uint64_t d) const {
  if (const auto* value = overridden(name)) return *value != 0;
  KTRIAL_ASSERT(d > 0, "a chance needs a denominator");
  return multiply_high(raw(name, now), d) < n;
}

std::uint64_t Decisions::exponential(const DecisionName& name, Nanos now, std::uint64_t mean) const {
  if (const auto* value = overridden(name)) return *value;
  // -ln(u) = -log2(u) * ln 2, in 32.32 fixed point.
  constexpr std::uint64_t kLn2 = 2977044472;
  const std::uint64_t bits = minus_log2(raw(name, now));
  const std::uint64_t nats = multiply_shift(bits, kLn2, 32);
  return multiply_shift(mean, nats, 32);
}

std::uint64_t Decisions::long_tail(const DecisionName& name, Nanos now, std::uint64_t median, std::uint32_t weight,
                                   std::uint64_t most) const {
  if (const auto* value = overridden(name)) return *value;
  const std::uint64_t hash = raw(name, now);
  // log2 of the odds u/(1-u), scaled by the weight: the inverse distribution function is a power of it.
  const auto odds = static_cast<std::int64_t>(minus_log2(~hash)) - static_cast<std::int64_t>(minus_log2(hash));
  const std::int64_t exponent = odds * static_cast<std::int64_t>(weight) / 16;
  return std::min(most, multiply_exp2(median, exponent));
}

}  // namespace ktrial::sim
