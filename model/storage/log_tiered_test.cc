// The local log of a tiered topic: what may be deleted, where the log starts, what a load makes of it.
#include <gtest/gtest.h>

#include "model/storage/log.h"

namespace ktrial::model {
namespace log_tiered_test {

TopicConfig tiered(std::int64_t local_bytes = 200) {
  TopicConfig topic;
  topic.segment_bytes = 200;
  topic.remote_storage_enable = true;
  topic.local_retention_bytes = local_bytes;
  topic.retention_ms = Nanos(-1);
  return topic;
}
// Ten batches of 100 bytes in five segments.
Log log_of_ten(const TopicConfig& topic = tiered()) {
  Log log{LogDisk(), topic};
  for (int i = 0; i < 10; ++i) {
    RecordBatch b;
    b.record_count = 1;
    b.size_in_bytes = 100;
    b.max_timestamp = milliseconds(i);
    log.append_as_leader(b, LeaderEpoch(1));
  }
  log.set_high_watermark(log.log_end());
  return log;
}

TEST(TieredLog, DeletesNoLocalSegmentThatIsNotCopied) {
  Log log = log_of_ten();
  EXPECT_TRUE(log.delete_local_segments(tiered(), Nanos(0)).empty());
  log.raise_highest_remote(Offset(4));
  EXPECT_EQ(log.delete_local_segments(tiered(), Nanos(0)).size(), 2u);  // the third ends with offset 5
  EXPECT_EQ(log.local_log_start(), Offset(4));
  EXPECT_EQ(log.log_start(), Offset(0));
  EXPECT_EQ(log.epochs().epoch_at(Offset(0)), LeaderEpoch(1));
}

TEST(TieredLog, DeletesWhatIsBelowTheLogStartThoughItIsNotCopied) {
  Log log = log_of_ten(tiered(10000));
  log.advance_start(Offset(5));
  EXPECT_EQ(log.delete_local_segments(tiered(10000), Nanos(0)).size(), 2u);
  EXPECT_EQ(log.log_start(), Offset(5));
  EXPECT_EQ(log.local_log_start(), Offset(5));
}

TEST(TieredLog, AnActiveSegmentThatHasToGoIsRolledFirst) {
  Log log = log_of_ten(tiered(0));
  log.raise_highest_remote(Offset(7));
  EXPECT_EQ(log.delete_local_segments(tiered(0), Nanos(0)).size(), 4u);
  EXPECT_EQ(log.segments().count(), 2u);  // what was active waits for its copy
  log.raise_highest_remote(Offset(9));
  EXPECT_EQ(log.delete_local_segments(tiered(0), Nanos(0)).size(), 1u);
  EXPECT_EQ(log.local_log_start(), Offset(10));
  EXPECT_EQ(log.segments().count(), 1u);
}

TEST(TieredLog, LocalRetentionIsThatOfTheTopicUnlessItSaysOtherwise) {
  TopicConfig topic = tiered(kAsTotal.count());
  topic.retention_bytes = 600;
  Log log = log_of_ten(topic);
  log.raise_highest_remote(Offset(9));
  EXPECT_EQ(log.delete_local_segments(topic, Nanos(0)).size(), 2u);
}

TEST(TieredLog, ALoadKeepsTheLogStartThatWasCheckpointed) {
  Log log = log_of_ten();
  log.raise_highest_remote(Offset(9));
  log.advance_start(Offset(1));
  log.delete_local_segments(tiered(), Nanos(0));
  log.checkpoint_log_start();
  log.flush();
  const Offset local = log.local_log_start();
  Log again(log.take_disk());
  EXPECT_EQ(again.log_start(), Offset(1));
  EXPECT_EQ(again.local_log_start(), local);
  EXPECT_GE(again.high_watermark(), local);
  EXPECT_FALSE(again.highest_remote().present());
}

TEST(TieredLog, OnlyLocalBytesAreThoseAboveWhatIsCopied) {
  Log log = log_of_ten();
  EXPECT_EQ(log.only_local_bytes(), 1000);  // as long as nothing is known (KAFKA-20732)
  log.raise_highest_remote(Offset(5));
  EXPECT_EQ(log.only_local_bytes(), 400);
  log.raise_highest_remote(Offset(6));  // a segment that begins with it counts
  EXPECT_EQ(log.only_local_bytes(), 400);
}

}  // namespace log_tiered_test
}  // namespace ktrial::model
