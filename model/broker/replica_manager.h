// The replicas of a broker: their partitions, roles, fetchers and ISR proposals, and the requests that read and write
// them, with those that wait.
//
// Follows ReplicaManager, ReplicaFetcherManager, FetchManager and, for what is told of a partition, the handlers of
// KafkaApis. Roles follow the metadata from the first publication on: deletions before leaders before followers. What a
// step changed is remembered and who waits for it is looked at before the step ends, as Kafka's ActionQueue does.
// replica_manager.cc has roles and what follows from them; _requests.cc all requests but Fetch; _fetch.cc that one;
// _remote.cc reads of the remote storage; _throttle.cc the replication throttle (KIP-73).
// Leaves out: transactions, replicas on their way between directories, quotas of clients.
// Always holds: outside a handler nothing that could be answered is parked, and nothing that could be sent is unsent.
#pragma once

#include <boost/container/flat_set.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "model/broker/controller_link.h"
#include "model/broker/log_manager.h"
#include "model/broker/replica_fetcher_manager.h"
#include "model/broker/request_channel.h"
#include "model/described.h"
#include "model/remote/remote_log_manager.h"
#include "model/replication/alter_partition_manager.h"
#include "model/replication/delayed.h"
#include "model/replication/fetch_session.h"

namespace ktrial::model {

inline constexpr std::uint16_t kAlterPartitionTimer = 203;
inline constexpr std::uint16_t kIsrShrinkTimer = 206;
inline constexpr std::uint16_t kCheckpointTimer = 207;

// What the replica manager needs of its broker.
class ReplicaManagerHost {
 public:
  ReplicaManagerHost(Step& s, const ClusterConfig& c, const MetadataImage& i, BrokerMachine& m, LogManager& l,
                     RemoteLogManager& r, ControllerLink& link, RequestChannel& q)
      : step(s), config(c), image(i), machine(m), logs(l), remote(r), controller(link), requests(q) {}
  virtual ~ReplicaManagerHost() = default;
  Step& step;
  const ClusterConfig& config;
  const MetadataImage& image;
  BrokerMachine& machine;
  LogManager& logs;
  RemoteLogManager& remote;
  ControllerLink& controller;
  RequestChannel& requests;

  // A connection that is closed by now swallows the answer.
  template <class Response>
  void answer(ConnectionId connection, std::int32_t correlation_id, Response&& response) {
    requests.done(step, connection, correlation_id, std::forward<Response>(response));
  }
  virtual BrokerEpoch broker_epoch() const = 0;
  virtual bool shutting_down() const = 0;  // at least in controlled shutdown
  virtual void load_log(TopicPartition tp, LogDisk&& disk) = 0;
  virtual void on_log_configured(TopicPartition tp) = 0;
  virtual void assign_directory(TopicPartition tp, DirectoryId actual) = 0;  // the controller thinks of another
};

class ReplicaManager {
 public:
  struct State {
    explicit State(const ClusterConfig& config)
        : alter(!config.variants.on(Variant::alter_partition_retry)), leader_quota(config), follower_quota(config) {}
    Partitions partitions;
    boost::container::flat_set<TopicPartition> offline;           // in log directories that were given up
    bool published = false;                                       // roles follow the metadata
    std::vector<std::pair<std::string, TopicId>> removed_topics;  // since the last publication

    AlterPartitionManager alter;
    bool alter_waits = false;  // until kAlterPartitionTimer

    ReplicaFetcherManager fetchers;
    ReplicationQuota leader_quota, follower_quota;

    Purgatory<DelayedProduce> produces{kDelayedProduceTimer};
    Purgatory<DelayedDeleteRecords> deletes{kDelayedDeleteRecordsTimer};
    Purgatory<DelayedFetch> fetches{kDelayedFetchTimer};
    Purgatory<DelayedRemoteFetch> remote_fetches{kDelayedRemoteFetchTimer};
    boost::container::flat_set<std::uint32_t> without_session;  // of `fetches`
    FetchSessions sessions;
    TouchedPartitions touched;  // since the parked fetches were last looked at
    bool changed = false;       // something in this step that parked requests may wait for
    KTRIAL_FIELDS(State, partitions, offline, published, removed_topics, alter, alter_waits, fetchers, leader_quota,
                  follower_quota, produces, deletes, fetches, remote_fetches, without_session, sessions, touched,
                  changed)
    KTRIAL_NUMBERS(State, kDelayedFetchTimer, without_session)
  };

  explicit ReplicaManager(const ClusterConfig& config) : s_(config) {}
  // Fetch sessions are numbered by the life of the process.
  void start(ReplicaManagerHost& host, IncarnationId incarnation);

  // -- metadata
  bool published() const { return s_.published; }
  void note_removed_topics(std::vector<std::pair<std::string, TopicId>> topics);
  // All that is in the image and on the disk: from now on roles follow the metadata.
  MetadataDelta first_publication(const MetadataImage& image);
  void apply_delta(ReplicaManagerHost& host, const MetadataDelta& delta);

  // -- requests; false: not one of these
  bool on_request(ReplicaManagerHost& host, ConnectionId connection, const Message& message);
  // Without a connection: an operator's command, which is answered by facts alone.
  void delete_records(ReplicaManagerHost& host, ConnectionId connection, std::int32_t correlation_id,
                      const DeleteRecordsRequest& request);
  // A coordinator's own append, with acks=all.
  AppendResult append_own(ReplicaManagerHost& host, TopicPartition tp, const RecordBatch& batch);

  // -- answers
  void on_fetcher_answer(ReplicaManagerHost& host, ConnectionId connection, Message& message);
  bool on_fetcher_closed(ReplicaManagerHost& host, ConnectionId connection);  // whether it was a fetcher's
  void on_alter_partition(ReplicaManagerHost& host, const MessageBody& body);
  void on_alter_partition_loss(ReplicaManagerHost& host, ControllerLoss loss);
  void on_remote_read(ReplicaManagerHost& host, RemoteLogManager::Answer&& answer);

  // -- timers and what others found
  static bool owns(TimerId timer);
  void on_timer(ReplicaManagerHost& host, TimerId timer);
  void begin_checkpoints(ReplicaManagerHost& host);
  void on_directory_failure(ReplicaManagerHost& host, std::size_t directory);
  void changed(TopicPartition tp, const PartitionProgress& change);

  // -- the end of a step
  // Whether something has changed that parked requests may wait for; then complete_delayed() is due.
  bool take_changes() { return std::exchange(s_.changed, false); }
  void complete_delayed(ReplicaManagerHost& host);
  void send(ReplicaManagerHost& host);  // ISR proposals and fetches

  const Partition* find(TopicPartition tp) const;
  const Partitions& partitions() const { return s_.partitions; }
  Partitions& partitions() { return s_.partitions; }

  KTRIAL_FIELDS(ReplicaManager, s_)

 private:
  enum class Look : std::uint8_t { first, parked, expired };  // at a fetch
  struct FetchOutcome {
    FetchResponse response;
    std::vector<Offset> leader_log_ends;  // by partition of the request; absent where the read failed
    bool complete = false;
    std::optional<std::size_t> remote;  // the first partition that is to be read from the remote storage
  };

  Partition* held(TopicPartition tp);
  Error not_held(const MetadataImage& image, TopicPartition tp) const;
  Error gone(TopicPartition tp) const;

  // roles
  void keep_logs(ReplicaManagerHost& host, const std::string& name, TopicId removed);
  void delete_replica(ReplicaManagerHost& host, TopicPartition tp);
  bool host_replica(ReplicaManagerHost& host, TopicPartition tp, const PartitionRegistration& registration);
  void make_leader(ReplicaManagerHost& host, TopicPartition tp, const PartitionRegistration& registration);
  void make_follower(ReplicaManagerHost& host, TopicPartition tp, const PartitionRegistration& registration);
  void assign_directory(ReplicaManagerHost& host, const Partition& partition, DirectoryId assigned);
  void remote_log_role(ReplicaManagerHost& host, const Partition& partition);
  void configure_logs(ReplicaManagerHost& host, const MetadataDelta& delta);
  void checkpoint_high_watermarks(ReplicaManagerHost& host);
  void try_alter_partition_later(ReplicaManagerHost& host);

  // requests
  void produce(ReplicaManagerHost& host, ConnectionId connection, std::int32_t correlation_id,
               const ProduceRequest& request);
  ProduceResponse::Partition produce(ReplicaManagerHost& host, const ProduceRequest::Partition& item, Acks acks,
                                     Offset& required);
  bool reuses_offsets(ReplicaManagerHost& host, Partition& partition, const RecordBatch& batch);
  AppendResult append(ReplicaManagerHost& host, Partition& partition, const RecordBatch& batch, Acks acks);
  bool try_produce(ReplicaManagerHost& host, DelayedProduce& operation);
  bool try_delete_records(ReplicaManagerHost& host, DelayedDeleteRecords& operation, bool forced);
  ListOffsetsResponse list_offsets(ReplicaManagerHost& host, const ListOffsetsRequest& request);
  OffsetForLeaderEpochResponse offset_for_leader_epoch(ReplicaManagerHost& host,
                                                       const OffsetForLeaderEpochRequest& request);
  GetReplicaLogInfoResponse replica_log_info(ReplicaManagerHost& host, const GetReplicaLogInfoRequest& request) const;

  // fetches
  void fetch(ReplicaManagerHost& host, ConnectionId connection, std::int32_t correlation_id,
             const FetchRequest& request);
  FetchRequest active_part(const FetchRequest& request, const FetchSession& session) const;
  PartitionRead read_not_held(const MetadataImage& image, TopicPartition tp) const;
  NodeId preferred_read_replica(const ReplicaManagerHost& host, const FetchRequest& request,
                                const FetchRequest::Partition& item, const Partition& partition) const;
  FetchOutcome read_all(ReplicaManagerHost& host, const FetchRequest& request, Look look);
  FetchOutcome look_again(ReplicaManagerHost& host, const FetchRequest& request, bool forced);
  void tell_refused(ReplicaManagerHost& host, const DelayedFetch& operation, const FetchResponse& response);
  void answer_fetch(ReplicaManagerHost& host, const DelayedFetch& operation, FetchResponse response);
  bool refuse_late_fetch(ReplicaManagerHost& host, const DelayedFetch& operation, const FetchSession* session);
  bool has_news(ReplicaManagerHost& host, const DelayedFetch& operation, const FetchRequest::Partition& item) const;
  bool try_fetch(ReplicaManagerHost& host, const DelayedFetch& operation, bool forced);
  void try_fetches(ReplicaManagerHost& host);
  void leave_out_unwritable(ReplicaManagerHost& host, FetchResponse& response);
  void copied(ReplicaManagerHost& host, const Message& answer);

  // the remote storage
  void fetch_remote(ReplicaManagerHost& host, DelayedFetch operation, FetchResponse local, std::size_t which);
  void complete_remote_fetch(ReplicaManagerHost& host, DelayedRemoteFetch& operation);

  // replication throttle
  void configure_throttles(ReplicaManagerHost& host, const MetadataDelta& delta);
  bool should_leader_throttle(ReplicaManagerHost& host, const Partition& partition, NodeId replica, Look look);
  void throttle(ReplicaManagerHost& host, const Partition& partition, NodeId replica, Look look, PartitionRead& read);
  void count_sent(ReplicaManagerHost& host, NodeId replica, const FetchResponse& response);

  State s_;
};

}  // namespace ktrial::model
