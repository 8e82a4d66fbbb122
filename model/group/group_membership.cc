#include "model/group/group_membership.h"

#include <algorithm>

#include "model/group/assignor.h"

namespace ktrial::model {

GroupMembership::GroupMembership(GroupId group, std::vector<TopicId> subscription, const ConsumerConfig& config)
    : group_(std::move(group)), subscription_(std::move(subscription)), config_(config) {
  std::ranges::sort(subscription_);
}

Nanos GroupMembership::backoff(std::int32_t attempts) const {
  Nanos wait = config_.retry_backoff;
  for (std::int32_t i = 0; i < attempts && wait < config_.retry_backoff_max; ++i) wait *= 2;
  return std::min(wait, config_.retry_backoff_max);
}

void GroupMembership::arm(MembershipHost& host, std::uint16_t kind, Nanos after) const {
  host.step().set_timer(timer(kind), host.step().now + after);
}

void GroupMembership::send(MembershipHost& host, Kind kind, MessageBody body) {
  const std::uint32_t token = next_token_++;
  in_flight_[token] = {kind, generation_, member_};
  host.send_to_coordinator(token, std::move(body));
}

bool GroupMembership::in_flight(Kind kind) const {
  for (const auto& [token, sent] : in_flight_)
    if (sent.kind == kind) return true;
  return false;
}

// ---- The application's calls

void GroupMembership::poll(MembershipHost& host) {
  if (closed_ || fatal_ != Error::NONE) return;
  last_poll_ = host.step().now;
  if (!max_poll_armed_) arm(host, membership_timer::max_poll, config_.max_poll_interval);
  max_poll_armed_ = true;
  in_poll_ = true;
  advance(host);
  if (!rejoin_needed_) in_poll_ = false;
}

void GroupMembership::commit(MembershipHost& host) {
  // generationIfStable: during a rebalance the commit before the revocation is the one that counts.
  if (closed_ || commit_.active || state_ != MemberState::STABLE || !generation_.present()) return;
  commit_.offsets = host.positions_to_commit();
  if (commit_.offsets.empty()) return;
  commit_.active = true;
  send_commit(host);
}

void GroupMembership::close(MembershipHost& host) {
  if (closed_) return;
  if (config_.enable_auto_commit && state_ == MemberState::STABLE && coordinator_known_ && !commit_.active)
    commit(host);
  revoke(host, !generation_.present());
  if (coordinator_known_ && member_.present()) send(host, Kind::leave, LeaveGroupRequest{group_, member_});
  closed_ = true;
  state_ = MemberState::UNJOINED;
  stop_heartbeats(host);
  for (std::uint16_t kind = membership_timer::max_poll; kind <= membership_timer::prepare_deadline; ++kind)
    host.step().cancel_timer(timer(kind));
}

// ---- Getting into the group

void GroupMembership::advance(MembershipHost& host) {
  if (closed_ || fatal_ != Error::NONE) return;
  if (!coordinator_known_) {
    // A generation that is lost is told to the application even when nobody can be asked for a new one.
    if (in_poll_ && rejoin_needed_ && join_prepare_needed_ && !generation_.present()) prepare_join(host);
    if (!finding_) {
      finding_ = true;
      host.find_coordinator();
    }
    return;
  }
  if (commit_.active && commit_.waiting && !commit_.backing_off) send_commit(host);
  if (!rejoin_needed_) {
    in_poll_ = false;
    return fetch_offsets(host);
  }
  if (!in_poll_ || join_waits_ || in_flight(Kind::join) || in_flight(Kind::sync)) return;
  if (join_prepare_needed_ && !prepare_join(host)) return;
  send_join(host);
}

bool GroupMembership::prepare_join(MembershipHost& host) {
  if (generation_.present() && !owned_.empty()) {
    if (!preparing_) {
      preparing_ = true;
      prepare_committed_ = !config_.enable_auto_commit;
      arm(host, membership_timer::prepare_deadline, config_.max_poll_interval);
    }
    // A commit that is under way knows older positions; the one of the preparation follows it.
    if (!prepare_committed_ && !commit_.active) {
      prepare_committed_ = true;
      commit(host);
    }
    // An error answer may have begun the next attempt from within commit(); the state is looked at anew.
    if (commit_.active && generation_.present()) return false;
  }
  host.step().cancel_timer(timer(membership_timer::prepare_deadline));
  preparing_ = false;
  join_prepare_needed_ = false;
  revoke(host, !generation_.present());
  return true;
}

void GroupMembership::revoke(MembershipHost& host, bool lost) {
  offsets_wanted_ = false;
  // Variant owned_partitions: who has lost its membership is not told to give anything up.
  if (owned_.empty() || (lost && config_.variants.on(Variant::owned_partitions))) return;
  const auto gone = std::move(owned_);
  owned_.clear();
  host.step().fact(PartitionsRevoked{group_, generation_, gone, lost});
  host.on_revoked(gone, lost);
}

void GroupMembership::send_join(MembershipHost& host) {
  state_ = MemberState::PREPARING_REBALANCE;
  stop_heartbeats(host);
  JoinGroupRequest request;
  request.group = group_;
  request.session_timeout = config_.session_timeout;
  request.rebalance_timeout = config_.max_poll_interval;
  request.member = member_;
  request.subscription = subscription_;
  send(host, Kind::join, std::move(request));
}

// The join or the sync came to nothing; it is tried again from the join.
void GroupMembership::join_failed(MembershipHost& host, bool at_once) {
  state_ = MemberState::UNJOINED;
  stop_heartbeats(host);
  rejoin_needed_ = true;
  if (!at_once) {
    join_waits_ = true;
    arm(host, membership_timer::join_backoff, backoff(join_attempts_++));
  }
  advance(host);
}

void GroupMembership::on_join(MembershipHost& host, const InFlight& sent, const JoinGroupResponse& response) {
  if (state_ != MemberState::PREPARING_REBALANCE) return;
  switch (response.error) {
    case Error::NONE:
      generation_ = response.generation;
      member_ = response.member;
      state_ = MemberState::COMPLETING_REBALANCE;
      join_attempts_ = 0;
      start_heartbeats(host);
      return send_sync(host, response);
    case Error::MEMBER_ID_REQUIRED:
      member_ = response.member;
      generation_ = {};
      return join_failed(host, true);
    case Error::UNKNOWN_MEMBER_ID:
    case Error::ILLEGAL_GENERATION:
      if (unchanged(sent)) reset_generation(host, response.error == Error::UNKNOWN_MEMBER_ID);
      return join_failed(host, true);
    case Error::REBALANCE_IN_PROGRESS:
      return join_failed(host, true);
    case Error::COORDINATOR_LOAD_IN_PROGRESS:
      return join_failed(host, false);
    case Error::COORDINATOR_NOT_AVAILABLE:
    case Error::NOT_COORDINATOR:
      coordinator_unknown(host);
      return join_failed(host, false);
    default:
      if (retriable(response.error)) return join_failed(host, false);
      fatal_ = response.error;
      state_ = MemberState::UNJOINED;
      stop_heartbeats(host);
  }
}

void GroupMembership::send_sync(MembershipHost& host, const JoinGroupResponse& join) {
  SyncGroupRequest request{group_, generation_, member_, {}};
  if (join.leader == member_) {
    std::vector<TopicId> topics;
    for (const auto& m : join.members) topics.insert(topics.end(), m.subscription.begin(), m.subscription.end());
    std::ranges::sort(topics);
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
    std::vector<TopicSize> sizes;
    for (TopicId topic : topics) sizes.push_back({topic, host.partition_count(topic)});
    request.assignments = assign_range(join.members, std::move(sizes));
  }
  send(host, Kind::sync, std::move(request));
}

void GroupMembership::own(std::vector<TopicPartition> assignment) {
  if (config_.variants.on(Variant::owned_partitions))
    for (const TopicPartition tp : owned_)
      if (std::ranges::find(assignment, tp) == assignment.end()) assignment.push_back(tp);
  owned_ = std::move(assignment);
}

void GroupMembership::on_sync(MembershipHost& host, const InFlight& sent, const SyncGroupResponse& response) {
  switch (response.error) {
    case Error::NONE:
      if (!unchanged(sent) || state_ != MemberState::COMPLETING_REBALANCE) return join_failed(host, true);
      state_ = MemberState::STABLE;
      rejoin_needed_ = false;
      join_prepare_needed_ = true;
      in_poll_ = false;
      own(response.assignment);
      offsets_wanted_ = !owned_.empty();
      offsets_wait_ = false;
      host.step().fact(PartitionsAssigned{group_, generation_, owned_});
      host.on_assigned(owned_);
      return fetch_offsets(host);
    case Error::REBALANCE_IN_PROGRESS:
      return join_failed(host, true);
    case Error::UNKNOWN_MEMBER_ID:
    case Error::ILLEGAL_GENERATION:
      if (unchanged(sent)) reset_generation(host, response.error == Error::UNKNOWN_MEMBER_ID);
      return join_failed(host, true);
    case Error::COORDINATOR_NOT_AVAILABLE:
    case Error::NOT_COORDINATOR:
      coordinator_unknown(host);
      return join_failed(host, false);
    default:
      return join_failed(host, false);
  }
}

// ---- Losing the membership

void GroupMembership::reset_generation(MembershipHost& host, bool also_member_id) {
  generation_ = {};
  if (also_member_id) member_ = {};
  state_ = MemberState::UNJOINED;
  rejoin_needed_ = true;
  join_prepare_needed_ = true;
  stop_heartbeats(host);
  finish_commit(host, Error::REBALANCE_IN_PROGRESS);  // never to be repeated in another generation
}

void GroupMembership::leave_by_poll_timeout(MembershipHost& host) {
  if (closed_ || fatal_ != Error::NONE) return;
  // A member that rebalances is inside poll(): the interval counts from its return.
  if (in_poll_) last_poll_ = host.step().now;
  // The timer is not moved with every poll, but looks at the last one when it fires.
  if (const Nanos left = last_poll_ + config_.max_poll_interval - host.step().now; left > Nanos(0))
    return arm(host, membership_timer::max_poll, left);
  max_poll_armed_ = false;
  if (!generation_.present()) return;
  if (coordinator_known_ && member_.present()) send(host, Kind::leave, LeaveGroupRequest{group_, member_});
  reset_generation(host, true);  // the application hears of it in its next poll
}

void GroupMembership::coordinator_unknown(MembershipHost& host) {
  if (!coordinator_known_) return;
  coordinator_known_ = false;
  auto lost = std::move(in_flight_);
  in_flight_.clear();
  bool join_lost = false;
  for (const auto& [token, sent] : lost) {
    if (sent.kind == Kind::join || sent.kind == Kind::sync) join_lost = true;
    if (sent.kind == Kind::commit && commit_.active && commit_.token == token) commit_.waiting = true;
  }
  if (join_lost) {
    state_ = MemberState::UNJOINED;
    rejoin_needed_ = true;
    stop_heartbeats(host);
  }
}

void GroupMembership::on_coordinator_lost(MembershipHost& host) {
  coordinator_unknown(host);
  advance(host);
}

void GroupMembership::on_coordinator_found(MembershipHost& host, Error error) {
  if (error == Error::NONE) {
    finding_ = false;
    find_attempts_ = 0;
    coordinator_known_ = true;
    if (state_ == MemberState::STABLE || state_ == MemberState::COMPLETING_REBALANCE) start_heartbeats(host);
    return advance(host);
  }
  if (!retriable(error)) {
    fatal_ = error;
    return;
  }
  arm(host, membership_timer::find_backoff, backoff(find_attempts_++));
}

// ---- Heartbeats

void GroupMembership::start_heartbeats(MembershipHost& host) {
  arm(host, membership_timer::heartbeat, config_.heartbeat_interval);
  arm(host, membership_timer::session, config_.session_timeout);
}

void GroupMembership::stop_heartbeats(MembershipHost& host) const {
  host.step().cancel_timer(timer(membership_timer::heartbeat));
  host.step().cancel_timer(timer(membership_timer::session));
}

void GroupMembership::on_heartbeat(MembershipHost& host, const InFlight& sent, Error error) {
  switch (error) {
    case Error::NONE:
      if (unchanged(sent) && state_ != MemberState::UNJOINED && state_ != MemberState::PREPARING_REBALANCE)
        arm(host, membership_timer::session, config_.session_timeout);
      return;
    case Error::COORDINATOR_NOT_AVAILABLE:
    case Error::NOT_COORDINATOR:
      coordinator_unknown(host);
      return advance(host);
    case Error::REBALANCE_IN_PROGRESS:
      if (state_ != MemberState::STABLE || !unchanged(sent)) return;
      arm(host, membership_timer::session, config_.session_timeout);
      rejoin_needed_ = true;  // the next poll prepares the join
      return;
    case Error::ILLEGAL_GENERATION:
    case Error::UNKNOWN_MEMBER_ID:
      // An answer to an older generation says nothing about this one (G05).
      if (unchanged(sent)) reset_generation(host, error == Error::UNKNOWN_MEMBER_ID);
      return advance(host);
    default:
      if (!retriable(error)) fatal_ = error;
  }
}

// ---- Answers and timers

void GroupMembership::on_response(MembershipHost& host, std::uint32_t token, const MessageBody& body) {
  const auto found = in_flight_.find(token);
  if (found == in_flight_.end() || closed_) return;
  const InFlight sent = found->second;
  in_flight_.erase(found);
  if (const auto* join = std::get_if<JoinGroupResponse>(&body)) return on_join(host, sent, *join);
  if (const auto* sync = std::get_if<SyncGroupResponse>(&body)) return on_sync(host, sent, *sync);
  if (const auto* beat = std::get_if<HeartbeatResponse>(&body)) return on_heartbeat(host, sent, beat->error);
  if (const auto* commit = std::get_if<OffsetCommitResponse>(&body)) return on_commit(host, sent, token, commit->error);
  if (const auto* offsets = std::get_if<OffsetFetchResponse>(&body)) return on_offset_fetch(host, sent, *offsets);
}

void GroupMembership::on_timer(MembershipHost& host, TimerId t) {
  if (closed_) return;
  switch (t.kind) {
    case membership_timer::heartbeat:
      if (state_ != MemberState::STABLE && state_ != MemberState::COMPLETING_REBALANCE) return;
      arm(host, membership_timer::heartbeat, config_.heartbeat_interval);
      if (!coordinator_known_) return advance(host);
      if (!in_flight(Kind::heartbeat)) send(host, Kind::heartbeat, HeartbeatRequest{group_, generation_, member_});
      return;
    case membership_timer::session:  // no heartbeat was answered: perhaps the coordinator is another one
      return on_coordinator_lost(host);
    case membership_timer::max_poll:
      return leave_by_poll_timeout(host);
    case membership_timer::join_backoff:
      join_waits_ = false;
      return advance(host);
    case membership_timer::find_backoff:
      finding_ = false;
      return advance(host);
    case membership_timer::offset_fetch_backoff:
      offsets_wait_ = false;
      return advance(host);
    case membership_timer::commit_backoff:
      commit_.backing_off = false;
      if (commit_.active && commit_.waiting) send_commit(host);
      return;
    case membership_timer::prepare_deadline:
      prepare_committed_ = true;
      if (preparing_) finish_commit(host, Error::REQUEST_TIMED_OUT);
      return advance(host);
    default:
      return;
  }
}

}  // namespace ktrial::model
