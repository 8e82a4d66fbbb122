// The radix heap against a sorted reference, with its stability and its tie key.
#include "sim/event_queue.h"

#include <gtest/gtest.h>

#include <map>

namespace ktrial::sim {
namespace event_queue_test {

const auto kNoTie = [](const QueueEntry&) { return std::uint64_t{0}; };

TEST(EventQueue, PopsLikeAStableSort) {
  EventQueue queue;
  std::multimap<std::int64_t, std::uint32_t> reference;  // equal keys in order of insertion
  std::uint64_t x = 1;
  std::int64_t now = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    x = x * 6364136223846793005ull + 1442695040888963407ull;
    if (!reference.empty() && (x >> 60) < 7) {
      ASSERT_EQ(queue.next_time(), reference.begin()->first);
      const auto e = queue.pop(kNoTie);
      ASSERT_EQ(e.time, reference.begin()->first);
      ASSERT_EQ(e.what, reference.begin()->second);
      reference.erase(reference.begin());
      now = e.time;
    } else {
      const auto shift = 40 + (x & 15);
      const auto time = now + static_cast<std::int64_t>(x >> 24 >> (shift - 20));
      queue.push({time, i, 0});
      reference.emplace(time, i);
    }
    ASSERT_EQ(queue.size(), reference.size());
  }
}

TEST(EventQueue, TieKeyOrdersEqualTimesAndIsNotAskedOtherwise) {
  EventQueue queue;
  for (std::uint32_t i = 0; i < 10; ++i) queue.push({50, i, 0});
  queue.push({60, 99, 0});
  int asked = 0;
  const auto tie = [&](const QueueEntry& e) {
    ++asked;
    return std::uint64_t{100 - e.what / 2};  // pairs share a rank
  };
  std::vector<std::uint32_t> order;
  while (!queue.empty()) order.push_back(queue.pop(tie).what);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{8, 9, 6, 7, 4, 5, 2, 3, 0, 1, 99}));
  EXPECT_EQ(asked, 10);
}

}  // namespace event_queue_test
}  // namespace ktrial::sim
