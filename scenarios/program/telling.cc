#include "scenarios/program/telling.h"

#include <fmt/format.h>

#include <algorithm>

#include "properties/catalogue.h"

namespace ktrial::scenarios {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// What a reader of a story wants to see: elections, ISR changes, losses; not every append.
bool tells_the_story(const model::Fact& fact) {
  return std::holds_alternative<model::BecameLeader>(fact) || std::holds_alternative<model::IsrChanged>(fact) ||
         std::holds_alternative<model::LogTruncated>(fact) || std::holds_alternative<model::UnsyncedDataLost>(fact) ||
         std::holds_alternative<model::BrokerFenced>(fact) ||
         std::holds_alternative<model::QuorumLeaderElected>(fact) ||
         std::holds_alternative<model::MetadataTruncated>(fact) ||
         std::holds_alternative<model::ConsumerPositionReset>(fact);
}

const std::string& node_name(const TrialResult& result, model::NodeId node) {
  static const std::string nobody;
  const auto i = static_cast<std::size_t>(node.value - 1);
  return node.present() && i < result.node_names.size() ? result.node_names[i] : nobody;
}

const char* trace_kind(sim::TraceKind kind) {
  using K = sim::TraceKind;
  switch (kind) {
    case K::sent:
      return "sent";
    case K::delivered:
      return "delivered";
    case K::dropped:
      return "dropped";
    case K::timer:
      return "timer";
    case K::started:
      return "start";
    case K::exited:
      return "stop";
    default:
      return "fault";
  }
}

const char* fault_name(sim::TraceKind kind) {
  using K = sim::TraceKind;
  switch (kind) {
    case K::closed:
      return "connection closed";
    case K::command:
      return "command";
    case K::killed:
      return "kill";
    case K::power_cut:
      return "power cut";
    case K::paused:
      return "pause";
    case K::resumed:
      return "resume";
    case K::wiped:
      return "wipe";
    case K::slowed:
      return "slow";
    case K::clock:
      return "clock";
    case K::cut:
      return "cut";
    case K::healed:
      return "heal";
    case K::reset:
      return "reset";
    case K::held:
      return "hold";
    case K::released:
      return "release";
    case K::link:
      return "link";
    case K::duplicated:
      return "duplicate";
    default:
      return "";
  }
}

}  // namespace

std::string with_names(std::string text, const TrialResult& result) {
  for (const auto& [name, id] : result.topics)
    replace_all(text, fmt::format("topic {} partition ", id.value), name + "-");
  return text;
}

std::string meaning_of(const std::string& property) {
  for (const auto& entry : properties::catalogue())
    if (entry.name == property) return entry.meaning;
  return "";
}

reports::Trace trace_of(const TrialResult& result) {
  reports::Trace trace;
  trace.scenario = result.concrete.title;
  trace.seed = result.seed;
  trace.fingerprint = fmt::format("{:016x}", result.fingerprint);
  for (std::size_t i = 0; i < result.node_names.size(); ++i)
    trace.nodes[static_cast<int>(i) + 1] = result.node_names[i];
  std::size_t fact = 0;
  const auto add_facts_before = [&](std::uint64_t event) {
    for (; fact < result.facts.size() && result.facts[fact].event < event; ++fact) {
      const RecordedFact& f = result.facts[fact];
      trace.events.push_back({f.event, 0, f.at, f.node.value, "fact", model::fact_name(model::kind(f.fact)),
                              reports::kNoNode, "", with_names(model::describe(f.fact), result)});
    }
  };
  for (const sim::TraceEvent& event : result.trace) {
    add_facts_before(event.id);
    const bool message = event.kind == sim::TraceKind::sent || event.kind == sim::TraceKind::delivered ||
                         event.kind == sim::TraceKind::dropped;
    std::string name = message ? std::string(model::api_name(event.message_kind)) +
                                     (model::is_request(event.message_kind) ? "Request" : "Response")
                               : fault_name(event.kind);
    trace.events.push_back({event.id, event.cause, event.at, event.node < 0 ? reports::kNoNode : event.node + 1,
                            trace_kind(event.kind), std::move(name), event.peer < 0 ? reports::kNoNode : event.peer + 1,
                            event.connection.number < 0
                                ? std::string()
                                : fmt::format("{}/{}", event.connection.initiator + 1, event.connection.number),
                            ""});
  }
  add_facts_before(~std::uint64_t{0});
  return trace;
}

reports::Story story_of(const TrialResult& result, const properties::Violation& violation, std::string reproduce,
                        std::vector<std::string> files) {
  reports::Story story;
  story.verdict = violation.permitted_by ? "VIOLATED (the configuration permits it)" : "VIOLATED";
  story.property = violation.property;
  story.meaning = meaning_of(violation.property);
  struct Line {
    std::uint64_t event;
    reports::StoryLine line;
  };
  std::vector<Line> lines;
  for (const RecordedFault& fault : result.faults)
    if (fault.event <= violation.event) lines.push_back({fault.event, {fault.at, "fault", fault.text}});
  for (const RecordedFact& f : result.facts)
    if (f.event <= violation.event && tells_the_story(f.fact))
      lines.push_back({f.event, {f.at, node_name(result, f.node), with_names(model::describe(f.fact), result)}});
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.event < b.event; });
  for (Line& line : lines) story.lines.push_back(std::move(line.line));
  story.expected = story.meaning;
  story.seen = with_names(violation.text, result);
  if (violation.permitted_by) story.seen += " (permitted: " + *violation.permitted_by + ")";
  story.reproduce = std::move(reproduce);
  story.files = std::move(files);
  return story;
}

std::string verdict_table(const TrialResult& result) {
  std::string text;
  for (const properties::Verdict& verdict : result.verdicts) {
    const char* outcome = verdict.outcome == properties::Outcome::holds      ? "holds"
                          : verdict.outcome == properties::Outcome::violated ? "VIOLATED"
                                                                             : "vacuous";
    const auto expected = result.concrete.expect.find(verdict.property);
    const char* note = expected == result.concrete.expect.end() || expected->second == Expected::holds ? ""
                       : expected->second == Expected::violated ? "  (expected: violated)"
                                                                : "  (expected: any)";
    text += fmt::format("  {:<36} {:<9} checked {:>9} times{}\n", verdict.property, outcome, verdict.premise, note);
  }
  return text;
}

}  // namespace ktrial::scenarios
