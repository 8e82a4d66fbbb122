// Facts about a replica's role, ISR and high watermark.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/facts/fact.h"

namespace ktrial::model {

struct HighWatermarkAdvanced {  // leader or follower; may go down on a follower
  TopicPartition partition;
  Offset high_watermark;
  Offset old_high_watermark;
  LeaderEpoch leader_epoch;
  bool is_leader = false;
  KTRIAL_FACT(HighWatermarkAdvanced, 4, partition, high_watermark, old_high_watermark, leader_epoch, is_leader)
  static constexpr Drawn kDrawn = Drawn::never;
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, old_high_watermark, high_watermark, is_leader ? Weight::matters : Weight::none,
                          high_watermark < old_high_watermark ? Weight::matters : Weight::none);
  }
  auto tell(auto say) const {
    return say(partition, ": ", is_leader ? "leader" : "follower", " high watermark ", old_high_watermark, " -> ",
               high_watermark, " in leader epoch ", leader_epoch);
  }
};

struct BecameLeader {
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  Offset leader_epoch_start_offset;
  Offset high_watermark;
  std::vector<NodeId> isr;
  KTRIAL_FACT(BecameLeader, 5, partition, leader_epoch, partition_epoch, leader_epoch_start_offset, high_watermark, isr)
  static constexpr Drawn kDrawn = Drawn::change;
  Weight weight(const AtIssue& issue) const {
    return issue.partition ? issue.of(partition, Weight::decisive)
                           : issue.of(partition, leader_epoch > LeaderEpoch(0) ? Weight::context : Weight::none);
  }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", leader_epoch, ": became leader at partition epoch ", partition_epoch,
               ", epoch start offset ", leader_epoch_start_offset, ", high watermark ", high_watermark, ", ISR ", isr);
  }
};

struct BecameFollower {
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  NodeId leader;
  KTRIAL_FACT(BecameFollower, 6, partition, leader_epoch, leader)
  static constexpr Drawn kDrawn = Drawn::change;
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::context)); }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", leader_epoch, ": became follower of leader ", leader);
  }
};

struct IsrChanged {  // the leader's committed ISR changed
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<NodeId> isr;
  bool shrank = false;
  KTRIAL_FACT(IsrChanged, 7, partition, leader_epoch, partition_epoch, isr, shrank)
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr Goal kGoals[] = {{"isr-shrank", "a leader's committed ISR lost a replica"},
                                    {"isr-expanded", "a leader's committed ISR gained a replica"}};
  bool reaches(std::size_t goal) const { return (goal == 0) == shrank; }
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", leader_epoch, ": ISR ", shrank ? "shrank" : "expanded", " to ", isr,
               " at partition epoch ", partition_epoch);
  }
};

struct IsrProposed {  // AlterPartition sent
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  std::vector<NodeId> isr;
  KTRIAL_FACT(IsrProposed, 8, partition, leader_epoch, isr)
  Weight weight(const AtIssue& issue) const {
    return issue.of(partition, issue.partition ? Weight::context : Weight::none);
  }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", leader_epoch, ": AlterPartition proposes ISR ", isr);
  }
};

struct IsrExpansionDropped {  // metadata of the same partition epoch came after the leader proposed a larger ISR
  TopicPartition partition;
  LeaderEpoch leader_epoch;
  std::vector<NodeId> added;  // by the proposal, which the controller may still commit
  KTRIAL_FACT(IsrExpansionDropped, 52, partition, leader_epoch, added)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", leader_epoch, ": the proposal to add ", added,
               " to the ISR is dropped, older metadata came");
  }
};

struct FetchedWithoutEpoch {  // by a follower whose log is not empty
  TopicPartition partition;
  NodeId replica;
  Offset fetch_offset;
  KTRIAL_FACT(FetchedWithoutEpoch, 61, partition, replica, fetch_offset)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::matters)); }
  auto tell(auto say) const {
    return say(partition, ": replica ", replica, " fetches from offset ", fetch_offset, " without its last epoch");
  }
};

struct ReplicaDeleted {
  TopicPartition partition;
  KTRIAL_FACT(ReplicaDeleted, 42, partition)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const { return say(partition, ": replica deleted"); }
};

struct ReplicaFacts : FactList<HighWatermarkAdvanced, BecameLeader, BecameFollower, IsrChanged, IsrProposed,
                               IsrExpansionDropped, FetchedWithoutEpoch, ReplicaDeleted> {
  static constexpr const char* kAbout = "a replica's role, ISR and high watermark";
};

}  // namespace ktrial::model
