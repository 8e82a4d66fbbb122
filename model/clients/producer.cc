#include "model/clients/producer.h"

#include <algorithm>
#include <tuple>

namespace ktrial::model {
namespace {
enum ProducerRequests : std::uint64_t { kProducerMetadata, kProduce, kInitProducerId };
}

Producer::Producer(ProducerConfig config, SendWorkload workload, std::vector<NodeId> bootstrap, std::int64_t next,
                   bool started)
    : config_(config),
      workload_(std::move(workload)),
      network_({config.request_timeout, config.reconnect_backoff, config.reconnect_backoff_max}),
      metadata_({config.retry_backoff, config.retry_backoff_max, config.metadata_max_age}, std::move(bootstrap)),
      accumulator_(config),
      next_(next),
      started_(started) {
  metadata_.add_topic(workload_.topic);
  if (config_.enable_idempotence) sequences_.emplace(config_.variants, workload_.first_sequence);
}

void Producer::start(Step& step) {
  next_send_ = step.now;
  if (!started_ && workload_.start_after >= Nanos{0}) {
    started_ = true;
    next_send_ = step.now + workload_.start_after;
  }
  run(step);
}
void Producer::begin(Step& step) {
  started_ = true;
  next_send_ = step.now;
  run(step);
}
void Producer::close(Step& step) {
  closing_ = true;
  run(step);
}
void Producer::on_timer(Step& step) { run(step); }

void Producer::on_closed(Step& step, ConnectionId connection) {
  disconnected(step, network_.on_closed(step, connection));
  metadata_.request_update();
  run(step);
}

void Producer::on_message(Step& step, ConnectionId connection, Message&& message) {
  if (const auto request = network_.on_response(connection, message)) {
    if (const auto* m = std::get_if<MetadataResponse>(&message.body)) metadata_.on_response(step, *m);
    if (const auto* i = std::get_if<InitProducerIdResponse>(&message.body))
      sequences_->on_response(step, *i, config_.retry_backoff);
    if (const auto* p = std::get_if<ProduceResponse>(&message.body))
      for (const auto& result : p->partitions) {
        const auto it = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const InFlightBatch& f) {
          return f.correlation_id == request->correlation_id && f.batch.partition == result.partition;
        });
        if (it == in_flight_.end()) continue;  // expired before
        ProducerBatch batch = std::move(it->batch);
        in_flight_.erase(it);
        complete(step, std::move(batch), result);
      }
  }
  run(step);
}

void Producer::disconnected(Step& step, const std::vector<NetworkClient::InFlight>& failed) {
  for (const auto& request : failed) {
    metadata_.request_update();
    if (request.about == kProducerMetadata) metadata_.on_failure(step);
    if (request.about == kInitProducerId) sequences_->on_failure(step.now, config_.retry_backoff);
    std::vector<ProducerBatch> batches;
    std::erase_if(in_flight_, [&](InFlightBatch& f) {
      if (f.correlation_id != request.correlation_id) return false;
      batches.push_back(f.batch);
      return true;
    });
    for (auto& batch : batches) {
      ProduceResponse::Partition result;
      result.partition = batch.partition;
      result.error = Error::NETWORK_EXCEPTION;
      complete(step, std::move(batch), result);
    }
  }
}

void Producer::complete(Step& step, ProducerBatch&& batch, const ProduceResponse::Partition& result) {
  if (result.error == Error::NONE) {
    if (sequences_) sequences_->completed(batch);
    if (batch.failed) return;
    std::vector<ValueId> values;
    values.reserve(batch.records.size());
    for (const Record& r : batch.records) values.push_back(r.value);
    step.fact(RecordAcknowledged{batch.partition, values.front(), values.back(), result.base_offset,
                                 static_cast<std::int32_t>(config_.acks), values});
    return;
  }
  metadata_.on_current_leader(batch.partition, result.current_leader);
  if (error_class(result.error) == ErrorClass::retriable_refresh_metadata) metadata_.request_update();
  const bool time_left = step.now < batch.created + config_.delivery_timeout;
  if (batch.failed) return;
  if (time_left && batch.attempts <= config_.retries &&
      (sequences_ ? sequences_->can_retry(batch, result.error) : retriable(result.error))) {
    batch.last_attempt = step.now;
    batch.retry_backoff = retry_backoff(step, batch.attempts - 1);
    batch.retried = true;
    accumulator_.reenqueue(std::move(batch));
  } else {
    fail(step, batch, result.error);
    if (sequences_) sequences_->failed(batch, result.error, batch.attempts <= config_.retries);
  }
}

// ExponentialBackoff with CommonClientConfigs.RETRY_BACKOFF_JITTER (0.2), drawn once a retry.
Nanos Producer::retry_backoff(Step& step, std::int32_t failures) {
  return exponential_backoff(step, Choice::retry_jitter, backoffs_++, config_.retry_backoff, config_.retry_backoff_max,
                             failures);
}

void Producer::fail(Step& step, const ProducerBatch& batch, Error error) {
  RecordFailed fact{batch.partition, {}, error};
  for (const Record& r : batch.records) fact.values.push_back(r.value);
  step.fact(std::move(fact));
}

bool Producer::muted(TopicPartition tp) const {
  return config_.max_in_flight_requests_per_connection == 1 &&
         std::any_of(in_flight_.begin(), in_flight_.end(),
                     [&](const InFlightBatch& f) { return f.batch.partition == tp; });
}

void Producer::send_records(Step& step) {
  const TopicId topic = metadata_.topic_id(workload_.topic);
  const std::int32_t partitions = metadata_.partition_count(topic);
  if (!started_ || closing_ || partitions == 0) return;
  while (next_ < workload_.count && next_send_ <= step.now) {
    const std::int64_t n = next_++;
    Record record{{}, {}, ValueId((std::int64_t{workload_.producer_index} << 40) + n), step.wall_clock};
    std::string key;
    if (workload_.key) {
      record.key = workload_.key_id;
      key = *workload_.key;
    } else if (workload_.key_count > 0) {
      record.key = KeyId(static_cast<std::int32_t>(n % workload_.key_count));
      key = "k" + std::to_string(record.key.value);
    }
    if (record.key.present() && workload_.tombstones > 0 &&
        step.choose(Choice::tombstone, static_cast<std::uint32_t>(n), 1,
                    static_cast<std::uint64_t>(workload_.tombstones_of)) <=
            static_cast<std::uint64_t>(workload_.tombstones))
      record.state = RecordState::tombstone;
    const std::int32_t value_size = record.state == RecordState::tombstone ? 0 : workload_.value_size;
    const std::int32_t bytes = value_size + static_cast<std::int32_t>(key.size());
    const PartitionIndex p = workload_.partition    ? PartitionIndex(*workload_.partition)
                             : record.key.present() ? partitioner_.for_key(key, partitions)
                                                    : partitioner_.sticky(step, partitions, bytes, config_.batch_size);
    const TopicPartition tp{topic, p};
    step.fact(RecordSent{tp, record.value, workload_.producer_index, workload_.key.value_or(std::string())});
    accumulator_.append(step.now, tp, record, bytes);
    next_send_ = workload_.interval > Nanos{0} ? step.now + workload_.interval : next_send_;
  }
}

void Producer::send_requests(Step& step) {
  std::vector<NodeId> ready;
  accumulator_.for_each_partition([&](TopicPartition tp) {
    const LeaderIdAndEpoch leader = metadata_.leader(tp);
    if (!leader.leader.present()) return metadata_.request_update();
    if (!muted(tp) && *accumulator_.ready_at(tp, leader.epoch, closing_) <= step.now) ready.push_back(leader.leader);
  });
  if (ready.empty()) return;
  // A request takes a batch of every partition of its node, also of those that would still linger.
  boost::container::flat_map<NodeId, std::vector<TopicPartition>> by_node;
  accumulator_.for_each_partition([&](TopicPartition tp) {
    const LeaderIdAndEpoch leader = metadata_.leader(tp);
    if (leader.leader.present() && !muted(tp) && !accumulator_.in_backoff(step.now, tp, leader.epoch) &&
        !stops_drain(tp))
      by_node[leader.leader].push_back(tp);
  });
  for (const auto& [node, partitions] : by_node)
    if (std::find(ready.begin(), ready.end(), node) != ready.end() && network_.ready(node, step.now) &&
        network_.in_flight(node) < config_.max_in_flight_requests_per_connection)
      send_to(step, node, partitions);
}

void Producer::send_to(Step& step, NodeId node, const std::vector<TopicPartition>& partitions) {
  ProduceRequest request{config_.acks, config_.request_timeout, {}};
  std::vector<ProducerBatch> drained;
  for (const TopicPartition tp : partitions) {
    auto batch = accumulator_.drain(tp);
    if (!batch) continue;
    ++batch->attempts;
    batch->leader_epoch = metadata_.leader(tp).epoch;
    batch->sequence_reset = false;
    if (sequences_ && !batch->has_sequence()) sequences_->assign(*batch);
    RecordBatch wire;
    wire.base_offset = kFirstOffset;
    wire.record_count = static_cast<std::int32_t>(batch->records.size());
    wire.size_in_bytes = batch->size_in_bytes;
    wire.producer_id = batch->producer_id;
    wire.producer_epoch = batch->producer_epoch;
    wire.base_sequence = batch->base_sequence;
    for (const Record& r : batch->records) wire.max_timestamp = std::max(wire.max_timestamp, r.timestamp);
    wire.records = std::make_shared<const std::vector<Record>>(batch->records);
    request.partitions.push_back({tp, std::move(wire)});
    drained.push_back(std::move(*batch));
  }
  const bool answered = config_.acks != Acks::none;
  const std::int32_t id = network_.send(step, node, std::move(request), kProduce, answered);
  for (auto& batch : drained) {
    if (answered) {
      in_flight_.push_back({id, std::move(batch)});
    } else {
      ProduceResponse::Partition result;  // success as soon as it is written; offset unknown
      complete(step, std::move(batch), result);
    }
  }
}

void Producer::expire(Step& step) {
  // Kafka keeps those that expire on their way until they are answered: a late success counts for the sequences.
  std::erase_if(in_flight_, [&](InFlightBatch& f) {
    if (f.batch.failed || f.batch.created + config_.delivery_timeout > step.now) return false;
    expire_batch(step, f.batch);
    f.batch.failed = true;
    return !sequences_;
  });
  for (const auto& batch : accumulator_.expired(step.now)) expire_batch(step, batch);
}

void Producer::expire_batch(Step& step, const ProducerBatch& batch) {
  fail(step, batch, Error::REQUEST_TIMED_OUT);
  if (sequences_ && batch.retried) sequences_->mark_unresolved(batch);
}

void Producer::run(Step& step) {
  disconnected(step, network_.expire(step));
  if (sequences_) begin_pass(step);
  if (!waits_for_id()) expire(step);
  send_records(step);
  if (!waits_for_id()) send_requests(step);
  if (metadata_.should_ask(step.now)) {
    const NodeId node = network_.least_loaded_node(step, metadata_.nodes());
    if (node.present()) network_.send(step, node, metadata_.make_request(step.now), kProducerMetadata);
  }
  if (closing_ && idle()) {
    network_.close_all(step);
    step.exit();
    return;
  }
  set_timer(step);
}

void Producer::set_timer(Step& step) {
  std::optional<Nanos> next = network_.next_deadline(step.now);
  const auto consider = [&](Nanos at) {
    if (at > step.now && (!next || at < *next)) next = at;
  };
  consider(metadata_.next_update());
  if (waits_for_id()) consider(sequences_->next_ask());
  if (started_ && !closing_ && next_ < workload_.count) consider(next_send_);
  accumulator_.for_each_partition(
      [&](TopicPartition tp) { consider(*accumulator_.ready_at(tp, metadata_.leader(tp).epoch, closing_)); });
  if (const auto at = accumulator_.next_expiry()) consider(*at);
  for (const auto& f : in_flight_)
    if (!f.batch.failed) consider(f.batch.created + config_.delivery_timeout);
  if (next)
    step.set_timer(kClientWakeup, *next);
  else
    step.cancel_timer(kClientWakeup);
}

std::vector<ProducerBatch*> Producer::sequenced(TopicPartition tp) {
  std::vector<ProducerBatch*> batches;
  for (InFlightBatch& f : in_flight_)
    if (f.batch.partition == tp && !f.batch.failed) batches.push_back(&f.batch);
  accumulator_.collect_sequenced(tp, batches);
  std::sort(batches.begin(), batches.end(), [](const ProducerBatch* a, const ProducerBatch* b) {
    return std::tie(a->producer_id, a->producer_epoch, a->base_sequence) <
           std::tie(b->producer_id, b->producer_epoch, b->base_sequence);
  });
  return batches;
}

ProducerSequences::InFlight Producer::in_flight_of() {
  return [this](TopicPartition tp) { return sequenced(tp); };
}

bool Producer::stops_drain(TopicPartition tp) {
  return sequences_ && sequences_->stops_drain(*accumulator_.front(tp), sequenced(tp));
}

void Producer::begin_pass(Step& step) {
  sequences_->begin_pass(step, in_flight_of());
  if (!sequences_->should_ask(step.now)) return;
  const NodeId node = network_.least_loaded_node(step, metadata_.nodes());
  if (!node.present()) return;
  network_.send(step, node, InitProducerIdRequest{}, kInitProducerId);
  sequences_->asked();
}

}  // namespace ktrial::model
