#include "model/clients/record_accumulator.h"

#include <algorithm>

namespace ktrial::model {

void RecordAccumulator::append(Nanos now, TopicPartition tp, const Record& record, std::int32_t value_bytes) {
  const std::int32_t bytes = kRecordOverheadBytes + value_bytes;
  auto& queue = queues_[tp];
  if (queue.empty() || queue.back().attempts > 0 || queue.back().size_in_bytes + bytes > config_.batch_size) {
    ProducerBatch batch;
    batch.partition = tp;
    batch.created = now;
    queue.push_back(std::move(batch));
    waiting_.insert(tp);
  }
  queue.back().records.push_back(record);
  queue.back().size_in_bytes += bytes;
}

// insertInSequenceOrder: a plain comparison, also where sequences have gone over 2^31-1.
void RecordAccumulator::reenqueue(ProducerBatch batch) {
  auto& queue = queues_[batch.partition];
  waiting_.insert(batch.partition);
  auto place = queue.begin();
  if (batch.has_sequence())
    while (place != queue.end() && place->has_sequence() && place->base_sequence < batch.base_sequence) ++place;
  queue.insert(place, std::move(batch));
}

const ProducerBatch* RecordAccumulator::front(TopicPartition tp) const {
  const auto it = queues_.find(tp);
  return it == queues_.end() || it->second.empty() ? nullptr : &it->second.front();
}

void RecordAccumulator::collect_sequenced(TopicPartition tp, std::vector<ProducerBatch*>& out) {
  const auto it = queues_.find(tp);
  if (it == queues_.end()) return;
  for (ProducerBatch& batch : it->second)
    if (batch.has_sequence()) out.push_back(&batch);
}

Nanos RecordAccumulator::retry_at(const ProducerBatch& batch, LeaderEpoch known) const {
  if (batch.attempts == 0 || known > batch.leader_epoch) return Nanos{0};
  return batch.last_attempt + batch.retry_backoff;
}

std::optional<Nanos> RecordAccumulator::ready_at(TopicPartition tp, LeaderEpoch known, bool flush) const {
  const auto it = queues_.find(tp);
  if (it == queues_.end() || it->second.empty()) return std::nullopt;
  const ProducerBatch& first = it->second.front();
  if (first.attempts > 0) return retry_at(first, known);
  const bool full = it->second.size() > 1 || first.size_in_bytes >= config_.batch_size;
  return full || flush ? Nanos{0} : first.created + config_.linger;
}

bool RecordAccumulator::in_backoff(Nanos now, TopicPartition tp, LeaderEpoch known) const {
  const auto it = queues_.find(tp);
  return it != queues_.end() && !it->second.empty() && retry_at(it->second.front(), known) > now;
}

std::optional<ProducerBatch> RecordAccumulator::drain(TopicPartition tp) {
  auto it = queues_.find(tp);
  if (it == queues_.end() || it->second.empty()) return std::nullopt;
  return take_front(tp, it->second);
}

ProducerBatch RecordAccumulator::take_front(TopicPartition tp, std::deque<ProducerBatch>& queue) {
  ProducerBatch batch = std::move(queue.front());
  queue.pop_front();
  if (queue.empty()) waiting_.erase(tp);
  return batch;
}

std::vector<ProducerBatch> RecordAccumulator::expired(Nanos now) {
  std::vector<ProducerBatch> out;
  for (std::size_t i = 0; i < waiting_.size();) {
    const TopicPartition tp = *waiting_.nth(i);
    auto& queue = queues_.at(tp);
    while (!queue.empty() && queue.front().created + config_.delivery_timeout <= now)
      out.push_back(take_front(tp, queue));
    if (!queue.empty()) ++i;
  }
  return out;
}

std::optional<Nanos> RecordAccumulator::next_expiry() const {
  std::optional<Nanos> next;
  for (const TopicPartition tp : waiting_) {
    const Nanos at = queues_.at(tp).front().created + config_.delivery_timeout;
    if (!next || at < *next) next = at;
  }
  return next;
}

}  // namespace ktrial::model
