// Always-on assertion: a broken assumption inside the simulator itself, never a verdict on the
// system under test. Prints what and where, then aborts; stays on in release builds.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace ktrial::sim {

[[noreturn]] inline void assertion_failed(const char* what, const char* text, const char* file, int line) {
  std::fprintf(stderr, "ktrial: assertion failed: %s (%s) at %s:%d\n", text, what, file, line);
  std::abort();
}

}  // namespace ktrial::sim

#define KTRIAL_ASSERT(condition, text) \
  ((condition) ? static_cast<void>(0) : ::ktrial::sim::assertion_failed(#condition, text, __FILE__, __LINE__))
