// Brings a value into the cache before it is needed. A load, not a prefetch instruction: processors drop a prefetch
// whose page is not in the TLB, which for a large world is nearly every one.
#pragma once

namespace ktrial::sim {

template <class T>
inline void fetch_into_cache(const T& value) {
  const T loaded = value;
  asm volatile("" : : "r"(loaded));  // the load may not be optimised away
}

}  // namespace ktrial::sim
