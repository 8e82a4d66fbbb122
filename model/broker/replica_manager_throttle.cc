// The replication throttle of a broker (KIP-73): its quotas as the metadata has them, and what it sends as a leader.
#include <charconv>

#include "model/broker/replica_manager.h"
#include "model/config_keys.h"

namespace ktrial::model {
namespace {

std::int64_t rate_of(const MetadataImage& image, NodeId broker, const char* key, std::int64_t otherwise) {
  const std::string* text = image.broker_config(broker, key);
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), otherwise);
  return otherwise;
}

}  // namespace

// TopicConfigHandler and BrokerConfigHandler
void ReplicaManager::configure_throttles(ReplicaManagerHost& host, const MetadataDelta& delta) {
  for (const TopicId id : delta.topics) {
    TopicConfig topic;
    if (host.image.topic(id) != nullptr) topic = host.image.topic_config(id, host.config.topic_defaults);
    s_.leader_quota.mark_throttled(id, std::move(topic.leader_throttled_replicas));
    // Variant throttle_removal: what was there stays.
    if (!topic.follower_throttled_replicas.empty() || !host.config.variants.on(Variant::throttle_removal))
      s_.follower_quota.mark_throttled(id, std::move(topic.follower_throttled_replicas));
  }
  if (!delta.broker_configs) return;
  s_.leader_quota.set_bound(
      rate_of(host.image, host.step.self, kLeaderThrottledRate, host.config.leader_replication_throttled_rate));
  s_.follower_quota.set_bound(
      rate_of(host.image, host.step.self, kFollowerThrottledRate, host.config.follower_replication_throttled_rate));
}

// ReplicaManager.shouldLeaderThrottle: followers that are out of sync and throttled, while the quota is exceeded.
bool ReplicaManager::should_leader_throttle(ReplicaManagerHost& host, const Partition& partition, NodeId replica,
                                            Look look) {
  ReplicationQuota& quota = s_.leader_quota;
  const auto variant = LeaderThrottle(host.config.variants.value(Variant::leader_throttle));
  if (variant == LeaderThrottle::ignored) return false;
  if (!replica.present() && variant != LeaderThrottle::consumers_too) return false;
  // Variant parked_throttle: a parked fetch counts what is throttled only while the quota is not exceeded.
  const bool spares = variant != LeaderThrottle::in_sync_too &&
                      !(look == Look::parked && host.config.variants.on(Variant::parked_throttle));
  const bool in_sync = replica.present() && holds(partition.isr().committed, replica);
  return !(spares && in_sync) && quota.is_throttled(partition.id(), host.step.self) &&
         quota.is_exceeded(host.step.wall_clock);
}

// ReplicaManager.readFromLog: one that is throttled is answered as if there was nothing to read.
void ReplicaManager::throttle(ReplicaManagerHost& host, const Partition& partition, NodeId replica, Look look,
                              PartitionRead& read) {
  if (read.answer_now() || !should_leader_throttle(host, partition, replica, look) || read.bytes == 0) return;
  read.response.batches.clear();
  read.bytes = 0;
  host.step.fact(ReplicaThrottled{partition.id(), ThrottleSide::leader, replica, true, host.image.next_offset()});
}

// KafkaApis.handleFetchRequest: what is throttled counts, in sync or not, and each answer to a follower a little.
void ReplicaManager::count_sent(ReplicaManagerHost& host, NodeId replica, const FetchResponse& response) {
  static const std::int64_t kEmpty = size_in_bytes(Message{0, FetchResponse{}});
  ReplicationQuota& quota = s_.leader_quota;
  if (!quota.throttles_any()) return quota.record(kEmpty, host.step.wall_clock);
  FetchResponse throttled;
  ThrottledTraffic sent = quota.traffic(ThrottleSide::leader, replica, host.step.wall_clock);
  for (const FetchResponse::Partition& p : response.partitions) {
    if (!quota.is_throttled(p.partition, host.step.self)) continue;
    throttled.partitions.push_back(p);
    const Partition* held = find(p.partition);
    if (p.batches.empty() || held == nullptr || holds(held->isr().committed, replica)) continue;
    sent.partitions.push_back(p.partition);
    for (const RecordBatch& batch : p.batches) sent.bytes += batch.size_in_bytes;
  }
  quota.record(size_in_bytes(Message{0, std::move(throttled)}), host.step.wall_clock);
  if (sent.partitions.empty()) return;
  sent.let_through = true;
  host.step.fact(std::move(sent));
}

}  // namespace ktrial::model
