// Goal: tiered storage is judged by what the remote storage holds. Method: a run told by hand to the whole judge.
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace tiered_properties_test {

using SegmentState = model::RemoteLogSegmentState;

constexpr int kStorage = 9;

// Broker 1 leads, and has committed four records, value n at offset n.
void leads_four(Told& t) {
  t.leads(1, 0);
  for (int i = 0; i < 4; ++i) t.appends(1, i, 0, {value(1, i)}, true);
  t.high_watermark(1, 0, 4, 0, true);
}
model::RecordBatch batch(std::int64_t base, const std::vector<ValueId>& values) {
  std::vector<model::Record> records;
  for (const ValueId v : values) records.push_back({model::KeyId{}, {}, v, Nanos{0}});
  model::RecordBatch b;
  b.base_offset = Offset{base};
  b.partition_leader_epoch = LeaderEpoch{0};
  b.record_count = static_cast<std::int32_t>(values.size());
  b.records = std::make_shared<const std::vector<model::Record>>(std::move(records));
  return b;
}
void state(Told& t, int id, std::int64_t start, std::int64_t end, SegmentState to) {
  model::RemoteLogSegmentMetadata s;
  s.id = model::RemoteLogSegmentId{id};
  s.partition = kTp;
  s.start_offset = Offset{start};
  s.end_offset = Offset{end};
  s.bytes = 100;
  s.epochs = {{LeaderEpoch{0}, Offset{start}}};
  s.state = to;
  t.fact(kStorage, model::RemoteSegmentStateChanged{s});
}
void copy(Told& t, int id, std::int64_t start, const std::vector<ValueId>& values) {
  const auto end = start + static_cast<std::int64_t>(values.size()) - 1;
  state(t, id, start, end, SegmentState::COPY_SEGMENT_STARTED);
  t.fact(kStorage, model::RemoteSegmentStored{kTp, model::RemoteLogSegmentId{id}, {batch(start, values)}});
  state(t, id, start, end, SegmentState::COPY_SEGMENT_FINISHED);
}
void deletes_locally(Told& t, int node, std::int64_t base, std::int64_t next) {
  model::LocalSegmentDeleted d;
  d.partition = kTp;
  d.base_offset = Offset{base};
  d.next_base_offset = Offset{next};
  t.fact(node, d);
}
// The only remote segment, of 100 bytes, beside 100 bytes that are only local.
void expires(Told& t, std::int64_t retention_bytes) {
  leads_four(t);
  copy(t, 1, 0, {value(1, 0), value(1, 1)});
  t.fact(1, model::RemoteSegmentCopied{kTp, model::RemoteLogSegmentId{1}, Offset{0}, Offset{1}});
  model::RemoteSegmentExpired e;
  e.partition = kTp;
  e.segment = model::RemoteLogSegmentId{1};
  e.reason = model::LogStartReason::retention_bytes;
  e.end_offset = Offset{1};
  e.retention_bytes = retention_bytes;
  e.local_segments = {{Offset{2}, 100}};
  t.fact(1, e);
}
std::string readable(const Told& t) {
  const Verdict v = t.judge.verdict("tiered-offsets-are-readable");
  return v.violations.empty() ? "" : v.violations.front().reason;
}

TEST(TieredOffsets, ACopyIsWholeAndHoldsWhatWasCommitted) {
  Told other;
  leads_four(other);
  copy(other, 1, 0, {value(1, 0), value(1, 7)});
  EXPECT_EQ(readable(other), "uncommitted record copied");
  Told empty;
  leads_four(empty);
  state(empty, 1, 0, 1, SegmentState::COPY_SEGMENT_FINISHED);
  EXPECT_EQ(readable(empty), "copy is not whole");
}

TEST(TieredOffsets, TheLastCopyStaysWhileTheLogStartsBelowIt) {
  Told t;
  leads_four(t);
  copy(t, 1, 0, {value(1, 0), value(1, 1)});
  t.leads(1, 1);
  deletes_locally(t, 1, 0, 2);
  t.fact(1, model::LogStartAdvanced{kTp, Offset{1}, Offset{0}, Offset{4}, model::LogStartReason::remote});
  state(t, 1, 0, 1, SegmentState::DELETE_SEGMENT_STARTED);
  EXPECT_EQ(readable(t), "last copy deleted");
}

TEST(TieredOffsets, WhatIsServedIsWhatTheLogHas) {
  Told t;
  leads_four(t);
  t.fact(1, model::RemoteLogRead{kTp, Offset{1}, {batch(1, {value(1, 1)})}});
  EXPECT_EQ(readable(t), "");
  t.fact(1, model::RemoteLogRead{kTp, Offset{1}, {batch(1, {value(1, 6)})}});
  EXPECT_EQ(readable(t), "another record served");
}

TEST(TieredOffsets, AFollowerThatBeginsInTheMiddleKnowsTheEpochsBeforeIt) {
  Told t;
  leads_four(t);
  t.fact(2, model::RemoteStateRestored{kTp, Offset{0}, Offset{2}, {{LeaderEpoch{0}, Offset{0}}}});
  EXPECT_EQ(readable(t), "");
  t.fact(2, model::RemoteStateRestored{kTp, Offset{0}, Offset{2}, {}});
  EXPECT_EQ(readable(t), "leader epochs not restored");
}

// The leader's log start went back to its checkpoint with a stop; the epochs in its copies begin where it was.
TEST(TieredOffsets, WhatIsRemovedNeedsNoEpochs) {
  for (const std::int64_t removed : {1, 0}) {
    Told t;
    leads_four(t);
    t.fact(1, model::LogStartAdvanced{kTp, Offset{removed}, Offset{0}, Offset{2}});
    t.fact(2, model::RemoteStateRestored{kTp, Offset{0}, Offset{2}, {{LeaderEpoch{0}, Offset{1}}}});
    EXPECT_EQ(readable(t), removed == 1 ? "" : "leader epochs not restored");
  }
}

// A hole of Kafka's: what it takes for copied is not lowered.
TEST(TieredOffsets, AReplicaThatWasCutBelowItsCopiesIsNotJudged) {
  Told t;
  leads_four(t);
  copy(t, 1, 0, {value(1, 0), value(1, 1)});
  t.fact(1, model::LogTruncated{kTp, Offset{1}, Offset{4}});
  t.appends(1, 1, 1, {value(1, 9)}, true);
  deletes_locally(t, 1, 0, 2);
  EXPECT_EQ(readable(t), "");
}

}  // namespace tiered_properties_test

std::map<std::string, Case> tiered_cases() {
  using namespace tiered_properties_test;
  return {
      {"tiered-offsets-are-readable",
       {"deleted before it was copied",
        [](Told& t) {
          leads_four(t);
          state(t, 1, 0, 1, SegmentState::COPY_SEGMENT_STARTED);
          deletes_locally(t, 1, 0, 2);
        },
        [](Told& t) {
          leads_four(t);
          copy(t, 1, 0, {value(1, 0), value(1, 1)});
          deletes_locally(t, 1, 0, 2);
        }}},
      {"remote-retention-keeps-what-it-must",
       {"less than retention.bytes is left", [](Told& t) { expires(t, 101); }, [](Told& t) { expires(t, 100); }}},
  };
}

}  // namespace ktrial::properties
