// Files of a disk across power cuts. Method: write, sync some of it, let a table say what became of each unsynced
// write, and compare with what Kafka's recovery would find.
#include "model/storage/disk_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "model/quorum/quorum_disk.h"
#include "model/storage/log.h"

namespace ktrial::model {
namespace disk_file_test {

using Fates = std::map<std::pair<std::uint64_t, std::uint32_t>, WriteOutcome>;

// What is not in the table is lost.
Survival survival(Fates& fates) {
  return {[](void* context, std::uint64_t file, std::uint32_t write) {
            const Fates& table = *static_cast<Fates*>(context);
            const auto it = table.find({file, write});
            return it == table.end() ? WriteOutcome::lost : it->second;
          },
          &fates};
}

struct Line {
  int value = 0;
  bool broken = false;
};
std::vector<int> values(const AppendFile<Line>& file) {
  std::vector<int> all;
  for (const Line& line : file.items()) all.push_back(line.broken ? -line.value : line.value);
  return all;
}
AppendFile<Line> file_of(int synced, int unsynced) {
  AppendFile<Line> file;
  for (int i = 1; i <= synced; ++i) file.append({i});
  file.sync();
  for (int i = synced + 1; i <= synced + unsynced; ++i) file.append({i});
  return file;
}
void power_cut(AppendFile<Line>& file, Fates fates) {
  file.power_cut(survival(fates), 7, [](Line& line) { line.broken = true; });
}

TEST(AppendFile, KeepsWhatWasSyncedAndThenWriteByWrite) {
  AppendFile<Line> file = file_of(2, 3);
  power_cut(file, {{{7, 1}, WriteOutcome::whole}, {{7, 3}, WriteOutcome::whole}});
  // The third write survived behind a hole; recovery stops at the hole.
  EXPECT_EQ(values(file), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(file.synced(), 3u);
}

TEST(AppendFile, ATornWriteIsThereButBroken) {
  AppendFile<Line> file = file_of(1, 3);
  power_cut(file, {{{7, 1}, WriteOutcome::torn}, {{7, 2}, WriteOutcome::whole}});
  EXPECT_EQ(values(file), (std::vector<int>{1, -2}));
}

TEST(AppendFile, AnUnsyncedTruncationMayBeUndone) {
  AppendFile<Line> file = file_of(4, 0);
  file.truncate(2);
  file.append({9});
  AppendFile<Line> other = file;
  power_cut(file, {});
  EXPECT_EQ(values(file), (std::vector<int>{1, 2, 3, 4}));
  power_cut(other, {{{7, 0}, WriteOutcome::whole}, {{7, 1}, WriteOutcome::whole}});
  EXPECT_EQ(values(other), (std::vector<int>{1, 2, 9}));
}

TEST(AppendFile, ASyncedTruncationStays) {
  AppendFile<Line> file = file_of(4, 0);
  file.truncate(3);
  file.truncate(1);
  file.sync();
  power_cut(file, {});
  EXPECT_EQ(values(file), std::vector<int>{1});
}

TEST(AppendFile, TwoTruncationsAreUndoneTogether) {
  AppendFile<Line> file = file_of(5, 1);
  file.truncate(4);
  file.truncate(2);
  power_cut(file, {});
  EXPECT_EQ(values(file), (std::vector<int>{1, 2, 3, 4, 5}));
}

TEST(AppendFile, AWipeLeavesNothingToComeBack) {
  AppendFile<Line> file = file_of(3, 1);
  file.truncate(1);
  file.wipe();
  power_cut(file, {});
  EXPECT_TRUE(file.empty());
}

TEST(AtomicFile, ARenameIsAllOrNothing) {
  for (const WriteOutcome fate : {WriteOutcome::lost, WriteOutcome::torn, WriteOutcome::whole}) {
    AtomicFile<int> file;
    file.write_and_sync(1);
    file.write(2);
    EXPECT_EQ(file.read(), 2);  // the process reads what it wrote
    Fates fates{{{7, 1}, fate}};
    file.power_cut(survival(fates), 7);
    EXPECT_EQ(file.read(), fate == WriteOutcome::whole ? 2 : 1);
    // What was read after the cut is durable: a second cut cannot take it.
    fates = {};
    file.power_cut(survival(fates), 7);
    EXPECT_EQ(file.read(), fate == WriteOutcome::whole ? 2 : 1);
  }
}

TEST(AtomicFile, SyncedOrUntouchedItStays) {
  AtomicFile<int> file;
  file.write_and_sync(3);
  Fates none;
  file.power_cut(survival(none), 7);
  EXPECT_EQ(file.read(), 3);
  file.wipe();
  EXPECT_EQ(file.read(), 0);
}

// Files are written back each at its own pace: the checkpoint may be ahead of the log or behind it, and what is loaded
// is consistent all the same.
TEST(LogDisk, EachFileIsDecidedApartAndLoadingReconcilesThem) {
  const TopicPartition tp{TopicId(1), PartitionIndex(0)};
  const auto id = [&](std::uint64_t file) { return (std::uint64_t{1} << 32) | file; };
  RecordBatch one;
  one.record_count = 1;
  one.size_in_bytes = 10;
  for (const bool log_survives : {false, true})
    for (const bool epochs_survive : {false, true}) {
      Log log{LogDisk()};
      log.append_as_leader(one, LeaderEpoch(1));
      log.flush();
      log.append_as_leader(one, LeaderEpoch(1));
      log.append_as_leader(one, LeaderEpoch(2));
      log.set_high_watermark(Offset(3));
      log.checkpoint_high_watermark();
      Fates fates;
      if (log_survives) fates[{id(0), 1}] = fates[{id(0), 2}] = WriteOutcome::whole;
      if (epochs_survive) fates[{id(3), 1}] = WriteOutcome::whole;
      LogDisk disk = log.take_disk();
      std::vector<Fact> facts;
      disk.power_cut(tp, survival(fates), facts);
      const Log again{std::move(disk)};
      EXPECT_EQ(again.log_end(), Offset(log_survives ? 3 : 1));
      EXPECT_EQ(again.high_watermark(), again.log_end());  // the checkpoint was ahead; it is clamped
      EXPECT_EQ(again.epochs().latest(), LeaderEpoch(log_survives ? 2 : 1));
      EXPECT_EQ(facts.size(), log_survives ? 0u : 1u);
    }
}

TEST(LogDisk, AWipedReplicaStartsEmpty) {
  Log log{LogDisk()};
  RecordBatch one;
  one.record_count = 4;
  log.append_as_leader(one, LeaderEpoch(3));
  log.flush();
  log.checkpoint_high_watermark();
  LogDisk disk = log.take_disk();
  std::vector<Fact> facts;
  disk.wipe({TopicId(1), PartitionIndex(0)}, facts);
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts[0]).old_end_offset, Offset(4));
  const Log again{std::move(disk)};
  EXPECT_EQ(again.log_end(), Offset(0));
  EXPECT_EQ(again.high_watermark(), Offset(0));
  EXPECT_FALSE(again.epochs().latest().present());
}

TEST(QuorumDisk, ATornMetadataBatchIsCutOffAndTheVoteIsOldOrNew) {
  const auto batch = [](std::int64_t base) {
    MetadataBatch b;
    b.base_offset = Offset(base);
    b.epoch = QuorumEpoch(1);
    b.records = std::make_shared<std::vector<MetadataRecord>>(1);
    return b;
  };
  QuorumDisk disk;
  disk.state.write_and_sync({QuorumEpoch(1), NodeId{}, NodeId(4)});
  disk.log.append(batch(0));
  disk.log.sync();
  disk.log.append(batch(1));
  disk.log.append(batch(2));
  disk.state.write({QuorumEpoch(2), NodeId{}, NodeId(5)});
  Fates fates{{{0x101, 1}, WriteOutcome::torn}, {{0x101, 2}, WriteOutcome::whole}, {{0x100, 1}, WriteOutcome::torn}};
  std::vector<Fact> facts;
  disk.power_cut(survival(fates), facts);
  EXPECT_EQ(disk.end_offset(), Offset(1));
  EXPECT_EQ(disk.state.read().voted, NodeId(4));
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(std::get<UnsyncedDataLost>(facts[0]).old_end_offset, Offset(3));
}

// Against the definition: the durable part, then writes in order up to the first that is not whole.
RC_GTEST_PROP(AppendFile, KeepsAPrefixThatHoldsAllThatWasSynced, ()) {
  const int synced = *rc::gen::inRange(0, 6), unsynced = *rc::gen::inRange(0, 6);
  AppendFile<Line> file = file_of(synced, unsynced);
  Fates fates;
  std::vector<int> expected;
  for (int i = 1; i <= synced; ++i) expected.push_back(i);
  bool on = true;
  for (int i = 1; i <= unsynced; ++i) {
    const auto fate = static_cast<WriteOutcome>(*rc::gen::inRange(0, 3));
    fates[{7, static_cast<std::uint32_t>(i)}] = fate;
    if (on && fate == WriteOutcome::whole) expected.push_back(synced + i);
    if (on && fate == WriteOutcome::torn) expected.push_back(-(synced + i));
    on = on && fate == WriteOutcome::whole;
  }
  power_cut(file, fates);
  RC_ASSERT(values(file) == expected);
  power_cut(file, {});
  RC_ASSERT(values(file) == expected);
}

}  // namespace disk_file_test
}  // namespace ktrial::model
