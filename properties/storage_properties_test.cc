// The storage properties: a run that breaks each and one that keeps it, and what a stop may take from a log start.
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace storage_properties_test {

constexpr auto kEpoch = LeaderEpoch{0};

void loads(Told& t, std::int64_t start, std::int64_t end, std::int64_t broken = -1) {
  model::LogLoaded f{kTp, Offset{start}, Offset{end}, Offset{start}, false, Offset{broken}, {}};
  if (end > start) f.epochs = {{kEpoch, Offset{start}}};
  t.fact(1, f);
}
void deletes(Told& t, std::int64_t base, std::int64_t next, std::int64_t high_watermark, int age_ms) {
  model::SegmentDeleted f{kTp, Offset{base}, Offset{next}};
  f.reason = model::LogStartReason::retention_ms;
  f.wall_clock = model::seconds(100);
  f.largest_timestamp = f.wall_clock - model::milliseconds(age_ms);
  f.retention_ms = model::milliseconds(1000);
  f.high_watermark = Offset{high_watermark};
  t.fact(1, f);
}
void starts(Told& t, std::int64_t from, std::int64_t to, std::int64_t high_watermark, model::LogStartReason reason) {
  t.fact(1, model::LogStartAdvanced{kTp, Offset{to}, Offset{from}, Offset{high_watermark}, reason});
}
void holds_two(Told& t) {
  t.leads(1, 0);
  t.appends(1, 0, 0, {t.a, t.b}, true);
}

std::string only_reason(Told& t, const char* property) {
  const Verdict verdict = t.judge.verdict(property);
  return verdict.violations.empty() ? "" : verdict.violations.front().reason;
}

constexpr const char* kRetention = "retention-keeps-what-it-must";
constexpr const char* kRecovered = "recovered-log-is-sound";

TEST(RetentionKeepsWhatItMust, WhatTheConfigurationAsksToKeepIsKept) {
  Told young, above, little;
  deletes(young, 0, 2, 2, 1000);
  EXPECT_EQ(only_reason(young, kRetention), "younger than retention.ms");
  deletes(above, 0, 3, 2, 5000);
  EXPECT_EQ(only_reason(above, kRetention), "above the high watermark");
  model::SegmentDeleted f{kTp, Offset{0}, Offset{2}};
  f.reason = model::LogStartReason::retention_bytes;
  f.bytes = 60;
  f.log_bytes = 150;
  f.retention_bytes = 100;
  f.high_watermark = Offset{2};
  little.fact(1, f);
  EXPECT_EQ(only_reason(little, kRetention), "less than retention.bytes is left");
}

TEST(RetentionKeepsWhatItMust, AStopMayTakeTheLogStartBackToWhatTheDiskSays) {
  using enum model::LogStartReason;
  Told killed;  // DeleteRecords without a checkpoint
  holds_two(killed);
  starts(killed, 0, 1, 2, client);
  killed.injected({Injected::killed, NodeId{1}, NodeId{}});
  loads(killed, 0, 2);
  EXPECT_EQ(only_reason(killed, kRetention), "");
  Told checkpointed;
  holds_two(checkpointed);
  starts(checkpointed, 0, 1, 2, client);
  checkpointed.fact(1, model::LogStartCheckpointed{kTp, Offset{1}});
  checkpointed.injected({Injected::power_cut, NodeId{1}, NodeId{}});
  loads(checkpointed, 0, 2);
  EXPECT_EQ(only_reason(checkpointed, kRetention), "log start not recovered");
  // Deleted segments are gone after a kill, and may be back after a power cut.
  for (const auto kind : {Injected::killed, Injected::power_cut}) {
    Told t;
    holds_two(t);
    deletes(t, 0, 1, 2, 5000);
    starts(t, 0, 1, 2, retention_ms);
    t.injected({kind, NodeId{1}, NodeId{}});
    loads(t, 0, 2);
    EXPECT_EQ(only_reason(t, kRetention), kind == Injected::killed ? "log start not recovered" : "");
  }
}

TEST(RecoveredLogIsSound, EndsWhereTheDiskEndsAndTellsItsEpochs) {
  Told kept, gone, back, rotten, epochs;
  holds_two(kept);
  loads(kept, 0, 2);
  EXPECT_EQ(only_reason(kept, kRecovered), "");
  holds_two(gone);
  loads(gone, 0, 1);
  EXPECT_EQ(only_reason(gone, kRecovered), "what was flushed is gone");
  holds_two(back);
  back.fact(1, model::UnsyncedDataLost{kTp, Offset{1}, Offset{2}});
  loads(back, 0, 2);
  EXPECT_EQ(only_reason(back, kRecovered), "holds what was lost");
  holds_two(rotten);
  rotten.fact(1, model::BatchCorrupted{kTp, Offset{0}, Offset{2}});
  loads(rotten, 0, 2, 0);
  EXPECT_EQ(only_reason(rotten, kRecovered), "");
  holds_two(epochs);
  epochs.appends(1, 2, 3, {epochs.a}, true);
  loads(epochs, 0, 3);
  EXPECT_EQ(only_reason(epochs, kRecovered), "leader epochs differ from the log");
}

// What a leader removed is not lost, and a loss by bit rot is explained.
TEST(Ledger, RemovedIsNotLostAndRotIsExplained) {
  Told removed;
  removed.two_acked();
  removed.fact(2, model::LogStartAdvanced{kTp, Offset{2}, Offset{0}, Offset{2}, model::LogStartReason::leader});
  removed.leads(2, 1);
  EXPECT_EQ(only_reason(removed, "acked-records-survive"), "");
  Told rotten;
  rotten.two_acked();
  rotten.fact(2, model::BatchCorrupted{kTp, Offset{0}, Offset{2}});
  rotten.fact(2, model::LogLoaded{kTp, Offset{0}, Offset{0}, Offset{0}, false, Offset{}, {}});
  rotten.leads(2, 1);
  EXPECT_NE(only_reason(rotten, "acked-records-survive"), "");
  EXPECT_EQ(only_reason(rotten, "loss-is-permitted"), "");
}

// A restarted replica that lost its log start with its epochs cuts to its high watermark; its leader has removed all
// that.
TEST(CommittedIsNotTruncated, WhatTheLeaderHasRemovedMayGo) {
  for (const bool removed : {false, true}) {
    Told t;
    t.two_committed();
    if (removed) starts(t, 0, 2, 2, model::LogStartReason::client);
    t.fact(2, model::LogTruncated{kTp, Offset{1}, Offset{2}});
    EXPECT_EQ(only_reason(t, "committed-is-not-truncated"), removed ? "" : "committed record truncated");
  }
}

}  // namespace storage_properties_test

std::map<std::string, Case> storage_cases() {
  using namespace storage_properties_test;
  using enum model::LogStartReason;
  return {
      {kRetention,
       {"log start above the high watermark", [](Told& t) { starts(t, 0, 3, 2, retention_ms); },
        [](Told& t) { starts(t, 0, 2, 2, retention_ms); }}},
      {kRecovered,
       {"a broken batch was not found",
        [](Told& t) {
          holds_two(t);
          loads(t, 0, 2, 0);
        },
        [](Told& t) {
          holds_two(t);
          loads(t, 0, 2);
        }}},
      {"corruption-not-exposed",
       {"broken batch served",
        [](Told& t) {
          t.fact(Told::kClient, model::CorruptBatchFound{kTp, Offset{0}, NodeId{1}});
        },
        [](Told& t) {
          holds_two(t);
          t.fact(1, model::BatchCorrupted{kTp, Offset{0}, Offset{2}});
          t.fact(Told::kClient, model::CorruptBatchFound{kTp, Offset{0}, NodeId{1}});
        }}},
      {"unread-records-are-kept",
       {"unread records removed",
        [](Told& t) {
          holds_two(t);
          starts(t, 0, 2, 2, retention_ms);
          t.fact(Told::kClient, model::ConsumerPositionReset{kTp, Offset{1}, Offset{2}});
        },
        [](Told& t) {
          holds_two(t);
          starts(t, 0, 2, 2, retention_ms);
          t.fact(Told::kClient, model::ConsumerPositionReset{kTp, Offset{}, Offset{2}});
        }}},
      {"removed-records-stay-removed",
       {"removed records are back",
        [](Told& t) {
          holds_two(t);
          starts(t, 0, 2, 2, client);
          t.fact(1, model::RecordsDeleted{kTp, Offset{2}, Offset{2}});
          loads(t, 0, 2);
          t.leads(1, 1);
        },
        [](Told& t) {
          holds_two(t);
          starts(t, 0, 2, 2, client);
          t.fact(1, model::RecordsDeleted{kTp, Offset{2}, Offset{2}});
          t.leads(1, 1);
        }}},
  };
}

}  // namespace ktrial::properties
