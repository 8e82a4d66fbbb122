#include "model/variants.h"

namespace ktrial::model {

const std::vector<VariantRow>& variant_rows() {
  using V = Variant;
  static const std::vector<VariantRow> rows = {
      {V::truncation,
       "replication.truncation",
       "leader-epoch",
       {{"high-watermark", "R01, R02", "KIP-101, KAFKA-1211, KAFKA-3410",
         "a new follower truncates to its own high watermark"}}},
      {V::isr_admission,
       "replication.isr-admission",
       "leader-epoch-start",
       {{"high-watermark", "R06", "KAFKA-7128", "a follower joins the ISR at the high watermark"}}},
      {V::alter_partition_reply,
       "controller.alter-partition-reply",
       "after-commit",
       {{"after-append", "C09", "", "AlterPartition is answered before its record is committed"}}},
      {V::vote, "quorum.vote", "durable", {{"volatile", "K04", "", "a vote is forgotten by a restart"}}},
      {V::quorum_append,
       "quorum.append",
       "synced",
       {{"unsynced", "K01", "KAFKA-10533", "the metadata log counts what it has not flushed"}}},
      {V::offset_commit,
       "group.offset-commit",
       "generation",
       {{"none", "G13", "", "OffsetCommit does not check the generation"}}},
  };
  return rows;
}

}  // namespace ktrial::model
