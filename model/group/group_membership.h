// A consumer's membership of a classic group: how it joins, keeps alive, commits, and learns what it owns.
//
// Follows AbstractCoordinator and ConsumerCoordinator (Kafka 4.0) with the range assignor, an eager protocol: before a
// join the positions are committed (enable.auto.commit) and everything owned is revoked. A rebalance starts only in the
// application's poll(); heartbeats go on without it until max.poll.interval.ms is over, then the member leaves.
// Error answers are judged against the generation they were sent with (KAFKA-9823).
// Leaves out: cooperative rebalancing, static members, pattern subscriptions, the jitter of the retry backoff.
// Always holds: at most one JoinGroup or SyncGroup is in flight; owned() is empty whenever a JoinGroup is in flight;
// heartbeats and commits are sent only with a generation.
#pragma once

#include <boost/container/flat_map.hpp>
#include <vector>

#include "model/config.h"
#include "model/described.h"
#include "model/facts.h"
#include "model/messages.h"
#include "model/step.h"

namespace ktrial::model {

class MembershipHost {
 public:
  virtual ~MembershipHost() = default;
  virtual Step& step() = 0;
  // Ends in on_coordinator_found, never before this call returned.
  virtual void find_coordinator() = 0;
  // Ends in on_response with the same token, or in on_coordinator_lost. A JoinGroup may take the rebalance timeout.
  virtual void send_to_coordinator(std::uint32_t token, MessageBody body) = 0;
  virtual std::int32_t partition_count(TopicId topic) = 0;  // 0: unknown
  // SubscriptionState.allConsumed: the position of every owned partition that has one.
  virtual std::vector<CommittedOffset> positions_to_commit() = 0;
  virtual void on_assigned(const std::vector<TopicPartition>& partitions) = 0;
  virtual void on_revoked(const std::vector<TopicPartition>& partitions, bool lost) = 0;
  virtual void on_committed_offsets(const std::vector<CommittedOffset>& offsets) = 0;  // of what was assigned
  virtual void on_commit_result(const std::vector<CommittedOffset>& offsets, Error error) = 0;
};

enum class MemberState : std::uint8_t { UNJOINED, PREPARING_REBALANCE, COMPLETING_REBALANCE, STABLE };

// Timer kinds of this room at the member (420..439).
namespace membership_timer {
inline constexpr std::uint16_t heartbeat = 420;
inline constexpr std::uint16_t session = 421;
inline constexpr std::uint16_t max_poll = 422;
inline constexpr std::uint16_t join_backoff = 423;
inline constexpr std::uint16_t find_backoff = 424;
inline constexpr std::uint16_t offset_fetch_backoff = 425;
inline constexpr std::uint16_t commit_backoff = 426;
inline constexpr std::uint16_t prepare_deadline = 427;  // the commit before the revocation gives up
}  // namespace membership_timer

class GroupMembership {
 public:
  GroupMembership() = default;
  GroupMembership(GroupId group, std::vector<TopicId> subscription, const ConsumerConfig& config);

  // The application calls poll(). Everything that a rebalance does to it starts here.
  void poll(MembershipHost& host);
  // commit of positions_to_commit(), retried like commitSync; nothing while one is under way or without a generation.
  void commit(MembershipHost& host);
  // Commits, revokes and leaves, without waiting for answers.
  void close(MembershipHost& host);

  void on_coordinator_found(MembershipHost& host, Error error);
  void on_coordinator_lost(MembershipHost& host);  // the connection closed or a request timed out
  void on_response(MembershipHost& host, std::uint32_t token, const MessageBody& body);
  void on_timer(MembershipHost& host, TimerId timer);

  MemberState state() const { return state_; }
  GenerationId generation() const { return generation_; }
  MemberId member() const { return member_; }
  const std::vector<TopicPartition>& owned() const { return owned_; }
  bool committing() const { return commit_.active; }
  // Owned, positions known, and not about to revoke: the application may fetch and process.
  bool ready() const { return state_ == MemberState::STABLE && !rejoin_needed_ && !offsets_wanted_; }
  Error fatal_error() const { return fatal_; }  // not NONE: the member has given up

  KTRIAL_FIELDS(GroupMembership, group_, subscription_, config_, state_, generation_, member_, owned_,
                coordinator_known_, finding_, in_poll_, rejoin_needed_, join_prepare_needed_, preparing_,
                prepare_committed_, join_waits_, offsets_wanted_, offsets_wait_, closed_, max_poll_armed_, last_poll_,
                join_attempts_, find_attempts_, other_attempts_, commit_, fatal_, in_flight_, next_token_)
  KTRIAL_COUNTERS(GroupMembership, next_token_)
  KTRIAL_NUMBERS(GroupMembership, kMembershipNumbers, in_flight_)
  KTRIAL_MOMENTS(GroupMembership, last_poll_)

 private:
  enum class Kind : std::uint8_t { join, sync, heartbeat, commit, offset_fetch, leave };
  struct InFlight {
    Kind kind = Kind::heartbeat;
    GenerationId generation;
    MemberId member;
    KTRIAL_FIELDS(InFlight, kind, generation, member)
  };
  struct Commit {
    bool active = false;   // sent, or waiting for its retry
    bool waiting = false;  // for the coordinator or for the backoff
    bool backing_off = false;
    std::uint32_t token = 0;  // of the latest request
    std::vector<CommittedOffset> offsets;
    KTRIAL_FIELDS(Commit, active, waiting, backing_off, token, offsets)
    KTRIAL_NUMBERS(Commit, kMembershipNumbers, token)
  };

  TimerId timer(std::uint16_t kind) const { return {kind, 0, 0}; }
  Nanos backoff(std::int32_t attempts) const;
  void arm(MembershipHost& host, std::uint16_t kind, Nanos after) const;
  void send(MembershipHost& host, Kind kind, MessageBody body);
  bool in_flight(Kind kind) const;
  bool unchanged(const InFlight& sent) const { return sent.generation == generation_ && sent.member == member_; }

  void advance(MembershipHost& host);
  bool prepare_join(MembershipHost& host);  // true: done, the join may be sent
  void revoke(MembershipHost& host, bool lost);
  void own(std::vector<TopicPartition> assignment);
  void send_join(MembershipHost& host);
  void send_sync(MembershipHost& host, const JoinGroupResponse& join);
  void send_commit(MembershipHost& host);
  void fetch_offsets(MembershipHost& host);
  void start_heartbeats(MembershipHost& host);
  void stop_heartbeats(MembershipHost& host) const;

  void on_join(MembershipHost& host, const InFlight& sent, const JoinGroupResponse& response);
  void on_sync(MembershipHost& host, const InFlight& sent, const SyncGroupResponse& response);
  void on_heartbeat(MembershipHost& host, const InFlight& sent, Error error);
  void on_commit(MembershipHost& host, const InFlight& sent, std::uint32_t token, Error error);
  void on_offset_fetch(MembershipHost& host, const InFlight& sent, const OffsetFetchResponse& response);
  void finish_commit(MembershipHost& host, Error error);

  void coordinator_unknown(MembershipHost& host);
  void reset_generation(MembershipHost& host, bool also_member_id);
  void join_failed(MembershipHost& host, bool at_once);
  void leave_by_poll_timeout(MembershipHost& host);

  GroupId group_;
  std::vector<TopicId> subscription_;
  ConsumerConfig config_;
  MemberState state_ = MemberState::UNJOINED;
  GenerationId generation_;
  MemberId member_;
  std::vector<TopicPartition> owned_;
  bool coordinator_known_ = false;
  bool finding_ = false;  // asked, or waiting to ask again
  bool in_poll_ = false;  // poll() has begun a join that goes on with every answer
  bool rejoin_needed_ = true;
  bool join_prepare_needed_ = true;
  bool preparing_ = false;  // for the revocation
  bool prepare_committed_ = false;
  bool join_waits_ = false;  // for its backoff
  bool offsets_wanted_ = false;
  bool offsets_wait_ = false;  // for the backoff of OffsetFetch
  bool closed_ = false;
  bool max_poll_armed_ = false;
  Nanos last_poll_{0};
  std::int32_t join_attempts_ = 0;
  std::int32_t find_attempts_ = 0;
  std::int32_t other_attempts_ = 0;
  Commit commit_;
  Error fatal_ = Error::NONE;
  boost::container::flat_map<std::uint32_t, InFlight> in_flight_;
  std::uint32_t next_token_ = static_cast<std::uint32_t>(kFirstMembershipNumber);
};

}  // namespace ktrial::model
