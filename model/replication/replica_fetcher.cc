#include "model/replication/replica_fetcher.h"

namespace ktrial::model {
namespace {

bool by_high_watermark(const ClusterConfig& config) {
  return config.variants.truncation() == TruncationProtocol::high_watermark;
}

}  // namespace

void ReplicaFetcher::follow_log(Entry& entry, const Partition& partition) {
  entry.ask = Entry::Ask::fetch;
  entry.fetch_offset = partition.log().log_end();
  entry.last_fetched_epoch = partition.log().epochs().latest();
  entry.log_start = partition.log().log_start();
}

void ReplicaFetcher::add(const Partition& partition, Nanos now) {
  Entry entry;
  entry.current_epoch = partition.leader_epoch();
  entry.not_before = now;
  follow_log(entry, partition);
  entries_[partition.id()] = entry;
}

void ReplicaFetcher::run(Step& step, const ClusterConfig& config, BrokerEpoch own_epoch) {
  if (in_flight_ || entries_.empty()) return;
  Nanos due = Nanos::max();
  FetchRequest fetch;
  fetch.partitions.reserve(entries_.size());
  std::optional<ListOffsetsRequest> ask;
  for (const auto& [tp, entry] : entries_) {
    const Nanos at = std::max(entry.not_before, not_before_);
    if (at > step.now) {
      due = std::min(due, at);
    } else if (entry.ask != Entry::Ask::fetch) {
      if (!ask)
        ask = ListOffsetsRequest{self_, tp, entry.current_epoch,
                                 entry.ask == Entry::Ask::latest ? kLatestTimestamp : kEarliestTimestamp};
    } else {
      // Variant replication_truncation [R01, R02]: without the last fetched epoch the leader cannot tell of a
      // divergence.
      fetch.partitions.push_back({tp, entry.current_epoch, entry.fetch_offset,
                                  by_high_watermark(config) ? kNoEpoch : entry.last_fetched_epoch, entry.log_start,
                                  config.replica_fetch_max_bytes});
    }
  }
  if (!ask && fetch.partitions.empty()) {
    step.set_timer({kFetcherWakeTimer, 0, static_cast<std::uint32_t>(leader_.value)}, due);
    return;
  }
  if (!connection_.present()) connection_ = step.open(leader_);
  in_flight_ = ++next_correlation_;
  if (ask) {
    sent_ = *ask;
    step.send(connection_, {*in_flight_, *ask});
  } else {
    fetch.replica_id = self_;
    fetch.replica_epoch = own_epoch;
    fetch.max_wait = config.replica_fetch_wait_max;
    fetch.min_bytes = config.replica_fetch_min_bytes;
    fetch.max_bytes = config.replica_fetch_response_max_bytes;
    sent_ = fetch;
    step.send(connection_, {*in_flight_, std::move(fetch)});
  }
  step.set_timer({kFetcherTimeoutTimer, 0, static_cast<std::uint32_t>(leader_.value)},
                 step.now + config.replica_socket_timeout);
}

void ReplicaFetcher::stop(Step& step) {
  if (connection_.present()) step.close(connection_);
  step.cancel_timer({kFetcherTimeoutTimer, 0, static_cast<std::uint32_t>(leader_.value)});
  step.cancel_timer({kFetcherWakeTimer, 0, static_cast<std::uint32_t>(leader_.value)});
  connection_ = ConnectionId();
  in_flight_.reset();
}

bool ReplicaFetcher::on_message(Step& step, ConnectionId connection, const Message& message, Partitions& partitions,
                                const ClusterConfig& config) {
  if (!connection_.present() || connection != connection_) return false;
  if (!in_flight_ || message.correlation_id != *in_flight_) return true;
  in_flight_.reset();
  step.cancel_timer({kFetcherTimeoutTimer, 0, static_cast<std::uint32_t>(leader_.value)});
  if (const auto* fetch = std::get_if<FetchResponse>(&message.body)) on_fetch(step, *fetch, partitions, config);
  if (const auto* offsets = std::get_if<ListOffsetsResponse>(&message.body))
    on_list_offsets(step, *offsets, partitions, config);
  return true;
}

void ReplicaFetcher::on_fetch(Step& step, const FetchResponse& response, Partitions& partitions,
                              const ClusterConfig& config) {
  const auto* request = std::get_if<FetchRequest>(&sent_);
  if (request == nullptr) return;
  if (response.error != Error::NONE) {
    not_before_ = step.now + config.replica_fetch_backoff;
    return;
  }
  std::size_t next = 0;  // answers come in the order of the request
  for (const FetchResponse::Partition& answer : response.partitions) {
    const auto& sent = request->partitions;
    std::size_t at = next;
    while (at < sent.size() && sent[at].partition != answer.partition) ++at;
    if (at == sent.size()) continue;
    on_fetch_partition(step, sent[at], answer, partitions, config);
    next = at + 1;
  }
}

void ReplicaFetcher::on_fetch_partition(Step& step, const FetchRequest::Partition& sent,
                                        const FetchResponse::Partition& response, Partitions& partitions,
                                        const ClusterConfig& config) {
  const auto found = entries_.find(sent.partition);
  const auto partition = partitions.find(sent.partition);
  if (found == entries_.end() || partition == partitions.end()) return;
  Entry& entry = found->second;
  if (entry.ask != Entry::Ask::fetch || entry.fetch_offset != sent.fetch_offset ||
      entry.current_epoch != sent.current_leader_epoch || entry.not_before > step.now)
    return;
  switch (response.error) {
    case Error::NONE:
      if (response.diverging_epoch.epoch.present() && !by_high_watermark(config)) {
        partition->second.truncate_to_leader(step, response.diverging_epoch);
        follow_log(entry, partition->second);
        return;
      }
      if (!partition->second.copy_from_leader(step, response, sent.current_leader_epoch))
        entry.not_before = step.now + config.replica_fetch_backoff;
      entry.fetch_offset = partition->second.log().log_end();
      // Without a new batch the last fetched epoch stays (KAFKA-15510).
      if (entry.fetch_offset > sent.fetch_offset)
        entry.last_fetched_epoch = partition->second.log().batches().back().partition_leader_epoch;
      return;
    case Error::OFFSET_OUT_OF_RANGE:
      step.fact(ProbeHit{"follower fetch refused: OFFSET_OUT_OF_RANGE"});
      entry.ask = Entry::Ask::latest;
      return;
    case Error::FENCED_LEADER_EPOCH:
      step.fact(ProbeHit{"follower fetch refused: FENCED_LEADER_EPOCH"});
      entries_.erase(found);  // until newer metadata brings it back
      return;
    default:
      entry.not_before = step.now + config.replica_fetch_backoff;
  }
}

// OFFSET_OUT_OF_RANGE: fetchOffsetAndTruncate
void ReplicaFetcher::on_list_offsets(Step& step, const ListOffsetsResponse& response, Partitions& partitions,
                                     const ClusterConfig& config) {
  const auto* request = std::get_if<ListOffsetsRequest>(&sent_);
  if (request == nullptr) return;
  const auto found = entries_.find(request->partition);
  const auto held = partitions.find(request->partition);
  if (found == entries_.end() || held == partitions.end()) return;
  Entry& entry = found->second;
  Partition& partition = held->second;
  if (entry.current_epoch != request->current_leader_epoch || entry.ask == Entry::Ask::fetch) return;
  if (response.error == Error::FENCED_LEADER_EPOCH) {
    entries_.erase(found);
    return;
  }
  if (response.error != Error::NONE) {
    entry.ask = Entry::Ask::fetch;
    entry.not_before = step.now + config.replica_fetch_backoff;
    return;
  }
  if (request->timestamp == kLatestTimestamp) {
    if (response.offset < partition.log().log_end()) {  // an unclean election happened
      partition.truncate(step, response.offset);
      follow_log(entry, partition);
    } else {
      entry.ask = Entry::Ask::earliest;
    }
    return;
  }
  if (response.offset > partition.log().log_end()) partition.truncate_fully_and_start_at(step, response.offset);
  follow_log(entry, partition);
}

void ReplicaFetcher::lost(Step& step, const ClusterConfig& config) {
  step.cancel_timer({kFetcherTimeoutTimer, 0, static_cast<std::uint32_t>(leader_.value)});
  connection_ = ConnectionId();
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
