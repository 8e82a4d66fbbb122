// Facts about consumer groups.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/errors.h"
#include "model/facts/fact.h"

namespace ktrial::model {

using GroupId = std::string;
inline constexpr const char* kGroupStates[] = {"Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"};
inline constexpr std::uint8_t kStableGroup = 3;

struct GroupStateChanged {
  GroupId group;
  GenerationId generation;
  std::uint8_t state = 0;  // Empty, PreparingRebalance, CompletingRebalance, Stable, Dead
  std::int32_t members = 0;
  KTRIAL_FACT(GroupStateChanged, 29, group, generation, state, members)
  static constexpr FieldNote kNotes[] = {
      {"state", nullptr, "Empty, PreparingRebalance, CompletingRebalance, Stable, Dead"},
      {"members", nullptr, "members"}};
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr Goal kGoals[] = {{"group-stable", "a group's members were all assigned their partitions"},
                                    {"group-rebalanced", "a group formed another generation after its first"}};
  bool reaches(std::size_t goal) const { return state == kStableGroup && (goal == 0 || generation > GenerationId(1)); }
  Weight weight(const AtIssue& issue) const { return issue.of_group(); }
  auto tell(auto say) const {
    return say("group ", group, " generation ", generation, ": ",
               state < std::size(kGroupStates) ? kGroupStates[state] : "?", " with ", members, " members");
  }
};

struct PartitionsAssigned {  // at the member, on SyncGroup's answer
  GroupId group;
  GenerationId generation;
  std::vector<TopicPartition> partitions;
  KTRIAL_FACT(PartitionsAssigned, 30, group, generation, partitions)
  static constexpr Drawn kDrawn = Drawn::change;
  Weight weight(const AtIssue& issue) const { return issue.of_group(); }
  auto tell(auto say) const { return say("group ", group, " generation ", generation, ": assigned ", partitions); }
};

struct PartitionsRevoked {  // at the member: onPartitionsRevoked, or lost
  GroupId group;
  GenerationId generation;
  std::vector<TopicPartition> partitions;
  bool lost = false;
  KTRIAL_FACT(PartitionsRevoked, 31, group, generation, partitions, lost)
  static constexpr Drawn kDrawn = Drawn::change;
  Weight weight(const AtIssue& issue) const { return issue.of_group(); }
  auto tell(auto say) const {
    return say("group ", group, " generation ", generation, lost ? ": lost " : ": revoked ", partitions);
  }
};

struct RecordProcessed {  // by the group member's application
  GroupId group;
  TopicPartition partition;
  Offset offset;
  ValueId value;
  KTRIAL_FACT(RecordProcessed, 32, group, partition, offset, value)
  static constexpr Goal kGoals[] = {{"record-processed", "a member of a group processed a record"}};
  Weight weight(const AtIssue& issue) const { return issue.of_group(partition, offset); }
  auto tell(auto say) const {
    return say(partition, ": group ", group, " processed record ", value, " at offset ", offset);
  }
};

struct OffsetCommitted {  // at the coordinator, when the commit is answered with NONE
  GroupId group;
  GenerationId generation;
  GenerationId current_generation;
  std::int64_t member = -1;
  TopicPartition partition;
  Offset offset;
  KTRIAL_FACT(OffsetCommitted, 33, group, generation, current_generation, member, partition, offset)
  static constexpr FieldNote kNotes[] = {{"member", nullptr, "member id"}};
  static constexpr Goal kGoals[] = {{"offset-committed", "a coordinator accepted an offset commit"}};
  Weight weight(const AtIssue& issue) const { return issue.of_group(partition, offset); }
  auto tell(auto say) const {
    return say(partition, ": group ", group, " committed offset ", offset, " by member ", member, " of generation ",
               generation, " (current generation ", current_generation, ")");
  }
};

struct OffsetCommitRefused {
  GroupId group;
  GenerationId generation;
  Error error = Error::NONE;
  KTRIAL_FACT(OffsetCommitRefused, 34, group, generation, error)
  static constexpr Goal kGoals[] = {{"offset-commit-refused", "a coordinator refused an offset commit"}};
  Weight weight(const AtIssue& issue) const { return issue.of_group(); }
  auto tell(auto say) const {
    return say("group ", group, " generation ", generation, ": offset commit refused with ", error);
  }
};

struct CommittedOffsetFetched {  // at the member
  GroupId group;
  TopicPartition partition;
  Offset offset;
  KTRIAL_FACT(CommittedOffsetFetched, 35, group, partition, offset)
  Weight weight(const AtIssue& issue) const { return issue.of_group(partition, offset); }
  auto tell(auto say) const { return say(partition, ": group ", group, " fetched committed offset ", offset); }
};

struct GroupCoordinatorLoaded {
  PartitionIndex offsets_partition;
  KTRIAL_FACT(GroupCoordinatorLoaded, 36, offsets_partition)
  Weight weight(const AtIssue& issue) const { return issue.of_group(); }
  auto tell(auto say) const { return say("group coordinator loaded offsets partition ", offsets_partition); }
};

struct GroupFacts : FactList<GroupStateChanged, PartitionsAssigned, PartitionsRevoked, RecordProcessed, OffsetCommitted,
                             OffsetCommitRefused, CommittedOffsetFetched, GroupCoordinatorLoaded> {
  static constexpr const char* kAbout = "consumer groups";
};

}  // namespace ktrial::model
