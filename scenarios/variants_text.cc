#include "scenarios/variants_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/meanings.h"

namespace ktrial::scenarios {

const std::vector<VariantRow>& variant_rows() {
  using V = model::Variants;
  static const std::vector<VariantRow> rows = {
      {"replication.truncation", "leader-epoch", "high-watermark",
       [](V& x, bool b) { x.replication_truncation = V::Truncation(b); }},
      {"replication.isr-admission", "leader-epoch-start", "high-watermark",
       [](V& x, bool b) { x.replication_isr_admission = V::IsrAdmission(b); }},
      {"controller.alter-partition-reply", "after-commit", "after-append",
       [](V& x, bool b) { x.controller_alter_partition_reply = V::AlterPartitionReply(b); }},
      {"quorum.vote", "durable", "volatile", [](V& x, bool b) { x.quorum_vote = V::Vote(b); }},
      {"quorum.append", "synced", "unsynced", [](V& x, bool b) { x.quorum_append = V::Append(b); }},
      {"group.offset-commit", "generation", "none", [](V& x, bool b) { x.group_offset_commit = V::CommitCheck(b); }}};
  return rows;
}

std::string variants_text() {
  std::size_t width = 0;
  for (const VariantRow& r : variant_rows()) width = std::max(width, r.name.size());
  std::string out;
  for (const VariantRow& r : variant_rows())
    out += fmt::format("{:<{}}  {} (default), {}: {}\n", r.name, width, r.off, r.on, meaning_of_variant(r.name));
  return out;
}

}  // namespace ktrial::scenarios
