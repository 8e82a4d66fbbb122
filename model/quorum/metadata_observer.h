// A broker's copy of the metadata log: an observer of the quorum.
//
// Follows KafkaRaftClient as an observer. It fetches from the leader; not knowing one, or not reaching it, it asks a
// random voter, as it does when the leader has not answered for controller.quorum.fetch.timeout.ms.
// Leaves out: the observer's log on disk; it is in memory only and is fetched from 0 after a restart. The fetch wait
// is a long poll of fetch_max_wait.
// Always holds: batches are handed over once, in order, and only below a high watermark that a leader stated.
#pragma once

#include <vector>

#include "model/config.h"
#include "model/described.h"
#include "model/quorum/peer_channel.h"
#include "model/quorum/quorum_disk.h"

namespace ktrial::model {

class MetadataObserver {
 public:
  MetadataObserver(NodeId self, std::vector<NodeId> voters, const QuorumConfig& config, const Variants& variants = {});

  void start(Step& step);
  bool on_message(Step& step, ConnectionId connection, const Message& message);
  bool on_closed(Step& step, ConnectionId connection);
  bool on_timer(Step& step, TimerId timer);

  NodeId leader() const { return leader_; }  // the active controller as known; absent when unknown
  QuorumEpoch epoch() const { return epoch_; }
  Offset high_watermark() const { return high_watermark_; }
  std::vector<MetadataBatch> take_committed();

  KTRIAL_FIELDS(MetadataObserver, self_, config_, peers_, log_, leader_, epoch_, asked_, leader_failed_, attempts_,
                next_correlation_, fetch_deadline_, high_watermark_, taken_, waits_for_commit_)
  KTRIAL_COUNTERS(MetadataObserver, next_correlation_)
  KTRIAL_DEADLINES(MetadataObserver, fetch_deadline_)

 private:
  void heard_of_leader(Step& step);
  void ask_any_voter(Step& step);
  void on_failed(Step& step, NodeId peer);
  void drive(Step& step);

  NodeId self_;
  QuorumConfig config_;
  std::vector<PeerChannel> peers_;
  std::vector<MetadataBatch> log_;
  NodeId leader_;
  QuorumEpoch epoch_;
  NodeId asked_;  // whom to ask while there is no leader, or while it cannot be reached
  bool leader_failed_ = false;
  std::uint32_t attempts_ = 0;
  std::int32_t next_correlation_ = 1 << 30;
  Nanos fetch_deadline_{0};
  Offset high_watermark_{0};
  Offset taken_{0};
  bool waits_for_commit_ = true;
};

}  // namespace ktrial::model
