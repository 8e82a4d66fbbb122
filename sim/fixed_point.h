// Logarithm and power of two in 32.32 fixed point, from tables computed by the compiler with integers
// only, so that every compiler and optimisation level agrees to the bit. Error below 1e-5.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace ktrial::sim {

__extension__ typedef unsigned __int128 Wide;

constexpr std::uint64_t multiply_shift(std::uint64_t a, std::uint64_t b, int shift) {
  return static_cast<std::uint64_t>((Wide{a} * b) >> shift);
}
constexpr std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) { return multiply_shift(a, b, 64); }

namespace detail {

// log2 of m in [1,2), m and result with 32 fraction bits: square, and see whether it passed 2.
constexpr std::uint64_t slow_log2(std::uint64_t m) {
  std::uint64_t result = 0;
  for (int bit = 31; bit >= 0; --bit) {
    m = static_cast<std::uint64_t>((Wide{m} * m) >> 32);
    if (m >= (std::uint64_t{2} << 32)) {
      m >>= 1;
      result |= std::uint64_t{1} << bit;
    }
  }
  return result;
}

constexpr std::uint64_t square_root(Wide x) {  // floor, x < 2^72
  std::uint64_t r = 0;
  for (int bit = 36; bit >= 0; --bit) {
    const std::uint64_t t = r | (std::uint64_t{1} << bit);
    if (Wide{t} * t <= x) r = t;
  }
  return r;
}

constexpr auto make_log_table() {
  std::array<std::uint64_t, 257> table{};
  for (std::uint64_t i = 0; i < 256; ++i) table[i] = slow_log2((std::uint64_t{1} << 32) + (i << 24));
  table[256] = std::uint64_t{1} << 32;
  return table;
}

constexpr auto make_exp_table() {
  // roots[k] = 2^(2^-(k+1)); 2^(i/256) is a product of eight of them.
  std::array<std::uint64_t, 8> roots{};
  std::uint64_t r = std::uint64_t{2} << 32;
  for (auto& root : roots) root = r = square_root(Wide{r} << 32);
  std::array<std::uint64_t, 257> table{};
  for (std::uint64_t i = 0; i < 256; ++i) {
    std::uint64_t v = std::uint64_t{1} << 32;
    for (unsigned k = 0; k < 8; ++k) {
      if ((i >> (7 - k)) & 1) v = static_cast<std::uint64_t>((Wide{v} * roots[k]) >> 32);
    }
    table[i] = v;
  }
  table[256] = std::uint64_t{2} << 32;
  return table;
}

inline constexpr auto kLog = make_log_table();
inline constexpr auto kExp = make_exp_table();

}  // namespace detail

// -log2(hash / 2^64), 32 fraction bits, between 0 and 64.
constexpr std::uint64_t minus_log2(std::uint64_t hash) {
  hash |= 1;
  const int zeros = std::countl_zero(hash);
  const std::uint64_t fraction = (hash << zeros) << 1;  // after the leading one
  const auto i = static_cast<unsigned>(fraction >> 56);
  const std::uint64_t rest = (fraction >> 24) & 0xFFFFFFFFull;  // position between two table entries
  const std::uint64_t log = detail::kLog[i] + multiply_shift(detail::kLog[i + 1] - detail::kLog[i], rest, 32);
  return (static_cast<std::uint64_t>(zeros + 1) << 32) - log;
}

// x * 2^exponent, exponent with 32 fraction bits; the largest u64 if it does not fit.
constexpr std::uint64_t multiply_exp2(std::uint64_t x, std::int64_t exponent) {
  const auto whole = static_cast<int>(exponent >> 32);
  const std::uint64_t fraction = static_cast<std::uint64_t>(exponent) & 0xFFFFFFFFull;
  const auto i = static_cast<unsigned>(fraction >> 24);
  const std::uint64_t rest = (fraction & 0xFFFFFF) << 8;
  const std::uint64_t power = detail::kExp[i] + multiply_shift(detail::kExp[i + 1] - detail::kExp[i], rest, 32);
  Wide value = Wide{x} * power;  // 32 fraction bits, below 2^97
  const int shift = 32 - whole;
  if (shift >= 127) return 0;
  if (shift >= 0) {
    value >>= shift;
  } else {
    if (shift < -30) return x == 0 ? 0 : std::numeric_limits<std::uint64_t>::max();
    value <<= -shift;
  }
  constexpr Wide kMost = std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(value > kMost ? kMost : value);
}

}  // namespace ktrial::sim
