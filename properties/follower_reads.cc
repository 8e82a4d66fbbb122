// Properties of consumers that fetch from followers (KIP-392): what a follower may refuse, what follows from it, and
// how far behind it may be.
#include <fmt/format.h>

#include <deque>
#include <map>

#include "properties/group_members.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

using Key = std::pair<NodeId, model::TopicPartition>;

template <class T>
void drop(std::map<Key, T>& of, NodeId node) {
  std::erase_if(of, [node](const auto& entry) { return entry.first.first == node; });
}

struct OutOfRangeIsTrue : PropertyOf<OutOfRangeIsTrue> {
  static constexpr const char* kName = "out-of-range-is-true";
  static constexpr const char* kMeaning =
      "A follower tells a consumer that an offset is out of range only if its log neither holds it nor ends there.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::FollowerRefusedOffset, model::FollowerFetchAnswered>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    met();
    const auto* refused = std::get_if<model::FollowerRefusedOffset>(&fact);
    if (!refused) return;
    const std::int64_t start = shadow.logs.start(context.node, refused->partition);
    const std::int64_t end = shadow.logs.end(context.node, refused->partition);
    if (refused->offset.value < start || refused->offset.value > end) return;
    violate_at(refused->partition, refused->offset.value, context, "offset in range refused",
               fmt::format("broker {} told client {} that offset {} of {} is out of range, but its log goes from {} to "
                           "{} (high watermark {})",
                           context.node.value, refused->consumer.value, refused->offset.value,
                           text_of(refused->partition), start, end, refused->high_watermark.value));
  }
};

// A consumer that a follower refused asks the leader. If the leader lacks the offset too, by removal or by a loss, the
// reset is right. A leader that lacked it lacks it still when the reset is over, unless it was elected since.
struct FollowerDoesNotReset : PropertyOf<FollowerDoesNotReset> {
  static constexpr const char* kName = "follower-does-not-reset";
  static constexpr const char* kMeaning =
      "A consumer whose offset a follower refused is reset by policy only if the leader does not hold the offset "
      "either.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::FollowerRefusedOffset, model::ConsumerPositionReset, model::RecordConsumed>();
  }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault)) drop(refused_, fault.node);
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* refused = std::get_if<model::FollowerRefusedOffset>(&fact)) {
      met();
      refused_[{refused->consumer, refused->partition}] = {refused->offset, context.node};
      return;
    }
    if (refused_.empty()) return;
    if (const auto* record = std::get_if<model::RecordConsumed>(&fact)) {
      refused_.erase({context.node, record->partition});  // somebody held it
      return;
    }
    const auto& reset = std::get<model::ConsumerPositionReset>(fact);
    const auto it = refused_.find({context.node, reset.partition});
    if (it == refused_.end()) return;
    const auto [offset, follower] = it->second;
    refused_.erase(it);
    const Election* leader = shadow.ledger.election(reset.partition);
    if (reset.truncation || reset.from != offset || !leader) return;
    const std::int64_t start = shadow.logs.start(leader->leader, reset.partition);
    const std::int64_t end = shadow.logs.end(leader->leader, reset.partition);
    if (offset.value < start || offset.value > end || leader->missing_from >= 0) return;
    violate_at(reset.partition, offset.value, context, "reset by a follower",
               fmt::format("client {} was reset from offset {} of {} to {} because follower {} does not hold it, but "
                           "leader {} does (its log goes from {} to {})",
                           context.node.value, offset.value, text_of(reset.partition), reset.to.value, follower.value,
                           leader->leader.value, start, end));
  }

 private:
  std::map<Key, std::pair<model::Offset, NodeId>> refused_;
};

// Of errors that say that the replica is not the right one, and of fetches without an answer.
struct FailedReplicaIsLeft : PropertyOf<FailedReplicaIsLeft> {
  static constexpr const char* kName = "failed-replica-is-left";
  static constexpr const char* kMeaning =
      "A consumer whose fetch from a follower failed asks the leader before it asks that follower again.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::FollowerFetchFailed, model::ReadReplicaChanged>();
  }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault)) drop(failed_, fault.node);
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* moved = std::get_if<model::ReadReplicaChanged>(&fact)) {
      failed_.erase({context.node, moved->partition});
      return;
    }
    const auto& failed = std::get<model::FollowerFetchFailed>(fact);
    met();
    const auto [it, first] = failed_.try_emplace({context.node, failed.partition}, failed.source);
    if (!first && it->second == failed.source)
      violate_at(failed.partition, -1, context, "failed replica asked again",
                 fmt::format("client {} asked follower {} for {} again after a fetch from it had failed",
                             context.node.value, failed.source.value, text_of(failed.partition)));
    it->second = failed.source;
  }

 private:
  std::map<Key, NodeId> failed_;
};

// How long a follower's fetch may be parked (replica.fetch.wait.max.ms), and much more.
constexpr Nanos kFresh = std::chrono::seconds(2);

// A consumer sees what lies below the high watermark of the replica that it fetches from. A follower that has left the
// ISR, or is cut off from the leader, goes on to serve, and the consumer stays with it until metadata.max.age.ms.
// Judged from the first high watermark of the follower on that is seen while somebody fetches from a follower.
struct FollowerReadsAreFresh : PropertyOf<FollowerReadsAreFresh> {
  static constexpr const char* kName = "follower-reads-are-fresh";
  static constexpr const char* kMeaning =
      "A follower that a consumer fetches from knows 2 s after a record was acknowledged with acks=all at the latest "
      "that the record is committed. Kafka does not promise this; a follower may lag.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::ReadReplicaChanged, model::HighWatermarkAdvanced, model::RecordAcknowledged>();
  }
  void on_injected(const Injected& fault, const FactContext&) override {
    if (process_ended(fault)) drop(readers_, fault.node);
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* moved = std::get_if<model::ReadReplicaChanged>(&fact)) {
      if (moved->replica.present())
        readers_[{context.node, moved->partition}] = {moved->replica, {}};
      else
        readers_.erase({context.node, moved->partition});
      return;
    }
    if (readers_.empty()) return;
    if (const auto* acked = std::get_if<model::RecordAcknowledged>(&fact)) {
      if (acked->acks != -1) return;
      const model::Offset end = acked->base_offset + static_cast<std::int64_t>(acked->values.size());
      for (auto& [key, reader] : readers_) {
        const auto mark = marks_.find({reader.follower, key.second});
        if (key.second != acked->partition || mark == marks_.end()) continue;
        met();
        if (mark->second < end) reader.unknown.emplace_back(context.at, end);
        judge(key, reader, context);
      }
      return;
    }
    const auto& mark = std::get<model::HighWatermarkAdvanced>(fact);
    marks_[{context.node, mark.partition}] = mark.high_watermark;
    for (auto& [key, reader] : readers_) {
      if (key.second != mark.partition || reader.follower != context.node) continue;
      auto& unknown = reader.unknown;
      while (!unknown.empty() && unknown.front().second <= mark.high_watermark) unknown.pop_front();
      judge(key, reader, context);
    }
  }

 private:
  struct Reader {
    NodeId follower;
    std::deque<std::pair<Nanos, model::Offset>> unknown;  // to the follower: acknowledged when, and its end
  };
  void judge(const Key& key, Reader& reader, const FactContext& context) {
    if (reader.unknown.empty() || context.at - reader.unknown.front().first < kFresh) return;
    const std::int64_t offset = reader.unknown.front().second.value - 1;
    violate_at(key.second, offset, context, "stale read",
               fmt::format("client {} fetches {} from follower {}, which does not know that offset {} is committed; it "
                           "was acknowledged 2 s ago",
                           key.first.value, text_of(key.second), reader.follower.value, offset));
    reader.unknown.clear();
  }
  std::map<Key, Reader> readers_;
  std::map<Key, model::Offset> marks_;  // of replicas
};

}  // namespace

void add_follower_read_properties(PropertyList& list) {
  list.push_back(std::make_unique<OutOfRangeIsTrue>());
  list.push_back(std::make_unique<FollowerDoesNotReset>());
  list.push_back(std::make_unique<FailedReplicaIsLeft>());
  list.push_back(std::make_unique<FollowerReadsAreFresh>());
}

}  // namespace ktrial::properties
