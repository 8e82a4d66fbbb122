// The pending events, earliest first: a monotone radix heap.
//
// Why not a binary heap: virtual time only moves forward, so a push is never earlier than the last
// pop. Bucket k holds the entries whose time first differs from the last popped time in bit k-1. A
// push is one append; an entry moves to a lower bucket at most 63 times, in practice 2 or 3, always
// through sequential memory.
//
//                       push        pop              memory order
//   std::priority_queue O(log n)    O(log n)         random
//   radix heap (here)   O(1)        O(63) amortised  sequential
//
// Always holds: entries of equal time are in one bucket in order of insertion, so the heap is stable
// without a sequence number. The tie key is asked for only when several entries share the earliest
// time when that time is reached; entries pushed later for the very time being drained come after.
// No allocation once the buckets have reached their largest size.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "sim/assert.h"

namespace ktrial::sim {

class WorldState;

struct QueueEntry {
  std::int64_t time = 0;
  std::uint32_t what = 0;  // kind and index, the world's business
  std::uint32_t tag = 0;   // generation, the world's business
};
static_assert(sizeof(QueueEntry) == 16);

class EventQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  // Time of the earliest entry; the largest int64 if empty.
  std::int64_t next_time() const {
    if (front_ != buckets_[0].size()) return last_;
    if (occupied_ == 0) return std::numeric_limits<std::int64_t>::max();
    return earliest_[static_cast<std::size_t>(std::countr_zero(occupied_))];
  }

  // Requires time >= the time of the last pop.
  void push(QueueEntry entry) {
    KTRIAL_ASSERT(entry.time >= last_, "an event may not be scheduled in the past");
    ++size_;
    place(entry);
  }

  // Removes and returns the earliest entry. `tie(entry)` gives the rank (u64) among equal times;
  // equal ranks keep the order of insertion. `soon(entry)` is told of most entries some pops before their
  // turn, so that what they lead to can be fetched from memory meanwhile. Requires !empty().
  template <class Tie, class Soon>
  QueueEntry pop(Tie&& tie, Soon&& soon) {
    --size_;
    auto& ready = buckets_[0];
    if (front_ == ready.size()) {
      const auto k = static_cast<std::size_t>(std::countr_zero(occupied_));
      KTRIAL_ASSERT(k < kBuckets, "pop from an empty event queue");
      if (buckets_[k].size() == 1) {
        const QueueEntry only = buckets_[k].front();
        buckets_[k].clear();
        occupied_ &= occupied_ - 1;
        last_ = only.time;
        return only;
      }
      if (buckets_[k].size() <= kSoonMost) {
        for (const QueueEntry& entry : buckets_[k]) soon(entry);
      }
      refill(k);
      if (ready.size() > 1) order_ties(tie);
    }
    const QueueEntry entry = ready[front_++];
    if (front_ == ready.size()) {
      ready.clear();
      front_ = 0;
    }
    return entry;
  }
  template <class Tie>
  QueueEntry pop(Tie&& tie) {
    return pop(tie, [](const QueueEntry&) {});
  }

 private:
  friend class WorldState;

  static constexpr std::size_t kBuckets = 64;
  static constexpr std::size_t kSoonMost =
      256;  // fetched ahead at once: they shall not push each other out of the cache

  void place(QueueEntry entry) {
    const auto k = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(entry.time ^ last_)));
    if (k != 0) {
      const std::uint64_t bit = std::uint64_t{1} << k;
      if ((occupied_ & bit) == 0 || entry.time < earliest_[k]) earliest_[k] = entry.time;
      occupied_ |= bit;
    }
    if (buckets_[k].capacity() == 0) buckets_[k].reserve(64);  // small worlds then grow no bucket twice
    buckets_[k].push_back(entry);
  }

  void refill(std::size_t k);

  template <class Tie>
  void order_ties(Tie&& tie) {
    auto& ready = buckets_[0];
    ranks_.clear();
    for (std::size_t i = 0; i < ready.size(); ++i) ranks_.push_back({tie(ready[i]), i, ready[i]});
    std::sort(ranks_.begin(), ranks_.end(), [](const Rank& a, const Rank& b) {
      return std::pair(a.rank, a.position) < std::pair(b.rank, b.position);
    });
    for (std::size_t i = 0; i < ready.size(); ++i) ready[i] = ranks_[i].entry;
  }

  struct Rank {
    std::uint64_t rank;
    std::size_t position;
    QueueEntry entry;
  };

  // buckets_[0] holds entries of time last_, consumed from front_. Its bit in occupied_ is never set.
  std::array<std::vector<QueueEntry>, kBuckets> buckets_;
  std::array<std::int64_t, kBuckets> earliest_{};
  std::uint64_t occupied_ = 0;
  std::int64_t last_ = 0;
  std::size_t front_ = 0;
  std::size_t size_ = 0;
  std::vector<Rank> ranks_;
};

}  // namespace ktrial::sim
