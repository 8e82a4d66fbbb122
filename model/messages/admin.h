// What an admin client asks of the active controller.
//
// The last ones, which an operator of a scenario asks for, are told to the active controller itself, so that no
// client's connection has to be played for them: they are no messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/errors.h"
#include "model/messages/message_list.h"
#include "model/types.h"

namespace ktrial::model {

// ---- CreateTopics (19), ElectLeaders (43): to the active controller
struct CreateTopicsRequest {
  std::string name;
  std::int32_t partitions = -1;
  std::int16_t replication_factor = -1;
  std::vector<std::vector<NodeId>> assignment;  // overrides the two above
  std::vector<std::pair<std::string, std::string>> configs;
};
struct CreateTopicsResponse {
  Error error = Error::NONE;
  TopicId id;
};
// The last two are KIP-966's; their numbers are not Kafka's, which has none yet.
enum class ElectionType : std::int8_t {
  preferred = 0,
  unclean = 1,
  longest_log_aggressive = 2,
  longest_log_balanced = 3,
};
struct ElectLeadersRequest {
  ElectionType type = ElectionType::preferred;
  std::vector<TopicPartition> partitions;  // empty: all
};
struct ElectLeadersResponse {
  std::vector<std::pair<TopicPartition, Error>> results;
};

// ---- AlterPartitionReassignments (45), CreatePartitions (37), DeleteTopics (20): an operator's, told to the active
// controller itself, so that no client's connection has to be played for them
struct AlterPartitionReassignmentsRequest {
  std::string topic;
  PartitionIndex partition;
  std::optional<std::vector<NodeId>> replicas;  // absent: cancel
};
// ---- IncrementalAlterConfigs (44): the same
struct IncrementalAlterConfigsRequest {
  struct Config {
    std::string topic;  // empty: of `broker`
    NodeId broker;
    std::string key;
    std::optional<std::string> value;  // absent: DELETE, else SET
  };
  std::vector<Config> configs;
};
struct CreatePartitionsRequest {
  std::string topic;
  std::int32_t count = 0;  // in all
};
struct DeleteTopicsRequest {
  std::string topic;
};

using AdminMessages = MessageList<Kind<26, CreateTopicsRequest>, Kind<27, CreateTopicsResponse>,
                                  Kind<28, ElectLeadersRequest>, Kind<29, ElectLeadersResponse>>;

}  // namespace ktrial::model
