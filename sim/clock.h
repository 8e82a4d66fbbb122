// The clocks one node reads: a monotonic one and a wall clock. Both run at the rate of an imperfect
// oscillator (drift in parts per million); the wall clock is also off by an offset and can be stepped;
// both can be frozen and go on from where they stood. Integer arithmetic only.
// Always holds: the monotonic clock never goes back, whatever is done to it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/assert.h"
#include "sim/time.h"

namespace ktrial::sim {

struct ClockConfig {
  Nanos wall_epoch{1'700'000'000'000'000'000};  // true wall time when the world begins
  Nanos wall_offset{0};                         // how far this node's wall clock is ahead
  std::int64_t drift_ppm = 0;                   // above -500,000 and below 500,000; both clocks
};

class Clock {
 public:
  explicit Clock(ClockConfig config = {})
      : wall_ahead_(config.wall_epoch + config.wall_offset), ppm_(config.drift_ppm) {
    check();
  }

  Nanos monotonic(Nanos world) const { return base_node_ + scaled(world - base_world_); }
  Nanos wall(Nanos world) const { return monotonic(world) + wall_ahead_; }

  // The first world time not before `now` at which monotonic() >= deadline; kNever while frozen short of it.
  Nanos world_time_of(Nanos deadline, Nanos now) const {
    const Nanos reading = monotonic(now);
    if (reading >= deadline) return now;
    if (frozen_) return kNever;
    if (ppm_ == 0) return base_world_ + (deadline - base_node_);
    const std::int64_t left = (deadline - base_node_).count();
    const std::int64_t rate = 1'000'000 + ppm_;
    // A guess within a few ns (quotient and remainder apart, against overflow), then exact.
    Nanos at = base_world_ + Nanos{left / rate * 1'000'000 + left % rate * 1'000'000 / rate};
    at = std::max(at, now);
    while (at > now && monotonic(at - Nanos{1}) >= deadline) at -= Nanos{1};
    while (monotonic(at) < deadline) at += Nanos{1};
    return at;
  }

  bool frozen() const { return frozen_; }
  void set_drift(std::int64_t ppm, Nanos now) {
    rebase(now);
    ppm_ = ppm;
    check();
  }
  // Moves the wall clock only, either way.
  void step_wall(Nanos by) { wall_ahead_ += by; }
  void freeze(Nanos now) {
    rebase(now);
    frozen_ = true;
  }
  void unfreeze(Nanos now) {
    rebase(now);
    frozen_ = false;
  }

 private:
  friend class WorldState;

  void check() const { KTRIAL_ASSERT(ppm_ > -500'000 && ppm_ < 500'000, "a drift this large is no clock"); }
  void rebase(Nanos now) {
    base_node_ = monotonic(now);
    base_world_ = now;
  }
  Nanos scaled(Nanos passed) const {
    if (frozen_) return Nanos{0};
    if (ppm_ == 0) return passed;
    const std::int64_t d = passed.count();
    return Nanos{d + d / 1'000'000 * ppm_ + d % 1'000'000 * ppm_ / 1'000'000};
  }

  Nanos base_world_{0};
  Nanos base_node_{0};
  Nanos wall_ahead_;
  std::int64_t ppm_;
  bool frozen_ = false;
};

}  // namespace ktrial::sim
