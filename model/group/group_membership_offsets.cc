// The part of GroupMembership that commits offsets and fetches committed ones.
#include "model/group/group_membership.h"

namespace ktrial::model {

void GroupMembership::send_commit(MembershipHost& host) {
  commit_.waiting = !coordinator_known_;
  if (!coordinator_known_) return advance(host);
  if (!generation_.present()) return finish_commit(host, Error::REBALANCE_IN_PROGRESS);
  host.step().cancel_timer(timer(membership_timer::commit_backoff));
  commit_.token = next_token_;
  send(host, Kind::commit, OffsetCommitRequest{group_, generation_, member_, commit_.offsets});
}

void GroupMembership::finish_commit(MembershipHost& host, Error error) {
  if (!commit_.active) return;
  const auto offsets = std::move(commit_.offsets);
  commit_ = {};
  other_attempts_ = 0;
  host.step().cancel_timer(timer(membership_timer::commit_backoff));
  host.on_commit_result(offsets, error);
}

void GroupMembership::on_commit(MembershipHost& host, const InFlight& sent, std::uint32_t token, Error error) {
  if (!commit_.active || commit_.token != token) return;
  switch (error) {
    case Error::COORDINATOR_NOT_AVAILABLE:
    case Error::NOT_COORDINATOR:
    case Error::REQUEST_TIMED_OUT:
      coordinator_unknown(host);
      [[fallthrough]];
    case Error::COORDINATOR_LOAD_IN_PROGRESS:
    case Error::UNKNOWN_TOPIC_OR_PARTITION:
      commit_.waiting = commit_.backing_off = true;
      arm(host, membership_timer::commit_backoff, backoff(other_attempts_++));
      if (!coordinator_known_) advance(host);
      return;
    case Error::REBALANCE_IN_PROGRESS:
      rejoin_needed_ = true;
      break;
    case Error::UNKNOWN_MEMBER_ID:
    case Error::ILLEGAL_GENERATION:
      if (unchanged(sent)) reset_generation(host, error == Error::UNKNOWN_MEMBER_ID);
      break;
    default:
      break;
  }
  finish_commit(host, error);
  advance(host);
}

void GroupMembership::fetch_offsets(MembershipHost& host) {
  if (!offsets_wanted_ || offsets_wait_ || !coordinator_known_ || in_flight(Kind::offset_fetch)) return;
  send(host, Kind::offset_fetch, OffsetFetchRequest{group_, owned_});
}

void GroupMembership::on_offset_fetch(MembershipHost& host, const InFlight& sent, const OffsetFetchResponse& response) {
  if (!offsets_wanted_) return;
  if (!unchanged(sent)) return fetch_offsets(host);  // asked for an assignment that is gone
  if (response.error == Error::NONE) {
    offsets_wanted_ = false;
    other_attempts_ = 0;
    for (const CommittedOffset& c : response.offsets)
      host.step().fact(CommittedOffsetFetched{group_, c.partition, c.offset});
    return host.on_committed_offsets(response.offsets);
  }
  if (response.error == Error::NOT_COORDINATOR || response.error == Error::COORDINATOR_NOT_AVAILABLE)
    coordinator_unknown(host);
  else if (!retriable(response.error))
    fatal_ = response.error;
  offsets_wait_ = true;
  arm(host, membership_timer::offset_fetch_backoff, backoff(other_attempts_++));
  advance(host);
}

}  // namespace ktrial::model
