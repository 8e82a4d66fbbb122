// Configs of producers and consumers (ProducerConfig, ConsumerConfig).
#pragma once

#include "model/config/config_row.h"
#include "model/variants.h"

namespace ktrial::model {

struct ProducerConfig {
  Acks acks = Acks::all;
  bool enable_idempotence = true;
  std::int32_t batch_size = 16384;
  Nanos linger = milliseconds(5);
  Nanos request_timeout = milliseconds(30000);
  Nanos delivery_timeout = milliseconds(120000);
  std::int32_t max_in_flight_requests_per_connection = 5;
  std::int32_t retries = std::numeric_limits<std::int32_t>::max();
  Nanos retry_backoff = milliseconds(100);
  Nanos retry_backoff_max = milliseconds(1000);
  Nanos reconnect_backoff = milliseconds(50);
  Nanos reconnect_backoff_max = milliseconds(1000);
  Nanos metadata_max_age = milliseconds(300000);
  Variants variants;
  bool operator==(const ProducerConfig&) const = default;
  KTRIAL_FIELDS(ProducerConfig, acks, enable_idempotence, batch_size, linger, request_timeout, delivery_timeout,
                max_in_flight_requests_per_connection, retries, retry_backoff, retry_backoff_max, reconnect_backoff,
                reconnect_backoff_max, metadata_max_age, variants)
};

inline constexpr auto kProducerKeys = std::to_array<ConfigRow<ProducerConfig>>({
    {"request.timeout.ms", &ProducerConfig::request_timeout, any(), "how long a request waits for its answer"},
    {"retry.backoff.ms", &ProducerConfig::retry_backoff, any(), "the first pause before a retry"},
    {"retry.backoff.max.ms", &ProducerConfig::retry_backoff_max, any(), "the longest"},
    {"reconnect.backoff.ms", &ProducerConfig::reconnect_backoff, any(), "the first pause before a reconnection"},
    {"reconnect.backoff.max.ms", &ProducerConfig::reconnect_backoff_max, any(), "the longest"},
    {"metadata.max.age.ms", &ProducerConfig::metadata_max_age, any(), "metadata is asked for again after so long"},
    {"enable.idempotence", &ProducerConfig::enable_idempotence, any(),
     "the producer has a producer id, and its batches have sequences (KIP-98)"},
    {"acks", &ProducerConfig::acks, any(), "who has a batch before it is acknowledged"},
    {"linger.ms", &ProducerConfig::linger, any(), "how long a batch waits for more records"},
    {"delivery.timeout.ms", &ProducerConfig::delivery_timeout, any(), "a record fails that was not delivered by then"},
    {"batch.size", &ProducerConfig::batch_size, any(), "the bytes that a batch is full with"},
    {"max.in.flight.requests.per.connection", &ProducerConfig::max_in_flight_requests_per_connection, at_least(1),
     "how many unanswered requests a broker has"},
    {"retries", &ProducerConfig::retries, any(), "how often a batch is sent again"},
});

struct ConsumerConfig {
  Nanos fetch_max_wait = milliseconds(500);
  std::int32_t fetch_min_bytes = 1;
  std::int32_t max_partition_fetch_bytes = 1 << 20;
  std::int32_t fetch_max_bytes = 50 << 20;
  std::int32_t max_poll_records = 500;
  OffsetReset auto_offset_reset = OffsetReset::latest;
  Nanos request_timeout = milliseconds(30000);
  Nanos retry_backoff = milliseconds(100);
  Nanos retry_backoff_max = milliseconds(1000);
  Nanos reconnect_backoff = milliseconds(50);
  Nanos reconnect_backoff_max = milliseconds(1000);
  Nanos metadata_max_age = milliseconds(300000);
  std::string client_rack;  // empty: none
  // group membership
  Nanos session_timeout = milliseconds(45000);
  Nanos heartbeat_interval = milliseconds(3000);
  Nanos max_poll_interval = milliseconds(300000);
  bool enable_auto_commit = true;
  Nanos auto_commit_interval = milliseconds(5000);
  Variants variants;
  bool operator==(const ConsumerConfig&) const = default;
  KTRIAL_FIELDS(ConsumerConfig, fetch_max_wait, fetch_min_bytes, max_partition_fetch_bytes, fetch_max_bytes,
                max_poll_records, auto_offset_reset, request_timeout, retry_backoff, retry_backoff_max,
                reconnect_backoff, reconnect_backoff_max, metadata_max_age, client_rack, session_timeout,
                heartbeat_interval, max_poll_interval, enable_auto_commit, auto_commit_interval, variants)
};

inline constexpr auto kConsumerKeys = std::to_array<ConfigRow<ConsumerConfig>>({
    {"request.timeout.ms", &ConsumerConfig::request_timeout, any(), "how long a request waits for its answer"},
    {"retry.backoff.ms", &ConsumerConfig::retry_backoff, any(), "the first pause before a retry"},
    {"retry.backoff.max.ms", &ConsumerConfig::retry_backoff_max, any(), "the longest"},
    {"reconnect.backoff.ms", &ConsumerConfig::reconnect_backoff, any(), "the first pause before a reconnection"},
    {"reconnect.backoff.max.ms", &ConsumerConfig::reconnect_backoff_max, any(), "the longest"},
    {"metadata.max.age.ms", &ConsumerConfig::metadata_max_age, any(),
     "metadata is asked for again after so long, and a preferred replica is left"},
    {"fetch.max.wait.ms", &ConsumerConfig::fetch_max_wait, any(), "how long a broker lets a fetch wait"},
    {"session.timeout.ms", &ConsumerConfig::session_timeout, any(),
     "a member that the coordinator has not heard from for so long leaves the group"},
    {"heartbeat.interval.ms", &ConsumerConfig::heartbeat_interval, any(), "how often a member sends a heartbeat"},
    {"max.poll.interval.ms", &ConsumerConfig::max_poll_interval, any(),
     "a member that does not poll for so long leaves the group"},
    {"fetch.min.bytes", &ConsumerConfig::fetch_min_bytes, any(), "a fetch waits until there is so much"},
    {"fetch.max.bytes", &ConsumerConfig::fetch_max_bytes, any(), "what is fetched at once"},
    {"max.partition.fetch.bytes", &ConsumerConfig::max_partition_fetch_bytes, any(),
     "what is fetched of one partition at once"},
    {"max.poll.records", &ConsumerConfig::max_poll_records, at_least(1), "what the application gets at once"},
    {"auto.offset.reset", &ConsumerConfig::auto_offset_reset, one_of(kOffsetResets),
     "where a consumer begins that has no position"},
    {"enable.auto.commit", &ConsumerConfig::enable_auto_commit, any(), "a member commits what it has processed itself"},
    {"auto.commit.interval.ms", &ConsumerConfig::auto_commit_interval, any(), "how often"},
    {"client.rack", &ConsumerConfig::client_rack, any(), "the rack to read from (KIP-392)"},
});

}  // namespace ktrial::model
