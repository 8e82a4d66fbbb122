// What led to a violation: of all that a run did, the few lines that a person needs.
//
// Method: faults, and those facts that give themselves a weight for what is at issue (model/facts/fact.h); what
// happened at once is one line; while there are too many lines the lightest go, the oldest first, and the story says
// so.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "scenarios/program/story_weights.h"
#include "scenarios/program/telling.h"

namespace ktrial::scenarios {
namespace {

using model::Weight;

struct Line {
  std::uint64_t event;
  Weight weight;
  bool fault;
  std::uint16_t kind;  // of the fact
  reports::StoryLine line;
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

// A fact that was stated before, word for word and by the same node (or, of a commit, by another controller), tells
// nothing new.
void drop_repeated(std::vector<Line>& lines) {
  std::vector<Line> kept;
  for (Line& line : lines) {
    const bool again = std::any_of(kept.rbegin(), kept.rend(), [&](const Line& k) {
      return !line.fault && (k.line.who == line.line.who || model::fact_row(line.kind).said_by_each_controller) &&
             k.line.text == line.line.text;
    });
    if (!again) kept.push_back(std::move(line));
  }
  lines = std::move(kept);
}

// Context is no news while the cluster comes up, before the first fault and all that weighs more; and of steady work by
// one node (what no diagram takes for a change) the last is enough. Says how many went.
std::size_t drop_steady_work(std::vector<Line>& lines) {
  const std::size_t before = lines.size();
  const auto heavier = [](const Line& line) { return line.fault || line.weight != Weight::context; };
  lines.erase(lines.begin(), std::find_if(lines.begin(), lines.end(), heavier));
  std::set<std::pair<std::uint16_t, std::string>> later;
  for (std::size_t i = lines.size(); i-- > 0;)
    if (!heavier(lines[i]) && model::fact_row(lines[i].kind).drawn != model::Drawn::change &&
        !later.emplace(lines[i].kind, lines[i].line.who).second)
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
  return before - lines.size();
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
  const StoryWeights weights(violation);
  std::set<std::uint64_t> events{violation.event};
  for (const RecordedFact& fact : result.facts)
    if (weights.of(fact.fact) == Weight::decisive) events.insert(fact.event);
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
  const StoryWeights weights(violation);
  std::vector<Line> lines;
  for (const RecordedFault& fault : result.faults)
    if (fault.event <= violation.event)
      lines.push_back({fault.event, Weight::decisive, true, 0, {fault.at, "fault", fault.text}});
  for (const RecordedFact& f : result.facts) {
    if (f.event > violation.event) break;
    if (const Weight weight = weights.of(f.fact); weight != Weight::none)
      lines.push_back({f.event,
                       weight,
                       false,
                       model::kind(f.fact),
                       {f.at, node_name(result, f.node), with_names(model::describe(f.fact), result)}});
  }
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.event < b.event; });
  join_simultaneous(lines);
  drop_repeated(lines);
  story.left_out = drop_steady_work(lines);
  story.left_out += drop_lightest(lines, reports::Story::kMostLines);
  for (Line& line : lines) story.lines.push_back(std::move(line.line));
  story.expected = with_names(violation.expected.empty() ? story.meaning : violation.expected, result);
  story.seen = with_names(violation.text, result);
  story.permitted_by = violation.permitted_by.value_or("");
  story.reproduce = std::move(reproduce);
  story.files = std::move(files);
  return story;
}

}  // namespace ktrial::scenarios
