// Requests and responses of the protocol, with Kafka's names and the fields a model needs.
//
// Follows the message definitions in clients/src/main/resources/common/message (crib: appendix A). One struct a
// message; a field is left out when nothing in the model reads it. Batching over many partitions in one request is
// kept, since what shares a request shares its fate.
// Every exchange is a request with a correlation id, answered on the same connection by a response with that id.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/alternatives.h"
#include "model/batch.h"
#include "model/described.h"
#include "model/errors.h"
#include "model/metadata_records.h"
#include "model/remote/remote_log_segment.h"
#include "model/types.h"

namespace ktrial::model {

enum class Acks : std::int8_t { all = -1, none = 0, leader = 1 };

// A field that takes no bytes while it has its default, as a tagged field (KIP-482).
template <class T>
struct Tagged {
  T value{};
};

struct LeaderIdAndEpoch {
  NodeId leader;
  LeaderEpoch epoch;
  KTRIAL_FIELDS(LeaderIdAndEpoch, leader, epoch)
};

// ---- Produce (0)
struct ProduceRequest {
  struct Partition {
    TopicPartition partition;
    RecordBatch batch;
  };
  Acks acks = Acks::all;
  Nanos timeout{0};
  std::vector<Partition> partitions;
};
struct ProduceResponse {
  struct Partition {
    TopicPartition partition;
    Error error = Error::NONE;
    Offset base_offset;
    Offset log_start_offset;
    LeaderIdAndEpoch current_leader;
  };
  std::vector<Partition> partitions;
};

// ---- Fetch (1): followers, consumers, and the metadata quorum (partition kClusterMetadata)
inline constexpr std::int32_t kInitialFetchEpoch = 0;  // a full fetch that wants a session (KIP-227)
inline constexpr std::int32_t kFinalFetchEpoch = -1;   // a full fetch without one
struct FetchRequest {
  struct Partition {
    TopicPartition partition;
    LeaderEpoch current_leader_epoch;
    Offset fetch_offset;
    LeaderEpoch last_fetched_epoch;
    Offset log_start_offset;
    std::int32_t max_bytes = 1 << 20;
    bool operator==(const Partition&) const = default;
  };
  NodeId replica_id;  // absent: a consumer
  BrokerEpoch replica_epoch;
  Nanos max_wait{0};
  std::int32_t min_bytes = 1;
  std::int32_t max_bytes = 10 << 20;
  std::int32_t session_id = 0;
  std::int32_t session_epoch = kFinalFetchEpoch;
  std::vector<Partition> partitions;  // of an incremental fetch: new ones, and those that changed
  std::vector<TopicPartition> forgotten;
  Tagged<std::string> rack_id;  // of a consumer that may be sent to a follower (KIP-392)
};
struct FetchResponse {
  struct Partition {
    TopicPartition partition;
    Error error = Error::NONE;
    Offset high_watermark;
    Offset last_stable_offset;
    Offset log_start_offset;
    OffsetAndEpoch diverging_epoch;  // absent epoch: the logs agree
    LeaderIdAndEpoch current_leader;
    std::vector<RecordBatch> batches;
    Tagged<NodeId> preferred_read_replica;  // there it is to be fetched from, and nothing was read; absent: here
  };
  Error error = Error::NONE;
  std::int32_t session_id = 0;        // 0: none
  std::vector<Partition> partitions;  // of an incremental fetch: those with something new
};
// The metadata quorum's Fetch (same API key) carries metadata records instead of record batches.
struct QuorumFetchRequest {
  NodeId replica_id;
  QuorumEpoch current_leader_epoch;
  Offset fetch_offset;
  QuorumEpoch last_fetched_epoch;
  Nanos max_wait{0};
};
struct QuorumFetchResponse {
  Error error = Error::NONE;
  QuorumEpoch leader_epoch;
  NodeId leader;
  Offset high_watermark;
  Offset diverging_end_offset;  // absent: no divergence
  QuorumEpoch diverging_epoch;
  std::vector<MetadataBatch> batches;
};

// ---- ListOffsets (2)
inline constexpr std::int64_t kLatestTimestamp = -1;
inline constexpr std::int64_t kEarliestTimestamp = -2;
inline constexpr std::int64_t kMaxTimestamp = -3;
inline constexpr std::int64_t kEarliestLocalTimestamp = -4;
inline constexpr std::int64_t kLatestTieredTimestamp = -5;
struct ListOffsetsRequest {
  NodeId replica_id;  // absent: a consumer
  TopicPartition partition;
  LeaderEpoch current_leader_epoch;
  std::int64_t timestamp = kLatestTimestamp;  // one of the above, or milliseconds
};
struct ListOffsetsResponse {
  Error error = Error::NONE;
  TopicPartition partition;
  Offset offset;
  LeaderEpoch leader_epoch;
};

// ---- Metadata (3)
struct MetadataRequest {
  std::vector<std::string> topics;  // empty: all
};
struct MetadataResponse {
  struct Partition {
    Error error = Error::NONE;
    PartitionIndex partition;
    NodeId leader;
    LeaderEpoch leader_epoch;
    std::vector<NodeId> replicas;
    std::vector<NodeId> isr;
  };
  struct Topic {
    Error error = Error::NONE;
    std::string name;
    TopicId id;
    std::vector<Partition> partitions;
  };
  std::vector<NodeId> brokers;
  NodeId controller;
  std::vector<Topic> topics;
};

// ---- Consumer groups: OffsetCommit (8), OffsetFetch (9), FindCoordinator (10), JoinGroup (11), Heartbeat (12),
// LeaveGroup (13), SyncGroup (14). A member id is a number; absent is Kafka's empty string.
using MemberId = Named<struct MemberIdTag>;
struct CommittedOffset {
  TopicPartition partition;
  Offset offset;
  LeaderEpoch leader_epoch;
};
struct OffsetCommitRequest {
  std::string group;
  GenerationId generation;
  MemberId member;
  std::vector<CommittedOffset> offsets;
};
struct OffsetCommitResponse {
  Error error = Error::NONE;
};
struct OffsetFetchRequest {
  std::string group;
  std::vector<TopicPartition> partitions;
};
struct OffsetFetchResponse {
  Error error = Error::NONE;
  std::vector<CommittedOffset> offsets;  // absent offset: nothing committed
};
struct FindCoordinatorRequest {
  std::string group;
};
struct FindCoordinatorResponse {
  Error error = Error::NONE;
  NodeId coordinator;
};
struct JoinGroupRequest {
  std::string group;
  Nanos session_timeout{0};
  Nanos rebalance_timeout{0};
  MemberId member;
  std::string protocol = "range";
  std::vector<TopicId> subscription;
};
struct JoinGroupResponse {
  struct Member {
    MemberId member;
    std::vector<TopicId> subscription;
  };
  Error error = Error::NONE;
  GenerationId generation;
  MemberId leader;
  MemberId member;
  std::vector<Member> members;  // the leader's answer only
};
struct MemberAssignment {
  MemberId member;
  std::vector<TopicPartition> partitions;
};
struct SyncGroupRequest {
  std::string group;
  GenerationId generation;
  MemberId member;
  std::vector<MemberAssignment> assignments;  // the leader's request only
};
struct SyncGroupResponse {
  Error error = Error::NONE;
  std::vector<TopicPartition> assignment;
};
struct HeartbeatRequest {
  std::string group;
  GenerationId generation;
  MemberId member;
};
struct HeartbeatResponse {
  Error error = Error::NONE;
};
struct LeaveGroupRequest {
  std::string group;
  MemberId member;
};
struct LeaveGroupResponse {
  Error error = Error::NONE;
};

// ---- OffsetForLeaderEpoch (23)
struct OffsetForLeaderEpochRequest {
  NodeId replica_id;
  TopicPartition partition;
  LeaderEpoch current_leader_epoch;
  LeaderEpoch leader_epoch;
};
struct OffsetForLeaderEpochResponse {
  Error error = Error::NONE;
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  Offset end_offset;
};

// ---- DeleteRecords (21)
struct DeleteRecordsRequest {
  struct Partition {
    TopicPartition partition;
    Offset before;  // absent: up to the high watermark
  };
  Nanos timeout{0};
  std::vector<Partition> partitions;
};
struct DeleteRecordsResponse {
  struct Partition {
    TopicPartition partition;
    Offset low_watermark;
    Error error = Error::NONE;
  };
  std::vector<Partition> partitions;
};

// ---- InitProducerId (22) of a producer without a transactional id: to any broker
struct InitProducerIdRequest {};
struct InitProducerIdResponse {
  Error error = Error::NONE;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
};

// ---- CreateTopics (19), ElectLeaders (43): to the active controller
struct CreateTopicsRequest {
  std::string name;
  std::int32_t partitions = -1;
  std::int16_t replication_factor = -1;
  std::vector<std::vector<NodeId>> assignment;  // overrides the two above
  std::vector<std::pair<std::string, std::string>> configs;
};
struct CreateTopicsResponse {
  Error error = Error::NONE;
  TopicId id;
};
// The last two are KIP-966's; their numbers are not Kafka's, which has none yet.
enum class ElectionType : std::int8_t {
  preferred = 0,
  unclean = 1,
  longest_log_aggressive = 2,
  longest_log_balanced = 3,
};
struct ElectLeadersRequest {
  ElectionType type = ElectionType::preferred;
  std::vector<TopicPartition> partitions;  // empty: all
};
struct ElectLeadersResponse {
  std::vector<std::pair<TopicPartition, Error>> results;
};

// ---- AlterPartitionReassignments (45), CreatePartitions (37), DeleteTopics (20): an operator's, told to the active
// controller itself, so that no client's connection has to be played for them
struct AlterPartitionReassignmentsRequest {
  std::string topic;
  PartitionIndex partition;
  std::optional<std::vector<NodeId>> replicas;  // absent: cancel
};
// ---- IncrementalAlterConfigs (44): the same
struct IncrementalAlterConfigsRequest {
  struct Config {
    std::string topic;  // empty: of `broker`
    NodeId broker;
    std::string key;
    std::optional<std::string> value;  // absent: DELETE, else SET
  };
  std::vector<Config> configs;
};
struct CreatePartitionsRequest {
  std::string topic;
  std::int32_t count = 0;  // in all
};
struct DeleteTopicsRequest {
  std::string topic;
};

// ---- Metadata quorum: Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54)
struct VoteRequest {
  NodeId candidate;
  NodeId voter;
  QuorumEpoch candidate_epoch;
  QuorumEpoch last_offset_epoch;
  Offset last_offset;  // the candidate's log end offset
};
struct VoteResponse {
  Error error = Error::NONE;
  NodeId leader;
  QuorumEpoch leader_epoch;
  bool vote_granted = false;
};
struct BeginQuorumEpochRequest {
  NodeId leader;
  QuorumEpoch leader_epoch;
};
struct BeginQuorumEpochResponse {
  Error error = Error::NONE;
  NodeId leader;
  QuorumEpoch leader_epoch;
};
struct EndQuorumEpochRequest {
  NodeId leader;
  QuorumEpoch leader_epoch;
  std::vector<NodeId> preferred_successors;
};
struct EndQuorumEpochResponse {
  Error error = Error::NONE;
  NodeId leader;
  QuorumEpoch leader_epoch;
};

// ---- Brokers to the active controller: AlterPartition (56), BrokerRegistration (62), BrokerHeartbeat (63)
struct AlterPartitionRequest {
  struct Partition {
    TopicPartition partition;
    LeaderEpoch leader_epoch;
    std::vector<std::pair<NodeId, BrokerEpoch>> new_isr;  // newIsrWithEpochs
    LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::RECOVERED;
    PartitionEpoch partition_epoch;
  };
  NodeId broker;
  BrokerEpoch broker_epoch;
  std::vector<Partition> partitions;
};
struct AlterPartitionResponse {
  struct Partition {
    TopicPartition partition;
    Error error = Error::NONE;
    NodeId leader;
    LeaderEpoch leader_epoch;
    std::vector<NodeId> isr;
    LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::RECOVERED;
    PartitionEpoch partition_epoch;
  };
  Error error = Error::NONE;
  std::vector<Partition> partitions;
};
struct BrokerRegistrationRequest {
  NodeId broker;
  IncarnationId incarnation;
  BrokerEpoch previous_broker_epoch;          // from the clean-shutdown file; absent after an unclean stop
  Tagged<std::vector<DirectoryId>> log_dirs;  // the online ones; empty: there is only one
};
struct BrokerRegistrationResponse {
  Error error = Error::NONE;
  BrokerEpoch broker_epoch;
};
struct BrokerHeartbeatRequest {
  NodeId broker;
  BrokerEpoch broker_epoch;
  Offset current_metadata_offset;
  bool want_fence = false;
  bool want_shut_down = false;
  Tagged<std::vector<DirectoryId>> offline_log_dirs;  // all that failed since the start
};
struct BrokerHeartbeatResponse {
  Error error = Error::NONE;
  bool is_caught_up = false;
  bool is_fenced = true;
  bool should_shut_down = false;
};

// ---- AssignReplicasToDirs (73): a broker tells where it has put replicas (KIP-858)
struct AssignReplicasToDirsRequest {
  NodeId broker;
  BrokerEpoch broker_epoch;
  std::vector<std::pair<TopicPartition, DirectoryId>> assignments;
};
struct AssignReplicasToDirsResponse {
  Error error = Error::NONE;
  std::vector<std::pair<TopicPartition, Error>> partitions;
};
// ---- AllocateProducerIds (67): a block of ids for a broker
struct AllocateProducerIdsRequest {
  NodeId broker;
  BrokerEpoch broker_epoch;
};
struct AllocateProducerIdsResponse {
  Error error = Error::NONE;
  ProducerId producer_id_start;
  std::int32_t producer_id_len = 0;
};

// ---- A broker to the remote storage: not Kafka's protocol, but the calls of its interfaces RemoteStorageManager and
// RemoteLogMetadataManager, under their names
struct UpdateRemoteLogSegmentMetadataRequest {  // with COPY_SEGMENT_STARTED: addRemoteLogSegmentMetadata
  RemoteLogSegmentMetadata segment;
};
struct UpdateRemoteLogSegmentMetadataResponse {
  Error error = Error::NONE;
};
struct CopyLogSegmentDataRequest {
  TopicPartition partition;
  RemoteLogSegmentId segment;
  std::vector<RecordBatch> batches;
  std::vector<EpochEntry> leader_epochs;  // the index LEADER_EPOCH: from the log's begin to the segment's end
};
struct CopyLogSegmentDataResponse {
  Error error = Error::NONE;
};
struct DeleteLogSegmentDataRequest {
  TopicPartition partition;
  RemoteLogSegmentId segment;
};
struct DeleteLogSegmentDataResponse {
  Error error = Error::NONE;
};
struct ListRemoteLogSegmentsRequest {
  TopicPartition partition;
};
struct ListRemoteLogSegmentsResponse {
  Error error = Error::NONE;
  std::vector<RemoteLogSegmentMetadata> segments;  // those that are found by offset first
  std::vector<OffsetAndEpoch> highest_offsets;     // by leader epoch, of what ever was copied
};
// remoteLogSegmentMetadata(epoch, offset), and then fetchLogSegment or fetchIndex(LEADER_EPOCH) of what it found.
struct FetchLogSegmentRequest {
  TopicPartition partition;
  LeaderEpoch leader_epoch;  // absent (variant remote.lineage): whichever segment holds the offset
  Offset offset;
  std::int64_t max_bytes = 0;
  bool index = false;  // the leader epochs instead of the records
};
struct FetchLogSegmentResponse {
  Error error = Error::NONE;
  Offset end_offset;  // of the segment, which ends with it
  std::vector<RecordBatch> batches;
  std::vector<EpochEntry> leader_epochs;
};

// ---- GetReplicaLogInfo (93): the active controller to a broker, for unclean recovery (KIP-966)
inline constexpr std::size_t kMaxReplicaLogInfos = 1000;  // in one answer
struct GetReplicaLogInfoRequest {
  std::vector<TopicPartition> partitions;
};
struct GetReplicaLogInfoResponse {
  struct Partition {
    TopicPartition partition;
    LeaderEpoch last_written_leader_epoch;  // of the log; absent: it has none
    LeaderEpoch current_leader_epoch;       // as the broker's metadata has it
    Offset log_end_offset;
    Error error = Error::NONE;
  };
  BrokerEpoch broker_epoch;
  bool truncated = false;  // only the first kMaxReplicaLogInfos are answered
  std::vector<Partition> partitions;
};

using MessageBodyVariant =
    std::variant<ProduceRequest, ProduceResponse, FetchRequest, FetchResponse, QuorumFetchRequest, QuorumFetchResponse,
                 ListOffsetsRequest, ListOffsetsResponse, MetadataRequest, MetadataResponse, OffsetCommitRequest,
                 OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, FindCoordinatorRequest,
                 FindCoordinatorResponse, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse,
                 HeartbeatRequest, HeartbeatResponse, LeaveGroupRequest, LeaveGroupResponse,
                 OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, CreateTopicsRequest, CreateTopicsResponse,
                 ElectLeadersRequest, ElectLeadersResponse, VoteRequest, VoteResponse, BeginQuorumEpochRequest,
                 BeginQuorumEpochResponse, EndQuorumEpochRequest, EndQuorumEpochResponse, AlterPartitionRequest,
                 AlterPartitionResponse, BrokerRegistrationRequest, BrokerRegistrationResponse, BrokerHeartbeatRequest,
                 BrokerHeartbeatResponse, DeleteRecordsRequest, DeleteRecordsResponse, AssignReplicasToDirsRequest,
                 AssignReplicasToDirsResponse, InitProducerIdRequest, InitProducerIdResponse,
                 AllocateProducerIdsRequest, AllocateProducerIdsResponse, UpdateRemoteLogSegmentMetadataRequest,
                 UpdateRemoteLogSegmentMetadataResponse, CopyLogSegmentDataRequest, CopyLogSegmentDataResponse,
                 DeleteLogSegmentDataRequest, DeleteLogSegmentDataResponse, ListRemoteLogSegmentsRequest,
                 ListRemoteLogSegmentsResponse, FetchLogSegmentRequest, FetchLogSegmentResponse,
                 GetReplicaLogInfoRequest, GetReplicaLogInfoResponse>;
// As Fact (facts.h): special members and conversions are in messages.cc.
class MessageBody : public MessageBodyVariant {
 public:
  MessageBody();
  template <AlternativeOf<MessageBodyVariant> T>
  [[gnu::noinline]] MessageBody(T&& body);
  template <AlternativeOf<MessageBodyVariant> T>
  [[gnu::noinline]] MessageBody(const T& body);
  MessageBody(const MessageBody&);
  MessageBody(MessageBody&&) noexcept;
  MessageBody& operator=(const MessageBody&);
  MessageBody& operator=(MessageBody&&) noexcept;
  ~MessageBody();
};

struct Message {
  std::int32_t correlation_id = 0;
  MessageBody body;
  KTRIAL_FIELDS(Message, correlation_id, body)
  KTRIAL_CORRELATIONS(Message, correlation_id)
};

// Index of a message type in MessageBody: the "kind" of a message on the wire.
template <AlternativeOf<MessageBodyVariant> T>
constexpr std::uint16_t kind_of_type() {
  return kAlternative<T, MessageBodyVariant>;
}
inline std::uint16_t kind(const Message& m) { return static_cast<std::uint16_t>(m.body.index()); }
// Kafka's name without the Request/Response ("Produce"), and whether the kind is a request.
const char* api_name(std::uint16_t kind);
bool is_request(std::uint16_t kind);
std::uint16_t kind_by_name(std::string_view text);  // "FetchResponse"; 0xffff when there is none
std::int32_t size_in_bytes(const Message& m);
// A digest of what identifies the message's content, for the fingerprint of a run.
std::uint64_t digest(const Message& m);

}  // namespace ktrial::model
