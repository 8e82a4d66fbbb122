#include "model/config_keys.h"

#include "model/config/unmodelled_keys.h"

namespace ktrial::model {
namespace {

template <class Rows>
void add_rows(std::vector<ConfigKey>& keys, ConfigScope scope, const Rows& rows) {
  for (const auto& row : rows)
    keys.push_back({row.key, scope, ConfigStatus::modelled, text_of_default(row), expected_values(row), row.here, &row,
                    row.values.form == ConfigValues::Form::of_broker});
}

std::vector<ConfigKey> make_keys() {
  std::vector<ConfigKey> keys;
  add_rows(keys, ConfigScope::broker, kQuorumKeys);
  add_rows(keys, ConfigScope::broker, kClusterKeys);
  add_rows(keys, ConfigScope::topic, kTopicKeys);
  for (std::size_t i = keys.size() - kTopicKeys.size(), end = keys.size(); i < end; ++i)
    if (const char* of_broker = std::get<const ConfigRow<TopicConfig>*>(keys[i].row)->broker_key) {
      ConfigKey key = keys[i];
      key.name = of_broker;
      key.scope = ConfigScope::broker;
      key.here = "the default of `" + keys[i].name + "` of topics";
      keys.push_back(std::move(key));
    }
  add_rows(keys, ConfigScope::producer, kProducerKeys);
  add_rows(keys, ConfigScope::consumer, kConsumerKeys);
  for (const UnmodelledKey& key : kUnmodelledKeys)
    keys.push_back({key.key, key.scope, key.status, key.kafkas_default, "", key.why, {}});
  return keys;
}

// Where a row's member is, of the config that a key of its scope is written to.
QuorumConfig& target_of(const ConfigRow<QuorumConfig>&, ConfigScope, const ConfigTarget& target) {
  return target.broker->quorum;
}
ClusterConfig& target_of(const ConfigRow<ClusterConfig>&, ConfigScope, const ConfigTarget& target) {
  return *target.broker;
}
TopicConfig& target_of(const ConfigRow<TopicConfig>&, ConfigScope scope, const ConfigTarget& target) {
  return scope == ConfigScope::broker ? target.broker->topic_defaults : *target.topic;
}
ProducerConfig& target_of(const ConfigRow<ProducerConfig>&, ConfigScope, const ConfigTarget& target) {
  return *target.producer;
}
ConsumerConfig& target_of(const ConfigRow<ConsumerConfig>&, ConfigScope, const ConfigTarget& target) {
  return *target.consumer;
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
  if (key.status == ConfigStatus::refused) return "'" + key.name + "' is not modelled and would change the result";
  const bool taken = std::visit(
      [&](auto row) {
        if constexpr (std::is_same_v<decltype(row), std::monostate>)
          return true;
        else
          return read_value(*row, value, target_of(*row, key.scope, target));
      },
      key.row);
  return taken ? "" : "'" + key.name + "' is '" + value + "', expected " + key.expected;
}

bool is_throttle_key(std::string_view key) {
  return key == kLeaderThrottledReplicas || key == kFollowerThrottledReplicas || key == kLeaderThrottledRate ||
         key == kFollowerThrottledRate;
}

std::string_view topic_key_of(std::string_view broker_key) {
  for (const ConfigRow<TopicConfig>& row : kTopicKeys)
    if (row.broker_key != nullptr && broker_key == row.broker_key) return row.key;
  return {};
}

std::string config_keys_markdown() {
  constexpr std::string_view kNumber = "a whole number ";
  std::string out = "| key | scope | default | values | status | here |\n|---|---|---|---|---|---|\n";
  for (const ConfigKey& k : config_keys())
    out += "| `" + k.name + "` | " + kScopes[static_cast<int>(k.scope)] + " | " + k.default_text + " | " +
           (k.expected.starts_with(kNumber) ? k.expected.substr(kNumber.size()) : k.expected) + " | " +
           kStatus[static_cast<int>(k.status)] + " | " + k.here + " |\n";
  return out;
}

}  // namespace ktrial::model
