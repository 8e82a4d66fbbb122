// Properties of replication: what Kafka promises of one partition's replicas.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "model/partition_table.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

// Reports each loss that the ledger booked since it was last asked.
template <class Self>
class LossProperty : public PropertyOf<Self> {
 public:
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::RecordAcknowledged, model::BecameLeader>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (std::holds_alternative<model::RecordAcknowledged>(fact)) this->met();
    const auto& losses = shadow.ledger.losses();
    for (; next_ < losses.size(); ++next_) static_cast<Self*>(this)->lost(losses[next_], context);
  }

 private:
  std::size_t next_ = 0;
};

std::string loss_text(const Loss& loss) {
  return fmt::format(
      "the record acknowledged (acks={}) at offset {} of {} is not in the log of broker {}, leader in epoch {}",
      loss.acked.acks == -1 ? "all" : std::to_string(loss.acked.acks), loss.offset, text_of(loss.partition),
      loss.leader.value, loss.leader_epoch.value);
}

void tell_loss(Violation& v, const Loss& loss) {
  v.partition = loss.partition;
  v.offset = loss.offset;
  v.expected =
      fmt::format("broker {}, leader of {} in epoch {}, holds at offset {} the record that was acknowledged there",
                  loss.leader.value, text_of(loss.partition), loss.leader_epoch.value, loss.offset);
}

struct AckedRecordsSurvive : LossProperty<AckedRecordsSurvive> {
  static constexpr const char* kName = "acked-records-survive";
  static constexpr const char* kMeaning =
      "A record that the producer was told is written is in the log of every later leader, at its offset.";
  void lost(const Loss& loss, const FactContext& context) {
    Violation& v =
        violate(context, "acked record lost, " + (loss.permitted_by.empty() ? "not permitted" : loss.permitted_by),
                loss_text(loss));
    tell_loss(v, loss);
    if (!loss.permitted_by.empty()) v.permitted_by = loss.permitted_by;
  }
  // With acks=0 nobody says where a record is; what did not come through by the end is lost.
  void finish(const FinishContext& end, const Shadow& shadow) override {
    if (!end.faults_ended || end.since_quiet < kSettled) return;
    for (const auto& [tp, records] : shadow.ledger.unplaced()) {
      std::set<model::ValueId> came;
      for (std::int64_t o = 0; const Entry* e = shadow.logs.committed(tp, o); ++o) came.insert(e->value);
      for (const Acked& record : records) {
        if (end.at - record.at < kSettled || came.contains(record.value)) continue;
        met();
        Violation& v = violate({record.at, NodeId{}, record.event}, "acked record lost, acks=0",
                               fmt::format("a record sent with acks=0 to {} is not in the log", text_of(tp)));
        v.partition = tp;
        v.permitted_by = "acks=0: the producer waited for nobody";
      }
    }
  }
  static constexpr Nanos kSettled = std::chrono::seconds(5);
};

struct LossIsPermitted : LossProperty<LossIsPermitted> {
  static constexpr const char* kName = "loss-is-permitted";
  static constexpr const char* kMeaning =
      "Whatever acknowledged record is lost, the injected faults and the configuration permit it (the loss ledger).";
  void lost(const Loss& loss, const FactContext& context) {
    if (loss.permitted_by.empty()) tell_loss(violate(context, "loss not permitted", loss_text(loss)), loss);
  }
};

struct LogsAgree : PropertyOf<LogsAgree> {
  static constexpr const char* kName = "logs-agree-below-high-watermark";
  static constexpr const char* kMeaning =
      "Below its high watermark every replica holds the same records as the leader, and as were committed there.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::HighWatermarkAdvanced, model::BecameLeader>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* leader = std::get_if<model::BecameLeader>(&fact)) {
      auto& known = leaders_[leader->partition];
      if (leader->leader_epoch > known.first) known = {leader->leader_epoch, context.node};
      return;
    }
    const auto& hw = std::get<model::HighWatermarkAdvanced>(fact);
    // One offset below the old mark too: a replica that kept a wrong record there goes on above it.
    const std::int64_t from = std::max<std::int64_t>(hw.old_high_watermark.value - 1, 0);
    const auto leader = leaders_.find(hw.partition);
    for (std::int64_t offset = from; offset < hw.high_watermark.value; ++offset) {
      const Entry* own = shadow.logs.at(context.node, hw.partition, offset);
      if (!own) continue;
      met();
      if (hw.is_leader) {
        const Entry* committed = shadow.logs.committed(hw.partition, offset);
        if (committed && (*committed == *own || committed->unknown())) continue;
        // Committed otherwise, or by a deposed leader while the newest one lacks it.
        const std::string permitted = shadow.ledger.permits(hw.partition, offset, *own, shadow.logs);
        if (!permitted.empty()) continue;
        // The newest one held it when it was elected, and has lost it since.
        if (!committed && leader != leaders_.end() &&
            shadow.ledger.has_lost(hw.partition, leader->second.second, offset, *own))
          continue;
        if (committed && shadow.logs.differ_by_rot(hw.partition, offset, *own, *committed))
          differ_by_rot(hw.partition, offset, context);
        else if (committed)
          violate_at(hw.partition, offset, context, "committed record replaced",
                     fmt::format("offset {} of {} was committed with another record than leader {} now has there",
                                 offset, text_of(hw.partition), context.node.value));
        else
          violate_at(
              hw.partition, offset, context, "deposed leader commits",
              fmt::format("leader {} of {} in epoch {} committed offset {}, which the newer leader does not hold",
                          context.node.value, text_of(hw.partition), hw.leader_epoch.value, offset));
      } else if (leader != leaders_.end() && leader->second.first == hw.leader_epoch) {
        const Entry* theirs = shadow.logs.at(leader->second.second, hw.partition, offset);
        if (theirs && shadow.logs.differ_by_rot(hw.partition, offset, *own, *theirs))
          differ_by_rot(hw.partition, offset, context);
        else if (theirs && *theirs != *own)
          violate_at(hw.partition, offset, context, "replicas differ",
                     fmt::format(
                         "at offset {} of {} follower {} and leader {} hold different records below the high watermark",
                         offset, text_of(hw.partition), context.node.value, leader->second.second.value));
      } else if (const Entry* committed = shadow.logs.committed(hw.partition, offset);
                 committed && *committed != *own &&
                 !shadow.logs.differ_by_rot(hw.partition, offset, *own, *committed) &&
                 shadow.ledger.permits(hw.partition, offset, *own, shadow.logs).empty()) {
        // One that has not heard of the newest leader may hold what that one's election took, but nothing else.
        violate_at(hw.partition, offset, context, "replica differs from what was committed",
                   fmt::format("follower {} of {} holds another record at offset {} than was committed there, below "
                               "its high watermark",
                               context.node.value, text_of(hw.partition), offset));
      }
    }
  }

  // What rot changed where no checksum finds it stays another record, also where nobody looks at it any more.
  void finish(const FinishContext& end, const Shadow& shadow) override {
    if (!shadow.logs.any_rot()) return;
    for (const FinishContext::Partition& p : end.partitions) {
      const auto rot = shadow.logs.rot().find(p.id);
      if (rot == shadow.logs.rot().end()) continue;
      for (const auto& [offset, changed] : rot->second)
        for (const NodeId replica : p.replicas) {
          const Entry* own = shadow.logs.at(replica, p.id, offset);
          const Entry* committed = shadow.logs.committed(p.id, offset);
          if (!own || !committed) continue;
          met();
          if (shadow.logs.differ_by_rot(p.id, offset, *own, *committed))
            differ_by_rot(p.id, offset, {end.at, replica, std::numeric_limits<std::uint64_t>::max()});
        }
    }
  }

 private:
  void differ_by_rot(model::TopicPartition tp, std::int64_t offset, const FactContext& context) {
    violate_at(
        tp, offset, context, "replicas differ by bit rot that no checksum finds",
        fmt::format("at offset {} of {} broker {} holds another record than was committed there, with a checksum "
                    "that is right",
                    offset, text_of(tp), context.node.value));
  }
  model::PartitionTable<std::pair<model::LeaderEpoch, NodeId>> leaders_;
};

struct OneLeaderPerEpoch : PropertyOf<OneLeaderPerEpoch> {
  static constexpr const char* kName = "one-leader-per-epoch";
  static constexpr const char* kMeaning =
      "In one leader epoch of a partition only one broker leads or appends as leader.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::BecameLeader, model::BatchAppended>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* leader = std::get_if<model::BecameLeader>(&fact))
      check(leader->partition, leader->leader_epoch, context);
    else if (const auto& appended = std::get<model::BatchAppended>(fact); appended.by_leader)
      check(appended.partition, appended.batch.partition_leader_epoch, context);
  }

 private:
  void check(model::TopicPartition tp, model::LeaderEpoch epoch, const FactContext& context) {
    met();
    const auto [it, fresh] = leader_[tp].try_emplace(epoch, context.node);
    if (!fresh && it->second != context.node)
      violate_at(tp, -1, context, "two leaders in an epoch",
                 fmt::format("brokers {} and {} both led {} in leader epoch {}", it->second.value, context.node.value,
                             text_of(tp), epoch.value));
  }
  model::PartitionTable<std::map<model::LeaderEpoch, NodeId>> leader_;
};

struct ElectedLeaderIsComplete : PropertyOf<ElectedLeaderIsComplete> {
  static constexpr const char* kName = "elected-leader-is-complete";
  static constexpr const char* kMeaning =
      "A leader elected from the ISR or the ELR holds every committed record, unless its own disk lost it in a power "
      "cut (with "
      "eligible leader replicas: whatever its disk lost).";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::BecameLeader>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto& leader = std::get<model::BecameLeader>(fact);
    const Election* election = shadow.ledger.election(leader.partition);
    if (!election || election->epoch != leader.leader_epoch || election->leader != context.node || election->unclean)
      return;  // unclean, or a start that came after a newer election
    met();
    if (election->missing_from < 0 || !election->permitted_by.empty()) return;
    violate_at(
        leader.partition, election->missing_from, context, "leader lacks a committed record",
        fmt::format("broker {} was elected leader of {} in epoch {} without the committed record at offset {} (its "
                    "log ends at {})",
                    context.node.value, text_of(leader.partition), leader.leader_epoch.value, election->missing_from,
                    shadow.logs.end(context.node, leader.partition)));
  }
};

// Across leaders the mark on the wire may go back: a new leader knows the old one's only up to its last fetch, and
// Kafka hides that from a consumer in other ways (it keeps its position, and ListOffsets waits, KIP-207). So one leader
// epoch is what is judged, at the leader and at each consumer, which a late answer must not fool.
struct HighWatermarkNeverRegresses : PropertyOf<HighWatermarkNeverRegresses> {
  static constexpr const char* kName = "high-watermark-never-regresses";
  static constexpr const char* kMeaning =
      "Within one leader epoch the high watermark only goes up, at the leader and as each consumer is told it.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::HighWatermarkAdvanced, model::ConsumerHighWatermarkSeen>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* seen = std::get_if<model::ConsumerHighWatermarkSeen>(&fact))
      look(seen->partition, seen->leader_epoch, seen->high_watermark, "client", context);
    else if (const auto& hw = std::get<model::HighWatermarkAdvanced>(fact); hw.is_leader)
      look(hw.partition, hw.leader_epoch, hw.high_watermark, "leader", context);
  }

 private:
  struct Mark {
    model::LeaderEpoch epoch;
    model::Offset highest;
  };
  void look(model::TopicPartition tp, model::LeaderEpoch epoch, model::Offset mark, const char* role,
            const FactContext& context) {
    if (!epoch.present()) return;  // an answer to a consumer that did not know the leader's epoch
    met();
    auto [known, fresh] = highest_[tp].try_emplace(context.node, Mark{epoch, mark});
    Mark& last = known->second;
    if (epoch > last.epoch) last = {epoch, mark};
    if (epoch < last.epoch) return;
    if (mark < last.highest)
      violate(context, std::string("high watermark went back at the ") + role,
              fmt::format("{} {} saw the high watermark of {} go back from {} to {} in leader epoch {}", role,
                          context.node.value, text_of(tp), last.highest.value, mark.value, epoch.value));
    last.highest = std::max(last.highest, mark);
  }
  model::PartitionTable<std::map<NodeId, Mark>> highest_;
};

// What a leader tells a log that has gone apart by (KIP-595).
struct FetchesNameTheirEpoch : PropertyOf<FetchesNameTheirEpoch> {
  static constexpr const char* kName = "fetches-name-their-epoch";
  static constexpr const char* kMeaning =
      "A follower whose log holds something names the epoch of its last batch in each fetch, unless an older "
      "truncation "
      "protocol is chosen, or it had all of that removed before a stop brought it back.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::FetchedWithoutEpoch, model::BatchAppended>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* appended = std::get_if<model::BatchAppended>(&fact)) {
      if (!appended->by_leader) met();
      return;
    }
    const auto& f = std::get<model::FetchedWithoutEpoch>(fact);
    // A hole of Kafka's: the epochs of what is removed are gone, and the log start is checkpointed later.
    if (f.fetch_offset.value <= shadow.logs.removed_to(context.node, f.partition)) return;
    violate_at(f.partition, f.fetch_offset.value, context, "no last fetched epoch",
               fmt::format("broker {} fetched {} from offset {} and named no epoch", f.replica.value,
                           text_of(f.partition), f.fetch_offset.value));
  }
};

}  // namespace

void add_replication_properties(PropertyList& list) {
  list.push_back(std::make_unique<LossIsPermitted>());
  list.push_back(std::make_unique<AckedRecordsSurvive>());
  list.push_back(std::make_unique<LogsAgree>());
  list.push_back(std::make_unique<OneLeaderPerEpoch>());
  list.push_back(std::make_unique<ElectedLeaderIsComplete>());
  list.push_back(std::make_unique<HighWatermarkNeverRegresses>());
  list.push_back(std::make_unique<FetchesNameTheirEpoch>());
}

}  // namespace ktrial::properties
