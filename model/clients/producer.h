// A producer and the application that sends its workload.
//
// Follows KafkaProducer and producer.internals.Sender: every input is followed by one pass of the sender's loop.
// With enable.idempotence its batches have sequences (producer_sequences.h).
// Leaves out: transactions, max.block.ms (the application waits for metadata without end), batch splitting,
// max.request.size.
// Always holds: each value is sent once by the application; every batch is acknowledged or failed at most once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/clients/metadata_cache.h"
#include "model/clients/network_client.h"
#include "model/clients/partitioner.h"
#include "model/clients/producer_sequences.h"
#include "model/clients/record_accumulator.h"
#include "model/described.h"

namespace ktrial::model {

struct SendWorkload {
  std::string topic;
  std::int64_t count = 0;
  Nanos interval{0};
  std::optional<std::string> key;  // fixed
  KeyId key_id{0};                 // of the fixed one
  std::int32_t key_count = 0;      // distinct keys k0..k(n-1); 0: null keys
  std::int32_t tombstones = 0;     // so many of `tombstones_of` records with a key have no value
  std::int32_t tombstones_of = 1;
  std::optional<std::int32_t> partition;
  std::int32_t producer_index = 0;
  std::int32_t value_size = 100;
  Nanos start_after{0};        // negative: wait for StartSending
  Sequence first_sequence{0};  // of an idempotent producer, in each partition
  KTRIAL_FIELDS(SendWorkload, topic, count, interval, key, key_id, key_count, tombstones, tombstones_of, partition,
                producer_index, value_size, start_after, first_sequence)
};

inline constexpr TimerId kClientWakeup{300, 0, 0};

class Producer {
 public:
  // `next` is the number of the first record still to be sent.
  Producer(ProducerConfig config, SendWorkload workload, std::vector<NodeId> bootstrap, std::int64_t next,
           bool started);
  void start(Step& step);
  void on_message(Step& step, ConnectionId connection, Message&& message);
  void on_closed(Step& step, ConnectionId connection);
  void on_timer(Step& step);
  void begin(Step& step);
  void close(Step& step);  // no more sends; exits when all is answered

  std::int64_t next() const { return next_; }
  bool started() const { return started_; }
  bool idle() const { return accumulator_.empty() && in_flight_.empty(); }
  bool done() const { return next_ >= workload_.count && idle(); }

  KTRIAL_FIELDS(Producer, config_, workload_, network_, metadata_, partitioner_, accumulator_, sequences_, in_flight_,
                backoffs_, next_, next_send_, started_, closing_)
  KTRIAL_COUNTERS(Producer, backoffs_)
  KTRIAL_DEADLINES(Producer, next_send_)

 private:
  struct InFlightBatch {
    std::int32_t correlation_id = 0;
    ProducerBatch batch;
    KTRIAL_FIELDS(InFlightBatch, correlation_id, batch)
    KTRIAL_CLIENT_CORRELATIONS(InFlightBatch, correlation_id)
  };
  void run(Step& step);
  void send_records(Step& step);
  void send_requests(Step& step);
  void send_to(Step& step, NodeId node, const std::vector<TopicPartition>& partitions);
  void complete(Step& step, ProducerBatch&& batch, const ProduceResponse::Partition& result);
  void fail(Step& step, const ProducerBatch& batch, Error error);
  // Of an idempotent producer: what is in flight to a partition, by its sequence.
  std::vector<ProducerBatch*> sequenced(TopicPartition tp);
  ProducerSequences::InFlight in_flight_of();
  bool stops_drain(TopicPartition tp);
  void begin_pass(Step& step);
  bool waits_for_id() const { return sequences_ && !sequences_->has_id(); }
  Nanos retry_backoff(Step& step, std::int32_t failures);
  void disconnected(Step& step, const std::vector<NetworkClient::InFlight>& failed);
  void expire(Step& step);
  void expire_batch(Step& step, const ProducerBatch& batch);
  void set_timer(Step& step);
  bool muted(TopicPartition tp) const;

  ProducerConfig config_;
  SendWorkload workload_;
  NetworkClient network_;
  MetadataCache metadata_;
  Partitioner partitioner_;
  RecordAccumulator accumulator_;
  std::optional<ProducerSequences> sequences_;  // with enable.idempotence
  std::vector<InFlightBatch> in_flight_;        // in the order of sending
  std::uint32_t backoffs_ = 0;
  std::int64_t next_ = 0;
  Nanos next_send_{0};
  bool started_ = false;
  bool closing_ = false;
};

}  // namespace ktrial::model
