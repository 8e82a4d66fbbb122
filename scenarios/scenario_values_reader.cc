// Values of a form of their own in a scenario file: targets, conditions, configs, what is placed and assigned.
#include <algorithm>

#include "scenarios/scenario_reader_impl.h"
#include "sim/decision.h"

namespace ktrial::scenarios {

void ScenarioReader::known_name(const Y& at, const std::string& what, const std::string& name,
                                const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end())
    fail(at, "unknown " + what + " '" + name + "'", nearest(name, names));
}

void ScenarioReader::known_name(const Y& at, Names what, const std::string& name) {
  switch (what) {
    case Names::topic:
      return known_name(at, "topic", name, topic_names());
    case Names::property:
      return known_name(at, "property", name, known_.properties);
    case Names::goal:
      return known_name(at, "goal", name, known_.goals);
    case Names::message:
      return known_name(at, "message", name, message_names());
    case Names::log_directory:
      return known_name(at, "log directory", name, scenario.cluster.config.effective.log_dirs);
  }
}

std::vector<std::string> ScenarioReader::topic_names() const {
  std::vector<std::string> names;
  for (const TopicSpec& t : scenario.cluster.topics) names.push_back(t.name);
  return names;
}

void ScenarioReader::known_partition(const Y& at, const PartitionRef& p) {
  known_name(at, Names::topic, p.topic);
  for (const TopicSpec& t : scenario.cluster.topics)
    if (t.name == p.topic && p.partition >= t.partitions)
      fail(at, "topic '" + t.name + "' has only " + std::to_string(t.partitions) + " partitions");
}

void ScenarioReader::rate(const Key& key, Nanos& interval) {
  const Y* r = value_of(key);
  if (!r) return;
  Y n = *r;
  if (n.scalar.size() > 2 && n.scalar.ends_with("/s")) {
    n.scalar.resize(n.scalar.size() - 2);
    if (const auto rate = whole_of(n, 1, 1000000000)) interval = Nanos(1000000000 / *rate);
  } else
    fail(*r, "'" + r->scalar + "' is not a rate: expected N/s");
  if (find(*frames_.back().map, "interval")) fail(*r, "give rate or interval, not both");
}

void ScenarioReader::part(const Key& key, std::int32_t& part, std::int32_t& of) {
  const Y* v = value_of(key);
  if (!v) return;
  const std::size_t slash = v->scalar.find('/');
  if (slash == std::string::npos) return fail(*v, "'" + v->scalar + "' is not a part: expected A/B, such as 1/20");
  Y first = *v, second = *v;
  first.scalar.resize(slash);
  second.scalar.erase(0, slash + 1);
  if (const auto n = whole_of(second, 1, 1000000)) of = static_cast<std::int32_t>(*n);
  if (const auto n = whole_of(first, 0, of)) part = static_cast<std::int32_t>(*n);
}

std::vector<Selector> ScenarioReader::selectors_of(const Y& v) {
  std::vector<Selector> out;
  if (v.kind == Y::Kind::list) {
    each(&v, [&](const Y& i) {
      if (i.kind == Y::Kind::scalar)
        for (auto& x : selectors_of(i)) out.push_back(x);
      else
        fail(i, "expected a target");
    });
    return out;
  }
  auto r = parse_selector(text_of(v));
  if (!r) return fail(v, r.error().message, r.error().hint), out;
  using K = Selector::Kind;
  const auto b = scenario.cluster.brokers, n = b + scenario.cluster.controllers;
  if (r->kind == K::broker && r->node > b && v.scalar.find('(') == std::string::npos) r->kind = K::controller;
  if (r->kind == K::broker && (r->node < 1 || r->node > b))
    fail(v, "no broker " + std::to_string(r->node) + " (brokers are 1 to " + std::to_string(b) + ")");
  if (r->kind == K::controller && (r->node <= b || r->node > n))
    fail(v, "no controller " + std::to_string(r->node) + " (controllers are " + std::to_string(b + 1) + " to " +
                std::to_string(n) + ")");
  if (r->kind == K::client || r->kind == K::coordinator) {
    std::vector<std::string> names;
    for (const auto& c : scenario.clients) {
      const auto* g = std::get_if<GroupSpec>(&c);
      if (r->kind == K::coordinator && !g) continue;
      names.push_back(name_of(c));
      for (int i = 1; g && r->kind == K::client && i <= g->members; ++i)
        names.push_back(g->name + "/" + std::to_string(i));
    }
    if (r->kind == K::client && has_remote_storage(scenario)) names.emplace_back(kRemoteStorage);
    known_name(v, r->kind == K::client ? "node" : "group", r->name, names);
  }
  if (r->partition.partition >= 0) known_partition(v, r->partition);
  return {*r};
}

void ScenarioReader::selectors(const Key& key, std::vector<Selector>& targets) {
  const Y* v = value_of(key);
  if (!v) return;
  targets = selectors_of(*v);
  if (targets.empty()) fail(*v, "expected a target");
}

void ScenarioReader::sides(Sides& sides) {
  const Y* between = value_of({"between", ""});
  const Y* from = value_of({"from", ""});
  const Y* to = value_of({"to", ""});
  if (from) sides.from = selectors_of(*from);
  if (to) sides.to = selectors_of(*to);
  if (between ? !sides.from.empty() || !sides.to.empty() : sides.from.empty() || sides.to.empty())
    return fail(*frames_.back().map, "expected 'between', or 'from' and 'to'");
  if (!between) return;
  if (between->kind != Y::Kind::list || between->items.size() != 2) return fail(*between, "'between' takes two sides");
  sides = {selectors_of(between->items[0]), selectors_of(between->items[1]), true};
  if (sides.from.empty() || sides.to.empty()) fail(*between, "a side needs a target");
}

void ScenarioReader::condition(const Key& key, std::optional<Condition>& condition) {
  const Y* v = value_of(key);
  if (!v) return;
  const auto c = parse_condition(text_of(*v));
  condition = c ? *c : Condition();
  if (!c) return fail(*v, c.error().message, c.error().hint);
  if (c->partition.partition >= 0) known_partition(*v, c->partition);
}

void ScenarioReader::partition(const Key& key, PartitionRef& partition) {
  const Y* v = value_of(key);
  if (!v) return;
  const auto p = parse_partition(text_of(*v));
  if (!p) return fail(*v, "expected a partition, as in orders-0");
  partition = *p;
  known_partition(*v, *p);
}

void ScenarioReader::brokers(const Key& key, std::vector<std::int32_t>& brokers) {
  each(value_of(key), [&](const Y& id) {
    brokers.push_back(static_cast<std::int32_t>(whole_of(id, 1, scenario.cluster.brokers).value_or(1)));
  });
}

void ScenarioReader::placement(const Key& key, std::vector<std::vector<std::int32_t>>& rows) {
  const Y* v = value_of(key);
  each(v, [&](const Y& row) {
    std::vector<std::int32_t>& r = rows.emplace_back();
    each(&row, [&](const Y& n) {
      const auto id = static_cast<std::int32_t>(whole_of(n, 1, scenario.cluster.brokers).value_or(0));
      if (std::find(r.begin(), r.end(), id) != r.end()) fail(n, "replica twice in one row");
      r.push_back(id);
    });
  });
  if (v && rows.empty()) fail(*v, "expected one row of replicas for each partition");
}

void ScenarioReader::assigned(const Key& key, std::vector<AssignSpec>& assigned) {
  const auto names = topic_names();
  each(value_of(key), [&](const Y& a) {
    const auto p = parse_partition(a.scalar);
    if (p && std::find(names.begin(), names.end(), a.scalar) == names.end()) {
      known_partition(a, *p);
      assigned.push_back({p->topic, p->partition});
    } else {
      known_name(a, Names::topic, a.scalar);
      assigned.push_back({a.scalar, {}});
    }
  });
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

Settings ScenarioReader::settings_of(const Y& v, Scope scope, const model::ConfigTarget& target) {
  Settings out;
  if (v.kind != Y::Kind::map) return fail(v, "config must be a map"), out;
  for (std::size_t i = 0; i < v.keys.size(); ++i) {
    const std::string& name = v.keys[i].scalar;
    const auto* key = config_key(v.keys[i], scope);
    if (!key) continue;
    const std::string value = key->one_a_broker ? texts_of(v.items[i]) : text_of(v.items[i]);
    if (const std::string e = model::apply_config(*key, value, target); !e.empty()) fail(v.items[i], e);
    if (key->status == model::ConfigStatus::accepted_with_warning && warnings_)
      warnings_->push_back({file_, v.keys[i].line, v.keys[i].column, "'" + name + "' has no effect", ""});
    out.emplace_back(name, value);
  }
  return out;
}

void ScenarioReader::config(const Key& key, Scope scope, Settings& written, const model::ConfigTarget& effective) {
  if (const Y* v = value_of(key)) written = settings_of(*v, scope, effective);
}

void ScenarioReader::altered(const Key& set, const Key& deleted, Scope scope, AlteredConfigs& configs) {
  // Read for what is wrong with them; they take effect in the run.
  model::ClusterConfig of_cluster;
  model::TopicConfig of_topic;
  if (const Y* v = value_of(set))
    for (auto& [key, value] : settings_of(*v, scope, {.broker = &of_cluster, .topic = &of_topic}))
      configs.emplace_back(key, value);
  each(value_of(deleted), [&](const Y& key) {
    if (config_key(key, scope) != nullptr) configs.emplace_back(key.scalar, std::nullopt);
  });
}

void ScenarioReader::verdicts(const Key& key, std::map<std::string, Expected>& expected) {
  const Y* m = value_of(key);
  if (!m || !begin(*m, key.name)) return;
  frames_.back().asked = known_.properties;
  for (std::size_t i = 0; i < m->keys.size(); ++i) {
    const std::string verdict = text_of(m->items[i]);
    known_name(m->items[i], "verdict", verdict, expected_names());
    const auto at = std::find(expected_names().begin(), expected_names().end(), verdict);
    expected[m->keys[i].scalar] =
        at == expected_names().end() ? Expected::holds : static_cast<Expected>(at - expected_names().begin());
  }
  end_map();
}

void ScenarioReader::variants(const Key& key, Settings& variants) {
  const Y* m = value_of(key);
  if (!m) return;
  if (m->kind != Y::Kind::map) return fail(*m, "variants must be a map");
  for (std::size_t i = 0; i < m->keys.size(); ++i) variant(m->keys[i], m->items[i], variants);
}

void ScenarioReader::variant(const Y& k, const Y& v, Settings& variants) {
  std::vector<std::string> names;
  for (const model::VariantRow& r : model::variant_rows()) {
    names.push_back(r.name);
    if (r.name != k.scalar) continue;
    const std::string t = text_of(v);
    std::vector<std::string> values{r.kafkas};
    for (const auto& alternative : r.alternatives) values.push_back(alternative.text);
    const auto chosen = std::find(values.begin(), values.end(), t);
    if (chosen == values.end())
      return fail(v, "unknown value '" + t + "' of variant '" + r.name + "'", nearest(t, values));
    scenario.cluster.config.effective.variants.set(r.id, static_cast<std::uint8_t>(chosen - values.begin()));
    variants.emplace_back(r.name, t);
    return;
  }
  fail(k, "unknown variant '" + k.scalar + "'", nearest(k.scalar, names));
}

void ScenarioReader::decisions(const Key& key, std::map<std::string, std::uint64_t>& decisions) {
  const Y* m = value_of(key);
  if (!m) return;
  if (m->kind != Y::Kind::map) return fail(*m, "decisions must be a map");
  for (std::size_t i = 0; i < m->keys.size(); ++i) {
    if (!sim::parse_decision(m->keys[i].scalar))
      fail(m->keys[i], "'" + m->keys[i].scalar + "' names no decision, as 'latency 0->1 connection 3 message 41' does");
    decisions[m->keys[i].scalar] = bits_of(m->items[i], 10).value_or(0);
  }
}

}  // namespace ktrial::scenarios
