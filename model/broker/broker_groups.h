// What a broker keeps for the groups that it coordinates.
//
// Follows BrokerMetadataPublisher.updateCoordinator, CoordinatorRuntime, CoordinatorPartitionWriter and
// AutoTopicCreationManager (Kafka 4.0): the broker that leads a partition of __consumer_offsets coordinates its groups.
// It reads the partition in a later event, up to the log end offset; an append is complete when the high watermark
// passes it, and what is not complete fails with the leadership. The topic is created when a client first asks for a
// coordinator. Leaves out: several reads of one load; OffsetFetch answered as of the high watermark while it still lags
// behind what was loaded. Always holds: appends wait only on partitions that this broker leads; a broker without groups
// does no work for them.
#pragma once

#include <boost/container/flat_map.hpp>
#include <deque>

#include "model/broker/controller_channel.h"
#include "model/described.h"
#include "model/group/group_coordinator.h"

namespace ktrial::model {

inline constexpr const char* kOffsetsTopic = "__consumer_offsets";
inline constexpr std::uint16_t kGroupLoadTimer = 209;  // about: the partition

struct BrokerGroups {
  struct Append {
    Offset required;
    std::uint64_t token = 0;
    KTRIAL_FIELDS(Append, required, token)
    KTRIAL_NUMBERS(Append, group_timer::append, token)
  };

  BrokerGroups() = default;
  explicit BrokerGroups(const ClusterConfig& config) : coordinator(config), create_channel(2, milliseconds(30000)) {}

  GroupCoordinator coordinator;
  ControllerChannel create_channel;                               // CreateTopics: one in flight
  TopicId topic;                                                  // of __consumer_offsets; absent while there is none
  boost::container::flat_map<PartitionIndex, LeaderEpoch> loads;  // led, not read yet
  boost::container::flat_map<PartitionIndex, std::deque<Append>> appends;  // in log order; no empty queue
  KTRIAL_FIELDS(BrokerGroups, coordinator, create_channel, topic, loads, appends)
};

}  // namespace ktrial::model
