// Configs of a topic (TopicConfig, LogConfig), with the brokers' keys that are their defaults.
#pragma once

#include "model/config/config_row.h"

namespace ktrial::model {

inline constexpr const char* kMinInsyncReplicas = "min.insync.replicas";
inline constexpr const char* kRemoteStorageEnable = "remote.storage.enable";
inline constexpr const char* kLeaderThrottledReplicas = "leader.replication.throttled.replicas";
inline constexpr const char* kFollowerThrottledReplicas = "follower.replication.throttled.replicas";

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
  CleanupPolicy cleanup_policy;
  std::int64_t min_cleanable_dirty_millionths = 500000;
  Nanos min_compaction_lag{0};
  Nanos max_compaction_lag = Nanos::max();
  Nanos delete_retention = std::chrono::hours(24);
  bool remote_storage_enable = false;
  Nanos local_retention_ms = kAsTotal;
  std::int64_t local_retention_bytes = kAsTotal.count();
  ThrottledReplicas leader_throttled_replicas, follower_throttled_replicas;
  bool operator==(const TopicConfig&) const = default;
  KTRIAL_FIELDS(TopicConfig, min_insync_replicas, unclean_leader_election_enable, unclean_recovery_strategy,
                flush_messages, max_message_bytes, flush_ms, segment_bytes, segment_ms, retention_ms, retention_bytes,
                cleanup_policy, min_cleanable_dirty_millionths, min_compaction_lag, max_compaction_lag,
                delete_retention, remote_storage_enable, local_retention_ms, local_retention_bytes,
                leader_throttled_replicas, follower_throttled_replicas)
};

inline constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
inline constexpr auto kTopicKeys = std::to_array<ConfigRow<TopicConfig>>({
    {kMinInsyncReplicas, &TopicConfig::min_insync_replicas, at_least(1),
     "with fewer in-sync replicas a leader refuses acks=all; with KIP-966 its high watermark stays, too",
     kMinInsyncReplicas},
    {"unclean.leader.election.enable", &TopicConfig::unclean_leader_election_enable, any(),
     "without an in-sync replica any live one is elected", "unclean.leader.election.enable"},
    {"unclean.recovery.strategy", &TopicConfig::unclean_recovery_strategy, one_of(kUncleanRecoveryStrategies),
     "whom unclean recovery waits for; unwritten, unclean.leader.election.enable says it (KIP-966)",
     "unclean.recovery.strategy"},
    {"max.message.bytes", &TopicConfig::max_message_bytes, any(), "a leader refuses a larger batch",
     "message.max.bytes"},
    {"flush.messages", &TopicConfig::flush_messages, at_least(1), "a log is flushed after so many records",
     "log.flush.interval.messages"},
    {"flush.ms", &TopicConfig::flush_ms, at_least_or_never(0),
     "the log flusher flushes what was not for so long; see log.flush.scheduler.interval.ms", "log.flush.interval.ms"},
    {"segment.bytes", &TopicConfig::segment_bytes, between(14, kMaxInt), "a segment is rolled before it is larger",
     "log.segment.bytes"},
    {"segment.ms", &TopicConfig::segment_ms, at_least(1), "a segment is rolled when its records span more time",
     "log.roll.ms"},
    {"retention.ms", &TopicConfig::retention_ms, at_least(-1), "older segments are deleted; -1: none for its age",
     "log.retention.ms"},
    {"retention.bytes", &TopicConfig::retention_bytes, at_least(-1),
     "the oldest segments of a larger log are deleted; -1: none for its size", "log.retention.bytes"},
    {"cleanup.policy", &TopicConfig::cleanup_policy, any(), "whether old segments are deleted, compacted, or both",
     "log.cleanup.policy"},
    {"min.cleanable.dirty.ratio", &TopicConfig::min_cleanable_dirty_millionths, ratio(),
     "how much of a log has to be dirty before it is compacted", "log.cleaner.min.cleanable.ratio"},
    {"min.compaction.lag.ms", &TopicConfig::min_compaction_lag, any(), "younger records are not compacted",
     "log.cleaner.min.compaction.lag.ms"},
    {"max.compaction.lag.ms", &TopicConfig::max_compaction_lag, at_least_or_never(1),
     "older records are compacted whatever the ratio is, and a segment is rolled for it",
     "log.cleaner.max.compaction.lag.ms"},
    {"delete.retention.ms", &TopicConfig::delete_retention, any(), "how long a tombstone outlives its first cleaning",
     "log.cleaner.delete.retention.ms"},
    {kRemoteStorageEnable, &TopicConfig::remote_storage_enable, any(), "the topic is tiered (KIP-405)"},
    {"local.retention.ms", &TopicConfig::local_retention_ms, at_least(kAsTotal.count()),
     "retention.ms of what a broker keeps itself; -2: the same", "log.local.retention.ms"},
    {"local.retention.bytes", &TopicConfig::local_retention_bytes, at_least(kAsTotal.count()),
     "retention.bytes of what a broker keeps itself; -2: the same", "log.local.retention.bytes"},
    {kLeaderThrottledReplicas, &TopicConfig::leader_throttled_replicas, any(),
     "the followers that a leader throttles (KIP-73)"},
    {kFollowerThrottledReplicas, &TopicConfig::follower_throttled_replicas, any(),
     "the followers that throttle themselves (KIP-73)"},
});

// Whether the topic's logs are tiered: not those that are compacted (UnifiedLog.isRemoteLogEnabled).
inline bool is_tiered(const TopicConfig& topic) {
  return topic.remote_storage_enable && !topic.cleanup_policy.compacts;
}
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

}  // namespace ktrial::model
