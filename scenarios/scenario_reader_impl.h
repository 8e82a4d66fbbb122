// The reader of a scenario file as a class, for the files that implement it: the fields of any map here and in
// scenario_reader.cc, topics and clients in scenario_clients_reader.cc, faults in scenario_faults_reader.cc.
// Always holds: what is wrong is noted and reading goes on, so that one run of the reader names every mistake.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "model/config_keys.h"
#include "scenarios/fault_text.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/yaml_reader.h"

namespace ktrial::scenarios {

struct ScenarioReader {
  using Y = YamlValue;
  using Scope = model::ConfigScope;

  std::string file;
  const KnownNames& known;
  std::vector<Diagnostic>* warnings;
  std::vector<Diagnostic> errors;
  Scenario s;

  void root(const Y& y);

  // -- fields of a map
  void fail(const Y& at, const std::string& m, const std::string& hint = "");
  const Y* find(const Y& m, const std::string& key);
  const Y* need(const Y& m, const std::string& key);
  bool keys(const Y& m, const std::string& what, const std::vector<std::string>& valid);
  std::string text(const Y* v);
  // A list, or the same with commas.
  std::string texts(const Y& v);
  std::optional<Nanos> duration(const Y* v, bool negative = false);
  void set(Nanos& out, const Y* v);
  std::uint64_t u64(const Y& v, int base = 10);
  template <class T>
  void number(const Y* v, T& out, std::int64_t lo, std::int64_t hi) {
    if (!v) return;
    std::int64_t n = 0;
    const std::string& t = v->scalar;
    const auto r = std::from_chars(t.data(), t.data() + t.size(), n);
    if (v->kind != Y::Kind::scalar || t.empty() || r.ec != std::errc() || r.ptr != t.data() + t.size() || n < lo ||
        n > hi)
      return fail(*v, "'" + t + "' is not a whole number from " + std::to_string(lo) + " to " + std::to_string(hi));
    out = static_cast<T>(n);
  }
  template <class F>
  void each(const Y* v, F f) {
    if (!v) return;
    if (v->kind != Y::Kind::list) return fail(*v, "expected a list");
    for (const Y& i : v->items) f(i);
  }

  // -- names that must be known
  const model::ConfigKey* config_key(const Y& name, Scope scope);
  Settings config(const Y* v, Scope scope, const model::ConfigTarget& target);
  void known_name(const Y& at, const std::string& what, const std::string& name, const std::vector<std::string>& names);
  std::vector<std::string> topic_names();
  void partition(const Y& at, const PartitionRef& p);

  // -- parts of a scenario
  void variant(const Y& k, const Y& v);
  void recorded(const Y& y);
  void limits(const Y& y);
  void topic(const Y& y);
  void client(const Y& y);
  ProducerSpec producer(const Y& y);
  void send(const Y& y, ProducerSpec& p);
  ConsumerSpec consumer(const Y& y);
  GroupSpec group(const Y& y);

  // -- faults
  std::vector<Selector> selectors(const Y* v);
  void partition_of(const Y& y, FaultSpec& f);
  void configs(const Y& y, FaultSpec& f);
  // Whom, in the form that the kind takes.
  void fault_body(const Y& y, FaultSpec& f);
  // `checksum: matches` or `checksum: broken`.
  bool matches(const Y& y);
  void fault(const Y& y);
  void clock(const Y& y);
  void random(const Y& y);
};

}  // namespace ktrial::scenarios
