// A broker's fetch sessions: what each follower and consumer fetches, so that a fetch names only what changed.
//
// Follows FetchSessionCache and IncrementalFetchContext (KIP-227), where a broker still reads every partition of the
// session for every fetch. Here a partition that had nothing new when it was last answered is quiet: it is looked at
// again once it changed, and until then a follower's fetch counts for it all the same (last_fetch). Leaves out:
// privileged sessions, the order in which partitions are rotated, eviction by size.
// Always holds: every partition of a session that is not active would be left out of an answer.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <boost/container/small_vector.hpp>
#include <optional>
#include <vector>

#include "model/described.h"
#include "model/messages.h"
#include "model/partition_table.h"
#include "model/replication/delayed.h"

namespace ktrial::model {

inline constexpr Nanos kMinFetchSessionEviction = milliseconds(120000);

struct FetchSession {
  struct Cached {
    FetchRequest::Partition item;
    Offset high_watermark;  // as last answered; absent: not yet, or with an error
    Offset log_start;
    KTRIAL_FIELDS(Cached, item, high_watermark, log_start)
  };
  std::int32_t epoch = 1;  // of the next fetch
  NodeId replica;
  Nanos last_fetch{0};
  PartitionTable<Cached> partitions;
  boost::container::flat_set<TopicPartition> active;
  std::optional<std::uint32_t> parked;  // its fetch that waits in the purgatory
  KTRIAL_FIELDS(FetchSession, epoch, replica, last_fetch, partitions, active, parked)
  KTRIAL_MOMENTS(FetchSession, last_fetch)
  KTRIAL_NUMBERS(FetchSession, kDelayedFetchTimer, parked)
};

class FetchSessions {
 public:
  FetchSessions() = default;
  // Ids count from `first_id`, which should differ from one life of a broker to the next.
  FetchSessions(std::int32_t slots, std::int32_t first_id) : slots_(slots), next_id_(first_id) {}

  // The session of a request, with what the request says of it; 0 and NONE: the request has none.
  std::pair<std::int32_t, Error> open(const FetchRequest& request, Nanos now);
  FetchSession* find(std::int32_t id);
  void remove(std::int32_t id);
  // A partition changed: it is active in every session that has it. `visit(id, session)` sees them.
  template <class Visit>
  void changed(TopicPartition tp, Visit visit) {
    const auto it = watchers_.find(tp);
    if (it == watchers_.end()) return;
    for (const std::int32_t id : it->second) {
      FetchSession& session = sessions_.at(id);
      session.active.insert(tp);
      visit(id, session);
    }
  }
  template <class Visit>
  void each(TopicPartition tp, Visit visit) const {
    const auto it = watchers_.find(tp);
    if (it == watchers_.end()) return;
    for (const std::int32_t id : it->second) visit(sessions_.at(id));
  }
  void all_changed();
  bool watches(TopicPartition tp) const { return watchers_.contains(tp); }
  // Takes out of an answer what says nothing new, and notes what was said. `quiet` tells whether a follower's own state
  // lets the partition be quiet.
  template <class Quiet>
  void answer(FetchSession& session, bool incremental, FetchResponse& response, Quiet quiet) {
    std::erase_if(response.partitions, [&](const FetchResponse::Partition& p) {
      const auto it = session.partitions.find(p.partition);
      if (it == session.partitions.end()) return false;
      FetchSession::Cached& cached = it->second;
      const bool plain = p.error == Error::NONE && !p.diverging_epoch.epoch.present() && p.batches.empty() &&
                         !p.preferred_read_replica.value.present();
      const bool news = !plain || p.high_watermark != cached.high_watermark || p.log_start_offset != cached.log_start;
      cached.high_watermark = p.error == Error::NONE ? p.high_watermark : Offset();
      cached.log_start = p.log_start_offset;
      if (plain && quiet(p.partition)) session.active.erase(p.partition);
      return incremental && !news;
    });
  }

  KTRIAL_FIELDS(FetchSessions, slots_, next_id_, sessions_)
  KTRIAL_DERIVED(FetchSessions, watchers_)

 private:
  void watch(std::int32_t id, TopicPartition tp);
  void unwatch(std::int32_t id, TopicPartition tp);

  std::int32_t slots_ = 1000;
  std::int32_t next_id_ = 1;
  boost::container::flat_map<std::int32_t, FetchSession> sessions_;
  PartitionTable<boost::container::small_vector<std::int32_t, 4>> watchers_;
};

}  // namespace ktrial::model
