// What led to a violation: of all that a run did, the few lines that a person needs.
//
// Method: faults, and those facts that are about the partition (or quorum) at issue, each with a weight; what happened
// at once is one line; while there are too many lines the lightest go, the oldest first, and the story says so.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "scenarios/program/telling.h"

namespace ktrial::scenarios {
namespace {

enum class Weight { context, matters, decisive };

struct Line {
  std::uint64_t event;
  Weight weight;
  bool fault;
  reports::StoryLine line;
};

class Chooser {
 public:
  explicit Chooser(const properties::Violation& violation)
      : v_(violation), quorum_(violation.property.starts_with("quorum-")) {}

  std::optional<Weight> weight(const model::Fact& fact) const {
    return std::visit([this](const auto& f) { return weigh(f); }, fact);
  }

 private:
  using W = std::optional<Weight>;

  bool ours(model::TopicPartition tp) const { return !quorum_ && (!v_.partition || *v_.partition == tp); }
  bool has_offset(model::Offset first, std::int64_t count) const {
    return v_.offset >= first.value && v_.offset < first.value + count;
  }

  W weigh(const model::BecameLeader& f) const {
    if (!ours(f.partition)) return std::nullopt;
    if (v_.partition) return Weight::decisive;
    // Of all partitions: the first leaders are no news.
    return f.leader_epoch > model::LeaderEpoch(0) ? W(Weight::context) : std::nullopt;
  }
  W weigh(const model::IsrChanged& f) const { return ours(f.partition) ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::LogTruncated& f) const {
    if (!ours(f.partition)) return std::nullopt;
    return v_.offset >= f.end_offset.value ? Weight::decisive : Weight::context;
  }
  W weigh(const model::UnsyncedDataLost& f) const {
    if (quorum_) return f.partition == model::kClusterMetadata ? W(Weight::decisive) : std::nullopt;
    if (!ours(f.partition)) return std::nullopt;
    return v_.offset >= f.from.value ? Weight::decisive : Weight::context;
  }
  W weigh(const model::IsrExpansionDropped& f) const { return ours(f.partition) ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::ReadReplicaChanged& f) const { return ours(f.partition) ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::FollowerFetchFailed& f) const { return ours(f.partition) ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::FollowerRefusedOffset& f) const { return ours(f.partition) ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::LatestOffsetTold& f) const { return ours(f.partition) ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::TruncationUndone& f) const { return ours(f.partition) ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::RecordAcknowledged& f) const {
    const bool it = v_.partition && ours(f.partition) && has_offset(f.base_offset, std::ssize(f.values));
    return it ? W(Weight::decisive) : std::nullopt;
  }
  W weigh(const model::BatchAppended& f) const {
    const bool it = v_.partition && ours(f.partition) && has_offset(f.batch.base_offset, f.batch.record_count);
    return it ? W(f.by_leader ? Weight::decisive : Weight::matters) : std::nullopt;
  }
  W weigh(const model::RecordConsumed& f) const {
    const bool it = v_.partition && ours(f.partition) && f.offset.value == v_.offset;
    return it ? W(Weight::matters) : std::nullopt;
  }
  W weigh(const model::ConsumerPositionReset& f) const { return ours(f.partition) ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::BrokerFenced&) const { return quorum_ ? std::nullopt : W(Weight::context); }
  W weigh(const model::QuorumLeaderElected& f) const {
    if (quorum_) return Weight::decisive;
    return f.log_end_offset > model::Offset(1) ? W(Weight::context) : std::nullopt;  // the first one is no news
  }
  W weigh(const model::QuorumResigned&) const { return quorum_ ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::VoteGranted&) const { return quorum_ ? W(Weight::matters) : std::nullopt; }
  W weigh(const model::MetadataTruncated&) const { return quorum_ ? W(Weight::decisive) : std::nullopt; }
  W weigh(const model::MetadataLoaded& f) const {
    return quorum_ && f.end_offset > model::kFirstOffset ? W(Weight::matters) : std::nullopt;
  }
  W weigh(const model::GroupStateChanged&) const { return of_group(); }
  W weigh(const model::PartitionsAssigned&) const { return of_group(); }
  W weigh(const model::PartitionsRevoked&) const { return of_group(); }
  W weigh(const model::OffsetCommitRefused&) const { return of_group(); }
  W weigh(const model::OffsetCommitted& f) const { return of_group(f.partition, f.offset); }
  W weigh(const model::CommittedOffsetFetched& f) const { return of_group(f.partition, f.offset); }
  W weigh(const model::RecordProcessed& f) const { return of_group(f.partition, f.offset); }
  template <class Fact>
  W weigh(const Fact&) const {
    return std::nullopt;
  }
  W of_group() const {
    if (quorum_) return std::nullopt;
    return v_.partition ? Weight::context : Weight::matters;
  }
  // What a group did with the record at issue, or around it; of all records only where none is at issue.
  W of_group(model::TopicPartition tp, model::Offset offset) const {
    if (!ours(tp) || (v_.offset >= 0 && std::abs(offset.value - v_.offset) > 1)) return std::nullopt;
    return v_.offset >= 0 || !v_.partition ? Weight::matters : Weight::context;
  }

  const properties::Violation& v_;
  bool quorum_;
};

// One line for what happened at once: the faults of one strike, or one node saying the same of several partitions.
void join_simultaneous(std::vector<Line>& lines) {
  constexpr std::size_t kWidest = 110;
  std::vector<Line> joined;
  for (Line& line : lines) {
    if (!joined.empty() && joined.back().event == line.event && joined.back().fault && line.fault &&
        joined.back().line.text.size() + line.line.text.size() < kWidest)
      joined.back().line.text += "; " + line.line.text;
    else
      joined.push_back(std::move(line));
  }
  lines = std::move(joined);
}

// A fact that was stated before, word for word and by the same node, tells nothing new until something else happened.
void drop_repeated(std::vector<Line>& lines) {
  std::vector<Line> kept;
  for (Line& line : lines) {
    const bool again = std::any_of(kept.rbegin(), kept.rend(), [&](const Line& k) {
      return !line.fault && k.line.who == line.line.who && k.line.text == line.line.text;
    });
    if (!again) kept.push_back(std::move(line));
  }
  lines = std::move(kept);
}

// Makes them fit; says how many went.
std::size_t drop_lightest(std::vector<Line>& lines, std::size_t most) {
  const std::size_t before = lines.size();
  for (const Weight weight : {Weight::context, Weight::matters})
    for (std::size_t i = 0; i < lines.size() && lines.size() > most;) {
      if (lines[i].weight == weight && !lines[i].fault)
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
      else
        ++i;
    }
  return before - lines.size();
}

}  // namespace

std::set<std::uint64_t> events_at_issue(const TrialResult& result, const properties::Violation& violation) {
  const Chooser chooser(violation);
  std::set<std::uint64_t> events{violation.event};
  for (const RecordedFact& fact : result.facts)
    if (chooser.weight(fact.fact) == Weight::decisive) events.insert(fact.event);
  return events;
}

reports::Story story_of(const TrialResult& result, const properties::Violation& violation, std::string reproduce,
                        std::vector<std::string> files) {
  reports::Story story;
  story.verdict = "VIOLATED";
  if (violation.permitted_by)
    story.verdict += " (a loss that the configuration and the faults permit)";
  else if (violation.property == "acked-records-survive" || violation.property == "loss-is-permitted")
    story.verdict += " (a loss that nothing permits: a bug)";
  story.property = violation.property;
  story.meaning = meaning_of(violation.property);
  const Chooser chooser(violation);
  std::vector<Line> lines;
  for (const RecordedFault& fault : result.faults)
    if (fault.event <= violation.event)
      lines.push_back({fault.event, Weight::decisive, true, {fault.at, "fault", fault.text}});
  for (const RecordedFact& f : result.facts) {
    if (f.event > violation.event) break;
    if (const auto weight = chooser.weight(f.fact))
      lines.push_back(
          {f.event, *weight, false, {f.at, node_name(result, f.node), with_names(model::describe(f.fact), result)}});
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.event < b.event; });
  join_simultaneous(lines);
  drop_repeated(lines);
  story.left_out = drop_lightest(lines, reports::Story::kMostLines);
  for (Line& line : lines) story.lines.push_back(std::move(line.line));
  story.expected = with_names(violation.expected.empty() ? story.meaning : violation.expected, result);
  story.seen = with_names(violation.text, result);
  story.permitted_by = violation.permitted_by.value_or("");
  story.reproduce = std::move(reproduce);
  story.files = std::move(files);
  return story;
}

}  // namespace ktrial::scenarios
