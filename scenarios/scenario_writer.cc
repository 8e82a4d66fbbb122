#include "scenarios/scenario_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/duration_text.h"
#include "scenarios/faults/fault_walk.h"
#include "scenarios/format/scenario_keys.h"

namespace ktrial::scenarios {
namespace {

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Plain where YAML can mean nothing else by it, inside [] and {} too; quoted otherwise.
std::string as_text(const std::string& t) {
  const auto plain = [](char c) {
    return alphanumeric(c) || std::string_view("_-./()=<> ").find(c) != std::string_view::npos;
  };
  if (!t.empty() && alphanumeric(t.front()) && t.back() != ' ' && std::all_of(t.begin(), t.end(), plain) &&
      t != "null" && t != "Null" && t != "NULL")
    return t;
  std::string out = "\"";
  for (const char c : t) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out + "\"";
}

template <class Items, class F>
std::string list_of(const Items& items, F f) {
  std::string out = "[";
  for (const auto& i : items) out += (out.size() > 1 ? ", " : "") + f(i);
  return out + "]";
}

std::string hash(std::uint64_t h) { return fmt::format("{:016x}", h); }

std::string selectors_text(const std::vector<Selector>& all) {
  const auto one = [](const Selector& s) { return as_text(to_string(s)); };
  return all.size() == 1 ? one(all[0]) : list_of(all, one);
}

std::string broker_list(const std::vector<std::int32_t>& brokers) {
  return list_of(brokers, [](std::int32_t id) { return std::to_string(id); });
}

// What is written, before it is known on how many lines.
struct MapItem;
struct MapText {
  enum class Kind { plain, map, list } kind = Kind::plain;
  Layout layout = Layout::flow;
  std::string text;             // plain
  std::vector<MapItem> inside;  // the keys of a list are empty

  std::string flow() const;
  std::string block(const std::string& indent) const;
};
struct MapItem {
  std::string key;
  MapText value;
};

std::string MapText::flow() const {
  if (kind == Kind::plain) return text;
  std::string out;
  for (const auto& [key, value] : inside)
    out += (out.empty() ? "" : ", ") + (key.empty() ? "" : key + ": ") + value.flow();
  return kind == Kind::map ? "{" + out + "}" : "[" + out + "]";
}

std::string MapText::block(const std::string& indent) const {
  std::string out;
  for (const auto& [key, value] : inside)
    if (kind == Kind::list)
      out += indent + "- " + value.flow() + "\n";
    else if (value.kind == Kind::plain || value.layout == Layout::flow)
      out += indent + key + ": " + value.flow() + "\n";
    else
      out += indent + key + ":\n" + value.block(indent + "  ");
  return out;
}

class ScenarioWriter : public KeyVisitor {
 public:
  ScenarioWriter() { open_.push_back({"", MapText{MapText::Kind::map}, true}); }
  const MapText& written() const { return open_.front().value; }

  void whole(const Key& key, const Range&, std::optional<std::int64_t>& value,
             std::optional<std::int64_t> usual) override {
    if (value && (key.always || value != usual)) add(key, std::to_string(*value));
  }
  void time(const Key& key, Sign, std::optional<Nanos>& value, std::optional<Nanos> usual) override {
    if (value && (key.always || value != usual)) add(key, model::duration_text(*value));
  }
  void bits(const Key& key, int base, std::optional<std::uint64_t>& value) override {
    if (value) add(key, base == 16 ? hash(*value) : std::to_string(*value));
  }
  void all_bits(const Key& key, int, std::vector<std::uint64_t>& values) override {
    if (!values.empty()) add(key, list_of(values, hash));
  }
  void text(const Key& key, std::string& value) override {
    if (key.needed || !value.empty()) add(key, as_text(value));
  }
  void name(const Key& key, Names, std::string& value) override { text(key, value); }
  void names(const Key& key, Names, std::vector<std::string>& values) override {
    if (key.needed || !values.empty()) add(key, list_of(values, as_text));
  }
  void choice(const Key& key, const std::vector<std::string>& names, std::optional<std::size_t>& value) override {
    if (value) add(key, names[*value]);
  }
  void choices(const Key& key, const char*, const std::vector<std::string>& names,
               std::vector<std::size_t>& values) override {
    add(key, list_of(values, [&](std::size_t i) { return names[i]; }));
  }
  void version(const Key& key) override { add(key, "1"); }
  void part(const Key& key, std::int32_t& part, std::int32_t& of) override {
    if (part != 0) add(key, fmt::format("{}/{}", part, of));
  }
  void selectors(const Key& key, std::vector<Selector>& targets) override { add(key, selectors_text(targets)); }
  void sides(Sides& sides) override {
    if (sides.both_ways) {
      add({"between", ""}, "[" + selectors_text(sides.from) + ", " + selectors_text(sides.to) + "]");
    } else {
      add({"from", ""}, selectors_text(sides.from));
      add({"to", ""}, selectors_text(sides.to));
    }
  }
  void condition(const Key& key, std::optional<Condition>& condition) override {
    if (condition) add(key, as_text(to_string(*condition)));
  }
  void partition(const Key& key, PartitionRef& partition) override { add(key, as_text(to_string(partition))); }
  void brokers(const Key& key, std::vector<std::int32_t>& brokers) override { add(key, broker_list(brokers)); }
  void placement(const Key& key, std::vector<std::vector<std::int32_t>>& rows) override {
    if (!rows.empty()) add(key, list_of(rows, broker_list));
  }
  void assigned(const Key& key, std::vector<AssignSpec>& assigned) override {
    add(key, list_of(assigned, [](const AssignSpec& a) {
          return as_text(a.partition ? to_string(PartitionRef{a.topic, *a.partition}) : a.topic);
        }));
  }
  void config(const Key& key, model::ConfigScope, Settings& written, const model::ConfigTarget&) override {
    add_settings(key, written);
  }
  void altered(const Key& set, const Key& deleted, model::ConfigScope, AlteredConfigs& configs) override {
    Settings values;
    std::vector<std::string> gone;
    for (const auto& [key, value] : configs)
      if (value)
        values.emplace_back(key, *value);
      else
        gone.push_back(as_text(key));
    add_settings(set, values);
    if (!gone.empty()) add(deleted, list_of(gone, [](const std::string& key) { return key; }));
  }
  void verdicts(const Key& key, std::map<std::string, Expected>& expected) override {
    add_map(key, expected, [](Expected e) { return std::string(to_string(e)); });
  }
  void variants(const Key& key, Settings& variants) override { add_settings(key, variants); }
  void decisions(const Key& key, std::map<std::string, std::uint64_t>& decisions) override {
    add_map(key, decisions, [](std::uint64_t value) { return std::to_string(value); });
  }

  bool begin_map(const Key& key, bool there) override {
    if (there) open_.push_back({key.name, MapText{MapText::Kind::map, key.layout}, key.needed || key.always});
    return there;
  }
  void end_map() override { close(); }
  std::size_t begin_list(const Key& key, std::size_t count) override {
    open_.push_back({key.name, MapText{MapText::Kind::list, key.layout}, false});
    return count;
  }
  bool begin_item(const Key&, const char*, std::size_t) override {
    open_.push_back({"", MapText{MapText::Kind::map}, true});
    return true;
  }
  void end_list() override { close(); }

 private:
  struct Open {
    std::string key;
    MapText value;
    bool even_if_empty;
  };

  void add(const Key& key, std::string value) {
    open_.back().value.inside.push_back({key.name, MapText{MapText::Kind::plain, Layout::flow, std::move(value)}});
  }
  template <class Items, class F>
  void add_map(const Key& key, const Items& items, F f) {
    if (items.empty()) return;
    MapText map{MapText::Kind::map, key.layout};
    for (const auto& [name, value] : items)
      map.inside.push_back({as_text(name), MapText{MapText::Kind::plain, Layout::flow, f(value)}});
    open_.back().value.inside.push_back({key.name, std::move(map)});
  }
  void add_settings(const Key& key, const Settings& settings) { add_map(key, settings, as_text); }
  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.even_if_empty || !done.value.inside.empty())
      open_.back().value.inside.push_back({std::move(done.key), std::move(done.value)});
  }

  std::vector<Open> open_;
};

}  // namespace

std::string write_scenario(const Scenario& s) {
  ScenarioWriter writer;
  Scenario written = s;  // the keys are described for reading as well
  visit_keys(writer, written);
  return writer.written().block("");
}

std::string write_fault(const FaultSpec& fault) {
  ScenarioWriter writer;
  FaultSpec written = fault;
  visit_keys(writer, written);
  return writer.written().flow();
}

}  // namespace ktrial::scenarios
