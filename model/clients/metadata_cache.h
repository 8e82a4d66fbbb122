// What a client knows about topics and leaders, and when it asks again.
//
// Follows org.apache.kafka.clients.Metadata: an update is needed when asked for (an error, an unknown leader, a
// disconnect) or when metadata.max.age.ms has passed, not before the retry backoff since the last attempt.
// Leaves out: rebootstrap, deletion of topics; topics unknown to an answer keep what was known.
// Always holds: a partition's leader epoch never goes back while its topic id stays; one request is in flight at most.
#pragma once

#include <boost/container/flat_map.hpp>
#include <string>
#include <vector>

#include "model/described.h"
#include "model/messages.h"
#include "model/partition_table.h"
#include "model/step.h"

namespace ktrial::model {

struct MetadataConfig {
  Nanos retry_backoff = milliseconds(100);
  Nanos retry_backoff_max = milliseconds(1000);
  Nanos max_age = milliseconds(300000);
  bool keeps_replicas = false;  // so that has_replica() can be asked
  KTRIAL_FIELDS(MetadataConfig, retry_backoff, retry_backoff_max, max_age, keeps_replicas)
};

class MetadataCache {
 public:
  MetadataCache(MetadataConfig config = {}, std::vector<NodeId> bootstrap = {})
      : config_(config), bootstrap_(std::move(bootstrap)) {}

  void add_topic(const std::string& name);
  void request_update() { update_needed_ = true; }
  // When the next request may go out.
  Nanos next_update() const;
  bool should_ask(Nanos now) const { return !in_flight_ && next_update() <= now; }
  MetadataRequest make_request(Nanos now);
  void on_response(Step& step, const MetadataResponse& response);
  void on_failure(Step& step);
  // KIP-951: the leader that a produce or fetch error named. True when it was news.
  bool on_current_leader(TopicPartition tp, LeaderIdAndEpoch leader);

  TopicId topic_id(const std::string& name) const;
  std::int32_t partition_count(TopicId id) const;
  LeaderIdAndEpoch leader(TopicPartition tp) const;
  // Cluster.nodeIfOnline: the broker is there and, as far as is known, a replica of the partition.
  bool is_online(NodeId broker) const;
  bool has_replica(TopicPartition tp, NodeId broker) const;
  const std::vector<NodeId>& nodes() const { return brokers_.empty() ? bootstrap_ : brokers_; }
  std::uint64_t version() const { return version_; }

  KTRIAL_FIELDS(MetadataCache, config_, bootstrap_, brokers_, wanted_, ids_, leaders_, replicas_, update_needed_,
                in_flight_, attempts_, last_attempt_, backoff_, last_success_, version_)
  KTRIAL_MOMENTS(MetadataCache, last_attempt_, last_success_)
  KTRIAL_NUMBERS(MetadataCache, kMetadataVersionNumbers, version_)

 private:
  void attempted(Step& step);

  MetadataConfig config_;
  std::vector<NodeId> bootstrap_;
  std::vector<NodeId> brokers_;
  std::vector<std::string> wanted_;
  boost::container::flat_map<std::string, TopicId> ids_;
  boost::container::flat_map<TopicId, std::vector<LeaderIdAndEpoch>> leaders_;
  PartitionTable<std::vector<NodeId>> replicas_;
  bool update_needed_ = true;
  bool in_flight_ = false;
  std::int32_t attempts_ = 0;
  Nanos last_attempt_{-1};
  Nanos backoff_{0};  // from then on
  Nanos last_success_{0};
  std::uint64_t version_ = 0;
};

}  // namespace ktrial::model
