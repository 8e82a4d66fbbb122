// What a voter sends, what it does with the answers, and its log.
#include "model/quorum/quorum_node.h"

#include <algorithm>

#include "model/metadata/image.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {
constexpr std::uint16_t kPeerTimer = 101;
bool contains(const std::vector<NodeId>& ids, NodeId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }
}  // namespace

QuorumNode::QuorumNode(NodeId self, std::vector<NodeId> voters, const QuorumConfig& config, const Variants& variants)
    : self_(self), voters_(std::move(voters)), config_(config), variants_(variants) {
  std::sort(voters_.begin(), voters_.end());
  for (const NodeId v : voters_)
    if (v != self_) peers_.emplace_back(v, kPeerTimer);
}

void QuorumNode::send(Step& step, PeerChannel& peer, MessageBody body) {
  peer.send(step, next_correlation_++, std::move(body), config_);
}

// Sends what the role wants sent to every peer that can take a request now.
void QuorumNode::drive(Step& step, QuorumDisk& disk) {
  if (failed_) return;
  for (PeerChannel& peer : peers_) {
    if (!peer.ready(step.now)) continue;
    const NodeId id = peer.peer();
    if (role_ == Role::Candidate && !backing_off_ && !contains(granted_, id) && !contains(rejected_, id))
      send(step, peer, VoteRequest{self_, id, state_.epoch, disk.last_epoch(), disk.end_offset()});
    else if (role_ == Role::Leader && contains(unacknowledged_, id))
      send(step, peer, BeginQuorumEpochRequest{self_, state_.epoch});
    else if (role_ == Role::Resigned && contains(unacknowledged_, id))
      send(step, peer, EndQuorumEpochRequest{self_, state_.epoch, successors_});
    else if (role_ == Role::Follower && id == state_.leader)
      send(step, peer,
           QuorumFetchRequest{self_, state_.epoch, disk.end_offset(), disk.last_epoch(), config_.fetch_max_wait});
  }
  // One try each time the timer fires; who could not be asked now is asked the next time.
  if (role_ == Role::Leader) unacknowledged_.clear();
}

bool QuorumNode::on_message(Step& step, QuorumDisk& disk, ConnectionId c, const Message& m) {
  const MessageBody& body = m.body;
  const bool response =
      std::holds_alternative<VoteResponse>(body) || std::holds_alternative<QuorumFetchResponse>(body) ||
      std::holds_alternative<BeginQuorumEpochResponse>(body) || std::holds_alternative<EndQuorumEpochResponse>(body);
  const bool request = std::holds_alternative<VoteRequest>(body) || std::holds_alternative<QuorumFetchRequest>(body) ||
                       std::holds_alternative<BeginQuorumEpochRequest>(body) ||
                       std::holds_alternative<EndQuorumEpochRequest>(body);
  if (!response && !request) return false;
  if (failed_) return true;
  if (const auto* r = std::get_if<VoteRequest>(&body)) on_vote(step, disk, c, m.correlation_id, *r);
  if (const auto* r = std::get_if<BeginQuorumEpochRequest>(&body)) on_begin(step, disk, c, m.correlation_id, *r);
  if (const auto* r = std::get_if<EndQuorumEpochRequest>(&body)) on_end(step, disk, c, m.correlation_id, *r);
  if (const auto* r = std::get_if<QuorumFetchRequest>(&body)) on_fetch(step, disk, c, m.correlation_id, *r);
  if (response) {
    for (PeerChannel& peer : peers_) {
      if (!peer.accept(c, m)) continue;
      if (const auto* r = std::get_if<VoteResponse>(&body)) on_vote_response(step, disk, peer, *r);
      if (const auto* r = std::get_if<QuorumFetchResponse>(&body)) on_fetch_response(step, disk, peer, *r);
      const auto acknowledge = [&](const auto* r) {
        if (!r) return;
        if (r->error == Error::NONE)
          std::erase(unacknowledged_, peer.peer());
        else
          peer.back_off(step, config_);
        observe(step, disk, r->leader_epoch, r->leader);
      };
      acknowledge(std::get_if<BeginQuorumEpochResponse>(&body));
      acknowledge(std::get_if<EndQuorumEpochResponse>(&body));
      break;
    }
  }
  drive(step, disk);
  return true;
}

bool QuorumNode::on_closed(Step& step, QuorumDisk&, ConnectionId c) {
  const auto parked = std::erase_if(parked_, [c](const ParkedFetch& p) { return p.connection == c; });
  for (PeerChannel& peer : peers_)
    if (peer.on_closed(step, c, config_)) return true;
  return parked > 0;
}

void QuorumNode::on_vote_response(Step& step, QuorumDisk& disk, PeerChannel& peer, const VoteResponse& r) {
  observe(step, disk, r.leader_epoch, r.leader);
  if (failed_ || role_ != Role::Candidate || r.leader_epoch != state_.epoch) return;
  (r.vote_granted ? granted_ : rejected_).push_back(peer.peer());
  if (granted_.size() >= majority())
    become_leader(step, disk);
  else if (!backing_off_ && rejected_.size() >= majority())
    start_backoff(step);
}

void QuorumNode::on_fetch_response(Step& step, QuorumDisk& disk, PeerChannel& peer, const QuorumFetchResponse& r) {
  if (r.error != Error::NONE) peer.back_off(step, config_);
  if (r.leader_epoch != state_.epoch || r.leader != state_.leader) return observe(step, disk, r.leader_epoch, r.leader);
  if (r.error != Error::NONE || role_ != Role::Follower) return;
  set_role_deadline(step, step.now + config_.fetch_timeout);
  if (r.diverging_end_offset.present()) {
    truncate(step, disk, std::min(end_of_epoch(disk.log.items(), r.diverging_epoch).end, r.diverging_end_offset));
    return;
  }
  if (!r.batches.empty()) write_log(step, disk, r.batches);
  advance_high_watermark(step, std::min(disk.end_offset(), r.high_watermark));
}

bool QuorumNode::truncate(Step& step, QuorumDisk& disk, Offset end) {
  if (end < high_watermark_) {
    fatal(step, Probe::quorum_truncated_below_high_watermark);
    return false;
  }
  disk.log.truncate(batches_before(disk.log.items(), end));
  if (!variants_.on(Variant::quorum_append)) disk.log.sync();
  step.fact(MetadataTruncated{disk.end_offset()});
  return true;
}

void QuorumNode::write_log(Step& step, QuorumDisk& disk, std::vector<MetadataBatch> batches) {
  for (MetadataBatch& b : batches) {
    if (b.base_offset != disk.end_offset()) break;  // never with a leader that answers what was asked
    step.fact(MetadataAppended{b, digest(b)});
    disk.log.append(std::move(b));
  }
  // Variant [K01]: without this the append counts though only the page cache has it.
  if (!variants_.on(Variant::quorum_append)) disk.log.sync();
}

Offset QuorumNode::next_append_offset(const QuorumDisk& disk) const {
  return accumulated_.empty() ? disk.end_offset() : accumulated_.back().next_offset();
}

std::optional<Offset> QuorumNode::append(Step& step, QuorumDisk& disk, std::vector<MetadataRecord> records) {
  if (!is_leader() || failed_ || records.empty()) return std::nullopt;
  const Offset base = next_append_offset(disk);
  if (accumulated_.empty()) {
    linger_until_ = step.now + config_.append_linger;
    step.set_timer(kLingerTimer, linger_until_);
  }
  accumulated_.push_back({base, state_.epoch, std::make_shared<const std::vector<MetadataRecord>>(std::move(records))});
  if (config_.append_linger <= Nanos(0)) drain(step, disk);
  return base;
}

void QuorumNode::drain(Step& step, QuorumDisk& disk) {
  std::vector<MetadataBatch> batches;
  batches.swap(accumulated_);
  write_log(step, disk, std::move(batches));
  update_leader_high_watermark(step, disk);
  complete_fetches(step, disk);
}

void QuorumNode::update_leader_high_watermark(Step& step, const QuorumDisk& disk) {
  const auto& log = disk.log.items();
  const std::size_t durable = !variants_.on(Variant::quorum_append) ? disk.log.synced() : log.size();
  std::vector<Offset> ends{durable == 0 ? kFirstOffset : log[durable - 1].next_offset()};
  for (const Replica& r : replicas_) ends.push_back(r.end_offset);
  std::sort(ends.begin(), ends.end(), [](Offset a, Offset b) { return a > b; });
  const Offset replicated = ends[ends.size() / 2];
  if (replicated > epoch_start_) advance_high_watermark(step, replicated);  // [K03]
}

void QuorumNode::advance_high_watermark(Step& step, Offset to) {
  if (to <= high_watermark_) return;
  high_watermark_ = to;
  step.fact(MetadataCommitted{to});
}

std::vector<MetadataBatch> QuorumNode::take_committed(const QuorumDisk& disk) {
  const auto& log = disk.log.items();
  const std::size_t from = batches_before(log, taken_), to = batches_before(log, high_watermark_);
  std::vector<MetadataBatch> result(log.begin() + static_cast<std::ptrdiff_t>(from),
                                    log.begin() + static_cast<std::ptrdiff_t>(std::max(from, to)));
  if (!result.empty()) taken_ = result.back().next_offset();
  return result;
}

}  // namespace ktrial::model
