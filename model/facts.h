// What the model says it did: the stream that properties judge, reports tell and fault triggers wait for.
//
// A fact is stated by the node where it happened, in the step in which it happened; the world adds node, time and
// event id. A fact is about the past and is never a request. Facts of one step are in the order of their causes.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/alternatives.h"
#include "model/batch.h"
#include "model/errors.h"
#include "model/metadata_records.h"
#include "model/remote/remote_log_segment.h"
#include "model/storage/producer_entry.h"
#include "model/types.h"

namespace ktrial::model {

using GroupId = std::string;

// -- a replica's log
struct BatchAppended {  // leader append or follower copy; `by_leader` tells which
  TopicPartition partition;
  RecordBatch batch;
  bool by_leader = false;
};
struct LogTruncated {
  TopicPartition partition;
  Offset end_offset;  // the log now ends here
  Offset old_end_offset;
};
struct LogLoaded {  // at start, after recovery
  TopicPartition partition;
  Offset log_start_offset;
  Offset end_offset;
  Offset high_watermark;
  bool clean = false;   // trusted as it was
  Offset first_broken;  // of the first broken batch that it holds; absent: none
  std::vector<EpochEntry> epochs;
};
enum class LossCause : std::uint8_t { power_cut, disk_lost, failed_fsync };
struct UnsyncedDataLost {  // a power cut took [from, old end) of this replica's log (a lost disk: from 0)
  TopicPartition partition;
  Offset from;
  Offset old_end_offset;
  LossCause cause = LossCause::power_cut;
};
enum class LogStartReason : std::uint8_t {
  retention_ms,
  retention_bytes,
  log_start,   // a segment below the log start
  client,      // DeleteRecords
  leader,      // a follower took the leader's over
  truncation,  // the whole log was cut, and starts where the leader's does
  remote,      // where the remote log starts: retention there, or what a new leader found
};
struct LogStartAdvanced {  // it also goes back, when a log is truncated below it
  TopicPartition partition;
  Offset log_start_offset;
  Offset old_log_start_offset;
  Offset high_watermark;
  LogStartReason reason = LogStartReason::client;
};
struct LogStartCheckpointed {  // its line in log-start-offset-checkpoint is another
  TopicPartition partition;
  Offset log_start_offset;  // absent: it starts with its first segment
};
struct SegmentRolled {
  TopicPartition partition;
  Offset base_offset;
};
struct SegmentDeleted {
  TopicPartition partition;
  Offset base_offset;
  Offset next_base_offset;
  LogStartReason reason = LogStartReason::log_start;
  Nanos largest_timestamp{0};
  Nanos wall_clock{0};  // of the broker
  Nanos retention_ms{0};
  std::int64_t bytes = 0;
  std::int64_t log_bytes = 0;  // with it
  std::int64_t retention_bytes = -1;
  Offset high_watermark;
};
enum class ReplacedBy : std::uint8_t {
  cleaning,
  power_cut,  // it took the swap back
  recovery,   // of an interrupted swap
};
struct SegmentsReplaced {  // from `base_offset` to before `end_offset` the log now holds these batches
  TopicPartition partition;
  Offset base_offset;
  Offset end_offset;
  std::vector<RecordBatch> batches;
  ReplacedBy by = ReplacedBy::cleaning;
  Nanos wall_clock{0};  // of the broker when the cleaning began
  Nanos delete_retention{0};
};
struct LogCleaned {  // and cleaner-offset-checkpoint says so
  TopicPartition partition;
  Offset first_dirty_offset;
  Offset end_offset;
};
struct RecordsDeleted {  // DeleteRecords is answered
  TopicPartition partition;
  Offset before;
  Offset low_watermark;
  Error error = Error::NONE;
};
// -- tiered storage (KIP-405)
struct LocalSegmentDeleted {  // of a tiered log, which still starts where it did
  TopicPartition partition;
  Offset base_offset;
  Offset next_base_offset;  // the local log start
  LogStartReason reason = LogStartReason::log_start;
  Nanos largest_timestamp{0};
  Nanos wall_clock{0};  // of the broker
  Nanos retention_ms{0};
  std::int64_t bytes = 0;
  std::int64_t log_bytes = 0;  // of the local log with it
  std::int64_t retention_bytes = -1;
  Offset high_watermark;
};
struct RemoteSegmentStored {  // at the remote storage: the segment's data is there
  TopicPartition partition;
  RemoteLogSegmentId segment;
  std::vector<RecordBatch> batches;
};
struct RemoteSegmentStateChanged {  // at the remote storage, which keeps the metadata too
  RemoteLogSegmentMetadata segment;
};
struct RemoteSegmentCopied {  // at the leader that copied it, and now knows that it is done
  TopicPartition partition;
  RemoteLogSegmentId segment;
  Offset start_offset;
  Offset end_offset;
};
struct SegmentSize {
  Offset base_offset;
  std::int64_t bytes = 0;
};
struct RemoteSegmentExpired {  // at the leader, which is about to delete it
  TopicPartition partition;
  RemoteLogSegmentId segment;
  LogStartReason reason = LogStartReason::log_start;
  Offset end_offset;
  Nanos largest_timestamp{0};
  Nanos wall_clock{0};
  Nanos retention_ms{0};
  std::int64_t retention_bytes = -1;
  std::vector<SegmentSize> local_segments;  // with retention_bytes: of the leader
};
struct RemoteLogRead {  // by a broker, for a consumer
  TopicPartition partition;
  Offset fetch_offset;
  std::vector<RecordBatch> batches;
};
struct RemoteStateRestored {  // at a follower that begins where the leader's local log does
  TopicPartition partition;
  Offset log_start_offset;
  Offset local_log_start_offset;
  std::vector<EpochEntry> epochs;
};
// -- the replication throttle (KIP-73)
enum class ThrottleSide : std::uint8_t { leader, follower };
struct ConfigCommitted {  // by the controller: a config is another; of a topic as it was created only the throttle's
  TopicId topic;          // absent: of a broker
  NodeId broker;          // absent, and no topic: of all brokers
  std::string key;
  std::string value;  // empty: removed
  Offset offset;      // of the record
};
struct ReplicaThrottled {  // a leader answers without the records that it has, or a follower does not ask for them
  TopicPartition partition;
  ThrottleSide side = ThrottleSide::leader;
  NodeId replica;          // absent: a consumer
  bool knows_lag = true;   // a follower that has had no answer since its fetcher began knows not whether it is in sync
  Offset metadata_offset;  // up to which the broker has applied the metadata
};
struct ThrottledTraffic {  // of replicas that are throttled and out of sync, in one fetch
  ThrottleSide side = ThrottleSide::leader;
  NodeId peer;  // the replica that a leader answers, or the leader that a follower fetches from
  std::vector<TopicPartition> partitions;
  std::int64_t bytes = 0;    // of records, sent or copied
  bool let_through = false;  // by the quota, just now: a leader's answer, and a follower's request
  std::int64_t rate = 0;     // the quota, bytes/s
  std::int32_t samples = 0;  // replication.quota.window.num
  Nanos window{0};           // replication.quota.window.size.seconds
  Nanos wall_clock{0};       // of the broker
};
// -- a broker's disk
struct RecordRotted {  // by a fault, on the disk, so that its batch still has the right checksum
  TopicPartition partition;
  Offset offset;
  ValueId was;
  ValueId now;
};
struct BatchCorrupted {  // by a fault, on the disk: recovery or a reader may find it by its checksum
  TopicPartition partition;
  Offset base_offset;
  Offset next_offset;
};
struct CorruptBatchFound {  // in a fetched answer, by its checksum
  TopicPartition partition;
  Offset base_offset;
  NodeId source;
};
struct ReplicaOffline {  // its log directory is, and the broker goes on with its others
  TopicPartition partition;
};
struct FetchedWithoutEpoch {  // by a follower whose log is not empty
  TopicPartition partition;
  NodeId replica;
  Offset fetch_offset;
};
struct LogDirectoryFailed {  // an I/O error: the directory goes offline, and with its only one the broker stops
  TopicPartition partition;
  const char* operation = "";
};
struct TruncationUndone {  // a power cut brought back what a truncation had taken and no flush had made final
  TopicPartition partition;
  Offset from;
  std::vector<RecordBatch> batches;
};
struct HighWatermarkAdvanced {  // leader or follower; may go down on a follower
  TopicPartition partition;
  Offset high_watermark;
  Offset old_high_watermark;
  LeaderEpoch leader_epoch;
  bool is_leader = false;
};
// -- roles
struct BecameLeader {
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  Offset leader_epoch_start_offset;
  Offset high_watermark;
  std::vector<NodeId> isr;
};
struct BecameFollower {
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  NodeId leader;
};
struct IsrChanged {  // the leader's committed ISR changed
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<NodeId> isr;
  bool shrank = false;
};
struct IsrExpansionDropped {  // metadata of the same partition epoch came after the leader proposed a larger ISR
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  std::vector<NodeId> added;  // by the proposal, which the controller may still commit
};
struct IsrProposed {  // AlterPartition sent
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  std::vector<NodeId> isr;
};
// -- controller, at commit of the record
struct PartitionStateCommitted {
  TopicPartition partition;
  NodeId leader;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::RECOVERED;
  bool leader_changed = false;
  bool unclean = false;  // the new leader was neither in the ISR nor in the ELR before
  bool created = false;
  std::vector<NodeId> elr = {};
  std::vector<NodeId> last_known_elr = {};
  std::vector<NodeId> adding = {};
  std::vector<NodeId> removing = {};
  std::int32_t min_isr = 1;        // effective, as the controller sees it
  bool last_known_leader = false;  // unclean: the last known leader, with the ISR and the ELR empty
  Offset offset = {};              // of the record in the metadata log
};
struct BrokerStarted {  // a new process
  IncarnationId incarnation;
};
struct BrokerRegistered {  // fenced
  NodeId broker;
  BrokerEpoch broker_epoch;
  Offset offset = {};
  IncarnationId incarnation = {};
};
struct BrokerFenced {
  NodeId broker;
  Offset offset = {};
};
struct BrokerUnfenced {
  NodeId broker;
  Offset offset = {};
};
struct BrokerInControlledShutdown {
  NodeId broker;
  Offset offset = {};
};
struct ShutdownGranted {  // by the active controller, to a broker that gave up its leaderships at that offset
  NodeId broker;
  Offset shutdown_offset;
};
struct TopicCreated {
  std::string name;
  TopicId id;
  std::int32_t partitions = 0;
};
struct TopicDeleted {
  std::string name;
  TopicId id;
};
// -- broker, on metadata that gives it this partition no more
struct ReplicaDeleted {
  TopicPartition partition;
};
// -- metadata quorum
struct VoteGranted {
  QuorumEpoch epoch;
  NodeId candidate;
};
struct QuorumLeaderElected {
  QuorumEpoch epoch;
  Offset log_end_offset;
};
struct QuorumBecameFollower {
  QuorumEpoch epoch;
  NodeId leader;
};
struct QuorumResigned {
  QuorumEpoch epoch;
};
struct MetadataAppended {  // on a voter (leader or follower)
  MetadataBatch batch;
  std::uint64_t content = 0;  // digest of the records
};
struct MetadataTruncated {
  Offset end_offset;
};
struct MetadataLoaded {  // at start of a voter
  Offset end_offset;
};
struct MetadataCommitted {  // a node's view of the quorum high watermark went up
  Offset high_watermark;
};
struct MetadataApplied {  // a broker or controller applied the committed batch ending before `next_offset`
  Offset next_offset;
  std::uint64_t content = 0;
};
// -- clients
struct RecordSent {  // producer.send() of the application; the record is now in the accumulator
  TopicPartition partition;
  ValueId value;
  std::int32_t producer = 0;
  std::string key;  // the workload's fixed key ("order_id=123"); empty: none, or one of many
};
struct RecordAcknowledged {
  TopicPartition partition;
  ValueId first_value;
  ValueId last_value;
  Offset base_offset;  // absent with acks=0
  std::int32_t acks = -1;
  std::vector<ValueId> values;
};
struct RecordFailed {  // the producer told the application of an error; the record may still be in the log
  TopicPartition partition;
  std::vector<ValueId> values;
  Error error = Error::NONE;
};
struct RecordConsumed {  // returned by poll() to the application
  TopicPartition partition;
  Offset offset;
  LeaderEpoch leader_epoch;
  ValueId value;
};
struct ConsumerPositionReset {  // by the reset policy or by truncation found in validation
  TopicPartition partition;
  Offset from;
  Offset to;
  bool truncation = false;
};
struct ConsumerHighWatermarkSeen {
  TopicPartition partition;
  Offset high_watermark;
  LeaderEpoch leader_epoch;  // of the leader that answered
};
struct ReadReplicaChanged {  // the consumer fetches the partition from another replica (KIP-392)
  TopicPartition partition;
  NodeId replica;  // absent: the leader again
  const char* reason = "";
};
struct FollowerFetchAnswered {  // a follower told the consumer something new; fetches that bring nothing are left out
  TopicPartition partition;
  NodeId source;
  Offset fetch_offset;
  Offset high_watermark;
};
struct FollowerFetchFailed {  // a follower refused the consumer's fetch, or gave no answer (NETWORK_EXCEPTION)
  TopicPartition partition;
  NodeId source;
  Error error = Error::NONE;
};
struct FollowerRefusedOffset {  // at a follower that answered a consumer with OFFSET_OUT_OF_RANGE
  TopicPartition partition;
  NodeId consumer;
  Offset offset;
  Offset log_start_offset;
  Offset high_watermark;
  Offset log_end_offset;
};
struct LatestOffsetTold {  // by a leader, in answer to a consumer's ListOffsets
  TopicPartition partition;
  Offset offset;
  LeaderEpoch leader_epoch;
};
// -- groups
struct GroupStateChanged {
  GroupId group;
  GenerationId generation;
  std::uint8_t state = 0;  // Empty, PreparingRebalance, CompletingRebalance, Stable, Dead
  std::int32_t members = 0;
};
struct PartitionsAssigned {  // at the member, on SyncGroup's answer
  GroupId group;
  GenerationId generation;
  std::vector<TopicPartition> partitions;
};
struct PartitionsRevoked {  // at the member: onPartitionsRevoked, or lost
  GroupId group;
  GenerationId generation;
  std::vector<TopicPartition> partitions;
  bool lost = false;
};
struct RecordProcessed {  // by the group member's application
  GroupId group;
  TopicPartition partition;
  Offset offset;
  ValueId value;
};
struct OffsetCommitted {  // at the coordinator, when the commit is answered with NONE
  GroupId group;
  GenerationId generation;
  GenerationId current_generation;
  std::int64_t member = -1;
  TopicPartition partition;
  Offset offset;
};
struct OffsetCommitRefused {
  GroupId group;
  GenerationId generation;
  Error error = Error::NONE;
};
struct CommittedOffsetFetched {  // at the member
  GroupId group;
  TopicPartition partition;
  Offset offset;
};
struct GroupCoordinatorLoaded {
  PartitionIndex offsets_partition;
};
// -- idempotent producers
struct ProducerIdAssigned {  // at the client
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
};
struct ProducerEpochBumped {  // at the client, by itself (KIP-360)
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  std::vector<TopicPartition> rewritten;  // what was in flight to these begins again with sequence 0
};
enum class ProducerStateChange : std::uint8_t { append, load, truncation, leadership };
struct ProducerStateTold {  // by a replica: of the producer that appended, else of all
  TopicPartition partition;
  ProducerStateChange why = ProducerStateChange::append;
  std::vector<ProducerStateEntry> entries;
};
struct ProducerIdsExpired {  // a replica forgets these
  TopicPartition partition;
  std::vector<ProducerId> producer_ids;
};
struct DuplicateDetected {  // a leader answers with where the batch stands already
  TopicPartition partition;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Sequence base_sequence;
  Offset base_offset;
};
struct UnknownProducerAccepted {  // a leader that knows nothing of the producer appends its batch, whatever its
                                  // sequence
  TopicPartition partition;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Sequence base_sequence;
  Offset base_offset;
};
struct SequenceRefused {  // by a leader
  TopicPartition partition;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Sequence base_sequence;
  Error error = Error::NONE;
};
// -- unclean recovery (KIP-966), at the controller that makes it
struct UncleanRecoveryStarted {
  TopicPartition partition;
  LeaderEpoch leader_epoch;  // without a leader
  UncleanRecoveryStrategy strategy = UncleanRecoveryStrategy::balanced;
  bool by_operator = false;
};
struct ReplicaLogInfoReceived {  // a replica told what it has
  TopicPartition partition;
  NodeId replica;
  BrokerEpoch broker_epoch;
  LeaderEpoch last_written_leader_epoch;
  LeaderEpoch current_leader_epoch;
  Offset log_end_offset;
};
struct UncleanRecoveryElected {  // decided, not committed yet
  TopicPartition partition;
  NodeId leader;
  LeaderEpoch leader_epoch;  // that begins with it
  UncleanRecoveryStrategy strategy = UncleanRecoveryStrategy::balanced;
  bool by_operator = false;
  Nanos waited{0};  // since the recovery started
  Nanos timeout{0};
  QuorumEpoch controller_epoch;
};
// -- probe: an interesting branch was taken
struct ProbeHit {
  const char* name;
};

using FactVariant =
    std::variant<BatchAppended, LogTruncated, LogLoaded, UnsyncedDataLost, HighWatermarkAdvanced, BecameLeader,
                 BecameFollower, IsrChanged, IsrProposed, PartitionStateCommitted, BrokerRegistered, BrokerFenced,
                 BrokerUnfenced, TopicCreated, VoteGranted, QuorumLeaderElected, QuorumBecameFollower, QuorumResigned,
                 MetadataAppended, MetadataTruncated, MetadataLoaded, MetadataCommitted, MetadataApplied, RecordSent,
                 RecordAcknowledged, RecordFailed, RecordConsumed, ConsumerPositionReset, ConsumerHighWatermarkSeen,
                 GroupStateChanged, PartitionsAssigned, PartitionsRevoked, RecordProcessed, OffsetCommitted,
                 OffsetCommitRefused, CommittedOffsetFetched, GroupCoordinatorLoaded, ProbeHit, TruncationUndone,
                 BrokerInControlledShutdown, ShutdownGranted, TopicDeleted, ReplicaDeleted, LatestOffsetTold,
                 LogStartAdvanced, LogStartCheckpointed, SegmentRolled, SegmentDeleted, RecordsDeleted, BatchCorrupted,
                 CorruptBatchFound, LogDirectoryFailed, IsrExpansionDropped, BrokerStarted, ReadReplicaChanged,
                 FollowerFetchAnswered, FollowerRefusedOffset, FollowerFetchFailed, SegmentsReplaced, LogCleaned,
                 ReplicaOffline, FetchedWithoutEpoch, ProducerIdAssigned, ProducerEpochBumped, ProducerStateTold,
                 ProducerIdsExpired, DuplicateDetected, UnknownProducerAccepted, SequenceRefused, LocalSegmentDeleted,
                 RemoteSegmentStored, RemoteSegmentStateChanged, RemoteSegmentCopied, RemoteSegmentExpired,
                 RemoteLogRead, RemoteStateRestored, UncleanRecoveryStarted, ReplicaLogInfoReceived,
                 UncleanRecoveryElected, ConfigCommitted, ReplicaThrottled, ThrottledTraffic, RecordRotted>;
// The variant with its special members and conversions in one place (facts.cc has them for each alternative): each file
// that states a fact would generate all that the variant can do otherwise.
class Fact : public FactVariant {
 public:
  Fact();
  template <AlternativeOf<FactVariant> T>
  [[gnu::noinline]] Fact(T&& fact);
  template <AlternativeOf<FactVariant> T>
  [[gnu::noinline]] Fact(const T& fact);
  Fact(const Fact&);
  Fact(Fact&&) noexcept;
  Fact& operator=(const Fact&);
  Fact& operator=(Fact&&) noexcept;
  ~Fact();
};

template <AlternativeOf<FactVariant> T>
constexpr std::uint16_t fact_kind() {
  return kAlternative<T, FactVariant>;
}
inline std::uint16_t kind(const Fact& f) { return static_cast<std::uint16_t>(f.index()); }
const char* fact_name(std::uint16_t kind);
std::uint64_t digest(const Fact& f);
// "1:4": record 4 (from 0) of producer 1.
std::string value_text(ValueId value);
// The fact in Kafka's words, for traces and stories ("orders-0 leader epoch 3: ISR is now [1]").
class Names;
std::string describe(const Fact& f);

}  // namespace ktrial::model
