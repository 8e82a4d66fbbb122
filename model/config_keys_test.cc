// Goal: what the rows of config keys say of each key is so. Method: its default, and other values, applied to a config
// as it is without any.
#include "model/config_keys.h"

#include <gtest/gtest.h>

#include <set>

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

const ConfigKey& of_broker(const std::string& name) { return *find_config_key(ConfigScope::broker, name); }

// Some of which each key takes.
const std::vector<std::string> kSomeValues = {"0",
                                              "1",
                                              "2",
                                              "14",
                                              "15",
                                              "true",
                                              "false",
                                              "Balanced",
                                              "None",
                                              "delete",
                                              "compact",
                                              "none",
                                              "all",
                                              "earliest",
                                              "0:1,0:2",
                                              "latest",
                                              "RackAwareReplicaSelector"};

TEST(ConfigKeys, TheDefaultIsReadAsTheDefault) {
  for (const ConfigKey& key : config_keys()) {
    // Not written, this one is what unclean.leader.election.enable says.
    if (key.status != ConfigStatus::modelled || key.name == "unclean.recovery.strategy") continue;
    All all;
    EXPECT_EQ(apply(all, key, key.default_text), "") << key.name;
    EXPECT_TRUE(all == All()) << key.name;
  }
}

TEST(ConfigKeys, TheDefaultsAreToldAsKafkaDoes) {
  EXPECT_EQ(of_broker("leader.imbalance.check.interval.seconds").default_text, "300");
  EXPECT_EQ(of_broker("log.flush.interval.ms").default_text, "9223372036854775807");
  EXPECT_EQ(of_broker("log.local.retention.ms").default_text, "-2");
  EXPECT_EQ(of_broker("log.cleaner.min.cleanable.ratio").default_text, "0.5");
  EXPECT_EQ(of_broker("log.cleanup.policy").default_text, "delete");
  EXPECT_EQ(of_broker("log.dirs").default_text, "/tmp/kafka-logs");
  EXPECT_EQ(of_broker("eligible.leader.replicas.version").default_text, "0");
  EXPECT_EQ(of_broker("replica.selector.class").default_text, "");
  EXPECT_EQ(find_config_key(ConfigScope::producer, "acks")->default_text, "all");
  EXPECT_EQ(find_config_key(ConfigScope::consumer, "auto.offset.reset")->default_text, "latest");
}

// Two rows never mean one member, and no row means nothing.
TEST(ConfigKeys, EachKeyChangesSomethingOfItsOwn) {
  std::set<std::pair<ConfigScope, std::string>> names;
  std::vector<std::pair<std::string, All>> seen;
  for (const ConfigKey& key : config_keys()) {
    EXPECT_TRUE(names.insert({key.scope, key.name}).second) << key.name;
    EXPECT_NE(key.here, "") << key.name;
    if (key.status != ConfigStatus::modelled) continue;
    bool changed = false;
    for (const std::string& value : kSomeValues) {
      All all;
      if (!apply(all, key, value).empty()) {
        EXPECT_TRUE(all == All()) << key.name;  // what is refused changes nothing
      } else if (!(all == All())) {
        changed = true;
        for (const auto& [other, its] : seen) EXPECT_FALSE(its == all) << key.name << " and " << other;
        seen.emplace_back(key.name, all);
        break;
      }
    }
    EXPECT_TRUE(changed) << key.name;
  }
}

TEST(ConfigKeys, ATimeTakesItsUnitFromTheKey) {
  All all;
  EXPECT_EQ(apply(all, of_broker("replication.quota.window.size.seconds"), "2"), "");
  EXPECT_EQ(all.broker.replication_quota_window_size, seconds(2));
  EXPECT_EQ(apply(all, of_broker("broker.session.timeout.ms"), "2"), "");
  EXPECT_EQ(all.broker.broker_session_timeout, milliseconds(2));
  EXPECT_EQ(apply(all, of_broker("log.retention.ms"), "-1"), "");
  EXPECT_EQ(all.broker.topic_defaults.retention_ms, milliseconds(-1));
  EXPECT_EQ(apply(all, of_broker("log.roll.ms"), "9223372036855"),
            "'log.roll.ms' is '9223372036855', expected a whole number from 1 to 9223372036854");
  EXPECT_EQ(apply(all, of_broker("log.flush.interval.ms"), "9223372036855"), "");
  EXPECT_EQ(all.broker.topic_defaults.flush_ms, Nanos::max());
  for (const ConfigKey& key : config_keys())
    if (key.status == ConfigStatus::modelled && key.expected.ends_with("9223372036854")) {
      EXPECT_TRUE(key.name.ends_with(".ms")) << key.name;
    }
}

// An operator may alter just these of a broker's configs for the whole cluster.
TEST(ConfigKeys, TopicDefaultsAreThoseThatChangeATopicsConfig) {
  for (const ConfigKey& key : config_keys()) {
    if (key.scope != ConfigScope::broker || key.status != ConfigStatus::modelled) continue;
    const std::string topic_key(topic_key_of(key.name));
    const ConfigKey* of_topic = find_config_key(ConfigScope::topic, topic_key);
    EXPECT_EQ(of_topic == nullptr, topic_key.empty()) << key.name;
    bool changes = false;
    for (const std::string& value : kSomeValues) {
      All all;
      const bool taken = apply(all, key, value).empty();
      changes = changes || !(all.broker.topic_defaults == TopicConfig());
      if (of_topic != nullptr) {
        EXPECT_EQ(apply(all, *of_topic, value).empty(), taken) << key.name;
      }
      EXPECT_TRUE(all.topic == all.broker.topic_defaults) << key.name;  // the same under its other name
    }
    EXPECT_EQ(changes, of_topic != nullptr) << key.name;
  }
}

}  // namespace config_keys_test
}  // namespace ktrial::model
