// What befalls the network: links are cut, slow, narrow or reset, messages are held.
//
// Link faults are of the network: no kill, wipe or restart touches them. A link is cut while one cut of any kind lasts;
// delays add up; of several bandwidths the lowest counts; a message kind is held while one hold of it lasts.
#pragma once

#include <optional>

#include "scenarios/faults/fault_parts.h"

namespace ktrial::scenarios {

struct Cut : OnLinks {
  static constexpr FaultText kText{
      "cut", "No traffic between two sides, or one way; what was sent waits and comes late if the cut ends in time.",
      "{at: 5s, cut: {between: [leader(orders-0), followers(orders-0)]}, for: 10s}"};
  static constexpr bool kCuts = true;
  static constexpr auto kInjected = properties::Injected::cut;
};

struct Isolate : OnNodes {
  static constexpr FaultText kText{"isolate", "No traffic between each target and anybody else.",
                                   "{at: 5s, isolate: broker(1), for: 10s}"};
  static constexpr bool kCuts = true;
  const std::vector<Selector>& each_alone() const { return targets; }
};

struct Halves : OnNodes {
  static constexpr FaultText kText{"halves", "No traffic between the targets and all others.",
                                   "{at: 5s, halves: [broker(1), controller(4)], for: 10s}"};
  static constexpr bool kCuts = true;
  void draw(const Drawing& d);
  const std::vector<Selector>& half() const { return targets; }
  std::vector<Selector> seen_by_both() const { return {}; }
};

struct Bridge : FaultTraits {
  static constexpr FaultText kText{"bridge",
                                   "No traffic between `half` and all others but `over`, which sees both halves.",
                                   "{at: 5s, bridge: {half: [broker(1), controller(4)], over: broker(2)}, for: 10s}"};
  static constexpr bool kCuts = true;
  std::vector<Selector> one_half, over;
  void body(KeyVisitor& v);
  void draw(const Drawing& d);
  const std::vector<Selector>& half() const { return one_half; }
  const std::vector<Selector>& seen_by_both() const { return over; }
  bool operator==(const Bridge&) const = default;
};

struct Delay : OnLinks {
  static constexpr FaultText kText{"delay", "Each message takes `by` longer; several delays add up.",
                                   "{at: 5s, delay: {from: broker(1), to: broker(2)}, by: 200ms, for: 10s}"};
  static constexpr Nanos kUsual = model::milliseconds(100);
  std::optional<Nanos> by;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  void begin(const AtLink& at) const;
  void end(const AtLink& at) const;
  bool shows(const AtLink& at) const;
  bool operator==(const Delay&) const = default;
};

struct Bandwidth : OnLinks {
  static constexpr FaultText kText{
      "bandwidth", "A link carries `bytes-per-second`; of several such faults the lowest counts.",
      "{at: 5s, bandwidth: {from: broker(1), to: broker(2)}, bytes-per-second: 10000, for: 10s}"};
  static constexpr std::int64_t kUsual = 100'000;
  std::optional<std::int64_t> bytes_per_second;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  void begin(const AtLink& at) const;
  void end(const AtLink& at) const;
  bool shows(const AtLink& at) const;
  bool operator==(const Bandwidth&) const = default;
};

struct Reset : OnLinks {
  static constexpr FaultText kText{"reset",
                                   "Connections break; what is in flight is lost, what was delivered still executes.",
                                   "{at: 5s, reset: {from: broker(1), to: broker(2)}}"};
  static constexpr bool kAtOnce = true;
  static constexpr bool kOfBothWays = true;  // a connection has no direction
  void begin(const AtLink& at) const;
  bool shows(const AtLink& at) const;
};

struct CutMidResponse : OnLinks {
  static constexpr FaultText kText{
      "cut-mid-response",
      "The connection breaks while the next message (named `message`, if given) from the one to the other is on its "
      "way.",
      "{at: 5s, cut-mid-response: {from: broker(1), to: broker(2)}}"};
  std::string message;  // empty: any
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  void begin(const AtLink& at) const;
  void end(const AtLink& at) const;
  bool shows(const AtLink& at) const;
  bool operator==(const CutMidResponse&) const = default;
};

struct Hold : OnLinks {
  static constexpr FaultText kText{
      "hold", "Messages named `message` stop until the end of the fault, and what is behind them on their connection.",
      "{at: 5s, hold: {from: broker(1), to: broker(2)}, message: FetchResponse, for: 10s}"};
  std::string message;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  void begin(const AtLink& at) const;
  void end(const AtLink& at) const;
  bool operator==(const Hold&) const = default;
};

using NetworkFaults = FaultFamily<Cut, Isolate, Halves, Bridge, Delay, Bandwidth, Reset, CutMidResponse, Hold>;

}  // namespace ktrial::scenarios
