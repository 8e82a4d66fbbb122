#include "reports/ndjson.h"

#include <fmt/format.h>

#include <iterator>

#include "reports/utf8.h"

namespace ktrial::reports {
namespace {

void append_field(std::string& out, const char* key, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":", key);
  append_json_string(out, value);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text, i);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(i, length);
    }
    i += length;
  }
  out += '"';
}

void append_ndjson(std::string& out, const TraceEvent& event) {
  fmt::format_to(std::back_inserter(out), "{{\"id\":{}", event.id);
  if (event.cause != 0) fmt::format_to(std::back_inserter(out), ",\"cause\":{}", event.cause);
  fmt::format_to(std::back_inserter(out), ",\"at\":{}", event.at.count());
  if (event.node != kNoNode) fmt::format_to(std::back_inserter(out), ",\"node\":{}", event.node);
  out += ",\"kind\":";
  append_json_string(out, event.kind);
  append_field(out, "name", event.name);
  if (event.peer != kNoNode) fmt::format_to(std::back_inserter(out), ",\"peer\":{}", event.peer);
  append_field(out, "connection", event.connection);
  append_field(out, "text", event.text);
  if (!event.fields.empty()) out += ",\"fields\":" + event.fields;
  out += '}';
}

std::string ndjson(const Trace& trace) {
  std::string out = fmt::format("{{\"ktrial-trace\":{}", kTraceVersion);
  append_field(out, "scenario", trace.scenario);
  fmt::format_to(std::back_inserter(out), ",\"seed\":\"{}\"", trace.seed);
  append_field(out, "fingerprint", trace.fingerprint);
  fmt::format_to(std::back_inserter(out), ",\"events\":{},\"nodes\":{{", trace.events.size());
  bool first = true;
  for (const auto& [id, name] : trace.nodes) {
    fmt::format_to(std::back_inserter(out), "{}\"{}\":", first ? "" : ",", id);
    append_json_string(out, name);
    first = false;
  }
  out += "}}\n";
  for (const TraceEvent& event : trace.events) {
    append_ndjson(out, event);
    out += '\n';
  }
  return out;
}

}  // namespace ktrial::reports
