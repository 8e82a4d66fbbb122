// The fetchers of a broker, one for each leader that it follows.
//
// Follows ReplicaFetcherManager and AbstractFetcherManager with num.replica.fetchers=1. A fetcher that is left without
// partitions is stopped. Always holds: a partition is with one fetcher at most; after run() nothing that could be asked
// for is unasked; work follows the fetchers that something happened to, and not how many there are.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>

#include "model/described.h"
#include "model/remote/remote_log_manager.h"
#include "model/replication/replica_fetcher.h"

namespace ktrial::model {

class ReplicaFetcherManager {
 public:
  struct State {
    boost::container::flat_map<NodeId, ReplicaFetcher> fetchers;
    boost::container::flat_set<NodeId> due;  // they may have something to send
    boost::container::flat_map<ConnectionId, NodeId> connections;
    KTRIAL_FIELDS(State, fetchers, due)
    KTRIAL_DERIVED(State, connections)
  };

  bool follows(NodeId leader, TopicPartition tp) const;
  void add(NodeId self, const Partition& partition, const ClusterConfig& config);
  void remove(TopicPartition tp);

  // Whose connection it is; null: not a fetcher's.
  ReplicaFetcher* find(ConnectionId connection);
  // Whether it was the connection that a fetcher uses.
  bool on_closed(Step& step, ConnectionId connection, const ClusterConfig& config);
  static bool owns(TimerId timer) { return timer.kind == kFetcherTimeoutTimer || timer.kind == kFetcherWakeTimer; }
  void on_timer(Step& step, TimerId timer, const ClusterConfig& config);
  // What a fetcher wanted of the remote storage.
  void on_remote_read(Step& step, const RemoteLogManager::Answer& answer, Partitions& partitions,
                      const ClusterConfig& config);
  void run(Step& step, RemoteLogManager& remote, BrokerEpoch own_epoch, const FetcherThrottle& throttle,
           const ClusterConfig& config);

  KTRIAL_FIELDS(ReplicaFetcherManager, s_)

 private:
  State s_;
};

}  // namespace ktrial::model
