// The configs of a log as its broker applies them: LogConfig, from the topic's, the cluster's and the broker's own.
#pragma once

#include "model/config.h"
#include "model/metadata/image.h"
#include "model/replication/partition.h"

namespace ktrial::model {

inline constexpr const char* kOffsetsTopic = "__consumer_offsets";  // internal: only its coordinators write it

inline TopicConfig topic_config(const MetadataImage& image, const ClusterConfig& config, TopicId topic) {
  TopicConfig effective = image.topic_config(topic, config.topic_defaults);
  effective.remote_storage_enable =
      effective.remote_storage_enable && config.remote_log_storage_system_enable && config.remote_storage.present();
  return effective;
}

inline PartitionConfig partition_config(NodeId self, const ClusterConfig& config, const TopicConfig& topic) {
  PartitionConfig partition{self, config.replica_lag_time_max, topic, config.variants};
  partition.producer_expiration.after = config.producer_id_expiration;
  partition.producer_expiration_check_interval = config.producer_id_expiration_check_interval;
  return partition;
}

}  // namespace ktrial::model
