// Refinement: every step of the model is a step of the abstract log, or none (properties/abstract_log.h).
#include <fmt/format.h>

#include <algorithm>

#include "model/partition_table.h"
#include "properties/abstract_log.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

struct RefinesTheLog : PropertyOf<RefinesTheLog> {
  static constexpr const char* kName = "refines-the-log";
  static constexpr const char* kMeaning =
      "Every step of leaders, producers and consumers is a step of one abstract log a partition (append, lose where "
      "the ledger permits it, compact, acknowledge, read), or changes nothing of it.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::HighWatermarkAdvanced, model::BecameLeader, model::RecordAcknowledged, model::RecordConsumed,
                    model::SegmentsReplaced>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* hw = std::get_if<model::HighWatermarkAdvanced>(&fact)) return commit(*hw, context, shadow);
    if (const auto* leader = std::get_if<model::BecameLeader>(&fact)) return elect(*leader, context, shadow);
    if (const auto* replaced = std::get_if<model::SegmentsReplaced>(&fact)) {
      const auto& r = std::get<Replacement>(shadow.change);
      if (r.judged > 0)
        step("compact", logs_[replaced->partition].compact(r.wrong, r.wrong < 0), replaced->partition, r.wrong,
             context);
      return;
    }
    if (const auto* acked = std::get_if<model::RecordAcknowledged>(&fact)) {
      // With acks=0 nobody knows where, with acks=1 nobody knows whether.
      if (acked->acks != -1) return;
      for (std::size_t i = 0; i < acked->values.size(); ++i) {
        const std::int64_t offset = acked->base_offset.value + static_cast<std::int64_t>(i);
        step("acknowledge", logs_[acked->partition].acknowledge(offset, acked->values[i]), acked->partition, offset,
             context);
      }
      return;
    }
    const auto& read = std::get<model::RecordConsumed>(fact);
    step("read", logs_[read.partition].read(read.offset.value, read.value), read.partition, read.offset.value, context);
  }

 private:
  // A leader's high watermark moved over records.
  void commit(const model::HighWatermarkAdvanced& hw, const FactContext& context, const Shadow& shadow) {
    if (!hw.is_leader) return;
    AbstractLog& log = logs_[hw.partition];
    const Leader& newest = newest_[hw.partition];
    // From the end of the log, if that is lower: an unclean leader brings back what it has below its mark.
    for (auto o = std::clamp<std::int64_t>(hw.old_high_watermark.value, 0, log.end()); o < hw.high_watermark.value;
         ++o) {
      const Entry* record = shadow.logs.at(context.node, hw.partition, o);
      if (!record && o == log.end() && shadow.logs.is_hole(context.node, hw.partition, o)) log.compact(o, true);
      if (!record || (log.at(o) && *log.at(o) == *record)) continue;  // nothing changes
      const Entry* theirs = shadow.logs.at(newest.node, hw.partition, o);
      // The newest leader may have lost with its disk what it held when it was elected.
      const bool forks = hw.leader_epoch < newest.epoch && (!theirs || *theirs != *record) &&
                         !shadow.ledger.has_lost(hw.partition, newest.node, o, *record);
      step(forks ? "fork" : "append",
           forks ? log.fork(o, *record, shadow.ledger.permits(hw.partition, o, *record, shadow.logs))
                 : log.append(o, *record),
           hw.partition, o, context);
    }
  }
  // A leader began: what it does not hold is lost.
  void elect(const model::BecameLeader& leader, const FactContext& context, const Shadow& shadow) {
    Leader& newest = newest_[leader.partition];
    if (leader.leader_epoch < newest.epoch) return;  // a late start, deposed before it began
    newest = {leader.leader_epoch, context.node};
    const Election* election = shadow.ledger.election(leader.partition);
    if (!election || election->epoch != leader.leader_epoch) return;
    AbstractLog& log = logs_[leader.partition];
    // What DeleteRecords removed nobody misses, but a leader whose log now ends below that appends there again.
    const std::int64_t ends = shadow.logs.end(context.node, leader.partition);
    const bool misses = election->missing_from >= 0;
    const std::int64_t from = std::min(misses ? election->missing_from : log.end(), ends);
    if (from >= log.end()) return;
    step("lose", log.lose(from, misses ? election->permitted_by : "DeleteRecords removed these records"),
         leader.partition, from, context);
  }
  void step(const char* name, const std::string& wrong, model::TopicPartition tp, std::int64_t offset,
            const FactContext& context) {
    met();
    if (wrong.empty()) return;
    violate_at(tp, offset, context, std::string("no abstract step: ") + name,
               fmt::format("at offset {} of {} {}", offset, text_of(tp), wrong));
  }

  struct Leader {
    model::LeaderEpoch epoch;
    NodeId node;
  };
  model::PartitionTable<AbstractLog> logs_;
  model::PartitionTable<Leader> newest_;
};

}  // namespace

void add_refinement_properties(PropertyList& list) { list.push_back(std::make_unique<RefinesTheLog>()); }

}  // namespace ktrial::properties
