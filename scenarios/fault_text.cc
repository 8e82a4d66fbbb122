#include "scenarios/fault_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "model/messages.h"
#include "scenarios/diagnostic.h"

namespace ktrial::scenarios {
namespace {

constexpr std::array<const char*, kRandomTargets> kTargets = {
    "one", "minority",  "majority",      "leaders",      "controllers", "clients",
    "all", "followers", "last-answered", "coordinators", "members",     "remote-storage"};
constexpr std::array<const char*, 15> kSelectors = {
    "broker",          "controller",        "client",      "leader",      "followers",
    "follower",        "active-controller", "majority",    "minority",    "all-brokers",
    "all-controllers", "all-clients",       "coordinator", "all-leaders", "last-answered"};
constexpr std::array<const char*, kConditionKinds> kConditions = {"leader-changed",
                                                                  "isr-shrank",
                                                                  "isr-expanded",
                                                                  "log-truncated",
                                                                  "record-acked",
                                                                  "record-consumed",
                                                                  "broker-fenced",
                                                                  "broker-unfenced",
                                                                  "controller-elected",
                                                                  "group-stable",
                                                                  "isr",
                                                                  "high-watermark",
                                                                  "log-end",
                                                                  "leader-epoch",
                                                                  "acked",
                                                                  "consumed",
                                                                  "generation"};

std::string trim(const std::string& s) {
  const auto b = s.find_first_not_of(' ');
  return b == std::string::npos ? "" : s.substr(b, s.find_last_not_of(' ') - b + 1);
}
template <class T>
bool number(const std::string& s, T& out) {
  const auto r = std::from_chars(s.data(), s.data() + s.size(), out);
  return !s.empty() && r.ec == std::errc() && r.ptr == s.data() + s.size();
}
template <class Names>
int index_of(const Names& names, const std::string& text) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (text == names[i]) return static_cast<int>(i);
  return -1;
}
template <class Names>
std::string near(const Names& names, const std::string& text) {
  return nearest(text, std::vector<std::string>(names.begin(), names.end()));
}
struct Call {
  std::string name;
  std::vector<std::string> arguments;
  bool ok = true;
};
Call call(const std::string& text) {
  Call c;
  const auto open = text.find('(');
  c.name = trim(text.substr(0, open));
  if (open == std::string::npos) return c;
  if (text.back() != ')') return c.ok = false, c;
  std::string inside = text.substr(open + 1, text.size() - open - 2);
  for (std::size_t comma; (comma = inside.find(',')) != std::string::npos; inside = inside.substr(comma + 1))
    c.arguments.push_back(trim(inside.substr(0, comma)));
  c.arguments.push_back(trim(inside));
  return c;
}

}  // namespace

const char* to_string(RandomTarget t) { return kTargets[static_cast<std::size_t>(t)]; }
std::optional<RandomTarget> random_target(const std::string& t) {
  const int i = index_of(kTargets, t);
  return i < 0 ? std::nullopt : std::optional(static_cast<RandomTarget>(i));
}
std::vector<std::string> random_target_names() { return {kTargets.begin(), kTargets.end()}; }
std::vector<std::string> message_names() {
  std::vector<std::string> names;
  for (std::uint16_t kind = 0; kind < std::variant_size_v<model::MessageBodyVariant>; ++kind)
    names.push_back(std::string(model::api_name(kind)) + (model::is_request(kind) ? "Request" : "Response"));
  return names;
}
std::string to_string(const PartitionRef& r) { return r.topic + "-" + std::to_string(r.partition); }
std::optional<PartitionRef> parse_partition(const std::string& text) {
  const auto dash = text.rfind('-');
  PartitionRef r;
  if (dash == std::string::npos || dash == 0 || !number(text.substr(dash + 1), r.partition) || r.partition < 0)
    return std::nullopt;
  r.topic = text.substr(0, dash);
  return r;
}

std::string to_string(const Selector& s) {
  using K = Selector::Kind;
  const std::string name = kSelectors[static_cast<std::size_t>(s.kind)];
  switch (s.kind) {
    case K::broker:
    case K::controller:
      return name + "(" + std::to_string(s.node) + ")";
    case K::client:
    case K::coordinator:
      return name + "(" + s.name + ")";
    case K::leader:
    case K::followers:
      return name + "(" + to_string(s.partition) + ")";
    case K::follower:
      return name + "(" + to_string(s.partition) + ", " + std::to_string(s.index) + ")";
    default:
      return name;
  }
}

tl::expected<Selector, TextError> parse_selector(const std::string& raw) {
  using K = Selector::Kind;
  const std::string text = trim(raw);
  Selector s;
  if (number(text, s.node)) return s;  // a plain node id: the scenario reader tells brokers from controllers
  const Call c = call(text);
  const int i = index_of(kSelectors, c.name);
  if (i < 0 && c.ok && c.arguments.empty() && !text.empty()) {
    s.kind = K::client;
    s.name = text;
    return s;
  }
  if (i < 0 || !c.ok) return tl::make_unexpected(TextError{"unknown target '" + text + "'", near(kSelectors, c.name)});
  s.kind = static_cast<K>(i);
  const auto wrong = [&](const char* form) {
    return tl::make_unexpected(TextError{"bad target '" + text + "': expected " + form, ""});
  };
  const auto& a = c.arguments;
  switch (s.kind) {
    case K::broker:
    case K::controller:
      if (a.size() != 1 || !number(a[0], s.node)) return wrong("a node id, as in broker(2)");
      break;
    case K::client:
    case K::coordinator:
      // Names may hold commas: the whole text between the brackets.
      if (a.size() >= 1) s.name = trim(text.substr(text.find('(') + 1, text.size() - text.find('(') - 2));
      if (s.name.empty()) return wrong("a name, as in client(p1)");
      break;
    case K::leader:
    case K::followers:
    case K::follower: {
      const auto p = a.empty() ? std::nullopt : parse_partition(a[0]);
      if (!p || a.size() != (s.kind == K::follower ? 2u : 1u))
        return wrong("a partition, as in leader(orders-0) or follower(orders-0, 1)");
      s.partition = *p;
      if (s.kind == K::follower && (!number(a[1], s.index) || s.index < 1)) return wrong("a follower's number from 1");
      break;
    }
    default:
      if (!a.empty()) return wrong("no argument");
  }
  return s;
}

std::string to_string(const Condition& c) {
  std::string s = kConditions[static_cast<std::size_t>(c.kind)];
  if (c.partition.partition >= 0) s += "(" + to_string(c.partition) + ")";
  if (c.node >= 0) s += "(" + std::to_string(c.node) + ")";
  if (!c.group.empty()) s += "(" + c.group + ")";
  constexpr const char* ops[] = {"", " == ", " <= ", " >= "};
  if (c.comparison != Comparison::happened) s += ops[static_cast<int>(c.comparison)] + std::to_string(c.value);
  return s;
}

tl::expected<Condition, TextError> parse_condition(const std::string& raw) {
  using K = Condition::Kind;
  Condition c;
  std::string left = trim(raw);
  const auto bad = [&](const std::string& why) {
    return tl::make_unexpected(TextError{"bad condition '" + trim(raw) + "': " + why, ""});
  };
  constexpr const char* ops[] = {"==", "<=", ">="};
  for (int i = 0; i < 3; ++i)
    if (const auto at = left.find(ops[i]); at != std::string::npos) {
      if (!number(trim(left.substr(at + 2)), c.value)) return bad("expected a whole number after the comparison");
      c.comparison = static_cast<Comparison>(i + 1);
      left = trim(left.substr(0, at));
      break;
    }
  const Call k = call(left);
  const int i = index_of(kConditions, k.name);
  if (i < 0 || !k.ok)
    return tl::make_unexpected(TextError{"unknown condition '" + left + "'", near(kConditions, k.name)});
  c.kind = static_cast<K>(i);
  if ((c.kind >= K::isr) != (c.comparison != Comparison::happened))
    return bad(c.kind >= K::isr ? "expected a comparison (==, <= or >=)" : "takes no comparison");
  if (k.arguments.size() > 1) return bad("too many arguments");
  const std::string a = k.arguments.empty() ? "" : k.arguments[0];
  const bool any_allowed = c.kind == K::record_acked || c.kind == K::record_consumed ||
                           c.kind == K::controller_elected || c.kind == K::acked || c.kind == K::consumed;
  if (a.empty())
    return any_allowed && k.arguments.empty() ? tl::expected<Condition, TextError>(c)
                                              : bad("expected an argument in brackets");
  if (c.kind == K::broker_fenced || c.kind == K::broker_unfenced) {
    if (!number(a, c.node)) return bad("expected a node id");
  } else if (c.kind == K::group_stable || c.kind == K::generation) {
    c.group = a;
  } else if (c.kind == K::controller_elected || c.kind == K::acked || c.kind == K::consumed) {
    return bad("takes no argument");
  } else if (const auto p = parse_partition(a)) {
    c.partition = *p;
  } else {
    return bad("expected a partition, as in orders-0");
  }
  return c;
}

}  // namespace ktrial::scenarios
