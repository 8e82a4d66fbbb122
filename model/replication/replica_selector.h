// Which replica a consumer is sent to (KIP-392).
//
// Follows RackAwareReplicaSelector and what ReplicaManager.findPreferredReadReplica does around it. A rack is
// broker.rack, which is known of brokers that are not fenced. Leaves out: selectors of one's own; a broker reads the
// racks of others from the configuration and not from their registrations.
#pragma once

#include <string>
#include <vector>

#include "model/types.h"

namespace ktrial::model {

struct ReplicaView {
  NodeId id;
  Offset log_end;
  Nanos last_caught_up{0};
};

// Of the followers in that rack the most caught-up one; absent: there is none, or the leader is in that rack itself.
// `rack_of(id)` is a broker's rack, empty if it has none.
template <class RackOf>
NodeId select_in_rack(const std::string& rack, NodeId leader, const std::vector<ReplicaView>& followers,
                      RackOf rack_of) {
  if (rack.empty() || rack_of(leader) == rack) return {};
  const ReplicaView* best = nullptr;
  // ReplicaView.comparator; ids go up.
  for (const ReplicaView& f : followers)
    if (rack_of(f.id) == rack && (best == nullptr || f.log_end > best->log_end ||
                                  (f.log_end == best->log_end && f.last_caught_up >= best->last_caught_up)))
      best = &f;
  return best == nullptr ? NodeId() : best->id;
}

}  // namespace ktrial::model
