// The properties of idempotent producers, and that what Kafka itself does with a producer it does not know is told
// apart.
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace producer_properties_test {

using model::ProducerEpoch;
using model::ProducerId;
using model::Sequence;

constexpr ProducerId kId{7};

// One record of producer 1, with its number as value.
model::RecordBatch batch(std::int64_t base, std::int64_t n, std::int32_t sequence, std::int16_t epoch = 0) {
  model::RecordBatch b;
  b.base_offset = Offset{base};
  b.partition_leader_epoch = LeaderEpoch{0};
  b.producer_id = kId;
  b.producer_epoch = ProducerEpoch{epoch};
  b.base_sequence = Sequence{sequence};
  b.record_count = 1;
  b.records =
      std::make_shared<const std::vector<model::Record>>(1, model::Record{model::KeyId{}, {}, value(1, n), Nanos(0)});
  return b;
}
void appends(Told& t, const model::RecordBatch& b, int node = 1) {
  t.fact(node, model::BatchAppended{kTp, b, node == 1});
}
// Broker 1 leads and commits the batches.
void commits(Told& t, const std::vector<model::RecordBatch>& batches) {
  t.leads(1, 0);
  for (const auto& b : batches) appends(t, b);
  t.high_watermark(1, 0, batches.back().next_offset().value, 0, true);
}
model::ProducerStateEntry entry(const std::vector<model::RecordBatch>& batches) {
  model::ProducerStateEntry e;
  e.producer_id = kId;
  for (const auto& b : batches) e.add(b);
  return e;
}
void tells(Told& t, model::ProducerStateChange why, std::vector<model::ProducerStateEntry> entries) {
  t.fact(1, model::ProducerStateTold{kTp, why, std::move(entries)});
}
void loads(Told& t, std::int64_t start, std::int64_t end) {
  t.fact(1, model::LogLoaded{kTp, Offset{start}, Offset{end}, Offset{start}, true, {}, {{LeaderEpoch{0}, Offset{0}}}});
}
void takes_unknown(Told& t, std::int64_t offset, std::int32_t sequence) {
  t.fact(1, model::UnknownProducerAccepted{kTp, kId, ProducerEpoch{0}, Sequence{sequence}, Offset{offset}});
}
std::string reason(Told& t, const char* property) {
  const Verdict verdict = t.judge.verdict(property);
  return verdict.violations.empty() ? "" : verdict.violations.front().reason;
}

// At 1 ms, in a run that ends 131 s after the last fault.
void bumps_its_epoch(Told& t, Nanos last_fault) {
  t.fact(100, model::ProducerEpochBumped{kId, ProducerEpoch{1}, {kTp}});
  FinishContext end;
  end.faults_ended = true;
  end.since_quiet = model::seconds(131);
  end.at = last_fault + end.since_quiet;
  t.judge.finish(end);
}

constexpr const char* kState = "producer-state-is-a-replay";

TEST(ProducerState, OfASnapshotHoldsTheNewestBatchOfEachOnly) {
  Told t;
  commits(t, {batch(0, 0, 0), batch(1, 1, 1)});
  loads(t, 0, 2);
  tells(t, model::ProducerStateChange::load, {entry({batch(1, 1, 1)})});
  EXPECT_EQ(reason(t, kState), "");
  tells(t, model::ProducerStateChange::leadership, {entry({batch(0, 0, 0)})});
  EXPECT_EQ(reason(t, kState), "the state differs from the log");
}

TEST(ProducerState, IsForgottenByExpirationAndByARebuildAboveItsBatchesOnly) {
  Told expired, removed, restarted;
  for (Told* t : {&expired, &removed, &restarted}) commits(*t, {batch(0, 0, 0)});
  expired.fact(1, model::ProducerIdsExpired{kTp, {kId}});
  takes_unknown(expired, 1, 1);
  EXPECT_EQ(reason(expired, kState), "");
  for (Told* t : {&removed, &restarted})
    t->fact(1, model::LogStartAdvanced{kTp, Offset{1}, Offset{0}, Offset{1}, model::LogStartReason::retention_ms});
  takes_unknown(removed, 1, 1);
  EXPECT_EQ(reason(removed, kState), "a producer was forgotten");
  loads(restarted, 1, 1);
  takes_unknown(restarted, 1, 1);
  EXPECT_EQ(reason(restarted, kState), "");
}

// I08: the order is broken by what Kafka does, and only exactly-once-in-the-log says so.
TEST(UnknownProducer, WhoseLaterBatchIsTakenFirst) {
  Told t;
  for (const int n : {0, 1}) t.sent(value(1, n));
  t.leads(1, 0);
  takes_unknown(t, 0, 1);
  appends(t, batch(0, 1, 1));
  appends(t, batch(1, 0, 0, 1));
  t.high_watermark(1, 0, 2, 0, true);
  EXPECT_EQ(reason(t, "no-duplicates"), "");
  EXPECT_EQ(reason(t, "producer-order"), "");
  EXPECT_EQ(reason(t, "exactly-once-in-the-log"), "record out of order");
}

// A bump after a batch whose outcome the producer does not know.
TEST(EpochBump, WritesARecordTwice) {
  Told t;
  commits(t, {batch(0, 0, 0), batch(1, 0, 0, 1)});
  EXPECT_EQ(reason(t, "no-duplicates"), "");
  EXPECT_EQ(reason(t, "exactly-once-in-the-log"), "record committed twice");
}

// What an election took back is not there twice.
TEST(NoDuplicates, FollowsTheLogThatIsLeft) {
  Told t;
  commits(t, {batch(0, 0, 0), batch(1, 1, 1)});
  t.unclean(2, 1);
  appends(t, batch(0, 0, 0), 2);
  t.leads(2, 1);
  model::RecordBatch again = batch(1, 1, 1);
  again.partition_leader_epoch = LeaderEpoch{1};
  t.fact(2, model::BatchAppended{kTp, again, true});
  t.high_watermark(2, 1, 2, 1, true);
  EXPECT_EQ(reason(t, "no-duplicates"), "");
  EXPECT_EQ(reason(t, "exactly-once-in-the-log"), "");
}

}  // namespace producer_properties_test

std::map<std::string, Case> producer_cases() {
  using namespace producer_properties_test;
  return {
      {kState,
       {"a producer was forgotten",
        [](Told& t) {
          commits(t, {batch(0, 0, 0)});
          loads(t, 0, 1);
          tells(t, model::ProducerStateChange::load, {});
        },
        [](Told& t) {
          commits(t, {batch(0, 0, 0)});
          loads(t, 0, 1);
          tells(t, model::ProducerStateChange::load, {entry({batch(0, 0, 0)})});
        }}},
      {"duplicates-are-recognised",
       {"duplicate refused",
        [](Told& t) {
          commits(t, {batch(0, 0, 0), batch(1, 1, 1)});
          t.fact(1, model::SequenceRefused{kTp, kId, ProducerEpoch{0}, Sequence{0},
                                           model::Error::OUT_OF_ORDER_SEQUENCE_NUMBER});
        },
        [](Told& t) {
          commits(t, {batch(0, 0, 0), batch(1, 1, 1)});
          t.fact(1, model::DuplicateDetected{kTp, kId, ProducerEpoch{0}, Sequence{1}, Offset{1}});
          t.fact(1, model::SequenceRefused{kTp, kId, ProducerEpoch{0}, Sequence{3},
                                           model::Error::OUT_OF_ORDER_SEQUENCE_NUMBER});
        }}},
      {"producer-ids-are-unique",
       {"producer id given twice",
        [](Told& t) {
          for (const int client : {100, 101}) t.fact(client, model::ProducerIdAssigned{kId, ProducerEpoch{0}});
        },
        [](Told& t) {
          for (const int client : {100, 101})
            t.fact(client, model::ProducerIdAssigned{ProducerId{client}, ProducerEpoch{0}});
        }}},
      {"epoch-bumps-end",
       {"epoch bumped without a fault", [](Told& t) { bumps_its_epoch(t, -model::seconds(131)); },
        [](Told& t) { bumps_its_epoch(t, model::seconds(10)); }}},
      {"no-duplicates",
       {"committed twice",
        [](Told& t) {
          commits(t, {batch(0, 0, 0), batch(1, 0, 0)});
        },
        [](Told& t) {
          commits(t, {batch(0, 0, 0), batch(1, 1, 1), batch(2, 2, 0, 1)});
        }}},
      {"exactly-once-in-the-log",
       {"record committed twice",
        [](Told& t) {
          commits(t, {batch(0, 0, 0), batch(1, 0, 0, 1)});
        },
        [](Told& t) {
          commits(t, {batch(0, 0, 0), batch(1, 1, 1)});
        }}},
  };
}

}  // namespace ktrial::properties
