// Properties of a broker's disk: what retention may remove, what recovery must find, who may see a broken batch.
#include <fmt/format.h>

#include <algorithm>

#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

using Replica = std::pair<model::TopicPartition, NodeId>;

// What the broker's own wall clock says is what counts: a clock that is ahead deletes early and breaks no promise. A
// log start that only the memory knew (DeleteRecords, until the next checkpoint) is lost with the process; that is
// Kafka's design, and so is a segment that comes back because the power failed before its deletion was durable.
struct RetentionKeepsWhatItMust : PropertyOf<RetentionKeepsWhatItMust> {
  static constexpr const char* kName = "retention-keeps-what-it-must";
  static constexpr const char* kMeaning =
      "Nothing at or above the high watermark is removed from the front of a log, and no segment that retention.ms and "
      "retention.bytes ask to keep; the log start goes back only by a truncation, or by a stop to what was "
      "checkpointed.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::SegmentDeleted, model::LogStartAdvanced, model::LogStartCheckpointed, model::LogLoaded,
                    model::HighWatermarkAdvanced, model::ReplicaDeleted>();
  }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (fault.kind != Injected::power_cut && fault.kind != Injected::wiped) return;
    for (auto& [replica, known] : starts_) {
      if (replica.second != fault.node) continue;
      known.power_lost = true;
      if (fault.kind == Injected::wiped) known = {};
    }
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* hw = std::get_if<model::HighWatermarkAdvanced>(&fact)) {
      if (!shadow.logs.any_start()) return;
      const std::int64_t start = shadow.logs.start(context.node, hw->partition);
      if (hw->high_watermark.value < start)
        violate_at(hw->partition, start, context, "high watermark below the log start",
                   fmt::format("the high watermark of {} went to {} at broker {}, whose log starts at {}",
                               text_of(hw->partition), hw->high_watermark.value, context.node.value, start));
    } else if (const auto* gone = std::get_if<model::ReplicaDeleted>(&fact)) {
      starts_.erase({gone->partition, context.node});
    } else if (const auto* deleted = std::get_if<model::SegmentDeleted>(&fact)) {
      judge(*deleted, context);
    } else if (const auto* start = std::get_if<model::LogStartAdvanced>(&fact)) {
      judge(*start, context);
    } else if (const auto* line = std::get_if<model::LogStartCheckpointed>(&fact)) {
      starts_[{line->partition, context.node}].checkpointed = std::max<std::int64_t>(line->log_start_offset.value, 0);
    } else {
      judge(std::get<model::LogLoaded>(fact), context);
    }
  }

 private:
  struct Start {
    std::int64_t checkpointed = 0;
    std::int64_t deleted_to = 0;  // the segments below it are gone
    bool power_lost = false;      // since the log was loaded
  };
  void judge(const model::SegmentDeleted& d, const FactContext& context) {
    met();
    Start& known = starts_[{d.partition, context.node}];
    known.deleted_to = std::max(known.deleted_to, d.next_base_offset.value);
    const auto removed = [&](const char* what) {
      violate_at(d.partition, d.base_offset.value, context, what,
                 fmt::format("broker {} deleted the segment of offsets {} to {} of {} ({})", context.node.value,
                             d.base_offset.value, d.next_base_offset.value - 1, text_of(d.partition), what));
    };
    if (d.next_base_offset > d.high_watermark) removed("above the high watermark");
    if (d.reason == model::LogStartReason::retention_ms && d.wall_clock - d.largest_timestamp <= d.retention_ms)
      removed("younger than retention.ms");
    if (d.reason == model::LogStartReason::retention_bytes && d.log_bytes - d.bytes < d.retention_bytes)
      removed("less than retention.bytes is left");
  }
  void judge(const model::LogStartAdvanced& s, const FactContext& context) {
    met();
    Start& known = starts_[{s.partition, context.node}];
    if (s.log_start_offset > s.high_watermark)
      violate_at(
          s.partition, s.high_watermark.value, context, "log start above the high watermark",
          fmt::format("the log start of {} went to {} at broker {}, whose high watermark is {}", text_of(s.partition),
                      s.log_start_offset.value, context.node.value, s.high_watermark.value));
    if (s.reason == model::LogStartReason::truncation)
      known.deleted_to = std::min(known.deleted_to, s.log_start_offset.value);
    else if (s.log_start_offset < s.old_log_start_offset)
      violate_at(s.partition, s.log_start_offset.value, context, "log start went back",
                 fmt::format("the log start of {} went back from {} to {} at broker {}", text_of(s.partition),
                             s.old_log_start_offset.value, s.log_start_offset.value, context.node.value));
  }
  void judge(const model::LogLoaded& l, const FactContext& context) {
    Start& known = starts_[{l.partition, context.node}];
    const std::int64_t least = known.power_lost ? known.checkpointed : std::max(known.checkpointed, known.deleted_to);
    if (least > 0) met();
    if (l.log_start_offset.value < least)
      violate_at(l.partition, l.log_start_offset.value, context, "log start not recovered",
                 fmt::format("broker {} loaded {} from offset {} on; its checkpoint or its segments said {}",
                             context.node.value, text_of(l.partition), l.log_start_offset.value, least));
    known.deleted_to = std::min(known.deleted_to, l.log_start_offset.value);
    known.power_lost = false;
  }
  std::map<Replica, Start> starts_;
};

// Judged when a log is loaded, against what was appended to it and what the disk is known to have lost since.
struct RecoveredLogIsSound : PropertyOf<RecoveredLogIsSound> {
  static constexpr const char* kName = "recovered-log-is-sound";
  static constexpr const char* kMeaning =
      "A log that is loaded ends where what survived on the disk ends, holds no broken batch but one that bit rot "
      "broke, and its leader epochs are those of its batches.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::LogLoaded>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto& l = std::get<model::LogLoaded>(fact);
    const std::int64_t start = l.log_start_offset.value, end = l.end_offset.value;
    const std::int64_t expected = shadow.logs.end_before_load(context.node, l.partition);
    if (std::max(end, expected) == 0) return;
    met();
    const auto wrong = [&](std::int64_t offset, const char* what) {
      violate_at(l.partition, offset, context, what,
                 fmt::format("broker {} loaded {} from offset {} to {} ({}); what survived ends at {}",
                             context.node.value, text_of(l.partition), start, end, what, expected));
    };
    if (l.first_broken.present() && !shadow.logs.corrupted(context.node, l.partition, l.first_broken.value))
      return wrong(l.first_broken.value, "a broken batch was not found");
    // A tiered log that was empty may end where it once began, and begin before that: its start comes from a
    // checkpoint.
    if (end > std::max({expected, start, shadow.logs.removed_to(context.node, l.partition)}))
      return wrong(end, "holds what was lost");
    if (end < expected && !shadow.logs.cut_at_rot(context.node, l.partition))
      return wrong(end, "what was flushed is gone");
    // What a log start below it took from the epoch cache does not come back with the records.
    const model::Offset from(std::max(start, shadow.logs.epochs_from(context.node, l.partition)));
    if (!l.first_broken.present()) check_epochs(l, from, shadow.logs.entries(context.node, l.partition), wrong);
  }

 private:
  // Each epoch's range holds records of that epoch only, and what nobody knows of: a gap that was copied.
  template <class Wrong>
  static void check_epochs(const model::LogLoaded& l, model::Offset from, const std::vector<Entry>& entries,
                           Wrong wrong) {
    std::vector<model::EpochEntry> cached = l.epochs;
    // Entries below count for the last of them, as the cache itself would have it.
    while (cached.size() > 1 && cached[1].start <= from) cached.erase(cached.begin());
    auto next = cached.begin();
    model::LeaderEpoch epoch;
    bool known = false;
    for (std::int64_t o = from.value; o < l.end_offset.value; ++o) {
      if (next != cached.end() && next->start.value <= o) epoch = (next++)->epoch;
      const Entry& e = entries[static_cast<std::size_t>(o)];
      if (e.unknown()) continue;
      known = true;
      if (e.epoch != epoch) return wrong(l.log_start_offset.value, "leader epochs differ from the log");
    }
    // Without any record an epoch may be left.
    if (known && next != cached.end()) wrong(l.log_start_offset.value, "leader epochs differ from the log");
  }
};

// A batch that bit rot broke is served as it is: a broker does not look at checksums when it reads, and whoever fetches
// it finds the damage. A batch that a power cut tore must have been found by recovery.
struct CorruptionNotExposed : PropertyOf<CorruptionNotExposed> {
  static constexpr const char* kName = "corruption-not-exposed";
  static constexpr const char* kMeaning =
      "No broken batch is appended by a follower, and none is served but one that bit rot broke on that broker. What "
      "bit rot changed where no checksum finds it is neither copied nor given to a consumer; Kafka cannot promise "
      "that.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::CorruptBatchFound, model::BatchAppended, model::RecordConsumed>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* read = std::get_if<model::RecordConsumed>(&fact)) {
      if (shadow.logs.any_rot()) look(read->partition, read->offset.value, read->value, "was given", context, shadow);
      return;
    }
    if (const auto* appended = std::get_if<model::BatchAppended>(&fact)) {
      if (shadow.logs.any_rot() && appended->batch.records)
        for (std::size_t i = 0; i < appended->batch.records->size(); ++i)
          look(appended->partition, appended->batch.base_offset.value + static_cast<std::int64_t>(i),
               (*appended->batch.records)[i].value, "copied", context, shadow);
      if (appended->batch.checksum == model::Checksum::valid) return;
      violate_at(appended->partition, appended->batch.base_offset.value, context, "broken batch appended",
                 fmt::format("broker {} appended a broken batch at offset {} of {}", context.node.value,
                             appended->batch.base_offset.value, text_of(appended->partition)));
      return;
    }
    const auto& found = std::get<model::CorruptBatchFound>(fact);
    met();
    if (shadow.logs.corrupted(found.source, found.partition, found.base_offset.value)) return;
    violate_at(found.partition, found.base_offset.value, context, "broken batch served",
               fmt::format("broker {} served a broken batch at offset {} of {}, which no bit rot explains",
                           found.source.value, found.base_offset.value, text_of(found.partition)));
  }

 private:
  void look(model::TopicPartition tp, std::int64_t offset, model::ValueId value, const char* how,
            const FactContext& context, const Shadow& shadow) {
    const ReplicaLogs::Rot* rot = shadow.logs.rot_of(tp, offset, value);
    if (!rot) return;
    met();
    violate_at(
        tp, offset, context, "corruption exposed",
        fmt::format("node {} {} what bit rot on broker {} made of record {} at offset {} of {}: its checksum is "
                    "right, so nothing finds it",
                    context.node.value, how, rot->broker.value, model::value_text(rot->was), offset, text_of(tp)));
  }
};

struct UnreadRecordsAreKept : PropertyOf<UnreadRecordsAreKept> {
  static constexpr const char* kName = "unread-records-are-kept";
  static constexpr const char* kMeaning =
      "No consumer is reset because retention or DeleteRecords removed what it had not read yet. Kafka does not "
      "promise this; a configuration may.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::ConsumerPositionReset, model::LogStartAdvanced>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto* reset = std::get_if<model::ConsumerPositionReset>(&fact);
    if (!reset) return met();
    const std::int64_t start = shadow.logs.leader_start(reset->partition);
    if (!reset->from.present() || reset->truncation || reset->from.value >= start) return;
    violate_at(
        reset->partition, reset->from.value, context, "unread records removed",
        fmt::format("client {} was at offset {} of {}, which was removed (the log starts at {}), and goes on at {}",
                    context.node.value, reset->from.value, text_of(reset->partition), start, reset->to.value));
  }
};

struct RemovedRecordsStayRemoved : PropertyOf<RemovedRecordsStayRemoved> {
  static constexpr const char* kName = "removed-records-stay-removed";
  static constexpr const char* kMeaning =
      "No later leader holds a record that DeleteRecords was answered to have removed. Kafka does not promise this: "
      "the log start is on the disk only with its next checkpoint.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::RecordsDeleted, model::BecameLeader>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* deleted = std::get_if<model::RecordsDeleted>(&fact)) {
      if (deleted->error != model::Error::NONE) return;
      met();
      auto& to = removed_to_[deleted->partition];
      to = std::max(to, deleted->before.value);
      return;
    }
    const auto& leader = std::get<model::BecameLeader>(fact);
    const auto removed = removed_to_.find(leader.partition);
    if (removed == removed_to_.end()) return;
    const std::int64_t start = shadow.logs.start(context.node, leader.partition);
    if (start >= removed->second || !shadow.logs.at(context.node, leader.partition, start)) return;
    violate_at(
        leader.partition, start, context, "removed records are back",
        fmt::format("records of {} before offset {} were removed, but the log of broker {}, leader in epoch {}, "
                    "starts at {}",
                    text_of(leader.partition), removed->second, context.node.value, leader.leader_epoch.value, start));
  }

 private:
  std::map<model::TopicPartition, std::int64_t> removed_to_;
};

}  // namespace

// Ahead of what a consumer then reads, so that it is named as the cause.
void add_corruption_properties(PropertyList& list) { list.push_back(std::make_unique<CorruptionNotExposed>()); }

void add_storage_properties(PropertyList& list) {
  list.push_back(std::make_unique<RetentionKeepsWhatItMust>());
  list.push_back(std::make_unique<RecoveredLogIsSound>());
  list.push_back(std::make_unique<UnreadRecordsAreKept>());
  list.push_back(std::make_unique<RemovedRecordsStayRemoved>());
}

}  // namespace ktrial::properties
