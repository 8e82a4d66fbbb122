// One replica of one partition on a broker: its log, its role, and what that role remembers.
//
// Follows kafka.cluster.Partition: leader and follower transitions, appends, fetch reads, follower state, ISR changes
// through AlterPartition, the high watermark. It answers what changed; purgatories and the channel to the controller
// are the broker's. Leaves out: transactions, reassignment. Always holds:
// epochs never go back while the process lives; a leader's high watermark never goes down.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>
#include <vector>

#include "model/config.h"
#include "model/described.h"
#include "model/metadata/image.h"
#include "model/partition_table.h"
#include "model/replication/isr.h"
#include "model/replication/replica_selector.h"
#include "model/step.h"
#include "model/storage/log.h"
#include "model/storage/log_cleaner.h"

namespace ktrial::model {

using Brokers = boost::container::flat_map<NodeId, BrokerRegistrationImage>;

enum class ReplicaRole : std::uint8_t { none, leader, follower };

// Both of a partition: sub is its index, about its topic.
inline constexpr std::uint16_t kLogFlushTimer = 221;
inline constexpr std::uint16_t kProducerExpirationTimer = 229;

struct PartitionConfig {
  NodeId self;
  Nanos replica_lag_time_max = milliseconds(30000);
  TopicConfig topic;
  Variants variants;
  LogLoad load = LogLoad::unclean;
  ProducerExpiration producer_expiration = {};
  Nanos producer_expiration_check_interval = milliseconds(600000);
  KTRIAL_FIELDS(PartitionConfig, self, replica_lag_time_max, topic, variants, load, producer_expiration,
                producer_expiration_check_interval)
};

// What an operation did that others wait for.
struct PartitionProgress {
  bool wake = false;     // parked produces and fetches of this partition want another look
  bool reread = false;   // when next somebody looks, a parked fetch of this partition may find something else
  bool propose = false;  // proposal() now has something to send
  void operator|=(const PartitionProgress& o) {
    wake |= o.wake;
    reread |= o.reread;
    propose |= o.propose;
  }
};

struct AppendResult {
  Error error = Error::NONE;
  Offset base_offset;
  Offset required_offset;
  PartitionProgress change;
};

struct PartitionRead {
  FetchResponse::Partition response;
  Offset leader_log_end;  // before the read
  bool remote = false;    // the offset is in the remote storage
  bool above = false;     // a consumer asks for an offset above the high watermark
  std::int64_t bytes = 0;
  bool answer_now() const {
    return response.error != Error::NONE || response.diverging_epoch.epoch.present() ||
           response.preferred_read_replica.value.present();
  }
};

class Partition {
 public:
  Partition() = default;
  Partition(TopicPartition tp, PartitionConfig config, LogDisk disk);

  // -- roles; a registration with an older partition epoch is ignored. `make_follower` tells whether the epoch is new.
  PartitionProgress make_leader(Step& step, const PartitionRegistration& registration, const Brokers& brokers);
  bool make_follower(Step& step, const PartitionRegistration& registration);
  void set_topic_config(const TopicConfig& topic);

  // -- leader
  AppendResult append(Step& step, const RecordBatch& batch, Acks acks, const Brokers& brokers);
  // What a parked produce with acks=all has come to; absent: still waiting.
  std::optional<Error> produce_outcome(Offset required) const;
  // `parked`: the fetch is looked at again. It does not count another time, but is checked as at first.
  PartitionRead read(const FetchRequest::Partition& request, NodeId replica, BrokerEpoch replica_epoch,
                     const Brokers& brokers, std::int64_t max_bytes, bool first_always, bool parked = false) const;
  // The followers that a consumer could read from at that offset, as their leader knows them.
  std::vector<ReplicaView> readable_followers(Offset offset) const;
  // Instead of a read: fetch elsewhere.
  PartitionRead refer(const FetchRequest::Partition& request, NodeId preferred) const;
  PartitionProgress follower_fetched(Step& step, NodeId replica, BrokerEpoch replica_epoch,
                                     const FetchRequest::Partition& request, Offset leader_log_end,
                                     const Brokers& brokers);
  // A fetch of `replica` that asked for nothing new of this partition arrived at `at` (fetch sessions).
  void follower_seen(NodeId replica, Nanos at);
  // Whether another fetch at the same offset would change nothing here but times.
  bool follower_is_quiet(NodeId replica) const;
  ListOffsetsResponse list_offsets(const ListOffsetsRequest& request) const;
  OffsetForLeaderEpochResponse offset_for_leader_epoch(const OffsetForLeaderEpochRequest& request) const;

  // -- ISR
  PartitionProgress maybe_shrink_isr(Step& step);
  // The AlterPartition item of the pending proposal, absent if there is none.
  std::optional<AlterPartitionRequest::Partition> proposal(BrokerEpoch own) const;
  // Returns whether the same proposal has to be sent again.
  bool on_alter_partition(Step& step, const AlterPartitionRequest::Partition& sent,
                          const AlterPartitionResponse::Partition& answer, const Brokers& brokers,
                          PartitionProgress& change);

  // -- follower
  // False: a batch was not as it should be; everything before it was taken.
  bool copy_from_leader(Step& step, const FetchResponse::Partition& response, LeaderEpoch fetch_epoch);
  void truncate(Step& step, Offset target);
  // The leader's answer to where the logs part, 8.3. False: it is to be asked again (KIP-279).
  bool truncate_to_leader(Step& step, OffsetAndEpoch leader);
  void follow_high_watermark(Step& step, Offset leaders);
  void truncate_fully_and_start_at(Step& step, Offset start);
  // Of a tiered log: begins anew at `local_start`, with the leader epochs of what is before it.
  void restore_from_remote(Step& step, Offset local_start, Offset log_start, const std::vector<EpochEntry>& epochs);

  // -- storage (partition_storage.cc)
  // Retention, for leader and follower alike. Whether the log start moved.
  bool delete_old_segments(Step& step);
  bool delete_local_segments(Step& step);            // of a tiered log (partition_remote.cc)
  bool advance_log_start(Step& step, Offset start);  // of a tiered log; whether it moved
  struct DeleteRecordsResult {
    Error error = Error::NONE;
    Offset before;
    PartitionProgress change;
  };
  DeleteRecordsResult delete_records(Step& step, Offset before);
  // The lowest log start of the replicas that are alive; of a leader.
  Offset low_watermark(const Brokers& brokers) const;
  // States what the last calls on the log did, and has its background work run later.
  void after_log(Step& step);
  void checkpoint_log_start(Step& step);
  void checkpoint_high_watermark() { log_.checkpoint_high_watermark(); }
  void checkpoint_recovery_point() { log_.checkpoint_recovery_point(); }
  void run_background() { log_.run_background(); }  // what after_log() had planned
  void flush_if_older(Nanos now) { log_.flush_if_older(config_.topic.flush_ms, now); }
  // At a clean stop: everything is flushed, and the checkpoints say so.
  void store_for_shutdown(Step& step);
  // The disk outlives the process and the replica: the broker takes it back.
  LogDisk take_disk() { return log_.take_disk(); }
  // For faults of the disk, which happen to it whatever its owner does.
  SegmentFiles& segment_files() { return log_.disk().segments; }

  // -- storage that fails
  // An fsync failed, and with it the dirty pages are gone.
  void drop_dirty_pages(Step& step);
  void append_without_end(const RecordBatch& batch);  // variant append_failure; of a leader
  void break_last_batch();                            // variant after_io_error

  // -- compaction: the log cleaner's steps (storage/log_cleaner.h)
  CleanableLog cleanable(Nanos wall_clock) const;
  void checkpoint_cleaned(Offset upto) { log_.checkpoint_cleaned(upto); }
  LogCleaning begin_cleaning(const CleanableLog& what, Nanos wall_clock);
  LogCleaning::Progress clean_further(LogCleaning& cleaning) { return cleaning.advance(log_); }

  // -- tiered storage: so far the log is known to be copied
  void raise_highest_remote(Offset offset) { log_.raise_highest_remote(offset); }

  // -- producers (partition_producers.cc)
  // What the replica knows of all its producers, if it knows of any, or `knew`.
  void tell_producers(Step& step, ProducerStateChange why, bool knew = false);
  bool knows_producers() const { return !log_.producers().entries().empty(); }
  void expire_producers(Step& step);

  TopicPartition id() const { return tp_; }
  ReplicaRole role() const { return role_; }
  NodeId leader() const { return leader_; }
  LeaderEpoch leader_epoch() const { return leader_epoch_; }
  PartitionEpoch partition_epoch() const { return partition_epoch_; }
  Offset leader_epoch_start() const { return leader_epoch_start_; }
  const IsrState& isr() const { return isr_; }
  const boost::container::flat_map<NodeId, RemoteReplica>& remotes() const { return remotes_; }
  const Log& log() const { return log_; }
  Log& log() { return log_; }  // to be gone with its last callers in model/broker: the verbs above are for them
  const PartitionConfig& config() const { return config_; }

  KTRIAL_FIELDS(Partition, tp_, config_, log_, role_, leader_, leader_epoch_, partition_epoch_, leader_epoch_start_,
                replicas_, recovery_, isr_, proposed_epochs_, proposal_stalled_, remotes_)

 private:
  bool read_remote(Offset offset, bool follower, PartitionRead& read) const;  // false: it is not there
  enum class Serves : std::uint8_t { leader, any_replica };
  // What a leader answers instead of appending; absent: it is to be appended.
  std::optional<AppendResult> recognise(Step& step, const RecordBatch& batch) const;
  void tell_producer(Step& step, ProducerId id) const;
  Error check_epoch(LeaderEpoch current, Serves who = Serves::leader) const;
  bool holds_back(NodeId replica, const RemoteReplica& remote, Nanos now, const Brokers& brokers) const;
  std::vector<std::pair<NodeId, BrokerEpoch>> with_epochs(const std::vector<NodeId>& isr) const;
  std::int32_t min_isr() const;
  bool eligible(NodeId replica, const Brokers& brokers) const;
  bool advance_high_watermark(Step& step, const Brokers& brokers);
  void set_high_watermark(Step& step, Offset hw);
  void log_start_moved(Step& step, Offset old, LogStartReason reason);
  PartitionProgress maybe_expand_isr(Step& step, NodeId replica, const Brokers& brokers);
  void propose(Step& step, std::vector<NodeId> isr);

  TopicPartition tp_;
  PartitionConfig config_;
  Log log_;
  ReplicaRole role_ = ReplicaRole::none;
  NodeId leader_;
  LeaderEpoch leader_epoch_;
  PartitionEpoch partition_epoch_;
  Offset leader_epoch_start_;
  std::vector<NodeId> replicas_;
  LeaderRecoveryState recovery_ = LeaderRecoveryState::RECOVERED;
  IsrState isr_;
  std::vector<std::pair<NodeId, BrokerEpoch>> proposed_epochs_;  // as they were when the ISR was proposed
  bool proposal_stalled_ = false;                                // refused so that only new metadata helps
  boost::container::flat_map<NodeId, RemoteReplica> remotes_;
};

using Partitions = PartitionTable<Partition>;

}  // namespace ktrial::model
