// The properties of compaction, and what other properties make of a record that was compacted away: nothing, if a later
// one of its key stood below the replica's high watermark; else it is lost.
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace compaction_properties_test {

constexpr const char* kCompaction = "compaction-keeps-what-it-must";
constexpr const char* kReader = "reader-sees-the-final-state";
constexpr Nanos kRetention = model::seconds(10);

// "a -b .": a value of key a, a tombstone of b, and a record that is gone. The value of the record at an offset is that
// offset, of producer 1.
model::RecordBatch batch(std::int64_t base, const std::string& text, int epoch = 0) {
  std::vector<model::Record> records;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ' || text[i] == '-') continue;
    const auto offset = base + static_cast<std::int64_t>(records.size());
    const bool tombstone = i > 0 && text[i - 1] == '-';
    if (text[i] == '.')
      records.push_back({{}, model::RecordState::compacted, {}, Nanos(0)});
    else
      records.push_back({model::KeyId(text[i]), tombstone ? model::RecordState::tombstone : model::RecordState::value,
                         value(1, offset), Nanos(0)});
  }
  model::RecordBatch b;
  b.base_offset = Offset{base};
  b.partition_leader_epoch = LeaderEpoch{epoch};
  b.record_count = static_cast<std::int32_t>(records.size());
  b.records = std::make_shared<const std::vector<model::Record>>(std::move(records));
  return b;
}
void appends(Told& t, int node, std::int64_t base, const std::string& text) {
  t.fact(node, model::BatchAppended{kTp, batch(base, text), node == 1});
}
// Broker 1 leads, and commits these records from offset 0 on, up to this mark.
void holds(Told& t, const std::string& text, std::int64_t high_watermark) {
  t.leads(1, 0);
  appends(t, 1, 0, text);
  t.high_watermark(1, 0, high_watermark, 0, true);
}
void replaces(Told& t, int node, std::int64_t base, std::int64_t end, std::vector<model::RecordBatch> batches,
              Nanos wall_clock = Nanos(0), model::ReplacedBy by = model::ReplacedBy::cleaning) {
  t.fact(node, model::SegmentsReplaced{kTp, Offset{base}, Offset{end}, std::move(batches), by, wall_clock, kRetention});
}
std::string reason(Told& t, const char* property) {
  const Verdict verdict = t.judge.verdict(property);
  return verdict.violations.empty() ? "" : verdict.violations.front().reason;
}
void resets_to_the_start(Told& t) {
  t.fact(Told::kClient, model::ConsumerPositionReset{kTp, Offset{}, Offset{0}, false});
}
void sees(Told& t, std::int64_t high_watermark, int epoch = 0) {
  t.fact(Told::kClient, model::ConsumerHighWatermarkSeen{kTp, Offset{high_watermark}, LeaderEpoch{epoch}});
}

TEST(CompactionKeepsWhatItMust, ARecordGoesForALaterOneBelowTheHighWatermark) {
  Told fine, above, last;
  holds(fine, "a b a b", 4);
  replaces(fine, 1, 0, 4, {batch(0, ". . a b")});
  EXPECT_EQ(reason(fine, kCompaction), "");
  EXPECT_EQ(fine.judge.verdict(kCompaction).premise, 2u);
  holds(above, "a b a b", 2);
  replaces(above, 1, 0, 2, {});
  EXPECT_EQ(reason(above, kCompaction), "the last record of its key removed");
  holds(last, "a b a b", 4);
  replaces(last, 1, 0, 4, {batch(0, ". . a .")});
  EXPECT_EQ(reason(last, kCompaction), "the last record of its key removed");
}

TEST(CompactionKeepsWhatItMust, ATombstoneStaysForItsTime) {
  Told t, early;
  holds(t, "a -a b", 3);
  replaces(t, 1, 0, 3, {batch(0, ". -a b")}, model::seconds(100));
  replaces(t, 1, 0, 3, {batch(0, ". . b")}, model::seconds(110));
  EXPECT_EQ(reason(t, kCompaction), "");
  holds(early, "a -a b", 3);
  replaces(early, 1, 0, 3, {batch(0, ". -a b")}, model::seconds(100));
  replaces(early, 1, 0, 3, {batch(0, ". . b")}, model::seconds(110) - Nanos(1));
  EXPECT_EQ(reason(early, kCompaction), "tombstone removed too early");
}

TEST(CompactionKeepsWhatItMust, ATombstoneThatWasCopiedWithItsHorizonCountsFromItsFirstCleaning) {
  for (const bool with_horizon : {true, false}) {
    Told t;
    holds(t, "a -a b", 3);
    replaces(t, 1, 0, 3, {batch(0, ". -a b")}, model::seconds(100));
    model::RecordBatch copied = batch(0, ". -a b");
    if (with_horizon) copied.delete_horizon = model::seconds(110);
    t.fact(2, model::BatchAppended{kTp, copied, false});
    t.high_watermark(2, 0, 3, 0, false);
    replaces(t, 2, 0, 3, {batch(0, ". . b")}, model::seconds(110));
    EXPECT_EQ(reason(t, kCompaction), with_horizon ? "" : "tombstone removed too early");
  }
}

TEST(CompactionKeepsWhatItMust, WhatARecoveryLosesOfAnInterruptedSwapIsNotExcused) {
  Told t;
  holds(t, "a b c", 3);
  replaces(t, 1, 0, 2, {}, Nanos(0), model::ReplacedBy::recovery);
  EXPECT_EQ(reason(t, kCompaction), "the last record of its key removed");
}

TEST(CompactionKeepsWhatItMust, TheLastBatchStays) {
  for (const bool stays : {true, false}) {
    Told t;
    holds(t, "a -b b", 3);
    replaces(t, 1, 0, 2, {batch(0, stays ? "a ." : "a")});
    t.fact(1, model::LogCleaned{kTp, Offset{0}, Offset{2}});
    EXPECT_EQ(reason(t, kCompaction), stays ? "" : "last batch removed");
  }
}

TEST(Compacted, WhatIsSupersededIsNotLost) {
  Told t;
  holds(t, "a b a b", 4);
  t.acked(0, {value(1, 0), value(1, 1), value(1, 2), value(1, 3)});
  appends(t, 2, 0, ". . a b");  // copied after a cleaning
  replaces(t, 1, 0, 4, {batch(0, ". . a b")});
  t.leads(2, 1);
  EXPECT_FALSE(t.judge.violated());
  t.consumed(2, value(1, 2));
  EXPECT_FALSE(t.judge.violated());
}

TEST(Compacted, WhatIsRemovedWronglyIsLost) {
  Told t;
  holds(t, "a b", 2);
  t.acked(0, {value(1, 0), value(1, 1)});
  appends(t, 2, 0, "a b");
  t.high_watermark(2, 0, 2, 0, false);
  replaces(t, 2, 0, 1, {});
  t.leads(2, 1);
  EXPECT_EQ(reason(t, "acked-records-survive"), "acked record lost, not permitted");
  EXPECT_EQ(reason(t, "refines-the-log"), "no abstract step: compact");
}

TEST(Compacted, AConsumerMayPassWhatIsSupersededAndNothingElse) {
  Told t;
  holds(t, "a b a b", 4);
  t.consumed(0, value(1, 0));
  replaces(t, 1, 0, 4, {batch(0, ". . a b")});
  t.consumed(2, value(1, 2));
  EXPECT_FALSE(t.judge.violated());
  Told skips;
  holds(skips, "a b a b", 4);
  skips.consumed(0, value(1, 0));
  skips.consumed(2, value(1, 2));
  EXPECT_EQ(reason(skips, "consumer-reads-committed-in-order"), "gap or repeat");
}

// After a truncation that it noticed, the record at its new position may be superseded before it gets there.
TEST(Compacted, AConsumerThatWasResetMayPassTheRecordItIsResetTo) {
  Told t;
  holds(t, "a b", 2);
  t.consumed(0, value(1, 0));
  t.consumed(1, value(1, 1));
  t.unclean(2, 1);
  appends(t, 2, 0, "a");
  t.leads(2, 1);
  t.fact(Told::kClient, model::ConsumerPositionReset{kTp, Offset{2}, Offset{1}, true});
  model::RecordBatch other = batch(1, "c c", 1);
  other.records = std::make_shared<const std::vector<model::Record>>(std::vector<model::Record>{
      {model::KeyId('c'), {}, value(2, 1), Nanos(0)}, {model::KeyId('c'), {}, value(2, 2), Nanos(0)}});
  t.fact(2, model::BatchAppended{kTp, other, true});
  t.high_watermark(2, 1, 3, 1, true);
  replaces(t, 2, 1, 2, {});
  t.consumed(2, value(2, 2));
  EXPECT_EQ(reason(t, "consumer-reads-committed-in-order"), "");
}

TEST(ReaderSeesTheFinalState, ATombstoneIsMissedOnlyByOneThatIsSlow) {
  for (const bool slow : {true, false}) {
    Told t;
    holds(t, "a -a b", 3);
    resets_to_the_start(t);
    sees(t, 3);
    t.consumed(0, value(1, 0));
    replaces(t, 1, 0, 2, {batch(0, ". -a")}, model::seconds(100));
    for (int i = 0; slow && i < 10001; ++i) t.sent(value(2, i));  // each takes a millisecond
    t.consumed(2, value(1, 2));
    EXPECT_EQ(reason(t, kReader), slow ? "" : "tombstone missed");
  }
}

TEST(ReaderSeesTheFinalState, IsNotJudgedWhenTheLeaderChangesMeanwhile) {
  Told t;
  holds(t, "a -a b", 3);
  resets_to_the_start(t);
  sees(t, 3);
  t.consumed(0, value(1, 0));
  replaces(t, 1, 0, 2, {batch(0, ". -a")}, model::seconds(100));
  sees(t, 4, 1);
  t.consumed(2, value(1, 2));
  EXPECT_EQ(reason(t, kReader), "");
}

}  // namespace compaction_properties_test

std::map<std::string, Case> compaction_cases() {
  using namespace compaction_properties_test;
  return {
      {kCompaction,
       {"the last record of its key removed",
        [](Told& t) {
          holds(t, "a b", 2);
          replaces(t, 1, 0, 1, {});
        },
        [](Told& t) {
          holds(t, "a a", 2);
          replaces(t, 1, 0, 1, {});
        }}},
      {"compaction-makes-progress",
       {"cleaned in vain",
        [](Told& t) {
          t.fact(1, model::LogCleaned{kTp, Offset{2}, Offset{2}});
        },
        [](Told& t) {
          t.fact(1, model::LogCleaned{kTp, Offset{2}, Offset{4}});
        }}},
      {kReader,
       {"last value missed",
        [](Told& t) {
          holds(t, "a b", 2);
          resets_to_the_start(t);
          sees(t, 2);
          t.consumed(1, value(1, 1));
        },
        [](Told& t) {
          holds(t, "a b", 2);
          resets_to_the_start(t);
          sees(t, 2);
          t.consumed(0, value(1, 0));
          t.consumed(1, value(1, 1));
        }}},
  };
}

}  // namespace ktrial::properties
