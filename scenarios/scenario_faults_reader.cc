// Faults and clocks of a scenario file.
#include <algorithm>

#include "scenarios/scenario_reader_impl.h"

namespace ktrial::scenarios {

std::vector<Selector> ScenarioReader::selectors(const Y* v) {
  std::vector<Selector> out;
  if (!v) return out;
  if (v->kind == Y::Kind::list) {
    each(v, [&](const Y& i) {
      if (i.kind == Y::Kind::scalar)
        for (auto& x : selectors(&i)) out.push_back(x);
      else
        fail(i, "expected a target");
    });
    return out;
  }
  auto r = parse_selector(text(v));
  if (!r) return fail(*v, r.error().message, r.error().hint), out;
  using K = Selector::Kind;
  const auto b = s.cluster.brokers, n = b + s.cluster.controllers;
  if (r->kind == K::broker && r->node > b && v->scalar.find('(') == std::string::npos) r->kind = K::controller;
  if (r->kind == K::broker && (r->node < 1 || r->node > b))
    fail(*v, "no broker " + std::to_string(r->node) + " (brokers are 1 to " + std::to_string(b) + ")");
  if (r->kind == K::controller && (r->node <= b || r->node > n))
    fail(*v, "no controller " + std::to_string(r->node) + " (controllers are " + std::to_string(b + 1) + " to " +
                 std::to_string(n) + ")");
  if (r->kind == K::client || r->kind == K::coordinator) {
    std::vector<std::string> names;
    for (const auto& c : s.clients) {
      const auto* g = std::get_if<GroupSpec>(&c);
      if (r->kind == K::coordinator && !g) continue;
      names.push_back(name_of(c));
      for (int i = 1; g && r->kind == K::client && i <= g->members; ++i)
        names.push_back(g->name + "/" + std::to_string(i));
    }
    if (r->kind == K::client && has_remote_storage(s)) names.emplace_back(kRemoteStorage);
    known_name(*v, r->kind == K::client ? "node" : "group", r->name, names);
  }
  if (r->partition.partition >= 0) partition(*v, r->partition);
  return {*r};
}

void ScenarioReader::partition_of(const Y& y, FaultSpec& f) {
  if ((f.partition = parse_partition(text(&y))))
    partition(y, *f.partition);
  else
    fail(y, "expected a partition, as in orders-0");
}

void ScenarioReader::configs(const Y& y, FaultSpec& f) {
  if (!keys(y, to_string(f.kind), {"topic", "set", "delete"})) return;
  if (const Y* t = find(y, "topic")) known_name(*t, "topic", f.topic = text(t), topic_names());
  const Scope scope = f.topic.empty() ? Scope::broker : Scope::topic;
  model::ClusterConfig of_cluster;
  model::TopicConfig of_topic;
  for (auto& [key, value] : config(find(y, "set"), scope, {.broker = &of_cluster, .topic = &of_topic}))
    f.configs.emplace_back(key, value);
  each(find(y, "delete"), [&](const Y& key) {
    if (config_key(key, scope) != nullptr) f.configs.emplace_back(key.scalar, std::nullopt);
  });
  for (const auto& [key, value] : f.configs)
    if (scope == Scope::broker && model::topic_key_of(key).empty() && !model::is_throttle_key(key))
      fail(y, "'" + key + "' cannot be altered while brokers run");
  if (f.configs.empty()) fail(y, "expected configs to 'set' or 'delete'");
}

// Whom, in the form that the kind takes.
void ScenarioReader::fault_body(const Y& y, FaultSpec& f) {
  switch (shape_of(f.kind)) {
    case FaultShape::partition:
      partition_of(y, f);
      return;
    case FaultShape::records:
      if (!keys(y, to_string(f.kind), {"partition", "before"})) return;
      if (const Y* p = need(y, "partition")) partition_of(*p, f);
      if (const Y* before = find(y, "before")) number(before, f.amount.emplace(), 0, 1000000000000);
      return;
    case FaultShape::nodes:
      f.targets = selectors(&y);
      if (f.targets.empty()) fail(y, "expected a target");
      return;
    case FaultShape::bridge:
      if (!keys(y, to_string(f.kind), {"half", "over"})) return;
      f.from = selectors(need(y, "half"));
      f.to = selectors(need(y, "over"));
      if (f.from.empty() || f.to.empty()) fail(y, "expected targets for 'half' and 'over'");
      return;
    case FaultShape::topic:
      f.topic = text(&y);
      known_name(y, "topic", f.topic, topic_names());
      return;
    case FaultShape::replicas:
      if (!keys(y, to_string(f.kind), {"partition", "to", "throttle", "verify-every"})) return;
      if (const Y* p = need(y, "partition")) partition_of(*p, f);
      if (const Y* rate = find(y, "throttle")) number(rate, f.throttle.emplace(), 0, 1000000000000);
      f.verify_every = duration(find(y, "verify-every"));
      if (f.verify_every && (!f.throttle || *f.verify_every < milliseconds(1)))
        fail(*find(y, "verify-every"), "'verify-every' goes with 'throttle' and is at least 1ms");
      each(need(y, "to"), [&](const Y& id) { number(&id, f.replicas.emplace_back(), 1, s.cluster.brokers); });
      if (f.replicas.empty()) fail(y, "expected brokers for 'to'");
      return;
    case FaultShape::count:
      if (!keys(y, to_string(f.kind), {"topic", "count"})) return;
      if (const Y* t = need(y, "topic")) known_name(*t, "topic", f.topic = text(t), topic_names());
      number(need(y, "count"), f.amount.emplace(), 1, 10000);
      return;
    case FaultShape::configs:
      return configs(y, f);
    case FaultShape::links:
      break;
  }
  if (!keys(y, to_string(f.kind), {"between", "from", "to"})) return;
  f.from = selectors(find(y, "from"));
  f.to = selectors(find(y, "to"));
  const Y* between = find(y, "between");
  if (between ? !f.from.empty() || !f.to.empty() : f.from.empty() || f.to.empty())
    return fail(y, "expected 'between', or 'from' and 'to'");
  if (!between) return;
  if (between->kind != Y::Kind::list || between->items.size() != 2) return fail(*between, "'between' takes two sides");
  const auto one = selectors(&between->items[0]), other = selectors(&between->items[1]);
  if (one.empty() || other.empty()) return fail(*between, "a side needs a target");
  f.both_ways = one.size() > 1 || other.size() > 1;
  if (f.both_ways)
    f.from = one, f.to = other;
  else
    f.between = {one[0], other[0]};
}

// `checksum: matches` or `checksum: broken`.
bool ScenarioReader::matches(const Y& y) {
  known_name(y, "checksum", text(&y), {"matches", "broken"});
  return y.scalar == "matches";
}

void ScenarioReader::fault(const Y& y) {
  auto valid = fault_kind_names();
  const auto kinds = valid;
  for (const char* k : {"at", "when", "after", "for", "until", "message", "by", "factor", "bytes-per-second", "ppm",
                        "batch", "log-dir", "strategy", "checksum"})
    valid.push_back(k);
  if (!keys(y, "fault", valid)) return;
  FaultSpec f;
  if (!find(y, "at") == !find(y, "when")) fail(y, "a fault needs exactly one of 'at' and 'when'");
  f.at = duration(find(y, "at"));
  if (const Y* w = find(y, "when")) {
    const auto c = parse_condition(text(w));
    if (c) {
      f.when = *c;
      if (c->partition.partition >= 0) partition(*w, c->partition);
    } else
      fail(*w, c.error().message, c.error().hint);
  }
  f.after = duration(find(y, "after"));
  if (const Y* a = find(y, "after"); a && !find(y, "when")) fail(*a, "'after' goes with 'when'");
  int count = 0;
  const Y* body = nullptr;
  for (const auto& k : kinds)
    if (const Y* v = find(y, k)) ++count, f.kind = *fault_kind(k), body = v;
  if (count != 1) return fail(y, "a fault needs exactly one kind");
  fault_body(*body, f);
  if (const Y* m = find(y, "message")) known_name(*m, "message", f.message = text(m), message_names());
  if (f.kind == FaultKind::hold && f.message.empty()) fail(y, "hold needs 'message'");
  f.delay = duration(find(y, "by"), f.kind == FaultKind::clock_step);
  for (const char* k : {"factor", "bytes-per-second", "ppm", "batch"})
    if (const Y* v = find(y, k)) {
      f.amount = 1;
      const std::string name = k;
      number(v, *f.amount, name == "ppm" ? -1000000 : name == "batch" ? 0 : 1, 1000000000000);
    }
  if (const Y* d = find(y, "log-dir")) {
    known_name(*d, "log directory", f.log_dir = text(d), s.cluster.config.effective.log_dirs);
    if (!harms_log_dir(f.kind)) fail(*d, "'log-dir' does not go with '" + std::string(to_string(f.kind)) + "'");
  }
  if (const Y* t = find(y, "strategy")) {
    using enum model::UncleanRecoveryStrategy;
    known_name(*t, "strategy", text(t), {name(balanced), name(aggressive)});
    f.strategy = text(t) == name(balanced) ? balanced : aggressive;
    if (f.kind != FaultKind::elect_unclean)
      fail(*t, "'strategy' does not go with '" + std::string(to_string(f.kind)) + "'");
    if (!s.cluster.config.effective.unclean_recovery_manager)
      fail(*t, "'strategy' needs unclean.recovery.manager.enabled: true");
  }
  if (const Y* c = find(y, "checksum")) {
    f.checksum_matches = matches(*c);
    if (f.kind != FaultKind::bit_rot) fail(*c, "'checksum' goes with 'bit-rot'");
  }
  f.duration = duration(find(y, "for"));
  f.until = duration(find(y, "until"));
  if (f.duration && f.until) fail(y, "give 'for' or 'until', not both");
  s.faults.push_back(f);
}

void ScenarioReader::clock(const Y& y) {
  if (!keys(y, "clock", {"nodes", "offset", "drift-ppm"})) return;
  using K = Selector::Kind;
  ClockSpec c;
  if (const Y* nodes = need(y, "nodes")) {
    c.nodes = selectors(nodes);
    for (const Selector& n : c.nodes)
      if (n.kind != K::broker && n.kind != K::controller && n.kind != K::client && n.kind != K::all_brokers &&
          n.kind != K::all_controllers && n.kind != K::all_clients)
        fail(*nodes, "'" + to_string(n) + "' is known only while the cluster runs: expected nodes by name");
  }
  if (const auto offset = duration(find(y, "offset"), true)) c.offset = *offset;
  number(find(y, "drift-ppm"), c.drift_ppm, -400000, 400000);
  s.clocks.push_back(c);
}

void ScenarioReader::random(const Y& y) {
  if (!keys(y, "random-faults", {"kinds", "targets", "budget", "quiet-after", "start-after", "checksum"})) return;
  RandomFaults r;
  each(need(y, "kinds"), [&](const Y& v) {
    if (auto k = fault_kind(v.scalar))
      r.kinds.push_back(*k);
    else
      fail(v, "unknown fault '" + v.scalar + "'", nearest(v.scalar, fault_kind_names()));
  });
  each(need(y, "targets"), [&](const Y& v) {
    if (auto t = random_target(v.scalar))
      r.targets.push_back(*t);
    else
      fail(v, "unknown target '" + v.scalar + "'", nearest(v.scalar, random_target_names()));
  });
  number(need(y, "budget"), r.budget, 0, 1000);
  set(r.quiet_after, need(y, "quiet-after"));
  set(r.start_after, find(y, "start-after"));
  if (const Y* c = find(y, "checksum")) {
    r.checksum_matches = matches(*c);
    if (std::find(r.kinds.begin(), r.kinds.end(), FaultKind::bit_rot) == r.kinds.end())
      fail(*c, "'checksum' goes with 'bit-rot', which is not among the kinds");
  }
  s.random_faults = r;
}

}  // namespace ktrial::scenarios
