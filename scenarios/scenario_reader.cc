#include "scenarios/scenario_reader.h"

#include <algorithm>
#include <charconv>

#include "model/duration_text.h"
#include "scenarios/scenario_reader_impl.h"
#include "sim/decision.h"

namespace ktrial::scenarios {

void ScenarioReader::fail(const Y& at, const std::string& m, const std::string& hint) {
  errors.push_back({file, at.line, at.column, m, hint});
}

const YamlValue* ScenarioReader::find(const Y& m, const std::string& key) {
  for (std::size_t i = 0; i < m.keys.size(); ++i)
    if (m.keys[i].scalar == key) return &m.items[i];
  return nullptr;
}

const YamlValue* ScenarioReader::need(const Y& m, const std::string& key) {
  const Y* v = find(m, key);
  if (!v) fail(m, "missing key '" + key + "'");
  return v;
}

bool ScenarioReader::keys(const Y& m, const std::string& what, const std::vector<std::string>& valid) {
  if (m.kind != Y::Kind::map) return fail(m, what + " must be a map"), false;
  for (const Y& k : m.keys)
    if (std::find(valid.begin(), valid.end(), k.scalar) == valid.end())
      fail(k, "unknown key '" + k.scalar + "' in " + what, nearest(k.scalar, valid));
  return true;
}

std::string ScenarioReader::text(const Y* v) {
  if (!v) return "";
  if (v->kind != Y::Kind::scalar) return fail(*v, "expected text"), "";
  return v->scalar;
}

// A list, or the same with commas.
std::string ScenarioReader::texts(const Y& v) {
  if (v.kind != Y::Kind::list) return text(&v);
  std::string out;
  for (const Y& i : v.items) out += (out.empty() ? "" : ",") + text(&i);
  return out;
}

std::optional<Nanos> ScenarioReader::duration(const Y* v, bool negative) {
  if (!v) return std::nullopt;
  const std::string& t = v->scalar;
  if (const auto d = model::parse_duration(t); v->kind == Y::Kind::scalar && d && (d->count() >= 0 || negative))
    return d;
  fail(*v, "'" + t + "' is not a duration: expected a whole number with ns, us, ms, s, m or h");
  return std::nullopt;
}

void ScenarioReader::set(Nanos& out, const Y* v) {
  if (const auto d = duration(v)) out = *d;
}

std::uint64_t ScenarioReader::u64(const Y& v, int base) {
  std::uint64_t n = 0;
  const auto& t = v.scalar;
  const auto r = std::from_chars(t.data(), t.data() + t.size(), n, base);
  if (t.empty() || r.ec != std::errc() || r.ptr != t.data() + t.size())
    fail(v, "'" + t + "' is not a whole number" + (base == 16 ? " in hexadecimal digits" : ""));
  return n;
}

const model::ConfigKey* ScenarioReader::config_key(const Y& name, Scope scope) {
  const auto* key = model::find_config_key(scope, name.scalar);
  if (key) return key;
  std::vector<std::string> names;
  for (const auto& k : model::config_keys())
    if (k.scope == scope) names.push_back(k.name);
  fail(name, "unknown config '" + name.scalar + "'", nearest(name.scalar, names));
  return nullptr;
}

Settings ScenarioReader::config(const Y* v, Scope scope, const model::ConfigTarget& target) {
  Settings out;
  if (!v) return out;
  if (v->kind != Y::Kind::map) return fail(*v, "config must be a map"), out;
  for (std::size_t i = 0; i < v->keys.size(); ++i) {
    const std::string& name = v->keys[i].scalar;
    const auto* key = config_key(v->keys[i], scope);
    if (!key) continue;
    const std::string value = key->one_a_broker ? texts(v->items[i]) : text(&v->items[i]);
    if (const std::string e = model::apply_config(*key, value, target); !e.empty()) fail(v->items[i], e);
    if (key->status == model::ConfigStatus::accepted_with_warning && warnings)
      warnings->push_back({file, v->keys[i].line, v->keys[i].column, "'" + name + "' has no effect", ""});
    out.emplace_back(name, value);
  }
  return out;
}

void ScenarioReader::known_name(const Y& at, const std::string& what, const std::string& name,
                                const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end())
    fail(at, "unknown " + what + " '" + name + "'", nearest(name, names));
}

std::vector<std::string> ScenarioReader::topic_names() {
  std::vector<std::string> n;
  for (auto& t : s.cluster.topics) n.push_back(t.name);
  return n;
}

void ScenarioReader::partition(const Y& at, const PartitionRef& p) {
  known_name(at, "topic", p.topic, topic_names());
  for (const auto& t : s.cluster.topics)
    if (t.name == p.topic && p.partition >= t.partitions)
      fail(at, "topic '" + t.name + "' has only " + std::to_string(t.partitions) + " partitions");
}

void ScenarioReader::variant(const Y& k, const Y& v) {
  auto& o = s.cluster.config.effective.variants;
  std::vector<std::string> names;
  for (const model::VariantRow& r : model::variant_rows()) {
    names.push_back(r.name);
    if (r.name != k.scalar) continue;
    const std::string t = text(&v);
    std::vector<std::string> values{r.kafkas};
    for (const auto& alternative : r.alternatives) values.push_back(alternative.text);
    const auto chosen = std::find(values.begin(), values.end(), t);
    if (chosen == values.end())
      return fail(v, "unknown value '" + t + "' of variant '" + r.name + "'", nearest(t, values));
    o.set(r.id, static_cast<std::uint8_t>(chosen - values.begin()));
    s.variants.emplace_back(r.name, t);
    return;
  }
  fail(k, "unknown variant '" + k.scalar + "'", nearest(k.scalar, names));
}

void ScenarioReader::recorded(const Y& y) {
  if (!keys(y, "recorded", {"events", "fingerprint", "contents", "checkpoint-every", "checkpoints"})) return;
  RecordedRun r;
  if (const Y* v = need(y, "events")) r.events = u64(*v);
  if (const Y* v = need(y, "fingerprint")) r.fingerprint = u64(*v, 16);
  if (const Y* v = need(y, "contents")) r.contents = u64(*v, 16);
  if (const Y* v = find(y, "checkpoint-every")) r.checkpoint_every = u64(*v);
  each(find(y, "checkpoints"), [&](const Y& v) { r.checkpoints.push_back(u64(v, 16)); });
  if (!r.checkpoints.empty() && r.checkpoint_every == 0) fail(y, "checkpoints need 'checkpoint-every' above 0");
  s.recorded = r;
}

void ScenarioReader::limits(const Y& y) {
  if (!keys(y, "limits", {"send-time", "leader-changes", "skipped-records", "time-to-catch-up", "reassignment-time"}))
    return;
  s.limits.send_time = duration(find(y, "send-time"));
  s.limits.reassignment_time = duration(find(y, "reassignment-time"));
  s.limits.time_to_catch_up = duration(find(y, "time-to-catch-up"));
  if (const Y* v = find(y, "leader-changes")) number(v, s.limits.leader_changes.emplace(), 0, 1000000);
  if (const Y* v = find(y, "skipped-records")) number(v, s.limits.skipped_records.emplace(), 0, 1000000000);
}

void ScenarioReader::root(const Y& y) {
  if (!keys(y, "scenario",
            {"ktrial", "counterexample", "title", "catalogue", "cluster", "network", "clocks", "clients", "faults",
             "random-faults", "run", "expect", "limits", "goals", "variants", "seed", "decisions", "recorded"}))
    return;
  if (const Y* v = need(y, "ktrial"); v && text(v) != "1") fail(*v, "unknown version '" + v->scalar + "', expected 1");
  s.title = text(find(y, "title"));
  if (const Y* c = find(y, "catalogue"); c && keys(*c, "catalogue", {"entry", "tier", "faults"})) {
    s.catalogue.emplace().entry = text(need(*c, "entry"));
    number(find(*c, "tier"), s.catalogue->tier, 1, 2);
    number(find(*c, "faults"), s.catalogue->faults, 0, 100);
  }
  if (const Y* c = need(y, "cluster"); c && keys(*c, "cluster", {"brokers", "controllers", "config", "topics"})) {
    number(find(*c, "brokers"), s.cluster.brokers, 1, 1000);
    number(find(*c, "controllers"), s.cluster.controllers, 1, 5);
    auto& e = s.cluster.config;
    e.written = config(find(*c, "config"), Scope::broker, {.broker = &e.effective});
    const auto racks = static_cast<std::int32_t>(e.effective.broker_racks.size());
    if (racks != 0 && racks != s.cluster.brokers) fail(*find(*c, "config"), "broker.rack needs one rack a broker");
    each(find(*c, "topics"), [&](const Y& t) { topic(t); });
  }
  if (const Y* n = find(y, "network");
      n && keys(*n, "network", {"latency-min", "latency-max", "latency-tail", "tail-per-million", "bandwidth"})) {
    set(s.network.latency_min, find(*n, "latency-min"));
    set(s.network.latency_max, find(*n, "latency-max"));
    set(s.network.latency_tail, find(*n, "latency-tail"));
    number(find(*n, "tail-per-million"), s.network.tail_per_million, 0, 1000000);
    number(find(*n, "bandwidth"), s.network.bandwidth_bytes_per_second, 1, 1000000000000);
    if (s.network.latency_min > s.network.latency_max) fail(*n, "latency-min is above latency-max");
  }
  each(find(y, "clients"), [&](const Y& c) { client(c); });
  each(find(y, "clocks"), [&](const Y& c) { clock(c); });
  each(find(y, "faults"), [&](const Y& f) { fault(f); });
  if (const Y* r = find(y, "random-faults")) random(*r);
  if (const Y* r = find(y, "run"); r && keys(*r, "run", {"until"})) set(s.run_until, need(*r, "until"));
  if (const Y* m = find(y, "expect"); m && keys(*m, "expect", known.properties))
    for (std::size_t i = 0; i < m->keys.size(); ++i) {
      const std::string t = text(&m->items[i]);
      known_name(m->items[i], "verdict", t, {"holds", "violated", "any"});
      s.expect[m->keys[i].scalar] = t == "any" ? Expected::any : t == "violated" ? Expected::violated : Expected::holds;
    }
  if (const Y* l = find(y, "limits")) limits(*l);
  each(find(y, "goals"), [&](const Y& g) {
    known_name(g, "goal", text(&g), known.goals);
    s.goals.push_back(g.scalar);
  });
  if (const Y* m = find(y, "variants")) {
    if (m->kind != Y::Kind::map) fail(*m, "variants must be a map");
    for (std::size_t i = 0; i < m->keys.size(); ++i) variant(m->keys[i], m->items[i]);
  }
  if (const Y* v = find(y, "seed")) s.seed = u64(*v);
  if (const Y* m = find(y, "decisions")) {
    if (m->kind != Y::Kind::map) fail(*m, "decisions must be a map");
    for (std::size_t i = 0; i < m->keys.size(); ++i) {
      if (!sim::parse_decision(m->keys[i].scalar))
        fail(m->keys[i],
             "'" + m->keys[i].scalar + "' names no decision, as 'latency 0->1 connection 3 message 41' does");
      s.decisions[m->keys[i].scalar] = u64(m->items[i]);
    }
  }
  if (const Y* v = find(y, "recorded")) recorded(*v);
  // The recorded run stands last, so a file that was cut off lacks it.
  if (const Y* v = find(y, "counterexample")) {
    known_name(*v, "property", s.counterexample = text(v), known.properties);
    if (!find(y, "recorded")) fail(*v, "a counterexample without 'recorded' at its end: is the file complete?");
  }
}

const char* to_string(Expected e) {
  return e == Expected::holds ? "holds" : e == Expected::violated ? "violated" : "any";
}

tl::expected<Scenario, std::vector<Diagnostic>> read_scenario(const std::string& text, const std::string& file,
                                                              const KnownNames& known,
                                                              std::vector<Diagnostic>* warnings) {
  const auto tree = read_yaml(text, file);
  if (!tree) return tl::make_unexpected(tree.error());
  ScenarioReader r{file, known, warnings, {}, {}};
  r.root(*tree);
  if (!r.errors.empty()) return tl::make_unexpected(r.errors);
  return r.s;
}

}  // namespace ktrial::scenarios
