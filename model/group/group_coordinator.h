// The group coordinator of one broker: all groups of the partitions of __consumer_offsets that this broker leads.
//
// Follows GroupCoordinatorService, GroupCoordinatorShard and OffsetMetadataManager (Kafka 4.0): one shard a partition,
// loaded from the log when the broker becomes its leader and dropped when it resigns. What is stored is answered only
// after its append is complete; a committed offset is visible from then on. An append that takes longer than
// offsets.commit.timeout.ms is answered with an error, but may still complete later and then counts.
// Leaves out: transactional commits, offset expiry, deletion, the KIP-848 and share protocols, static members.
// Always holds: a group is in the shard partition_for(group); every request gets at most one reply; only a shard that
// is active answers with anything but NOT_COORDINATOR or COORDINATOR_LOAD_IN_PROGRESS.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>
#include <string_view>

#include "model/config.h"
#include "model/described.h"
#include "model/group/classic_group.h"
#include "model/group/group_host.h"

namespace ktrial::model {

class GroupCoordinator {
 public:
  GroupCoordinator() = default;
  explicit GroupCoordinator(const ClusterConfig& config);

  // |String.hashCode| modulo offsets.topic.num.partitions, as Utils.abs (MIN_VALUE counts as 0).
  PartitionIndex partition_for(std::string_view group) const;

  // The broker leads the partition and begins to read it: requests hear COORDINATOR_LOAD_IN_PROGRESS. Returns whether
  // it has to be read: a shard that stays with its broker goes on in the new leader epoch as it is.
  bool on_load_started(PartitionIndex partition, LeaderEpoch epoch);
  // The partition was read; `batches` are all of its log, up to the log end offset. Ignored by an active shard.
  // Batches without coordinator records are skipped.
  template <class Range>
  void on_elected(GroupHost& host, PartitionIndex partition, LeaderEpoch epoch, const Range& batches) {
    on_load_started(partition, epoch);
    if (!shards_[partition].loading) return;
    for (const RecordBatch& batch : batches)
      if (batch.coordinator_records)
        for (const CoordinatorRecord& record : *batch.coordinator_records) replay(partition, record);
    end_load(host, partition);
  }
  // The same one by one: each record of a shard that is loading, then the end.
  void replay(PartitionIndex partition, const CoordinatorRecord& record);
  void end_load(GroupHost& host, PartitionIndex partition);
  void on_resigned(GroupHost& host, PartitionIndex partition);

  // True if the body was one of the six group requests; it is answered now or later.
  bool on_request(GroupHost& host, ConnectionId connection, std::int32_t correlation_id, const MessageBody& body);
  // `error` is the append's own (NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS_AFTER_APPEND, ...). Unknown tokens are
  // ignored: the shard was dropped in between.
  void on_append_complete(GroupHost& host, std::uint64_t token, Error error);
  void on_timer(GroupHost& host, TimerId timer);

  // Whether this broker serves the groups of that partition: it was loaded.
  bool is_active(PartitionIndex partition) const {
    const auto shard = shards_.find(partition);
    return shard != shards_.end() && !shard->second.loading;
  }
  template <class F>
  void each_group(F f) const {
    for (const auto& [partition, shard] : shards_)
      for (const auto& [id, group] : shard.groups) f(group);
  }
  // For FindCoordinator's side and for tests; null when this broker does not hold the group.
  const ClassicGroup* find(std::string_view group) const;
  Offset committed(const GroupId& group, TopicPartition partition) const;  // absent: none

  KTRIAL_FIELDS(GroupCoordinator, partitions_, commit_timeout_, initial_delay_, min_session_, max_session_,
                checks_generation_, sessions_end_, shards_, pending_, next_token_, next_slot_)
  KTRIAL_COUNTERS(GroupCoordinator, next_token_, next_slot_)
  KTRIAL_NUMBERS(GroupCoordinator, kAppendNumbers, pending_)

 private:
  struct StoredOffset {
    Offset offset;
    LeaderEpoch leader_epoch;
    KTRIAL_FIELDS(StoredOffset, offset, leader_epoch)
  };
  using Offsets = boost::container::flat_map<TopicPartition, StoredOffset>;
  struct Shard {
    LeaderEpoch epoch;
    bool loading = true;
    boost::container::flat_map<GroupId, ClassicGroup> groups;
    boost::container::flat_map<GroupId, Offsets> offsets;
    KTRIAL_FIELDS(Shard, epoch, loading, groups, offsets)
  };
  struct PendingAppend {
    PartitionIndex shard;
    GroupId group;
    bool answered = false;                     // by the timeout
    std::optional<ClassicGroup::Store> store;  // else: a commit, and the rest counts
    Requester who;
    OffsetCommitRequest commit;
    GenerationId current_generation;  // when the commit was accepted
    KTRIAL_FIELDS(PendingAppend, shard, group, answered, store, who, commit, current_generation)
  };

  std::uint16_t new_slot();
  ClassicGroup& group_of(Shard& shard, const GroupId& group);  // made if it is not there
  // Why the group cannot be served here, or NONE and its shard.
  Error check_shard(const GroupId& group, Shard*& shard);

  void on_join(GroupHost& host, Requester who, const JoinGroupRequest& request);
  void on_sync(GroupHost& host, Requester who, const SyncGroupRequest& request);
  void on_heartbeat(GroupHost& host, Requester who, const HeartbeatRequest& request);
  void on_leave(GroupHost& host, Requester who, const LeaveGroupRequest& request);
  void on_commit(GroupHost& host, Requester who, const OffsetCommitRequest& request);
  void on_offset_fetch(GroupHost& host, Requester who, const OffsetFetchRequest& request);

  void store_if_asked(GroupHost& host, ClassicGroup& group);
  void append(GroupHost& host, PendingAppend pending, std::vector<CoordinatorRecord> records);
  void answer_commit(GroupHost& host, const PendingAppend& pending, Error error) const;
  void settle(GroupHost& host, const PendingAppend& pending, Error error);  // tells whoever waits

  std::int32_t partitions_ = 50;
  Nanos commit_timeout_ = seconds(5);
  Nanos initial_delay_ = seconds(3);
  Nanos min_session_ = seconds(6);
  Nanos max_session_ = seconds(1800);
  bool checks_generation_ = true;
  bool sessions_end_ = true;
  boost::container::flat_map<PartitionIndex, Shard> shards_;
  boost::container::flat_map<std::uint64_t, PendingAppend> pending_;
  std::uint64_t next_token_ = 1;
  std::uint16_t next_slot_ = 0;
};

}  // namespace ktrial::model
