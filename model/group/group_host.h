// What a group coordinator needs of the broker it runs in.
//
// Follows org.apache.kafka.coordinator.common.runtime.PartitionWriter and the request channel.
#pragma once

#include <cstdint>
#include <vector>

#include "model/described.h"
#include "model/group/records.h"
#include "model/messages.h"
#include "model/step.h"

namespace ktrial::model {

class GroupHost {
 public:
  virtual ~GroupHost() = default;
  virtual Step& step() = 0;
  // A connection that is closed by now swallows the reply.
  virtual void reply(ConnectionId connection, std::int32_t correlation_id, MessageBody body) = 0;
  // Appends one batch with acks=-1 to that partition of __consumer_offsets. An error: nothing was appended. NONE: the
  // outcome comes through GroupCoordinator::on_append_complete, not before this call returned, and in log order.
  virtual Error append(PartitionIndex offsets_partition, std::vector<CoordinatorRecord> records,
                       std::uint64_t token) = 0;
};

// Who waits for an answer.
struct Requester {
  ConnectionId connection;
  std::int32_t correlation_id = 0;
  KTRIAL_FIELDS(Requester, connection, correlation_id)
  KTRIAL_CORRELATIONS(Requester, correlation_id)
};

// Timer kinds of this room at the coordinator (400..419). `sub` is the group's slot.
namespace group_timer {
inline constexpr std::uint16_t join = 400;          // the rebalance (or its initial delay) is over
inline constexpr std::uint16_t pending_sync = 401;  // members that did not sync are dropped
inline constexpr std::uint16_t session = 402;       // about: the member's number in its group
inline constexpr std::uint16_t append = 403;        // about: token; offsets.commit.timeout.ms
}  // namespace group_timer

}  // namespace ktrial::model
