// Compaction of one log: what can be cleaned, what a cleaning keeps, and what is left of it when the broker stops
// between two of its steps. Method: a small log of one record a batch, each batch of 100 bytes, two batches a segment.
#include "model/storage/log_cleaner.h"

#include <gtest/gtest.h>

#include "model/survival_for_test.h"

namespace ktrial::model {
namespace log_cleaner_test {

using testing::always;

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
constexpr Nanos kNow = seconds(1000);

TopicConfig compacted() {
  TopicConfig topic;
  topic.cleanup_policy.compacts = true;
  topic.cleanup_policy.deletes = false;
  topic.segment_bytes = 200;
  topic.delete_retention = seconds(10);
  return topic;
}
Variants variant(Variant v) {
  Variants variants;
  variants.set(v);
  return variants;
}

// "a b -a": keys, with a tombstone for a.
RecordBatch batch(const std::string& text, std::int64_t value) {
  const bool tombstone = text.front() == '-';
  RecordBatch b;
  b.record_count = 1;
  b.size_in_bytes = 100;
  b.max_timestamp = milliseconds(value);
  b.records = std::make_shared<const std::vector<Record>>(
      1, Record{KeyId(text.back()), tombstone ? RecordState::tombstone : RecordState::value, ValueId(value),
                milliseconds(value)});
  return b;
}
std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find(' ', i), text.size());
    all.push_back(text.substr(i, end - i));
    i = end + 1;
  }
  return all;
}
Log log_of(const std::string& text, const Variants& variants = {}) {
  Log log{LogDisk(), compacted(), variants};
  std::int64_t value = 0;
  for (const std::string& word : words(text)) log.append_as_leader(batch(word, value++), LeaderEpoch(1));
  log.set_high_watermark(log.log_end());
  return log;
}
// What it holds: "0a 3-b 5." is key a at offset 0, a tombstone for b at 3, and an empty batch at 5.
std::string held(const Log& log) {
  std::string out;
  for (const RecordBatch& b : log.batches())
    for (std::size_t r = 0; r < b.records->size(); ++r) {
      const Record& record = (*b.records)[r];
      out += (out.empty() ? "" : " ") + std::to_string(b.base_offset.value + static_cast<std::int64_t>(r));
      if (record.state == RecordState::tombstone) out += '-';
      out += record.state == RecordState::compacted ? '.' : static_cast<char>(record.key.value);
    }
  return out;
}
std::vector<std::int64_t> bases(const Log& log) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < log.segments().count(); ++i) all.push_back(log.segments().segment(i).base.value);
  return all;
}
using Bases = std::vector<std::int64_t>;

LogCleaning begin(Log& log, Nanos now = kNow, const TopicConfig& topic = compacted(), const Variants& variants = {}) {
  return LogCleaning(log, cleanable(log, topic, now, variants), topic, now, variants);
}
void clean(Log& log, Nanos now = kNow, const TopicConfig& topic = compacted(), const Variants& variants = {}) {
  LogCleaning cleaning = begin(log, now, topic, variants);
  while (!cleaning.advance(log).done) {
  }
}

TEST(LogCleaner, KeepsTheLastRecordOfEachKey) {
  Log log = log_of("a b a c b a c c");
  clean(log);
  // The active segment, from offset 6 on, stays as it is.
  EXPECT_EQ(held(log), "3c 4b 5a 6c 7c");
  EXPECT_EQ(log.log_start(), Offset(0));
  EXPECT_EQ(log.log_end(), Offset(8));
  EXPECT_EQ(log.disk().cleaned.read(), Offset(6));
  // A read begins with the next record that is there.
  EXPECT_EQ(log.read(Offset(1), Offset(8), 1000).front().base_offset, Offset(3));
}

TEST(LogCleaner, KeepsTheLastBatchOfAProducerThatIsKnown) {
  for (const bool expired : {false, true}) {
    Log log{LogDisk(), compacted()};
    std::int64_t value = 0;
    for (const char* word : {"a", "b", "a", "b", "a", "b", "c"}) {
      RecordBatch b = batch(word, value);
      b.producer_id = ProducerId(value < 2 ? 1 : 2);
      b.producer_epoch = ProducerEpoch(0);
      b.base_sequence = Sequence(static_cast<std::int32_t>(value++));
      log.append_as_leader(b, LeaderEpoch(1));
    }
    log.set_high_watermark(log.log_end());
    if (expired) log.producers().remove_expired(std::chrono::hours(48));
    clean(log);
    EXPECT_EQ(held(log), expired ? "4a 5b 6c" : "1. 4a 5b 6c");
  }
}

TEST(LogCleaner, TakesNothingAboveTheHighWatermark) {
  Log log{LogDisk(), compacted()};
  std::int64_t value = 0;
  for (const char* word : {"a", "b", "a", "b", "a", "b", "a"})
    log.append_as_leader(batch(word, value++), LeaderEpoch(1));
  log.set_high_watermark(Offset(3));
  EXPECT_EQ(cleanable(log, compacted(), kNow, {}).first_uncleanable, Offset(2));
  clean(log);
  EXPECT_EQ(held(log), "0a 1b 2a 3b 4a 5b 6a");
  Log above{LogDisk(), compacted()};
  value = 0;
  for (const char* word : {"a", "b", "a", "b", "a", "b", "a"})
    above.append_as_leader(batch(word, value++), LeaderEpoch(1));
  above.set_high_watermark(Offset(3));
  clean(above, kNow, compacted(), variant(Variant::cleaner_bound));
  EXPECT_EQ(held(above), "4a 5b 6a");
}

TEST(LogCleaner, TakesNothingThatTheCompactionLagProtects) {
  Log log = log_of("a b a b a b a");
  TopicConfig topic = compacted();
  topic.min_compaction_lag = seconds(1);
  const Nanos now = milliseconds(1002);  // segments of records from 2 ms on are protected but the first one's
  EXPECT_EQ(cleanable(log, topic, now, {}).first_uncleanable, Offset(2));
  EXPECT_EQ(cleanable(log, topic, now + milliseconds(3), {}).first_uncleanable, Offset(6));
}

TEST(LogCleaner, IsWantedWhenDirtyEnoughOrOverdue) {
  Log log = log_of("a b a b a b a");
  TopicConfig topic = compacted();
  EXPECT_TRUE(cleanable(log, topic, kNow, {}).wanted(topic));
  log.checkpoint_cleaned(Offset(4));
  CleanableLog found = cleanable(log, topic, kNow, {});
  EXPECT_EQ(found.clean_bytes, 400);
  EXPECT_EQ(found.cleanable_bytes, 200);
  EXPECT_FALSE(found.wanted(topic));
  topic.max_compaction_lag = seconds(1);
  EXPECT_TRUE(cleanable(log, topic, kNow, {}).wanted(topic));
  topic.min_cleanable_dirty_millionths = 300000;
  topic.max_compaction_lag = Nanos::max();
  EXPECT_TRUE(cleanable(log, topic, kNow, {}).wanted(topic));
}

TEST(LogCleaner, ATombstoneStaysForItsTimeAfterTheFirstCleaning) {
  Log log = log_of("a b -a c c c c c");
  clean(log);
  EXPECT_EQ(held(log), "1b 2-a 5c 6c 7c");
  EXPECT_EQ(log.batches()[1].delete_horizon, kNow + seconds(10));
  EXPECT_EQ(log.batches()[0].delete_horizon, kNoTimestamp);
  log.append_as_leader(batch("c", 8), LeaderEpoch(1));
  log.set_high_watermark(log.log_end());
  clean(log, kNow + seconds(10) - Nanos(1));
  EXPECT_EQ(held(log), "1b 2-a 7c 8c");
  for (std::int64_t v = 9; v < 11; ++v) log.append_as_leader(batch("c", v), LeaderEpoch(1));
  log.set_high_watermark(log.log_end());
  clean(log, kNow + seconds(10));
  EXPECT_EQ(held(log), "1b 9c 10c");
}

TEST(LogCleaner, VariantDeleteHorizonForgetsWhenATombstoneWasCleanedFirst) {
  Log log{LogDisk(), compacted()};
  const auto append = [&](const char* key, int second) {
    RecordBatch b = batch(key, second);
    b.max_timestamp = seconds(second);
    log.append_as_leader(b, LeaderEpoch(1));
    log.set_high_watermark(log.log_end());
  };
  const Variants variants = variant(Variant::delete_horizon);
  append("-a", 1), append("b", 1), append("b", 20), append("c", 20), append("c", 20);
  clean(log, seconds(20), compacted(), variants);  // the first cleaning, of all seconds up to 20
  EXPECT_EQ(held(log), "0-a 2b 3c 4c");
  append("c", 20), append("c", 20);
  clean(log, seconds(20), compacted(), variants);  // at once again
  EXPECT_EQ(held(log), "2b 5c 6c");
}

TEST(LogCleaner, TheLastBatchStaysThoughItIsEmpty) {
  const auto cleaned_twice = [](const Variants& variants) {
    Log log = log_of("a b a -b");
    log.append_as_leader(batch("c", 4), LeaderEpoch(1));
    log.set_high_watermark(log.log_end());
    clean(log, kNow, compacted(), variants);
    log.checkpoint_cleaned(Offset(0));  // the checkpoint was lost
    clean(log, kNow + seconds(10), compacted(), variants);
    return log;
  };
  EXPECT_EQ(held(cleaned_twice({})), "2a 3. 4c");
  EXPECT_EQ(held(cleaned_twice(variant(Variant::last_batch))), "2a 4c");
}

TEST(LogCleaner, PassesAGap) {
  const auto end_of_cleaning = [](const Variants& variants) {
    Log log{LogDisk(), compacted()};
    log.append_as_leader(batch("a", 0), LeaderEpoch(1));
    log.append_as_leader(batch("a", 1), LeaderEpoch(1));
    RecordBatch after = batch("b", 2);
    after.base_offset = Offset(7);
    after.partition_leader_epoch = LeaderEpoch(1);
    log.append_as_follower(after);
    log.set_high_watermark(log.log_end());
    return begin(log, kNow, compacted(), variants).end();
  };
  EXPECT_EQ(end_of_cleaning({}), Offset(7));
  EXPECT_EQ(end_of_cleaning(variant(Variant::cleaner_gap)), Offset(2));
}

TEST(LogCleaner, PutsSmallSegmentsTogether) {
  Log log = log_of("a a b b c c d d e");
  clean(log);
  EXPECT_EQ(held(log), "1a 3b 5c 7d 8e");
  EXPECT_EQ(bases(log), (Bases{0, 2, 4, 6, 8}));
  log.checkpoint_cleaned(Offset(0));
  clean(log);
  EXPECT_EQ(bases(log), (Bases{0, 4, 8}));
  EXPECT_EQ(held(log), "1a 3b 5c 7d 8e");
}

TEST(LogCleaner, ATruncationBelowTheActiveSegmentStopsIt) {
  Log log = log_of("a b a b a b a");
  LogCleaning cleaning = begin(log);
  cleaning.advance(log);  // .cleaned is written
  log.truncate_to(Offset(5));
  EXPECT_FALSE(log.cleaning());
  EXPECT_EQ(log.segments().replacement(), nullptr);
  EXPECT_EQ(held(log), "0a 1b 2a 3b 4a");

  Log other = log_of("a b a b a b a");
  clean(other);
  other.truncate_to(Offset(3));
  EXPECT_EQ(other.disk().cleaned.read(), other.segments().active().base);
}

TEST(LogCleaner, ATruncationIntoAGapEndsTheLogThere) {
  Log log = log_of("a b b a c");
  clean(log);
  ASSERT_EQ(held(log), "2b 3a 4c");
  log.truncate_to(Offset(1));
  EXPECT_EQ(log.log_end(), Offset(1));
  EXPECT_EQ(held(log), "");
}

// Stops after so many steps of a cleaning of three segments with two batches each: .cleaned, .swap, .deleted and the
// name, three times, and then the checkpoint.
class Stopped : public ::testing::TestWithParam<int> {
 protected:
  static constexpr const char* kText = "a b a b b b c";
  LogDisk stopped(const Variants& variants = {}) {
    Log log = log_of(kText, variants);
    log.flush();
    LogCleaning cleaning = begin(log);
    for (int i = 0; i < GetParam(); ++i) cleaning.advance(log);
    at_the_stop_ = held(log);
    return log.take_disk();
  }
  std::string at_the_stop_;
};

TEST_P(Stopped, AKillLeavesWhatTheLogHeld) {
  const Log log(stopped(), compacted());
  EXPECT_EQ(held(log), at_the_stop_);
  EXPECT_EQ(log.log_end(), Offset(7));
  EXPECT_EQ(log.segments().replacement(), nullptr);
}

TEST_P(Stopped, APowerCutTakesBackNothingOrTheLastSwap) {
  for (const auto outcome : {WriteOutcome::lost, WriteOutcome::whole}) {
    LogDisk disk = stopped();
    std::vector<Fact> facts;
    disk.power_cut(kTp, always(outcome), facts);
    Log log(std::move(disk), compacted());
    if (facts.empty()) {
      EXPECT_EQ(held(log), at_the_stop_);
    } else {
      const auto& undone = std::get<SegmentsReplaced>(facts.at(0));
      EXPECT_EQ(undone.by, ReplacedBy::power_cut);
      EXPECT_EQ(undone.batches.size(), 2u);
      EXPECT_EQ(outcome, WriteOutcome::lost);
      EXPECT_NE(held(log), at_the_stop_);
    }
    log.set_high_watermark(log.log_end());
    clean(log);
    EXPECT_EQ(held(log), "2a 5b 6c");
  }
}

INSTANTIATE_TEST_SUITE_P(AfterEachStep, Stopped, ::testing::Range(0, 14));

// Two small segments become one, of which only the front is left: the second old file lies above its last offset, and
// recovery keeps it (LogLoader compares with the last offset in the .swap file).
TEST(SwapRecovery, OldFilesAboveWhatIsLeftStay) {
  TopicConfig wide = compacted();
  wide.segment_bytes = 400;
  const auto stopped_after = [&](int steps) {
    Log log = log_of("a b c d c d e");
    LogCleaning cleaning = begin(log, kNow, wide);
    for (int i = 0; i < steps; ++i) cleaning.advance(log);
    EXPECT_EQ(held(log), steps < 2 ? "0a 1b 2c 3d 4c 5d 6e" : "0a 1b 4c 5d 6e");
    return Log(log.take_disk(), compacted());
  };
  EXPECT_EQ(held(stopped_after(1)), "0a 1b 2c 3d 4c 5d 6e");  // .cleaned
  for (const int steps : {2, 3}) {                            // .swap, and one of the old files is gone
    const Log log = stopped_after(steps);
    EXPECT_EQ(held(log), "0a 1b 2c 3d 4c 5d 6e");
    EXPECT_EQ(bases(log), (Bases{0, 2, 4, 6}));
    EXPECT_EQ(log.recovered_swap().end, Offset(4));
  }
  EXPECT_EQ(held(stopped_after(4)), "0a 1b 4c 5d 6e");  // both are
}

TEST(SwapRecovery, VariantDroppedLosesWhatWasDeletedAlready) {
  const Variants variants = variant(Variant::swap_recovery);
  Log log = log_of("a b c d e", variants);
  LogCleaning cleaning = begin(log);
  for (int i = 0; i < 3; ++i) cleaning.advance(log);  // .cleaned, .swap, the old file is gone
  const Log loaded(log.take_disk(), compacted(), variants);
  EXPECT_EQ(held(loaded), "2c 3d 4e");
  EXPECT_EQ(loaded.recovered_swap().base, Offset(0));
}

}  // namespace log_cleaner_test
}  // namespace ktrial::model
