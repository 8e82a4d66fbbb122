// Kafka's error codes, with Kafka's numbers and Kafka's classes for clients.
// Source: org.apache.kafka.common.protocol.Errors. Only codes that the model can produce or must handle.
#pragma once

#include <cstdint>
#include <string_view>

namespace ktrial::model {

enum class Error : std::int16_t {
  UNKNOWN_SERVER_ERROR = -1,
  NONE = 0,
  OFFSET_OUT_OF_RANGE = 1,
  CORRUPT_MESSAGE = 2,
  UNKNOWN_TOPIC_OR_PARTITION = 3,
  LEADER_NOT_AVAILABLE = 5,
  NOT_LEADER_OR_FOLLOWER = 6,
  REQUEST_TIMED_OUT = 7,
  BROKER_NOT_AVAILABLE = 8,
  REPLICA_NOT_AVAILABLE = 9,
  MESSAGE_TOO_LARGE = 10,
  NETWORK_EXCEPTION = 13,
  COORDINATOR_LOAD_IN_PROGRESS = 14,
  COORDINATOR_NOT_AVAILABLE = 15,
  NOT_COORDINATOR = 16,
  INVALID_TOPIC_EXCEPTION = 17,
  RECORD_LIST_TOO_LARGE = 18,
  NOT_ENOUGH_REPLICAS = 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20,
  INVALID_REQUIRED_ACKS = 21,
  ILLEGAL_GENERATION = 22,
  INCONSISTENT_GROUP_PROTOCOL = 23,
  INVALID_GROUP_ID = 24,
  UNKNOWN_MEMBER_ID = 25,
  INVALID_SESSION_TIMEOUT = 26,
  REBALANCE_IN_PROGRESS = 27,
  INVALID_COMMIT_OFFSET_SIZE = 28,
  INVALID_TIMESTAMP = 32,
  UNSUPPORTED_VERSION = 35,
  TOPIC_ALREADY_EXISTS = 36,
  INVALID_PARTITIONS = 37,
  INVALID_REPLICATION_FACTOR = 38,
  INVALID_REPLICA_ASSIGNMENT = 39,
  INVALID_CONFIG = 40,
  NOT_CONTROLLER = 41,
  INVALID_REQUEST = 42,
  KAFKA_STORAGE_ERROR = 56,
  FENCED_LEADER_EPOCH = 74,
  UNKNOWN_LEADER_EPOCH = 75,
  STALE_BROKER_EPOCH = 77,
  OFFSET_NOT_AVAILABLE = 78,
  MEMBER_ID_REQUIRED = 79,
  PREFERRED_LEADER_NOT_AVAILABLE = 80,
  GROUP_MAX_SIZE_REACHED = 81,
  FENCED_INSTANCE_ID = 82,
  ELIGIBLE_LEADERS_NOT_AVAILABLE = 83,
  ELECTION_NOT_NEEDED = 84,
  NO_REASSIGNMENT_IN_PROGRESS = 85,
  INVALID_RECORD = 87,
  INCONSISTENT_VOTER_SET = 94,
  INVALID_UPDATE_VERSION = 95,
  UNKNOWN_TOPIC_ID = 100,
  DUPLICATE_BROKER_REGISTRATION = 101,
  BROKER_ID_NOT_REGISTERED = 102,
  INCONSISTENT_TOPIC_ID = 103,
  INCONSISTENT_CLUSTER_ID = 104,
  INELIGIBLE_REPLICA = 107,
  NEW_LEADER_ELECTED = 108,
  INVALID_VOTER_KEY = 125,
};

// Kafka's name of the code ("NOT_LEADER_OR_FOLLOWER").
std::string_view name(Error error);

// What a client does with an error: classes R, M and F of Errors/ApiException.
enum class ErrorClass { none, retriable, retriable_refresh_metadata, fatal };
ErrorClass error_class(Error error);
inline bool retriable(Error e) {
  return error_class(e) == ErrorClass::retriable || error_class(e) == ErrorClass::retriable_refresh_metadata;
}

}  // namespace ktrial::model
