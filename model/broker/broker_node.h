// A broker: {config, disk, memory}.
//
// Follows BrokerServer, KafkaApis, ReplicaManager and BrokerMetadataPublisher. It applies committed metadata as it
// comes, deletions before leaders before followers before group coordinators, and refuses who connects before it was
// unfenced for the first time. Leaves out: CreateTopics forwarding (NOT_CONTROLLER), quotas of clients,
// authorisation. Always holds: outside a handler nothing that could be answered is parked, and nothing that could be
// sent is unsent.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <optional>
#include <vector>

#include "model/broker/broker_groups.h"
#include "model/broker/broker_lifecycle.h"
#include "model/broker/controller_channel.h"
#include "model/broker/directory_assignments.h"
#include "model/broker/producer_id_manager.h"
#include "model/broker/request_channel.h"
#include "model/described.h"
#include "model/node.h"
#include "model/quorum/metadata_observer.h"
#include "model/remote/remote_log_manager.h"
#include "model/replication/alter_partition_manager.h"
#include "model/replication/delayed.h"
#include "model/replication/fetch_session.h"
#include "model/replication/replica_fetcher.h"
#include "model/storage/disk_health.h"
#include "model/storage/log_cleaner.h"
#include "model/storage/log_directories.h"

namespace ktrial::model {

inline constexpr std::uint16_t kFirstBrokerTimer = 200;
inline constexpr std::uint16_t kLastBrokerTimer = 249;
inline constexpr std::uint16_t kHeartbeatTimer = 200;
inline constexpr std::uint16_t kAlterPartitionTimer = 203;
inline constexpr std::uint16_t kIsrShrinkTimer = 206;
inline constexpr std::uint16_t kCheckpointTimer = 207;
inline constexpr std::uint16_t kShutdownTimer = 208;
inline constexpr std::uint16_t kLogRecoveryTimer = 220;
inline constexpr std::uint16_t kLogRetentionTimer = 222;
inline constexpr std::uint16_t kRecoveryPointTimer = 223;
inline constexpr std::uint16_t kLogStartTimer = 224;
inline constexpr std::uint16_t kLogFlusherTimer = 225;
inline constexpr std::uint16_t kDirectoryFailureTimer = 227;
inline constexpr std::uint16_t kLogCleanerTimer = 228;
inline constexpr std::uint16_t kDirectoryTimeoutTimer = 230;

class BrokerNode {
 public:
  BrokerNode(NodeId self, std::vector<NodeId> controllers, ClusterConfig config)
      : self_(self),
        controllers_(std::move(controllers)),
        config_(std::move(config)),
        disk_(config_.log_dirs.size()),
        health_(config_.log_dirs.size()) {}

  void start(Step& step);
  void on_message(Step& step, ConnectionId connection, Message&& message);
  void on_closed(Step& step, ConnectionId connection);
  void on_timer(Step& step, TimerId timer);
  void on_command(Step& step, const Command& command);
  void kill();
  void power_cut(const Survival& survival, std::vector<Fact>& facts);
  void wipe(std::vector<Fact>& facts);

  // -- the machine's disk, whatever the process does
  void set_disk_health(const DiskHealth& health, std::size_t directory = 0) { health_[directory] = health; }
  // Breaks a stored batch, the `which`-th of those that a running broker leads or follows; false if there is none.
  bool rot(std::uint64_t which, std::vector<Fact>& facts);
  // Changes a record of it so that the checksum is right all the same: of the first batch from there on, round and
  // round, that holds a producer's record which has not rotted yet.
  bool rot_unseen(std::uint64_t which, std::vector<Fact>& facts);
  // Breaks it, and the one of the next log (of its own, if it is the only one) that it was written over.
  bool misdirect(std::uint64_t which, std::vector<Fact>& facts);
  BrokerDisk durable_disk() const;                                // what a power cut is sure to leave
  void restore_disk(BrokerDisk older, std::vector<Fact>& facts);  // of a node that is down

  // -- read only
  NodeId self() const { return self_; }
  bool running() const { return memory_.has_value(); }
  BrokerState state() const { return memory_ ? memory_->lifecycle.state() : BrokerState::NOT_RUNNING; }
  BrokerEpoch broker_epoch() const { return memory_ ? memory_->lifecycle.epoch() : BrokerEpoch(); }
  const Partition* partition(TopicPartition tp) const;
  const Partitions* partitions() const { return memory_ ? &memory_->partitions : nullptr; }
  const Log* log(TopicPartition tp) const;
  const MetadataImage* image() const { return memory_ ? &memory_->image : nullptr; }
  const BrokerDisk& disk() const { return disk_; }
  // A log directory is offline; with its last one the broker is about to halt.
  bool directory_failed() const { return memory_ && !memory_->failed.empty(); }

  KTRIAL_FIELDS(BrokerNode, self_, controllers_, config_, disk_, health_, memory_)

 private:
  struct Cleaner {
    bool started = false;
    TopicPartition partition;  // of the one that is running
    std::optional<LogCleaning> running;
    boost::container::flat_set<TopicPartition> uncleanable;
    KTRIAL_FIELDS(Cleaner, started, partition, running, uncleanable)
  };
  struct Memory {
    explicit Memory(MetadataObserver o) : observer(std::move(o)) {}
    MetadataObserver observer;
    MetadataImage image;
    DirectorySet clean_shutdown;  // their logs need no recovery
    std::size_t loaded = 0;       // logs of the disk
    bool recovering = false;      // the next one
    bool logs_loaded = false;
    bool caught_up = false;  // with the metadata, and waits for the logs
    DirectorySet failed;     // log directories with an I/O error: they are not used any more
    boost::container::flat_set<TopicPartition> offline_partitions;  // in those of them that were given up
    std::vector<std::int32_t> logs_in;                              // how many each directory holds
    DirectoryAssignments assignments;
    ControllerChannel assignments_channel;
    std::vector<std::pair<std::string, TopicId>> removed_topics;  // variant recreated_topic: since the last publication
    bool published = false;  // roles follow the image from the first publication on
    BrokerLifecycle lifecycle;
    ControllerChannel heartbeat_channel;
    ControllerChannel alter_channel;
    AlterPartitionManager alter;
    bool alter_waits = false;
    RequestChannel requests;
    Partitions partitions;
    boost::container::flat_map<NodeId, ReplicaFetcher> fetchers;
    Purgatory<DelayedProduce> produces{kDelayedProduceTimer};
    Purgatory<DelayedFetch> fetches{kDelayedFetchTimer};
    boost::container::flat_set<std::uint32_t> without_session;  // of `fetches`
    FetchSessions sessions;
    boost::container::flat_set<NodeId> fetchers_due;  // that may have something to send
    boost::container::flat_map<ConnectionId, NodeId> fetcher_connections;
    Purgatory<DelayedDeleteRecords> deletes{kDelayedDeleteRecordsTimer};
    bool wake = false;  // some partition changed in this step
    BrokerGroups groups;
    ProducerIdManager producer_ids;
    TouchedPartitions touched;
    Cleaner cleaner;
    RemoteLogManager remote;
    Purgatory<DelayedRemoteFetch> remote_fetches{kDelayedRemoteFetchTimer};
    ReplicationQuota leader_quota, follower_quota;
    KTRIAL_FIELDS(Memory, observer, image, clean_shutdown, loaded, recovering, logs_loaded, caught_up, failed,
                  offline_partitions, logs_in, assignments, assignments_channel, removed_topics, published, lifecycle,
                  heartbeat_channel, alter_channel, alter, alter_waits, requests, partitions, fetchers, produces,
                  fetches, without_session, sessions, fetchers_due, deletes, wake, groups, producer_ids, touched,
                  cleaner, remote, remote_fetches, leader_quota, follower_quota)
    KTRIAL_DERIVED(Memory, fetcher_connections)
    KTRIAL_NUMBERS(Memory, kDelayedFetchTimer, without_session)
  };

  // metadata (broker_metadata.cc)
  void after_observer(Step& step);
  void publish(Step& step, const MetadataDelta& delta);
  void note_removed_topics(const MetadataBatch& batch);
  void keep_logs(Step& step, const std::string& name, TopicId removed);
  void all_partitions(std::vector<TopicPartition>& out) const;
  Partition* host(Step& step, TopicPartition tp, const PartitionRegistration& registration);  // null: it is offline
  PartitionConfig partition_config(const TopicConfig& topic) const;
  void unfetch(TopicPartition tp);
  void delete_replica(Step& step, TopicPartition tp);
  ReplicaFetcher* fetcher_of(ConnectionId connection);  // null: the connection is not a fetcher's

  // lifecycle (broker_node.cc)
  void send_heartbeat(Step& step);
  void on_lifecycle(Step& step, BrokerLifecycle::Then then, Nanos delay);
  void shut_down(Step& step);
  void settle(Step& step);  // ends every handler: work through what the step has made possible

  // storage (broker_storage.cc)
  std::vector<std::pair<TopicPartition, SegmentFiles*>> stored_logs();
  void load_logs(Step& step);
  void load_log(Step& step, TopicPartition tp, LogDisk&& disk);
  void keep_offline_logs();
  void begin_serving(Step& step);
  void on_storage_timer(Step& step, TimerId timer);
  void store_for_shutdown(Step& step);
  void on_delete_records(Step& step, ConnectionId connection, std::int32_t correlation,
                         const DeleteRecordsRequest& request);
  bool try_delete_records(Step& step, DelayedDeleteRecords& operation, bool forced);

  // log directories (broker_directories.cc)
  bool has_several_directories() const { return config_.log_dirs.size() > 1; }
  std::vector<DirectoryId> online_directories() const;  // empty: there is only one
  BrokerEpoch take_clean_shutdown();
  void drop_duplicates(Step& step);
  std::optional<std::size_t> online_directory(DirectoryId id) const;
  std::size_t directory_for_new_log(DirectoryId assigned) const;
  static std::size_t directory_of(const Partition& partition) { return partition.log().disk().directory; }
  bool all_failed(DirectorySet failed) const { return failed.size() == health_.size(); }
  bool disks_are_well() const;
  // True when the operation fails: the log directory is offline, or goes offline with this.
  bool directory_fails(Step& step, std::size_t directory, TopicPartition tp, const char* operation, bool fails);
  bool read_fails(Step& step, std::size_t directory, TopicPartition tp);
  bool write_fails(Step& step, const Partition& partition);
  bool sync_fails(Step& step, const Partition& partition, const char* operation);  // one that writes and syncs
  DirectorySet syncs_fail(Step& step, const char* operation);                      // one in each directory
  bool fsync_fails(Step& step, Partition& partition);
  bool storage_failed(const Partition& partition) const;
  void wait_for_disk(Step& step, const Partition& partition) const;  // as long as it is slow
  void leave_out_unwritable(Step& step, FetchResponse& response);
  void on_directory_failure(Step& step, std::size_t directory);
  void on_directory_timeout(Step& step, std::size_t directory);
  void assign_directory(Step& step, const Partition& partition, DirectoryId assigned);

  // compaction (broker_cleaner.cc)
  bool is_compacted(TopicPartition tp) const;
  bool is_cleaned(TopicPartition tp) const;
  void start_cleaner(Step& step, TopicPartition tp);  // if there is reason to by now
  void on_cleaner_timer(Step& step);
  bool begin_cleaning(Step& step);
  void clean_further(Step& step);
  void delete_compacted(Step& step);

  // tiered storage (broker_remote.cc)
  TopicConfig topic_config(TopicId topic) const;
  void remote_log_role(Step& step, TopicPartition tp);  // its tasks are those of its role
  void fetch_remote(Step& step, DelayedFetch operation, FetchResponse local, std::size_t which);
  void complete_remote_fetch(Step& step, DelayedRemoteFetch& operation);
  void work_on_remote_log(Step& step);  // what the remote storage answered, and what fetchers want of it

  // requests (broker_requests.cc)
  Error not_held(TopicPartition tp) const;
  Error gone(TopicPartition tp) const;
  void handle(Step& step, ConnectionId connection, const Message& message);
  template <class Response>
  void answer(Step& step, ConnectionId connection, std::int32_t correlation, Response&& response) {
    memory_->requests.done(step, connection, correlation, std::forward<Response>(response));
  }
  void on_produce(Step& step, ConnectionId connection, std::int32_t correlation, const ProduceRequest& request);
  void on_fetch(Step& step, ConnectionId connection, std::int32_t correlation, const FetchRequest& request);
  bool try_produce(Step& step, DelayedProduce& operation);
  InitProducerIdResponse init_producer_id(Step& step);
  bool reuses_offsets(Step& step, Partition& partition, const RecordBatch& batch);
  AppendResult append(Step& step, Partition& partition, const RecordBatch& batch, Acks acks);
  struct FetchOutcome {
    FetchResponse response;
    std::vector<Offset> leader_log_ends;  // by partition of the request; absent where the read failed
    bool complete = false;
    std::optional<std::size_t> remote;  // the first partition that is to be read from the remote storage
  };
  NodeId preferred_read_replica(const FetchRequest& request, const FetchRequest::Partition& item,
                                const Partition& partition) const;
  void copied(const Message& answer);                         // by a fetcher of this broker
  static PartitionRead read_offline(TopicPartition tp);       // its log directory has failed
  PartitionRead read_not_held(TopicPartition tp) const;       // what a fetch is told of a partition that is not here
  enum class Look : std::uint8_t { first, parked, expired };  // at a fetch
  FetchOutcome read_all(Step& step, const FetchRequest& request, Look look);
  FetchOutcome look_again(Step& step, const FetchRequest& request, bool forced);
  FetchRequest active_part(const FetchRequest& request, const FetchSession& session) const;
  void tell_refused(Step& step, const DelayedFetch& operation, const FetchResponse& response);
  void answer_fetch(Step& step, const DelayedFetch& operation, FetchResponse response);
  bool try_fetch(Step& step, const DelayedFetch& operation, bool forced);
  void try_fetches(Step& step);
  bool has_news(const DelayedFetch& operation, const FetchRequest::Partition& item) const;
  MetadataResponse metadata(const MetadataRequest& request) const;
  GetReplicaLogInfoResponse replica_log_info(const GetReplicaLogInfoRequest& request) const;
  void changed(TopicPartition tp, const PartitionProgress& change);

  // replication throttle (broker_throttle.cc)
  void configure_logs(Step& step, const MetadataDelta& delta);
  void configure_throttles(const MetadataDelta& delta);
  bool should_leader_throttle(const Step& step, const Partition& partition, NodeId replica, Look look);
  void throttle(Step& step, const Partition& partition, NodeId replica, Look look, PartitionRead& read);
  void count_sent(Step& step, NodeId replica, const FetchResponse& response);
  FetcherThrottle fetcher_throttle() { return {&memory_->follower_quota, memory_->image.next_offset()}; }

  // groups (broker_groups.cc)
  class Coordinating;  // the broker as its group coordinator sees it, for the time of one handler
  bool on_group_request(Step& step, ConnectionId connection, const Message& message);  // false: not one
  FindCoordinatorResponse find_coordinator(Step& step, const FindCoordinatorRequest& request);
  void create_offsets_topic(Step& step);
  void publish_groups(Step& step, const std::vector<TopicPartition>& touched);
  void on_group_timer(Step& step, TimerId timer);
  void complete_group_appends(Step& step);

  NodeId self_;
  std::vector<NodeId> controllers_;
  ClusterConfig config_;
  BrokerDisk disk_;
  std::vector<DiskHealth> health_;  // of each log directory
  std::optional<Memory> memory_;
};

}  // namespace ktrial::model
