// The remote log of one partition: which segment holds an offset, what belongs to a leader's history, what retention
// takes. Method: segments by hand, as leaders of several epochs copied them.
#include <gtest/gtest.h>

#include "model/remote/remote_log_lineage.h"
#include "model/remote/remote_log_metadata_cache.h"
#include "model/remote/remote_log_retention.h"

namespace ktrial::model {
namespace remote_log_test {

using State = RemoteLogSegmentState;
using Epochs = std::vector<EpochEntry>;

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};

EpochEntry epoch(int e, int start) { return {LeaderEpoch(e), Offset(start)}; }
RemoteLogSegmentMetadata segment(int id, int start, int end, Epochs epochs) {
  RemoteLogSegmentMetadata s;
  s.id = RemoteLogSegmentId(id);
  s.partition = kTp;
  s.start_offset = Offset(start);
  s.end_offset = Offset(end);
  s.bytes = 100;
  s.epochs = std::move(epochs);
  s.state = State::COPY_SEGMENT_FINISHED;
  return s;
}
bool move_to(RemoteLogMetadataCache& cache, RemoteLogSegmentMetadata s, State state) {
  s.state = state;
  return cache.update(s);
}
void copy(RemoteLogMetadataCache& cache, const RemoteLogSegmentMetadata& s) {
  EXPECT_TRUE(move_to(cache, s, State::COPY_SEGMENT_STARTED));
  EXPECT_TRUE(move_to(cache, s, State::COPY_SEGMENT_FINISHED));
}
std::int64_t found(const RemoteLogMetadataCache& cache, int e, int offset) {
  const RemoteLogSegmentMetadata* s = cache.segment_at(LeaderEpoch(e), Offset(offset));
  return s == nullptr ? -1 : s->id.value;
}

TEST(RemoteLogMetadata, FindsASegmentFromTheEndOfItsCopyToTheStartOfItsDeletion) {
  RemoteLogMetadataCache cache;
  const auto s = segment(1, 0, 9, {epoch(0, 0)});
  move_to(cache, s, State::COPY_SEGMENT_STARTED);
  EXPECT_EQ(found(cache, 0, 5), -1);
  move_to(cache, s, State::COPY_SEGMENT_FINISHED);
  EXPECT_EQ(found(cache, 0, 5), 1);
  EXPECT_EQ(found(cache, 0, 10), -1);
  EXPECT_EQ(found(cache, 1, 5), -1);
  move_to(cache, s, State::DELETE_SEGMENT_STARTED);
  EXPECT_EQ(found(cache, 0, 5), -1);
  EXPECT_EQ(cache.list().size(), 1u);
  move_to(cache, s, State::DELETE_SEGMENT_FINISHED);
  EXPECT_TRUE(cache.list().empty());
  EXPECT_EQ(cache.highest_offsets(), (std::vector<OffsetAndEpoch>{{Offset(9), LeaderEpoch(0)}}));
}

TEST(RemoteLogMetadata, DropsWhatIsNoTransition) {
  RemoteLogMetadataCache cache;
  const auto s = segment(1, 0, 9, {epoch(0, 0)});
  EXPECT_FALSE(move_to(cache, s, State::COPY_SEGMENT_FINISHED));
  move_to(cache, s, State::COPY_SEGMENT_STARTED);
  EXPECT_FALSE(move_to(cache, s, State::DELETE_SEGMENT_FINISHED));
  move_to(cache, s, State::DELETE_SEGMENT_STARTED);
  EXPECT_FALSE(move_to(cache, s, State::COPY_SEGMENT_FINISHED));
  EXPECT_EQ(found(cache, 0, 5), -1);
}

TEST(RemoteLogMetadata, ALaterCopyOfMoreTakesThePlaceOfAnOlderOne) {
  RemoteLogMetadataCache cache;
  copy(cache, segment(1, 10, 90, {epoch(3, 10)}));
  copy(cache, segment(2, 5, 100, {epoch(3, 5)}));
  EXPECT_EQ(found(cache, 3, 95), 2);
  EXPECT_EQ(found(cache, 3, 50), 2);
  EXPECT_EQ(cache.list().front().id, RemoteLogSegmentId(2));
  EXPECT_EQ(cache.list().size(), 2u);
}

TEST(RemoteLogMetadata, TheLeaderEpochTellsTwoHistoriesApart) {
  RemoteLogMetadataCache cache;
  copy(cache, segment(1, 40, 60, {epoch(0, 40)}));                // copied by a leader that is gone
  copy(cache, segment(2, 40, 55, {epoch(0, 40), epoch(1, 50)}));  // after an unclean election at offset 50
  EXPECT_EQ(found(cache, 1, 52), 2);
  EXPECT_EQ(found(cache, 0, 52), -1);  // of epoch 0 the newer copy knows the offsets up to 49
  EXPECT_EQ(cache.oldest_at(Offset(52))->id, RemoteLogSegmentId(1));  // variant remote.lineage
}

TEST(RemoteLogLineage, HowFarALogIsCopiedIsFoundByItsEpochs) {
  ListRemoteLogSegmentsResponse remote;
  remote.highest_offsets = {{Offset(80), LeaderEpoch(0)}};
  const LeaderEpochCache own(Epochs{epoch(0, 0), epoch(1, 50)});
  EXPECT_EQ(find_highest_remote_offset(remote, own, Offset(100)), Offset(49));
  EXPECT_EQ(find_highest_remote_offset(remote, own, Offset(100), false), Offset(80));
  remote.highest_offsets.push_back({Offset(70), LeaderEpoch(1)});
  EXPECT_EQ(find_highest_remote_offset(remote, own, Offset(100)), Offset(70));
  EXPECT_FALSE(find_highest_remote_offset({}, own, Offset(100)).present());
}

TEST(RemoteLogLineage, ASegmentBelongsToALogThatHasItsEpochs) {
  const Epochs own{epoch(0, 0), epoch(1, 50), epoch(3, 70)};
  EXPECT_TRUE(is_within_leader_epochs(segment(1, 20, 49, {epoch(0, 20)}), own, Offset(100)));
  EXPECT_FALSE(is_within_leader_epochs(segment(1, 20, 50, {epoch(0, 20)}), own, Offset(100)));
  EXPECT_TRUE(is_within_leader_epochs(segment(1, 40, 60, {epoch(0, 40), epoch(1, 50)}), own, Offset(100)));
  EXPECT_FALSE(is_within_leader_epochs(segment(1, 40, 60, {epoch(0, 40), epoch(1, 45)}), own, Offset(100)));
  EXPECT_FALSE(is_within_leader_epochs(segment(1, 60, 80, {epoch(2, 60)}), own, Offset(100)));
  EXPECT_FALSE(is_within_leader_epochs(segment(1, 45, 60, {epoch(1, 45)}), own, Offset(100)));
  EXPECT_FALSE(is_within_leader_epochs(segment(1, 70, 100, {epoch(3, 70)}), own, Offset(100)));
  // What is older than the earliest epoch is gone from the cache with an older segment.
  EXPECT_TRUE(is_within_leader_epochs(segment(1, 14, 150, {epoch(5, 14), epoch(7, 15), epoch(9, 100)}),
                                      {epoch(7, 51), epoch(9, 100)}, Offset(200)));
}

TEST(RemoteLogLineage, TheLogStartsWithTheFirstSegmentOfTheEarliestEpoch) {
  const LeaderEpochCache own(Epochs{epoch(2, 0), epoch(4, 50)});
  EXPECT_EQ(
      find_log_start_offset({segment(1, 60, 70, {epoch(4, 60)}), segment(2, 30, 40, {epoch(2, 30)})}, own, Offset(80)),
      Offset(30));
  EXPECT_EQ(find_log_start_offset({}, own, Offset(80)), Offset(80));
}

TEST(RemoteLogLineage, AnEpochSliceBeginsWhereItsSegmentDoes) {
  const Epochs own{epoch(0, 0), epoch(1, 50), epoch(3, 70)};
  EXPECT_EQ(epochs_in_range(own, Offset(60), Offset(80)), (Epochs{epoch(1, 60), epoch(3, 70)}));
  EXPECT_EQ(epochs_in_range(own, Offset(50), Offset(70)), (Epochs{epoch(1, 50)}));
  EXPECT_EQ(epochs_in_range(own, Offset(0), Offset(50)), (Epochs{epoch(0, 0)}));
}

struct Retention {
  std::vector<RemoteLogSegmentMetadata> segments;
  Epochs epochs{epoch(0, 0)};
  std::int64_t only_local = 100;
  TopicConfig topic;
  boost::container::flat_set<RemoteLogSegmentId> being_copied;
  Retention() {
    for (int i = 0; i < 5; ++i) segments.push_back(segment(i + 1, 10 * i, 10 * i + 9, {epoch(0, 10 * i)}));
    for (int i = 0; i < 5; ++i) segments[static_cast<std::size_t>(i)].max_timestamp = seconds(i);
    topic.retention_ms = Nanos(-1);
  }
  RemoteRetention found() const {
    return find_expired({segments, epochs, kFirstOffset, Offset(60), only_local, seconds(10), being_copied}, topic);
  }
  std::size_t count() const { return found().doomed.size(); }
};

TEST(RemoteRetention, BySizeCountsRemoteAndOnlyLocalSegments) {
  Retention r;
  r.topic.retention_bytes = 600;
  EXPECT_EQ(r.count(), 0u);
  r.topic.retention_bytes = 599;
  EXPECT_EQ(r.count(), 0u);  // it would go below
  r.topic.retention_bytes = 500;
  EXPECT_EQ(r.count(), 1u);
  EXPECT_EQ(r.found().log_start, Offset(10));
  EXPECT_EQ(r.found().doomed[0].reason, LogStartReason::retention_bytes);
  r.only_local = 400;  // all of the local log, as before KAFKA-20732
  EXPECT_EQ(r.count(), 4u);
}

TEST(RemoteRetention, ByTimeEndsAtTheFirstSegmentThatStays) {
  Retention r;
  r.topic.retention_ms = seconds(9);
  EXPECT_EQ(r.count(), 2u);
  EXPECT_EQ(r.found().log_start, Offset(20));
  r.being_copied.insert(RemoteLogSegmentId(2));
  EXPECT_EQ(r.count(), 1u);
}

TEST(RemoteRetention, WhatNobodyRefersToGoesWithoutTouchingTheLogStart) {
  Retention r;
  r.segments[0].epochs = {epoch(0, 0)};
  for (std::size_t i = 1; i < 5; ++i) r.segments[i].epochs[0].epoch = LeaderEpoch(2);
  r.epochs = {epoch(2, 10)};
  ASSERT_EQ(r.count(), 1u);
  EXPECT_EQ(r.found().doomed[0].segment.id, RemoteLogSegmentId(1));
  EXPECT_FALSE(r.found().log_start.present());
}

TEST(RemoteRetention, ADeletionThatCameToNoEndIsTakenUpAgain) {
  Retention r;
  r.segments[2].state = State::DELETE_SEGMENT_STARTED;
  EXPECT_EQ(r.count(), 0u);  // behind one that stays it is not looked for
  r.segments[0].state = r.segments[1].state = State::DELETE_SEGMENT_STARTED;
  EXPECT_EQ(r.count(), 3u);
  EXPECT_FALSE(r.found().log_start.present());
}

}  // namespace remote_log_test
}  // namespace ktrial::model
