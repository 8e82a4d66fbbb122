// A coordinator as its runtime sees it: one shard for each partition of its topic.
//
// Follows CoordinatorShard and the states of CoordinatorRuntime.CoordinatorContext (LOADING, ACTIVE).
#pragma once

#include <cstdint>

#include "model/group/records.h"
#include "model/types.h"

namespace ktrial::model {

class CoordinatorShards {
 public:
  virtual ~CoordinatorShards() = default;
  // The broker leads the partition. False: its shard is there already and goes on in the new leader epoch.
  virtual bool begin_load(PartitionIndex shard, LeaderEpoch epoch) = 0;
  // One record of the log, in order; between begin_load and end_load.
  virtual void replay(PartitionIndex shard, const CoordinatorRecord& record) = 0;
  virtual void end_load(PartitionIndex shard) = 0;
  // Loading or active, or not there at all.
  virtual void unload(PartitionIndex shard) = 0;
  virtual void on_append_complete(std::uint64_t token) = 0;
};

}  // namespace ktrial::model
