#include "model/broker/replica_fetcher_manager.h"

namespace ktrial::model {
namespace {

// A read of the remote storage is told apart by the leader and its epoch: an answer to an older one says nothing.
std::int64_t remote_token(NodeId leader, LeaderEpoch epoch) { return (std::int64_t{epoch.value} << 32) | leader.value; }

}  // namespace

bool ReplicaFetcherManager::follows(NodeId leader, TopicPartition tp) const {
  const auto it = s_.fetchers.find(leader);
  return it != s_.fetchers.end() && it->second.entries().contains(tp);
}

void ReplicaFetcherManager::add(NodeId self, const Partition& partition, const ClusterConfig& config) {
  const NodeId leader = partition.leader();
  auto it = s_.fetchers.find(leader);
  if (it == s_.fetchers.end()) it = s_.fetchers.emplace(leader, ReplicaFetcher(self, leader)).first;
  it->second.add(partition, config);
  s_.due.insert(leader);
}

void ReplicaFetcherManager::remove(TopicPartition tp) {
  for (auto& [leader, fetcher] : s_.fetchers)
    if (fetcher.entries().contains(tp)) {
      fetcher.remove(tp);
      s_.due.insert(leader);
    }
}

ReplicaFetcher* ReplicaFetcherManager::find(ConnectionId connection) {
  const auto known = s_.connections.find(connection);
  if (known == s_.connections.end()) return nullptr;
  const auto it = s_.fetchers.find(known->second);
  if (it == s_.fetchers.end()) return nullptr;
  s_.due.insert(it->first);
  return &it->second;
}

bool ReplicaFetcherManager::on_closed(Step& step, ConnectionId connection, const ClusterConfig& config) {
  ReplicaFetcher* fetcher = find(connection);
  s_.connections.erase(connection);
  return fetcher != nullptr && fetcher->on_closed(step, connection, config);
}

void ReplicaFetcherManager::on_timer(Step& step, TimerId timer, const ClusterConfig& config) {
  const auto it = s_.fetchers.find(NodeId(static_cast<std::int32_t>(timer.about)));
  if (it == s_.fetchers.end()) return;
  if (timer.kind == kFetcherTimeoutTimer) {
    s_.connections.erase(it->second.connection());
    it->second.on_timeout(step, config);
  }
  s_.due.insert(it->first);
}

void ReplicaFetcherManager::on_remote_read(Step& step, const RemoteLogManager::Answer& answer, Partitions& partitions,
                                           const ClusterConfig& config) {
  const auto fetcher = s_.fetchers.find(NodeId(static_cast<std::int32_t>(answer.token & 0xffffffff)));
  if (fetcher == s_.fetchers.end()) return;
  const auto entry = fetcher->second.entries().find(answer.partition);
  if (entry == fetcher->second.entries().end() ||
      remote_token(fetcher->first, entry->second.item.current_leader_epoch) != answer.token)
    return;
  fetcher->second.on_remote_state(step, answer.partition, answer.response, partitions, config);
  s_.due.insert(fetcher->first);
}

void ReplicaFetcherManager::run(Step& step, RemoteLogManager& remote, BrokerEpoch own_epoch,
                                const FetcherThrottle& throttle, const ClusterConfig& config) {
  for (const NodeId leader : s_.due) {
    const auto it = s_.fetchers.find(leader);
    if (it == s_.fetchers.end()) continue;
    ReplicaFetcher& fetcher = it->second;
    // Variants late_fetch_answer and late_epoch_answer: an answer that is on its way is still listened to.
    const bool listens = fetcher.in_flight() && (config.variants.on(Variant::late_fetch_answer) ||
                                                 config.variants.on(Variant::late_epoch_answer));
    if (!fetcher.empty()) {
      for (const FetchLogSegmentRequest& wanted : fetcher.take_remote_wishes()) {
        const auto entry = fetcher.entries().find(wanted.partition);
        if (entry == fetcher.entries().end()) continue;  // not followed any more
        remote.fetch(step, RemoteLogManager::Reader::follower,
                     remote_token(leader, entry->second.item.current_leader_epoch), wanted);
      }
      fetcher.run(step, config, own_epoch, throttle);
      if (fetcher.connection().present()) s_.connections[fetcher.connection()] = leader;
    } else if (!listens) {
      s_.connections.erase(fetcher.connection());
      fetcher.stop(step);
      s_.fetchers.erase(it);
    }
  }
  s_.due.clear();
}

}  // namespace ktrial::model
