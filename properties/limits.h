// What a scenario asks for beyond what Kafka promises: its limits, each judged by a property of its own.
//
// Always holds: what is absent is not judged.
#pragma once

#include <cstdint>
#include <optional>

#include "model/types.h"

namespace ktrial::properties {

struct Limits {
  std::optional<model::Nanos> send_time;         // from send() to the acknowledgement of each record
  std::optional<std::int64_t> leader_changes;    // of one partition
  std::optional<std::int64_t> skipped_records;   // acknowledged ones that resets let one consumer pass over
  std::optional<model::Nanos> time_to_catch_up;  // that a reader of a compacted log may take, whatever retention says
  std::optional<model::Nanos>
      reassignment_time;  // from its commit until the target is in sync and nothing else is left
  bool operator==(const Limits&) const = default;
};

}  // namespace ktrial::properties
