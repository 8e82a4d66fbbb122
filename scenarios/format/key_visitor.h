// The format of a scenario file, described once. A part of a scenario says which keys it has by calling a visitor for
// each of them, with the value that the key stands for:
//
//   v.number({"brokers", "how many there are"}, cluster.brokers, {1, 1000}, usual.brokers);
//
// The reader, the writer, the reference of the format (schema.h), the shrinker and the checks of names are visitors.
// A visitor answers what it cares about; everything else passes it by.
// Always holds: keys are visited in the order in which a file is written; what a later key needs comes before it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/config_keys.h"
#include "scenarios/fault_targets.h"

namespace ktrial::scenarios {

struct AssignSpec;
enum class Expected : std::uint8_t;
using Settings = std::vector<std::pair<std::string, std::string>>;
// A config and its new value; absent: it is deleted.
using AlteredConfigs = std::vector<std::pair<std::string, std::optional<std::string>>>;

enum class Layout : std::uint8_t { flow, block };
// One row of the format.
struct Key {
  const char* name;
  const char* meaning;
  bool needed = false;
  bool always = false;  // written even if it is as usual
  Layout layout = Layout::flow;
};
struct Range {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  const char* highest_is = nullptr;  // where the highest depends on the scenario: on what
};
enum class Sign : std::uint8_t { positive, any };
// What a name must be one of.
enum class Names : std::uint8_t { topic, property, goal, message, log_directory };
inline constexpr Range kAnyAmount{0, 1'000'000'000'000};

class KeyVisitor {
 public:
  virtual ~KeyVisitor() = default;

  // -- plain values. Absent: the file does not have the key. `usual`: what holds then.
  virtual void whole(const Key&, const Range&, std::optional<std::int64_t>& /*value*/,
                     std::optional<std::int64_t> /*usual*/) {}
  virtual void time(const Key&, Sign, std::optional<Nanos>& /*value*/, std::optional<Nanos> /*usual*/) {}
  virtual void bits(const Key&, int /*base*/, std::optional<std::uint64_t>& /*value*/) {}
  virtual void all_bits(const Key&, int /*base*/, std::vector<std::uint64_t>& /*values*/) {}
  virtual void text(const Key&, std::string& /*value*/) {}  // empty: absent
  virtual void name(const Key&, Names, std::string& /*value*/) {}
  virtual void names(const Key&, Names, std::vector<std::string>& /*values*/) {}
  virtual void choice(const Key&, const std::vector<std::string>& /*names*/, std::optional<std::size_t>& /*value*/) {}
  // `what`: each of them is ("fault").
  virtual void choices(const Key&, const char* /*what*/, const std::vector<std::string>& /*names*/,
                       std::vector<std::size_t>& /*values*/) {}

  // -- values of a form of their own
  virtual void version(const Key&) {}
  virtual void rate(const Key&, Nanos& /*interval*/) {}  // "50/s": another way to write an interval
  virtual void part(const Key&, std::int32_t& /*part*/, std::int32_t& /*of*/) {}  // "1/20"
  virtual void selectors(const Key&, std::vector<Selector>& /*targets*/) {}
  virtual void sides(Sides& sides);  // the keys `between`, or `from` and `to`
  virtual void condition(const Key&, std::optional<Condition>& /*condition*/) {}
  virtual void partition(const Key&, PartitionRef& /*partition*/) {}
  virtual void brokers(const Key&, std::vector<std::int32_t>& /*brokers*/) {}
  virtual void placement(const Key&, std::vector<std::vector<std::int32_t>>& /*rows*/) {}
  virtual void assigned(const Key&, std::vector<AssignSpec>& /*assigned*/) {}
  virtual void config(const Key&, model::ConfigScope, Settings& /*written*/, const model::ConfigTarget& /*effective*/) {
  }
  virtual void altered(const Key& /*set*/, const Key& /*deleted*/, model::ConfigScope, AlteredConfigs& /*configs*/) {}
  virtual void verdicts(const Key&, std::map<std::string, Expected>& /*expected*/) {}
  virtual void variants(const Key&, Settings& /*variants*/) {}
  virtual void decisions(const Key&, std::map<std::string, std::uint64_t>& /*decisions*/) {}

  // -- maps and lists. False: there is none, or it is none of this visitor's business.
  virtual bool begin_map(const Key&, bool there) { return there; }
  virtual void end_map() {}
  // How many items there are; each is begun as an item, and is a map named `item`.
  virtual std::size_t begin_list(const Key&, std::size_t count) { return count; }
  virtual bool begin_item(const Key& /*list*/, const char* /*item*/, std::size_t /*index*/) { return true; }
  virtual void end_list() {}
  // Which of several keys a map has, that tell what it is; `now`: the one that the value is of. Absent: none, or more.
  virtual std::optional<std::size_t> alternative(const std::string& /*complaint*/,
                                                 const std::vector<std::string>& /*names*/, std::size_t now) {
    return now;
  }
  // A key that this map could have if it were another alternative.
  virtual void elsewhere(const std::string& /*name*/, const std::string& /*why*/) {}
  // A rule between keys. `where`: the key that breaks it, from this map inwards; empty: the map itself.
  virtual void check(bool /*holds*/, const std::vector<std::string>& /*where*/, const std::string& /*message*/) {}
  // Values come from a file, so what follows from them is yet to be derived.
  virtual bool reads() const { return false; }
  // Of the cluster whose faults and clients are visited; null: any.
  virtual const model::ClusterConfig* cluster() const { return nullptr; }

  // -- the same for C++ types
  template <class T>
  void number(const Key& key, T& value, const Range& range, T usual) {
    std::optional<std::int64_t> n = value;
    whole(key, range, n, usual);
    if (n) value = static_cast<T>(*n);
  }
  template <class T>
  void number(const Key& key, std::optional<T>& value, const Range& range) {
    std::optional<std::int64_t> n;
    if (value) n = *value;
    whole(key, range, n, std::nullopt);
    if (n) value = static_cast<T>(*n);
  }
  void duration(const Key& key, Nanos& value, Nanos usual = Nanos::zero(), Sign sign = Sign::positive) {
    std::optional<Nanos> d = value;
    time(key, sign, d, usual);
    if (d) value = *d;
  }
  void duration(const Key& key, std::optional<Nanos>& value, Sign sign = Sign::positive) {
    time(key, sign, value, std::nullopt);
  }
  void bits(const Key& key, std::uint64_t& value, int base = 10) {
    std::optional<std::uint64_t> b = value;
    bits(key, base, b);
    if (b) value = *b;
  }
  template <class Body>
  void map(const Key& key, Body body) {
    if (!begin_map(key, true)) return;
    body();
    end_map();
  }
  template <class T, class Body>
  void map(const Key& key, std::optional<T>& value, Body body) {
    if (!begin_map(key, value.has_value())) return;
    if (!value) value.emplace();
    body(*value);
    end_map();
  }
  template <class T, class Body>
  void list(const Key& key, const char* item, std::vector<T>& items, Body body) {
    const std::size_t count = begin_list(key, items.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= items.size()) items.emplace_back();
      if (!begin_item(key, item, i)) continue;
      body(items[i], i);
      end_map();
    }
    end_list();
  }
};

inline void KeyVisitor::sides(Sides& sides) {
  selectors({"from", ""}, sides.from);
  selectors({"to", ""}, sides.to);
}

}  // namespace ktrial::scenarios
