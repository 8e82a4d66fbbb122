// What befalls the clocks of a machine. Drifts add up; a clock is frozen while one freeze lasts; a step is done once
// and stays.
#pragma once

#include <optional>

#include "scenarios/faults/fault_parts.h"

namespace ktrial::scenarios {

struct ClockStep : OnNodes {
  static constexpr FaultText kText{"clock-step",
                                   "The wall clock jumps by `by`, which may be negative; the monotonic clock does not.",
                                   "{at: 5s, clock-step: broker(1), by: -3s}"};
  static constexpr bool kAtOnce = true;
  std::optional<Nanos> by;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  Hit begin(const AtNode& at) const;
  bool shows(const AtNode& at) const;
  std::string told(const std::string& node) const { return "the wall clock of " + node + " jumps"; }
  bool operator==(const ClockStep&) const = default;
};

struct ClockDrift : OnNodes {
  static constexpr FaultText kText{
      "clock-drift", "Clocks run `ppm` parts per million too fast (or slow, if negative); several drifts add up.",
      "{at: 5s, clock-drift: broker(1), ppm: 500, for: 10s}"};
  std::optional<std::int64_t> ppm;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  bool shows(const AtNode& at) const;
  std::string told(const std::string& node) const { return "the clock of " + node + " drifts"; }
  bool operator==(const ClockDrift&) const = default;
};

struct ClockFreeze : OnNodes {
  static constexpr FaultText kText{"clock-freeze", "Both clocks stand still, then go on from where they stood.",
                                   "{at: 5s, clock-freeze: broker(1), for: 10s}"};
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  bool shows(const AtNode& at) const;
  std::string told(const std::string& node) const { return "the clocks of " + node + " stand still"; }
};

using ClockFaults = FaultFamily<ClockStep, ClockDrift, ClockFreeze>;

}  // namespace ktrial::scenarios
