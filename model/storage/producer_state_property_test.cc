// Producer sequences against a plain list: what a replica says of a batch is what the whole history of its producer
// says.
//
// Method: a plan of batches, which shrinks: the next one, an old one again, one with a gap, one of another epoch, near
// the wrap of sequences too. The reference keeps every batch ever appended and looks at the last five of the newest
// epoch.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "model/storage/producer_state.h"

namespace ktrial::model {
namespace producer_state_property_test {

struct Sent {
  std::int32_t epoch = 0;
  std::int64_t first = 0;  // counted without a wrap
  std::int32_t count = 1;
  Offset base;
};
constexpr std::int64_t kSequences = std::int64_t{kMaxSequence} + 1;

class History {
 public:
  std::vector<Sent>& of(int producer) { return sent_[producer]; }
  // By what Kafka promises of sequences, in the words of the broker's answer.
  ProducerStateManager::Check check(int producer, const Sent& batch) {
    ProducerStateManager::Check result;
    const std::vector<Sent>& all = sent_[producer];
    if (all.empty()) {
      result.unknown = true;
      return result;
    }
    const std::int32_t newest = all.back().epoch;
    if (batch.epoch < newest) result.error = Error::INVALID_PRODUCER_EPOCH;
    if (batch.epoch > newest && batch.first % kSequences != 0) result.error = Error::OUT_OF_ORDER_SEQUENCE_NUMBER;
    if (batch.epoch != newest) return result;
    for (std::size_t back = 1; back <= std::min<std::size_t>(5, all.size()); ++back) {
      const Sent& old = all[all.size() - back];
      if (old.epoch != newest) break;
      if (old.first % kSequences != batch.first % kSequences || old.count != batch.count) continue;
      result.duplicate.emplace();
      result.duplicate->last_offset = old.base + (old.count - 1);
      return result;
    }
    if ((all.back().first + all.back().count) % kSequences != batch.first % kSequences)
      result.error = Error::OUT_OF_ORDER_SEQUENCE_NUMBER;
    return result;
  }

 private:
  std::map<int, std::vector<Sent>> sent_;
};

RecordBatch batch_of(int producer, const Sent& sent) {
  RecordBatch b;
  b.base_offset = sent.base;
  b.producer_id = ProducerId(producer);
  b.producer_epoch = ProducerEpoch(static_cast<std::int16_t>(sent.epoch));
  b.base_sequence = Sequence(static_cast<std::int32_t>(sent.first % kSequences));
  b.record_count = sent.count;
  return b;
}

RC_GTEST_PROP(ProducerState, AnswersAsTheWholeHistoryWould, ()) {
  ProducerStateManager state;
  History history;
  std::int64_t end = 0;
  // What kind of batch, of which producer, how far away, how many records.
  const auto plan = *rc::gen::container<std::vector<std::tuple<int, int, int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 8), rc::gen::inRange(0, 2), rc::gen::inRange(1, 8), rc::gen::inRange(1, 4)));
  for (const auto& [what, producer, distance, count] : plan) {
    std::vector<Sent>& all = history.of(producer);
    Sent next{0, what == 0 ? kSequences - distance : 0, count, Offset(end)};
    if (!all.empty()) {
      const Sent& last = all.back();
      next = {last.epoch, last.first + last.count, count, Offset(end)};
      if (what == 0) next.first += distance;
      if (what == 1) next = {last.epoch + 1, 0, count, Offset(end)};
      if (what == 2) next.epoch -= 1;
      if (what == 3) next.epoch += 1;
      if (what == 4) {  // again
        next = all[all.size() - std::min<std::size_t>(static_cast<std::size_t>(distance), all.size())];
        next.base = Offset(end);
      }
    }
    const RecordBatch batch = batch_of(producer, next);
    const auto expected = history.check(producer, next);
    const auto answer = state.check(batch);
    RC_ASSERT(answer.error == expected.error);
    RC_ASSERT(answer.unknown == expected.unknown);
    RC_ASSERT(answer.duplicate.has_value() == expected.duplicate.has_value());
    if (answer.duplicate) RC_ASSERT(answer.duplicate->last_offset == expected.duplicate->last_offset);
    if (answer.error != Error::NONE || answer.duplicate) continue;
    state.appended(batch);
    all.push_back(next);
    end += count;
    RC_ASSERT(state.map_end() == Offset(end));
  }
}

}  // namespace producer_state_property_test
}  // namespace ktrial::model
