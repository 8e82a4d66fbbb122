// Runs the shards of a coordinator on the partitions of its internal topic that this broker leads.
//
// Follows org.apache.kafka.coordinator.common.runtime: CoordinatorRuntime, CoordinatorLoader and PartitionWriter. A
// shard is loaded, in a later event, by replaying its partition up to the log end offset, and is active from then on.
// It appends batches of records of its own and hears of each once the high watermark has passed it. It is unloaded when
// another broker leads the partition; with a new leader epoch of this broker it goes on as it is.
// Any coordinator can run on it: it knows records only as what batches carry, and shards only through
// CoordinatorShards. Leaves out: several reads of one load; state as of the high watermark while it still lags behind
// what was loaded; a timeout of appends, which the coordinator has with its own requests. Always holds: appends wait
// only on partitions that this broker leads; completions of one partition come in log order, and never inside append();
// a runtime without shards does no work.
#pragma once

#include <boost/container/flat_map.hpp>
#include <deque>
#include <vector>

#include "model/coordinator/coordinator_shards.h"
#include "model/described.h"
#include "model/metadata/image.h"
#include "model/replication/partition.h"

namespace ktrial::model {

// What the runtime needs of its broker.
class CoordinatorRuntimeHost {
 public:
  explicit CoordinatorRuntimeHost(Step& s) : step(s) {}
  virtual ~CoordinatorRuntimeHost() = default;
  Step& step;
  virtual const Log* log(TopicPartition partition) const = 0;  // null: it is not held
  // With acks=all, of a partition that is led here.
  virtual AppendResult append_own(TopicPartition partition, const RecordBatch& batch) = 0;
};

struct CoordinatorRuntimeConfig {
  const char* topic = nullptr;                  // the name of the internal topic
  std::uint16_t load_timer = 0;                 // its kind; about: the partition
  Choice load_time = Choice::coordinator_load;  // how long a load takes; about: the partition
  bool loads_above_high_watermark = true;       // variant group_load: false
};

class CoordinatorRuntime {
 public:
  struct Append {
    Offset required;
    std::uint64_t token = 0;
    KTRIAL_FIELDS(Append, required, token)
    KTRIAL_NUMBERS(Append, kAppendNumbers, token)
  };
  struct State {
    TopicId topic;                                                           // absent until it is created
    boost::container::flat_map<PartitionIndex, LeaderEpoch> loads;           // led, not read yet
    boost::container::flat_map<PartitionIndex, std::deque<Append>> appends;  // in log order; no empty queue
    KTRIAL_FIELDS(State, topic, loads, appends)
  };

  CoordinatorRuntime() = default;
  explicit CoordinatorRuntime(const CoordinatorRuntimeConfig& config) : config_(config) {}

  TopicId topic() const { return s_.topic; }
  void on_metadata(CoordinatorRuntimeHost& host, CoordinatorShards& shards, const MetadataImage& image,
                   const std::vector<TopicPartition>& touched);
  bool owns(TimerId timer) const { return timer.kind == config_.load_timer; }
  void on_timer(CoordinatorRuntimeHost& host, CoordinatorShards& shards, TimerId timer);
  // An error: nothing was appended. NONE: on_append_complete comes later, unless the shard is unloaded before.
  Error append(CoordinatorRuntimeHost& host, PartitionIndex partition, std::vector<CoordinatorRecord> records,
               std::uint64_t token);
  // When high watermarks may have advanced.
  void complete_appends(CoordinatorRuntimeHost& host, CoordinatorShards& shards);

  KTRIAL_FIELDS(CoordinatorRuntime, s_)
  KTRIAL_DERIVED(CoordinatorRuntime, config_)  // from its broker's

 private:
  TimerId load_timer(PartitionIndex partition) const;
  void begin_load(CoordinatorRuntimeHost& host, CoordinatorShards& shards, PartitionIndex partition, LeaderEpoch epoch);
  void unload(CoordinatorRuntimeHost& host, CoordinatorShards& shards, PartitionIndex partition);

  CoordinatorRuntimeConfig config_;
  State s_;
};

}  // namespace ktrial::model
