#include "reports/mermaid.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "reports/utf8.h"

namespace ktrial::reports {
namespace {

// Mermaid ends a statement at ';' and a line end, and starts an entity at '#'.
std::string label(std::string_view text, std::size_t longest) {
  std::string out;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (characters++ == longest) return out + "...";
    const std::size_t length = utf8_length(text, i);
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == ';') {
      out += "#59;";
    } else if (c == '#') {
      out += "#35;";
    } else if (c == '<') {
      out += "#lt;";
    } else if (c == '>') {
      out += "#gt;";
    } else if (c < 0x20 || c == 0x7F) {
      out += ' ';
    } else {
      out += text.substr(i, length);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string participant(int node) { return node < 0 ? "world" : fmt::format("n{}", node); }

std::string words(const TraceEvent& event) {
  if (event.text.empty()) return event.name;
  // A text that already opens with the name does not need it twice.
  if (event.name.empty() || event.text.compare(0, event.name.size(), event.name) == 0) return event.text;
  return event.name + " " + event.text;
}

// The statement for one event, or nothing when its kind is not drawn.
std::optional<std::string> statement(const TraceEvent& event, const MermaidOptions& options) {
  const std::string text = label(seconds_text(event.at) + " " + words(event), options.max_text);
  if (event.kind == "delivered" || event.kind == "dropped") {
    const char* arrow = event.kind == "dropped" ? "-x" : "->>";
    return fmt::format("  {}{}{}: {}\n", participant(event.peer), arrow, participant(event.node), text);
  }
  if (event.kind == "sent" || event.kind == "timer") return std::nullopt;
  return fmt::format("  Note over {}: {}{}\n", participant(event.node),
                     event.kind == "fact" ? "" : label(event.kind, 20) + " ", text);
}

}  // namespace

std::string mermaid(const Trace& trace, const MermaidOptions& options) {
  std::map<std::string, std::size_t> skipped;  // by name, because the options say so
  std::vector<std::pair<const TraceEvent*, std::string>> drawn;
  for (const TraceEvent& event : trace.events) {
    auto line = statement(event, options);
    if (!line) continue;
    if (options.skip_names.count(event.name) != 0 || options.skip_events.count(event.id) != 0)
      ++skipped[event.name.empty() ? event.kind : event.name];
    else
      drawn.emplace_back(&event, std::move(*line));
  }

  std::set<int> used;
  for (const auto& [event, line] : drawn) {
    used.insert(event->node);
    if (event->kind == "delivered" || event->kind == "dropped") used.insert(event->peer);
  }
  std::string out = "sequenceDiagram\n";
  for (const int node : used)
    out += fmt::format("  participant {} as {}\n", participant(node),
                       node < 0 ? "world" : label(node_name(trace.nodes, node), 40));

  std::string end;
  std::size_t listed = 0;
  for (const auto& [name, count] : skipped) {
    if (++listed > 20) {
      end += fmt::format("%% left out by request: {} more kinds\n", skipped.size() - 20);
      break;
    }
    end += fmt::format("%% left out by request: {} x {}\n", count, label(name, 60));
  }
  const std::size_t reserve = end.size() + 300;  // the note about the cut
  std::size_t count = 0;
  for (const auto& [event, line] : drawn) {
    if (count == options.max_events || out.size() + line.size() + reserve > options.max_characters) break;
    out += line;
    ++count;
  }
  if (count < drawn.size()) {
    const TraceEvent& next = *drawn[count].first;
    const std::string said = fmt::format("{} of {} events are left out from {} on (event {}), the diagram is full",
                                         drawn.size() - count, drawn.size(), seconds_text(next.at), next.id);
    if (count > 0) out += fmt::format("  Note over {}: {}\n", participant(drawn[count - 1].first->node), said);
    out += fmt::format("%% {}\n", said);
  }
  return out + end;
}

}  // namespace ktrial::reports
