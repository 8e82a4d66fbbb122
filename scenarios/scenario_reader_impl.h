// The reader of a scenario file: a visitor of its keys (format/) that takes each value from the file. Maps and plain
// values in scenario_reader.cc, values of a form of their own in scenario_values_reader.cc.
// Always holds: what is wrong is noted and reading goes on, so that one run of the reader names every mistake.
#pragma once

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/fault_text.h"
#include "scenarios/format/scenario_keys.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/yaml_reader.h"

namespace ktrial::scenarios {

class ScenarioReader : public KeyVisitor {
 public:
  using Y = YamlValue;
  using Scope = model::ConfigScope;

  ScenarioReader(std::string file, const KnownNames& known, std::vector<Diagnostic>* warnings)
      : file_(std::move(file)), known_(known), warnings_(warnings) {}

  void root(const Y& y);
  Scenario scenario;
  std::vector<Diagnostic> errors;

  void whole(const Key&, const Range&, std::optional<std::int64_t>& value, std::optional<std::int64_t>) override;
  void time(const Key&, Sign, std::optional<Nanos>& value, std::optional<Nanos>) override;
  void bits(const Key&, int base, std::optional<std::uint64_t>& value) override;
  void all_bits(const Key&, int base, std::vector<std::uint64_t>& values) override;
  void text(const Key&, std::string& value) override;
  void name(const Key&, Names, std::string& value) override;
  void names(const Key&, Names, std::vector<std::string>& values) override;
  void choice(const Key&, const std::vector<std::string>& names, std::optional<std::size_t>& value) override;
  void choices(const Key&, const char* what, const std::vector<std::string>& names,
               std::vector<std::size_t>& values) override;
  void version(const Key&) override;
  void rate(const Key&, Nanos& interval) override;
  void part(const Key&, std::int32_t& part, std::int32_t& of) override;
  void selectors(const Key&, std::vector<Selector>& targets) override;
  void sides(Sides& sides) override;
  void condition(const Key&, std::optional<Condition>& condition) override;
  void partition(const Key&, PartitionRef& partition) override;
  void brokers(const Key&, std::vector<std::int32_t>& brokers) override;
  void placement(const Key&, std::vector<std::vector<std::int32_t>>& rows) override;
  void assigned(const Key&, std::vector<AssignSpec>& assigned) override;
  void config(const Key&, Scope, Settings& written, const model::ConfigTarget& effective) override;
  void altered(const Key& set, const Key& deleted, Scope, AlteredConfigs& configs) override;
  void verdicts(const Key&, std::map<std::string, Expected>& expected) override;
  void variants(const Key&, Settings& variants) override;
  void decisions(const Key&, std::map<std::string, std::uint64_t>& decisions) override;
  bool begin_map(const Key&, bool there) override;
  void end_map() override;
  std::size_t begin_list(const Key&, std::size_t count) override;
  bool begin_item(const Key& list, const char* item, std::size_t index) override;
  void end_list() override;
  std::optional<std::size_t> alternative(const std::string& complaint, const std::vector<std::string>& names,
                                         std::size_t now) override;
  void elsewhere(const std::string& name, const std::string& why) override;
  void check(bool holds, const std::vector<std::string>& where, const std::string& message) override;
  bool reads() const override { return true; }
  const model::ClusterConfig* cluster() const override { return &scenario.cluster.config.effective; }

 private:
  // A map that is being read.
  struct Frame {
    const Y* map;
    std::string what;
    std::size_t mark;                              // errors before it
    std::vector<std::string> asked;                // every key that it may have
    bool unclear = false;                          // what it is, and so which keys it may have
    std::map<std::string, std::string> elsewhere;  // keys that it may not have as it is, and why
  };

  void fail(const Y& at, const std::string& message, const std::string& hint = "");
  static const Y* find(const Y& map, const std::string& key);
  // The value of a key of the map that is read; null: it is not there, which is noted if it is needed.
  const Y* value_of(const Key& key);
  bool begin(const Y& y, const std::string& what);
  // Values.
  std::string text_of(const Y& v);
  std::string texts_of(const Y& v);  // a list, or the same with commas
  std::optional<std::int64_t> whole_of(const Y& v, std::int64_t lowest, std::int64_t highest);
  std::optional<std::uint64_t> bits_of(const Y& v, int base);
  std::vector<Selector> selectors_of(const Y& v);
  template <class F>
  void each(const Y* v, F f) {
    if (!v) return;
    if (v->kind != Y::Kind::list) return fail(*v, "expected a list");
    for (const Y& i : v->items) f(i);
  }
  // Names that must be known.
  void known_name(const Y& at, const std::string& what, const std::string& name, const std::vector<std::string>& names);
  void known_name(const Y& at, Names what, const std::string& name);
  std::vector<std::string> topic_names() const;
  void known_partition(const Y& at, const PartitionRef& p);
  const model::ConfigKey* config_key(const Y& name, Scope scope);
  Settings settings_of(const Y& v, Scope scope, const model::ConfigTarget& target);
  void variant(const Y& k, const Y& v, Settings& variants);

  std::string file_;
  const KnownNames& known_;
  std::vector<Diagnostic>* warnings_;
  std::vector<Frame> frames_;
  std::vector<const Y*> lists_;
};

}  // namespace ktrial::scenarios
