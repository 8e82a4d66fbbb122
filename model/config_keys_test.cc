// Goal: what the table of config keys says of each key is so. Method: its default, and other values, applied to a
// config as it is without any.
#include "model/config_keys.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace config_keys_test {

struct All {
  ClusterConfig broker;
  TopicConfig topic;
  ProducerConfig producer;
  ConsumerConfig consumer;
  bool operator==(const All&) const = default;
};

std::string apply(All& all, const ConfigKey& key, const std::string& value) {
  return apply_config(key, value, {&all.broker, &all.topic, &all.producer, &all.consumer});
}

TEST(ConfigKeys, TheDefaultThatIsToldIsTheDefault) {
  for (const ConfigKey& key : config_keys()) {
    // Not written, this one is what unclean.leader.election.enable says.
    if (key.status != ConfigStatus::modelled || key.name == "unclean.recovery.strategy") continue;
    All all;
    EXPECT_EQ(apply(all, key, key.default_text), "") << key.name;
    EXPECT_TRUE(all == All()) << key.name;
  }
}

// An operator may alter just these of a broker's configs for the whole cluster.
TEST(ConfigKeys, TopicDefaultsAreThoseThatChangeATopicsConfig) {
  using T = ConfigKey::Type;
  for (const ConfigKey& key : config_keys()) {
    if (key.scope != ConfigScope::broker || key.set == nullptr) continue;
    std::vector<std::string> values{std::to_string(key.min), std::to_string(key.min + 1)};
    if (key.type == T::boolean) values = {"true", "false"};
    if (key.type == T::ratio) values = {"0.1", "0.2"};
    if (key.type == T::policy) values = {"delete", "compact"};
    if (key.type == T::recovery_strategy) values = {"Balanced", "None"};
    if (key.type == T::replica_selector) values = {"RackAwareReplicaSelector"};
    const std::string topic_key(topic_key_of(key.name));
    const ConfigKey* of_topic = find_config_key(ConfigScope::topic, topic_key);
    EXPECT_EQ(of_topic == nullptr, topic_key.empty()) << key.name;
    bool changes = false;
    for (const std::string& value : values) {
      All all;
      EXPECT_EQ(apply(all, key, value), "") << key.name;
      changes = changes || !(all.broker.topic_defaults == TopicConfig());
      if (of_topic != nullptr) {
        EXPECT_EQ(apply(all, *of_topic, value), "") << key.name;
      }
      EXPECT_TRUE(all.topic == all.broker.topic_defaults) << key.name;  // the same under its other name
    }
    EXPECT_EQ(changes, of_topic != nullptr) << key.name;
  }
}

}  // namespace config_keys_test
}  // namespace ktrial::model
