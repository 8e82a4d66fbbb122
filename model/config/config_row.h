// What a row of a table of config keys is made of: the key, the member that holds it, its values, what it does here.
//
// A row stands in the file of the struct whose member it names, right below it; the member's initializer is the only
// place of the default. From the row come reading and checking a value (ConfigDef of Kafka), the default's text,
// `ktrial list configs` and docs/configs.md. The member's type says how a value is written; what it does not say stands
// in `values`. Durations take their unit from the end of the key, `.ms` or `.seconds`. Leaves out: relations between
// keys, which whoever reads a config knows.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

enum class OffsetReset : std::uint8_t { latest, earliest, none };
inline constexpr std::array<const char*, 3> kOffsetResets = {"latest", "earliest", "none"};

struct CleanupPolicy {
  bool deletes = true;
  bool compacts = false;
  bool operator==(const CleanupPolicy&) const = default;
  KTRIAL_FIELDS(CleanupPolicy, deletes, compacts)
};

// leader. or follower.replication.throttled.replicas of a topic (KIP-73): "*", or partitions, each with a broker.
struct ThrottledReplicas {
  bool all = false;
  std::vector<std::pair<PartitionIndex, NodeId>> replicas;
  bool empty() const { return !all && replicas.empty(); }
  bool has(PartitionIndex partition, NodeId broker) const;
  bool operator==(const ThrottledReplicas&) const = default;
  KTRIAL_FIELDS(ThrottledReplicas, all, replicas)
};

// local.retention.ms and local.retention.bytes: the same as retention.ms and retention.bytes.
inline constexpr Nanos kAsTotal{-2};

// The values that a key takes, where its member's type is not enough.
struct ConfigValues {
  enum class Form : std::uint8_t {
    plain,
    ratio,     // from 0 to 1; the member counts millionths
    names,     // a list of `min` to `max` different names
    of_broker  // a list with an item for each broker, or one for the first
  } form = Form::plain;
  std::int64_t min = 0;
  std::int64_t max = kWhatTheMemberHolds;
  // Of a choice, in the order of the member's values; of a flag, what is false and what is true.
  std::span<const char* const> texts = {};

  static constexpr std::int64_t kWhatTheMemberHolds = -1;
};
constexpr ConfigValues any() { return {}; }
constexpr ConfigValues at_least(std::int64_t min) { return {.min = min}; }
constexpr ConfigValues between(std::int64_t min, std::int64_t max) { return {.min = min, .max = max}; }
// A time that may be longer than any clock goes on, as Kafka's own default of some keys, and is then never over.
constexpr ConfigValues at_least_or_never(std::int64_t min) {
  return {.min = min, .max = std::numeric_limits<std::int64_t>::max()};
}
constexpr ConfigValues one_of(std::span<const char* const> texts) { return {.texts = texts}; }
constexpr ConfigValues ratio() { return {.form = ConfigValues::Form::ratio}; }
constexpr ConfigValues different_names(std::int64_t min, std::int64_t max) {
  return {.form = ConfigValues::Form::names, .min = min, .max = max};
}
constexpr ConfigValues one_a_broker() { return {.form = ConfigValues::Form::of_broker}; }

template <class Config>
struct ConfigRow {
  using Member = std::variant<bool Config::*, std::int16_t Config::*, std::int32_t Config::*, std::int64_t Config::*,
                              Nanos Config::*, std::string Config::*, std::vector<std::string> Config::*,
                              Acks Config::*, OffsetReset Config::*, std::optional<UncleanRecoveryStrategy> Config::*,
                              CleanupPolicy Config::*, ThrottledReplicas Config::*>;
  const char* key;
  Member member;
  ConfigValues values;
  const char* here;  // what it does in ktrial
  // Of a topic's key: the broker's that is its default (ServerTopicConfigSynonyms), so that an operator may set a
  // cluster-wide one while brokers run (DynamicLogConfig); null: there is none.
  const char* broker_key = nullptr;
};

}  // namespace ktrial::model
