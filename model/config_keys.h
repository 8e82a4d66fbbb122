// Every known Kafka config key: its scope, default, and whether ktrial models it. Values are Kafka's plain texts.
// Source: kafka.md 21 and 23. Leaves out: relations between keys. A key of two scopes has two rows.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace ktrial::model {

// The configs of the replication throttle (KIP-73), which an operator changes while brokers run.
inline constexpr const char* kLeaderThrottledReplicas = "leader.replication.throttled.replicas";
inline constexpr const char* kFollowerThrottledReplicas = "follower.replication.throttled.replicas";
inline constexpr const char* kLeaderThrottledRate = "leader.replication.throttled.rate";
inline constexpr const char* kFollowerThrottledRate = "follower.replication.throttled.rate";

bool is_throttle_key(std::string_view key);  // one of the four

inline constexpr const char* kMinInsyncReplicas = "min.insync.replicas";
inline constexpr const char* kRemoteStorageEnable = "remote.storage.enable";
// The topic's config that a broker's is the default of (ServerTopicConfigSynonyms), so that an operator may set a
// cluster-wide one while brokers run (DynamicLogConfig); empty: it is no such default.
std::string_view topic_key_of(std::string_view broker_key);

enum class ConfigScope : std::uint8_t { broker, topic, producer, consumer };
enum class ConfigStatus : std::uint8_t { modelled, accepted_with_warning, refused };
// The struct to write to; the pointer of the key's scope must be set.
struct ConfigTarget {
  ClusterConfig* broker = nullptr;
  TopicConfig* topic = nullptr;
  ProducerConfig* producer = nullptr;
  ConsumerConfig* consumer = nullptr;
};
struct ConfigKey {
  std::string name;
  ConfigScope scope;
  std::string default_text;
  ConfigStatus status;
  std::int64_t min = 0;  // of numbers
  std::int64_t max = 0;
  // Modelled keys; booleans as 0/1, ratios in millionths, policies as 1 (delete) plus 2 (compact).
  void (*set)(const ConfigTarget&, std::int64_t) = nullptr;
  enum class Type : std::uint8_t {
    number,
    boolean,
    acks,
    offset_reset,
    replica_selector,
    recovery_strategy,
    ratio,
    policy,
    names,  // a list of different texts, `min` to `max` of them
    texts,
    throttled_replicas,  // a topic's list of partition:broker, or *
    text
  } type = Type::text;
  void (*set_text)(const ConfigTarget&, const std::string&) = nullptr;  // modelled keys of type text or texts
};
const std::vector<ConfigKey>& config_keys();
const ConfigKey* find_config_key(ConfigScope scope, const std::string& name);
// Applies a value. Returns an empty text, or what is wrong with the value.
std::string apply_config(const ConfigKey& key, const std::string& value, const ConfigTarget& target);
// "0:1,0:2" or "*" (ThrottledReplicaListValidator); absent: not such a list.
std::optional<ThrottledReplicas> parse_throttled_replicas(const std::string& text);
std::string config_keys_markdown();

}  // namespace ktrial::model
