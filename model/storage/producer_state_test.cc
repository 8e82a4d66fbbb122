// The producer state of a log: what it makes of appends, and what is left of it after stops, truncation and retention.
// Method: a log of one record a batch, two batches a segment, and the rule of each variant beside Kafka's.
#include "model/storage/producer_state.h"

#include <gtest/gtest.h>

#include "model/storage/log.h"
#include "model/survival_for_test.h"

namespace ktrial::model {
namespace producer_state_test {

using testing::always;

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
constexpr ProducerId kId{7}, kOther{8};
constexpr std::int32_t kMax = kMaxSequence;

RecordBatch batch(std::int32_t sequence, std::int16_t epoch = 0, ProducerId id = kId, std::int32_t records = 1) {
  RecordBatch b;
  b.producer_id = id;
  b.producer_epoch = ProducerEpoch(epoch);
  b.base_sequence = Sequence(sequence);
  b.record_count = records;
  b.size_in_bytes = 100;
  return b;
}
TopicConfig topic() {
  TopicConfig config;
  config.segment_bytes = 200;
  config.retention_bytes = 300;
  return config;
}
Variants variant(std::optional<Variant> v) {
  Variants variants;
  if (v) variants.set(*v);
  return variants;
}
Log log_of(int batches, std::optional<Variant> v = {}) {
  Log log{LogDisk(), topic(), variant(v)};
  for (int i = 0; i < batches; ++i) log.append_as_leader(batch(i), LeaderEpoch(1));
  log.set_high_watermark(log.log_end());
  return log;
}
Log stopped_cleanly(Log log, std::optional<Variant> v, std::optional<WriteOutcome> power_cut) {
  log.run_background();
  log.flush();
  log.snapshot_producers();
  log.checkpoint_recovery_point();
  log.checkpoint_log_start();
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  if (power_cut) disk.power_cut(kTp, always(*power_cut), facts);
  return Log(std::move(disk), topic(), variant(v), LogLoad::clean);
}
std::vector<std::int64_t> snapshots(const Log& log) {
  std::vector<std::int64_t> offsets;
  for (const auto& file : log.disk().producer_snapshots.files()) offsets.push_back(file.offset.value);
  return offsets;
}
using Offsets = std::vector<std::int64_t>;
Error error(const Log& log, const RecordBatch& b) { return log.producers().check(b).error; }
Offset duplicate(const Log& log, const RecordBatch& b) {
  const auto found = log.producers().check(b).duplicate;
  return found ? found->first_offset() : Offset();
}

TEST(ProducerSequence, GoesFromTheLargestToZero) {
  EXPECT_EQ(increment_sequence(Sequence(kMax), 1), Sequence(0));
  EXPECT_EQ(increment_sequence(Sequence(kMax - 1), 3), Sequence(1));
  EXPECT_EQ(decrement_sequence(Sequence(1), 3), Sequence(kMax - 1));
}

TEST(ProducerState, RecognisesTheLastFiveAndRefusesWhatIsNotNext) {
  const Log log = log_of(7);
  EXPECT_EQ(duplicate(log, batch(6)), Offset(6));
  EXPECT_EQ(duplicate(log, batch(2)), Offset(2));
  EXPECT_EQ(error(log, batch(1)), Error::OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(error(log, batch(8)), Error::OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(error(log, batch(7)), Error::NONE);
  EXPECT_EQ(error(log, batch(3, 1)), Error::OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(error(log, batch(0, 1)), Error::NONE);
  EXPECT_FALSE(duplicate(log, batch(5, 0, kId, 2)).present());
  EXPECT_TRUE(log.producers().check(batch(9, 0, kOther)).unknown);
}

TEST(ProducerState, ANewEpochFencesTheOldOne) {
  Log log = log_of(2);
  log.append_as_leader(batch(0, 1), LeaderEpoch(1));
  EXPECT_EQ(error(log, batch(2)), Error::INVALID_PRODUCER_EPOCH);
  EXPECT_EQ(error(log, batch(1)), Error::INVALID_PRODUCER_EPOCH);
  EXPECT_EQ(duplicate(log, batch(0, 1)), Offset(2));
}

TEST(ProducerState, OnlyTheLastBatchInTheVariant) {  // I02
  EXPECT_EQ(error(log_of(3, Variant::duplicate_window), batch(1)), Error::OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(duplicate(log_of(3, Variant::duplicate_window), batch(2)), Offset(2));
}

TEST(ProducerState, ABatchOverTheWrap) {  // I07
  for (const bool on : {false, true}) {
    Log log{LogDisk(), topic(), variant(on ? std::optional(Variant::sequence_wrap) : std::nullopt)};
    log.append_as_leader(batch(kMax - 1, 0, kId, 4), LeaderEpoch(1));
    EXPECT_EQ(duplicate(log, batch(kMax - 1, 0, kId, 4)).present(), !on);
    EXPECT_EQ(error(log, batch(2)), Error::NONE);
  }
}

TEST(ProducerState, ACopyIsTakenAsItIs) {  // I03
  const Log log = log_of(2), checking = log_of(2, Variant::replicated_sequences);
  EXPECT_TRUE(log.producers().accepts_copy(batch(9)));
  EXPECT_FALSE(checking.producers().accepts_copy(batch(9)));
  EXPECT_FALSE(checking.producers().accepts_copy(batch(3, 0, kOther)));
  EXPECT_TRUE(checking.producers().accepts_copy(batch(0, 0, kOther)));
}

TEST(ProducerSnapshots, AreTakenAtTheRollAndAtACleanStop) {
  Log log = log_of(5);
  EXPECT_EQ(snapshots(log), (Offsets{2, 4}));
  Log again = stopped_cleanly(std::move(log), {}, std::nullopt);
  EXPECT_EQ(snapshots(again), (Offsets{2, 4, 5}));
  EXPECT_EQ(duplicate(again, batch(4)), Offset(4));
  // A snapshot keeps one batch of each producer.
  EXPECT_EQ(error(again, batch(3)), Error::OUT_OF_ORDER_SEQUENCE_NUMBER);
}

TEST(ProducerSnapshots, ALogWithoutProducersHasNone) {
  Log log{LogDisk(), topic()};
  for (int i = 0; i < 5; ++i) log.append_as_leader(batch(-1, -1, ProducerId()), LeaderEpoch(1));
  EXPECT_EQ(snapshots(stopped_cleanly(std::move(log), {}, std::nullopt)), Offsets{});
}

TEST(ProducerSnapshots, ThatWereNotForcedAreLostWithWhatWasKnown) {  // D05
  for (const bool on : {false, true}) {
    const std::optional<Variant> v = on ? std::optional(Variant::producer_snapshot) : std::nullopt;
    const Log again = stopped_cleanly(log_of(3, v), v, WriteOutcome::lost);
    EXPECT_EQ(again.log_end(), Offset(3));
    EXPECT_EQ(again.producers().entries().empty(), on);
  }
}

TEST(ProducerSnapshots, AShortOneIsNotRead) {
  Log log = log_of(5);
  log.run_background();
  log.append_as_leader(batch(5), LeaderEpoch(1));
  log.append_as_leader(batch(6), LeaderEpoch(1));
  EXPECT_EQ(snapshots(log), (Offsets{2, 4, 6}));
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  disk.power_cut(kTp,
                 Survival([](void*, std::uint64_t file,
                             std::uint32_t) { return (file & 15) == 9 ? WriteOutcome::torn : WriteOutcome::whole; },
                          nullptr),
                 facts);
  const Log again{std::move(disk), topic()};
  EXPECT_EQ(again.log_end(), Offset(7));
  EXPECT_EQ(duplicate(again, batch(6)), Offset(6));
}

TEST(ProducerState, IsReadAgainFromTheLogWhenItIsCut) {
  Log log = log_of(6);
  log.append_as_leader(batch(0, 1), LeaderEpoch(1));
  EXPECT_TRUE(log.truncate_to(Offset(3)));
  EXPECT_EQ(log.producers().entry(kId)->epoch, ProducerEpoch(0));
  EXPECT_EQ(log.producers().entry(kId)->last_sequence(), Sequence(2));
  EXPECT_EQ(error(log, batch(3)), Error::NONE);
  EXPECT_EQ(snapshots(log), (Offsets{2, 3}));
  log.truncate_fully_and_start_at(Offset(20));
  EXPECT_TRUE(log.producers().entries().empty());
  EXPECT_EQ(snapshots(log), Offsets{});
}

TEST(ProducerState, OutlivesItsBatches) {  // I04
  for (const bool on : {false, true}) {
    const std::optional<Variant> v = on ? std::optional(Variant::producer_retention) : std::nullopt;
    Log log{LogDisk(), topic(), variant(v)};
    log.append_as_leader(batch(0, 0, kOther), LeaderEpoch(1));
    for (int i = 0; i < 8; ++i) log.append_as_leader(batch(i), LeaderEpoch(1));
    log.set_high_watermark(log.log_end());
    log.delete_old_segments(topic(), Nanos(0));
    EXPECT_GT(log.log_start(), Offset(0));
    EXPECT_EQ(log.producers().entry(kOther) == nullptr, on);
    // The snapshots of segments that went are gone too; those that are left tell of everybody.
    EXPECT_GE(snapshots(log).front(), log.log_start().value);
    const Log again = stopped_cleanly(std::move(log), v, std::nullopt);
    EXPECT_EQ(again.producers().entry(kOther) == nullptr, on);
  }
}

// A hole of Kafka's: a snapshot at the log start is removed by the load, and an empty log has no other.
TEST(ProducerState, OfAnEmptyLogDoesNotOutliveAStop) {
  Log log = log_of(4);
  log.advance_start(Offset(4));
  EXPECT_EQ(error(log, batch(4)), Error::NONE);
  EXPECT_FALSE(log.producers().check(batch(4)).unknown);
  const Log again = stopped_cleanly(std::move(log), {}, std::nullopt);
  EXPECT_TRUE(again.producers().check(batch(3)).unknown);
}

TEST(ProducerState, SaysWhoHadExpiredWhenItWasRecovered) {
  Log log{LogDisk(), topic()};
  log.append_as_leader(batch(0, 0, kOther), LeaderEpoch(1));
  for (int i = 0; i < 4; ++i) log.append_as_leader(batch(i), LeaderEpoch(1));
  Log again{log.take_disk(), topic(), {}, LogLoad::unclean, {seconds(10), seconds(500)}};
  EXPECT_EQ(again.producers().entry(kOther), nullptr);
  const std::vector<ProducerId> expired = again.producers().take_expired();
  EXPECT_NE(std::find(expired.begin(), expired.end(), kOther), expired.end());
}

TEST(ProducerState, ExpiresByTheTimestampOfTheLastBatch) {
  Log log{LogDisk(), topic(), {}, LogLoad::unclean, {seconds(10), kNoTimestamp}};
  RecordBatch old = batch(0);
  old.max_timestamp = seconds(100);
  log.append_as_leader(old, LeaderEpoch(1));
  EXPECT_TRUE(log.producers().take_expiry_request());
  EXPECT_FALSE(log.producers().take_expiry_request());
  log.producers().remove_expired(seconds(109));
  EXPECT_TRUE(log.producers().take_expired().empty());
  log.producers().remove_expired(seconds(110));
  EXPECT_EQ(log.producers().take_expired(), std::vector<ProducerId>{kId});
  EXPECT_TRUE(log.producers().check(batch(0)).unknown);
}

}  // namespace producer_state_test
}  // namespace ktrial::model
