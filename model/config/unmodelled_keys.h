// Kafka's keys that a scenario may not count on: accepted with a warning where they could not matter here, refused
// where a run without them would be another.
#pragma once

#include "model/config_keys.h"

namespace ktrial::model {

struct UnmodelledKey {
  const char* key;
  ConfigScope scope;
  const char* kafkas_default;
  ConfigStatus status;
  const char* why;
};

inline constexpr auto kUnmodelledKeys = [] {
  using S = ConfigScope;
  constexpr auto warned = ConfigStatus::accepted_with_warning;
  constexpr auto refused = ConfigStatus::refused;
  return std::to_array<UnmodelledKey>({
      {"auto.create.topics.enable", S::broker, "true", warned, "topics are created by a scenario or an operator"},
      {"num.replica.fetchers", S::broker, "1", warned, "one fetcher for each leader's broker"},
      {"leader.imbalance.per.broker.percentage", S::broker, "10", warned, "any imbalance is mended"},
      {"controlled.shutdown.enable", S::broker, "true", warned, "a clean stop is always controlled"},
      {"controlled.shutdown.max.retries", S::broker, "3", warned, "of ZooKeeper mode"},
      {"controlled.shutdown.retry.backoff.ms", S::broker, "5000", warned, "of ZooKeeper mode"},
      {"initial.broker.registration.timeout.ms", S::broker, "60000", warned, "a broker tries until it is registered"},
      {"metadata.log.max.record.bytes.between.snapshots", S::broker, "20971520", warned, "no snapshots of metadata"},
      {"metadata.log.max.snapshot.interval.ms", S::broker, "3600000", warned, "no snapshots of metadata"},
      {"log.cleaner.threads", S::broker, "1", warned, "one cleaning at a time"},
      {"log.cleaner.dedupe.buffer.size", S::broker, "134217728", warned, "every cleaning's keys fit"},
      {"log.cleaner.io.max.bytes.per.second", S::broker, "1.7976931348623157E308", warned, "no limit"},
      {"offsets.retention.minutes", S::broker, "10080", warned, "committed offsets do not expire"},
      {"offsets.topic.segment.bytes", S::broker, "104857600", warned, "always the default"},
      {"offset.metadata.max.bytes", S::broker, "4096", warned, "commits have no metadata"},
      {"group.max.size", S::broker, "2147483647", warned, "no limit"},
      {"segment.index.bytes", S::topic, "10485760", warned, "no indexes"},
      {"index.interval.bytes", S::topic, "4096", warned, "no indexes"},
      {"file.delete.delay.ms", S::topic, "60000", warned, "a deleted file is gone at once"},
      {"message.timestamp.type", S::topic, "CreateTime", warned, "always the default"},
      {"buffer.memory", S::producer, "33554432", warned, "no limit"},
      {"max.block.ms", S::producer, "60000", warned, "send never blocks"},
      {"max.request.size", S::producer, "1048576", warned, "no limit"},
      {"compression.type", S::producer, "none", warned, "nothing is compressed"},
      {"partitioner.adaptive.partitioning.enable", S::producer, "true", warned, "the partitioner does not adapt"},
      {"default.api.timeout.ms", S::consumer, "60000", warned, "no call of a consumer blocks"},
      {"check.crcs", S::consumer, "true", warned, "always the default"},
      {"allow.auto.create.topics", S::consumer, "true", warned, "topics are created by a scenario or an operator"},
      {"zookeeper.session.timeout.ms", S::broker, "18000", refused, "no ZooKeeper mode"},
      {"zookeeper.connection.timeout.ms", S::broker, "", refused, "no ZooKeeper mode"},
      {"controller.socket.timeout.ms", S::broker, "30000", refused, "no ZooKeeper mode"},
      {"inter.broker.protocol.version", S::broker, "", refused, "no older protocols, but those of variants"},
      {"controller.quorum.voters", S::broker, "", refused, "a scenario's `controllers` say it"},
      {"controller.quorum.bootstrap.servers", S::broker, "", refused, "a scenario's `controllers` say it"},
      {"transaction.state.log.num.partitions", S::broker, "50", refused, "no transactions"},
      {"transaction.max.timeout.ms", S::broker, "900000", refused, "no transactions"},
      {"transactional.id.expiration.ms", S::broker, "604800000", refused, "no transactions"},
      {"group.coordinator.rebalance.protocols", S::broker, "classic,consumer", refused, "classic groups only"},
      {"group.consumer.session.timeout.ms", S::broker, "45000", refused, "classic groups only"},
      {"group.consumer.heartbeat.interval.ms", S::broker, "5000", refused, "classic groups only"},
      {"group.consumer.assignors", S::broker, "uniform,range", refused, "classic groups only"},
      {"group.share.session.timeout.ms", S::broker, "45000", refused, "classic groups only"},
      {"transactional.id", S::producer, "", refused, "no transactions"},
      {"transaction.timeout.ms", S::producer, "60000", refused, "no transactions"},
      {"isolation.level", S::consumer, "read_uncommitted", refused, "no transactions"},
      {"group.protocol", S::consumer, "classic", refused, "classic groups only"},
      {"group.instance.id", S::consumer, "", refused, "no static members"},
      {"partition.assignment.strategy", S::consumer, "range", refused, "range only"},
  });
}();

}  // namespace ktrial::model
