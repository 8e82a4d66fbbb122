// Undetermined values for the test worlds of this room: a hash of who asks and what for, the same in every run.
#pragma once

#include "model/step.h"

namespace ktrial::model {

// A Step::ChooseFunction; its context is the NodeId of the node that asks.
inline std::uint64_t hashed_choice(void* node, Choice choice, std::uint32_t about, std::uint64_t low,
                                   std::uint64_t high) {
  std::uint64_t h = static_cast<std::uint64_t>(static_cast<NodeId*>(node)->value) * 1000003 + about * 7919 +
                    static_cast<std::uint64_t>(choice);
  h = (h ^ (h >> 7)) * 0x9E3779B97F4A7C15ull;
  return low + (h >> 11) % (high - low + 1);
}

}  // namespace ktrial::model
