#include "model/replication/simple_rate.h"

#include <algorithm>

namespace ktrial::model {
namespace {

std::int64_t in_ms(Nanos t) { return std::chrono::floor<milliseconds>(t).count(); }

}  // namespace

SimpleRate::SimpleRate(std::int32_t samples, Nanos window)
    : slots_(static_cast<std::size_t>(samples) + 1), window_ms_(in_ms(window)) {}

// SampledStat.current and oldest: the first sample begins when it is first asked for.
void SimpleRate::begin(std::int64_t now) {
  if (samples_.empty()) samples_.push_back({now, now, 0});
}

void SimpleRate::record(std::int64_t bytes, Nanos wall_clock) {
  const std::int64_t now = in_ms(wall_clock);
  begin(now);
  if (now - samples_[current_].start >= window_ms_) {
    current_ = (current_ + 1) % slots_;
    if (current_ == samples_.size()) samples_.emplace_back();
    samples_[current_] = {now, now, 0};
  }
  samples_[current_].bytes += bytes;
  samples_[current_].last = now;
}

bool SimpleRate::is_above(std::int64_t bytes_per_second, Nanos wall_clock) {
  const std::int64_t now = in_ms(wall_clock);
  begin(now);
  const std::int64_t expires = static_cast<std::int64_t>(slots_ - 1) * window_ms_;
  std::int64_t bytes = 0, oldest = samples_.front().start;
  for (Sample& sample : samples_) {
    if (now - sample.last >= expires) sample = {now, now, 0};
    bytes += sample.bytes;
  }
  for (const Sample& sample : samples_) oldest = std::min(oldest, sample.start);
  const std::int64_t elapsed = std::max(now - oldest, window_ms_);
  const std::int64_t milli_bytes = bytes * 1000, whole = milli_bytes / elapsed;
  return whole > bytes_per_second || (whole == bytes_per_second && milli_bytes % elapsed > 0);
}

}  // namespace ktrial::model
