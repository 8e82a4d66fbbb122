// A voter of the metadata quorum: Raft with pull replication.
//
// Follows KafkaRaftClient, QuorumState and LeaderState (raft). Roles are persisted before any message of the role.
// Leaves out: pre-vote (KIP-996), snapshots, voter changes (KIP-853), cluster ids. A fetch waits for records
// only, as up to 4.0 (KIP-1166 would also wake it for a higher watermark).
// Always holds, with the default variants: one vote an epoch; the leader counts of its own log what it synced and
// of another's what that one fetched past; the high watermark only rises and, as leader, first by a record of its
// epoch. What Kafka calls a fatal fault (truncation below the high watermark, a second leader in an epoch) states a
// ProbeHit and ends the process.
#pragma once

#include <optional>
#include <vector>

#include "model/config.h"
#include "model/described.h"
#include "model/quorum/peer_channel.h"
#include "model/quorum/quorum_disk.h"
#include "model/step.h"

namespace ktrial::model {

inline constexpr TimerId kLingerTimer{102};

class QuorumNode {
 public:
  enum class Role : std::uint8_t { Unattached, Voted, Candidate, Leader, Follower, Resigned };

  QuorumNode(NodeId self, std::vector<NodeId> voters, const QuorumConfig& config, const Variants& variants);

  void start(Step& step, QuorumDisk& disk);
  // Each says whether the input was the quorum's own.
  bool on_message(Step& step, QuorumDisk& disk, ConnectionId connection, const Message& message);
  bool on_closed(Step& step, QuorumDisk& disk, ConnectionId connection);
  bool on_timer(Step& step, QuorumDisk& disk, TimerId timer);

  // As leader: the base offset that the records will have. They reach the log as one batch when the linger ends.
  std::optional<Offset> append(Step& step, QuorumDisk& disk, std::vector<MetadataRecord> records);
  // Where the next append() will stand.
  Offset next_append_offset(const QuorumDisk& disk) const;
  // Batches that became committed since the last call, in order.
  std::vector<MetadataBatch> take_committed(const QuorumDisk& disk);
  // A leader resigns and tells the others (EndQuorumEpoch). From now on no role starts an election.
  void begin_shutdown(Step& step, QuorumDisk& disk);
  // Nothing is left to wait for: another one leads, or nobody else could.
  bool shutdown_complete() const;

  Role role() const { return role_; }
  bool is_leader() const { return role_ == Role::Leader; }
  NodeId leader() const { return state_.leader; }
  QuorumEpoch epoch() const { return state_.epoch; }
  Offset high_watermark() const { return high_watermark_; }
  Offset epoch_start_offset() const { return epoch_start_; }  // as leader: the LeaderChange record's offset

  KTRIAL_FIELDS(QuorumNode, self_, voters_, config_, variants_, failed_, role_, state_, role_deadline_, shutting_down_,
                backing_off_, election_deadline_, retries_, peers_, next_correlation_, granted_, rejected_,
                unacknowledged_, successors_, replicas_, fetched_, parked_, accumulated_, linger_until_, begin_at_,
                epoch_start_, high_watermark_, taken_)
  KTRIAL_COUNTERS(QuorumNode, next_correlation_)
  KTRIAL_DEADLINES(QuorumNode, role_deadline_, election_deadline_, linger_until_, begin_at_)

 private:
  struct Replica {  // as leader: what is known of another voter
    NodeId id;
    Offset end_offset;
    KTRIAL_FIELDS(Replica, id, end_offset)
  };
  struct ParkedFetch {
    ConnectionId connection;
    std::int32_t correlation;
    QuorumFetchRequest request;
    Nanos deadline;
    KTRIAL_FIELDS(ParkedFetch, connection, correlation, request, deadline)
    KTRIAL_CORRELATIONS(ParkedFetch, correlation)
    KTRIAL_DEADLINES(ParkedFetch, deadline)
  };

  // quorum_roles.cc
  void persist(QuorumDisk& disk);
  void enter(Step& step, Role role);
  void become_unattached(Step& step, QuorumDisk& disk, QuorumEpoch epoch);
  void become_candidate(Step& step, QuorumDisk& disk);
  void become_leader(Step& step, QuorumDisk& disk);
  void become_follower(Step& step, QuorumDisk& disk, QuorumEpoch epoch, NodeId leader);
  void become_resigned(Step& step, QuorumDisk& disk);
  void observe(Step& step, QuorumDisk& disk, QuorumEpoch epoch, NodeId leader);
  void start_backoff(Step& step);
  void schedule_begin(Step& step);
  void set_role_deadline(Step& step, Nanos deadline);
  void on_role_deadline(Step& step, QuorumDisk& disk);
  void fatal(Step& step, Probe what);
  Nanos random_election_timeout(Step& step);

  // quorum_requests.cc
  void on_vote(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id, const VoteRequest& r);
  void on_begin(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id, const BeginQuorumEpochRequest& r);
  void on_end(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id, const EndQuorumEpochRequest& r);
  void on_fetch(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id, const QuorumFetchRequest& r);
  void answer_fetch(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id, const QuorumFetchRequest& r,
                    Error error);
  void complete_fetches(Step& step, QuorumDisk& disk);
  void note_fetch(Step& step, NodeId replica, Offset end);

  // quorum_node.cc
  void drive(Step& step, QuorumDisk& disk);
  void send(Step& step, PeerChannel& peer, MessageBody body);
  void on_vote_response(Step& step, QuorumDisk& disk, PeerChannel& peer, const VoteResponse& r);
  void on_fetch_response(Step& step, QuorumDisk& disk, PeerChannel& peer, const QuorumFetchResponse& r);
  bool truncate(Step& step, QuorumDisk& disk, Offset end);
  void write_log(Step& step, QuorumDisk& disk, std::vector<MetadataBatch> batches);
  void drain(Step& step, QuorumDisk& disk);
  void update_leader_high_watermark(Step& step, const QuorumDisk& disk);
  void advance_high_watermark(Step& step, Offset to);
  std::size_t majority() const { return voters_.size() / 2 + 1; }
  Nanos check_quorum_interval() const { return config_.fetch_timeout * 3 / 2; }

  NodeId self_;
  std::vector<NodeId> voters_;
  QuorumConfig config_;
  Variants variants_;

  bool failed_ = false;
  Role role_ = Role::Unattached;
  QuorumState state_;
  Nanos role_deadline_{0};
  bool shutting_down_ = false;
  bool backing_off_ = false;    // as Candidate
  Nanos election_deadline_{0};  // as Candidate: of the election itself, not of the backoff after it
  std::int32_t retries_ = 1;    // as Candidate: elections in a row
  std::vector<PeerChannel> peers_;
  std::int32_t next_correlation_ = 0;
  std::vector<NodeId> granted_, rejected_;  // as Candidate
  std::vector<NodeId> unacknowledged_;      // to be told BeginQuorumEpoch as Leader, EndQuorumEpoch as Resigned
  std::vector<NodeId> successors_;          // as Resigned
  std::vector<Replica> replicas_;           // as Leader
  std::vector<NodeId> fetched_;             // as Leader: in the current check-quorum round
  std::vector<ParkedFetch> parked_;
  std::vector<MetadataBatch> accumulated_;  // as Leader: appended, lingering
  Nanos linger_until_{0};
  Nanos begin_at_{0};
  Offset epoch_start_{0};
  Offset high_watermark_{0};
  Offset taken_{0};
};

}  // namespace ktrial::model
