// Names as text, overrides, and the moments of each distribution (integers, wide tolerance).
#include "sim/decision.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "sim/fingerprint.h"
#include "sim/key_table.h"

namespace ktrial::sim {
namespace decision_test {

DecisionName nth(std::uint64_t i) { return {DecisionKind::latency, 0, 1, 2, i}; }
constexpr Nanos kNow{5};
constexpr std::uint64_t kMany = 100'000;

TEST(DecisionText, EveryKindGoesThereAndBack) {
  const std::vector<std::string> nodes{"b1", "b2", "c1"};
  for (int kind = 0; kind < kDecisionKinds; ++kind) {
    const DecisionName name{static_cast<DecisionKind>(kind), 1, 2, 7, 41};
    EXPECT_EQ(parse_decision(to_text(name, nodes), nodes), name) << to_text(name, nodes);
    EXPECT_EQ(parse_decision(to_text(name)), name) << to_text(name);
  }
  const DecisionName name{DecisionKind::latency, 0, 1, connection_word(3, false), 41};
  EXPECT_EQ(to_text(name, nodes), "latency b1->b2 connection 3 message 41");
  for (const auto* bad : {"", "latency", "latency b1 connection 3 message 41", "latncy b1->b2 connection 3 message 41",
                          "latency b1->b2 connection 3 message 41 x", "latency b1->b2 connection 3 message"}) {
    EXPECT_FALSE(parse_decision(bad, nodes)) << bad;
  }
}

TEST(Decisions, ArePureFunctionsOfSeedAndName) {
  const Decisions a(1), b(1), c(2);
  EXPECT_EQ(a.raw(nth(1), kNow), b.raw(nth(1), kNow));
  EXPECT_NE(a.raw(nth(1), kNow), a.raw(nth(2), kNow));
  EXPECT_NE(a.raw(nth(1), kNow), c.raw(nth(1), kNow));
}

TEST(Decisions, AreTheSameOnEveryCompiler) { EXPECT_EQ(Decisions(1).uniform(nth(1), kNow, 0, 999'999), 845663u); }

TEST(Decisions, NewSeedFromATimeOn) {
  Decisions a(1);
  a.reseed(Nanos{100}, 2);
  EXPECT_EQ(a.raw(nth(1), Nanos{99}), Decisions(1).raw(nth(1), kNow));
  EXPECT_EQ(a.raw(nth(1), Nanos{100}), Decisions(2).raw(nth(1), kNow));
}

TEST(Decisions, OverrideIsTheFinalValueOfThatNameOnly) {
  Decisions a(1);
  const auto before = a.uniform(nth(2), kNow, 0, 1000);
  a.override_with(nth(1), 77);
  a.override_with(nth(3), 1);
  a.override_with(nth(1), 78);
  EXPECT_EQ(a.uniform(nth(1), kNow, 0, 10), 78u);
  EXPECT_EQ(a.exponential(nth(1), kNow, 10), 78u);
  EXPECT_TRUE(a.chance(nth(3), kNow, 0, 10));
  EXPECT_EQ(a.uniform(nth(2), kNow, 0, 1000), before);
}

TEST(Distributions, ARareTailIsAsRareAsItSaysAndElseUniform) {
  const Decisions d(7);
  std::uint64_t tail = 0, usual_sum = 0, low = ~0ull, high = 0;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    const auto v = d.rare_tail(nth(i), kNow, 10, 20, 1000, 20'000);
    EXPECT_GE(v, 10u);
    if (v > 20)
      ++tail, high = std::max(high, v);
    else
      usual_sum += v, low = std::min(low, v);
    EXPECT_EQ(d.rare_tail(nth(i), kNow, 10, 20, 1000, 0), d.uniform(nth(i), kNow, 10, 20));
  }
  EXPECT_NEAR(static_cast<double>(tail), 2000, 200);
  EXPECT_NEAR(static_cast<double>(usual_sum) / static_cast<double>(kMany - tail), 15, 0.1);
  EXPECT_EQ(low, 10u);
  EXPECT_GT(high, 900u);
  EXPECT_LE(high, 1000u);
  Decisions overridden(7);
  overridden.override_with(nth(1), 5);
  EXPECT_EQ(overridden.rare_tail(nth(1), kNow, 10, 20, 1000, 20'000), 5u);
}

TEST(Distributions, UniformHasItsMeanAndEnds) {
  const Decisions d(7);
  std::uint64_t sum = 0, low = ~0ull, high = 0;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    const auto v = d.uniform(nth(i), kNow, 10, 20);
    sum += v;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  EXPECT_EQ(low, 10u);
  EXPECT_EQ(high, 20u);
  EXPECT_NEAR(static_cast<double>(sum), 15.0 * kMany, 0.01 * 15 * kMany);
}

TEST(Distributions, ChanceIsNInD) {
  const Decisions d(7);
  std::uint64_t hits = 0;
  for (std::uint64_t i = 0; i < kMany; ++i) hits += d.chance(nth(i), kNow, 3, 10);
  EXPECT_NEAR(static_cast<double>(hits), 0.3 * kMany, 0.01 * kMany);
}

TEST(Distributions, ExponentialHasMeanAndVariance) {
  const Decisions d(7);
  std::uint64_t sum = 0, squares = 0, above = 0;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    const auto v = d.exponential(nth(i), kNow, 1'000'000);
    sum += v;
    squares += v / 1000 * (v / 1000);
    above += v > 693'147;
  }
  EXPECT_NEAR(static_cast<double>(sum / kMany), 1e6, 1e4);
  EXPECT_NEAR(static_cast<double>(squares / kMany), 2e6, 6e4);
  EXPECT_NEAR(static_cast<double>(above), kMany / 2.0, 0.01 * kMany);
}

TEST(Distributions, LongTailHasMedianAndQuartiles) {
  const Decisions d(7);
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < kMany; ++i) values.push_back(d.long_tail(nth(i), kNow, 1'000'000, 8, 500'000'000));
  std::sort(values.begin(), values.end());
  EXPECT_NEAR(static_cast<double>(values[kMany / 2]), 1e6, 2e4);
  EXPECT_NEAR(static_cast<double>(values[kMany * 3 / 4]), 1.732e6, 4e4);  // sqrt of odds 3
  EXPECT_NEAR(static_cast<double>(values[kMany * 99 / 100]), 9.95e6, 6e5);
  EXPECT_LE(values.back(), 500'000'000u);
}

TEST(KeyTable, FindsWhatWasSetAndForgetsWhatWasErased) {
  KeyTable t;
  for (std::uint32_t i = 0; i < 1000; ++i) t.set(i * 0x10000ull, i);
  for (std::uint32_t i = 0; i < 1000; i += 2) t.erase(i * 0x10000ull);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(t.find(i * 0x10000ull), i % 2 == 0 ? KeyTable::kAbsent : i);
  }
  EXPECT_EQ(t.size(), 500u);
}

}  // namespace decision_test
}  // namespace ktrial::sim
