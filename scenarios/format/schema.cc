#include "scenarios/format/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "model/duration_text.h"
#include "scenarios/fault_text.h"
#include "scenarios/format/scenario_keys.h"

namespace ktrial::scenarios {
namespace {

using Type = SchemaRow::Type;

const char* name_of_names(Names names) {
  switch (names) {
    case Names::topic:
      return "topic";
    case Names::property:
      return "property";
    case Names::goal:
      return "goal";
    case Names::message:
      return "message";
    case Names::log_directory:
      return "log directory";
  }
  return "";
}

const char* name_of_scope(model::ConfigScope scope) {
  constexpr const char* names[] = {"broker", "topic", "producer", "consumer"};
  return names[static_cast<int>(scope)];
}

// Writes down every key it is shown.
class SchemaMaker : public KeyVisitor {
 public:
  SchemaMaker() { open_.push_back({.name = "scenario", .type = Type::map}); }
  SchemaRow take() { return std::move(open_.front()); }

  void whole(const Key& k, const Range& range, std::optional<std::int64_t>&,
             std::optional<std::int64_t> usual) override {
    SchemaRow& row = add(k, Type::whole);
    row.lowest = range.lowest, row.highest = range.highest;
    if (range.highest_is) row.highest_is = range.highest_is;
    if (usual && !k.needed) row.usual = std::to_string(*usual);
  }
  void time(const Key& k, Sign sign, std::optional<Nanos>&, std::optional<Nanos> usual) override {
    SchemaRow& row = add(k, Type::duration);
    if (sign == Sign::positive) row.lowest = 0;
    if (usual && !k.needed) row.usual = model::duration_text(*usual);
  }
  void bits(const Key& k, int, std::optional<std::uint64_t>&) override { add(k, Type::bits); }
  void all_bits(const Key& k, int, std::vector<std::uint64_t>&) override { add(k, Type::bits).is_list = true; }
  void text(const Key& k, std::string&) override { add(k, Type::text); }
  void name(const Key& k, Names names, std::string&) override { add(k, Type::name).what = name_of_names(names); }
  void names(const Key& k, Names names, std::vector<std::string>&) override {
    SchemaRow& row = add(k, Type::name);
    row.what = name_of_names(names), row.is_list = true;
  }
  void choice(const Key& k, const std::vector<std::string>& names, std::optional<std::size_t>&) override {
    add(k, Type::choice).choices = names;
  }
  void choices(const Key& k, const char* what, const std::vector<std::string>& names,
               std::vector<std::size_t>&) override {
    SchemaRow& row = add(k, Type::choice);
    row.choices = names, row.what = what, row.is_list = true;
  }
  void version(const Key& k) override { add(k, Type::choice).choices = {"1"}; }
  void rate(const Key& k, Nanos&) override { add(k, Type::rate); }
  void part(const Key& k, std::int32_t&, std::int32_t&) override { add(k, Type::part); }
  void selectors(const Key& k, std::vector<Selector>&) override { add(k, Type::selectors); }
  void sides(Sides&) override {
    SchemaRow& between = add({"between", "two sides, both ways"}, Type::selectors);
    between.is_list = true, between.highest = between.lowest = 2;
    add({"from", "or one way: from these"}, Type::selectors);
    add({"to", "to these"}, Type::selectors);
  }
  void condition(const Key& k, std::optional<Condition>&) override { add(k, Type::condition); }
  void partition(const Key& k, PartitionRef&) override { add(k, Type::partition); }
  void brokers(const Key& k, std::vector<std::int32_t>&) override { add_brokers(k); }
  void placement(const Key& k, std::vector<std::vector<std::int32_t>>&) override { add_brokers(k).what = "row"; }
  void assigned(const Key& k, std::vector<AssignSpec>&) override {
    SchemaRow& row = add(k, Type::name);
    row.what = "topic or partition", row.is_list = true;
  }
  void config(const Key& k, model::ConfigScope scope, Settings&, const model::ConfigTarget&) override {
    add(k, Type::configs).what = name_of_scope(scope);
  }
  void altered(const Key& set, const Key& deleted, model::ConfigScope, AlteredConfigs&) override {
    add(set, Type::configs).what = "topic or broker";
    SchemaRow& row = add(deleted, Type::name);
    row.what = "config", row.is_list = true;
  }
  void verdicts(const Key& k, std::map<std::string, Expected>&) override {
    add(k, Type::verdicts).choices = expected_names();
  }
  void variants(const Key& k, Settings&) override { add(k, Type::variants); }
  void decisions(const Key& k, std::map<std::string, std::uint64_t>&) override { add(k, Type::decisions); }

  bool begin_map(const Key& k, bool) override {
    open_.push_back(row_of_key(k, Type::map));
    return true;
  }
  void end_map() override {
    SchemaRow done = std::move(open_.back());
    open_.pop_back();
    SchemaRow& outer = open_.back();
    if (!outer.is_list) return outer.keys.push_back(std::move(done));
    if (done.what.empty()) return outer.keys = std::move(done.keys), void();
    outer.alternatives.push_back({done.what, std::move(done.keys)});
  }
  std::size_t begin_list(const Key& k, std::size_t count) override {
    open_.push_back(row_of_key(k, Type::map));
    open_.back().is_list = true;
    return std::max<std::size_t>(count, 1);
  }
  bool begin_item(const Key&, const char* item, std::size_t) override {
    open_.back().what = item;
    open_.push_back({.name = item, .type = Type::map});
    return true;
  }
  void end_list() override {
    SchemaRow done = std::move(open_.back());
    open_.pop_back();
    open_.back().keys.push_back(std::move(done));
  }
  std::optional<std::size_t> alternative(const std::string&, const std::vector<std::string>& names,
                                         std::size_t now) override {
    open_.back().what = names[now];
    return now;
  }

 private:
  static SchemaRow row_of_key(const Key& k, Type type) {
    return {.name = k.name, .type = type, .needed = k.needed, .meaning = k.meaning};
  }
  SchemaRow& add(const Key& k, Type type) { return open_.back().keys.emplace_back(row_of_key(k, type)); }
  SchemaRow& add_brokers(const Key& k) {
    SchemaRow& row = add(k, Type::whole);
    row.is_list = true, row.lowest = 1, row.highest = 1000, row.highest_is = "the brokers", row.what = "broker";
    return row;
  }

  std::vector<SchemaRow> open_;
};

// One of each alternative, so that the walk comes by all of them.
Scenario one_of_each() {
  Scenario s;
  s.clients = {ProducerSpec(), ConsumerSpec(), GroupSpec()};
  for (int i = 0; i < kFaultKinds; ++i) s.faults.emplace_back().what = make_fault(static_cast<FaultKind>(i));
  return s;
}

std::string one_text(const SchemaRow& row) {
  switch (row.type) {
    case Type::whole:
      if (row.what == "broker" || row.what == "row") return "broker id";
      if (!row.highest_is.empty())
        return fmt::format("whole number from {} to the number of {}", *row.lowest, row.highest_is);
      return fmt::format("whole number from {} to {}", *row.lowest, *row.highest);
    case Type::duration:
      return row.lowest ? "duration" : "duration, may be negative";
    case Type::bits:
      return "64 bits";
    case Type::text:
      return "text";
    case Type::name:
      return row.what;
    case Type::choice:
      return row.what.empty() ? fmt::format("`{}`", fmt::join(row.choices, "`, `")) : row.what;
    case Type::rate:
      return "N/s";
    case Type::part:
      return "A/B";
    case Type::selectors:
      return "target, or a list";
    case Type::condition:
      return "condition";
    case Type::partition:
      return "partition";
    case Type::configs:
      return "map of " + row.what + " configs";
    case Type::verdicts:
      return "map of properties";
    case Type::variants:
      return "map of variants";
    case Type::decisions:
      return "map of decisions";
    case Type::map:
      return row.what.empty() ? "map" : row.what;
  }
  return "";
}

bool same_keys(const SchemaRow& a, const SchemaRow& b) { return a.name == b.name && a.meaning == b.meaning; }
bool has(const std::vector<SchemaRow>& keys, const SchemaRow& key) {
  return std::any_of(keys.begin(), keys.end(), [&](const SchemaRow& k) { return same_keys(k, key); });
}

void add_table(std::string& out, const std::string& title, const std::vector<SchemaRow>& keys) {
  out += fmt::format("\n## {}\n\n| key | value | usually | meaning |\n|---|---|---|---|\n", title);
  for (const SchemaRow& key : keys)
    out += fmt::format("| `{}`{} | {} | {} | {} |\n", key.name, key.needed ? " *" : "", type_text(key), key.usual,
                       key.meaning);
}

constexpr std::size_t kFewAlternatives = 5;  // each with a table of its own

// The keys that only one kind has, those of a map within it by their path.
void add_rows(std::string& out, const std::string& kind, const std::string& path, const std::vector<SchemaRow>& keys,
              const std::vector<SchemaRow>& common) {
  for (const SchemaRow& key : keys) {
    if (has(common, key)) continue;
    const std::string name = path + key.name;
    out += fmt::format("| `{}` | `{}`{} | {} | {} |\n", kind, name, key.needed ? " *" : "", type_text(key),
                       key.name == kind ? "" : key.meaning);
    add_rows(out, kind, name + ": ", key.keys, common);
  }
}

void add_tables(std::string& out, const std::string& path, const SchemaRow& row) {
  if (row.alternatives.empty()) {
    if (!row.keys.empty()) add_table(out, path, row.keys);
    for (const SchemaRow& key : row.keys) add_tables(out, path + ": " + key.name, key);
    return;
  }
  // What all alternatives have stands once.
  std::vector<SchemaRow> common;
  for (const SchemaRow& key : row.alternatives.front().keys)
    if (std::all_of(row.alternatives.begin(), row.alternatives.end(),
                    [&](const auto& alternative) { return has(alternative.keys, key); }))
      common.push_back(key);
  add_table(out, path + ", each", common);
  if (row.alternatives.size() > kFewAlternatives) {
    out += fmt::format("\n## {}, each kind\n\n| kind | key | value | meaning |\n|---|---|---|---|\n", path);
    for (const auto& alternative : row.alternatives) add_rows(out, alternative.name, "", alternative.keys, common);
    return;
  }
  for (const auto& alternative : row.alternatives) {
    SchemaRow own{.name = alternative.name, .type = Type::map};
    for (const SchemaRow& key : alternative.keys)
      if (!has(common, key)) own.keys.push_back(key);
    add_tables(out, path + ": " + alternative.name, own);
  }
}

}  // namespace

const SchemaRow& scenario_schema() {
  static const SchemaRow schema = [] {
    SchemaMaker maker;
    Scenario s = one_of_each();
    visit_keys(maker, s);
    return maker.take();
  }();
  return schema;
}

std::string type_text(const SchemaRow& row) {
  if (row.type == Type::selectors && row.is_list) return "list of two targets or lists of them";
  if (row.type == Type::whole && row.what == "row") return "list of lists of broker ids";
  return row.is_list ? "list of " + one_text(row) + "s" : one_text(row);
}

std::string format_markdown() {
  std::string out =
      "# The format of a scenario file\n\n"
      "Every key, by the map that it stands in; `*`: it must be there. A duration is a whole number with ns, us, ms, "
      "s, m\n"
      "or h. Targets and conditions are those of [faults.md](faults.md), configs those of [configs.md](configs.md),\n"
      "variants those of [variants.md](variants.md), properties those of [properties.md](properties.md). What is not "
      "known\n"
      "is refused where it stands, with the nearest name that is.\n";
  add_tables(out, "scenario", scenario_schema());
  return out;
}

}  // namespace ktrial::scenarios
