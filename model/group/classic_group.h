// One classic consumer group at its coordinator: who is in it, and where its rebalance stands.
//
// Follows ClassicGroup and the classicGroup* methods of GroupMetadataManager (Kafka 4.0). A rebalance has two phases:
// joins are parked until every known member has rejoined or time is up, then a new generation begins; syncs are
// parked until the leader's assignment is stored. Storing is the coordinator's work: see take_store() and on_stored().
// Leaves out: static members (KIP-345), several protocols a member, protocol types, group.max.size, offsets expiry.
// Always holds: the leader is a member unless there is none; a member id is never both pending and a member;
// only members of a group in CompletingRebalance await a sync, only those of one in PreparingRebalance await a join.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/described.h"
#include "model/group/group_host.h"
#include "model/group/records.h"

namespace ktrial::model {

enum class GroupState : std::uint8_t { Empty, PreparingRebalance, CompletingRebalance, Stable, Dead };

struct GroupMember {
  std::uint32_t number = 0;  // names its session timer
  Nanos session_timeout{0};
  Nanos rebalance_timeout{0};
  std::vector<TopicId> subscription;
  std::vector<TopicPartition> assignment;
  std::optional<Requester> awaiting_join;
  std::optional<Requester> awaiting_sync;
  bool is_new = false;        // has not been in a generation yet
  bool pending_sync = false;  // has not synced in this generation
  KTRIAL_FIELDS(GroupMember, number, session_timeout, rebalance_timeout, subscription, assignment, awaiting_join,
                awaiting_sync, is_new, pending_sync)
  KTRIAL_NUMBERS(GroupMember, kOfSlot | group_timer::session, number)
};

class ClassicGroup {
 public:
  // What is to be stored; the coordinator appends record(...) and then calls on_stored with the same values.
  struct Store {
    GenerationId generation;
    std::vector<MemberAssignment> assignments;
    KTRIAL_FIELDS(Store, generation, assignments)
  };

  // `slot` tells the timers of this group from those of others at the same coordinator.
  ClassicGroup(GroupId id, std::uint16_t slot, Nanos initial_rebalance_delay, bool sessions_end = true);

  void join(GroupHost& host, Requester who, const JoinGroupRequest& request);
  void sync(GroupHost& host, Requester who, const SyncGroupRequest& request);
  void heartbeat(GroupHost& host, Requester who, const HeartbeatRequest& request);
  void leave(GroupHost& host, Requester who, const LeaveGroupRequest& request);
  // Whether a commit by that member in that generation may be written now (NONE) or why not.
  Error check_commit(GenerationId generation, MemberId member) const;
  // The member was heard of: its session starts anew. Does nothing for others.
  void refresh_session(GroupHost& host, MemberId member);
  void on_timer(GroupHost& host, TimerId timer);

  std::optional<Store> take_store();
  CoordinatorRecord record(const std::vector<MemberAssignment>& assignments) const;
  // `error` is already in a client's words (NONE: stored).
  void on_stored(GroupHost& host, const Store& store, Error error);

  // Replay of the log, without effects, and then the start of all session timers.
  void restore(const GroupMetadataRecord& record);
  void on_loaded(GroupHost& host);
  // The coordinator moved away: all who wait hear NOT_COORDINATOR, all timers stop.
  void unload(GroupHost& host);

  const GroupId& id() const { return id_; }
  std::uint16_t slot() const { return slot_; }
  GroupState state() const { return state_; }
  GenerationId generation() const { return generation_; }
  MemberId leader() const { return leader_; }
  const boost::container::flat_map<MemberId, GroupMember>& members() const { return members_; }

  KTRIAL_FIELDS(ClassicGroup, id_, slot_, initial_delay_, sessions_end_, state_, generation_, protocol_, leader_,
                members_, pending_, next_number_, initial_, new_member_added_, delay_, delay_left_, store_)
  KTRIAL_COUNTERS(ClassicGroup, next_number_)
  KTRIAL_SLOTS(ClassicGroup, slot_)
  KTRIAL_NUMBERS(ClassicGroup, kOfSlot | group_timer::session, pending_)

 private:
  TimerId join_timer() const { return {group_timer::join, slot_, 0}; }
  TimerId sync_timer() const { return {group_timer::pending_sync, slot_, 0}; }
  TimerId session_timer(std::uint32_t number) const { return {group_timer::session, slot_, number}; }
  void set_state(GroupHost& host, GroupState state);
  void state_fact(GroupHost& host) const;

  MemberId new_member_id(GroupHost& host) const;
  void add_pending(GroupHost& host, Requester who, const JoinGroupRequest& request);
  void add_member(GroupHost& host, Requester who, const JoinGroupRequest& request);
  void rejoin(GroupHost& host, Requester who, const JoinGroupRequest& request);
  void remove_member(GroupHost& host, MemberId member);  // and elects another leader; state unchanged
  void remove_and_rebalance(GroupHost& host, MemberId member);
  void drop_pending(GroupHost& host, MemberId member);

  void prepare_rebalance(GroupHost& host);
  void rebalance_or_complete_join(GroupHost& host);
  void complete_join_if_all_joined(GroupHost& host);
  void complete_join(GroupHost& host);
  void initial_delay_over(GroupHost& host);
  void pending_sync_over(GroupHost& host);
  bool all_joined() const;
  Nanos rebalance_timeout() const;

  void answer_join(GroupHost& host, Requester who, MemberId member) const;
  void refuse_join(GroupHost& host, Requester who, MemberId member, Error error) const;
  void answer_sync(GroupHost& host, GroupMember& member, Error error);
  void start_session(GroupHost& host, const GroupMember& member, Nanos timeout) const;

  GroupId id_;
  std::uint16_t slot_;
  Nanos initial_delay_;
  bool sessions_end_;
  GroupState state_ = GroupState::Empty;
  GenerationId generation_{0};
  std::string protocol_;
  MemberId leader_;
  boost::container::flat_map<MemberId, GroupMember> members_;
  boost::container::flat_map<MemberId, std::uint32_t> pending_;  // got an id, have not joined with it; timer number
  std::uint32_t next_number_ = 0;
  // While PreparingRebalance came from Empty: each new member extends the delay as long as some is left.
  bool initial_ = false;
  bool new_member_added_ = false;
  Nanos delay_{0};
  Nanos delay_left_{0};
  std::optional<Store> store_;
};

}  // namespace ktrial::model
