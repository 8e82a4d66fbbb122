// The batches of idempotent producers in every replica's log, kept from facts: what a replica's producer state has to
// be.
//
// Follows ProducerStateManager from outside: the newest batch of a producer in a log is what its replica knows of it. A
// replica may not know a producer (may_be_unknown) for three reasons only: the log never held a batch of it, it has
// expired by the broker's clock since, or all its batches lay below the log start when the state was rebuilt (by a load
// or a truncation). Verifies nothing itself. Work follows what is appended, cut and replaced.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "model/facts.h"
#include "properties/observation.h"

namespace ktrial::properties {

struct SequencedBatch {
  std::int64_t base = 0, last = 0;  // offsets
  model::ProducerId id;
  model::ProducerEpoch epoch;
  model::Sequence first_sequence, last_sequence;
  std::shared_ptr<const std::vector<model::Record>> records;
  bool cleaned = false;  // compaction took it from the log; the state may remember it still
};

// What a replica said last that it knows of a producer.
struct ToldProducer {
  model::ProducerEpoch epoch;
  model::Sequence last_sequence;
  model::Offset last_offset;
  std::size_t batches = 0;
  bool operator==(const ToldProducer&) const = default;
  static ToldProducer of(const model::ProducerStateEntry& entry) {
    return {entry.epoch, entry.last_sequence(), entry.last_offset(), entry.batches.size()};
  }
};

class ProducerLogs {
 public:
  void on_fact(const model::Fact&, const FactContext&);
  void on_wiped(NodeId);  // its disk
  bool empty() const { return logs_.empty(); }

  // Calls `f` with the batches of one producer, the newest first, until it returns false.
  template <class F>
  void newest_first(NodeId node, model::TopicPartition p, model::ProducerId id, F f) const {
    const Log* log = find(node, p);
    const auto* of = log && log->of_id.contains(id) ? &log->of_id.at(id) : nullptr;
    if (of)
      for (auto i = of->rbegin(); i != of->rend() && f(log->batches[*i]);) ++i;
  }
  // The first that begins at `offset` or later; null: there is none.
  const SequencedBatch* from(NodeId, model::TopicPartition, std::int64_t offset) const;
  bool may_be_unknown(NodeId, model::TopicPartition, model::ProducerId) const;
  // Producers that the replica has to know.
  std::set<model::ProducerId> known(NodeId, model::TopicPartition) const;
  // Of all producers that it knows, as it said; null: it never had a batch of any.
  const std::map<model::ProducerId, ToldProducer>* told(NodeId, model::TopicPartition) const;
  // Of what lies below, the replica may remember less: there the log ended when its state was rebuilt or the producer
  // expired the last time.
  std::int64_t remembered_from(NodeId, model::TopicPartition, model::ProducerId) const;
  // The record there came in a batch that a leader took, rightly, from a producer that it did not know.
  bool taken_from_unknown(NodeId, model::TopicPartition, std::int64_t offset) const;

 private:
  struct Log {
    std::vector<SequencedBatch> batches;                          // by offset
    std::map<model::ProducerId, std::vector<std::size_t>> of_id;  // in `batches`
    std::map<model::ProducerId, ToldProducer> told;
    std::set<model::ProducerId> expired;                   // and not heard of since
    std::map<model::ProducerId, std::int64_t> expired_to;  // where the log ended then
    std::int64_t start = 0, end = 0;
    std::int64_t rebuilt_from = 0, rebuilt_to = 0;
  };
  using Key = std::pair<model::TopicPartition, NodeId>;
  static void cut(Log&, std::int64_t end);
  static void append(Log&, const model::RecordBatch&);
  Log* held(const model::Fact&, NodeId);
  const Log* find(NodeId, model::TopicPartition) const;

  std::map<Key, Log> logs_;
  // Which batches were taken from unknown producers: partition, offset, producer, epoch, sequence.
  std::set<std::tuple<model::TopicPartition, std::int64_t, model::ProducerId, model::ProducerEpoch, model::Sequence>>
      from_unknown_;
};

}  // namespace ktrial::properties
