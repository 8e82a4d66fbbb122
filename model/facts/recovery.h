// Facts about unclean recovery (KIP-966).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/facts/fact.h"

namespace ktrial::model {

struct UncleanRecoveryStarted {
  TopicPartition partition;
  LeaderEpoch leader_epoch;  // without a leader
  UncleanRecoveryStrategy strategy = UncleanRecoveryStrategy::balanced;
  bool by_operator = false;
  KTRIAL_FACT(UncleanRecoveryStarted, 76, partition, leader_epoch, strategy, by_operator)
  static constexpr Drawn kDrawn = Drawn::change;
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", leader_epoch, ": unclean recovery started, ", name(strategy),
               by_operator ? ", for an operator" : "");
  }
};

struct ReplicaLogInfoReceived {  // a replica told what it has
  TopicPartition partition;
  NodeId replica;
  BrokerEpoch broker_epoch;
  LeaderEpoch last_written_leader_epoch;
  LeaderEpoch current_leader_epoch;
  Offset log_end_offset;
  KTRIAL_FACT(ReplicaLogInfoReceived, 77, partition, replica, broker_epoch, last_written_leader_epoch,
              current_leader_epoch, log_end_offset)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", current_leader_epoch, ": replica ", replica, " of broker epoch ",
               broker_epoch, " tells log end offset ", log_end_offset, " and last written leader epoch ",
               last_written_leader_epoch);
  }
};

struct UncleanRecoveryElected {  // decided, not committed yet
  TopicPartition partition;
  NodeId leader;
  LeaderEpoch leader_epoch;  // that begins with it
  UncleanRecoveryStrategy strategy = UncleanRecoveryStrategy::balanced;
  bool by_operator = false;
  Nanos waited{0};  // since the recovery started
  Nanos timeout{0};
  QuorumEpoch controller_epoch;
  KTRIAL_FACT(UncleanRecoveryElected, 78, partition, leader, leader_epoch, strategy, by_operator, waited, timeout,
              controller_epoch)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::decisive); }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", leader_epoch, ": unclean recovery elects ", leader, ", ", name(strategy));
  }
};

struct RecoveryFacts : FactList<UncleanRecoveryStarted, ReplicaLogInfoReceived, UncleanRecoveryElected> {
  static constexpr const char* kAbout = "unclean recovery (KIP-966)";
};

}  // namespace ktrial::model
