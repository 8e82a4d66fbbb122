// Copies all partitions that this broker follows from one leader broker, with one outstanding request.
//
// Follows AbstractFetcherThread and ReplicaFetcherThread with num.replica.fetchers=1: fetch sessions (KIP-227) and
// truncation on fetch (KIP-595); the older truncation protocols (KIP-101, KIP-279) are variants. Where the leader's
// local log begins above the fetch offset, TierStateMachine (KIP-405, tiered_fetch.cc); Kafka's thread waits for it,
// here the other partitions go on. What is throttled, out of sync and over the quota is left out of a fetch (KIP-73).
// Leaves out: several partitions in one OffsetsForLeaderEpoch. Always holds: an answer touches a partition only if its
// fetch offset and leader epoch are still those of the request; work follows what changed and not how many partitions
// are followed, but while the broker throttles any: then each fetch looks at all of them, as Kafka's does.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "model/config.h"
#include "model/described.h"
#include "model/partition_table.h"
#include "model/replication/fetch_session_handler.h"
#include "model/replication/partition.h"
#include "model/replication/replication_quota.h"
#include "model/step.h"

namespace ktrial::model {

inline constexpr std::uint16_t kFetcherWakeTimer = 210;
inline constexpr std::uint16_t kFetcherTimeoutTimer = 211;

// What a fetcher is told of its broker's replication throttle, for the time of a handler; null: there is none.
struct FetcherThrottle {
  ReplicationQuota* quota = nullptr;
  Offset metadata_offset;  // up to which the metadata is applied
};

class ReplicaFetcher {
 public:
  ReplicaFetcher() = default;
  ReplicaFetcher(NodeId self, NodeId leader) : self_(self), leader_(leader) {}

  void add(const Partition& partition, const ClusterConfig& config);
  void remove(TopicPartition tp);
  bool empty() const { return entries_.empty(); }
  ConnectionId connection() const { return connection_; }
  bool in_flight() const { return in_flight_.has_value(); }
  // Sends the next request if none is out and something is due; sets the wake timer otherwise.
  void run(Step& step, const ClusterConfig& config, BrokerEpoch own_epoch, const FetcherThrottle& throttled = {});
  void stop(Step& step);

  // True when the connection is this fetcher's.
  bool on_message(Step& step, ConnectionId connection, const Message& message, Partitions& partitions,
                  const ClusterConfig& config, ReplicationQuota* quota = nullptr);
  bool on_closed(Step& step, ConnectionId connection, const ClusterConfig& config);
  void on_timeout(Step& step, const ClusterConfig& config);  // replica.socket.timeout.ms

  // What is wanted of the remote storage, which is told what it answered (of the partition, in that leader epoch).
  std::vector<FetchLogSegmentRequest> take_remote_wishes() { return std::exchange(remote_wishes_, {}); }
  void on_remote_state(Step& step, TopicPartition tp, const FetchLogSegmentResponse& response, Partitions& partitions,
                       const ClusterConfig& config);

  struct Entry {
    enum class Ask : std::uint8_t {
      fetch,
      epoch,
      latest,
      earliest,
      earliest_local,  // TierStateMachine: the leader's local log start,
      earlier_epoch,   // which epoch is before it,
      remote_state,    // what the remote storage has of it: no request to the leader
    } ask = Ask::fetch;
    FetchRequest::Partition item;  // what a fetch asks for
    LeaderEpoch asked_epoch;       // of Ask::epoch
    Nanos not_before = Nanos::min();
    Offset leader_log_start;     // of a leader whose local log begins above the fetch offset
    OffsetAndEpoch local_start;  // of the same
    // PartitionFetchState.lag: behind the leader's high watermark, as of the last answer that brought something;
    // absent: none came yet.
    std::optional<std::int64_t> lag = std::nullopt;
    bool in_sync() const { return lag && *lag <= 0; }
    KTRIAL_FIELDS(Entry, ask, item, asked_epoch, not_before, leader_log_start, local_start, lag)
    KTRIAL_DEADLINES(Entry, not_before)
  };
  const PartitionTable<Entry>& entries() const { return entries_; }

  KTRIAL_FIELDS(ReplicaFetcher, connection_, self_, leader_, next_correlation_, in_flight_, asked_, not_before_,
                entries_, remote_wishes_, session_, asking_, delayed_, holds_back_)
  KTRIAL_CORRELATIONS(ReplicaFetcher, in_flight_)
  KTRIAL_COUNTERS(ReplicaFetcher, next_correlation_)
  KTRIAL_DEADLINES(ReplicaFetcher, not_before_, delayed_)

 private:
  using Entries = PartitionTable<Entry>;
  void on_fetch(Step& step, const FetchResponse& response, Partitions& partitions, const ClusterConfig& config,
                ReplicationQuota* quota);
  void on_fetch_partition(Step& step, const FetchResponse::Partition& response, Partitions& partitions,
                          const ClusterConfig& config, ReplicationQuota* quota);
  // The throttled partitions that the next fetch asks for out of sync.
  std::vector<TopicPartition> throttle(Step& step, const ClusterConfig& config, const FetcherThrottle& throttled);
  void count_copied(Step& step, const Entry& entry, const FetchResponse::Partition& response,
                    ReplicationQuota& quota) const;
  void on_list_offsets(Step& step, const ListOffsetsResponse& response, Partitions& partitions,
                       const ClusterConfig& config);
  void on_epoch_end(Step& step, const OffsetForLeaderEpochResponse& response, Partitions& partitions,
                    const ClusterConfig& config);
  // What the request in flight, if it is of that kind, asked about; nothing: it is not followed or held any more.
  template <class Request>
  struct Question {
    const Request& request;
    Entries::iterator at;
    Partition& partition;
  };
  template <class Request>
  std::optional<Question<Request>> question(Partitions& partitions);
  void moved_to_tiered_storage(Step& step, Entries::iterator at, const FetchResponse::Partition& response);
  void on_local_start(Step& step, Entries::iterator at, Partition& partition, OffsetAndEpoch start,
                      const ClusterConfig& config);
  void on_earlier_epoch(Step& step, Entries::iterator at, Partition& partition,
                        const OffsetForLeaderEpochResponse& response, const ClusterConfig& config);
  void want_remote_state(Entries::iterator at, LeaderEpoch epoch, const ClusterConfig& config);
  void fetch_again(Step& step, Entries::iterator at, const ClusterConfig& config);  // after a while
  void follow_log(Entry& entry, const Partition& partition, const ClusterConfig& config);
  void ask(Entries::iterator at, Entry::Ask what);
  void delay(Entries::iterator at, Nanos until);
  void due(Entries::iterator at);  // puts it where run() finds it
  void erase(Entries::iterator at);
  void lost(Step& step, const ClusterConfig& config);

  NodeId self_;
  NodeId leader_;
  ConnectionId connection_;
  std::int32_t next_correlation_ = 0;
  std::optional<std::int32_t> in_flight_;
  std::variant<std::monostate, ListOffsetsRequest, OffsetForLeaderEpochRequest> asked_;  // in flight; else a fetch is
  Nanos not_before_ = Nanos::min();
  Entries entries_;
  std::vector<FetchLogSegmentRequest> remote_wishes_;
  // An entry is in the session, is asking, is delayed or waits for the remote storage.
  FetchSessionHandler session_;
  boost::container::flat_set<TopicPartition> asking_;
  boost::container::flat_set<std::pair<Nanos, TopicPartition>> delayed_;
  bool holds_back_ = false;  // some are left out of the session as throttled
};

}  // namespace ktrial::model
