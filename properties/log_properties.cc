// What may happen to a log once it is committed, and what is told of it (KIP-101, KIP-207).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "model/partition_table.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

// A replica truncates what its leader does not have. A clean leader has everything that is committed.
struct CommittedIsNotTruncated : PropertyOf<CommittedIsNotTruncated> {
  static constexpr const char* kName = "committed-is-not-truncated";
  static constexpr const char* kMeaning =
      "No replica truncates a committed record that it holds, unless a leader may lack it (the loss ledger).";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::LogTruncated>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto& truncated = std::get<model::LogTruncated>(fact);
    met();
    const auto* cut = std::get_if<CommittedCut>(&shadow.change);
    if (cut == nullptr) return;
    const std::int64_t offset = cut->offset;
    const Entry* record = shadow.logs.committed(truncated.partition, offset);
    if (!shadow.ledger.permits(truncated.partition, offset, *record, shadow.logs).empty()) return;
    violate_at(truncated.partition, offset, context, "committed record truncated",
               fmt::format("broker {} truncated its log of {} to offset {} and with it the committed record at {}",
                           context.node.value, text_of(truncated.partition), truncated.end_offset.value, offset));
  }
};

// Told in one leader epoch, a latest offset is not above where the next epoch begins, and a leader tells none before
// its high watermark has reached that. So answers are compared by epoch; when they were given does not matter.
struct LatestOffsetNeverGoesBack : PropertyOf<LatestOffsetNeverGoesBack> {
  static constexpr const char* kName = "latest-offset-never-goes-back";
  static constexpr const char* kMeaning =
      "The latest offset that a leader tells a consumer (ListOffsets) is not below one told in an earlier leader "
      "epoch, "
      "unless a leader may lack what was told (the loss ledger).";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::LatestOffsetTold>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) override {
    const auto& told = std::get<model::LatestOffsetTold>(fact);
    met();
    auto& highest = highest_[told.partition];
    for (const auto& [epoch, offset] : highest) {
      if (epoch >= told.leader_epoch || offset <= told.offset) continue;
      const std::int64_t last = offset.value - 1;
      const Entry* record = shadow.logs.committed(told.partition, last);
      // Taken back by an election, which the ledger judges; or this leader does not hold it, and may not.
      if (!record || !shadow.ledger.permits(told.partition, last, *record, shadow.logs).empty()) continue;
      violate_at(told.partition, last, context, "latest offset went back",
                 fmt::format("broker {} told the latest offset {} of {} in leader epoch {}, after {} in epoch {}",
                             context.node.value, told.offset.value, text_of(told.partition), told.leader_epoch.value,
                             offset.value, epoch.value));
      break;
    }
    auto& mine = highest[told.leader_epoch];
    mine = std::max(mine, told.offset);
  }

 private:
  model::PartitionTable<std::map<model::LeaderEpoch, model::Offset>> highest_;
};

// KAFKA-18723: what a follower is given by a leader that is none any more may be of an epoch that it does not know of,
// in which its own log may have been cut.
struct FollowersKnowTheirBatchesEpochs : PropertyOf<FollowersKnowTheirBatchesEpochs> {
  static constexpr const char* kName = "followers-know-their-batches-epochs";
  static constexpr const char* kMeaning =
      "A follower appends no batch of a newer leader epoch than the one that it follows in.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::BecameFollower, model::BecameLeader, model::BatchAppended>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* follower = std::get_if<model::BecameFollower>(&fact)) {
      epochs_[follower->partition][context.node] = follower->leader_epoch;
    } else if (const auto* leader = std::get_if<model::BecameLeader>(&fact)) {
      epochs_[leader->partition][context.node] = leader->leader_epoch;
    } else if (const auto& b = std::get<model::BatchAppended>(fact); !b.by_leader) {
      const auto& epochs = epochs_[b.partition];
      const auto role = epochs.find(context.node);
      if (role == epochs.end()) return;
      met();
      const model::LeaderEpoch known = role->second;
      if (b.batch.partition_leader_epoch > known)
        violate_at(b.partition, b.batch.base_offset.value, context, "batch of an unknown epoch",
                   fmt::format("broker {} follows {} in leader epoch {} and appended a batch of epoch {} at offset {}",
                               context.node.value, text_of(b.partition), known.value,
                               b.batch.partition_leader_epoch.value, b.batch.base_offset.value));
    }
  }

 private:
  model::PartitionTable<std::map<NodeId, model::LeaderEpoch>> epochs_;
};

}  // namespace

void add_log_properties(PropertyList& list) {
  list.push_back(std::make_unique<CommittedIsNotTruncated>());
  list.push_back(std::make_unique<LatestOffsetNeverGoesBack>());
  list.push_back(std::make_unique<FollowersKnowTheirBatchesEpochs>());
}

}  // namespace ktrial::properties
