// Every known Kafka config key, looked up by its scope and name, and read.
//
// The rows of modelled keys stand below the structs that hold their values (config/*_config.h), those of others in
// config/unmodelled_keys.h; a key of two scopes has two, but for a broker's key that is a topic's default.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/config.h"
#include "model/config/config_text.h"

namespace ktrial::model {

bool is_throttle_key(std::string_view key);  // of the replication throttle (KIP-73): two of a topic, two of a broker
// The topic's config that a broker's is the default of; empty: it is no such default.
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
  ConfigStatus status;
  std::string default_text;
  std::string expected;  // the values of a modelled key
  std::string here;      // what it does, or why it does nothing
  std::variant<std::monostate, const ConfigRow<QuorumConfig>*, const ConfigRow<TopicConfig>*,
               const ConfigRow<ClusterConfig>*, const ConfigRow<ProducerConfig>*, const ConfigRow<ConsumerConfig>*>
      row;                    // of a modelled key
  bool one_a_broker = false;  // a list with an item for each broker
};
const std::vector<ConfigKey>& config_keys();
const ConfigKey* find_config_key(ConfigScope scope, const std::string& name);
// Applies a value. Returns an empty text, or what is wrong with the value.
std::string apply_config(const ConfigKey& key, const std::string& value, const ConfigTarget& target);
std::string config_keys_markdown();

}  // namespace ktrial::model
