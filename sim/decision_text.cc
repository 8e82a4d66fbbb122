// Text of decision names. One table row per kind says how its four words are called, so printing and
// parsing cannot disagree.
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "sim/decision.h"

namespace ktrial::sim {
namespace {

enum class Word : std::uint8_t { number, node, arrow_node, connection };

struct Grammar {
  std::string_view kind;
  Word a, b, c;
  std::string_view b_label, c_label, d_label;
};

using enum Word;
constexpr std::array<Grammar, kDecisionKinds> kGrammar{{
    {"latency", node, arrow_node, connection, "", "connection", "message"},
    {"connect_delay", node, arrow_node, connection, "", "connection", "message"},
    {"retransmit", node, arrow_node, connection, "", "connection", "message"},
    {"close_notice", node, arrow_node, connection, "", "connection", "reset"},
    {"tie", node, number, number, "source", "item", "time"},
    {"survives", node, number, number, "crash", "write", "file"},
    {"torn", node, number, number, "crash", "write", "file"},
    {"loss", node, arrow_node, number, "", "copy", "datagram"},
    {"duplicate", node, arrow_node, number, "", "copy", "datagram"},
    {"datagram_delay", node, arrow_node, number, "", "copy", "datagram"},
    {"fault", number, number, number, "b", "c", "d"},
    {"protocol", node, number, number, "counter", "sub", "subject"},
    {"look", number, number, number, "b", "c", "d"},
}};

std::string node_text(std::uint32_t id, std::span<const std::string> nodes) {
  return id < nodes.size() ? nodes[id] : fmt::format("{}", id);
}

template <class T>
bool parse_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool parse_node(std::string_view text, std::span<const std::string> nodes, std::uint32_t& out) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i] == text) {
      out = static_cast<std::uint32_t>(i);
      return true;
    }
  }
  return parse_number(text, out);
}

// Takes the next blank-separated word off `text`; empty at the end.
std::string_view next_word(std::string_view& text) {
  const auto from = text.find_first_not_of(' ');
  if (from == std::string_view::npos) return text = {};
  const auto to = std::min(text.find(' ', from), text.size());
  const auto word = text.substr(from, to - from);
  text.remove_prefix(to);
  return word;
}

}  // namespace

std::string to_text(const DecisionName& name, std::span<const std::string> nodes) {
  const Grammar& g = kGrammar[static_cast<std::size_t>(name.kind)];
  std::string out = fmt::format("{} {}", g.kind, g.a == node ? node_text(name.a, nodes) : fmt::format("{}", name.a));
  if (g.b == arrow_node) {
    out += "->" + node_text(name.b, nodes);
  } else {
    out += fmt::format(" {} {}", g.b_label, name.b);
  }
  if (g.c == connection) {
    out += fmt::format(" {} {}{}", g.c_label, name.c >> 1, (name.c & 1) != 0 ? " back" : "");
  } else {
    out += fmt::format(" {} {}", g.c_label, name.c);
  }
  return out + fmt::format(" {} {}", g.d_label, name.d);
}

std::optional<DecisionName> parse_decision(std::string_view text, std::span<const std::string> nodes) {
  const auto kind = next_word(text);
  std::size_t row = 0;
  while (row < kGrammar.size() && kGrammar[row].kind != kind) ++row;
  if (row == kGrammar.size()) return std::nullopt;
  const Grammar& g = kGrammar[row];
  DecisionName name{.kind = static_cast<DecisionKind>(row)};
  const auto first = next_word(text);
  if (g.b == arrow_node) {
    const auto arrow = first.find("->");
    if (arrow == std::string_view::npos) return std::nullopt;
    if (!parse_node(first.substr(0, arrow), nodes, name.a)) return std::nullopt;
    if (!parse_node(first.substr(arrow + 2), nodes, name.b)) return std::nullopt;
  } else {
    if (g.a == node ? !parse_node(first, nodes, name.a) : !parse_number(first, name.a)) return std::nullopt;
    if (next_word(text) != g.b_label || !parse_number(next_word(text), name.b)) return std::nullopt;
  }
  if (next_word(text) != g.c_label || !parse_number(next_word(text), name.c)) return std::nullopt;
  auto label = next_word(text);
  if (g.c == connection) {
    const bool back = label == "back";
    name.c = name.c << 1 | (back ? 1u : 0u);
    if (back) label = next_word(text);
  }
  if (label != g.d_label || !parse_number(next_word(text), name.d)) return std::nullopt;
  if (!next_word(text).empty()) return std::nullopt;
  return name;
}

}  // namespace ktrial::sim
