// What befalls processes and their machines: they die, stop, go slow, lose their disk.
// Follows: kill -9, a power cut, a long GC or SIGSTOP, a controlled shutdown.
#pragma once

#include <optional>

#include "scenarios/faults/fault_parts.h"

namespace ktrial::scenarios {

struct Pause : OnNodes {
  static constexpr FaultText kText{
      "pause", "The process stops (a long GC, SIGSTOP) and goes on where it was; what arrives meanwhile waits.",
      "{at: 5s, pause: broker(1), for: 10s}"};
  static constexpr Standstill kStandstill = Standstill::paused;
  static constexpr auto kInjected = properties::Injected::paused;
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  std::string told(const std::string& node) const { return "pause of " + node; }
};

struct Kill : OnNodes {
  static constexpr FaultText kText{"kill", "The process dies at once; the page cache survives. Its end is a restart.",
                                   "{at: 5s, kill: broker(1), for: 10s}"};
  static constexpr Standstill kStandstill = Standstill::down;
  static constexpr auto kInjected = properties::Injected::killed;
  using Weaker = Pause;
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  std::string told(const std::string& node) const { return "kill of " + node; }
};

struct PowerCut : OnNodes {
  static constexpr FaultText kText{
      "power-cut", "The machine dies: of what was not flushed, each write is lost, torn or kept. Its end is a restart.",
      "{at: 5s, power-cut: broker(1), for: 10s}"};
  static constexpr Standstill kStandstill = Standstill::down;
  static constexpr auto kInjected = properties::Injected::power_cut;
  using Weaker = Kill;
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  std::string told(const std::string& node) const { return "power cut of " + node; }
};

struct Wipe : OnNodes {
  static constexpr FaultText kText{"wipe", "The machine comes back with an empty disk. Its end is a restart.",
                                   "{at: 5s, wipe: broker(1), for: 10s}"};
  static constexpr Standstill kStandstill = Standstill::down;
  static constexpr auto kInjected = properties::Injected::wiped;
  using Weaker = PowerCut;
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  std::string told(const std::string& node) const { return node + " loses its disk"; }
};

struct Slow : OnNodes {
  static constexpr FaultText kText{"slow", "Every step of the process takes `factor` times as long.",
                                   "{at: 5s, slow: broker(1), factor: 100, for: 10s}"};
  static constexpr std::int64_t kUsualFactor = 10;
  std::optional<std::int64_t> factor;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  bool shows(const AtNode& at) const;
  std::string told(const std::string& node) const;
  bool operator==(const Slow&) const = default;
};

// A clean stop that has not ended when its time is over becomes a kill.
struct CleanStop : OnNodes {
  static constexpr FaultText kText{
      "clean-stop", "Controlled shutdown: leaders are moved first, then the process ends. Its end is a restart.",
      "{at: 5s, clean-stop: broker(1), for: 10s}"};
  static constexpr Standstill kStandstill = Standstill::down;
  static constexpr auto kInjected = properties::Injected::clean_stopped;
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  std::string told(const std::string& node) const { return "clean stop of " + node; }
};

struct Restart : OnNodes {
  static constexpr FaultText kText{"restart", "Starts the process if it is down, whatever fault keeps it down.",
                                   "{at: 15s, restart: broker(1)}"};
  static constexpr bool kAtOnce = true;
  static constexpr auto kInjected = properties::Injected::restarted;
  Hit begin(const AtNode& at) const;
  std::string told(const std::string& node) const { return node + " is started"; }
};

using ProcessFaults = FaultFamily<Kill, PowerCut, Pause, Slow, CleanStop, Restart, Wipe>;

}  // namespace ktrial::scenarios
