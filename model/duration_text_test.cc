// Goal: what is written of a duration is read as the same one. Method: all units, both signs, the ends of the clock.
#include "model/duration_text.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace duration_text_test {

TEST(DurationText, IsExactInTheLargestUnit) {
  EXPECT_EQ(duration_text(Nanos(0)), "0s");
  EXPECT_EQ(duration_text(milliseconds(1500)), "1500ms");
  EXPECT_EQ(duration_text(seconds(90)), "90s");
  EXPECT_EQ(duration_text(seconds(120)), "2m");
  EXPECT_EQ(duration_text(seconds(-7200)), "-2h");
  EXPECT_EQ(duration_text(Nanos(1001)), "1001ns");
  EXPECT_EQ(duration_text(Nanos(-2000)), "-2us");
}

TEST(DurationText, IsReadAsItWasWritten) {
  for (const std::int64_t nanos :
       {INT64_MIN, std::int64_t{-60'000'000'000}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{999},
        std::int64_t{1'000'000}, std::int64_t{86'400'000'000'000}, INT64_MAX})
    EXPECT_EQ(parse_duration(duration_text(Nanos(nanos))), Nanos(nanos)) << nanos;
}

TEST(DurationText, OtherTextsAreNone) {
  for (const char* text :
       {"", "5", "ms", "5 s", "s5", "1.5s", "5S", "+5s", "5min", "9999999h", "99999999999999999999s"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(DurationText, SecondsHaveAsManyDigitsAsTheyNeed) {
  EXPECT_EQ(seconds_text(Nanos(0)), "0.000s");
  EXPECT_EQ(seconds_text(milliseconds(1500)), "1.500s");
  EXPECT_EQ(seconds_text(Nanos(1'000'000'001)), "1.000000001s");
  EXPECT_EQ(seconds_text(Nanos(-1'500'100'000)), "-1.5001s");
  EXPECT_EQ(seconds_text(Nanos::min()), "-9223372036.854775808s");
}

}  // namespace duration_text_test
}  // namespace ktrial::model
