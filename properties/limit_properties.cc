// The limits that a scenario sets itself.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "model/partition_table.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

double in_seconds(Nanos t) { return std::chrono::duration<double>(t).count(); }

struct SendTimeWithinLimit : PropertyOf<SendTimeWithinLimit> {
  static constexpr const char* kName = "send-time-within-limit";
  static constexpr const char* kMeaning =
      "Every record is acknowledged within limits.send-time after the application sent it; an error is no "
      "acknowledgement.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::RecordSent, model::RecordAcknowledged, model::RecordFailed>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto& limit = shadow.limits.send_time;
    if (!limit) return;
    if (const auto* sent = std::get_if<model::RecordSent>(&fact)) {
      waiting_[sent->value] = {sent->partition, context.at};
    } else if (const auto* acked = std::get_if<model::RecordAcknowledged>(&fact)) {
      for (const model::ValueId value : acked->values) answered(value, "acknowledged", *limit, context);
    } else {
      for (const model::ValueId value : std::get<model::RecordFailed>(fact).values)
        answered(value, "given up", Nanos(-1), context);
    }
  }
  void finish(const FinishContext& end, const Shadow& shadow) override {
    const auto& limit = shadow.limits.send_time;
    for (const auto& [value, sent] : waiting_)
      if (end.at - sent.at > *limit)
        too_late(value, sent, "not acknowledged", {end.at, NodeId{}, std::numeric_limits<std::uint64_t>::max()});
  }

 private:
  struct Sent {
    model::TopicPartition partition;
    Nanos at{0};
  };
  void answered(model::ValueId value, const char* how, Nanos limit, const FactContext& context) {
    const auto it = waiting_.find(value);
    if (it == waiting_.end()) return;
    met();
    if (context.at - it->second.at > limit) too_late(value, it->second, how, context);
    waiting_.erase(it);
  }
  void too_late(model::ValueId value, const Sent& sent, const char* how, const FactContext& context) {
    Violation& v = violate(context, how,
                           fmt::format("record {} of {} was {} {:.3f} s after it was sent", model::value_text(value),
                                       text_of(sent.partition), how, in_seconds(context.at - sent.at)));
    v.partition = sent.partition;
  }
  std::map<model::ValueId, Sent> waiting_;
};

struct LeaderChangesWithinLimit : PropertyOf<LeaderChangesWithinLimit> {
  static constexpr const char* kName = "leader-changes-within-limit";
  static constexpr const char* kMeaning =
      "No partition gets another leader more often than limits.leader-changes says.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::PartitionStateCommitted>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto& state = std::get<model::PartitionStateCommitted>(fact);
    const auto& limit = shadow.limits.leader_changes;
    if (!limit || !state.leader_changed || state.created || !state.leader.present()) return;
    met();
    if (++changes_[state.partition] == *limit + 1)
      violate(context, "too many", fmt::format("{} got another leader {} times", text_of(state.partition), *limit + 1))
          .partition = state.partition;
  }

 private:
  model::PartitionTable<std::int64_t> changes_;
};

struct SkippedRecordsWithinLimit : PropertyOf<SkippedRecordsWithinLimit> {
  static constexpr const char* kName = "skipped-records-within-limit";
  static constexpr const char* kMeaning =
      "The resets of a consumer's position pass over no more acknowledged records than limits.skipped-records says.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::ConsumerPositionReset>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto& reset = std::get<model::ConsumerPositionReset>(fact);
    const auto& limit = shadow.limits.skipped_records;
    if (!limit) return;
    met();
    const auto& acked = shadow.ledger.acked(reset.partition);
    const std::int64_t from = std::max<std::int64_t>(reset.from.value, 0);
    std::int64_t& skipped = skipped_[context.node];
    for (auto it = acked.lower_bound(from); it != acked.end() && it->first < reset.to.value; ++it)
      if (++skipped == *limit + 1)
        violate_at(reset.partition, it->first, context, "records skipped",
                   fmt::format("client {} went from {} to offset {} of {}, past acknowledged records that it was not "
                               "given",
                               context.node.value, from, reset.to.value, text_of(reset.partition)));
  }

 private:
  std::map<NodeId, std::int64_t> skipped_;
};

struct ReassignmentTimeWithinLimit : PropertyOf<ReassignmentTimeWithinLimit> {
  static constexpr const char* kName = "reassignment-time-within-limit";
  static constexpr const char* kMeaning =
      "No reassignment takes longer than limits.reassignment-time, from its commit until it is over.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::PartitionStateCommitted>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto& limit = shadow.limits.reassignment_time;
    if (!limit) return;
    const auto& state = std::get<model::PartitionStateCommitted>(fact);
    Move& move = moves_[state.partition];
    if (state.partition_epoch < move.partition_epoch) return;  // said again by another controller
    move.partition_epoch = state.partition_epoch;
    if (!state.adding.empty() || !state.removing.empty()) {
      if (!move.since) move.since = context.at;
    } else if (move.since) {
      met();
      took(state.partition, "took", context.at - *move.since, *limit, context);
      move.since.reset();
    }
  }
  void finish(const FinishContext& end, const Shadow& shadow) override {
    for (const auto& [tp, move] : moves_) {
      if (!move.since) continue;
      met();
      took(tp, "is not over after", end.at - *move.since, *shadow.limits.reassignment_time,
           {end.at, NodeId{}, std::numeric_limits<std::uint64_t>::max()});
    }
  }

 private:
  struct Move {
    model::PartitionEpoch partition_epoch;
    std::optional<Nanos> since;
  };
  void took(model::TopicPartition tp, const char* how, Nanos time, Nanos limit, const FactContext& context) {
    if (time > limit)
      violate_at(tp, -1, context, "too long",
                 fmt::format("the reassignment of {} {} {:.3f} s", text_of(tp), how, in_seconds(time)));
  }
  std::map<model::TopicPartition, Move> moves_;
};

}  // namespace

void add_limit_properties(PropertyList& list) {
  list.push_back(std::make_unique<SendTimeWithinLimit>());
  list.push_back(std::make_unique<LeaderChangesWithinLimit>());
  list.push_back(std::make_unique<SkippedRecordsWithinLimit>());
  list.push_back(std::make_unique<ReassignmentTimeWithinLimit>());
}

}  // namespace ktrial::properties
