// What a voter answers to others (KafkaRaftClient.handle...Request of raft).
#include <algorithm>

#include "model/probes.h"
#include "model/quorum/quorum_node.h"

namespace ktrial::model {

void QuorumNode::on_vote(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id, const VoteRequest& r) {
  const auto reply = [&](Error error, bool granted) {
    step.send(c, id, VoteResponse{error, state_.leader, state_.epoch, granted});
  };
  if (r.candidate_epoch < state_.epoch) return reply(Error::FENCED_LEADER_EPOCH, false);
  if (r.last_offset_epoch >= r.candidate_epoch) return reply(Error::INVALID_REQUEST, false);
  if (r.candidate_epoch > state_.epoch) become_unattached(step, disk, r.candidate_epoch);
  if (r.voter != self_) return reply(Error::INVALID_VOTER_KEY, false);
  if (role_ == Role::Voted) return reply(Error::NONE, state_.voted == r.candidate);
  if (role_ != Role::Unattached) return reply(Error::NONE, false);
  const bool up_to_date = r.last_offset_epoch > disk.last_epoch() ||
                          (r.last_offset_epoch == disk.last_epoch() && r.last_offset >= disk.end_offset());
  if (!up_to_date) return reply(Error::NONE, false);
  state_.voted = r.candidate;
  persist(disk);
  role_ = Role::Voted;
  set_role_deadline(step, step.now + random_election_timeout(step));
  step.fact(VoteGranted{state_.epoch, r.candidate});
  reply(Error::NONE, true);
}

void QuorumNode::on_begin(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id,
                          const BeginQuorumEpochRequest& r) {
  Error error = Error::NONE;
  // One that follows this leader already takes no note: only an answered fetch puts off its election.
  if (r.leader_epoch < state_.epoch)
    error = Error::FENCED_LEADER_EPOCH;
  else
    observe(step, disk, r.leader_epoch, r.leader);
  if (!failed_) step.send(c, id, BeginQuorumEpochResponse{error, state_.leader, state_.epoch});
}

void QuorumNode::on_end(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id, const EndQuorumEpochRequest& r) {
  Error error = Error::NONE;
  if (r.leader_epoch < state_.epoch) {
    error = Error::FENCED_LEADER_EPOCH;
  } else {
    observe(step, disk, r.leader_epoch, r.leader);
    if (!failed_ && role_ == Role::Follower && state_.leader == r.leader) {
      // strictExponentialElectionBackoffMs: the first successor starts an election at once, the others later the
      // further down they stand, one that is not named last.
      const auto at = std::find(r.preferred_successors.begin(), r.preferred_successors.end(), self_);
      const auto position = at - r.preferred_successors.begin();
      const auto count = static_cast<std::ptrdiff_t>(r.preferred_successors.size());
      Nanos wait{0};
      if (position > 0)
        wait = config_.election_backoff_max / (std::int64_t{1} << std::clamp<std::ptrdiff_t>(count - position, 0, 20));
      set_role_deadline(step, step.now + wait);
    }
  }
  if (!failed_) step.send(c, id, EndQuorumEpochResponse{error, state_.leader, state_.epoch});
}

void QuorumNode::answer_fetch(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id,
                              const QuorumFetchRequest& r, Error error) {
  QuorumFetchResponse response;
  response.error = error;
  response.leader_epoch = state_.epoch;
  response.leader = state_.leader;
  if (error == Error::NONE) {
    response.high_watermark = high_watermark_;
    const auto& log = disk.log.items();
    for (std::size_t i = batches_before(log, r.fetch_offset); i < log.size(); ++i) response.batches.push_back(log[i]);
  }
  step.send(c, id, std::move(response));
}

void QuorumNode::on_fetch(Step& step, QuorumDisk& disk, ConnectionId c, std::int32_t id, const QuorumFetchRequest& r) {
  Error error = Error::NONE;
  if (r.current_leader_epoch < state_.epoch)
    error = Error::FENCED_LEADER_EPOCH;
  else if (r.current_leader_epoch > state_.epoch)
    error = Error::UNKNOWN_LEADER_EPOCH;
  else if (!is_leader())
    error = Error::NOT_LEADER_OR_FOLLOWER;
  if (error != Error::NONE) return answer_fetch(step, disk, c, id, r, error);

  const EpochEnd own = end_of_epoch(disk.log.items(), r.last_fetched_epoch);
  if (r.fetch_offset > kFirstOffset && (own.epoch != r.last_fetched_epoch || own.end < r.fetch_offset)) {
    QuorumFetchResponse response;
    response.leader_epoch = state_.epoch;
    response.leader = self_;
    response.high_watermark = high_watermark_;
    response.diverging_end_offset = own.end;
    response.diverging_epoch = own.epoch;
    step.send(c, id, std::move(response));
    return;
  }
  note_fetch(step, r.replica_id, r.fetch_offset);
  update_leader_high_watermark(step, disk);
  if (r.fetch_offset < disk.end_offset() || r.max_wait <= Nanos(0)) return answer_fetch(step, disk, c, id, r, error);
  parked_.push_back({c, id, r, step.now + r.max_wait});
  step.set_timer(TimerId{104, 0, static_cast<std::uint32_t>(r.replica_id.value)}, step.now + r.max_wait);
}

// A fetch from an offset says that everything before it is durable there. It may say less than the last one did (a
// disk has lost data): the high watermark does not go back, but what follows is counted from here.
void QuorumNode::note_fetch(Step& step, NodeId id, Offset end) {
  for (Replica& r : replicas_) {
    if (r.id != id) continue;
    if (end < r.end_offset) step.fact(ProbeHit{Probe::voter_fetch_offset_went_back});
    r.end_offset = end;
    if (std::find(fetched_.begin(), fetched_.end(), id) == fetched_.end()) fetched_.push_back(id);
    if (fetched_.size() + 1 >= majority()) {
      fetched_.clear();
      set_role_deadline(step, step.now + check_quorum_interval());
    }
  }
}

void QuorumNode::complete_fetches(Step& step, QuorumDisk& disk) {
  std::vector<ParkedFetch> due;
  for (const ParkedFetch& p : parked_)
    if (p.request.fetch_offset < disk.end_offset() || step.now >= p.deadline) due.push_back(p);
  std::erase_if(parked_, [&](const ParkedFetch& p) {
    return p.request.fetch_offset < disk.end_offset() || step.now >= p.deadline;
  });
  for (const ParkedFetch& p : due) answer_fetch(step, disk, p.connection, p.correlation, p.request, Error::NONE);
}

}  // namespace ktrial::model
