// What kafka-reassign-partitions.sh asks of the controller beside the reassignment itself: the replication throttle.
//
// Follows org.apache.kafka.tools.reassign.ReassignPartitionsCommand (KIP-73, KIP-455): with --throttle the replicas
// that a partition has now are throttled as its leaders, those that it is to have besides as its followers, of all
// reassignments on their way and the new one; a topic's lists are written anew. --verify takes the throttles of the
// topic and of all brokers away once no reassignment is on its way any more, --cancel at once. Leaves out: moves
// between log directories.
#pragma once

#include "model/messages.h"
#include "model/metadata/image.h"

namespace ktrial::model {

// The lists of the topics that move.
IncrementalAlterConfigsRequest topic_throttles(const MetadataImage&, const AlterPartitionReassignmentsRequest&);
// The rates, in bytes/s, of the brokers that replicas move from and to.
IncrementalAlterConfigsRequest broker_throttles(const MetadataImage&, const AlterPartitionReassignmentsRequest&,
                                                std::int64_t rate);
// clearAllThrottles: of the brokers that are alive or in the request, and of its topic.
IncrementalAlterConfigsRequest no_throttles(const MetadataImage&, const AlterPartitionReassignmentsRequest&);
bool any_reassignment(const MetadataImage&);

}  // namespace ktrial::model
