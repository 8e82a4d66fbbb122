// Which part of a remote log belongs to a replica's history, as its leader epochs tell.
//
// Follows RemoteLogManager: findHighestRemoteOffset, findLogStartOffset, isRemoteSegmentWithinLeaderEpochs. After an
// unclean election the remote storage may hold segments of a history that is not the leader's. Epochs without a record
// need no filter here (buildFilteredLeaderEpochMap): LeaderEpochCache and a segment have each start offset once.
#pragma once

#include <vector>

#include "model/messages.h"
#include "model/storage/leader_epoch_cache.h"

namespace ktrial::model {

// -1 (absent): nothing that belongs to it is copied. `lineage` false (variant remote.lineage): of any epoch.
Offset find_highest_remote_offset(const ListRemoteLogSegmentsResponse& remote, const LeaderEpochCache& epochs,
                                  Offset log_end, bool lineage = true);
// Where the first remote segment of the earliest leader epoch begins; without any, `local_log_start`.
Offset find_log_start_offset(const std::vector<RemoteLogSegmentMetadata>& segments, const LeaderEpochCache& epochs,
                             Offset local_log_start);
bool is_within_leader_epochs(const RemoteLogSegmentMetadata& segment, const std::vector<EpochEntry>& epochs,
                             Offset log_end);
// The segments that have records of that epoch, by start offset.
std::vector<const RemoteLogSegmentMetadata*> segments_of(const std::vector<RemoteLogSegmentMetadata>& segments,
                                                         LeaderEpoch epoch);

}  // namespace ktrial::model
