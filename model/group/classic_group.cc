#include "model/group/classic_group.h"

#include <algorithm>

namespace ktrial::model {
namespace {

// A new member that waits in a long rebalance is dropped after this time: its client is gone by then.
constexpr Nanos kNewMemberJoinTimeout = seconds(300);

}  // namespace

ClassicGroup::ClassicGroup(GroupId id, std::uint16_t slot, Nanos initial_rebalance_delay, bool sessions_end)
    : id_(std::move(id)), slot_(slot), initial_delay_(initial_rebalance_delay), sessions_end_(sessions_end) {}

void ClassicGroup::state_fact(GroupHost& host) const {
  host.step().fact(GroupStateChanged{id_, generation_, static_cast<std::uint8_t>(state_),
                                     static_cast<std::int32_t>(members_.size())});
}

void ClassicGroup::set_state(GroupHost& host, GroupState state) {
  state_ = state;
  state_fact(host);
}

// ---- JoinGroup

void ClassicGroup::join(GroupHost& host, Requester who, const JoinGroupRequest& request) {
  if (state_ == GroupState::Dead) return refuse_join(host, who, request.member, Error::COORDINATOR_NOT_AVAILABLE);
  if (!members_.empty() && request.protocol != protocol_)
    return refuse_join(host, who, request.member, Error::INCONSISTENT_GROUP_PROTOCOL);
  if (!request.member.present()) return add_pending(host, who, request);
  if (pending_.contains(request.member)) return add_member(host, who, request);
  if (!members_.contains(request.member)) return refuse_join(host, who, request.member, Error::UNKNOWN_MEMBER_ID);
  rejoin(host, who, request);
}

// Kafka's ids end in a random uuid: their order among members is arbitrary, and none ever comes back.
MemberId ClassicGroup::new_member_id(GroupHost& host) const {
  Step& step = host.step();
  const auto random = step.choose(Choice::member_id, next_number_, 0, 0xffff);
  const auto node = static_cast<std::uint64_t>(std::max(step.self.value, 0)) & 0x3ff;
  const auto micros = static_cast<std::uint64_t>(step.now.count() / 1000) & ((1ull << 37) - 1);
  MemberId id(static_cast<std::int64_t>((random << 47) | (node << 37) | micros));
  while (members_.contains(id) || pending_.contains(id)) ++id;
  return id;
}

void ClassicGroup::add_pending(GroupHost& host, Requester who, const JoinGroupRequest& request) {
  const MemberId id = new_member_id(host);
  const std::uint32_t number = next_number_++;
  pending_[id] = number;
  host.step().set_timer(session_timer(number), host.step().now + request.session_timeout);
  refuse_join(host, who, id, Error::MEMBER_ID_REQUIRED);
}

void ClassicGroup::add_member(GroupHost& host, Requester who, const JoinGroupRequest& request) {
  GroupMember member;
  member.number = pending_[request.member];  // the session timer of the pending member goes on as the member's
  pending_.erase(request.member);
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = request.rebalance_timeout;
  member.subscription = request.subscription;
  member.awaiting_join = who;
  member.is_new = true;
  if (members_.empty()) protocol_ = request.protocol;
  if (!leader_.present()) leader_ = request.member;
  if (state_ == GroupState::PreparingRebalance && initial_) new_member_added_ = true;
  start_session(host, member, kNewMemberJoinTimeout);
  members_[request.member] = std::move(member);
  rebalance_or_complete_join(host);
}

void ClassicGroup::rejoin(GroupHost& host, Requester who, const JoinGroupRequest& request) {
  GroupMember& member = members_[request.member];
  const bool same = member.subscription == request.subscription;
  // The answer got lost, or a follower asks without need: it gets the current generation again.
  const bool repeat = same && (state_ == GroupState::CompletingRebalance ||
                               (state_ == GroupState::Stable && request.member != leader_));
  if (repeat) return answer_join(host, who, request.member);
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = request.rebalance_timeout;
  member.subscription = request.subscription;
  member.awaiting_join = who;
  rebalance_or_complete_join(host);
}

void ClassicGroup::answer_join(GroupHost& host, Requester who, MemberId member) const {
  JoinGroupResponse response;
  response.generation = generation_;
  response.leader = leader_;
  response.member = member;
  if (member == leader_)
    for (const auto& [id, m] : members_) response.members.push_back({id, m.subscription});
  host.reply(who.connection, who.correlation_id, std::move(response));
}

void ClassicGroup::refuse_join(GroupHost& host, Requester who, MemberId member, Error error) const {
  JoinGroupResponse response;
  response.error = error;
  response.member = member;
  host.reply(who.connection, who.correlation_id, std::move(response));
}

// ---- The rebalance

void ClassicGroup::rebalance_or_complete_join(GroupHost& host) {
  if (state_ == GroupState::PreparingRebalance)
    complete_join_if_all_joined(host);
  else if (state_ != GroupState::Dead)
    prepare_rebalance(host);
}

void ClassicGroup::prepare_rebalance(GroupHost& host) {
  if (state_ == GroupState::CompletingRebalance)
    for (auto& [id, member] : members_) {
      member.assignment.clear();
      answer_sync(host, member, Error::REBALANCE_IN_PROGRESS);
    }
  store_.reset();
  host.step().cancel_timer(sync_timer());
  for (auto& [id, member] : members_) member.pending_sync = false;
  initial_ = state_ == GroupState::Empty;
  new_member_added_ = false;
  set_state(host, GroupState::PreparingRebalance);
  if (initial_) {
    delay_ = initial_delay_;
    delay_left_ = std::max(rebalance_timeout() - initial_delay_, Nanos(0));
    host.step().set_timer(join_timer(), host.step().now + delay_);
  } else if (all_joined()) {
    complete_join(host);
  } else {
    host.step().set_timer(join_timer(), host.step().now + rebalance_timeout());
  }
}

bool ClassicGroup::all_joined() const {
  return pending_.empty() &&
         std::ranges::all_of(members_, [](const auto& m) { return m.second.awaiting_join.has_value(); });
}

Nanos ClassicGroup::rebalance_timeout() const {
  Nanos longest{0};
  for (const auto& [id, member] : members_) longest = std::max(longest, member.rebalance_timeout);
  return longest;
}

void ClassicGroup::complete_join_if_all_joined(GroupHost& host) {
  if (state_ == GroupState::PreparingRebalance && !initial_ && all_joined()) complete_join(host);
}

void ClassicGroup::initial_delay_over(GroupHost& host) {
  if (!new_member_added_ || delay_left_ == Nanos(0)) return complete_join(host);
  new_member_added_ = false;
  const Nanos next = std::min(initial_delay_, delay_left_);
  delay_left_ = std::max(delay_left_ - delay_, Nanos(0));
  delay_ = next;
  host.step().set_timer(join_timer(), host.step().now + delay_);
}

void ClassicGroup::complete_join(GroupHost& host) {
  host.step().cancel_timer(join_timer());
  std::vector<MemberId> late;
  for (const auto& [id, member] : members_)
    if (!member.awaiting_join) late.push_back(id);
  for (MemberId id : late) remove_member(host, id);

  ++generation_;
  initial_ = false;
  if (members_.empty()) {
    protocol_.clear();
    set_state(host, GroupState::Empty);
    store_ = Store{generation_, {}};
    return;
  }
  set_state(host, GroupState::CompletingRebalance);
  host.step().set_timer(sync_timer(), host.step().now + rebalance_timeout());
  for (auto& [id, member] : members_) {
    const Requester who = *member.awaiting_join;
    member.awaiting_join.reset();
    member.is_new = false;
    member.pending_sync = true;
    start_session(host, member, member.session_timeout);
    answer_join(host, who, id);
  }
}

void ClassicGroup::pending_sync_over(GroupHost& host) {
  if (state_ != GroupState::CompletingRebalance && state_ != GroupState::Stable) return;
  std::vector<MemberId> silent;
  for (const auto& [id, member] : members_)
    if (member.pending_sync) silent.push_back(id);
  if (silent.empty()) return;
  for (MemberId id : silent) remove_member(host, id);
  prepare_rebalance(host);
}

// ---- SyncGroup

void ClassicGroup::sync(GroupHost& host, Requester who, const SyncGroupRequest& request) {
  SyncGroupResponse response;
  const auto found = members_.find(request.member);
  if (state_ == GroupState::Dead)
    response.error = Error::COORDINATOR_NOT_AVAILABLE;
  else if (found == members_.end())
    response.error = Error::UNKNOWN_MEMBER_ID;
  else if (request.generation != generation_)
    response.error = Error::ILLEGAL_GENERATION;
  else if (state_ == GroupState::PreparingRebalance)
    response.error = Error::REBALANCE_IN_PROGRESS;
  else if (state_ == GroupState::CompletingRebalance) {
    found->second.awaiting_sync = who;
    found->second.pending_sync = false;
    if (request.member == leader_) store_ = Store{generation_, request.assignments};
    return;
  } else {
    found->second.pending_sync = false;
    response.assignment = found->second.assignment;
    start_session(host, found->second, found->second.session_timeout);
  }
  host.reply(who.connection, who.correlation_id, std::move(response));
}

void ClassicGroup::answer_sync(GroupHost& host, GroupMember& member, Error error) {
  if (!member.awaiting_sync) return;
  const Requester who = *member.awaiting_sync;
  member.awaiting_sync.reset();
  start_session(host, member, member.session_timeout);
  SyncGroupResponse response;
  response.error = error;
  if (error == Error::NONE) response.assignment = member.assignment;
  host.reply(who.connection, who.correlation_id, std::move(response));
}

std::optional<ClassicGroup::Store> ClassicGroup::take_store() {
  auto store = std::move(store_);
  store_.reset();
  return store;
}

CoordinatorRecord ClassicGroup::record(const std::vector<MemberAssignment>& assignments) const {
  GroupMetadataRecord record{id_, generation_, protocol_, leader_, {}};
  for (const auto& [id, m] : members_) {
    GroupMetadataRecord::Member stored{id, m.session_timeout, m.rebalance_timeout, m.subscription, {}};
    for (const MemberAssignment& a : assignments)
      if (a.member == id) stored.assignment = a.partitions;
    record.members.push_back(std::move(stored));
  }
  return {std::move(record)};
}

void ClassicGroup::on_stored(GroupHost& host, const Store& store, Error error) {
  // Another member may have joined or left while the assignment was written.
  if (state_ != GroupState::CompletingRebalance || generation_ != store.generation) return;
  for (auto& [id, member] : members_) {
    member.assignment.clear();
    if (error != Error::NONE) continue;
    for (const MemberAssignment& a : store.assignments)
      if (a.member == id) member.assignment = a.partitions;
  }
  if (error == Error::NONE) set_state(host, GroupState::Stable);
  for (auto& [id, member] : members_) answer_sync(host, member, error);
  if (error != Error::NONE) prepare_rebalance(host);
}

// ---- Heartbeat, LeaveGroup, OffsetCommit

void ClassicGroup::heartbeat(GroupHost& host, Requester who, const HeartbeatRequest& request) {
  HeartbeatResponse response;
  if (state_ == GroupState::Dead)
    response.error = Error::COORDINATOR_NOT_AVAILABLE;
  else if (!members_.contains(request.member))
    response.error = Error::UNKNOWN_MEMBER_ID;
  else if (request.generation != generation_)
    response.error = Error::ILLEGAL_GENERATION;
  else {
    refresh_session(host, request.member);
    if (state_ == GroupState::PreparingRebalance) response.error = Error::REBALANCE_IN_PROGRESS;
  }
  host.reply(who.connection, who.correlation_id, response);
}

void ClassicGroup::leave(GroupHost& host, Requester who, const LeaveGroupRequest& request) {
  LeaveGroupResponse response;
  if (state_ == GroupState::Dead)
    response.error = Error::COORDINATOR_NOT_AVAILABLE;
  else if (pending_.contains(request.member))
    drop_pending(host, request.member);
  else if (members_.contains(request.member))
    remove_and_rebalance(host, request.member);
  else
    response.error = Error::UNKNOWN_MEMBER_ID;
  host.reply(who.connection, who.correlation_id, response);
}

Error ClassicGroup::check_commit(GenerationId generation, MemberId member) const {
  if (state_ == GroupState::Dead) return Error::COORDINATOR_NOT_AVAILABLE;
  if (!generation.present() && state_ == GroupState::Empty) return Error::NONE;  // a simple consumer
  if (!members_.contains(member)) return Error::UNKNOWN_MEMBER_ID;
  if (generation != generation_) return Error::ILLEGAL_GENERATION;
  if (state_ == GroupState::CompletingRebalance) return Error::REBALANCE_IN_PROGRESS;
  return Error::NONE;  // also in PreparingRebalance: the old generation is still the current one
}

// ---- Sessions

void ClassicGroup::start_session(GroupHost& host, const GroupMember& member, Nanos timeout) const {
  if (sessions_end_)
    host.step().set_timer(session_timer(member.number), host.step().now + timeout);
  else
    host.step().cancel_timer(session_timer(member.number));  // that of its time as a pending member
}

void ClassicGroup::refresh_session(GroupHost& host, MemberId member) {
  const auto found = members_.find(member);
  if (found != members_.end()) start_session(host, found->second, found->second.session_timeout);
}

void ClassicGroup::on_timer(GroupHost& host, TimerId timer) {
  if (state_ == GroupState::Dead) return;
  if (timer.kind == group_timer::join) {
    if (state_ != GroupState::PreparingRebalance) return;
    return initial_ ? initial_delay_over(host) : complete_join(host);
  }
  if (timer.kind == group_timer::pending_sync) return pending_sync_over(host);
  for (const auto& [id, number] : pending_)
    if (number == timer.about) return drop_pending(host, MemberId(id));
  for (const auto& [id, member] : members_) {
    if (member.number != timer.about) continue;
    // A parked member is alive as long as it is parked; its session starts anew with the answer.
    if (!member.is_new && (member.awaiting_join || member.awaiting_sync)) return;
    return remove_and_rebalance(host, MemberId(id));
  }
}

void ClassicGroup::drop_pending(GroupHost& host, MemberId member) {
  host.step().cancel_timer(session_timer(pending_[member]));
  pending_.erase(member);
  complete_join_if_all_joined(host);
}

void ClassicGroup::remove_member(GroupHost& host, MemberId member) {
  GroupMember& gone = members_[member];
  host.step().cancel_timer(session_timer(gone.number));
  if (gone.awaiting_join) refuse_join(host, *gone.awaiting_join, member, Error::UNKNOWN_MEMBER_ID);
  if (gone.awaiting_sync) {
    SyncGroupResponse response;
    response.error = Error::UNKNOWN_MEMBER_ID;
    host.reply(gone.awaiting_sync->connection, gone.awaiting_sync->correlation_id, std::move(response));
  }
  members_.erase(member);
  if (leader_ == member) leader_ = members_.empty() ? MemberId() : members_.begin()->first;
}

void ClassicGroup::remove_and_rebalance(GroupHost& host, MemberId member) {
  remove_member(host, member);
  if (state_ == GroupState::Stable || state_ == GroupState::CompletingRebalance)
    prepare_rebalance(host);
  else
    complete_join_if_all_joined(host);
}

// ---- Load and unload

void ClassicGroup::restore(const GroupMetadataRecord& record) {
  generation_ = record.generation;
  protocol_ = record.protocol;
  leader_ = record.leader;
  members_.clear();
  for (const auto& m : record.members) {
    GroupMember member;
    member.number = next_number_++;
    member.session_timeout = m.session_timeout;
    member.rebalance_timeout = m.rebalance_timeout;
    member.subscription = m.subscription;
    member.assignment = m.assignment;
    members_[m.member] = std::move(member);
  }
  state_ = members_.empty() ? GroupState::Empty : GroupState::Stable;
}

void ClassicGroup::on_loaded(GroupHost& host) {
  for (const auto& [id, member] : members_) start_session(host, member, member.session_timeout);
  state_fact(host);
}

void ClassicGroup::unload(GroupHost& host) {
  host.step().cancel_timer(join_timer());
  host.step().cancel_timer(sync_timer());
  for (const auto& [id, number] : pending_) host.step().cancel_timer(session_timer(number));
  for (auto& [id, member] : members_) {
    if (member.awaiting_join) refuse_join(host, *member.awaiting_join, id, Error::NOT_COORDINATOR);
    member.awaiting_join.reset();
    answer_sync(host, member, Error::NOT_COORDINATOR);
    host.step().cancel_timer(session_timer(member.number));
  }
  pending_.clear();
  store_.reset();
  set_state(host, GroupState::Dead);
}

}  // namespace ktrial::model
