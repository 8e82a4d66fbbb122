// Roles of a voter and the moves between them (QuorumState of raft).
#include <algorithm>

#include "model/probes.h"
#include "model/quorum/quorum_node.h"

namespace ktrial::model {
namespace {
constexpr TimerId kRoleTimer{100}, kBeginTimer{103};
}

// Variant [K04]: the vote stays in memory and the rest of the state in the page cache.
void QuorumNode::persist(QuorumDisk& disk) {
  if (!variants_.on(Variant::vote))
    disk.state.write_and_sync(state_);
  else
    disk.state.write({state_.epoch, state_.leader, NodeId{}});
}

Nanos QuorumNode::random_election_timeout(Step& step) {
  return step.choose_duration(Choice::election_timeout, static_cast<std::uint32_t>(state_.epoch.value),
                              config_.election_timeout, config_.election_timeout * 2 - Nanos(1));
}

void QuorumNode::set_role_deadline(Step& step, Nanos deadline) {
  role_deadline_ = deadline;
  step.set_timer(kRoleTimer, deadline);
}

void QuorumNode::fatal(Step& step, Probe what) {
  failed_ = true;
  step.fact(ProbeHit{what});
  step.exit();
}

// What every change of role or epoch drops: requests in flight, parked fetches, the leader's and candidate's books.
void QuorumNode::enter(Step& step, Role role) {
  for (PeerChannel& peer : peers_) peer.forget();
  for (const ParkedFetch& p : parked_)
    step.send(p.connection, p.correlation,
              QuorumFetchResponse{.error = Error::NOT_LEADER_OR_FOLLOWER,
                                  .leader_epoch = state_.epoch,
                                  .leader = state_.leader,
                                  .high_watermark = {},
                                  .diverging_end_offset = {},
                                  .diverging_epoch = {},
                                  .batches = {}});
  parked_.clear();
  granted_.clear();
  rejected_.clear();
  unacknowledged_.clear();
  successors_.clear();
  replicas_.clear();
  fetched_.clear();
  accumulated_.clear();
  backing_off_ = false;
  role_ = role;
}

// A candidate keeps what is left of its election timeout (also while it backs off), and so does who was unattached
// before; everybody else draws a new one.
void QuorumNode::become_unattached(Step& step, QuorumDisk& disk, QuorumEpoch epoch) {
  std::optional<Nanos> left;
  if (role_ == Role::Candidate) left = election_deadline_;
  if (role_ == Role::Unattached || role_ == Role::Voted) left = role_deadline_;
  state_ = {epoch, NodeId{}, NodeId{}};
  persist(disk);
  enter(step, Role::Unattached);
  set_role_deadline(step, left ? *left : step.now + random_election_timeout(step));
}

void QuorumNode::become_candidate(Step& step, QuorumDisk& disk) {
  retries_ = role_ == Role::Candidate ? retries_ + 1 : 1;
  state_ = {state_.epoch + 1, NodeId{}, self_};
  persist(disk);
  enter(step, Role::Candidate);
  granted_.push_back(self_);
  step.fact(VoteGranted{state_.epoch, self_});
  set_role_deadline(step, election_deadline_ = step.now + random_election_timeout(step));
  if (granted_.size() >= majority()) become_leader(step, disk);
}

// binaryExponentialElectionBackoffMs: a random multiple of 100 ms, whose bound doubles with each try.
void QuorumNode::start_backoff(Step& step) {
  const std::uint64_t bound = std::uint64_t{2} << std::min(20, retries_ - 1);
  const std::uint64_t steps =
      step.choose(Choice::election_backoff, static_cast<std::uint32_t>(state_.epoch.value), 0, bound - 1);
  backing_off_ = true;
  set_role_deadline(step, step.now + std::min<Nanos>(milliseconds(100) * static_cast<std::int64_t>(steps),
                                                     config_.election_backoff_max));
}

void QuorumNode::become_leader(Step& step, QuorumDisk& disk) {
  state_ = {state_.epoch, self_, self_};
  persist(disk);
  enter(step, Role::Leader);
  epoch_start_ = disk.end_offset();
  for (const NodeId v : voters_)
    if (v != self_) {
      replicas_.push_back({v, Offset{}});
      unacknowledged_.push_back(v);
    }
  step.fact(QuorumLeaderElected{state_.epoch, epoch_start_});
  set_role_deadline(step, step.now + check_quorum_interval());
  schedule_begin(step);
  auto records = std::make_shared<std::vector<MetadataRecord>>();
  records->push_back(LeaderChangeRecord{self_});
  write_log(step, disk, {MetadataBatch{epoch_start_, state_.epoch, std::move(records)}});
  update_leader_high_watermark(step, disk);
}

void QuorumNode::schedule_begin(Step& step) {
  begin_at_ = step.now + config_.fetch_timeout / 2;
  step.set_timer(kBeginTimer, begin_at_);
}

void QuorumNode::become_follower(Step& step, QuorumDisk& disk, QuorumEpoch epoch, NodeId leader) {
  const NodeId voted = epoch == state_.epoch ? state_.voted : NodeId{};
  state_ = {epoch, leader, voted};
  persist(disk);
  enter(step, Role::Follower);
  step.fact(QuorumBecameFollower{epoch, leader});
  set_role_deadline(step, step.now + config_.fetch_timeout);
}

void QuorumNode::become_resigned(Step& step, QuorumDisk&) {
  std::vector<Replica> by_offset = replicas_;
  std::stable_sort(by_offset.begin(), by_offset.end(),
                   [](const Replica& a, const Replica& b) { return a.end_offset > b.end_offset; });
  enter(step, Role::Resigned);
  // A leader that resigns on boot knows of no end offsets and names nobody: then all start at once.
  for (const Replica& r : by_offset) successors_.push_back(r.id);
  for (const NodeId v : voters_)
    if (v != self_) unacknowledged_.push_back(v);
  step.fact(QuorumResigned{state_.epoch});
  set_role_deadline(step, step.now + random_election_timeout(step));
}

// Any message may tell of a newer epoch, or of this epoch's leader.
void QuorumNode::observe(Step& step, QuorumDisk& disk, QuorumEpoch epoch, NodeId leader) {
  if (epoch > state_.epoch) {
    if (leader.present() && leader != self_)
      become_follower(step, disk, epoch, leader);
    else
      become_unattached(step, disk, epoch);
  } else if (epoch == state_.epoch && leader.present() && leader != state_.leader) {
    if (state_.leader.present())
      fatal(step, Probe::two_quorum_leaders);
    else if (leader != self_)
      become_follower(step, disk, epoch, leader);
  }
}

void QuorumNode::on_role_deadline(Step& step, QuorumDisk& disk) {
  if (role_ == Role::Leader) {
    // [K05] without fetches of a majority the leader steps down; a single voter needs nobody.
    if (voters_.size() == 1) return;
    step.fact(ProbeHit{Probe::quorum_leader_resigned});
    return become_resigned(step, disk);
  }
  if (shutting_down_) return;  // waits for another leader
  if (role_ == Role::Candidate && !backing_off_) return start_backoff(step);
  become_candidate(step, disk);
}

// Boot rules: a former leader cannot lead its epoch again [K02].
void QuorumNode::start(Step& step, QuorumDisk& disk) {
  state_ = disk.state.read();
  step.fact(MetadataLoaded{disk.end_offset()});
  if (state_.epoch < disk.last_epoch()) {
    become_unattached(step, disk, disk.last_epoch());
  } else if (state_.leader == self_) {
    if (variants_.on(Variant::quorum_restart))
      become_leader(step, disk);
    else
      become_resigned(step, disk);
  } else if (state_.leader.present()) {
    become_follower(step, disk, state_.epoch, state_.leader);
  } else if (state_.voted == self_) {
    enter(step, Role::Candidate);
    granted_.push_back(self_);
    set_role_deadline(step, election_deadline_ = step.now + random_election_timeout(step));
  } else {
    role_ = state_.voted.present() ? Role::Voted : Role::Unattached;
    set_role_deadline(step, step.now + random_election_timeout(step));
  }
  if (voters_.size() == 1) become_candidate(step, disk);
  drive(step, disk);
}

void QuorumNode::begin_shutdown(Step& step, QuorumDisk& disk) {
  shutting_down_ = true;
  if (!is_leader()) return;
  become_resigned(step, disk);
  drive(step, disk);
}

// maybeCompleteShutdown
bool QuorumNode::shutdown_complete() const {
  return voters_.size() == 1 || (state_.leader.present() && state_.leader != self_);
}

bool QuorumNode::on_timer(Step& step, QuorumDisk& disk, TimerId timer) {
  if (timer.kind < 100 || timer.kind > 119) return false;
  if (failed_) return true;
  for (PeerChannel& peer : peers_) peer.on_timer(step, timer, config_);
  if (timer == kRoleTimer && step.now >= role_deadline_) {
    on_role_deadline(step, disk);
  } else if (timer == kLingerTimer && !accumulated_.empty() && step.now >= linger_until_) {
    drain(step, disk);
  } else if (timer == kBeginTimer && is_leader() && step.now >= begin_at_) {
    unacknowledged_.clear();
    for (const Replica& r : replicas_) unacknowledged_.push_back(r.id);
    schedule_begin(step);
  } else if (timer.kind == 104) {
    complete_fetches(step, disk);
  }
  drive(step, disk);
  return true;
}

}  // namespace ktrial::model
