// Copies all partitions that this broker follows from one leader broker, with one outstanding request.
//
// Follows AbstractFetcherThread and ReplicaFetcherThread with num.replica.fetchers=1 and truncation on fetch (KIP-101,
// KIP-279, KIP-595). Leaves out: fetch sessions, tiered storage, throttling. Always holds: an answer touches a
// partition only if its fetch offset and leader epoch are still those of the request.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>

#include "model/config.h"
#include "model/replication/partition.h"
#include "model/step.h"

namespace ktrial::model {

inline constexpr std::uint16_t kFetcherWakeTimer = 210;
inline constexpr std::uint16_t kFetcherTimeoutTimer = 211;

class ReplicaFetcher {
 public:
  ReplicaFetcher() = default;
  ReplicaFetcher(NodeId self, NodeId leader) : self_(self), leader_(leader) {}

  void add(const Partition& partition, Nanos now);
  void remove(TopicPartition tp) { entries_.erase(tp); }
  bool empty() const { return entries_.empty(); }
  // Sends the next request if none is out and something is due; sets the wake timer otherwise.
  void run(Step& step, const ClusterConfig& config, BrokerEpoch own_epoch);
  void stop(Step& step);

  // True when the connection is this fetcher's.
  bool on_message(Step& step, ConnectionId connection, const Message& message, Partitions& partitions,
                  const ClusterConfig& config);
  bool on_closed(Step& step, ConnectionId connection, const ClusterConfig& config);
  void on_timeout(Step& step, const ClusterConfig& config);  // replica.socket.timeout.ms

  struct Entry {
    enum class Ask : std::uint8_t { fetch, latest, earliest } ask = Ask::fetch;
    Offset fetch_offset;
    LeaderEpoch current_epoch;
    LeaderEpoch last_fetched_epoch;
    Offset log_start;
    Nanos not_before{0};
  };
  const boost::container::flat_map<TopicPartition, Entry>& entries() const { return entries_; }

 private:
  void on_fetch(Step& step, const FetchResponse& response, Partitions& partitions, const ClusterConfig& config);
  void on_fetch_partition(Step& step, const FetchRequest::Partition& sent, const FetchResponse::Partition& response,
                          Partitions& partitions, const ClusterConfig& config);
  void on_list_offsets(Step& step, const ListOffsetsResponse& response, Partitions& partitions,
                       const ClusterConfig& config);
  void follow_log(Entry& entry, const Partition& partition);
  void lost(Step& step, const ClusterConfig& config);

  NodeId self_;
  NodeId leader_;
  ConnectionId connection_;
  std::int32_t next_correlation_ = 0;
  std::optional<std::int32_t> in_flight_;
  std::variant<FetchRequest, ListOffsetsRequest> sent_;
  Nanos not_before_{0};
  boost::container::flat_map<TopicPartition, Entry> entries_;
};

}  // namespace ktrial::model
