// The fetching core of a consumer: positions of assigned partitions, and the requests that move them.
//
// Follows SubscriptionState, AbstractFetch, OffsetFetcher and FetchCollector. A partition is INITIALIZING, FETCHING,
// AWAIT_RESET (ListOffsets by auto.offset.reset) or AWAIT_VALIDATION (OffsetForLeaderEpoch after a new leader epoch).
// Answers are delivered at once (poll() takes everything), or buffered until collect() takes some of them; a partition
// with buffered records is not fetched. A consumer with a client.rack fetches a partition from the replica that the
// leader named, until metadata.max.age.ms or an error (KIP-392, read_replica.cc). Leaves out: read_committed.
// Work follows what changed: positions that nothing happened to are not looked at.
// Always holds: an answer, buffered or not, is used only if the partition's position is still the one that was asked
// for; one fetch per node is outstanding.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <map>
#include <optional>
#include <vector>

#include "model/clients/metadata_cache.h"
#include "model/clients/network_client.h"
#include "model/config.h"
#include "model/described.h"
#include "model/partition_table.h"
#include "model/replication/fetch_session_handler.h"
#include "model/step.h"

namespace ktrial::model {

enum class FetchState : std::uint8_t { INITIALIZING, FETCHING, AWAIT_RESET, AWAIT_VALIDATION };

struct FetchPosition {
  FetchState state = FetchState::INITIALIZING;
  Offset offset;                  // of the next record to fetch
  LeaderEpoch offset_epoch;       // of the last record consumed; absent: nothing to validate
  LeaderEpoch current_leader;     // leader epoch that fetches are sent with
  NodeId leader;                  // of that epoch
  NodeId preferred_read_replica;  // absent: the leader
  Nanos preferred_until{0};
  bool paused = false;
  std::uint64_t version = 0;  // changes with every change of the position: what answers are checked against
  bool asking = false;        // a ListOffsets or OffsetForLeaderEpoch is in flight
  Nanos retry_at{0};
  Offset high_watermark;
  KTRIAL_FIELDS(FetchPosition, state, offset, offset_epoch, current_leader, leader, preferred_read_replica,
                preferred_until, paused, version, asking, retry_at, high_watermark)
  KTRIAL_NUMBERS(FetchPosition, kFetchVersionNumbers, version)
  KTRIAL_DEADLINES(FetchPosition, preferred_until, retry_at)
};

enum class FetchDelivery : std::uint8_t { at_once, buffered };

class Fetcher {
 public:
  explicit Fetcher(const ConsumerConfig& config = {}, FetchDelivery delivery = FetchDelivery::at_once)
      : config_(config), delivery_(delivery) {}

  // Replaces the assignment; partitions kept keep their positions, new ones are INITIALIZING until seek() or reset().
  void assign(const std::vector<TopicPartition>& partitions);
  void seek(TopicPartition tp, Offset offset, LeaderEpoch epoch = {});
  void reset(TopicPartition tp);  // to auto.offset.reset
  void pause(TopicPartition tp, bool paused = true);
  const PartitionTable<FetchPosition>& positions() const { return positions_; }

  void send_requests(Step& step, NetworkClient& network, MetadataCache& metadata);
  // Up to `max_records` buffered records, oldest answer first; positions move behind them. Fact: RecordConsumed.
  std::vector<RecordConsumed> collect(Step& step, std::int32_t max_records);
  // Behind what was fetched, whether or not it was collected.
  Offset fetched_end(TopicPartition tp) const;
  // True when the answer belonged here. Facts: RecordConsumed, ConsumerPositionReset, ConsumerHighWatermarkSeen.
  bool on_response(Step& step, const NetworkClient::InFlight& request, const MessageBody& body,
                   MetadataCache& metadata);
  void on_disconnect(Step& step, const NetworkClient::InFlight& request);
  std::optional<Nanos> next_deadline(Nanos now) const;

  KTRIAL_FIELDS(Fetcher, config_, delivery_, buffered_, positions_, asked_, fetching_, sessions_, fetched_from_,
                changed_, idle_, seen_metadata_, version_)
  KTRIAL_DERIVED(Fetcher, leases_)
  KTRIAL_CLIENT_CORRELATIONS(Fetcher, asked_, fetching_)
  KTRIAL_COUNTERS(Fetcher, version_)
  KTRIAL_NUMBERS(Fetcher, kMetadataVersionNumbers, seen_metadata_)

 private:
  struct Asked {
    TopicPartition partition;
    std::uint64_t version = 0;
    Offset offset;
    LeaderEpoch current_leader;  // as the request had it
    KTRIAL_FIELDS(Asked, partition, version, offset, current_leader)
    KTRIAL_NUMBERS(Asked, kFetchVersionNumbers, version)
  };
  struct Buffered {  // CompletedFetch
    TopicPartition partition;
    std::uint64_t version = 0;
    std::vector<RecordBatch> batches;
    KTRIAL_FIELDS(Buffered, partition, version, batches)
    KTRIAL_NUMBERS(Buffered, kFetchVersionNumbers, version)
  };
  // Does what a position needs next. True: nothing more until something happens to it.
  bool look_at(Step& step, NetworkClient& network, MetadataCache& metadata, TopicPartition tp);
  void fetch_from(TopicPartition tp, NodeId node);  // absent: from nobody
  // selectReadReplica: the preferred one, if the metadata still has it.
  NodeId read_replica(Step& step, TopicPartition tp, FetchPosition& p, MetadataCache& metadata);
  void prefer(Step& step, TopicPartition tp, FetchPosition& p, NodeId replica);
  // Whether there was a preferred replica.
  bool back_to_leader(Step& step, TopicPartition tp, FetchPosition& p, const char* reason);
  void replica_failed(Step& step, NodeId from, TopicPartition tp, FetchPosition& p, Error error);
  void end_leases(Step& step);
  bool has_records(TopicPartition tp) const;
  FetchPosition* asked_position(const Asked& asked);
  FetchPosition* position_at(TopicPartition tp, std::uint64_t version);
  FetchPosition* buffered_position(const Buffered& buffered);  // null: the records are not those at the position
  bool collect_from(Step& step, Buffered& buffered, FetchPosition& p, std::size_t max_records,
                    std::vector<RecordConsumed>& out);
  void move(FetchPosition& p, FetchState state, Offset offset, LeaderEpoch epoch);
  void lost_position(Step& step, TopicPartition tp, FetchPosition& p);
  void on_fetched(Step& step, NodeId from, const Asked& asked, const FetchResponse::Partition& result,
                  MetadataCache& metadata);
  void on_reset(Step& step, const Asked& asked, const ListOffsetsResponse& result, MetadataCache& metadata);
  void on_validated(Step& step, const Asked& asked, const OffsetForLeaderEpochResponse& result,
                    MetadataCache& metadata);
  void retry_later(Step& step, FetchPosition& p, Error error, MetadataCache& metadata);

  ConsumerConfig config_;
  FetchDelivery delivery_ = FetchDelivery::at_once;
  std::vector<Buffered> buffered_;  // in order of arrival
  PartitionTable<FetchPosition> positions_;
  std::map<std::int32_t, std::vector<Asked>> asked_;           // by correlation id
  boost::container::flat_map<NodeId, std::int32_t> fetching_;  // the outstanding fetch of each node
  boost::container::flat_map<NodeId, FetchSessionHandler> sessions_;
  PartitionTable<NodeId> fetched_from_;
  boost::container::flat_set<std::pair<Nanos, TopicPartition>> leases_;  // of preferred read replicas, by their end
  boost::container::flat_set<TopicPartition> changed_;                   // to be looked at
  boost::container::flat_set<NodeId> idle_;                              // that may be sent a fetch
  std::optional<std::uint64_t> seen_metadata_;
  std::uint64_t version_ = 0;
};

inline constexpr std::uint64_t kFetcherRequest = 100;  // InFlight::about of its requests

}  // namespace ktrial::model
