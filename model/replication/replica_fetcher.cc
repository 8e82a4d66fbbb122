#include "model/replication/replica_fetcher.h"

#include <algorithm>

#include "model/probes.h"

namespace ktrial::model {

void ReplicaFetcher::follow_log(Entry& entry, const Partition& partition, const ClusterConfig& config) {
  entry.item.fetch_offset = partition.log().log_end();
  // In the older truncation protocols a fetch does not say which epoch it goes on from, and the leader cannot tell of a
  // divergence.
  entry.item.last_fetched_epoch =
      config.variants.truncation() == TruncationProtocol::leader_epoch ? partition.log().epochs().latest() : kNoEpoch;
  entry.item.log_start_offset = partition.log().log_start();
}

void ReplicaFetcher::due(Entries::iterator at) {
  const auto& [tp, entry] = *at;
  if (entry.ask == Entry::Ask::fetch) {
    session_.want(entry.item);
    asking_.erase(tp);
  } else {
    session_.forget(tp);
    if (entry.ask != Entry::Ask::remote_state) asking_.insert(tp);
  }
}

void ReplicaFetcher::ask(Entries::iterator at, Entry::Ask what) {
  at->second.ask = what;
  due(at);
}

void ReplicaFetcher::delay(Entries::iterator at, Nanos until) {
  at->second.not_before = until;
  session_.forget(at->first);
  asking_.erase(at->first);
  delayed_.emplace(until, at->first);
}

void ReplicaFetcher::erase(Entries::iterator at) {
  session_.forget(at->first);
  asking_.erase(at->first);
  delayed_.erase({at->second.not_before, at->first});
  entries_.erase(at);
}

void ReplicaFetcher::remove(TopicPartition tp) {
  const auto at = entries_.find(tp);
  if (at != entries_.end()) erase(at);
}

void ReplicaFetcher::add(const Partition& partition, const ClusterConfig& config) {
  remove(partition.id());
  Entry entry;
  entry.item.partition = partition.id();
  entry.item.current_leader_epoch = partition.leader_epoch();
  entry.item.max_bytes = config.replica_fetch_max_bytes;
  follow_log(entry, partition, config);
  const TruncationProtocol protocol = config.variants.truncation();
  entry.asked_epoch = partition.log().epochs().latest();
  const bool asks =
      protocol == TruncationProtocol::offsets_for_leader_epoch || protocol == TruncationProtocol::end_offset;
  if (asks && entry.asked_epoch.present()) entry.ask = Entry::Ask::epoch;
  due(entries_.try_emplace(partition.id(), entry).first);
}

void ReplicaFetcher::run(Step& step, const ClusterConfig& config, BrokerEpoch own_epoch,
                         const FetcherThrottle& throttled) {
  if (in_flight_ || entries_.empty()) return;
  const TimerId wake{kFetcherWakeTimer, 0, static_cast<std::uint32_t>(leader_.value)};
  if (not_before_ > step.now) return step.set_timer(wake, not_before_);
  while (!delayed_.empty() && delayed_.begin()->first <= step.now) {
    const auto at = entries_.find(delayed_.begin()->second);
    delayed_.erase(delayed_.begin());
    due(at);
  }
  std::vector<TopicPartition> let_through;
  if (throttled.quota != nullptr && (throttled.quota->throttles_any() || holds_back_))
    let_through = throttle(step, config, throttled);
  if (asking_.empty() && session_.empty()) {
    const Nanos next = delayed_.empty() ? Nanos::max() : delayed_.begin()->first;
    if (holds_back_)
      step.set_timer(wake, std::min(next, step.now + config.replica_fetch_backoff));
    else if (!delayed_.empty())
      step.set_timer(wake, next);
    return;
  }
  if (!connection_.present()) connection_ = step.open(leader_);
  in_flight_ = ++next_correlation_;
  asked_ = std::monostate();
  if (!asking_.empty()) {
    const auto& [tp, entry] = *entries_.find(*asking_.begin());
    if (entry.ask == Entry::Ask::epoch || entry.ask == Entry::Ask::earlier_epoch) {
      const OffsetForLeaderEpochRequest request{self_, tp, entry.item.current_leader_epoch, entry.asked_epoch};
      asked_ = request;
      step.send(connection_, *in_flight_, request);
    } else {
      const ListOffsetsRequest request{self_, tp, entry.item.current_leader_epoch,
                                       entry.ask == Entry::Ask::latest     ? kLatestTimestamp
                                       : entry.ask == Entry::Ask::earliest ? kEarliestTimestamp
                                                                           : kEarliestLocalTimestamp};
      asked_ = request;
      step.send(connection_, *in_flight_, request);
    }
  } else {
    FetchRequest fetch;
    fetch.replica_id = self_;
    fetch.replica_epoch = own_epoch;
    fetch.max_wait = config.replica_fetch_wait_max;
    fetch.min_bytes = config.replica_fetch_min_bytes;
    fetch.max_bytes = config.replica_fetch_response_max_bytes;
    session_.build(fetch);
    if (!let_through.empty()) {
      ThrottledTraffic asked = throttled.quota->traffic(ThrottleSide::follower, leader_, step.wall_clock);
      asked.partitions = std::move(let_through);
      asked.let_through = true;
      step.fact(std::move(asked));
    }
    step.send(connection_, *in_flight_, std::move(fetch));
  }
  step.set_timer({kFetcherTimeoutTimer, 0, static_cast<std::uint32_t>(leader_.value)},
                 step.now + config.replica_socket_timeout);
}

// RemoteLeaderEndPoint.buildFetch and shouldFollowerThrottle: what is held back is not in the session, and is looked at
// again for each fetch.
std::vector<TopicPartition> ReplicaFetcher::throttle(Step& step, const ClusterConfig& config,
                                                     const FetcherThrottle& throttled) {
  const auto variant = FollowerThrottle(config.variants.value(Variant::follower_throttle));
  std::vector<TopicPartition> let_through;
  holds_back_ = false;
  for (auto& [tp, entry] : entries_) {
    if (entry.ask != Entry::Ask::fetch || entry.not_before > step.now) continue;
    const bool spared = entry.in_sync() && variant != FollowerThrottle::in_sync_too;
    const bool listed = !spared && throttled.quota->is_throttled(tp, self_);
    if (listed && variant != FollowerThrottle::ignored && throttled.quota->is_exceeded(step.wall_clock)) {
      holds_back_ = true;
      session_.forget(tp);
      step.fact(ReplicaThrottled{tp, ThrottleSide::follower, self_, entry.lag.has_value(), throttled.metadata_offset});
      continue;
    }
    session_.want(entry.item);
    if (listed) let_through.push_back(tp);
  }
  return let_through;
}

// ReplicaFetcherThread.processPartitionData: of replicas in sync, too, so that all of it stays within the quota.
void ReplicaFetcher::count_copied(Step& step, const Entry& entry, const FetchResponse::Partition& response,
                                  ReplicationQuota& quota) const {
  if (!quota.is_throttled(response.partition, self_)) return;
  std::int64_t bytes = 0;
  for (const RecordBatch& batch : response.batches) bytes += batch.size_in_bytes;
  quota.record(bytes, step.wall_clock);
  if (entry.in_sync() || bytes == 0) return;
  ThrottledTraffic copied = quota.traffic(ThrottleSide::follower, leader_, step.wall_clock);
  copied.partitions = {response.partition};
  copied.bytes = bytes;
  step.fact(std::move(copied));
}

void ReplicaFetcher::stop(Step& step) {
  if (connection_.present()) step.close(connection_);
  step.cancel_timer({kFetcherTimeoutTimer, 0, static_cast<std::uint32_t>(leader_.value)});
  step.cancel_timer({kFetcherWakeTimer, 0, static_cast<std::uint32_t>(leader_.value)});
  connection_ = ConnectionId();
  in_flight_.reset();
}

bool ReplicaFetcher::on_message(Step& step, ConnectionId connection, const Message& message, Partitions& partitions,
                                const ClusterConfig& config, ReplicationQuota* quota) {
  if (!connection_.present() || connection != connection_) return false;
  if (!in_flight_ || message.correlation_id != *in_flight_) return true;
  in_flight_.reset();
  step.cancel_timer({kFetcherTimeoutTimer, 0, static_cast<std::uint32_t>(leader_.value)});
  if (const auto* fetch = std::get_if<FetchResponse>(&message.body)) on_fetch(step, *fetch, partitions, config, quota);
  if (const auto* offsets = std::get_if<ListOffsetsResponse>(&message.body))
    on_list_offsets(step, *offsets, partitions, config);
  if (const auto* end = std::get_if<OffsetForLeaderEpochResponse>(&message.body))
    on_epoch_end(step, *end, partitions, config);
  return true;
}

void ReplicaFetcher::on_fetch(Step& step, const FetchResponse& response, Partitions& partitions,
                              const ClusterConfig& config, ReplicationQuota* quota) {
  if (!session_.on_response(response)) {
    step.fact(ProbeHit{Probe::fetch_session_ended});
    return;
  }
  for (const FetchResponse::Partition& answer : response.partitions)
    on_fetch_partition(step, answer, partitions, config, quota);
}

void ReplicaFetcher::on_fetch_partition(Step& step, const FetchResponse::Partition& response, Partitions& partitions,
                                        const ClusterConfig& config, ReplicationQuota* quota) {
  const auto at = entries_.find(response.partition);
  const auto held = partitions.find(response.partition);
  const FetchSessionHandler::Wanted* sent = session_.sent(response.partition);
  if (held == partitions.end() || sent == nullptr) return;
  Partition& partition = held->second;
  const bool diverges = response.diverging_epoch.epoch.present();
  if (at == entries_.end() || at->second.ask != Entry::Ask::fetch || at->second.not_before > step.now ||
      at->second.item.fetch_offset != sent->item.fetch_offset ||
      at->second.item.current_leader_epoch != sent->item.current_leader_epoch) {
    // Variant late_fetch_answer: the log is cut although this fetcher does not own the partition any more.
    if (diverges && config.variants.on(Variant::late_fetch_answer))
      partition.truncate_to_leader(step, response.diverging_epoch);
    return;
  }
  Entry& entry = at->second;
  switch (response.error) {
    case Error::NONE:
      if (diverges && config.variants.truncation() == TruncationProtocol::leader_epoch) {
        if (config.variants.on(Variant::diverging_answer))
          partition.follow_high_watermark(step, response.high_watermark);
        partition.truncate_to_leader(step, response.diverging_epoch);
        follow_log(entry, partition, config);
        return due(at);
      }
      {
        const bool sound = partition.copy_from_leader(step, response, sent->item.current_leader_epoch);
        const LeaderEpoch last = entry.item.last_fetched_epoch;
        follow_log(entry, partition, config);
        if (sound) {
          if (quota != nullptr && quota->throttles_any()) count_copied(step, entry, response, *quota);
          if (entry.item.fetch_offset != sent->item.fetch_offset || !entry.lag)
            entry.lag = std::max<std::int64_t>(response.high_watermark - entry.item.fetch_offset, 0);
        }
        // Without a new batch the last fetched epoch stays (KAFKA-15510).
        if (entry.item.fetch_offset == sent->item.fetch_offset)
          entry.item.last_fetched_epoch = config.variants.on(Variant::empty_fetch) ? kNoEpoch : last;
        if (!entry.item.last_fetched_epoch.present() && partition.log().log_start() < partition.log().log_end() &&
            config.variants.truncation() == TruncationProtocol::leader_epoch)
          step.fact(FetchedWithoutEpoch{partition.id(), self_, entry.item.fetch_offset});
        return sound ? due(at) : delay(at, step.now + config.replica_fetch_backoff);
      }
    case Error::OFFSET_OUT_OF_RANGE:
      step.fact(ProbeHit{Probe::follower_out_of_range});
      return ask(at, Entry::Ask::latest);
    case Error::OFFSET_MOVED_TO_TIERED_STORAGE:
      return moved_to_tiered_storage(step, at, response);
    case Error::FENCED_LEADER_EPOCH:
      step.fact(ProbeHit{Probe::follower_fenced});
      return erase(at);  // until newer metadata brings it back
    default:
      return delay(at, step.now + config.replica_fetch_backoff);
  }
}

template <class Request>
std::optional<ReplicaFetcher::Question<Request>> ReplicaFetcher::question(Partitions& partitions) {
  const auto* request = std::get_if<Request>(&asked_);
  if (request == nullptr) return std::nullopt;
  const auto at = entries_.find(request->partition);
  const auto held = partitions.find(request->partition);
  if (at == entries_.end() || held == partitions.end()) return std::nullopt;
  return Question<Request>{*request, at, held->second};
}

// OFFSET_OUT_OF_RANGE: fetchOffsetAndTruncate
void ReplicaFetcher::on_list_offsets(Step& step, const ListOffsetsResponse& response, Partitions& partitions,
                                     const ClusterConfig& config) {
  const auto asked = question<ListOffsetsRequest>(partitions);
  if (!asked) return;
  const auto& [request, at, partition] = *asked;
  Entry& entry = at->second;
  if (entry.item.current_leader_epoch != request.current_leader_epoch ||
      (entry.ask != Entry::Ask::latest && entry.ask != Entry::Ask::earliest && entry.ask != Entry::Ask::earliest_local))
    return;
  if (response.error == Error::FENCED_LEADER_EPOCH) return erase(at);
  if (response.error != Error::NONE) return fetch_again(step, at, config);
  if (request.timestamp == kEarliestLocalTimestamp)
    return on_local_start(step, at, partition, {response.offset, response.leader_epoch}, config);
  if (request.timestamp == kLatestTimestamp) {
    if (response.offset >= partition.log().log_end()) return ask(at, Entry::Ask::earliest);
    partition.truncate(step, response.offset);  // an unclean election happened
  } else if (response.offset > partition.log().log_end()) {
    partition.truncate_fully_and_start_at(step, response.offset);
  }
  follow_log(entry, partition, config);
  ask(at, Entry::Ask::fetch);
}

// The truncation protocols before IBP 2.7: truncateToEpochEndOffsets.
void ReplicaFetcher::on_epoch_end(Step& step, const OffsetForLeaderEpochResponse& response, Partitions& partitions,
                                  const ClusterConfig& config) {
  const auto asked = question<OffsetForLeaderEpochRequest>(partitions);
  if (!asked) return;
  const auto& [request, at, partition] = *asked;
  Entry& entry = at->second;
  if (entry.ask == Entry::Ask::earlier_epoch && entry.item.current_leader_epoch == request.current_leader_epoch)
    return on_earlier_epoch(step, at, partition, response, config);
  // Variant late_epoch_answer: an answer for an older leader epoch of ours is taken too.
  if ((entry.item.current_leader_epoch != request.current_leader_epoch || entry.ask != Entry::Ask::epoch) &&
      !config.variants.on(Variant::late_epoch_answer))
    return;
  if (response.error == Error::FENCED_LEADER_EPOCH) return erase(at);
  if (response.error != Error::NONE) return delay(at, step.now + config.replica_fetch_backoff);
  OffsetAndEpoch leader{response.end_offset, response.leader_epoch};
  if (config.variants.truncation() == TruncationProtocol::end_offset) leader.epoch = kNoEpoch;
  const bool settled = partition.truncate_to_leader(step, leader);
  follow_log(entry, partition, config);
  entry.asked_epoch = partition.log().epochs().latest();
  ask(at, settled || !entry.asked_epoch.present() ? Entry::Ask::fetch : Entry::Ask::epoch);
}

void ReplicaFetcher::lost(Step& step, const ClusterConfig& config) {
  step.cancel_timer({kFetcherTimeoutTimer, 0, static_cast<std::uint32_t>(leader_.value)});
  connection_ = ConnectionId();
  if (in_flight_) session_.on_error();
  in_flight_.reset();
  not_before_ = step.now + config.replica_fetch_backoff;
}

bool ReplicaFetcher::on_closed(Step& step, ConnectionId connection, const ClusterConfig& config) {
  if (!connection_.present() || connection != connection_) return false;
  lost(step, config);
  return true;
}

void ReplicaFetcher::on_timeout(Step& step, const ClusterConfig& config) {
  if (!in_flight_) return;
  if (connection_.present()) step.close(connection_);
  lost(step, config);
}

}  // namespace ktrial::model
