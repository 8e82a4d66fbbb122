// Configs of controllers and brokers: one for the whole cluster, of which each reads the parts that concern it
// (KafkaConfig and what it is made of). The keys of topics and of the quorum have their own files.
#pragma once

#include "model/config/quorum_config.h"
#include "model/config/topic_config.h"
#include "model/variants.h"

namespace ktrial::model {

inline constexpr const char* kLeaderThrottledRate = "leader.replication.throttled.rate";
inline constexpr const char* kFollowerThrottledRate = "follower.replication.throttled.rate";

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
  std::vector<std::string> log_dirs{"/tmp/kafka-logs"};
  Nanos log_dir_failure_timeout = seconds(30);
  std::vector<std::string> broker_racks;  // of brokers 1, 2, ...; empty: none has one
  bool rack_aware_replica_selector = false;
  Nanos replica_socket_timeout = milliseconds(30000);
  Nanos replica_high_watermark_checkpoint_interval = milliseconds(5000);
  Nanos log_initial_task_delay = milliseconds(30000);
  Nanos log_retention_check_interval = milliseconds(300000);
  Nanos log_flush_offset_checkpoint_interval = milliseconds(60000);
  Nanos log_flush_start_offset_checkpoint_interval = milliseconds(60000);
  Nanos log_flush_scheduler_interval = Nanos::max();
  bool log_cleaner_enable = true;
  Nanos log_cleaner_backoff = milliseconds(15000);
  bool remote_log_storage_system_enable = false;
  Nanos remote_log_manager_task_interval = milliseconds(30000);
  Nanos remote_fetch_max_wait = milliseconds(500);
  NodeId remote_storage;  // no key: the node that it is (remote/remote_storage_node.h); absent: there is none
  bool auto_leader_rebalance_enable = true;
  Nanos leader_imbalance_check_interval = seconds(300);
  Nanos unclean_leader_election_interval = seconds(300);
  // Of a broker for which the metadata has no other rate. Kafka has the rates as dynamic configs only.
  std::int64_t leader_replication_throttled_rate = std::numeric_limits<std::int64_t>::max();
  std::int64_t follower_replication_throttled_rate = std::numeric_limits<std::int64_t>::max();
  std::int32_t replication_quota_window_num = 11;
  Nanos replication_quota_window_size = seconds(1);
  bool eligible_leader_replicas = false;
  bool unclean_recovery_manager = false;
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

inline constexpr std::array<const char*, 2> kFeatureLevels = {"0", "1"};
inline constexpr std::array<const char*, 2> kReplicaSelectors = {"", "RackAwareReplicaSelector"};
inline constexpr std::int64_t kMaxLogDirs = 8;

inline constexpr auto kClusterKeys = std::to_array<ConfigRow<ClusterConfig>>({
    {"broker.heartbeat.interval.ms", &ClusterConfig::broker_heartbeat_interval, at_least(1),
     "how often a broker sends a heartbeat to the controller"},
    {"broker.session.timeout.ms", &ClusterConfig::broker_session_timeout, at_least(1),
     "the controller fences a broker that it has not heard from for so long"},
    {"replica.lag.time.max.ms", &ClusterConfig::replica_lag_time_max, at_least(1),
     "a follower that was not caught up for so long leaves the ISR"},
    {"replica.fetch.wait.max.ms", &ClusterConfig::replica_fetch_wait_max, at_least(1),
     "how long a leader lets a follower's fetch wait"},
    {"replica.fetch.backoff.ms", &ClusterConfig::replica_fetch_backoff, any(), "the pause of a fetcher after an error"},
    {"replica.socket.timeout.ms", &ClusterConfig::replica_socket_timeout, at_least(1),
     "how long a fetcher waits for an answer"},
    {"replica.high.watermark.checkpoint.interval.ms", &ClusterConfig::replica_high_watermark_checkpoint_interval,
     at_least(1), "how often high watermarks are written to disk"},
    {"unclean.leader.election.interval.ms", &ClusterConfig::unclean_leader_election_interval, at_least(1),
     "how often the controller looks for partitions that an unclean election would help"},
    {"offsets.commit.timeout.ms", &ClusterConfig::offsets_commit_timeout, at_least(1),
     "how long a coordinator waits for its append to be replicated"},
    {"group.initial.rebalance.delay.ms", &ClusterConfig::group_initial_rebalance_delay, any(),
     "how long an empty group waits for more members"},
    {"group.min.session.timeout.ms", &ClusterConfig::group_min_session_timeout, at_least(1),
     "a member with a shorter session is refused"},
    {"group.max.session.timeout.ms", &ClusterConfig::group_max_session_timeout, at_least(1),
     "a member with a longer session is refused"},
    {"num.partitions", &ClusterConfig::num_partitions, at_least(1),
     "the partitions of a topic that is created without a count"},
    {"default.replication.factor", &ClusterConfig::default_replication_factor, at_least(1),
     "the replicas of a topic that is created without a count"},
    {"replica.fetch.min.bytes", &ClusterConfig::replica_fetch_min_bytes, any(),
     "a follower's fetch waits until there is so much"},
    {"replica.fetch.max.bytes", &ClusterConfig::replica_fetch_max_bytes, any(),
     "what a follower fetches of one partition at once"},
    {"replica.fetch.response.max.bytes", &ClusterConfig::replica_fetch_response_max_bytes, any(),
     "what a follower fetches at once"},
    {"max.incremental.fetch.session.cache.slots", &ClusterConfig::max_incremental_fetch_session_cache_slots, any(),
     "how many fetch sessions a broker has (KIP-227)"},
    {"offsets.topic.num.partitions", &ClusterConfig::offsets_topic_num_partitions, at_least(1),
     "the partitions of __consumer_offsets"},
    {"offsets.topic.replication.factor", &ClusterConfig::offsets_topic_replication_factor, at_least(1),
     "the replicas of __consumer_offsets"},
    {"eligible.leader.replicas.version", &ClusterConfig::eligible_leader_replicas, one_of(kFeatureLevels),
     "a feature's level: 1 has eligible leader replicas (KIP-966)"},
    {"auto.leader.rebalance.enable", &ClusterConfig::auto_leader_rebalance_enable, any(),
     "the controller gives preferred leaders their partitions back"},
    {"leader.imbalance.check.interval.seconds", &ClusterConfig::leader_imbalance_check_interval, at_least(1),
     "how often it looks for that"},
    {"log.dirs", &ClusterConfig::log_dirs, different_names(1, kMaxLogDirs),
     "the log directories of every broker (KIP-858)"},
    {"log.dir.failure.timeout.ms", &ClusterConfig::log_dir_failure_timeout, at_least(1),
     "a broker that cannot tell the controller of a failed directory for so long shuts down"},
    {"broker.rack", &ClusterConfig::broker_racks, one_a_broker(), "the racks of brokers 1, 2, ..."},
    {"replica.selector.class", &ClusterConfig::rack_aware_replica_selector, one_of(kReplicaSelectors),
     "consumers read from a follower in their rack (KIP-392)"},
    {"unclean.recovery.manager.enabled", &ClusterConfig::unclean_recovery_manager, any(),
     "a partition that nobody can lead safely gets the longest log of its replicas (KIP-966)"},
    {"unclean.recovery.timeout.ms", &ClusterConfig::unclean_recovery_timeout, at_least(1),
     "how long an unclean recovery waits for answers"},
    {"log.flush.scheduler.interval.ms", &ClusterConfig::log_flush_scheduler_interval, at_least_or_never(1),
     "how often the log flusher looks, which flush.ms needs"},
    {"log.retention.check.interval.ms", &ClusterConfig::log_retention_check_interval, at_least(1),
     "how often logs are looked at for retention"},
    {"log.cleaner.enable", &ClusterConfig::log_cleaner_enable, any(), "compacted topics are compacted"},
    {"log.cleaner.backoff.ms", &ClusterConfig::log_cleaner_backoff, any(),
     "how long the cleaner sleeps when it has found nothing"},
    {"log.initial.task.delay.ms", &ClusterConfig::log_initial_task_delay, any(),
     "the first run of each task of the log manager after a start"},
    {"log.flush.offset.checkpoint.interval.ms", &ClusterConfig::log_flush_offset_checkpoint_interval, at_least(1),
     "how often recovery points are written to disk"},
    {"log.flush.start.offset.checkpoint.interval.ms", &ClusterConfig::log_flush_start_offset_checkpoint_interval,
     at_least(1), "how often log starts are written to disk"},
    {"remote.log.storage.system.enable", &ClusterConfig::remote_log_storage_system_enable, any(),
     "the cluster has a remote storage (KIP-405)"},
    {"remote.log.manager.task.interval.ms", &ClusterConfig::remote_log_manager_task_interval, at_least(1),
     "how often a task of the remote log manager runs"},
    {"remote.fetch.max.wait.ms", &ClusterConfig::remote_fetch_max_wait, at_least(1),
     "how long a consumer's fetch waits for the remote storage"},
    {kLeaderThrottledRate, &ClusterConfig::leader_replication_throttled_rate, any(),
     "bytes a second that a broker sends of throttled replicas (KIP-73)"},
    {kFollowerThrottledRate, &ClusterConfig::follower_replication_throttled_rate, any(),
     "bytes a second that a broker fetches of throttled replicas (KIP-73)"},
    {"replication.quota.window.num", &ClusterConfig::replication_quota_window_num, at_least(1),
     "how many windows the rates are measured over"},
    {"replication.quota.window.size.seconds", &ClusterConfig::replication_quota_window_size, between(1, kMaxInt),
     "how long each of them is"},
    {"producer.id.expiration.ms", &ClusterConfig::producer_id_expiration, between(1, kMaxInt),
     "a log forgets a producer that has been silent for so long"},
    {"producer.id.expiration.check.interval.ms", &ClusterConfig::producer_id_expiration_check_interval,
     between(1, kMaxInt), "how often it looks for them"},
});

}  // namespace ktrial::model
