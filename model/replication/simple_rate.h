// Bytes a second over the last samples, as Kafka's replication quotas measure them.
//
// Follows org.apache.kafka.common.metrics.stats.SimpleRate with its WindowedSum (SampledStat): a sample takes what is
// recorded within `window` of its begin, the next one begins with the next record; a sample that took nothing for
// `samples` windows counts no more. What the samples hold is divided by the time since the oldest of them began, and by
// no less than one window, so that the rate is over `samples` + 1 windows at most. Times are the broker's wall clock in
// milliseconds, which may jump. Leaves out: the expiry of a sensor that was not used for an hour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

class SimpleRate {
 public:
  SimpleRate() = default;
  SimpleRate(std::int32_t samples, Nanos window);

  void record(std::int64_t bytes, Nanos wall_clock);
  // Whether the rate is above `bytes_per_second`. Samples that are too old are forgotten on the way.
  bool is_above(std::int64_t bytes_per_second, Nanos wall_clock);
  std::int32_t samples() const { return static_cast<std::int32_t>(slots_) - 1; }
  Nanos window() const { return milliseconds(window_ms_); }

  KTRIAL_FIELDS(SimpleRate, slots_, window_ms_, current_, samples_)

 private:
  struct Sample {
    std::int64_t start = 0;  // ms
    std::int64_t last = 0;   // ms
    std::int64_t bytes = 0;
    KTRIAL_FIELDS(Sample, start, last, bytes)
    KTRIAL_WALL_MILLISECONDS(Sample, start, last)
  };
  void begin(std::int64_t now);
  std::size_t slots_ = 12;  // one more than samples, for the one that overlaps the window
  std::int64_t window_ms_ = 1000;
  std::size_t current_ = 0;
  std::vector<Sample> samples_;
};

}  // namespace ktrial::model
