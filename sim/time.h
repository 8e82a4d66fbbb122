// Virtual time: integer nanoseconds since the world began. There is no other clock in a world.
// Also the two ids that every file of the room shares.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace ktrial::sim {

using Nanos = std::chrono::nanoseconds;

// Later than everything; never the time of an event.
inline constexpr Nanos kNever = Nanos::max();

// Index of a node in its world, in order of add_node.
using NodeId = std::int32_t;

// A connection is named by who opened it and a number that only grows per opener, so its name (and
// every decision about it) does not depend on what other nodes do.
struct ConnectionId {
  NodeId initiator = -1;
  std::int32_t number = -1;
  auto operator<=>(const ConnectionId&) const = default;
};

class WorldState;  // reads everything, to write it out (world_state.h)

}  // namespace ktrial::sim
