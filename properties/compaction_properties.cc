// Properties of compaction: what a cleaning may take, that it gets on, and what a reader can rely on.
#include <fmt/format.h>

#include <algorithm>

#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

using Replica = std::pair<model::TopicPartition, NodeId>;

// Time is what the brokers' own wall clocks say: one that is ahead removes early and breaks no promise.
struct CompactionKeepsWhatItMust : PropertyOf<CompactionKeepsWhatItMust> {
  static constexpr const char* kName = "compaction-keeps-what-it-must";
  static constexpr const char* kMeaning =
      "Compaction, and the recovery of one that was interrupted, removes a record only for a later one of its key "
      "below the replica's high watermark, and a tombstone only delete.retention.ms after its first cleaning; the last "
      "batch of what is cleaned stays, so that everybody who copies the log finds its end.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::SegmentsReplaced, model::LogCleaned>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* replaced = std::get_if<model::SegmentsReplaced>(&fact)) {
      const auto& r = std::get<Replacement>(shadow.change);
      for (std::uint64_t i = 0; i < r.judged; ++i) met();
      if (r.wrong >= 0) judge(*replaced, r, context);
      if (replaced->by == model::ReplacedBy::cleaning)
        last_[{replaced->partition, context.node}] = {replaced->end_offset.value, r.last_batch_end, r.end_was_held};
      return;
    }
    const auto& cleaned = std::get<model::LogCleaned>(fact);
    const Last& last = last_[{cleaned.partition, context.node}];
    if (last.end != cleaned.end_offset.value || !last.end_was_held) return;
    met();
    if (last.last_batch_end != last.end)
      violate_at(cleaned.partition, last.end - 1, context, "last batch removed",
                 fmt::format("broker {} cleaned {} up to offset {} and left no batch that ends there",
                             context.node.value, text_of(cleaned.partition), last.end - 1));
  }

 private:
  struct Last {
    std::int64_t end = -1, last_batch_end = -1;
    bool end_was_held = false;
  };
  void judge(const model::SegmentsReplaced& f, const Replacement& r, const FactContext& context) {
    const bool early = r.why == WhyGone::tombstone_too_early;
    const char* what = early ? "tombstone removed too early" : "the last record of its key removed";
    violate_at(f.partition, r.wrong, context, what,
               fmt::format("broker {} has no record at offset {} of {} any more, which {}", context.node.value, r.wrong,
                           text_of(f.partition),
                           early ? "is a tombstone that was not kept for delete.retention.ms"
                                 : "is the last of its key below the high watermark"));
  }
  std::map<Replica, Last> last_;
};

struct CompactionMakesProgress : PropertyOf<CompactionMakesProgress> {
  static constexpr const char* kName = "compaction-makes-progress";
  static constexpr const char* kMeaning =
      "What a cleaning has cleaned is not dirty any more: no cleaner runs in a circle.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::LogCleaned>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    const auto& cleaned = std::get<model::LogCleaned>(fact);
    met();
    if (cleaned.end_offset > cleaned.first_dirty_offset) return;
    violate_at(
        cleaned.partition, cleaned.first_dirty_offset.value, context, "cleaned in vain",
        fmt::format("broker {} cleaned {} from offset {} on, and the next cleaning begins at {}", context.node.value,
                    text_of(cleaned.partition), cleaned.first_dirty_offset.value, cleaned.end_offset.value));
  }
};

// Judged once for each reading from the first offset to the high watermark. Kafka promises it for a reader that stays
// with one replica: two replicas clean at different times, and one may have removed a tombstone whose key's last value
// the other still gave away. So a reading during which the leader changes is not judged, nor one of a log whose start
// has moved.
struct ReaderSeesTheFinalState : PropertyOf<ReaderSeesTheFinalState> {
  static constexpr const char* kName = "reader-sees-the-final-state";
  static constexpr const char* kMeaning =
      "A consumer that reads a log from its first offset to the high watermark from one leader within "
      "delete.retention.ms (or limits.time-to-catch-up) was given the last record of each key, tombstones of keys that "
      "it knows too.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::RecordConsumed, model::ConsumerPositionReset, model::ConsumerHighWatermarkSeen,
                    model::PartitionsAssigned, model::CommittedOffsetFetched>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* reset = std::get_if<model::ConsumerPositionReset>(&fact)) {
      readings_.erase({reset->partition, context.node});
      if (reset->to == model::kFirstOffset)
        readings_[{reset->partition, context.node}] = {context.at, shadow.logs.leader_epoch(reset->partition), -1, {}};
    } else if (const auto* assigned = std::get_if<model::PartitionsAssigned>(&fact)) {
      for (const model::TopicPartition tp : assigned->partitions) readings_.erase({tp, context.node});
    } else if (const auto* committed = std::get_if<model::CommittedOffsetFetched>(&fact)) {
      if (committed->offset.present()) readings_.erase({committed->partition, context.node});
    } else if (readings_.empty()) {
      return;
    } else if (const auto* seen = std::get_if<model::ConsumerHighWatermarkSeen>(&fact)) {
      const auto it = readings_.find({seen->partition, context.node});
      if (it == readings_.end()) return;
      Reading& reading = it->second;
      if (reading.leader_epoch != seen->leader_epoch) return void(readings_.erase(it));
      reading.high_watermark = seen->high_watermark.value;
    } else if (const auto* record = std::get_if<model::RecordConsumed>(&fact)) {
      const auto it = readings_.find({record->partition, context.node});
      if (it == readings_.end()) return;
      Reading& reading = it->second;
      if (const Entry* entry = shadow.logs.committed(record->partition, record->offset.value);
          entry && entry->key().present())
        reading.given[entry->key()] = record->offset.value;
      if (record->offset.value + 1 < reading.high_watermark || reading.high_watermark < 0) return;
      if (shadow.logs.leader_start(record->partition) == 0 &&
          shadow.logs.leader_epoch(record->partition) == reading.leader_epoch)
        judge(record->partition, reading, context, shadow);
      readings_.erase(it);
    }
  }

 private:
  struct Reading {
    Nanos began{0};
    model::LeaderEpoch leader_epoch;
    std::int64_t high_watermark = -1;
    std::map<model::KeyId, std::int64_t> given;  // the last record of each key
  };
  void judge(model::TopicPartition tp, const Reading& reading, const FactContext& context, const Shadow& shadow) {
    const ReplicaLogs& logs = shadow.logs;
    std::set<model::KeyId> later;  // keys with a record that the reader has yet to get to
    for (auto o = logs.committed_end(tp) - 1; o >= reading.high_watermark; --o)
      later.insert(logs.committed(tp, o)->key());
    std::set<model::KeyId> known;
    for (auto o = std::min(reading.high_watermark, logs.committed_end(tp)) - 1; o >= 0; --o) {
      const Entry& last = *logs.committed(tp, o);
      if (!last.key().present() || !known.insert(last.key()).second) continue;
      met();
      const auto given = reading.given.find(last.key());
      const bool has = given != reading.given.end();
      if ((has && given->second == o) || later.contains(last.key())) continue;
      const Nanos time = shadow.limits.time_to_catch_up.value_or(logs.compacted().time_to_read(tp, o));
      if (last.tombstone() && (!has || context.at - reading.began > time)) continue;
      violate_at(
          tp, o, context, last.tombstone() ? "tombstone missed" : "last value missed",
          fmt::format("client {} read {} up to offset {}, and was not given the {} at offset {}, the last of its "
                      "key",
                      context.node.value, text_of(tp), reading.high_watermark - 1,
                      last.tombstone() ? "tombstone" : "record", o));
    }
  }
  std::map<Replica, Reading> readings_;
};

}  // namespace

void add_compaction_properties(PropertyList& list) {
  list.push_back(std::make_unique<CompactionKeepsWhatItMust>());
  list.push_back(std::make_unique<CompactionMakesProgress>());
  list.push_back(std::make_unique<ReaderSeesTheFinalState>());
}

}  // namespace ktrial::properties
