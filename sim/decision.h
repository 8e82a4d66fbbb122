// Everything undetermined in a run is a named decision, and its value is a pure function of
// (seed, name), unless the run overrides that name. There is no generator state: a change in one
// place moves nothing elsewhere, and a new future is a new seed from some time on.
//
// On the hot path a name is a small typed key; as text it reads
//   latency b1->b2 connection 3 message 41
// An override holds the final value, after the distribution.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/time.h"

namespace ktrial::sim {

enum class DecisionKind : std::uint8_t {
  latency,         // a=from b=to c=connection d=message: transit time in ns
  connect_delay,   // as latency: time of the handshake before the first message
  retransmit,      // as latency: how long after a heal the head of the line gets through
  close_notice,    // as latency, d=counter: when an end learns of a reset
  tie,             // a=node b=source c=connection or timer d=time: rank among simultaneous events
  survives,        // a=node b=crash c=write d=file: 0 lost, 1 torn, 2 whole
  torn,            // as survives: how many bytes of a torn write are kept
  loss,            // a=from b=to d=datagram: 1 lost
  duplicate,       // a=from b=to d=datagram: 1 delivered twice
  datagram_delay,  // a=from b=to c=copy d=datagram: transit time in ns
  fault,           // a, b, c, d as the generator of fault plans likes
  protocol,        // a=node b=counter c=sub-kind d=subject: a choice of the protocol itself
  look,            // a=counter: when whoever watches a run looks at its nodes
};
inline constexpr int kDecisionKinds = 13;

struct DecisionName {
  DecisionKind kind = DecisionKind::latency;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
  std::uint64_t d = 0;
  auto operator<=>(const DecisionName&) const = default;
};

// How a connection is written into `c` of a name: the number, and whether the receiver of this
// direction was the one who opened it ("back" in text).
constexpr std::uint32_t connection_word(std::int32_t number, bool back) {
  return (static_cast<std::uint32_t>(number) << 1) | (back ? 1u : 0u);
}

// Text of a name and back. Node positions use `nodes[i]` if given, else the number. parse gives
// nothing if the text is not a name.
std::string to_text(const DecisionName& name, std::span<const std::string> nodes = {});
std::optional<DecisionName> parse_decision(std::string_view text, std::span<const std::string> nodes = {});

class Decisions {
 public:
  explicit Decisions(std::uint64_t seed = 1) : seeds_{{Nanos::zero(), seed}} {}

  // Decisions made at or after `from` use `seed`. Requires from >= the last one given.
  void reseed(Nanos from, std::uint64_t seed);
  // Fixes the final value of one decision; a later call for the same name replaces it.
  void override_with(const DecisionName& name, std::uint64_t value);
  bool is_overridden(const DecisionName& name) const { return overridden(name) != nullptr; }
  void clear_overrides() { overrides_.clear(); }

  // The keyed hash itself; overrides do not apply.
  std::uint64_t raw(const DecisionName& name, Nanos now) const;

  // Integer distributions. Both ends of a range are included; requires lo <= hi.
  std::uint64_t uniform(const DecisionName& name, Nanos now, std::uint64_t lo, std::uint64_t hi) const;
  // Uniform in [lo, hi]; but tail_per_million times in a million uniform in [hi, tail]. Requires lo <= hi <= tail.
  std::uint64_t rare_tail(const DecisionName& name, Nanos now, std::uint64_t lo, std::uint64_t hi, std::uint64_t tail,
                          std::uint32_t tail_per_million) const;
  // True n times in d. Requires d > 0.
  bool chance(const DecisionName& name, Nanos now, std::uint64_t n, std::uint64_t d) const;
  // Exponential with this mean; at most 44 times the mean.
  std::uint64_t exponential(const DecisionName& name, Nanos now, std::uint64_t mean) const;
  // Log-logistic: half below `median`, and the odds of exceeding x fall as (x/median)^-(16/weight).
  // weight 4 is a mild tail, 8 has infinite variance. Capped at `most`.
  std::uint64_t long_tail(const DecisionName& name, Nanos now, std::uint64_t median, std::uint32_t weight,
                          std::uint64_t most) const;

 private:
  friend class WorldState;

  struct Seed {
    Nanos from;
    std::uint64_t seed;
  };
  struct Override {
    DecisionName name;
    std::uint64_t value;
  };
  const std::uint64_t* overridden(const DecisionName& name) const {
    return overrides_.empty() ? nullptr : find_override(name);
  }
  const std::uint64_t* find_override(const DecisionName& name) const;

  std::vector<Seed> seeds_;          // by time
  std::vector<Override> overrides_;  // by name
};

}  // namespace ktrial::sim
