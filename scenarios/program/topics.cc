// The topics of a run as `kafka-topics.sh --describe` shows them.
//
// Kafka prints what is not a default, and a broker's own setting of a topic's default is none (ConfigEntry.isDefault).
// The broker answers with empty lists of eligible leader replicas while the feature is off (KRaftMetadataCache).
#include <map>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/config_keys.h"
#include "reports/describe.h"
#include "scenarios/program/telling.h"

namespace ktrial::scenarios {
namespace {

// 16 bytes in the URL alphabet of base 64 without padding, as org.apache.kafka.common.Uuid writes itself. Like a real
// id it differs from cluster to cluster.
std::string uuid_text(std::uint64_t seed, std::int32_t id) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const std::uint64_t words[2] = {XXH3_64bits_withSeed(&seed, sizeof seed, static_cast<std::uint64_t>(id)),
                                  XXH3_64bits_withSeed(&seed, sizeof seed, ~static_cast<std::uint64_t>(id))};
  std::string out;
  const auto bit = [&](unsigned i) { return i < 128 ? words[i / 64] >> (63 - i % 64) & 1u : 0u; };
  for (unsigned i = 0; i < 128; i += 6) {
    unsigned digit = 0;
    for (unsigned j = 0; j < 6; ++j) digit = digit * 2 + static_cast<unsigned>(bit(i + j));
    out += kAlphabet[digit];
  }
  if (out[0] == '-') out[0] = 'A';  // Uuid.randomUuid() draws again
  return out;
}

using Configs = std::map<std::string, std::string>;

// What an operator has altered since, of a topic or (no topic) of the cluster-wide defaults.
void alter(Configs& configs, const TrialResult& result, model::TopicId topic) {
  std::map<model::Offset, const model::ConfigCommitted*> altered;  // each controller states each commit
  for (const RecordedFact& f : result.facts)
    if (const auto* config = std::get_if<model::ConfigCommitted>(&f.fact);
        config && config->topic == topic && !config->broker.present())
      altered[config->offset] = config;
  for (const auto& [offset, config] : altered) {
    const std::string key(topic.present() ? config->key : model::topic_key_of(config->key));
    if (config->value.empty())
      configs.erase(key);
    else if (!key.empty())
      configs[key] = config->value;
  }
}

Configs configs_of(const TrialResult& result, const std::string& name, model::TopicId id) {
  const Scenario& scenario = result.concrete;
  Configs shown, altered, own;
  for (const auto& [key, value] : scenario.cluster.config.written)
    if (const std::string topic_key(model::topic_key_of(key)); !topic_key.empty()) shown[topic_key] = value;
  alter(altered, result, model::TopicId());
  if (name == "__consumer_offsets")  // GroupCoordinator.groupMetadataTopicConfigs
    own = {{"cleanup.policy", "compact"}, {"compression.type", "producer"}, {"segment.bytes", "104857600"}};
  for (const TopicSpec& topic : scenario.cluster.topics)
    if (topic.name == name)
      for (const auto& [key, value] : topic.config.written) own[key] = value;
  alter(own, result, id);
  for (const Configs& over : {altered, own})
    for (const auto& [key, value] : over) shown[key] = value;
  return shown;
}

std::vector<int> ids(const std::vector<model::NodeId>& nodes) {
  std::vector<int> out;
  for (const model::NodeId node : nodes) out.push_back(node.value);
  return out;
}

}  // namespace

std::string describe_topics_of(const TrialResult& result) {
  std::vector<reports::DescribedTopic> topics;
  for (const auto& [name, id] : result.topics) {
    reports::DescribedTopic topic{name, uuid_text(result.seed, id.value), configs_of(result, name, id), {}};
    std::map<model::PartitionIndex, model::PartitionStateCommitted> states;
    for (const RecordedFact& f : result.facts)
      if (const auto* state = std::get_if<model::PartitionStateCommitted>(&f.fact);
          state && state->partition.topic == id) {
        // Each controller states each commit; the partition epoch orders them.
        auto& known = states[state->partition.partition];
        if (state->partition_epoch > known.partition_epoch) known = *state;
      }
    for (const auto& [index, state] : states)
      topic.partitions.push_back({index.value, state.leader.value, ids(state.replicas), ids(state.isr), ids(state.elr),
                                  ids(state.last_known_elr)});
    topics.push_back(std::move(topic));
  }
  return reports::describe_topics(topics);
}

}  // namespace ktrial::scenarios
