#include "model/config_keys.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace ktrial::model {
namespace {

// "a,b" is a and b.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t from = 0; from <= text.size() && !text.empty();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    items.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return items;
}

bool are_names(std::vector<std::string> names, std::int64_t at_least, std::int64_t at_most) {
  const auto count = static_cast<std::int64_t>(names.size());
  std::sort(names.begin(), names.end());
  return count >= at_least && count <= at_most && !names.front().empty() &&
         std::adjacent_find(names.begin(), names.end()) == names.end();
}

// "0.5" is 500000; absent: not a number from 0 to 1 with up to six digits behind the point.
std::optional<std::int64_t> parse_millionths(const std::string& text) {
  constexpr std::size_t kDigits = 6;
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits = text.substr(0, point) + (point < text.size() ? text.substr(point + 1) : "");
  const std::size_t behind = digits.size() - point;
  std::int64_t v = 0;
  if (point == 0 || behind > kDigits) return std::nullopt;
  digits.append(kDigits - behind, '0');
  const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), v);
  if (r.ec != std::errc() || r.ptr != digits.data() + digits.size() || v < 0 || v > 1'000'000) return std::nullopt;
  return v;
}

void set_policy(TopicConfig& config, std::int64_t policies) {
  config.cleanup_delete = (policies & 1) != 0;
  config.cleanup_compact = (policies & 2) != 0;
}

// What is longer than the clock goes on, as Kafka's own default of some keys, is never due.
Nanos milliseconds_or_never(std::int64_t ms) { return ms > 9223372036854 ? Nanos::max() : milliseconds(ms); }

Nanos local_retention(std::int64_t ms) { return ms == kAsTotal.count() ? kAsTotal : milliseconds(ms); }

std::vector<ConfigKey> make_keys() {
  using S = ConfigScope;
  using T = ConfigKey::Type;
  constexpr auto modelled = ConfigStatus::modelled;
  constexpr auto warned = ConfigStatus::accepted_with_warning;
  constexpr auto refused = ConfigStatus::refused;
  using C = const ConfigTarget&;
  using V = std::int64_t;
  return {
      {"controller.quorum.election.timeout.ms", S::broker, "1000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->quorum.election_timeout = milliseconds(v); }, T::number},
      {"controller.quorum.fetch.timeout.ms", S::broker, "2000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->quorum.fetch_timeout = milliseconds(v); }, T::number},
      {"controller.quorum.election.backoff.max.ms", S::broker, "1000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->quorum.election_backoff_max = milliseconds(v); }, T::number},
      {"controller.quorum.append.linger.ms", S::broker, "25", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->quorum.append_linger = milliseconds(v); }, T::number},
      {"controller.quorum.request.timeout.ms", S::broker, "2000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->quorum.request_timeout = milliseconds(v); }, T::number},
      {"controller.quorum.retry.backoff.ms", S::broker, "20", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->quorum.retry_backoff = milliseconds(v); }, T::number},
      {"metadata.max.idle.interval.ms", S::broker, "500", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->quorum.metadata_max_idle_interval = milliseconds(v); }, T::number},
      {"broker.heartbeat.interval.ms", S::broker, "2000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->broker_heartbeat_interval = milliseconds(v); }, T::number},
      {"broker.session.timeout.ms", S::broker, "9000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->broker_session_timeout = milliseconds(v); }, T::number},
      {"replica.lag.time.max.ms", S::broker, "30000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->replica_lag_time_max = milliseconds(v); }, T::number},
      {"replica.fetch.wait.max.ms", S::broker, "500", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->replica_fetch_wait_max = milliseconds(v); }, T::number},
      {"replica.fetch.backoff.ms", S::broker, "1000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->replica_fetch_backoff = milliseconds(v); }, T::number},
      {"replica.socket.timeout.ms", S::broker, "30000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->replica_socket_timeout = milliseconds(v); }, T::number},
      {"replica.high.watermark.checkpoint.interval.ms", S::broker, "5000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->replica_high_watermark_checkpoint_interval = milliseconds(v); }, T::number},
      {"unclean.leader.election.interval.ms", S::broker, "300000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->unclean_leader_election_interval = milliseconds(v); }, T::number},
      {"offsets.commit.timeout.ms", S::broker, "5000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->offsets_commit_timeout = milliseconds(v); }, T::number},
      {"group.initial.rebalance.delay.ms", S::broker, "3000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->group_initial_rebalance_delay = milliseconds(v); }, T::number},
      {"group.min.session.timeout.ms", S::broker, "6000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->group_min_session_timeout = milliseconds(v); }, T::number},
      {"group.max.session.timeout.ms", S::broker, "1800000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->group_max_session_timeout = milliseconds(v); }, T::number},
      {"num.partitions", S::broker, "1", modelled, 1, 2147483647,
       [](C t, V v) { t.broker->num_partitions = static_cast<std::int32_t>(v); }, T::number},
      {"default.replication.factor", S::broker, "1", modelled, 1, 32767,
       [](C t, V v) { t.broker->default_replication_factor = static_cast<std::int16_t>(v); }, T::number},
      {"replica.fetch.min.bytes", S::broker, "1", modelled, 0, 2147483647,
       [](C t, V v) { t.broker->replica_fetch_min_bytes = static_cast<std::int32_t>(v); }, T::number},
      {"replica.fetch.max.bytes", S::broker, "1048576", modelled, 0, 2147483647,
       [](C t, V v) { t.broker->replica_fetch_max_bytes = static_cast<std::int32_t>(v); }, T::number},
      {"replica.fetch.response.max.bytes", S::broker, "10485760", modelled, 0, 2147483647,
       [](C t, V v) { t.broker->replica_fetch_response_max_bytes = static_cast<std::int32_t>(v); }, T::number},
      {"max.incremental.fetch.session.cache.slots", S::broker, "1000", modelled, 0, 2147483647,
       [](C t, V v) { t.broker->max_incremental_fetch_session_cache_slots = static_cast<std::int32_t>(v); }, T::number},
      {"offsets.topic.num.partitions", S::broker, "50", modelled, 1, 2147483647,
       [](C t, V v) { t.broker->offsets_topic_num_partitions = static_cast<std::int32_t>(v); }, T::number},
      {"offsets.topic.replication.factor", S::broker, "3", modelled, 1, 32767,
       [](C t, V v) { t.broker->offsets_topic_replication_factor = static_cast<std::int16_t>(v); }, T::number},
      {"eligible.leader.replicas.version", S::broker, "0", modelled, 0, 1,
       [](C t, V v) { t.broker->eligible_leader_replicas = v != 0; }, T::number},
      {"auto.leader.rebalance.enable", S::broker, "true", modelled, 0, 1,
       [](C t, V v) { t.broker->auto_leader_rebalance_enable = v != 0; }, T::boolean},
      {"leader.imbalance.check.interval.seconds", S::broker, "300", modelled, 1, 9223372036,
       [](C t, V v) { t.broker->leader_imbalance_check_interval = seconds(v); }, T::number},
      {"log.dirs", S::broker, "/tmp/kafka-logs", modelled, 1, 8, nullptr, T::names,
       [](C t, const std::string& text) { t.broker->log_dirs = split(text); }},
      {"log.dir.failure.timeout.ms", S::broker, "30000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->log_dir_failure_timeout = milliseconds(v); }, T::number},
      {"broker.rack", S::broker, "", modelled, 0, 0, nullptr, T::texts,
       [](C t, const std::string& text) { t.broker->broker_racks = split(text); }},
      {"replica.selector.class", S::broker, "", modelled, 0, 1,
       [](C t, V v) { t.broker->rack_aware_replica_selector = v != 0; }, T::replica_selector},
      {"min.insync.replicas", S::broker, "1", modelled, 1, 2147483647,
       [](C t, V v) { t.broker->topic_defaults.min_insync_replicas = static_cast<std::int32_t>(v); }, T::number},
      {"unclean.leader.election.enable", S::broker, "false", modelled, 0, 1,
       [](C t, V v) { t.broker->topic_defaults.unclean_leader_election_enable = v != 0; }, T::boolean},
      {"unclean.recovery.strategy", S::broker, "Balanced", modelled, 0, 2,
       [](C t, V v) { t.broker->topic_defaults.unclean_recovery_strategy = UncleanRecoveryStrategy(v); },
       T::recovery_strategy},
      {"unclean.recovery.manager.enabled", S::broker, "false", modelled, 0, 1,
       [](C t, V v) { t.broker->unclean_recovery_manager = v != 0; }, T::boolean},
      {"unclean.recovery.timeout.ms", S::broker, "300000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->unclean_recovery_timeout = milliseconds(v); }, T::number},
      {"message.max.bytes", S::broker, "1048588", modelled, 0, 2147483647,
       [](C t, V v) { t.broker->topic_defaults.max_message_bytes = static_cast<std::int32_t>(v); }, T::number},
      {"log.flush.interval.messages", S::broker, "9223372036854775807", modelled, 1, INT64_MAX,
       [](C t, V v) { t.broker->topic_defaults.flush_messages = static_cast<std::int64_t>(v); }, T::number},
      {"log.flush.interval.ms", S::broker, "9223372036854775807", modelled, 0, INT64_MAX,
       [](C t, V v) { t.broker->topic_defaults.flush_ms = milliseconds_or_never(v); }, T::number},
      {"log.flush.scheduler.interval.ms", S::broker, "9223372036854775807", modelled, 1, INT64_MAX,
       [](C t, V v) { t.broker->log_flush_scheduler_interval = milliseconds_or_never(v); }, T::number},
      {"log.segment.bytes", S::broker, "1073741824", modelled, 14, 2147483647,
       [](C t, V v) { t.broker->topic_defaults.segment_bytes = v; }, T::number},
      {"log.roll.ms", S::broker, "604800000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->topic_defaults.segment_ms = milliseconds(v); }, T::number},
      {"log.retention.ms", S::broker, "604800000", modelled, -1, 9223372036854,
       [](C t, V v) { t.broker->topic_defaults.retention_ms = milliseconds(v); }, T::number},
      {"log.retention.bytes", S::broker, "-1", modelled, -1, INT64_MAX,
       [](C t, V v) { t.broker->topic_defaults.retention_bytes = v; }, T::number},
      {"log.retention.check.interval.ms", S::broker, "300000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->log_retention_check_interval = milliseconds(v); }, T::number},
      {"log.cleanup.policy", S::broker, "delete", modelled, 0, 0,
       [](C t, V v) { set_policy(t.broker->topic_defaults, v); }, T::policy},
      {"log.cleaner.enable", S::broker, "true", modelled, 0, 1, [](C t, V v) { t.broker->log_cleaner_enable = v != 0; },
       T::boolean},
      {"log.cleaner.backoff.ms", S::broker, "15000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->log_cleaner_backoff = milliseconds(v); }, T::number},
      {"log.cleaner.min.cleanable.ratio", S::broker, "0.5", modelled, 0, 0,
       [](C t, V v) { t.broker->topic_defaults.min_cleanable_dirty_millionths = v; }, T::ratio},
      {"log.cleaner.min.compaction.lag.ms", S::broker, "0", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->topic_defaults.min_compaction_lag = milliseconds(v); }, T::number},
      {"log.cleaner.max.compaction.lag.ms", S::broker, "9223372036854775807", modelled, 1, INT64_MAX,
       [](C t, V v) { t.broker->topic_defaults.max_compaction_lag = milliseconds_or_never(v); }, T::number},
      {"log.cleaner.delete.retention.ms", S::broker, "86400000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->topic_defaults.delete_retention = milliseconds(v); }, T::number},
      {"log.initial.task.delay.ms", S::broker, "30000", modelled, 0, 9223372036854,
       [](C t, V v) { t.broker->log_initial_task_delay = milliseconds(v); }, T::number},
      {"log.flush.offset.checkpoint.interval.ms", S::broker, "60000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->log_flush_offset_checkpoint_interval = milliseconds(v); }, T::number},
      {"log.flush.start.offset.checkpoint.interval.ms", S::broker, "60000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->log_flush_start_offset_checkpoint_interval = milliseconds(v); }, T::number},
      {"remote.log.storage.system.enable", S::broker, "false", modelled, 0, 1,
       [](C t, V v) { t.broker->remote_log_storage_system_enable = v != 0; }, T::boolean},
      {"remote.log.manager.task.interval.ms", S::broker, "30000", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->remote_log_manager_task_interval = milliseconds(v); }, T::number},
      {"remote.fetch.max.wait.ms", S::broker, "500", modelled, 1, 9223372036854,
       [](C t, V v) { t.broker->remote_fetch_max_wait = milliseconds(v); }, T::number},
      {"log.local.retention.ms", S::broker, "-2", modelled, -2, 9223372036854,
       [](C t, V v) { t.broker->topic_defaults.local_retention_ms = local_retention(v); }, T::number},
      {"log.local.retention.bytes", S::broker, "-2", modelled, -2, INT64_MAX,
       [](C t, V v) { t.broker->topic_defaults.local_retention_bytes = v; }, T::number},
      {kLeaderThrottledRate, S::broker, "9223372036854775807", modelled, 0, INT64_MAX,
       [](C t, V v) { t.broker->leader_replication_throttled_rate = v; }, T::number},
      {kFollowerThrottledRate, S::broker, "9223372036854775807", modelled, 0, INT64_MAX,
       [](C t, V v) { t.broker->follower_replication_throttled_rate = v; }, T::number},
      {"replication.quota.window.num", S::broker, "11", modelled, 1, 2147483647,
       [](C t, V v) { t.broker->replication_quota_window_num = static_cast<std::int32_t>(v); }, T::number},
      {"replication.quota.window.size.seconds", S::broker, "1", modelled, 1, 2147483647,
       [](C t, V v) { t.broker->replication_quota_window_size = seconds(v); }, T::number},
      {"min.insync.replicas", S::topic, "1", modelled, 1, 2147483647,
       [](C t, V v) { t.topic->min_insync_replicas = static_cast<std::int32_t>(v); }, T::number},
      {"unclean.leader.election.enable", S::topic, "false", modelled, 0, 1,
       [](C t, V v) { t.topic->unclean_leader_election_enable = v != 0; }, T::boolean},
      {"unclean.recovery.strategy", S::topic, "Balanced", modelled, 0, 2,
       [](C t, V v) { t.topic->unclean_recovery_strategy = UncleanRecoveryStrategy(v); }, T::recovery_strategy},
      {"max.message.bytes", S::topic, "1048588", modelled, 0, 2147483647,
       [](C t, V v) { t.topic->max_message_bytes = static_cast<std::int32_t>(v); }, T::number},
      {"flush.messages", S::topic, "9223372036854775807", modelled, 1, INT64_MAX,
       [](C t, V v) { t.topic->flush_messages = static_cast<std::int64_t>(v); }, T::number},
      {"flush.ms", S::topic, "9223372036854775807", modelled, 0, INT64_MAX,
       [](C t, V v) { t.topic->flush_ms = milliseconds_or_never(v); }, T::number},
      {"segment.bytes", S::topic, "1073741824", modelled, 14, 2147483647, [](C t, V v) { t.topic->segment_bytes = v; },
       T::number},
      {"segment.ms", S::topic, "604800000", modelled, 1, 9223372036854,
       [](C t, V v) { t.topic->segment_ms = milliseconds(v); }, T::number},
      {"retention.ms", S::topic, "604800000", modelled, -1, 9223372036854,
       [](C t, V v) { t.topic->retention_ms = milliseconds(v); }, T::number},
      {"retention.bytes", S::topic, "-1", modelled, -1, INT64_MAX, [](C t, V v) { t.topic->retention_bytes = v; },
       T::number},
      {"cleanup.policy", S::topic, "delete", modelled, 0, 0, [](C t, V v) { set_policy(*t.topic, v); }, T::policy},
      {"min.cleanable.dirty.ratio", S::topic, "0.5", modelled, 0, 0,
       [](C t, V v) { t.topic->min_cleanable_dirty_millionths = v; }, T::ratio},
      {"min.compaction.lag.ms", S::topic, "0", modelled, 0, 9223372036854,
       [](C t, V v) { t.topic->min_compaction_lag = milliseconds(v); }, T::number},
      {"max.compaction.lag.ms", S::topic, "9223372036854775807", modelled, 1, INT64_MAX,
       [](C t, V v) { t.topic->max_compaction_lag = milliseconds_or_never(v); }, T::number},
      {"delete.retention.ms", S::topic, "86400000", modelled, 0, 9223372036854,
       [](C t, V v) { t.topic->delete_retention = milliseconds(v); }, T::number},
      {"remote.storage.enable", S::topic, "false", modelled, 0, 1,
       [](C t, V v) { t.topic->remote_storage_enable = v != 0; }, T::boolean},
      {"local.retention.ms", S::topic, "-2", modelled, -2, 9223372036854,
       [](C t, V v) { t.topic->local_retention_ms = local_retention(v); }, T::number},
      {"local.retention.bytes", S::topic, "-2", modelled, -2, INT64_MAX,
       [](C t, V v) { t.topic->local_retention_bytes = v; }, T::number},
      {kLeaderThrottledReplicas, S::topic, "", modelled, 0, 0, nullptr, T::throttled_replicas,
       [](C t, const std::string& text) { t.topic->leader_throttled_replicas = *parse_throttled_replicas(text); }},
      {kFollowerThrottledReplicas, S::topic, "", modelled, 0, 0, nullptr, T::throttled_replicas,
       [](C t, const std::string& text) { t.topic->follower_throttled_replicas = *parse_throttled_replicas(text); }},
      {"request.timeout.ms", S::producer, "30000", modelled, 0, 9223372036854,
       [](C t, V v) { t.producer->request_timeout = milliseconds(v); }, T::number},
      {"retry.backoff.ms", S::producer, "100", modelled, 0, 9223372036854,
       [](C t, V v) { t.producer->retry_backoff = milliseconds(v); }, T::number},
      {"retry.backoff.max.ms", S::producer, "1000", modelled, 0, 9223372036854,
       [](C t, V v) { t.producer->retry_backoff_max = milliseconds(v); }, T::number},
      {"reconnect.backoff.ms", S::producer, "50", modelled, 0, 9223372036854,
       [](C t, V v) { t.producer->reconnect_backoff = milliseconds(v); }, T::number},
      {"reconnect.backoff.max.ms", S::producer, "1000", modelled, 0, 9223372036854,
       [](C t, V v) { t.producer->reconnect_backoff_max = milliseconds(v); }, T::number},
      {"metadata.max.age.ms", S::producer, "300000", modelled, 0, 9223372036854,
       [](C t, V v) { t.producer->metadata_max_age = milliseconds(v); }, T::number},
      {"request.timeout.ms", S::consumer, "30000", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->request_timeout = milliseconds(v); }, T::number},
      {"retry.backoff.ms", S::consumer, "100", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->retry_backoff = milliseconds(v); }, T::number},
      {"retry.backoff.max.ms", S::consumer, "1000", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->retry_backoff_max = milliseconds(v); }, T::number},
      {"reconnect.backoff.ms", S::consumer, "50", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->reconnect_backoff = milliseconds(v); }, T::number},
      {"reconnect.backoff.max.ms", S::consumer, "1000", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->reconnect_backoff_max = milliseconds(v); }, T::number},
      {"metadata.max.age.ms", S::consumer, "300000", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->metadata_max_age = milliseconds(v); }, T::number},
      {"producer.id.expiration.ms", S::broker, "86400000", modelled, 1, 2147483647,
       [](C t, V v) { t.broker->producer_id_expiration = milliseconds(v); }, T::number},
      {"producer.id.expiration.check.interval.ms", S::broker, "600000", modelled, 1, 2147483647,
       [](C t, V v) { t.broker->producer_id_expiration_check_interval = milliseconds(v); }, T::number},
      {"enable.idempotence", S::producer, "true", modelled, 0, 1,
       [](C t, V v) { t.producer->enable_idempotence = v != 0; }, T::boolean},
      {"acks", S::producer, "all", modelled, -1, 1, [](C t, V v) { t.producer->acks = static_cast<Acks>(v); }, T::acks},
      {"linger.ms", S::producer, "5", modelled, 0, 9223372036854,
       [](C t, V v) { t.producer->linger = milliseconds(v); }, T::number},
      {"delivery.timeout.ms", S::producer, "120000", modelled, 0, 9223372036854,
       [](C t, V v) { t.producer->delivery_timeout = milliseconds(v); }, T::number},
      {"batch.size", S::producer, "16384", modelled, 0, 2147483647,
       [](C t, V v) { t.producer->batch_size = static_cast<std::int32_t>(v); }, T::number},
      {"max.in.flight.requests.per.connection", S::producer, "5", modelled, 1, 2147483647,
       [](C t, V v) { t.producer->max_in_flight_requests_per_connection = static_cast<std::int32_t>(v); }, T::number},
      {"retries", S::producer, "2147483647", modelled, 0, 2147483647,
       [](C t, V v) { t.producer->retries = static_cast<std::int32_t>(v); }, T::number},
      {"fetch.max.wait.ms", S::consumer, "500", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->fetch_max_wait = milliseconds(v); }, T::number},
      {"session.timeout.ms", S::consumer, "45000", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->session_timeout = milliseconds(v); }, T::number},
      {"heartbeat.interval.ms", S::consumer, "3000", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->heartbeat_interval = milliseconds(v); }, T::number},
      {"max.poll.interval.ms", S::consumer, "300000", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->max_poll_interval = milliseconds(v); }, T::number},
      {"fetch.min.bytes", S::consumer, "1", modelled, 0, 2147483647,
       [](C t, V v) { t.consumer->fetch_min_bytes = static_cast<std::int32_t>(v); }, T::number},
      {"fetch.max.bytes", S::consumer, "52428800", modelled, 0, 2147483647,
       [](C t, V v) { t.consumer->fetch_max_bytes = static_cast<std::int32_t>(v); }, T::number},
      {"max.partition.fetch.bytes", S::consumer, "1048576", modelled, 0, 2147483647,
       [](C t, V v) { t.consumer->max_partition_fetch_bytes = static_cast<std::int32_t>(v); }, T::number},
      {"max.poll.records", S::consumer, "500", modelled, 1, 2147483647,
       [](C t, V v) { t.consumer->max_poll_records = static_cast<std::int32_t>(v); }, T::number},
      {"auto.offset.reset", S::consumer, "latest", modelled, 0, 2,
       [](C t, V v) { t.consumer->auto_offset_reset = static_cast<OffsetReset>(v); }, T::offset_reset},
      {"enable.auto.commit", S::consumer, "true", modelled, 0, 1,
       [](C t, V v) { t.consumer->enable_auto_commit = v != 0; }, T::boolean},
      {"auto.commit.interval.ms", S::consumer, "5000", modelled, 0, 9223372036854,
       [](C t, V v) { t.consumer->auto_commit_interval = milliseconds(v); }, T::number},
      {"client.rack", S::consumer, "", modelled, 0, 0, nullptr, T::text,
       [](C t, const std::string& text) { t.consumer->client_rack = text; }},
      {"auto.create.topics.enable", S::broker, "true", warned},
      {"num.replica.fetchers", S::broker, "1", warned},
      {"leader.imbalance.per.broker.percentage", S::broker, "10", warned},
      {"controlled.shutdown.enable", S::broker, "true", warned},
      {"controlled.shutdown.max.retries", S::broker, "3", warned},
      {"controlled.shutdown.retry.backoff.ms", S::broker, "5000", warned},
      {"initial.broker.registration.timeout.ms", S::broker, "60000", warned},
      {"metadata.log.max.record.bytes.between.snapshots", S::broker, "20971520", warned},
      {"metadata.log.max.snapshot.interval.ms", S::broker, "3600000", warned},
      {"log.cleaner.threads", S::broker, "1", warned},
      {"log.cleaner.dedupe.buffer.size", S::broker, "134217728", warned},
      {"log.cleaner.io.max.bytes.per.second", S::broker, "1.7976931348623157E308", warned},
      {"offsets.retention.minutes", S::broker, "10080", warned},
      {"offsets.topic.segment.bytes", S::broker, "104857600", warned},
      {"offset.metadata.max.bytes", S::broker, "4096", warned},
      {"group.max.size", S::broker, "2147483647", warned},
      {"segment.index.bytes", S::topic, "10485760", warned},
      {"index.interval.bytes", S::topic, "4096", warned},
      {"file.delete.delay.ms", S::topic, "60000", warned},
      {"message.timestamp.type", S::topic, "CreateTime", warned},
      {"buffer.memory", S::producer, "33554432", warned},
      {"max.block.ms", S::producer, "60000", warned},
      {"max.request.size", S::producer, "1048576", warned},
      {"compression.type", S::producer, "none", warned},
      {"partitioner.adaptive.partitioning.enable", S::producer, "true", warned},
      {"default.api.timeout.ms", S::consumer, "60000", warned},
      {"check.crcs", S::consumer, "true", warned},
      {"allow.auto.create.topics", S::consumer, "true", warned},
      {"zookeeper.session.timeout.ms", S::broker, "18000", refused},
      {"zookeeper.connection.timeout.ms", S::broker, "", refused},
      {"controller.socket.timeout.ms", S::broker, "30000", refused},
      {"inter.broker.protocol.version", S::broker, "", refused},
      {"controller.quorum.voters", S::broker, "", refused},
      {"controller.quorum.bootstrap.servers", S::broker, "", refused},
      {"transaction.state.log.num.partitions", S::broker, "50", refused},
      {"transaction.max.timeout.ms", S::broker, "900000", refused},
      {"transactional.id.expiration.ms", S::broker, "604800000", refused},
      {"group.coordinator.rebalance.protocols", S::broker, "classic,consumer", refused},
      {"group.consumer.session.timeout.ms", S::broker, "45000", refused},
      {"group.consumer.heartbeat.interval.ms", S::broker, "5000", refused},
      {"group.consumer.assignors", S::broker, "uniform,range", refused},
      {"group.share.session.timeout.ms", S::broker, "45000", refused},
      {"transactional.id", S::producer, "", refused},
      {"transaction.timeout.ms", S::producer, "60000", refused},
      {"isolation.level", S::consumer, "read_uncommitted", refused},
      {"group.protocol", S::consumer, "classic", refused},
      {"group.instance.id", S::consumer, "", refused},
      {"partition.assignment.strategy", S::consumer, "range", refused},
  };
}
constexpr const char* kScopes[] = {"broker", "topic", "producer", "consumer"};
constexpr const char* kStatus[] = {"modelled", "accepted with a warning", "refused"};

}  // namespace

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = make_keys();
  return keys;
}

const ConfigKey* find_config_key(ConfigScope scope, const std::string& name) {
  for (const ConfigKey& k : config_keys())
    if (k.scope == scope && k.name == name) return &k;
  return nullptr;
}

std::string apply_config(const ConfigKey& key, const std::string& value, const ConfigTarget& target) {
  using T = ConfigKey::Type;
  if (key.status == ConfigStatus::refused) return "'" + key.name + "' is not modelled and would change the result";
  const auto wrong = [&](const std::string& want) { return "'" + key.name + "' is '" + value + "', expected " + want; };
  if (key.type == T::names && !are_names(split(value), key.min, key.max))
    return wrong("from " + std::to_string(key.min) + " to " + std::to_string(key.max) +
                 " different names with commas between them");
  if (key.type == T::throttled_replicas && !parse_throttled_replicas(value))
    return wrong("* or a list of partition:broker, such as 0:1,0:2");
  if (key.set_text) key.set_text(target, value);
  if (!key.set) return "";
  std::int64_t v = 0;
  if (key.type == T::boolean) {
    if (value != "true" && value != "false") return wrong("true or false");
    v = value == "true";
  } else if (key.type == T::acks) {
    if (value != "all" && value != "-1" && value != "0" && value != "1") return wrong("all, -1, 0 or 1");
    v = value == "0" ? 0 : value == "1" ? 1 : -1;
  } else if (key.type == T::offset_reset) {
    if (value != "latest" && value != "earliest" && value != "none") return wrong("latest, earliest or none");
    v = value == "latest" ? 0 : value == "earliest" ? 1 : 2;
  } else if (key.type == T::replica_selector) {
    constexpr std::string_view kPackage = "org.apache.kafka.common.replica.";
    const std::string name = value.starts_with(kPackage) ? value.substr(kPackage.size()) : value;
    if (!name.empty() && name != "RackAwareReplicaSelector") return wrong("RackAwareReplicaSelector");
    v = !name.empty();
  } else if (key.type == T::recovery_strategy) {
    const auto strategy = std::find(kUncleanRecoveryStrategies.begin(), kUncleanRecoveryStrategies.end(), value);
    if (strategy == kUncleanRecoveryStrategies.end()) return wrong("Balanced, Aggressive or None");
    v = strategy - kUncleanRecoveryStrategies.begin();
  } else if (key.type == T::ratio) {
    const auto ratio = parse_millionths(value);
    if (!ratio) return wrong("a number from 0 to 1, such as 0.5");
    v = *ratio;
  } else if (key.type == T::policy) {
    const bool both = value == "compact,delete" || value == "delete,compact";
    if (!both && value != "compact" && value != "delete") return wrong("delete, compact or compact,delete");
    v = both ? 3 : value == "compact" ? 2 : 1;
  } else {
    const auto r = std::from_chars(value.data(), value.data() + value.size(), v);
    if (value.empty() || r.ec != std::errc() || r.ptr != value.data() + value.size() || v < key.min || v > key.max)
      return wrong("a whole number from " + std::to_string(key.min) + " to " + std::to_string(key.max));
  }
  key.set(target, v);
  return "";
}

std::optional<ThrottledReplicas> parse_throttled_replicas(const std::string& text) {
  ThrottledReplicas list;
  if (text == "*") {
    list.all = true;
    return list;
  }
  for (const std::string& item : split(text)) {
    if (item.empty()) continue;
    std::int32_t partition = 0, broker = 0;
    const char *const begin = item.data(), *const end = begin + item.size();
    const auto first = std::from_chars(begin, end, partition);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':' || partition < 0) return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, broker);
    if (second.ec != std::errc() || second.ptr != end || broker < 0) return std::nullopt;
    list.replicas.emplace_back(PartitionIndex(partition), NodeId(broker));
  }
  return list;
}

bool ThrottledReplicas::has(PartitionIndex partition, NodeId broker) const {
  return all || std::find(replicas.begin(), replicas.end(), std::pair(partition, broker)) != replicas.end();
}

bool is_throttle_key(std::string_view key) {
  return key == kLeaderThrottledReplicas || key == kFollowerThrottledReplicas || key == kLeaderThrottledRate ||
         key == kFollowerThrottledRate;
}

std::string_view topic_key_of(std::string_view broker_key) {
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr std::array<Pair, 17> kSynonyms = {
      Pair{kMinInsyncReplicas, kMinInsyncReplicas},
      {"unclean.leader.election.enable", "unclean.leader.election.enable"},
      {"unclean.recovery.strategy", "unclean.recovery.strategy"},
      {"message.max.bytes", "max.message.bytes"},
      {"log.flush.interval.messages", "flush.messages"},
      {"log.flush.interval.ms", "flush.ms"},
      {"log.segment.bytes", "segment.bytes"},
      {"log.roll.ms", "segment.ms"},
      {"log.retention.ms", "retention.ms"},
      {"log.retention.bytes", "retention.bytes"},
      {"log.cleanup.policy", "cleanup.policy"},
      {"log.cleaner.min.cleanable.ratio", "min.cleanable.dirty.ratio"},
      {"log.cleaner.min.compaction.lag.ms", "min.compaction.lag.ms"},
      {"log.cleaner.max.compaction.lag.ms", "max.compaction.lag.ms"},
      {"log.cleaner.delete.retention.ms", "delete.retention.ms"},
      {"log.local.retention.ms", "local.retention.ms"},
      {"log.local.retention.bytes", "local.retention.bytes"}};
  const auto at =
      std::find_if(kSynonyms.begin(), kSynonyms.end(), [&](const Pair& pair) { return pair.first == broker_key; });
  return at == kSynonyms.end() ? std::string_view() : at->second;
}

std::string config_keys_markdown() {
  std::string out = "| key | scope | default | status |\n|---|---|---|---|\n";
  for (const ConfigKey& k : config_keys())
    out += "| `" + k.name + "` | " + kScopes[static_cast<int>(k.scope)] + " | " + k.default_text + " | " +
           kStatus[static_cast<int>(k.status)] + " |\n";
  return out;
}

}  // namespace ktrial::model
