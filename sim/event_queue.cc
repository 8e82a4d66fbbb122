#include "sim/event_queue.h"

namespace ktrial::sim {

// Moves bucket k, the lowest occupied one, down: its earliest time becomes the new reference, and
// every entry shares more leading bits with it than with the old one.
void EventQueue::refill(std::size_t k) {
  last_ = earliest_[k];
  occupied_ &= ~(std::uint64_t{1} << k);
  for (const QueueEntry& entry : buckets_[k]) place(entry);
  buckets_[k].clear();
}

}  // namespace ktrial::sim
