#include "model/storage/log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ktrial::model {
namespace log_test {

RecordBatch batch(std::int32_t records, std::int32_t bytes = 10) {
  RecordBatch b;
  b.record_count = records;
  b.size_in_bytes = bytes;
  return b;
}

const Survival kAllLost([](void*, std::uint64_t, std::uint32_t) { return WriteOutcome::lost; }, nullptr);

TEST(LeaderEpochCache, AnswersAsKafkaDoes) {
  LeaderEpochCache cache;
  EXPECT_FALSE(cache.end_offset_for(LeaderEpoch(1), Offset(5)).offset.present());
  cache.assign(LeaderEpoch(1), Offset(0));
  cache.assign(LeaderEpoch(3), Offset(10));
  EXPECT_FALSE(cache.assign(LeaderEpoch(3), Offset(12)));
  EXPECT_EQ(cache.end_offset_for(LeaderEpoch(3), Offset(20)), (OffsetAndEpoch{Offset(20), LeaderEpoch(3)}));
  EXPECT_EQ(cache.end_offset_for(LeaderEpoch(2), Offset(20)), (OffsetAndEpoch{Offset(10), LeaderEpoch(1)}));
  EXPECT_EQ(cache.end_offset_for(LeaderEpoch(0), Offset(20)), (OffsetAndEpoch{Offset(0), LeaderEpoch(0)}));
  EXPECT_FALSE(cache.end_offset_for(LeaderEpoch(4), Offset(20)).offset.present());
  EXPECT_TRUE(cache.assign(LeaderEpoch(2), Offset(5)));  // regression: what contradicts it goes
  EXPECT_EQ(cache.entries(), (std::vector<EpochEntry>{{LeaderEpoch(1), Offset(0)}, {LeaderEpoch(2), Offset(5)}}));
  EXPECT_TRUE(cache.truncate_from_start(Offset(7)));
  EXPECT_EQ(cache.entries(), (std::vector<EpochEntry>{{LeaderEpoch(2), Offset(7)}}));
}

TEST(Log, TruncationAlsoCutsAnEpochWithoutRecords) {
  Log log{LogDisk()};
  log.append_as_leader(batch(3), LeaderEpoch(1));
  log.assign_epoch(LeaderEpoch(2), Offset(3));
  EXPECT_FALSE(log.truncate_to(Offset(3)));
  EXPECT_EQ(log.epochs().latest(), LeaderEpoch(1));
}

TEST(Log, AnAppendThatLeavesTheLogEndHasItsOffsetsUsedAgain) {  // D10
  Log log{LogDisk()};
  log.append_without_end(batch(1, 100), LeaderEpoch(1));
  log.append_as_leader(batch(2, 50), LeaderEpoch(1));
  EXPECT_EQ(log.log_end(), Offset(2));
  ASSERT_EQ(log.batches().size(), 2u);
  for (const RecordBatch& b : log.batches()) EXPECT_EQ(b.base_offset, Offset(0));
}

TEST(Log, FirstBatchComesWhateverItsSize) {
  Log log{LogDisk()};
  log.append_as_leader(batch(3, 100), LeaderEpoch(1));
  log.append_as_leader(batch(3, 100), LeaderEpoch(1));
  EXPECT_EQ(log.read(Offset(1), Offset(6), 10).size(), 1u);
  EXPECT_EQ(log.read(Offset(1), Offset(6), 200).size(), 2u);
  EXPECT_EQ(log.read(Offset(1), Offset(3), 200).size(), 1u);
  EXPECT_TRUE(log.read(Offset(1), Offset(6), 10, false).empty());
}

TEST(Log, PowerCutTakesWhatWasNotSyncedAndRecoveryFindsTheTornBatch) {
  Log log{LogDisk()};
  const TopicPartition tp{TopicId(1), PartitionIndex(0)};
  log.append_as_leader(batch(2), LeaderEpoch(1));
  log.flush();
  log.append_as_leader(batch(2), LeaderEpoch(1));
  log.append_as_leader(batch(2), LeaderEpoch(2));
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  disk.power_cut(
      tp,
      Survival([](void*, std::uint64_t, std::uint32_t w) { return w == 1 ? WriteOutcome::torn : WriteOutcome::lost; },
               nullptr),
      facts);
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts[0]).from, Offset(2));
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts[0]).old_end_offset, Offset(6));
  Log again{std::move(disk)};
  EXPECT_EQ(again.log_end(), Offset(2));
  EXPECT_EQ(again.epochs().latest(), LeaderEpoch(1));
}

// What was cut and is not durable comes back, in place of what was written since; nobody is left to guess from offsets.
TEST(Log, PowerCutMayUndoATruncation) {
  Log log{LogDisk()};
  const TopicPartition tp{TopicId(1), PartitionIndex(0)};
  log.append_as_leader(batch(2), LeaderEpoch(1));
  log.append_as_leader(batch(3), LeaderEpoch(1));
  log.flush();
  log.truncate_to(Offset(2));
  log.append_as_leader(batch(3), LeaderEpoch(1));
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  disk.power_cut(tp, kAllLost, facts);
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts[0]).from, Offset(2));
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts[0]).old_end_offset, Offset(5));
  const auto& undone = std::get<TruncationUndone>(facts[1]);
  EXPECT_EQ(undone.from, Offset(2));
  ASSERT_EQ(undone.batches.size(), 1u);
  Log again{std::move(disk)};
  EXPECT_EQ(again.log_end(), Offset(5));
}

// Else a replica would have old records under a new epoch, and no leader could tell that its log is another one.
TEST(Log, ATruncationIsDurableBeforeANewEpochIs) {
  Log log{LogDisk()};
  const TopicPartition tp{TopicId(1), PartitionIndex(0)};
  log.append_as_leader(batch(5), LeaderEpoch(1));
  log.flush();
  log.truncate_to(Offset(0));
  log.append_as_leader(batch(3), LeaderEpoch(2));
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  disk.power_cut(tp, kAllLost, facts);
  ASSERT_EQ(facts.size(), 1u);
  Log again{std::move(disk)};
  EXPECT_EQ(again.log_end(), Offset(0));
  EXPECT_FALSE(again.epochs().latest().present());
}

// Against the definition of KIP-101: a plain list that gives each offset its epoch; -1 where none is known.
RC_GTEST_PROP(LeaderEpochCache, BehavesLikeTheEpochOfEachOffset, ()) {
  LeaderEpochCache cache;
  std::vector<std::int32_t> epoch_of;  // by offset
  std::int64_t start = 0;              // offsets below are gone
  std::int32_t latest = 0;
  for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
    const auto end = static_cast<std::int64_t>(epoch_of.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        ++latest;
        [[fallthrough]];
      case 1:
        cache.assign(LeaderEpoch(latest), Offset(end));
        epoch_of.insert(epoch_of.end(), static_cast<std::size_t>(*rc::gen::inRange(1, 4)), latest);
        break;
      case 2: {
        const auto to = *rc::gen::inRange<std::int64_t>(start, end + 1);
        cache.truncate_from_end(Offset(to));
        epoch_of.resize(static_cast<std::size_t>(to));
        break;
      }
      default:
        // Kafka keeps at least the active segment's first offset, so the log is not empty after this.
        if (end > start) start = *rc::gen::inRange<std::int64_t>(start, end);
        cache.truncate_from_start(Offset(start));
    }
    const auto log_end = static_cast<std::int64_t>(epoch_of.size());
    for (std::int64_t offset = start; offset < log_end; ++offset)
      RC_ASSERT(cache.epoch_at(Offset(offset)).value == epoch_of[static_cast<std::size_t>(offset)]);
    if (log_end == start) continue;
    // The largest epoch not above the asked one that has records, and the first offset of the next.
    for (std::int32_t asked = epoch_of[static_cast<std::size_t>(start)]; asked <= epoch_of.back(); ++asked) {
      std::int64_t offset = start;
      while (offset < log_end && epoch_of[static_cast<std::size_t>(offset)] <= asked) ++offset;
      const OffsetAndEpoch answer = cache.end_offset_for(LeaderEpoch(asked), Offset(log_end));
      RC_ASSERT(answer.offset.value == offset);
      RC_ASSERT(answer.epoch.value == epoch_of[static_cast<std::size_t>(offset - 1)]);
    }
    RC_ASSERT(!cache.end_offset_for(LeaderEpoch(epoch_of.back() + 1), Offset(log_end)).offset.present());
  }
}

// Against a plain list of (base, count, epoch).
RC_GTEST_PROP(Log, BehavesLikeAList, ()) {
  struct Item {
    std::int64_t base;
    std::int32_t count;
    std::int32_t epoch;
  };
  std::vector<Item> reference;
  Log log{LogDisk()};
  std::int32_t epoch = 0;
  const auto end = [&] { return reference.empty() ? 0 : reference.back().base + reference.back().count; };
  for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        ++epoch;
        [[fallthrough]];
      case 1: {
        const int count = *rc::gen::inRange(1, 4);
        reference.push_back({end(), count, epoch});
        log.append_as_leader(batch(count), LeaderEpoch(epoch));
        break;
      }
      case 2: {
        const std::int64_t target = *rc::gen::inRange<std::int64_t>(0, end() + 2);
        while (!reference.empty() && reference.back().base + reference.back().count > target) reference.pop_back();
        log.truncate_to(Offset(target));
        break;
      }
      default:
        log = Log(log.take_disk());
    }
    RC_ASSERT(log.log_end().value == end());
    RC_ASSERT(log.batches().size() == reference.size());
    for (std::size_t k = 0; k < reference.size(); ++k) {
      RC_ASSERT(log.batches()[k].base_offset.value == reference[k].base);
      RC_ASSERT(log.epochs().epoch_at(Offset(reference[k].base)).value == reference[k].epoch);
    }
    RC_ASSERT(log.high_watermark() <= log.log_end());
  }
}

}  // namespace log_test
}  // namespace ktrial::model
