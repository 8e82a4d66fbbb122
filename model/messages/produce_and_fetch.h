// Messages about the records of partitions: Produce, Fetch, ListOffsets, OffsetForLeaderEpoch, DeleteRecords,
// InitProducerId.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/errors.h"
#include "model/messages/message_list.h"
#include "model/types.h"

namespace ktrial::model {

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

using ProduceAndFetchMessages =
    MessageList<Kind<0, ProduceRequest>, Kind<1, ProduceResponse>, Kind<2, FetchRequest>, Kind<3, FetchResponse>,
                Kind<6, ListOffsetsRequest>, Kind<7, ListOffsetsResponse>, Kind<24, OffsetForLeaderEpochRequest>,
                Kind<25, OffsetForLeaderEpochResponse>, Kind<42, DeleteRecordsRequest>, Kind<43, DeleteRecordsResponse>,
                Kind<46, InitProducerIdRequest>, Kind<47, InitProducerIdResponse>>;

}  // namespace ktrial::model
