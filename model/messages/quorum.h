// Messages of the metadata quorum (KIP-595), among voters and observers.
#pragma once

#include <vector>

#include "model/errors.h"
#include "model/messages/message_list.h"
#include "model/metadata_records.h"
#include "model/types.h"

namespace ktrial::model {

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

using QuorumMessages =
    MessageList<Kind<4, QuorumFetchRequest>, Kind<5, QuorumFetchResponse>, Kind<30, VoteRequest>,
                Kind<31, VoteResponse>, Kind<32, BeginQuorumEpochRequest>, Kind<33, BeginQuorumEpochResponse>,
                Kind<34, EndQuorumEpochRequest>, Kind<35, EndQuorumEpochResponse>>;

}  // namespace ktrial::model
