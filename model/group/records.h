// The records of __consumer_offsets: what a group coordinator stores and replays.
//
// Follows OffsetCommitKey/Value and GroupMetadataKey/Value of org.apache.kafka.coordinator.group.
// Leaves out: transactional offset commits, commit metadata text, expire timestamps, static member ids, KIP-848
// records. Always holds: a record belongs to one group, and that group's name alone gives the partition that holds it.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "model/batch.h"
#include "model/described.h"
#include "model/facts.h"
#include "model/messages.h"
#include "model/types.h"

namespace ktrial::model {

struct OffsetCommitRecord {
  GroupId group;
  TopicPartition partition;
  Offset offset;  // the next record to read
  LeaderEpoch leader_epoch;
  Nanos timestamp{0};  // the coordinator's wall clock
  KTRIAL_FIELDS(OffsetCommitRecord, group, partition, offset, leader_epoch, timestamp)
  KTRIAL_WALL_TIMES(OffsetCommitRecord, timestamp)
};
struct GroupMetadataRecord {
  struct Member {
    MemberId member;
    Nanos session_timeout{0};
    Nanos rebalance_timeout{0};
    std::vector<TopicId> subscription;
    std::vector<TopicPartition> assignment;
    KTRIAL_FIELDS(Member, member, session_timeout, rebalance_timeout, subscription, assignment)
  };
  GroupId group;
  GenerationId generation;
  std::string protocol;
  MemberId leader;
  std::vector<Member> members;  // by member id
  KTRIAL_FIELDS(GroupMetadataRecord, group, generation, protocol, leader, members)
};
struct OffsetTombstone {
  GroupId group;
  TopicPartition partition;
};
struct GroupTombstone {
  GroupId group;
};

struct CoordinatorRecord {
  std::variant<OffsetCommitRecord, GroupMetadataRecord, OffsetTombstone, GroupTombstone> value;
  KTRIAL_FIELDS(CoordinatorRecord, value)
};

}  // namespace ktrial::model
