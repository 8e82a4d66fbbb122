#include "scenarios/program/telling.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "properties/catalogue.h"
#include "reports/fact_fields.h"
#include "reports/mermaid.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
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
    case K::tampered:
      return "disk";
    case K::duplicated:
      return "duplicate";
    default:
      return "";
  }
}

// What makes all that follows worth a look again.
bool is_change(const reports::TraceEvent& event) {
  if (event.fact) return model::fact_row(*event.fact).drawn == model::Drawn::change;
  return event.kind == "start" || event.kind == "stop" || (event.kind == "fault" && event.name != "connection closed");
}

// Steady work repeats for ever: between two changes a diagram shows each kind of message and fact between two nodes
// once, and whatever is about the record at issue. An event is left out only with all that it led to.
std::set<std::uint64_t> repetitions(const reports::Trace& trace, const std::set<std::string>& not_drawn,
                                    const std::set<std::uint64_t>& at_issue) {
  std::set<std::tuple<std::string, std::string, int, int>> seen;
  std::set<std::uint64_t> repeated, shown = at_issue;
  for (const reports::TraceEvent& event : trace.events) {
    if (event.kind == "sent" || event.kind == "timer" || not_drawn.contains(event.name)) continue;
    const bool change = is_change(event);
    if (change) seen.clear();
    if (change || seen.insert({event.kind, event.name, event.node, event.peer}).second)
      shown.insert(event.id);
    else
      repeated.insert(event.id);
  }
  for (const std::uint64_t event : shown) repeated.erase(event);
  return repeated;
}

}  // namespace

const std::string& node_name(const TrialResult& result, model::NodeId node) {
  static const std::string nobody;
  const auto i = static_cast<std::size_t>(node.value - 1);
  return node.present() && i < result.node_names.size() ? result.node_names[i] : nobody;
}

TrialResult record_trial(const Scenario& scenario, std::uint64_t seed) {
  TrialOptions options;
  options.seed = seed;
  options.record = true;
  return run_trial(scenario, options);
}

std::string with_names(std::string text, const TrialResult& result) {
  replace_all(text, fmt::format("topic {} partition ", model::kClusterMetadata.topic.value), "__cluster_metadata-");
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
  std::map<int, std::string> topics = {{model::kClusterMetadata.topic.value, "__cluster_metadata"}};
  for (const auto& [name, id] : result.topics) topics[id.value] = name;
  std::size_t fact = 0;
  const auto add_facts_before = [&](std::uint64_t event) {
    for (; fact < result.facts.size() && result.facts[fact].event < event; ++fact) {
      const RecordedFact& f = result.facts[fact];
      trace.events.push_back({f.event, 0, f.at, f.node.value, "fact", model::fact_name(model::kind(f.fact)),
                              reports::kNoNode, "", with_names(model::describe(f.fact), result),
                              reports::fact_fields(f.fact, topics), model::kind(f.fact)});
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
                            "", ""});
  }
  add_facts_before(~std::uint64_t{0});
  return trace;
}

std::string diagram_of(const TrialResult& result) {
  reports::MermaidOptions options;
  options.max_events = 600;  // what is left of steady work is worth drawing; its size limit stays
  options.skip_names = {"QuorumFetchRequest", "QuorumFetchResponse"};
  for (std::uint16_t kind = 0; kind < model::kFactKinds; ++kind)
    if (model::fact_row(kind).drawn == model::Drawn::never) options.skip_names.insert(model::fact_name(kind));
  const reports::Trace trace = trace_of(result);
  std::set<std::uint64_t> at_issue;
  if (const properties::Violation* violation = result.first_violation()) at_issue = events_at_issue(result, *violation);
  options.skip_events = repetitions(trace, options.skip_names, at_issue);
  return reports::mermaid(trace, options);
}

std::vector<reports::JunitCase> junit_cases(const TrialResult& result, const std::string& reproduce) {
  std::vector<reports::JunitCase> cases;
  const auto held = result.expected_but_held();
  for (const properties::Verdict& verdict : result.verdicts) {
    reports::JunitCase test;
    test.classname = result.concrete.title;
    test.name = verdict.property;
    const auto expected = result.concrete.expect.find(verdict.property);
    const bool may_fail = expected != result.concrete.expect.end() && expected->second != Expected::holds;
    if (std::find(held.begin(), held.end(), verdict.property) != held.end()) {
      test.result = reports::JunitResult::skipped;
      test.text = "expected to be violated, but held";
    } else if (!verdict.violations.empty()) {
      test.result = may_fail ? reports::JunitResult::passed : reports::JunitResult::failed;
      test.text = reports::story(story_of(result, verdict.violations.front(), reproduce, {}));
    } else if (verdict.premise == 0) {
      test.result = reports::JunitResult::skipped;
      test.text = "vacuous: there was nothing to judge";
    }
    cases.push_back(std::move(test));
  }
  return cases;
}

std::string nothing_to_judge(const std::vector<std::string>& properties, const char* where) {
  constexpr std::size_t kWidth = 100;
  if (properties.empty()) return {};
  std::string text, line = fmt::format("  nothing to judge{} ({}):", where, properties.size());
  for (const std::string& property : properties) {
    if (line.size() + 1 + property.size() > kWidth) {
      text += line + '\n';
      line = "   ";
    }
    line += ' ' + property;
  }
  return text + line + '\n';
}

std::string verdict_table(const TrialResult& result) {
  std::string text;
  std::vector<std::string> vacuous;
  std::size_t width = 0;
  for (const properties::Verdict& verdict : result.verdicts)
    if (verdict.outcome != properties::Outcome::vacuous) width = std::max(width, verdict.property.size());
  for (const properties::Verdict& verdict : result.verdicts) {
    if (verdict.outcome == properties::Outcome::vacuous) {
      vacuous.push_back(verdict.property);
      continue;
    }
    const char* outcome = verdict.outcome == properties::Outcome::holds ? "holds" : "VIOLATED";
    const auto expected = result.concrete.expect.find(verdict.property);
    const char* note = expected == result.concrete.expect.end() || expected->second == Expected::holds ? ""
                       : expected->second == Expected::violated ? "  (expected: violated)"
                                                                : "  (expected: any)";
    text += fmt::format("  {:<{}}  {:<8}  checked {:>9} times{}\n", verdict.property, width, outcome, verdict.premise,
                        note);
  }
  return text + nothing_to_judge(vacuous, "");
}

std::string fault_table(const TrialResult& result) {
  FaultCount count;
  count.add(result.fault_outcomes);
  if (count.planned == 0) return "";
  std::string text =
      fmt::format("\nfaults: {} planned, {} fired, {} effective\n", count.planned, count.fired, count.effective);
  for (std::size_t i = 0; i < result.fault_outcomes.size(); ++i) {
    const FaultOutcome& outcome = result.fault_outcomes[i];
    if (outcome.effective) continue;
    text += fmt::format("  {:<9}  {}{}\n", outcome.fired ? "inert" : "not fired",
                        write_fault(result.concrete.faults[i]), outcome.fired ? ": " + outcome.why_inert : "");
  }
  return text;
}

}  // namespace ktrial::scenarios
