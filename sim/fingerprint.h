// A rolling 64-bit hash of everything that happened, in order. Always on: two runs with equal
// fingerprints did the same. Not cryptographic.
#pragma once

#include <cstdint>

namespace ktrial::sim {

class Fingerprint {
 public:
  void mix(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9E3779B97F4A7C15ull;
    state_ ^= state_ >> 29;
  }
  std::uint64_t value() const { return state_; }
  bool operator==(const Fingerprint&) const = default;

 private:
  std::uint64_t state_ = 0x6B747269616C3031ull;
};

}  // namespace ktrial::sim
