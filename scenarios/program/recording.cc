#include "scenarios/program/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "reports/trace.h"
#include "scenarios/program/telling.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace {

constexpr std::uint64_t kCheckpoints = 16;  // about so many in a file: it stays readable

std::string what_happened(const reports::Trace& trace, const reports::TraceEvent& e) {
  std::string text = e.node == reports::kNoNode ? "world" : reports::node_name(trace.nodes, e.node);
  text += ": " + e.kind;
  if (!e.name.empty()) text += " " + e.name;
  if (e.peer != reports::kNoNode)
    text += (e.kind == "sent" ? " to " : " from ") + reports::node_name(trace.nodes, e.peer);
  return text;
}

template <class T>
bool take(std::string_view& line, T& value, int base) {
  const auto r = std::from_chars(line.data(), line.data() + line.size(), value, base);
  if (r.ec != std::errc() || r.ptr == line.data() + line.size() || *r.ptr != ' ') return false;
  line.remove_prefix(static_cast<std::size_t>(r.ptr - line.data()) + 1);
  return true;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::vector<StepMark> marks(const std::vector<EventLine>& lines) {
  std::vector<StepMark> out;
  for (const EventLine& line : lines) out.push_back(line.mark);
  return out;
}

}  // namespace

std::uint64_t contents_of(const Scenario& scenario) {
  Scenario plain = scenario;
  plain.recorded.reset();
  const std::string text = write_scenario(plain);
  return XXH3_64bits(text.data(), text.size());
}

RecordedRun recorded_run(const Scenario& scenario, const std::vector<StepMark>& steps) {
  RecordedRun run;
  run.contents = contents_of(scenario);
  if (steps.empty()) return run;
  run.events = steps.back().event;
  run.fingerprint = steps.back().fingerprint;
  run.checkpoint_every = std::max<std::uint64_t>(run.events / kCheckpoints, 1);
  std::uint64_t next = run.checkpoint_every;
  for (const StepMark& step : steps)
    for (; step.event >= next; next += run.checkpoint_every) run.checkpoints.push_back(step.fingerprint);
  return run;
}

std::vector<std::string> step_texts(const TrialResult& result, const std::vector<StepMark>& steps) {
  const reports::Trace trace = trace_of(result);
  std::vector<std::string> texts;
  std::size_t i = 0;
  for (const StepMark& step : steps) {
    // What set the step off says what it is; what it sent or stated follows from that.
    const reports::TraceEvent* first = nullptr;
    const reports::TraceEvent* sent = nullptr;
    for (; i < trace.events.size() && trace.events[i].id <= step.event; ++i) {
      const reports::TraceEvent& e = trace.events[i];
      if (e.kind == "fact") continue;
      const reports::TraceEvent*& kept = e.kind == "sent" ? sent : first;
      if (!kept) kept = &e;
    }
    if (!first) first = sent;
    texts.push_back(first ? what_happened(trace, *first) : "world: not traced");
  }
  return texts;
}

std::vector<std::string> facts_of_step(const TrialResult& result, const std::vector<StepMark>& steps,
                                       std::size_t step) {
  std::vector<std::string> lines;
  const std::uint64_t after = step == 0 ? 0 : steps[step - 1].event;
  for (const RecordedFact& fact : result.facts)
    if (step < steps.size() && fact.event > after && fact.event <= steps[step].event)
      lines.push_back(with_names(model::describe(fact.fact), result));
  return lines;
}

std::string events_name(const std::string& counterexample) { return counterexample + ".events"; }

std::string write_events(std::uint64_t contents, const std::vector<StepMark>& steps,
                         const std::vector<std::string>& texts) {
  std::string out = fmt::format("ktrial-events 1 {:016x} {}\n", contents, steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i)
    out += fmt::format("{} {} {:016x} {}\n", steps[i].event, steps[i].at.count(), steps[i].fingerprint, texts[i]);
  return out;
}

std::optional<std::vector<EventLine>> read_events(const std::string& file, std::uint64_t contents) {
  std::string_view text = file;
  std::string header(take_line(text));
  constexpr std::string_view kHead = "ktrial-events 1 ";
  if (!header.starts_with(kHead)) return std::nullopt;
  header += ' ';
  std::string_view rest = std::string_view(header).substr(kHead.size());
  std::uint64_t of = 0, count = 0;
  if (!take(rest, of, 16) || !take(rest, count, 10) || of != contents) return std::nullopt;
  std::vector<EventLine> lines;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    EventLine event;
    std::int64_t at = 0;
    if (!take(line, event.mark.event, 10) || !take(line, at, 10) || !take(line, event.mark.fingerprint, 16))
      return std::nullopt;
    event.mark.at = model::Nanos(at);
    event.text = line;
    lines.push_back(std::move(event));
  }
  if (lines.size() != count) return std::nullopt;
  return lines;
}

std::optional<std::size_t> first_difference(const std::vector<StepMark>& a, const std::vector<StepMark>& b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() && y == b.end()) return std::nullopt;
  return static_cast<std::size_t>(x - a.begin());
}

std::string event_text(const StepMark& mark, const std::string& what) {
  return fmt::format("event {} at {}, {}", mark.event, reports::seconds_text(mark.at), what);
}

std::string where_it_differs(const RecordedRun& recorded, const std::optional<std::vector<EventLine>>& events,
                             const TrialResult& now, const std::vector<StepMark>& steps) {
  const std::vector<std::string> texts = step_texts(now, steps);
  const auto told = [&](std::size_t i) {
    if (i >= steps.size()) return std::string("the run has ended");
    std::string text = event_text(steps[i], texts[i]);
    for (const std::string& fact : facts_of_step(now, steps, i)) text += "\n             " + fact;
    return text;
  };
  if (events) {
    const auto i = first_difference(marks(*events), steps);
    if (!i) return "  the events recorded beside it are the same; only their count or the last hash differs\n";
    std::string text = fmt::format(
        "first diverging event\n  recorded   {}\n  now        {}\n",
        *i < events->size() ? event_text((*events)[*i].mark, (*events)[*i].text) : "the run has ended", told(*i));
    // Words do not tell the fields of a message or what the node did with it; the hash does.
    if (*i < events->size() && *i < steps.size() && (*events)[*i].text == texts[*i] &&
        (*events)[*i].mark.at == steps[*i].at)
      text += "  the event is the same, but what it carried or led to is not\n";
    return text;
  }
  // Only checkpoints: the first that differs bounds the first diverging event from above, the one before from below.
  std::uint64_t same = 0, different = std::max(recorded.events, steps.empty() ? 0 : steps.back().event);
  std::size_t step = 0;
  for (std::size_t i = 0; i < recorded.checkpoints.size(); ++i) {
    const std::uint64_t at = recorded.checkpoint_every * (i + 1);
    while (step < steps.size() && steps[step].event < at) ++step;
    if (step == steps.size() || steps[step].fingerprint != recorded.checkpoints[i]) {
      different = std::min(different, step < steps.size() ? steps[step].event : at);
      break;
    }
    same = steps[step].event;
  }
  std::size_t next = 0;
  while (next < steps.size() && steps[next].event <= same) ++next;
  return fmt::format(
      "first diverging event: after event {} and not after event {} (only checkpoints are known, since the file\n"
      "with the events is not there; the event of this run at the start of that range is {})\n",
      same, different, next < steps.size() ? event_text(steps[next], texts[next]) : "none, it has ended");
}

}  // namespace ktrial::scenarios
