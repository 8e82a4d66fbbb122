#include "model/clients/fetcher.h"

#include <algorithm>

#include "model/partition_table.h"

namespace ktrial::model {
namespace {

// FetchCollector.handleInitializeErrors: those after which the leader is asked, with newer metadata.
bool ends_preference(Error error) {
  return error == Error::NOT_LEADER_OR_FOLLOWER || error == Error::REPLICA_NOT_AVAILABLE ||
         error == Error::KAFKA_STORAGE_ERROR || error == Error::FENCED_LEADER_EPOCH ||
         error == Error::OFFSET_NOT_AVAILABLE || error == Error::UNKNOWN_TOPIC_OR_PARTITION ||
         error == Error::UNKNOWN_TOPIC_ID || error == Error::INCONSISTENT_TOPIC_ID;
}

}  // namespace

void Fetcher::move(FetchPosition& p, FetchState state, Offset offset, LeaderEpoch epoch) {
  p.state = state;
  p.offset = offset;
  p.offset_epoch = epoch;
  p.version = ++version_;
  p.asking = false;
}

void Fetcher::assign(const std::vector<TopicPartition>& partitions) {
  PartitionTable<FetchPosition> next;
  for (const TopicPartition tp : partitions) {
    const auto it = positions_.find(tp);
    FetchPosition p = it == positions_.end() ? FetchPosition{} : it->second;
    if (it == positions_.end()) p.version = ++version_;
    next.try_emplace(tp, p);
  }
  for (const auto& [tp, p] : positions_) changed_.insert(tp);
  positions_ = std::move(next);
  leases_.clear();
  for (const auto& [tp, p] : positions_) {
    changed_.insert(tp);
    if (p.preferred_read_replica.present()) leases_.emplace(p.preferred_until, tp);
  }
}
void Fetcher::seek(TopicPartition tp, Offset offset, LeaderEpoch epoch) {
  const auto it = positions_.find(tp);
  if (it == positions_.end()) return;
  changed_.insert(tp);
  move(it->second, FetchState::FETCHING, offset, epoch);
  it->second.current_leader = {};  // so that the epoch is validated against the leader first
}
void Fetcher::reset(TopicPartition tp) {
  const auto it = positions_.find(tp);
  if (it == positions_.end()) return;
  changed_.insert(tp);
  move(it->second, FetchState::AWAIT_RESET, it->second.offset, {});
}
void Fetcher::pause(TopicPartition tp, bool paused) {
  const auto it = positions_.find(tp);
  if (it == positions_.end()) return;
  changed_.insert(tp);
  it->second.paused = paused;
}

bool Fetcher::has_records(TopicPartition tp) const {
  return std::any_of(buffered_.begin(), buffered_.end(), [tp](const Buffered& b) { return b.partition == tp; });
}

void Fetcher::fetch_from(TopicPartition tp, NodeId node) {
  const auto before = fetched_from_.find(tp);
  if (before != fetched_from_.end() && before->second != node) {
    sessions_[before->second].forget(tp);
    fetched_from_.erase(before);
  }
  if (!node.present()) return;
  fetched_from_[tp] = node;
  const FetchPosition& p = positions_.at(tp);
  FetchRequest::Partition wanted;
  wanted.partition = tp;
  wanted.current_leader_epoch = p.current_leader;
  wanted.fetch_offset = p.offset;
  wanted.max_bytes = config_.max_partition_fetch_bytes;
  sessions_[node].want(wanted, p.version);
  idle_.insert(node);
}

bool Fetcher::look_at(Step& step, NetworkClient& network, MetadataCache& metadata, TopicPartition tp) {
  const auto it = positions_.find(tp);
  if (it == positions_.end() || it->second.state == FetchState::INITIALIZING) {
    fetch_from(tp, NodeId());
    return true;
  }
  FetchPosition& p = it->second;
  const LeaderIdAndEpoch leader = metadata.leader(tp);
  if (!leader.leader.present()) {
    metadata.request_update();
    fetch_from(tp, NodeId());
    return false;
  }
  if (leader.epoch > p.current_leader && p.state != FetchState::AWAIT_RESET) {
    if (p.current_leader.present()) back_to_leader(step, tp, p, "it has a new leader");
    p.current_leader = leader.epoch;
    const bool validate = p.offset_epoch.present() && !config_.variants.on(Variant::consumer_validation);
    move(p, validate ? FetchState::AWAIT_VALIDATION : FetchState::FETCHING, p.offset, p.offset_epoch);
  }
  const bool fetches = p.state == FetchState::FETCHING && p.retry_at <= step.now && !p.paused && !has_records(tp);
  p.leader = leader.leader;
  fetch_from(tp, fetches ? read_replica(step, tp, p, metadata) : NodeId());
  if (p.retry_at > step.now) return false;
  if (p.state == FetchState::FETCHING || p.asking) return true;
  if (!network.ready(leader.leader, step.now)) return false;
  p.asking = true;
  MessageBody body;
  if (p.state == FetchState::AWAIT_RESET)
    body =
        ListOffsetsRequest{{},
                           tp,
                           leader.epoch,
                           config_.auto_offset_reset == OffsetReset::earliest ? kEarliestTimestamp : kLatestTimestamp};
  else
    body = OffsetForLeaderEpochRequest{{}, tp, leader.epoch, p.offset_epoch};
  const std::int32_t id = network.send(step, leader.leader, std::move(body), kFetcherRequest);
  asked_[id] = {Asked{tp, p.version, p.offset, p.current_leader}};
  return true;
}

void Fetcher::send_requests(Step& step, NetworkClient& network, MetadataCache& metadata) {
  end_leases(step);
  std::erase_if(buffered_, [&](const Buffered& b) {
    const bool stale = buffered_position(b) == nullptr && !config_.variants.on(Variant::buffered_records);
    if (stale) changed_.insert(b.partition);
    return stale;
  });
  if (seen_metadata_ != metadata.version()) {
    seen_metadata_ = metadata.version();
    for (const auto& [tp, p] : positions_) changed_.insert(changed_.end(), tp);
  }
  for (auto it = changed_.begin(); it != changed_.end();)
    it = look_at(step, network, metadata, *it) ? changed_.erase(it) : it + 1;
  const auto fetch = [&](NodeId node) {  // false: later
    FetchSessionHandler& session = sessions_[node];
    if (session.empty() || fetching_.contains(node)) return true;
    if (!network.ready(node, step.now)) return false;
    FetchRequest request;
    request.max_wait = config_.fetch_max_wait;
    request.min_bytes = config_.fetch_min_bytes;
    request.max_bytes = config_.fetch_max_bytes;
    request.rack_id.value = config_.client_rack;
    session.build(request);
    const std::int32_t id = network.send(step, node, std::move(request), kFetcherRequest);
    asked_[id] = {};  // the session knows
    fetching_[node] = id;
    return true;
  };
  for (auto it = idle_.begin(); it != idle_.end();) it = fetch(*it) ? idle_.erase(it) : it + 1;
}

FetchPosition* Fetcher::position_at(TopicPartition tp, std::uint64_t version) {
  const auto it = positions_.find(tp);
  return it != positions_.end() && it->second.version == version ? &it->second : nullptr;
}
FetchPosition* Fetcher::asked_position(const Asked& asked) { return position_at(asked.partition, asked.version); }

FetchPosition* Fetcher::buffered_position(const Buffered& buffered) {
  if (!config_.variants.on(Variant::buffered_records)) return position_at(buffered.partition, buffered.version);
  const auto it = positions_.find(buffered.partition);
  return it == positions_.end() ? nullptr : &it->second;
}

Offset Fetcher::fetched_end(TopicPartition tp) const {
  Offset end = positions_.at(tp).offset;
  for (const Buffered& b : buffered_)
    if (b.partition == tp) end = std::max(end, b.batches.back().next_offset());
  return end;
}

std::vector<RecordConsumed> Fetcher::collect(Step& step, std::int32_t max_records) {
  std::vector<RecordConsumed> out;
  const auto most = static_cast<std::size_t>(max_records);
  std::erase_if(buffered_, [&](Buffered& b) {
    changed_.insert(b.partition);
    FetchPosition* p = buffered_position(b);
    if (p == nullptr || p->state != FetchState::FETCHING) return !config_.variants.on(Variant::buffered_records);
    return out.size() < most && collect_from(step, b, *p, most, out);
  });
  return out;
}

// Whether everything of it has been taken.
bool Fetcher::collect_from(Step& step, Buffered& buffered, FetchPosition& p, std::size_t max_records,
                           std::vector<RecordConsumed>& out) {
  Offset next = p.offset;
  LeaderEpoch epoch = p.offset_epoch;
  bool all = true;
  for (const RecordBatch& batch : buffered.batches) {
    for (std::int32_t i = 0; batch.records && all && i < batch.record_count; ++i) {
      const Record& record = (*batch.records)[static_cast<std::size_t>(i)];
      if (batch.base_offset + i < next || record.state == RecordState::compacted) continue;
      if (out.size() == max_records) {
        all = false;
        break;
      }
      out.push_back({buffered.partition, batch.base_offset + i, batch.partition_leader_epoch, record.value});
      step.fact(out.back());
      next = batch.base_offset + i + 1;
      epoch = batch.partition_leader_epoch;
    }
    if (!all) break;
    if (batch.next_offset() <= next) continue;
    next = batch.next_offset();
    epoch = batch.partition_leader_epoch;
  }
  if (next != p.offset) {
    move(p, FetchState::FETCHING, next, epoch);
    buffered.version = p.version;
  }
  return all;
}

bool Fetcher::on_response(Step& step, const NetworkClient::InFlight& request, const MessageBody& body,
                          MetadataCache& metadata) {
  const auto it = asked_.find(request.correlation_id);
  if (request.about != kFetcherRequest || it == asked_.end()) return false;
  const std::vector<Asked> asked = std::move(it->second);
  asked_.erase(it);
  if (const auto* fetched = std::get_if<FetchResponse>(&body)) {
    fetching_.erase(request.node);
    idle_.insert(request.node);
    FetchSessionHandler& session = sessions_[request.node];
    if (!session.on_response(*fetched)) return true;
    for (const auto& result : fetched->partitions)
      if (const auto* sent = session.sent(result.partition)) {
        changed_.insert(result.partition);
        on_fetched(step, request.node,
                   {result.partition, sent->about, sent->item.fetch_offset, sent->item.current_leader_epoch}, result,
                   metadata);
      }
  } else if (const auto* offsets = std::get_if<ListOffsetsResponse>(&body)) {
    changed_.insert(asked.front().partition);
    on_reset(step, asked.front(), *offsets, metadata);
  } else if (const auto* end = std::get_if<OffsetForLeaderEpochResponse>(&body)) {
    changed_.insert(asked.front().partition);
    on_validated(step, asked.front(), *end, metadata);
  }
  return true;
}

void Fetcher::on_disconnect(Step& step, const NetworkClient::InFlight& request) {
  const auto it = asked_.find(request.correlation_id);
  if (it == asked_.end()) return;
  const auto retry = [&](TopicPartition tp, FetchPosition* p) {
    if (p == nullptr) return;
    changed_.insert(tp);
    p->asking = false;
    p->retry_at = step.now + config_.retry_backoff;
  };
  for (const Asked& a : it->second) retry(a.partition, asked_position(a));
  asked_.erase(it);
  const auto f = fetching_.find(request.node);
  if (f == fetching_.end() || f->second != request.correlation_id) return;
  fetching_.erase(f);
  idle_.insert(request.node);
  FetchSessionHandler& session = sessions_[request.node];
  for (const auto& [tp, sent] : session.all_sent()) {
    retry(tp, position_at(tp, sent.about));
    const auto it = positions_.find(tp);
    if (it != positions_.end()) replica_failed(step, request.node, tp, it->second, Error::NETWORK_EXCEPTION);
  }
  session.on_error();
}

void Fetcher::retry_later(Step& step, FetchPosition& p, Error error, MetadataCache& metadata) {
  p.asking = false;
  p.retry_at = step.now + config_.retry_backoff;
  if (error_class(error) != ErrorClass::retriable || error == Error::UNKNOWN_LEADER_EPOCH) metadata.request_update();
}

void Fetcher::lost_position(Step&, TopicPartition, FetchPosition& p) {
  // With policy none the application gets an exception; it then stays where it is.
  const bool none = config_.auto_offset_reset == OffsetReset::none;
  move(p, none ? FetchState::INITIALIZING : FetchState::AWAIT_RESET, p.offset, {});
}

void Fetcher::on_fetched(Step& step, NodeId from, const Asked& asked, const FetchResponse::Partition& result,
                         MetadataCache& metadata) {
  FetchPosition* p = asked_position(asked);
  if (p == nullptr || p->state != FetchState::FETCHING || p->paused) return;
  if (result.error == Error::OFFSET_OUT_OF_RANGE) {
    // A follower may have another range than the leader, which is asked next.
    const bool by_follower = back_to_leader(step, asked.partition, *p, "the offset is out of its range");
    if (by_follower && !config_.variants.on(Variant::consumer_out_of_range)) return;
    return lost_position(step, asked.partition, *p);
  }
  if (result.error != Error::NONE) {
    if (ends_preference(result.error)) replica_failed(step, from, asked.partition, *p, result.error);
    metadata.on_current_leader(asked.partition, result.current_leader);
    return retry_later(step, *p, result.error, metadata);
  }
  if (from != p->leader) {
    p->high_watermark = result.high_watermark;
    step.fact(FollowerFetchAnswered{asked.partition, from, asked.offset, result.high_watermark});
  } else if (result.high_watermark.present() && result.high_watermark != p->high_watermark) {
    p->high_watermark = result.high_watermark;
    step.fact(ConsumerHighWatermarkSeen{asked.partition, result.high_watermark, asked.current_leader});
  }
  if (const NodeId replica = result.preferred_read_replica.value; replica.present())
    return prefer(step, asked.partition, *p, replica);
  // check.crcs: the application gets what comes before a broken batch, then an error at each further try.
  const auto end = std::find_if(result.batches.begin(), result.batches.end(),
                                [](const RecordBatch& b) { return b.checksum == Checksum::broken; });
  if (end != result.batches.end()) {
    step.fact(CorruptBatchFound{asked.partition, end->base_offset, from});
    if (end == result.batches.begin()) return retry_later(step, *p, Error::CORRUPT_MESSAGE, metadata);
  }
  if (delivery_ == FetchDelivery::buffered) {
    if (end != result.batches.begin())
      buffered_.push_back({asked.partition, p->version, std::vector<RecordBatch>(result.batches.begin(), end)});
    return;
  }
  Offset next = p->offset;
  LeaderEpoch epoch = p->offset_epoch;
  for (auto it = result.batches.begin(); it != end; ++it) {
    const RecordBatch& batch = *it;
    if (batch.last_offset() < next) continue;
    for (std::int32_t i = 0; batch.records && i < batch.record_count; ++i)
      if (const Record& record = (*batch.records)[static_cast<std::size_t>(i)];
          batch.base_offset + i >= next && record.state != RecordState::compacted)
        step.fact(RecordConsumed{asked.partition, batch.base_offset + i, batch.partition_leader_epoch, record.value});
    next = batch.next_offset();
    epoch = batch.partition_leader_epoch;
  }
  if (next != p->offset) move(*p, FetchState::FETCHING, next, epoch);
}

void Fetcher::on_reset(Step& step, const Asked& asked, const ListOffsetsResponse& result, MetadataCache& metadata) {
  FetchPosition* p = asked_position(asked);
  if (p == nullptr || p->state != FetchState::AWAIT_RESET) return;
  if (result.error != Error::NONE || !result.offset.present()) return retry_later(step, *p, result.error, metadata);
  step.fact(ConsumerPositionReset{asked.partition, p->offset, result.offset, false});
  move(*p, FetchState::FETCHING, result.offset, result.leader_epoch);
  const LeaderIdAndEpoch leader = metadata.leader(asked.partition);
  p->current_leader = leader.epoch;
  p->leader = leader.leader;
}

void Fetcher::on_validated(Step& step, const Asked& asked, const OffsetForLeaderEpochResponse& result,
                           MetadataCache& metadata) {
  FetchPosition* p = asked_position(asked);
  if (p == nullptr || p->state != FetchState::AWAIT_VALIDATION) return;
  if (result.error != Error::NONE) return retry_later(step, *p, result.error, metadata);
  if (!result.end_offset.present() || !result.leader_epoch.present()) return lost_position(step, asked.partition, *p);
  if (result.end_offset >= p->offset) return move(*p, FetchState::FETCHING, p->offset, p->offset_epoch);
  if (config_.auto_offset_reset == OffsetReset::none) return lost_position(step, asked.partition, *p);
  step.fact(ConsumerPositionReset{asked.partition, p->offset, result.end_offset, true});
  move(*p, FetchState::FETCHING, result.end_offset, result.leader_epoch);
}

std::optional<Nanos> Fetcher::next_deadline(Nanos now) const {
  std::optional<Nanos> next;
  for (const TopicPartition tp : changed_) {
    const auto it = positions_.find(tp);
    if (it != positions_.end() && it->second.retry_at > now && (!next || it->second.retry_at < *next))
      next = it->second.retry_at;
  }
  if (!leases_.empty() && (!next || leases_.begin()->first < *next)) next = leases_.begin()->first;
  return next;
}

}  // namespace ktrial::model
