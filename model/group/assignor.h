// The range assignor: which member of a group gets which partitions.
//
// Follows org.apache.kafka.clients.consumer.RangeAssignor without racks: for each topic the members that subscribe to
// it, in order of member id, get contiguous ranges; the first (partitions mod members) of them get one more.
// Leaves out: round robin, sticky and cooperative-sticky, rack awareness, static member ids.
// Always holds: every partition of a topic with a subscriber has exactly one owner; every member has an entry.
#pragma once

#include <vector>

#include "model/messages.h"

namespace ktrial::model {

struct TopicSize {
  TopicId topic;
  std::int32_t partitions = 0;  // 0 or less: the topic is unknown and nothing of it is assigned
};

// The result is ordered by member id, each entry's partitions by topic and partition.
std::vector<MemberAssignment> assign_range(const std::vector<JoinGroupResponse::Member>& members,
                                           std::vector<TopicSize> topics);

}  // namespace ktrial::model
