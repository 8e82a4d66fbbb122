// What a leader deletes from its remote log: expired segments, and those that nobody's history refers to any more.
//
// Follows RemoteLogManager.RLMExpirationTask.cleanupExpiredRemoteLogSegments: epoch by epoch from the log's begin,
// until a segment of the leader's lineage has to stay; then what only has epochs before the leader's earliest one.
// Retention by size counts the remote segments of the lineage and the local segments that are not copied yet. Kafka
// counts a segment twice that two leaders copied. Leaves out: nothing but metrics.
#pragma once

#include <boost/container/flat_set.hpp>
#include <optional>
#include <vector>

#include "model/config.h"
#include "model/facts.h"
#include "model/remote/remote_log_segment.h"

namespace ktrial::model {

struct RemoteRetentionView {
  const std::vector<RemoteLogSegmentMetadata>& segments;
  const std::vector<EpochEntry>& epochs;  // of the leader's log
  Offset log_start;
  Offset log_end;
  std::int64_t only_local_bytes = 0;
  Nanos wall_clock{0};
  const boost::container::flat_set<RemoteLogSegmentId>& being_copied;  // by this broker
};
struct RemoteRetention {
  struct Expired {
    RemoteLogSegmentMetadata segment;
    LogStartReason reason = LogStartReason::log_start;  // `remote`: it is not an expiry that dooms it
  };
  std::vector<Expired> doomed;
  Offset log_start;  // which is to be the log's before anything is deleted; absent: it stays
};
RemoteRetention find_expired(const RemoteRetentionView& log, const TopicConfig& topic);

}  // namespace ktrial::model
