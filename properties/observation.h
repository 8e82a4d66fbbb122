// What a property is told beside the facts: where and when a fact happened, and what the fault engine really did.
#pragma once

#include <cstdint>

#include "model/types.h"

namespace ktrial::properties {

using model::Nanos;
using model::NodeId;

struct FactContext {
  Nanos at{0};
  NodeId node;
  std::uint64_t event = 0;
};

struct Injected {
  enum Kind { killed, power_cut, restarted, paused, resumed, wiped, clean_stopped, cut, healed, other_fault };
  Kind kind = other_fault;
  NodeId node;
  NodeId peer;
};

}  // namespace ktrial::properties
