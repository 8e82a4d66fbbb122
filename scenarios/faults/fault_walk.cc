#include "scenarios/faults/fault_walk.h"

#include <array>
#include <map>

namespace ktrial::scenarios {
namespace {

template <class Act>
constexpr FaultRow row() {
  constexpr bool of_operator = requires(const Act& act, const FaultOperator& op) { act.operate(op); };
  return {Act::kText, Act::kAtOnce, Act::kNeedsTopic, Act::kCuts, of_operator, Act::kStandstill, Act::kInjected};
}
template <std::size_t... i>
constexpr std::array<FaultRow, kFaultKinds> rows_of(std::index_sequence<i...>) {
  return {row<std::variant_alternative_t<i, FaultAct>>()...};
}
constexpr std::array<FaultRow, kFaultKinds> kRows = rows_of(std::make_index_sequence<kFaultKinds>());

using Maker = FaultAct (*)();
template <class Act>
FaultAct make() {
  return Act();
}
template <std::size_t... i>
constexpr std::array<Maker, kFaultKinds> makers_of(std::index_sequence<i...>) {
  return {&make<std::variant_alternative_t<i, FaultAct>>...};
}
constexpr std::array<Maker, kFaultKinds> kMakers = makers_of(std::make_index_sequence<kFaultKinds>());

template <class Act>
void visit_act(KeyVisitor& v, Act& act) {
  const Key key{Act::kText.name, Act::kText.meaning, true};
  if constexpr (std::is_base_of_v<OnNodes, Act>)
    v.selectors(key, act.targets);
  else if constexpr (std::is_base_of_v<OnLinks, Act>)
    v.map(key, [&] { v.sides(act.sides); });
  else if constexpr (std::is_base_of_v<OnPartition, Act>)
    v.partition(key, act.partition);
  else if constexpr (std::is_base_of_v<OnTopic, Act>)
    v.name(key, Names::topic, act.topic);
  else
    v.map(key, [&] { act.body(v); });
  if constexpr (requires { act.more(v); }) act.more(v);
}

std::vector<std::string> names_of_all() {
  std::vector<std::string> names;
  for (const FaultRow& row : kRows) names.emplace_back(row.text.name);
  return names;
}

// The keys that stand beside a kind's own, and which kinds have them.
std::map<std::string, std::vector<std::string>> keys_beside() {
  struct Beside : KeyVisitor {
    std::vector<std::string> keys;
    void whole(const Key& k, const Range&, std::optional<std::int64_t>&, std::optional<std::int64_t>) override {
      keys.emplace_back(k.name);
    }
    void time(const Key& k, Sign, std::optional<Nanos>&, std::optional<Nanos>) override { keys.emplace_back(k.name); }
    void choice(const Key& k, const std::vector<std::string>&, std::optional<std::size_t>&) override {
      keys.emplace_back(k.name);
    }
    void name(const Key& k, Names, std::string&) override { keys.emplace_back(k.name); }
    bool begin_map(const Key&, bool) override { return false; }
  };
  std::map<std::string, std::vector<std::string>> kinds;
  for (int i = 0; i < kFaultKinds; ++i) {
    Beside beside;
    const auto kind = static_cast<FaultKind>(i);
    FaultAct act = make_fault(kind);
    visit_keys(beside, act);
    for (const std::string& key : beside.keys)
      if (key != to_string(kind)) kinds[key].emplace_back(to_string(kind));
  }
  return kinds;
}

}  // namespace

const FaultRow& row_of(FaultKind kind) { return kRows[static_cast<std::size_t>(kind)]; }
const char* to_string(FaultKind kind) { return row_of(kind).text.name; }
std::optional<FaultKind> fault_kind(const std::string& text) {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (text == kRows[i].text.name) return static_cast<FaultKind>(i);
  return std::nullopt;
}
const std::vector<std::string>& fault_kind_names() {
  static const std::vector<std::string> names = names_of_all();
  return names;
}

FaultAct make_fault(FaultKind kind) { return kMakers[static_cast<std::size_t>(kind)](); }

void visit_keys(KeyVisitor& v, FaultAct& act) {
  std::visit([&](auto& what) { visit_act(v, what); }, act);
}

void visit_keys(KeyVisitor& v, FaultSpec& f) {
  v.duration({"at", "when it strikes"}, f.at);
  v.condition({"when", "or what it waits for: it strikes the first time that this happens"}, f.when);
  v.duration({"after", "with `when`: what happens before does not count"}, f.after);
  v.check(f.at.has_value() != f.when.has_value(), {}, "a fault needs exactly one of 'at' and 'when'");
  v.check(!f.after || f.when, {"after"}, "'after' goes with 'when'");
  const auto kind = v.alternative("a fault needs exactly one kind", fault_kind_names(), f.what.index());
  if (kind) {
    if (*kind != f.what.index()) f.what = make_fault(static_cast<FaultKind>(*kind));
    if (v.reads()) {
      static const auto beside = keys_beside();
      for (const auto& [key, kinds] : beside)
        v.elsewhere(key, kinds.size() == 1
                             ? "'" + key + "' goes with '" + kinds[0] + "'"
                             : "'" + key + "' does not go with '" + std::string(to_string(f.kind())) + "'");
    }
    visit_keys(v, f.what);
  }
  v.duration({"for", "it ends after this long"}, f.duration);
  v.duration({"until", "or at this time; without either it stays"}, f.until);
  v.check(!f.duration || !f.until, {}, "give 'for' or 'until', not both");
}

}  // namespace ktrial::scenarios
