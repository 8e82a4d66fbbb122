#include "model/quorum/metadata_observer.h"

#include <algorithm>

#include "model/probes.h"

namespace ktrial::model {
namespace {
constexpr std::uint16_t kObserverPeerTimer = 120;
constexpr TimerId kFetchTimer{121};
}  // namespace

MetadataObserver::MetadataObserver(NodeId self, std::vector<NodeId> voters, const QuorumConfig& config,
                                   const Variants& variants)
    : self_(self), config_(config), waits_for_commit_(!variants.on(Variant::metadata_apply)) {
  std::sort(voters.begin(), voters.end());
  for (const NodeId v : voters) peers_.emplace_back(v, kObserverPeerTimer);
}

void MetadataObserver::start(Step& step) {
  ask_any_voter(step);
  drive(step);
}

void MetadataObserver::ask_any_voter(Step& step) {
  asked_ = peers_[step.choose(Choice::bootstrap_server, attempts_++, 0, peers_.size() - 1)].peer();
}

void MetadataObserver::heard_of_leader(Step& step) {
  fetch_deadline_ = step.now + config_.fetch_timeout;
  step.set_timer(kFetchTimer, fetch_deadline_);
}

void MetadataObserver::drive(Step& step) {
  const NodeId target = leader_.present() && !leader_failed_ && step.now < fetch_deadline_ ? leader_ : asked_;
  for (PeerChannel& peer : peers_)
    if (peer.peer() == target && peer.ready(step.now))
      peer.send(step, next_correlation_++,
                QuorumFetchRequest{self_, epoch_, end_offset(log_), last_epoch(log_), config_.fetch_max_wait}, config_);
}

bool MetadataObserver::on_message(Step& step, ConnectionId connection, const Message& message) {
  const auto* r = std::get_if<QuorumFetchResponse>(&message.body);
  if (!r) return false;
  const auto peer =
      std::find_if(peers_.begin(), peers_.end(), [&](PeerChannel& p) { return p.accept(connection, message); });
  if (peer == peers_.end()) return true;
  if (r->error != Error::NONE) peer->back_off(step, config_);
  leader_failed_ = false;
  if (r->leader_epoch > epoch_ || (r->leader_epoch == epoch_ && r->leader.present() && !leader_.present())) {
    epoch_ = r->leader_epoch;
    leader_ = r->leader;
    if (leader_.present())
      heard_of_leader(step);
    else
      ask_any_voter(step);
  } else if (r->error != Error::NONE) {
    // The one asked does not lead and knows no more than we do.
    leader_failed_ = peer->peer() == leader_;
    ask_any_voter(step);
  } else if (r->leader_epoch == epoch_ && peer->peer() == leader_) {
    heard_of_leader(step);
    if (r->diverging_end_offset.present()) {
      // What was handed over is committed, so a sound quorum never diverges below it.
      const Offset end = std::min(end_of_epoch(log_, r->diverging_epoch).end, r->diverging_end_offset);
      if (end < taken_) step.fact(ProbeHit{Probe::observer_truncated_below_high_watermark});
      log_.resize(batches_before(log_, end));
      taken_ = std::min(taken_, end_offset(log_));
    } else {
      for (const MetadataBatch& b : r->batches)
        if (b.base_offset == end_offset(log_)) log_.push_back(b);
      high_watermark_ = std::max(high_watermark_, std::min(end_offset(log_), r->high_watermark));
    }
  }
  drive(step);
  return true;
}

// maybeSendAnyVoterFetch: a leader that cannot be reached may have a successor, which any voter may know. It stays the
// leader until one is named: a broker goes on with its heartbeats to it.
void MetadataObserver::on_failed(Step& step, NodeId peer) {
  leader_failed_ = peer == leader_ && !leader_failed_;
  ask_any_voter(step);
}

bool MetadataObserver::on_closed(Step& step, ConnectionId connection) {
  for (PeerChannel& peer : peers_) {
    if (!peer.on_closed(step, connection, config_)) continue;
    on_failed(step, peer.peer());
    drive(step);
    return true;
  }
  return false;
}

bool MetadataObserver::on_timer(Step& step, TimerId timer) {
  if (timer.kind < 120 || timer.kind > 139) return false;
  for (PeerChannel& peer : peers_)
    if (peer.on_timer(step, timer, config_) && peer.gave_up(step.now)) on_failed(step, peer.peer());
  if (timer == kFetchTimer && step.now >= fetch_deadline_) ask_any_voter(step);
  drive(step);
  return true;
}

std::vector<MetadataBatch> MetadataObserver::take_committed() {
  const std::size_t from = batches_before(log_, taken_);
  const std::size_t to = waits_for_commit_ ? batches_before(log_, high_watermark_) : log_.size();
  std::vector<MetadataBatch> result(log_.begin() + static_cast<std::ptrdiff_t>(from),
                                    log_.begin() + static_cast<std::ptrdiff_t>(std::max(from, to)));
  if (!result.empty()) taken_ = result.back().next_offset();
  return result;
}

}  // namespace ktrial::model
