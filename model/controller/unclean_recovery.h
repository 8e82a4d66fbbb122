// Unclean recovery: who leads a partition that nobody can lead safely. The replicas are asked what they have, and the
// one whose log ends in the newest leader epoch, and then at the highest offset, is elected.
//
// Follows the second part of KIP-966, which is not in Kafka's source yet, in its newest wording (Aggressive, Balanced
// and None; the messages are those of KAFKA-18681). The strategy says when the active controller starts:
//   Aggressive  as soon as no member of ISR or ELR can lead;
//   Balanced    once ISR and ELR are empty and every member of LastKnownElr is unfenced;
//   None        when an operator asks for it (ElectLeaders), with the strategy that the request names instead.
// It asks every replica that could lead (GetReplicaLogInfo), until it has an answer. An answer counts if its broker
// epoch is that of the broker's registration when it comes and when the leader is elected, and if its leader epoch is
// the partition's: such a replica knows that its leader is gone, so that its log stays as it told. It elects when all
// that were asked have answered, or unclean.recovery.timeout.ms after the start those that have answered by then (the
// first one, if nobody has). Balanced also needs the answers of all of LastKnownElr, however long that takes. Where the
// KIP is silent: fenced replicas are not asked, since they could not be elected; a tie goes to the first of the
// assignment; members of LastKnownElr that are no replicas any more are not waited for; a recovery whose reason goes
// away (a member of LastKnownElr is fenced) is given up, and starts anew later; ElectLeaders with the type UNCLEAN
// means Aggressive; what an operator asked for stands until the partition has a leader or the controller is another
// one. Timeouts and back-offs of the requests are fixed here. Leaves out: an operator's choice of the leader itself
// (DesiredLeaders). Always holds: nothing of it is in the metadata log; a new active controller starts from nothing.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <vector>

#include "model/described.h"
#include "model/metadata/image.h"
#include "model/step.h"

namespace ktrial::model {

struct ReplicaLogInfo {
  NodeId replica;
  BrokerEpoch broker_epoch;
  LeaderEpoch last_written_leader_epoch;
  Offset log_end_offset;
  KTRIAL_FIELDS(ReplicaLogInfo, replica, broker_epoch, last_written_leader_epoch, log_end_offset)
};

// Of one partition.
struct UncleanRecovery {
  LeaderEpoch leader_epoch;
  UncleanRecoveryStrategy strategy = UncleanRecoveryStrategy::balanced;
  bool by_operator = false;
  Nanos started{0};
  std::vector<ReplicaLogInfo> answers = {};  // in the order in which they came; one a replica

  bool answered(NodeId replica) const;
  KTRIAL_FIELDS(UncleanRecovery, leader_epoch, strategy, by_operator, started, answers)
  KTRIAL_MOMENTS(UncleanRecovery, started)
};

// Whether the partition's state calls for a recovery.
bool recovery_is_due(const MetadataImage& image, const PartitionRegistration& partition,
                     UncleanRecoveryStrategy strategy, const Variants& variants);
// Whom it elects by now; absent: it has to wait.
NodeId recovery_winner(const MetadataImage& image, const PartitionRegistration& partition,
                       const UncleanRecovery& recovery, bool timed_out, const Variants& variants);

// Requests to one broker, one at a time; after a failure they wait, up to 3 s.
class ReplicaLogChannel {
 public:
  explicit ReplicaLogChannel(NodeId broker) : broker_(broker) {}

  NodeId broker() const { return broker_; }
  bool owns(ConnectionId connection) const { return connection_.present() && connection == connection_; }
  void send(Step& step, std::int32_t correlation, std::vector<TopicPartition> partitions);  // unless it has to wait
  bool accept(const Message& message);  // false: not the answer to the request in flight
  void succeeded() { failures_ = 0; }
  void failed(Step& step);
  void on_closed(Step& step);
  void on_timer(Step& step);
  void close(Step& step);

  KTRIAL_FIELDS(ReplicaLogChannel, broker_, connection_, correlation_, failures_, timeout_at_, waits_until_)
  KTRIAL_CORRELATIONS(ReplicaLogChannel, correlation_)
  KTRIAL_DEADLINES(ReplicaLogChannel, timeout_at_, waits_until_)

 private:
  NodeId broker_;
  ConnectionId connection_;
  std::int32_t correlation_ = -1;
  std::int32_t failures_ = 0;  // in a row
  Nanos timeout_at_{0};
  Nanos waits_until_{0};
};

class UncleanRecoveryManager {
 public:
  UncleanRecoveryManager(Nanos timeout, const Variants& variants) : timeout_(timeout), variants_(variants) {}

  // At the start and the end of being the active controller.
  void start(Step& step, const MetadataImage& image);
  void stop(Step& step);
  // A record was applied to the image.
  void applied(const MetadataRecord& record, const MetadataImage& image);
  // An operator asks for a leader.
  void request(TopicPartition tp, UncleanRecoveryStrategy strategy) { requested_[tp] = strategy; }

  struct Elected {
    TopicPartition partition;
    NodeId leader;
    UncleanRecoveryStrategy strategy = UncleanRecoveryStrategy::balanced;
    bool by_operator = false;
    Nanos waited{0};
  };
  // Starts and gives up recoveries as the image calls for, and says who is to lead by now.
  std::vector<Elected> decide(Step& step, const MetadataImage& image, const TopicConfig& defaults);
  void ask(Step& step, const MetadataImage& image);

  // Each says whether the input was its own; decide() and ask() want to be called then.
  bool on_message(Step& step, ConnectionId connection, const Message& message, const MetadataImage& image);
  bool on_closed(Step& step, ConnectionId connection);
  bool on_timer(Step& step, TimerId timer);

  Nanos timeout() const { return timeout_; }

  KTRIAL_FIELDS(UncleanRecoveryManager, timeout_, variants_, leaderless_, requested_, recoveries_, channels_,
                next_correlation_)
  KTRIAL_COUNTERS(UncleanRecoveryManager, next_correlation_)

 private:
  void watch(TopicPartition tp, const MetadataImage& image);
  void receive(Step& step, ReplicaLogChannel& channel, const GetReplicaLogInfoResponse& response,
               const MetadataImage& image);

  Nanos timeout_;
  Variants variants_;
  boost::container::flat_set<TopicPartition> leaderless_;
  boost::container::flat_map<TopicPartition, UncleanRecoveryStrategy> requested_;
  boost::container::flat_map<TopicPartition, UncleanRecovery> recoveries_;
  boost::container::flat_map<NodeId, ReplicaLogChannel> channels_;
  std::int32_t next_correlation_ = 0;
};

}  // namespace ktrial::model
