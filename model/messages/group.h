// Messages of consumer groups. A member id is a number; absent is Kafka's empty string.
#pragma once

#include <string>
#include <vector>

#include "model/errors.h"
#include "model/messages/message_list.h"
#include "model/types.h"

namespace ktrial::model {

// ---- Consumer groups: OffsetCommit (8), OffsetFetch (9), FindCoordinator (10), JoinGroup (11), Heartbeat (12),
// LeaveGroup (13), SyncGroup (14).
using MemberId = Named<struct MemberIdTag>;
struct CommittedOffset {
  TopicPartition partition;
  Offset offset;
  LeaderEpoch leader_epoch;
};
struct OffsetCommitRequest {
  std::string group;
  GenerationId generation;
  MemberId member;
  std::vector<CommittedOffset> offsets;
};
struct OffsetCommitResponse {
  Error error = Error::NONE;
};
struct OffsetFetchRequest {
  std::string group;
  std::vector<TopicPartition> partitions;
};
struct OffsetFetchResponse {
  Error error = Error::NONE;
  std::vector<CommittedOffset> offsets;  // absent offset: nothing committed
};
struct FindCoordinatorRequest {
  std::string group;
};
struct FindCoordinatorResponse {
  Error error = Error::NONE;
  NodeId coordinator;
};
struct JoinGroupRequest {
  std::string group;
  Nanos session_timeout{0};
  Nanos rebalance_timeout{0};
  MemberId member;
  std::string protocol = "range";
  std::vector<TopicId> subscription;
};
struct JoinGroupResponse {
  struct Member {
    MemberId member;
    std::vector<TopicId> subscription;
  };
  Error error = Error::NONE;
  GenerationId generation;
  MemberId leader;
  MemberId member;
  std::vector<Member> members;  // the leader's answer only
};
struct MemberAssignment {
  MemberId member;
  std::vector<TopicPartition> partitions;
};
struct SyncGroupRequest {
  std::string group;
  GenerationId generation;
  MemberId member;
  std::vector<MemberAssignment> assignments;  // the leader's request only
};
struct SyncGroupResponse {
  Error error = Error::NONE;
  std::vector<TopicPartition> assignment;
};
struct HeartbeatRequest {
  std::string group;
  GenerationId generation;
  MemberId member;
};
struct HeartbeatResponse {
  Error error = Error::NONE;
};
struct LeaveGroupRequest {
  std::string group;
  MemberId member;
};
struct LeaveGroupResponse {
  Error error = Error::NONE;
};

using GroupMessages =
    MessageList<Kind<10, OffsetCommitRequest>, Kind<11, OffsetCommitResponse>, Kind<12, OffsetFetchRequest>,
                Kind<13, OffsetFetchResponse>, Kind<14, FindCoordinatorRequest>, Kind<15, FindCoordinatorResponse>,
                Kind<16, JoinGroupRequest>, Kind<17, JoinGroupResponse>, Kind<18, SyncGroupRequest>,
                Kind<19, SyncGroupResponse>, Kind<20, HeartbeatRequest>, Kind<21, HeartbeatResponse>,
                Kind<22, LeaveGroupRequest>, Kind<23, LeaveGroupResponse>>;

}  // namespace ktrial::model
