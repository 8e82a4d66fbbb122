// Properties of the metadata quorum: Raft's four, from facts of the voters and of those who apply.
#include <fmt/format.h>

#include <algorithm>

#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

struct QuorumElectionSafety : PropertyOf<QuorumElectionSafety> {
  static constexpr const char* kName = "quorum-election-safety";
  static constexpr const char* kMeaning = "In one quorum epoch at most one controller is elected.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::QuorumLeaderElected>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    const auto& elected = std::get<model::QuorumLeaderElected>(fact);
    met();
    const auto [it, fresh] = leader_.try_emplace(elected.epoch, context.node);
    if (!fresh && it->second != context.node)
      violate(context, "two quorum leaders in an epoch",
              fmt::format("controllers {} and {} were both elected in quorum epoch {}", it->second.value,
                          context.node.value, elected.epoch.value));
  }

 private:
  std::map<model::QuorumEpoch, NodeId> leader_;
};

struct QuorumLogMatching : PropertyOf<QuorumLogMatching> {
  static constexpr const char* kName = "quorum-log-matching";
  static constexpr const char* kMeaning = "Metadata batches at the same offset and epoch are the same on every voter.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::MetadataAppended>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    const auto& appended = std::get<model::MetadataAppended>(fact);
    met();
    const auto [it, fresh] = content_.try_emplace({appended.batch.base_offset, appended.batch.epoch}, appended.content);
    if (!fresh && it->second != appended.content)
      violate(
          context, "metadata logs differ",
          fmt::format("controller {} holds another batch at metadata offset {} of quorum epoch {} than another voter",
                      context.node.value, appended.batch.base_offset.value, appended.batch.epoch.value));
  }

 private:
  std::map<std::pair<model::Offset, model::QuorumEpoch>, std::uint64_t> content_;
};

// The metadata logs of all voters, and what was committed of them.
struct QuorumLeaderCompleteness : PropertyOf<QuorumLeaderCompleteness> {
  static constexpr const char* kName = "quorum-leader-completeness";
  static constexpr const char* kMeaning = "A newly elected controller holds every committed metadata batch.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::MetadataAppended, model::MetadataTruncated, model::MetadataLoaded, model::MetadataCommitted,
                    model::QuorumLeaderElected>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    auto& log = logs_[context.node];
    const auto shorten = [&log](model::Offset end) {
      while (!log.empty() && log.back().next > end) log.pop_back();
    };
    if (const auto* appended = std::get_if<model::MetadataAppended>(&fact)) {
      shorten(appended->batch.base_offset);
      log.push_back({appended->batch.next_offset(), appended->content});
    } else if (const auto* truncated = std::get_if<model::MetadataTruncated>(&fact)) {
      shorten(truncated->end_offset);
    } else if (const auto* loaded = std::get_if<model::MetadataLoaded>(&fact)) {
      shorten(loaded->end_offset);
    } else if (const auto* high = std::get_if<model::MetadataCommitted>(&fact)) {
      for (std::size_t i = committed_.size(); i < log.size() && log[i].next <= high->high_watermark; ++i)
        committed_.push_back(log[i]);
    } else {
      met();
      for (std::size_t i = 0; i < committed_.size(); ++i)
        if (i >= log.size() || log[i].content != committed_[i].content) {
          violate(context, "controller lacks committed metadata",
                  fmt::format(
                      "controller {} was elected in quorum epoch {} without the committed metadata before offset {}",
                      context.node.value, std::get<model::QuorumLeaderElected>(fact).epoch.value,
                      committed_[i].next.value));
          return;
        }
    }
  }

 private:
  struct Batch {
    model::Offset next;
    std::uint64_t content;
  };
  std::map<NodeId, std::vector<Batch>> logs_;
  std::vector<Batch> committed_;
};

struct QuorumStateMachineSafety : PropertyOf<QuorumStateMachineSafety> {
  static constexpr const char* kName = "quorum-state-machine-safety";
  static constexpr const char* kMeaning = "All nodes apply the same metadata batch at the same offset.";
  std::vector<std::uint16_t> kinds() const override { return kinds_of<model::MetadataApplied>(); }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    const auto& applied = std::get<model::MetadataApplied>(fact);
    met();
    const auto [it, fresh] = content_.try_emplace(applied.next_offset, applied.content);
    if (!fresh && it->second != applied.content)
      violate(context, "different metadata applied",
              fmt::format("node {} applied another batch before metadata offset {} than an earlier node",
                          context.node.value, applied.next_offset.value));
  }

 private:
  std::map<model::Offset, std::uint64_t> content_;
};

}  // namespace

void add_quorum_properties(PropertyList& list) {
  list.push_back(std::make_unique<QuorumElectionSafety>());
  list.push_back(std::make_unique<QuorumLogMatching>());
  list.push_back(std::make_unique<QuorumLeaderCompleteness>());
  list.push_back(std::make_unique<QuorumStateMachineSafety>());
}

}  // namespace ktrial::properties
