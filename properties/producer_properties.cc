// Idempotent producers: what replicas know of them, and that the log holds each of their records once and in order.
#include <fmt/format.h>

#include <algorithm>

#include "model/partition_table.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

std::string said(const SequencedBatch& b) {
  return fmt::format("sequences {} to {} of producer id {} epoch {}", b.first_sequence.value, b.last_sequence.value,
                     b.id.value, b.epoch.value);
}

struct ProducerStateIsAReplay : PropertyOf<ProducerStateIsAReplay> {
  static constexpr const char* kName = "producer-state-is-a-replay";
  static constexpr const char* kMeaning =
      "What a replica knows of idempotent producers is what its log says: the last batches of each, of its newest "
      "epoch. It forgets a producer only by expiration, or when its state is rebuilt without a batch of it in the log.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::ProducerStateTold, model::UnknownProducerAccepted>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (const auto* taken = std::get_if<model::UnknownProducerAccepted>(&fact)) {
      met();
      if (!shadow.producers.may_be_unknown(context.node, taken->partition, taken->producer_id))
        wrong(taken->partition, taken->producer_id, "a producer was forgotten", context);
      return;
    }
    const auto& told = std::get<model::ProducerStateTold>(fact);
    met();
    for (const model::ProducerStateEntry& entry : told.entries)
      if (!agrees(entry, context.node, told.partition, shadow.producers))
        return wrong(told.partition, entry.producer_id, "the state differs from the log", context);
    if (told.why == model::ProducerStateChange::append) return;
    for (const model::ProducerId id : shadow.producers.known(context.node, told.partition))
      if (std::none_of(told.entries.begin(), told.entries.end(), [id](const auto& e) { return e.producer_id == id; }))
        return wrong(told.partition, id, "a producer was forgotten", context);
  }

 private:
  void wrong(model::TopicPartition p, model::ProducerId id, const char* what, const FactContext& context) {
    violate_at(p, -1, context, what,
               fmt::format("producer state of {} at broker {}: {} (producer id {})", text_of(p), context.node.value,
                           what, id.value));
  }
  // From the newest on, but for what compaction took: the state may remember it or not.
  static bool agrees(const model::ProducerStateEntry& entry, NodeId node, model::TopicPartition p,
                     const ProducerLogs& logs) {
    auto known = entry.batches.rbegin();
    bool agrees = known != entry.batches.rend();
    if (agrees)
      logs.newest_first(node, p, entry.producer_id, [&](const SequencedBatch& b) {
        if (b.epoch == entry.epoch && b.last_sequence == known->last_sequence &&
            b.first_sequence == known->first_sequence() && b.last == known->last_offset.value)
          ++known;
        else
          agrees = b.cleaned;
        return agrees && known != entry.batches.rend();
      });
    return agrees && known == entry.batches.rend();
  }
};

struct DuplicatesAreRecognised : PropertyOf<DuplicatesAreRecognised> {
  static constexpr const char* kName = "duplicates-are-recognised";
  static constexpr const char* kMeaning =
      "A leader that is sent a batch again says where it stands, if it is one of the producer's last five and came "
      "since the leader last read its state from the disk or the producer expired; and what it calls a duplicate "
      "stands just there.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::DuplicateDetected, model::SequenceRefused>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    met();
    if (const auto* d = std::get_if<model::DuplicateDetected>(&fact)) {
      bool there = false;
      shadow.producers.newest_first(context.node, d->partition, d->producer_id, [&](const SequencedBatch& b) {
        there = b.epoch == d->producer_epoch && b.first_sequence == d->base_sequence && b.base == d->base_offset.value;
        return !there && b.epoch == d->producer_epoch;
      });
      if (!there)
        violate_at(d->partition, d->base_offset.value, context, "no such batch",
                   fmt::format("broker {} says that sequence {} of producer id {} stands at offset {} of {}",
                               context.node.value, d->base_sequence.value, d->producer_id.value, d->base_offset.value,
                               text_of(d->partition)));
      return;
    }
    const auto& refused = std::get<model::SequenceRefused>(fact);
    const std::int64_t from = shadow.producers.remembered_from(context.node, refused.partition, refused.producer_id);
    std::size_t seen = 0;
    shadow.producers.newest_first(context.node, refused.partition, refused.producer_id, [&](const SequencedBatch& b) {
      if (b.epoch != refused.producer_epoch || b.base < from || seen++ == model::kBatchesToRetain) return false;
      if (b.first_sequence != refused.base_sequence) return true;
      violate_at(refused.partition, b.base, context, "duplicate refused",
                 fmt::format("broker {} refused {} with {}, which it holds at offset {} of {}", context.node.value,
                             said(b), model::name(refused.error), b.base, text_of(refused.partition)));
      return false;
    });
  }
};

struct ProducerIdsAreUnique : PropertyOf<ProducerIdsAreUnique> {
  static constexpr const char* kName = "producer-ids-are-unique";
  static constexpr const char* kMeaning = "No producer id is given to two producers.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::ProducerIdAssigned>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    const auto& assigned = std::get<model::ProducerIdAssigned>(fact);
    met();
    if (!given_.insert(assigned.producer_id).second)
      violate(context, "producer id given twice",
              fmt::format("producer id {} was given to client {}, and to another producer before",
                          assigned.producer_id.value, context.node.value));
  }

 private:
  std::set<model::ProducerId> given_;
};

struct EpochBumpsEnd : PropertyOf<EpochBumpsEnd> {
  static constexpr const char* kName = "epoch-bumps-end";
  static constexpr const char* kMeaning =
      "From 130 s after the last fault on, which is delivery.timeout.ms and a bit, no idempotent producer bumps its "
      "epoch: what a fault took from the sequences is mended by then. Judged only if the run goes on for that long.";
  static constexpr Nanos kSettled = model::seconds(130);
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::ProducerEpochBumped>(); }
  void on_fact(const model::Fact&, const FactContext& context, const Shadow&) override { last_ = context; }
  void finish(const FinishContext& end, const Shadow&) override {
    if (!last_ || !end.faults_ended || end.since_quiet <= kSettled) return;
    met();
    if (last_->at > end.at - end.since_quiet + kSettled)
      violate(*last_, "epoch bumped without a fault",
              fmt::format("client {} bumped its epoch at {} s, long after the last fault", last_->node.value,
                          last_->at / model::seconds(1)));
  }

 private:
  std::optional<FactContext> last_;  // of all bumps
};

// Follows the batches of idempotent producers that are committed, and takes back what an election took.
template <class Self>
struct OfCommittedBatches : PropertyOf<Self> {
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::HighWatermarkAdvanced, model::BecameLeader>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    if (shadow.producers.empty()) return;
    if (const auto* leader = std::get_if<model::BecameLeader>(&fact)) {
      auto& log = logs_[leader->partition];
      // What lies behind the end of its log is gone, also if it had been removed from the front of it once.
      std::int64_t end = shadow.logs.committed_end(leader->partition);
      if (leader->leader_epoch_start_offset.present()) end = std::min(end, leader->leader_epoch_start_offset.value);
      log.next = std::min(log.next, end);
      while (!log.batches.empty() && log.batches.back().last >= end) {
        static_cast<Self*>(this)->take_back(log, log.batches.back());
        auto& of_id = log.of_id[log.batches.back().id];
        of_id.pop_back();
        log.batches.pop_back();
      }
      return;
    }
    const auto& hw = std::get<model::HighWatermarkAdvanced>(fact);
    if (!hw.is_leader) return;
    auto& log = logs_[hw.partition];
    const std::int64_t end = shadow.logs.committed_end(hw.partition);
    while (log.next < end) {
      const SequencedBatch* batch = shadow.producers.from(context.node, hw.partition, log.next);
      if (!batch || batch->last >= end) break;
      static_cast<Self*>(this)->commit(log, *batch, hw.partition, context, shadow);
      log.of_id[batch->id].push_back(log.batches.size());
      log.batches.push_back(*batch);
      log.next = batch->last + 1;
    }
  }

 protected:
  struct Committed {
    std::int64_t next = 0;
    std::vector<SequencedBatch> batches;
    std::map<model::ProducerId, std::vector<std::size_t>> of_id;
    std::map<model::ValueId, std::int64_t> values;  // exactly-once-in-the-log only
    std::map<std::int64_t, model::ValueId> newest;  // of each workload
    const SequencedBatch* last_of(model::ProducerId id) const {
      const auto it = of_id.find(id);
      return it == of_id.end() || it->second.empty() ? nullptr : &batches[it->second.back()];
    }
  };
  model::PartitionTable<Committed> logs_;
};

struct NoDuplicates : OfCommittedBatches<NoDuplicates> {
  static constexpr const char* kName = "no-duplicates";
  static constexpr const char* kMeaning =
      "In what is committed to a partition the sequences of an idempotent producer follow one another without a "
      "repeat or gap, from 0 on in each of its epochs, unless a leader took a batch of a producer that it may not "
      "know.";
  void take_back(Committed&, const SequencedBatch&) {}
  void commit(Committed& log, const SequencedBatch& batch, model::TopicPartition p, const FactContext& context,
              const Shadow& shadow) {
    met();
    const SequencedBatch* before = log.last_of(batch.id);
    if (shadow.producers.taken_from_unknown(context.node, p, batch.base)) return;
    const bool in_order = before && before->epoch == batch.epoch
                              ? batch.first_sequence == model::increment_sequence(before->last_sequence, 1)
                              : (!before || before->epoch < batch.epoch) && batch.first_sequence == model::Sequence(0);
    if (in_order) return;
    const bool repeat = before && before->epoch == batch.epoch && batch.first_sequence <= before->last_sequence;
    violate_at(p, batch.base, context, repeat ? "committed twice" : "sequences out of order",
               fmt::format("{} are committed to {} at offset {}, {}", said(batch), text_of(p), batch.base,
                           before ? fmt::format("behind {} at offset {}", said(*before), before->base)
                                  : std::string("as the first of that producer")));
  }
};

struct ExactlyOnceInTheLog : OfCommittedBatches<ExactlyOnceInTheLog> {
  static constexpr const char* kName = "exactly-once-in-the-log";
  static constexpr const char* kMeaning =
      "Each record of an idempotent producer is committed to a partition once, and in the order of the sends. Kafka "
      "does not promise this: a leader that does not know a producer takes any sequence for its first, and a producer "
      "that bumps its epoch sends again what may be written already.";
  void take_back(Committed& log, const SequencedBatch& batch) {
    if (!batch.records) return;
    for (const model::Record& r : *batch.records)
      if (const auto it = log.values.find(r.value); it != log.values.end() && it->second >= batch.base)
        log.values.erase(it);
    log.newest.clear();  // known again with the next record
  }
  void commit(Committed& log, const SequencedBatch& batch, model::TopicPartition p, const FactContext& context,
              const Shadow&) {
    if (!batch.records) return;
    for (std::size_t i = 0; i < batch.records->size(); ++i) {
      const model::ValueId value = (*batch.records)[i].value;
      if (!value.present()) continue;
      met();
      const std::int64_t offset = batch.base + static_cast<std::int64_t>(i);
      const auto [known, fresh] = log.values.emplace(value, offset);
      model::ValueId& newest = log.newest[value.value >> 40];
      if (!fresh)
        violate_at(p, offset, context, "record committed twice",
                   fmt::format("record {} is committed to {} at offset {}, and at offset {}", model::value_text(value),
                               text_of(p), offset, known->second));
      else if (newest.present() && value < newest)
        violate_at(p, offset, context, "record out of order",
                   fmt::format("record {} is committed to {} at offset {}, behind record {}", model::value_text(value),
                               text_of(p), offset, model::value_text(newest)));
      newest = std::max(newest, value);
    }
  }
};

}  // namespace

void add_producer_properties(PropertyList& list) {
  list.push_back(std::make_unique<ProducerStateIsAReplay>());
  list.push_back(std::make_unique<DuplicatesAreRecognised>());
  list.push_back(std::make_unique<ProducerIdsAreUnique>());
  list.push_back(std::make_unique<EpochBumpsEnd>());
  list.push_back(std::make_unique<NoDuplicates>());
  list.push_back(std::make_unique<ExactlyOnceInTheLog>());
}

}  // namespace ktrial::properties
