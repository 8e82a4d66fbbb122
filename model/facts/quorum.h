// Facts about the metadata quorum.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/facts/fact.h"
#include "model/metadata_records.h"

namespace ktrial::model {

struct VoteGranted {
  QuorumEpoch epoch;
  NodeId candidate;
  KTRIAL_FACT(VoteGranted, 14, epoch, candidate)
  static constexpr Drawn kDrawn = Drawn::change;
  Weight weight(const AtIssue& issue) const { return issue.of_quorum(Weight::matters); }
  auto tell(auto say) const { return say("vote granted to ", candidate, " in quorum epoch ", epoch); }
};

struct QuorumLeaderElected {
  QuorumEpoch epoch;
  Offset log_end_offset;
  KTRIAL_FACT(QuorumLeaderElected, 15, epoch, log_end_offset)
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr Goal kGoals[] = {{"controller-changed", "another controller than the first was elected"}};
  bool reaches(std::size_t) const { return log_end_offset > Offset(1); }
  Weight weight(const AtIssue& issue) const {
    return issue.quorum ? Weight::decisive : log_end_offset > Offset(1) ? Weight::context : Weight::none;
  }
  auto tell(auto say) const {
    return say("elected leader of quorum epoch ", epoch, " at log end offset ", log_end_offset);
  }
};

struct QuorumBecameFollower {
  QuorumEpoch epoch;
  NodeId leader;
  KTRIAL_FACT(QuorumBecameFollower, 16, epoch, leader)
  Weight weight(const AtIssue& issue) const { return issue.of_quorum(Weight::context); }
  auto tell(auto say) const { return say("became follower of quorum leader ", leader, " in quorum epoch ", epoch); }
};

struct QuorumResigned {
  QuorumEpoch epoch;
  KTRIAL_FACT(QuorumResigned, 17, epoch)
  static constexpr Drawn kDrawn = Drawn::change;
  Weight weight(const AtIssue& issue) const { return issue.of_quorum(Weight::matters); }
  auto tell(auto say) const { return say("resigned from quorum epoch ", epoch); }
};

struct MetadataAppended {  // on a voter (leader or follower)
  MetadataBatch batch;
  std::uint64_t content = 0;  // digest of the records
  KTRIAL_FACT(MetadataAppended, 18, batch, content)
  static constexpr FieldNote kNotes[] = {{"content", nullptr, "digest of the records"}};
  static constexpr Drawn kDrawn = Drawn::never;
  Weight weight(const AtIssue& issue) const { return issue.of_quorum(issue.if_judged(Weight::context)); }
  auto tell(auto say) const {
    return say("metadata log: appended offsets ", batch.base_offset, " to ", batch.last_offset(), " of quorum epoch ",
               batch.epoch);
  }
};

struct MetadataTruncated {
  Offset end_offset;
  KTRIAL_FACT(MetadataTruncated, 19, end_offset)
  static constexpr Drawn kDrawn = Drawn::change;
  Weight weight(const AtIssue& issue) const { return issue.of_quorum(Weight::decisive); }
  auto tell(auto say) const { return say("metadata log: truncated to offset ", end_offset); }
};

struct MetadataLoaded {  // at start of a voter
  Offset end_offset;
  KTRIAL_FACT(MetadataLoaded, 20, end_offset)
  Weight weight(const AtIssue& issue) const {
    return issue.of_quorum(end_offset > kFirstOffset ? Weight::matters : Weight::none);
  }
  auto tell(auto say) const { return say("metadata log: loaded, log end offset ", end_offset); }
};

struct MetadataCommitted {  // a node's view of the quorum high watermark went up
  Offset high_watermark;
  KTRIAL_FACT(MetadataCommitted, 21, high_watermark)
  static constexpr Drawn kDrawn = Drawn::never;
  Weight weight(const AtIssue& issue) const { return issue.of_quorum(issue.if_judged(Weight::context)); }
  auto tell(auto say) const { return say("metadata log: high watermark ", high_watermark); }
};

struct MetadataApplied {  // a broker or controller applied the committed batch ending before `next_offset`
  Offset next_offset;
  std::uint64_t content = 0;
  KTRIAL_FACT(MetadataApplied, 22, next_offset, content)
  static constexpr FieldNote kNotes[] = {{"content", nullptr, "digest of the records"}};
  static constexpr Drawn kDrawn = Drawn::never;
  Weight weight(const AtIssue& issue) const { return issue.of_quorum(issue.if_judged(Weight::context)); }
  auto tell(auto say) const { return say("metadata applied up to offset ", next_offset); }
};

struct QuorumFacts : FactList<VoteGranted, QuorumLeaderElected, QuorumBecameFollower, QuorumResigned, MetadataAppended,
                              MetadataTruncated, MetadataLoaded, MetadataCommitted, MetadataApplied> {
  static constexpr const char* kAbout = "the metadata quorum";
};

}  // namespace ktrial::model
