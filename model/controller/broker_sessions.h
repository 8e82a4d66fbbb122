// Who was heard of when: the active controller's soft state about brokers.
//
// Follows BrokerHeartbeatManager and BrokerHeartbeatTracker (metadata).
// Always holds: it is never replicated; a new controller gives every unfenced broker a full session, and does not know
// who was in controlled shutdown.
#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <limits>
#include <optional>
#include <vector>

#include "model/described.h"
#include "model/metadata/image.h"

namespace ktrial::model {

class BrokerSessions {
 public:
  explicit BrokerSessions(Nanos timeout) : timeout_(timeout) {}

  void reset(const MetadataImage& image, Nanos now) {
    brokers_.clear();
    by_contact_.clear();
    for (const auto& [id, broker] : image.brokers())
      if (!broker.fenced) heard(id, now);
  }
  void remove(NodeId id) {
    const auto at = brokers_.find(id);
    if (at == brokers_.end()) return;
    by_contact_.erase({at->second.contact, id});
    brokers_.erase(at);
  }
  // A fenced broker leaves controlled shutdown.
  void touch(NodeId id, bool fenced, Nanos now, Offset metadata_offset) {
    Session& session = heard(id, now);
    session.metadata_offset = metadata_offset;
    if (fenced) session.shutdown_offset = {};
  }
  // Only the first offset counts.
  void enter_controlled_shutdown(NodeId id, Offset at) {
    Session& session = session_of(id);
    if (!session.shutdown_offset.present()) session.shutdown_offset = at;
  }
  Offset controlled_shutdown_offset(NodeId id) const {
    const auto at = brokers_.find(id);
    return at == brokers_.end() ? Offset{} : at->second.shutdown_offset;
  }
  // A fenced broker has none, however recent its last word.
  bool has_valid_session(const MetadataImage& image, NodeId id, Nanos now) const {
    const BrokerRegistrationImage* broker = image.broker(id);
    const auto at = brokers_.find(id);
    return broker && !broker->fenced && at != brokers_.end() && now - at->second.contact < timeout_;
  }
  // The lowest metadata offset that an active broker reported.
  Offset lowest_active_offset(const MetadataImage& image) const {
    Offset lowest{std::numeric_limits<std::int64_t>::max()};
    for (const auto& [id, broker] : image.brokers())
      if (!broker.fenced && !controlled_shutdown_offset(id).present()) {
        const auto at = brokers_.find(id);
        lowest = std::min(lowest, at == brokers_.end() ? Offset{} : at->second.metadata_offset);
      }
    return lowest;
  }
  // The unfenced broker whose session ran out first, one a pass.
  std::optional<NodeId> stale(const MetadataImage& image, Nanos now) const {
    for (const auto& [contact, id] : by_contact_) {
      if (now - contact < timeout_) break;
      if (is_unfenced(image, id)) return id;
    }
    return std::nullopt;
  }
  // Every one of them, in id order.
  std::vector<NodeId> all_stale(const MetadataImage& image, Nanos now) const {
    std::vector<NodeId> found;
    for (const auto& [id, session] : brokers_)
      if (is_unfenced(image, id) && now - session.contact >= timeout_) found.push_back(id);
    return found;
  }
  std::optional<Nanos> next_expiry(const MetadataImage& image) const {
    for (const auto& [contact, id] : by_contact_)
      if (is_unfenced(image, id)) return contact + timeout_;
    return std::nullopt;
  }

  KTRIAL_FIELDS(BrokerSessions, timeout_, brokers_)
  KTRIAL_DERIVED(BrokerSessions, by_contact_)

 private:
  struct Session {
    Nanos contact{0};
    Offset metadata_offset;
    Offset shutdown_offset;
    KTRIAL_FIELDS(Session, contact, metadata_offset, shutdown_offset)
    KTRIAL_MOMENTS(Session, contact)
  };
  static bool is_unfenced(const MetadataImage& image, NodeId id) {
    const BrokerRegistrationImage* broker = image.broker(id);
    return broker != nullptr && !broker->fenced;
  }
  Session& session_of(NodeId id) {
    const auto [at, fresh] = brokers_.try_emplace(id);
    if (fresh) by_contact_.emplace(at->second.contact, id);
    return at->second;
  }
  Session& heard(NodeId id, Nanos now) {
    Session& session = session_of(id);
    by_contact_.erase({session.contact, id});
    by_contact_.emplace(session.contact = now, id);
    return session;
  }

  Nanos timeout_;
  boost::container::flat_map<NodeId, Session> brokers_;
  boost::container::flat_set<std::pair<Nanos, NodeId>> by_contact_;  // the same, for what each message asks
};

}  // namespace ktrial::model
