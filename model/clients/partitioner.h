// Which partition a record goes to when the application names none.
//
// Follows BuiltInPartitioner (KIP-794): murmur2 of the key's text, else a sticky partition until batch.size bytes.
// Leaves out: adaptive weights by queue length.
#pragma once

#include <string_view>

#include "model/described.h"
#include "model/step.h"

namespace ktrial::model {

std::int32_t murmur2(std::string_view data);

class Partitioner {
 public:
  PartitionIndex for_key(std::string_view key, std::int32_t partitions) const;
  PartitionIndex sticky(Step& step, std::int32_t partitions, std::int32_t bytes, std::int32_t batch_size);

  KTRIAL_FIELDS(Partitioner, current_, produced_, switches_)
  KTRIAL_COUNTERS(Partitioner, switches_)

 private:
  PartitionIndex current_;
  std::int32_t produced_ = 0;
  std::uint32_t switches_ = 0;
};

}  // namespace ktrial::model
