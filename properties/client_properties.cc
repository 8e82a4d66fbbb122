// Properties that clients see: what a consumer is given, and the order in which a producer's records stand in the log.
#include <fmt/format.h>

#include <algorithm>

#include "model/partition_table.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

struct ConsumerReadsCommitted : PropertyOf<ConsumerReadsCommitted> {
  static constexpr const char* kName = "consumer-reads-committed-in-order";
  static constexpr const char* kMeaning =
      "A consumer is given committed records only, in offset order, without a gap but what compaction may remove, "
      "between two resets of its position (by policy, truncation or the assignment of a group).";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::RecordConsumed, model::ConsumerPositionReset, model::PartitionsAssigned,
                    model::CommittedOffsetFetched>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* reset = std::get_if<model::ConsumerPositionReset>(&fact)) {
      starts(context.node, reset->partition, reset->to);
      return;
    }
    // A group member starts at the committed offset, or at a reset, whenever it is assigned a partition anew.
    if (const auto* assigned = std::get_if<model::PartitionsAssigned>(&fact)) {
      for (const model::TopicPartition tp : assigned->partitions) next_[context.node].erase(tp);
      return;
    }
    if (const auto* fetched = std::get_if<model::CommittedOffsetFetched>(&fact)) {
      if (fetched->offset.present()) starts(context.node, fetched->partition, fetched->offset);
      return;
    }
    const auto& record = std::get<model::RecordConsumed>(fact);
    met();
    auto [next, fresh] = next_[context.node].try_emplace(record.partition, record.offset);
    if (!shadow.logs.may_be_passed(record.partition, next->second.value, record.offset.value))
      violate_at(record.partition, record.offset.value, context, "gap or repeat",
                 fmt::format("expected offset {} of {}, was given offset {}", next->second.value,
                             text_of(record.partition), record.offset.value));
    next->second = record.offset + 1;
    // It goes on in a history in which the record before is another than it was given: it has skipped some. Its
    // position was validated all the same if that history goes on in epochs up to that record's for long enough:
    // OffsetsForLeaderEpoch answers for an older epoch then, of which SubscriptionState looks at the end offset alone.
    Given& last = given_[context.node][record.partition];
    const Entry* here = shadow.logs.committed(record.partition, record.offset.value);
    const Entry* before = shadow.logs.committed(record.partition, last.offset.value);
    if (!fresh && last.offset + 1 == record.offset && here && here->value == record.value && before &&
        before->value != last.value && shadow.logs.committed_end_of(record.partition, last.epoch) < record.offset.value)
      violate_at(record.partition, record.offset.value, context, "truncation not noticed",
                 fmt::format("was given offset {} of {} next, although the log was cut below it since "
                             "and offset {} holds another record than it was given",
                             record.offset.value, text_of(record.partition), last.offset.value));
    last = {record.offset, record.value, record.leader_epoch};
    if (shadow.logs.ever_committed(record.partition, record.offset.value, record.value)) return;
    const Entry* committed = shadow.logs.committed(record.partition, record.offset.value);
    if (committed && committed->unknown()) return;
    if (!committed)
      violate_at(record.partition, record.offset.value, context, "uncommitted record read",
                 fmt::format("was given offset {} of {}, which no leader had committed", record.offset.value,
                             text_of(record.partition)));
    else
      violate_at(
          record.partition, record.offset.value, context, "two records at one offset",
          fmt::format("was given value {} at offset {} of {}, but value {} was committed there", record.value.value,
                      record.offset.value, text_of(record.partition), committed->value.value));
  }

 private:
  struct Given {
    model::Offset offset;
    model::ValueId value;
    model::LeaderEpoch epoch;
  };
  // What it was given from there on before is not what it goes on behind: it may never be given that again, when
  // compaction has removed it.
  void starts(NodeId consumer, model::TopicPartition tp, model::Offset offset) {
    next_[consumer][tp] = offset;
    auto& given = given_[consumer];
    if (const auto last = given.find(tp); last != given.end() && last->second.offset >= offset) given.erase(last);
  }
  std::map<NodeId, model::PartitionTable<model::Offset>> next_;
  std::map<NodeId, model::PartitionTable<Given>> given_;
};

struct ProducerOrder : PropertyOf<ProducerOrder> {
  static constexpr const char* kName = "producer-order";
  static constexpr const char* kMeaning =
      "Records of one producer are committed to a partition in the order of their sends (repeats aside, and what a "
      "leader takes from an idempotent producer that it may not know).";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::RecordSent, model::RecordFailed, model::HighWatermarkAdvanced, model::BecameLeader>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* sent = std::get_if<model::RecordSent>(&fact)) {
      partitions_[sent->partition].producers[producer(sent->value)].pending.insert(sent->value);
    } else if (const auto* failed = std::get_if<model::RecordFailed>(&fact)) {
      // The producer gave up on it: whether and where it shows up is unknown to everybody.
      for (const model::ValueId value : failed->values) {
        auto& p = partitions_[failed->partition].producers[producer(value)];
        p.pending.erase(value);
        p.skipped.erase(value);
      }
    } else if (const auto* leader = std::get_if<model::BecameLeader>(&fact)) {
      // An election may have taken committed records back (unclean, or lost with a disk).
      auto& next = partitions_[leader->partition].next;
      next = std::min(next, shadow.logs.committed_end(leader->partition));
    } else if (const auto& hw = std::get<model::HighWatermarkAdvanced>(fact); hw.is_leader) {
      auto& partition = partitions_[hw.partition];
      for (const std::int64_t end = shadow.logs.committed_end(hw.partition); partition.next < end; ++partition.next)
        committed(shadow.logs.committed(hw.partition, partition.next)->value, partition, hw.partition,
                  shadow.producers.taken_from_unknown(context.node, hw.partition, partition.next), context);
    }
  }

 private:
  struct Producer {
    std::set<model::ValueId> pending;  // sent, not yet seen committed
    std::set<model::ValueId> skipped;  // a later one was committed first
  };
  struct Partition {
    std::int64_t next = 0;
    std::map<std::int64_t, Producer> producers;
  };
  static std::int64_t producer(model::ValueId value) { return value.value >> 40; }

  // `from_unknown`: its leader knew nothing of the producer, and took it out of its turn (KIP-360): neither what it has
  // passed nor where it stands is out of order by a fault of the protocol.
  void committed(model::ValueId value, Partition& partition, model::TopicPartition tp, bool from_unknown,
                 const FactContext& context) {
    if (!value.present()) return;
    Producer& p = partition.producers[producer(value)];
    if (const auto it = p.pending.find(value); it != p.pending.end()) {
      met();
      if (!from_unknown) p.skipped.insert(p.pending.begin(), it);
      p.pending.erase(p.pending.begin(), std::next(it));
    } else if (p.skipped.erase(value) && !from_unknown) {
      violate_at(
          tp, partition.next, context, "records out of order",
          fmt::format("value {} of producer {} was committed to {} at offset {}, behind a later one",
                      value.value & ((std::int64_t{1} << 40) - 1), producer(value), text_of(tp), partition.next));
    }
  }
  model::PartitionTable<Partition> partitions_;
};

}  // namespace

void add_client_properties(PropertyList& list) {
  list.push_back(std::make_unique<ConsumerReadsCommitted>());
  list.push_back(std::make_unique<ProducerOrder>());
}

}  // namespace ktrial::properties
