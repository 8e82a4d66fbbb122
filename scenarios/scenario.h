// A scenario: everything that one run is a function of, but the seed. A plain value; a file of the library is one.
//
// Node ids: brokers are 1..brokers, controllers follow (brokers+1 ...), clients come above all servers in file order,
// and the remote storage, if there is one, above them.
// Leaves out: reading (scenario_reader.h) and writing (scenario_writer.h).
// Always holds: an effective config (`config`) is the defaults with `written` applied, so equality looks at `written`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/config.h"
#include "properties/limits.h"
#include "scenarios/fault_spec.h"

namespace ktrial::scenarios {

// Kafka keys and values as the file has them, in the file's order.
using model::milliseconds;
using model::seconds;

using Settings = std::vector<std::pair<std::string, std::string>>;

template <class Config>
struct Configured {
  Settings written;
  Config effective;
  bool operator==(const Configured& o) const { return written == o.written; }
};

struct TopicSpec {
  std::string name;
  std::int32_t partitions = 1;
  std::int16_t replication_factor = 0;  // as long as the rows of `replicas`, if there are any
  std::vector<std::vector<std::int32_t>>
      replicas;                           // one row a partition, preferred leader first; empty: the controller places
  Configured<model::TopicConfig> config;  // effective: over the cluster's topic defaults
  bool operator==(const TopicSpec&) const = default;
};

// Latency of each message: uniform in [latency_min, latency_max], but `tail_per_million` times in a million between
// latency_max and latency_tail (if that is more).
struct NetworkSpec {
  Nanos latency_min = std::chrono::microseconds(200);
  Nanos latency_max = milliseconds(1);
  Nanos latency_tail = milliseconds(20);
  std::int64_t tail_per_million = 1000;
  std::int64_t bandwidth_bytes_per_second = 125'000'000;
  bool operator==(const NetworkSpec&) const = default;
};

// How the clocks of some nodes are set up; those of all others are right.
struct ClockSpec {
  std::vector<Selector> nodes;  // brokers, controllers and clients by name
  Nanos offset{0};              // of the wall clock, may be negative
  std::int64_t drift_ppm = 0;   // of both clocks
  bool operator==(const ClockSpec&) const = default;
};

struct ClusterSpec {
  std::int32_t brokers = 1;
  std::int32_t controllers = 1;
  Configured<model::ClusterConfig> config;  // effective.variants holds the scenario's variants
  std::vector<TopicSpec> topics;
  bool operator==(const ClusterSpec&) const = default;
};

struct ProducerSpec {
  std::string name;
  Configured<model::ProducerConfig> config;
  std::string topic;
  std::int64_t count = 1;
  Nanos interval{0};            // between two sends; 0: all at once
  std::string key;              // the key's text ("order_id=123"); empty: no key
  std::int32_t key_count = 0;   // n > 0: keys "<key>0".."<key>n-1" in turn
  std::int32_t tombstones = 0;  // so many of `tombstones_of` records with a key have no value
  std::int32_t tombstones_of = 1;
  std::optional<std::int32_t> partition;  // explicit; else the partitioner decides
  std::int32_t first_sequence = 0;        // of an idempotent producer, so that a run can begin near the wrap
  Nanos start_after{0};
  bool operator==(const ProducerSpec&) const = default;
};

// An item of `assign`: "orders-0" is one partition, "orders" all of them.
struct AssignSpec {
  std::string topic;
  std::optional<std::int32_t> partition;
  bool operator==(const AssignSpec&) const = default;
};

struct ConsumerSpec {
  std::string name;
  Configured<model::ConsumerConfig> config;
  std::vector<AssignSpec> assign;
  Nanos start_after{0};
  bool operator==(const ConsumerSpec&) const = default;
};

// `members` clients named "<name>/1".. in one group named `name`.
struct GroupSpec {
  std::string name;
  Configured<model::ConsumerConfig> config;
  std::int32_t members = 1;
  std::vector<std::string> subscribe;
  Nanos start_after{0};
  Nanos join_interval{0};    // member i starts at start_after + i * join_interval
  Nanos processing_time{0};  // of each record, by the application
  bool operator==(const GroupSpec&) const = default;
};

using ClientSpec = std::variant<ProducerSpec, ConsumerSpec, GroupSpec>;
inline const std::string& name_of(const ClientSpec& c) {
  return std::visit([](const auto& s) -> const std::string& { return s.name; }, c);
}

enum class Expected : std::uint8_t { holds, violated, any };
const char* to_string(Expected expected);

// How the run of a written counterexample went, so that a replay can tell whether it goes the same way. Hashes of a
// run are rolling: two runs are alike up to the last hash that is equal.
struct RecordedRun {
  std::uint64_t events = 0;
  std::uint64_t fingerprint = 0;           // after the last event
  std::uint64_t contents = 0;              // of the scenario without this part: tells an edited file
  std::uint64_t checkpoint_every = 0;      // events
  std::vector<std::uint64_t> checkpoints;  // fingerprint after that many events, after twice as many ...
  bool operator==(const RecordedRun&) const = default;
};

// The entry of the catalogue of bugs that a scenario shows, for `ktrial power`.
struct CatalogueEntry {
  std::string entry;        // "R01"
  std::int32_t tier = 2;    // 1: must be found
  std::int32_t faults = 0;  // so many does the catalogue's smallest case need
  bool operator==(const CatalogueEntry&) const = default;
};

struct Scenario {
  std::string title;
  std::optional<CatalogueEntry> catalogue;
  ClusterSpec cluster;
  NetworkSpec network;
  std::vector<ClockSpec> clocks;  // the last one that names a node counts
  std::vector<ClientSpec> clients;
  std::vector<FaultSpec> faults;
  std::optional<RandomFaults> random_faults;
  Nanos run_until = seconds(60);
  std::map<std::string, Expected> expect;  // a property not named: holds
  properties::Limits limits;
  std::vector<std::string> goals;
  Settings variants;  // applied to cluster.config.effective.variants
  std::optional<std::uint64_t> seed;
  std::map<std::string, std::uint64_t> decisions;  // overrides: the text of a decision's name -> its value
  std::string counterexample;  // the property that this written failure violates; empty: a scenario of its own
  std::optional<RecordedRun> recorded;
  bool operator==(const Scenario&) const = default;
};

// The node that is the remote storage: the last one, there if the topics and brokers of the scenario use it (KIP-405).
inline constexpr const char* kRemoteStorage = "remote-storage";
inline bool has_remote_storage(const Scenario& s) {
  if (!s.cluster.config.effective.remote_log_storage_system_enable) return false;
  for (const TopicSpec& topic : s.cluster.topics)
    if (model::is_tiered(topic.config.effective)) return true;
  return false;
}

}  // namespace ktrial::scenarios
