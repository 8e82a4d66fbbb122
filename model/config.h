// Configuration of the model's nodes, with Kafka's keys (dots become underscores) and Kafka's defaults (4.0).
// `model/config_keys.h` maps the dotted keys to these fields. Times are durations; sizes are bytes.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/described.h"
#include "model/messages.h"
#include "model/types.h"
#include "model/variants.h"

namespace ktrial::model {

struct QuorumConfig {
  Nanos election_timeout = milliseconds(1000);
  Nanos fetch_timeout = milliseconds(2000);
  Nanos election_backoff_max = milliseconds(1000);
  Nanos append_linger = milliseconds(25);
  Nanos request_timeout = milliseconds(2000);
  Nanos retry_backoff = milliseconds(20);
  Nanos fetch_max_wait = milliseconds(500);
  Nanos metadata_max_idle_interval = milliseconds(500);
  bool operator==(const QuorumConfig&) const = default;
  KTRIAL_FIELDS(QuorumConfig, election_timeout, fetch_timeout, election_backoff_max, append_linger, request_timeout,
                retry_backoff, fetch_max_wait, metadata_max_idle_interval)
};

// leader. or follower.replication.throttled.replicas of a topic (KIP-73): "*", or partitions, each with a broker.
struct ThrottledReplicas {
  bool all = false;
  std::vector<std::pair<PartitionIndex, NodeId>> replicas;
  bool empty() const { return !all && replicas.empty(); }
  bool has(PartitionIndex partition, NodeId broker) const;
  bool operator==(const ThrottledReplicas&) const = default;
  KTRIAL_FIELDS(ThrottledReplicas, all, replicas)
};

// local.retention.ms and local.retention.bytes: the same as retention.ms and retention.bytes.
inline constexpr Nanos kAsTotal{-2};

struct TopicConfig {
  std::int32_t min_insync_replicas = 1;
  bool unclean_leader_election_enable = false;
  std::optional<UncleanRecoveryStrategy> unclean_recovery_strategy;  // absent: what the line above amounts to
  std::int64_t flush_messages = std::numeric_limits<std::int64_t>::max();
  std::int32_t max_message_bytes = 1048588;
  Nanos flush_ms = Nanos::max();
  std::int64_t segment_bytes = 1 << 30;
  Nanos segment_ms = std::chrono::hours(7 * 24);
  Nanos retention_ms = std::chrono::hours(7 * 24);  // negative: for ever
  std::int64_t retention_bytes = -1;                // negative: without limit
  bool cleanup_delete = true;                       // cleanup.policy
  bool cleanup_compact = false;
  std::int64_t min_cleanable_dirty_millionths = 500000;
  Nanos min_compaction_lag{0};
  Nanos max_compaction_lag = Nanos::max();
  Nanos delete_retention = std::chrono::hours(24);
  bool remote_storage_enable = false;   // KIP-405
  Nanos local_retention_ms = kAsTotal;  // of what the broker keeps itself
  std::int64_t local_retention_bytes = kAsTotal.count();
  ThrottledReplicas leader_throttled_replicas, follower_throttled_replicas;
  bool operator==(const TopicConfig&) const = default;
  KTRIAL_FIELDS(TopicConfig, min_insync_replicas, unclean_leader_election_enable, unclean_recovery_strategy,
                flush_messages, max_message_bytes, flush_ms, segment_bytes, segment_ms, retention_ms, retention_bytes,
                cleanup_delete, cleanup_compact, min_cleanable_dirty_millionths, min_compaction_lag, max_compaction_lag,
                delete_retention, remote_storage_enable, local_retention_ms, local_retention_bytes,
                leader_throttled_replicas, follower_throttled_replicas)
};

// Whether the topic's logs are tiered: not those that are compacted (UnifiedLog.isRemoteLogEnabled).
inline bool is_tiered(const TopicConfig& topic) { return topic.remote_storage_enable && !topic.cleanup_compact; }
inline Nanos local_retention_ms(const TopicConfig& topic) {
  return topic.local_retention_ms == kAsTotal ? topic.retention_ms : topic.local_retention_ms;
}
inline std::int64_t local_retention_bytes(const TopicConfig& topic) {
  return topic.local_retention_bytes == kAsTotal.count() ? topic.retention_bytes : topic.local_retention_bytes;
}

// KIP-966: where unclean.recovery.strategy is not written, unclean.leader.election.enable says it.
inline UncleanRecoveryStrategy unclean_recovery_strategy(const TopicConfig& topic) {
  using enum UncleanRecoveryStrategy;
  return topic.unclean_recovery_strategy.value_or(topic.unclean_leader_election_enable ? aggressive : balanced);
}

// One for the whole cluster: controllers and brokers read the parts that concern them.
struct ClusterConfig {
  QuorumConfig quorum;
  TopicConfig topic_defaults;
  std::int32_t num_partitions = 1;
  std::int16_t default_replication_factor = 1;
  Nanos broker_heartbeat_interval = milliseconds(2000);
  Nanos broker_session_timeout = milliseconds(9000);
  Nanos replica_lag_time_max = milliseconds(30000);
  Nanos replica_fetch_wait_max = milliseconds(500);
  std::int32_t replica_fetch_min_bytes = 1;
  Nanos replica_fetch_backoff = milliseconds(1000);
  std::int32_t replica_fetch_max_bytes = 1 << 20;
  std::int32_t replica_fetch_response_max_bytes = 10 << 20;
  std::int32_t max_incremental_fetch_session_cache_slots = 1000;
  std::vector<std::string> log_dirs{"/tmp/kafka-logs"};  // of every broker (KIP-858)
  Nanos log_dir_failure_timeout = seconds(30);
  std::vector<std::string> broker_racks;     // broker.rack of brokers 1, 2, ...; empty: none has one
  bool rack_aware_replica_selector = false;  // replica.selector.class=RackAwareReplicaSelector (KIP-392)
  Nanos replica_socket_timeout = milliseconds(30000);
  Nanos replica_high_watermark_checkpoint_interval = milliseconds(5000);
  Nanos log_initial_task_delay = milliseconds(30000);
  Nanos log_retention_check_interval = milliseconds(300000);
  Nanos log_flush_offset_checkpoint_interval = milliseconds(60000);
  Nanos log_flush_start_offset_checkpoint_interval = milliseconds(60000);
  Nanos log_flush_scheduler_interval = Nanos::max();  // of the log flusher, that flush.ms needs
  bool log_cleaner_enable = true;
  Nanos log_cleaner_backoff = milliseconds(15000);
  bool remote_log_storage_system_enable = false;
  Nanos remote_log_manager_task_interval = milliseconds(30000);
  Nanos remote_fetch_max_wait = milliseconds(500);
  NodeId remote_storage;  // the node that it is (remote/remote_storage_node.h); absent: there is none
  bool auto_leader_rebalance_enable = true;
  Nanos leader_imbalance_check_interval = seconds(300);
  Nanos unclean_leader_election_interval = seconds(300);
  // The replication throttle (KIP-73): bytes a second of a broker for which the metadata has no other rate, and over
  // what time they are counted. Kafka has the rates as dynamic configs only; here they are the default of all brokers.
  std::int64_t leader_replication_throttled_rate = std::numeric_limits<std::int64_t>::max();
  std::int64_t follower_replication_throttled_rate = std::numeric_limits<std::int64_t>::max();
  std::int32_t replication_quota_window_num = 11;
  Nanos replication_quota_window_size = seconds(1);
  bool eligible_leader_replicas = false;  // eligible.leader.replicas.version=1 (KIP-966)
  bool unclean_recovery_manager = false;  // unclean.recovery.manager.enabled (KIP-966)
  Nanos unclean_recovery_timeout = milliseconds(300000);
  // groups
  std::int32_t offsets_topic_num_partitions = 50;
  std::int16_t offsets_topic_replication_factor = 3;
  Nanos offsets_commit_timeout = milliseconds(5000);
  Nanos group_initial_rebalance_delay = milliseconds(3000);
  Nanos group_min_session_timeout = milliseconds(6000);
  Nanos group_max_session_timeout = milliseconds(1800000);
  // producers
  Nanos producer_id_expiration = milliseconds(86400000);
  Nanos producer_id_expiration_check_interval = milliseconds(600000);
  Variants variants;
  bool operator==(const ClusterConfig&) const = default;
  KTRIAL_FIELDS(ClusterConfig, quorum, topic_defaults, num_partitions, default_replication_factor,
                broker_heartbeat_interval, broker_session_timeout, replica_lag_time_max, replica_fetch_wait_max,
                replica_fetch_min_bytes, replica_fetch_backoff, replica_fetch_max_bytes,
                replica_fetch_response_max_bytes, max_incremental_fetch_session_cache_slots, log_dirs,
                log_dir_failure_timeout, broker_racks, rack_aware_replica_selector, replica_socket_timeout,
                replica_high_watermark_checkpoint_interval, log_initial_task_delay, log_retention_check_interval,
                log_flush_offset_checkpoint_interval, log_flush_start_offset_checkpoint_interval,
                log_flush_scheduler_interval, log_cleaner_enable, log_cleaner_backoff, remote_log_storage_system_enable,
                remote_log_manager_task_interval, remote_fetch_max_wait, remote_storage, auto_leader_rebalance_enable,
                leader_imbalance_check_interval, unclean_leader_election_interval, leader_replication_throttled_rate,
                follower_replication_throttled_rate, replication_quota_window_num, replication_quota_window_size,
                eligible_leader_replicas, unclean_recovery_manager, unclean_recovery_timeout,
                offsets_topic_num_partitions, offsets_topic_replication_factor, offsets_commit_timeout,
                group_initial_rebalance_delay, group_min_session_timeout, group_max_session_timeout,
                producer_id_expiration, producer_id_expiration_check_interval, variants)
};

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

enum class OffsetReset : std::uint8_t { latest, earliest, none };

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

}  // namespace ktrial::model
