#include "model/errors.h"

namespace ktrial::model {

std::string_view name(Error error) {
  switch (error) {
    case Error::UNKNOWN_SERVER_ERROR:
      return "UNKNOWN_SERVER_ERROR";
    case Error::NONE:
      return "NONE";
    case Error::OFFSET_OUT_OF_RANGE:
      return "OFFSET_OUT_OF_RANGE";
    case Error::CORRUPT_MESSAGE:
      return "CORRUPT_MESSAGE";
    case Error::UNKNOWN_TOPIC_OR_PARTITION:
      return "UNKNOWN_TOPIC_OR_PARTITION";
    case Error::LEADER_NOT_AVAILABLE:
      return "LEADER_NOT_AVAILABLE";
    case Error::NOT_LEADER_OR_FOLLOWER:
      return "NOT_LEADER_OR_FOLLOWER";
    case Error::REQUEST_TIMED_OUT:
      return "REQUEST_TIMED_OUT";
    case Error::BROKER_NOT_AVAILABLE:
      return "BROKER_NOT_AVAILABLE";
    case Error::REPLICA_NOT_AVAILABLE:
      return "REPLICA_NOT_AVAILABLE";
    case Error::MESSAGE_TOO_LARGE:
      return "MESSAGE_TOO_LARGE";
    case Error::NETWORK_EXCEPTION:
      return "NETWORK_EXCEPTION";
    case Error::COORDINATOR_LOAD_IN_PROGRESS:
      return "COORDINATOR_LOAD_IN_PROGRESS";
    case Error::COORDINATOR_NOT_AVAILABLE:
      return "COORDINATOR_NOT_AVAILABLE";
    case Error::NOT_COORDINATOR:
      return "NOT_COORDINATOR";
    case Error::INVALID_TOPIC_EXCEPTION:
      return "INVALID_TOPIC_EXCEPTION";
    case Error::RECORD_LIST_TOO_LARGE:
      return "RECORD_LIST_TOO_LARGE";
    case Error::NOT_ENOUGH_REPLICAS:
      return "NOT_ENOUGH_REPLICAS";
    case Error::NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return "NOT_ENOUGH_REPLICAS_AFTER_APPEND";
    case Error::INVALID_REQUIRED_ACKS:
      return "INVALID_REQUIRED_ACKS";
    case Error::ILLEGAL_GENERATION:
      return "ILLEGAL_GENERATION";
    case Error::INCONSISTENT_GROUP_PROTOCOL:
      return "INCONSISTENT_GROUP_PROTOCOL";
    case Error::INVALID_GROUP_ID:
      return "INVALID_GROUP_ID";
    case Error::UNKNOWN_MEMBER_ID:
      return "UNKNOWN_MEMBER_ID";
    case Error::INVALID_SESSION_TIMEOUT:
      return "INVALID_SESSION_TIMEOUT";
    case Error::REBALANCE_IN_PROGRESS:
      return "REBALANCE_IN_PROGRESS";
    case Error::INVALID_COMMIT_OFFSET_SIZE:
      return "INVALID_COMMIT_OFFSET_SIZE";
    case Error::INVALID_TIMESTAMP:
      return "INVALID_TIMESTAMP";
    case Error::UNSUPPORTED_VERSION:
      return "UNSUPPORTED_VERSION";
    case Error::TOPIC_ALREADY_EXISTS:
      return "TOPIC_ALREADY_EXISTS";
    case Error::INVALID_PARTITIONS:
      return "INVALID_PARTITIONS";
    case Error::INVALID_REPLICATION_FACTOR:
      return "INVALID_REPLICATION_FACTOR";
    case Error::INVALID_REPLICA_ASSIGNMENT:
      return "INVALID_REPLICA_ASSIGNMENT";
    case Error::INVALID_CONFIG:
      return "INVALID_CONFIG";
    case Error::NOT_CONTROLLER:
      return "NOT_CONTROLLER";
    case Error::INVALID_REQUEST:
      return "INVALID_REQUEST";
    case Error::KAFKA_STORAGE_ERROR:
      return "KAFKA_STORAGE_ERROR";
    case Error::FENCED_LEADER_EPOCH:
      return "FENCED_LEADER_EPOCH";
    case Error::UNKNOWN_LEADER_EPOCH:
      return "UNKNOWN_LEADER_EPOCH";
    case Error::STALE_BROKER_EPOCH:
      return "STALE_BROKER_EPOCH";
    case Error::OFFSET_NOT_AVAILABLE:
      return "OFFSET_NOT_AVAILABLE";
    case Error::MEMBER_ID_REQUIRED:
      return "MEMBER_ID_REQUIRED";
    case Error::PREFERRED_LEADER_NOT_AVAILABLE:
      return "PREFERRED_LEADER_NOT_AVAILABLE";
    case Error::GROUP_MAX_SIZE_REACHED:
      return "GROUP_MAX_SIZE_REACHED";
    case Error::FENCED_INSTANCE_ID:
      return "FENCED_INSTANCE_ID";
    case Error::ELIGIBLE_LEADERS_NOT_AVAILABLE:
      return "ELIGIBLE_LEADERS_NOT_AVAILABLE";
    case Error::ELECTION_NOT_NEEDED:
      return "ELECTION_NOT_NEEDED";
    case Error::NO_REASSIGNMENT_IN_PROGRESS:
      return "NO_REASSIGNMENT_IN_PROGRESS";
    case Error::INVALID_RECORD:
      return "INVALID_RECORD";
    case Error::INCONSISTENT_VOTER_SET:
      return "INCONSISTENT_VOTER_SET";
    case Error::INVALID_UPDATE_VERSION:
      return "INVALID_UPDATE_VERSION";
    case Error::UNKNOWN_TOPIC_ID:
      return "UNKNOWN_TOPIC_ID";
    case Error::DUPLICATE_BROKER_REGISTRATION:
      return "DUPLICATE_BROKER_REGISTRATION";
    case Error::BROKER_ID_NOT_REGISTERED:
      return "BROKER_ID_NOT_REGISTERED";
    case Error::INCONSISTENT_TOPIC_ID:
      return "INCONSISTENT_TOPIC_ID";
    case Error::INCONSISTENT_CLUSTER_ID:
      return "INCONSISTENT_CLUSTER_ID";
    case Error::INELIGIBLE_REPLICA:
      return "INELIGIBLE_REPLICA";
    case Error::NEW_LEADER_ELECTED:
      return "NEW_LEADER_ELECTED";
    case Error::INVALID_VOTER_KEY:
      return "INVALID_VOTER_KEY";
  }
  return "?";
}

// Retriable: subclasses of RetriableException; with refresh: of InvalidMetadataException.
ErrorClass error_class(Error error) {
  switch (error) {
    case Error::NONE:
      return ErrorClass::none;
    case Error::CORRUPT_MESSAGE:
    case Error::REQUEST_TIMED_OUT:
    case Error::COORDINATOR_LOAD_IN_PROGRESS:
    case Error::COORDINATOR_NOT_AVAILABLE:
    case Error::NOT_COORDINATOR:
    case Error::NOT_ENOUGH_REPLICAS:
    case Error::NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case Error::NOT_CONTROLLER:
    case Error::UNKNOWN_LEADER_EPOCH:
    case Error::OFFSET_NOT_AVAILABLE:
      return ErrorClass::retriable;
    case Error::UNKNOWN_TOPIC_OR_PARTITION:
    case Error::LEADER_NOT_AVAILABLE:
    case Error::NOT_LEADER_OR_FOLLOWER:
    case Error::REPLICA_NOT_AVAILABLE:
    case Error::NETWORK_EXCEPTION:
    case Error::KAFKA_STORAGE_ERROR:
    case Error::FENCED_LEADER_EPOCH:
    case Error::PREFERRED_LEADER_NOT_AVAILABLE:
    case Error::ELIGIBLE_LEADERS_NOT_AVAILABLE:
    case Error::ELECTION_NOT_NEEDED:
    case Error::UNKNOWN_TOPIC_ID:
    case Error::INCONSISTENT_TOPIC_ID:
      return ErrorClass::retriable_refresh_metadata;
    default:
      return ErrorClass::fatal;
  }
}

}  // namespace ktrial::model
