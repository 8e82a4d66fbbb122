// Segments of a log: when they roll, what flushes make durable, what power cuts leave, what retention and recovery do
// with them. Method: a small log, a table of what survives, and the rule of each variant beside Kafka's.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/storage/log.h"
#include "model/survival_for_test.h"

namespace ktrial::model {
namespace segments_test {

using testing::always;

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};

RecordBatch batch(std::int64_t ms = 0, std::int32_t bytes = 100) {
  RecordBatch b;
  b.record_count = 1;
  b.size_in_bytes = bytes;
  b.max_timestamp = milliseconds(ms);
  return b;
}
TopicConfig segments_of(std::int64_t bytes) {
  TopicConfig topic;
  topic.segment_bytes = bytes;
  return topic;
}
Variants variant(Variant v) {
  Variants variants;
  variants.set(v);
  return variants;
}
Log log_of(int batches, std::int64_t segment_bytes = 200, const Variants& variants = {}) {
  Log log{LogDisk(), segments_of(segment_bytes), variants};
  for (int i = 0; i < batches; ++i) log.append_as_leader(batch(i), LeaderEpoch(1));
  log.set_high_watermark(log.log_end());
  return log;
}
Log after_power_cut(Log& log, WriteOutcome outcome, const TopicConfig& topic = segments_of(200),
                    const Variants& variants = {}, std::vector<Fact>* said = nullptr) {
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  disk.power_cut(kTp, always(outcome), facts);
  if (said) *said = facts;
  return Log(std::move(disk), topic, variants);
}
std::vector<std::int64_t> bases(const Log& log) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < log.segments().count(); ++i) all.push_back(log.segments().segment(i).base.value);
  return all;
}
using Bases = std::vector<std::int64_t>;

TEST(Segments, RollBeforeTheBatchThatDoesNotFit) {
  Log log = log_of(5);
  EXPECT_EQ(bases(log), (Bases{0, 2, 4}));
  EXPECT_EQ(log.take_rolled(), Offset(4));
  EXPECT_FALSE(log.take_rolled().present());
  EXPECT_EQ(log.read(Offset(1), Offset(5), 1000).size(), 4u);
}

TEST(Segments, RollByTheTimestampsOfTheirBatches) {
  TopicConfig topic;
  topic.segment_ms = milliseconds(100);
  Log log{LogDisk(), topic};
  for (const std::int64_t ms : {0, 100, 101, 50, 202}) log.append_as_leader(batch(ms), LeaderEpoch(1));
  EXPECT_EQ(bases(log), (Bases{0, 2, 4}));
}

TEST(Segments, ARollLetsTheOlderOnesBeFlushed) {
  Log log = log_of(3);
  EXPECT_EQ(log.recovery_point(), Offset(0));
  ASSERT_TRUE(log.take_background_request());
  EXPECT_FALSE(log.take_background_request());
  log.run_background();
  EXPECT_EQ(log.recovery_point(), Offset(2));
  EXPECT_EQ(log.segments().synced(), 2u);
  EXPECT_EQ(after_power_cut(log, WriteOutcome::lost).log_end(), Offset(2));
}

TEST(Segments, TruncationDeletesLaterSegmentsAndLowersTheRecoveryPoint) {
  Log log = log_of(7);
  log.flush();
  EXPECT_TRUE(log.truncate_to(Offset(3)));
  EXPECT_EQ(bases(log), (Bases{0, 2}));
  EXPECT_EQ(log.recovery_point(), Offset(3));
  EXPECT_EQ(log.segments().active().bytes, 100);
  log.append_as_leader(batch(), LeaderEpoch(1));
  log.append_as_leader(batch(), LeaderEpoch(1));
  EXPECT_EQ(bases(log), (Bases{0, 2, 4}));
  // The cut is undone with all the segments that it deleted.
  Log again = after_power_cut(log, WriteOutcome::lost);
  EXPECT_EQ(bases(again), (Bases{0, 2, 4, 6}));
  EXPECT_EQ(again.log_end(), Offset(7));
}

TEST(Segments, RecoveryLooksFromTheSegmentOfTheRecoveryPointOnAndDropsWhatIsBehindABrokenBatch) {
  Log log = log_of(7);
  log.run_background();  // flushed below 6
  log.checkpoint_recovery_point();
  LogDisk disk = log.take_disk();
  disk.segments.break_batch(1);  // below the point: nobody looks
  EXPECT_EQ(Log(disk, segments_of(200)).log_end(), Offset(7));
  disk.recovery_point.write_and_sync(Offset(3));
  disk.segments.break_batch(2);
  const Log recovered(disk, segments_of(200));
  EXPECT_EQ(recovered.log_end(), Offset(2));
  EXPECT_EQ(bases(recovered), (Bases{0, 2}));
  EXPECT_EQ(recovered.recovery_point(), Offset(2));
  EXPECT_EQ(Log(disk, segments_of(200), {}, LogLoad::clean).log_end(), Offset(7));
}

TEST(Segments, ALogThatEndsBelowItsStartBeginsThereAnew) {
  Log log = log_of(4);
  log.advance_start(Offset(4));
  EXPECT_TRUE(log.checkpoint_log_start());
  EXPECT_FALSE(log.checkpoint_log_start());
  const Log again = after_power_cut(log, WriteOutcome::lost);
  EXPECT_EQ(again.log_start(), Offset(4));
  EXPECT_EQ(again.log_end(), Offset(4));
  EXPECT_EQ(bases(again), Bases{4});
}

// [D02] The first stop is of the process: recovery sees the page cache. The second one takes some of it.
TEST(Variant_recovery_point, RecoveryDoesNotFlush) {
  for (const bool raised : {false, true}) {
    const Variants variants = raised ? variant(Variant::recovery_point) : Variants();
    Log log = log_of(5, 200, variants);
    Log again(log.take_disk(), segments_of(200), variants);
    EXPECT_EQ(again.recovery_point(), Offset(raised ? 5 : 0));
    again.checkpoint_recovery_point();
    LogDisk disk = again.take_disk();
    std::vector<Fact> facts;
    const Survival first_write_torn(
        [](void*, std::uint64_t file, std::uint32_t write) {
          return (file & 15) == 0 && write == 1 ? WriteOutcome::torn : WriteOutcome::whole;
        },
        nullptr);
    disk.power_cut(kTp, first_write_torn, facts);
    EXPECT_EQ(std::get<UnsyncedDataLost>(facts.at(0)).from, Offset(0));
    const Log third(std::move(disk), segments_of(200), variants);
    EXPECT_EQ(third.log_end(), Offset(raised ? 5 : 0));
    EXPECT_EQ(third.batches().empty(), !raised);
    if (raised) {
      EXPECT_EQ(third.batches()[1].checksum, Checksum::broken);
    }
  }
}

// [D03] The file's data is durable, its name is not.
TEST(Variant_directory_sync, AFlushMakesNewFilesFindable) {
  TopicConfig topic = segments_of(200);
  topic.flush_messages = 1;
  for (const bool left : {false, true}) {
    const Variants variants = left ? variant(Variant::directory_sync) : Variants();
    Log log{LogDisk(), topic, variants};
    for (int i = 0; i < 5; ++i) log.append_as_leader(batch(), LeaderEpoch(1));
    EXPECT_EQ(log.segments().synced(), 5u);
    std::vector<Fact> facts;
    const Log again = after_power_cut(log, WriteOutcome::lost, topic, variants, &facts);
    EXPECT_EQ(again.log_end(), Offset(left ? 0 : 5));
    EXPECT_TRUE(facts.empty());  // it was synced: nothing excuses its loss
  }
}

TEST(Segments, AFileWhoseDirectoryWasNotSyncedMayVanishWithItsUnflushedBatches) {
  Log log = log_of(5);
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  const Survival entries_lost([](void*, std::uint64_t file,
                                 std::uint32_t) { return (file & 15) == 5 ? WriteOutcome::lost : WriteOutcome::whole; },
                              nullptr);
  disk.power_cut(kTp, entries_lost, facts);
  const Log again(std::move(disk), segments_of(200));
  EXPECT_EQ(bases(again), Bases{0});
  EXPECT_EQ(again.log_end(), Offset(2));
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts.at(0)).from, Offset(2));
}

// [D04]
TEST(Variant_epoch_checkpoint, AnEpochIsDurableBeforeItsRecords) {
  for (const bool left : {false, true}) {
    const Variants variants = left ? variant(Variant::epoch_checkpoint) : Variants();
    Log log = log_of(3, 1000, variants);
    log.flush();
    log.checkpoint_recovery_point();
    log.append_as_leader(batch(), LeaderEpoch(2));
    log.append_as_leader(batch(0, 1000), LeaderEpoch(3));
    const Log again = after_power_cut(log, WriteOutcome::torn, segments_of(1000), variants);
    // The recovery point is in the first segment, so that recovery reads all of it; only a later one shows the damage.
    EXPECT_EQ(again.epochs().latest(), LeaderEpoch(1));
    LogDisk disk = again.disk();
    EXPECT_EQ(disk.epochs.read().empty(), false);
  }
  Log log = log_of(3, 200, variant(Variant::epoch_checkpoint));
  log.run_background();
  log.flush();
  log.checkpoint_recovery_point();
  const Log again = after_power_cut(log, WriteOutcome::torn, segments_of(200), variant(Variant::epoch_checkpoint));
  EXPECT_EQ(again.log_end(), Offset(3));
  EXPECT_EQ(again.epochs().epoch_at(Offset(0)), kNoEpoch);  // only the last segment was read again
}

// [R32]
TEST(Variant_full_truncation, LiftsTheHighWatermark) {
  Log log = log_of(2), old = log_of(2, 200, variant(Variant::full_truncation));
  log.truncate_fully_and_start_at(Offset(10));
  old.truncate_fully_and_start_at(Offset(10));
  EXPECT_EQ(log.high_watermark(), Offset(10));
  EXPECT_EQ(old.high_watermark(), Offset(2));
  EXPECT_EQ(old.log_start(), Offset(10));
}

// [R39]
TEST(Variant_log_start_bound, AHighWatermarkIsNotBelowTheLogStart) {
  Log log = log_of(4), old = log_of(4, 200, variant(Variant::log_start_bound));
  for (Log* l : {&log, &old}) {
    l->advance_start(Offset(3));
    l->set_high_watermark(Offset(1));
  }
  EXPECT_EQ(log.high_watermark(), Offset(3));
  EXPECT_EQ(old.high_watermark(), Offset(1));
}

TopicConfig keeping(std::int64_t bytes, std::int64_t ms) {
  TopicConfig topic = segments_of(200);
  topic.retention_bytes = bytes;
  topic.retention_ms = milliseconds(ms);
  return topic;
}

TEST(Retention, BySizeKeepsAtLeastWhatItIsAskedTo) {
  Log log = log_of(7);
  const auto removed = log.delete_old_segments(keeping(400, -1), Nanos(0));
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].end, Offset(2));
  EXPECT_EQ(removed[0].log_bytes, 700);
  EXPECT_EQ(log.log_start(), Offset(2));
  EXPECT_EQ(bases(log), (Bases{2, 4, 6}));
  EXPECT_EQ(log.read(Offset(2), Offset(7), 1000).size(), 5u);
  EXPECT_EQ(log.epochs().entries(), (std::vector<EpochEntry>{{LeaderEpoch(1), Offset(2)}}));
}

TEST(Retention, ByTimeTakesASegmentWhoseNewestBatchIsTooOld) {
  Log log = log_of(6);
  EXPECT_TRUE(log.delete_old_segments(keeping(-1, 100), milliseconds(101)).empty());
  EXPECT_EQ(log.delete_old_segments(keeping(-1, 100), milliseconds(102)).size(), 1u);
  // All of it: a new active segment is rolled first.
  EXPECT_EQ(log.delete_old_segments(keeping(-1, 100), seconds(10)).size(), 2u);
  EXPECT_EQ(bases(log), Bases{6});
  EXPECT_EQ(log.log_start(), Offset(6));
  EXPECT_TRUE(log.delete_old_segments(keeping(-1, 100), seconds(10)).empty());
}

// [R36]
TEST(Variant_retention_bound, NothingAboveTheHighWatermarkGoes) {
  Log log = log_of(6), old = log_of(6, 200, variant(Variant::retention_bound));
  for (Log* l : {&log, &old}) {
    l->set_high_watermark(Offset(3));
    l->delete_old_segments(keeping(0, -1), Nanos(0));
  }
  EXPECT_EQ(log.log_start(), Offset(2));
  EXPECT_EQ(old.log_start(), Offset(6));
  EXPECT_EQ(old.high_watermark(), Offset(3));
}

TEST(Retention, WhatIsBelowTheLogStartGoesWhateverTheConfiguration) {
  Log log = log_of(6);
  EXPECT_TRUE(log.advance_start(Offset(3)));
  EXPECT_FALSE(log.advance_start(Offset(2)));
  const auto removed = log.delete_old_segments(keeping(-1, -1), seconds(10));
  ASSERT_EQ(removed.size(), 1u);
  EXPECT_EQ(removed[0].reason, LogStartReason::log_start);
  EXPECT_EQ(log.log_start(), Offset(3));
  EXPECT_EQ(bases(log), (Bases{2, 4}));
}

TEST(Retention, ADeletionIsUndoneByAPowerCutUnlessAnotherFileWasSynced) {
  for (const bool committed : {false, true}) {
    Log log = log_of(6);
    log.flush();
    log.delete_old_segments(keeping(200, -1), Nanos(0));
    EXPECT_EQ(log.log_start(), Offset(4));
    if (committed) log.checkpoint_high_watermark();
    const Log again = after_power_cut(log, WriteOutcome::lost);
    EXPECT_EQ(again.log_start(), Offset(committed ? 4 : 0));
    EXPECT_EQ(bases(again), committed ? Bases{4} : (Bases{0, 2, 4}));
    EXPECT_EQ(again.log_end(), Offset(6));
  }
}

// Whatever a power cut leaves, recovery gives a prefix of what was there, with no less than what was flushed.
RC_GTEST_PROP(Segments, RecoveryFindsAPrefixOfWhatWasWritten, ()) {
  TopicConfig topic = segments_of(300);
  Log log{LogDisk(), topic};
  std::int32_t epoch = 1;
  std::vector<std::pair<std::int64_t, std::int32_t>> written;  // (timestamp as a name, epoch) by offset
  std::size_t flushed = 0;
  for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
        log.flush();
        flushed = written.size();
        break;
      case 1:
        log.run_background();
        flushed = std::max(flushed, static_cast<std::size_t>(log.recovery_point().value));
        break;
      case 2: {
        const auto to = *rc::gen::inRange<std::size_t>(0, written.size() + 1);
        log.truncate_to(Offset(static_cast<std::int64_t>(to)));
        log.checkpoint_recovery_point();
        written.resize(to);
        flushed = std::min(flushed, to);
        ++epoch;
        break;
      }
      case 3:
        log.checkpoint_recovery_point();
        break;
      default:
        log.append_as_leader(batch(i * 1000 + static_cast<int>(written.size())), LeaderEpoch(epoch));
        written.emplace_back(i * 1000 + static_cast<int>(written.size()), epoch);
    }
  }
  LogDisk disk = log.take_disk();
  auto fates = *rc::gen::container<std::vector<int>>(64, rc::gen::inRange(0, 3));
  const Survival survival(
      [](void* context, std::uint64_t file, std::uint32_t write) {
        return static_cast<WriteOutcome>((*static_cast<std::vector<int>*>(context))[(file * 7 + write) % 64]);
      },
      &fates);
  std::vector<Fact> facts;
  disk.power_cut(kTp, survival, facts);
  const Log again(std::move(disk), topic);
  RC_ASSERT(static_cast<std::size_t>(again.log_end().value) >= flushed);
  RC_ASSERT(static_cast<std::size_t>(again.log_end().value) <= written.size());
  RC_ASSERT(again.batches().size() == static_cast<std::size_t>(again.log_end().value));
  for (std::size_t o = 0; o < again.batches().size(); ++o) {
    RC_ASSERT(again.batches()[o].checksum == Checksum::valid);
    RC_ASSERT(again.batches()[o].max_timestamp == Nanos(milliseconds(written[o].first)));
    RC_ASSERT(again.epochs().epoch_at(Offset(static_cast<std::int64_t>(o))).value == written[o].second);
  }
  for (std::size_t i = 0; i < again.segments().count(); ++i) {
    const LogSegment& s = again.segments().segment(i);
    RC_ASSERT(s.base.value == static_cast<std::int64_t>(s.first));
  }
}

// The newer log has removed all that the older one holds: what comes back is said, and that the rest is gone.
TEST(RestoredDisk, SaysWhatComesBackBelowTheNewerLog) {
  Log log = log_of(3);
  LogDisk older = log.disk();
  for (int i = 3; i < 8; ++i) log.append_as_leader(batch(i), LeaderEpoch(1));
  log.set_high_watermark(log.log_end());
  TopicConfig topic = segments_of(200);
  topic.retention_bytes = 200;
  log.delete_old_segments(topic, Nanos(0));
  ASSERT_GT(log.segments().segment(0).base, Offset(3));
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  disk.replace(kTp, older, facts);
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts[0]).from, Offset(3));
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts[0]).old_end_offset, Offset(8));
  EXPECT_EQ(std::get<TruncationUndone>(facts[1]).from, Offset(0));
  EXPECT_EQ(std::get<TruncationUndone>(facts[1]).batches.size(), 3u);
}

}  // namespace segments_test
}  // namespace ktrial::model
