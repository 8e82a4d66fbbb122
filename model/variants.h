// Variants: rules that history had otherwise, each one decision point in the code, named where the rule is implemented.
// The default of each is what Kafka does today. Ids in brackets are entries of docs/variants.md.
#pragma once

#include <cstdint>

namespace ktrial::model {

struct Variants {
  // [R01, R02: KIP-101] where a follower truncates to when it starts to follow.
  enum class Truncation : std::uint8_t {
    leader_epoch,
    high_watermark
  } replication_truncation = Truncation::leader_epoch;
  // [R06: KAFKA-7128] a follower joins the ISR only at or above the leader epoch's start offset.
  enum class IsrAdmission : std::uint8_t {
    leader_epoch_start,
    high_watermark
  } replication_isr_admission = IsrAdmission::leader_epoch_start;
  // [C09] the controller answers AlterPartition once its record is committed.
  enum class AlterPartitionReply : std::uint8_t {
    after_commit,
    after_append
  } controller_alter_partition_reply = AlterPartitionReply::after_commit;
  // [K04] a vote is durable before it is answered.
  enum class Vote : std::uint8_t { durable, volatile_ } quorum_vote = Vote::durable;
  // [K01: KAFKA-10533] an append is synced before it counts for the quorum.
  enum class Append : std::uint8_t { synced, unsynced } quorum_append = Append::synced;
  // [G13] OffsetCommit checks member and generation.
  enum class CommitCheck : std::uint8_t { generation, none } group_offset_commit = CommitCheck::generation;
};

}  // namespace ktrial::model
