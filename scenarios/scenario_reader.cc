#include "scenarios/scenario_reader.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "model/config_keys.h"
#include "scenarios/fault_text.h"
#include "scenarios/producer_rules.h"
#include "scenarios/yaml_reader.h"
#include "sim/decision.h"

namespace ktrial::scenarios {
namespace {

using Y = YamlValue;
using Scope = model::ConfigScope;

struct Reader {
  std::string file;
  const KnownNames& known;
  std::vector<Diagnostic>* warnings;
  std::vector<Diagnostic> errors;
  Scenario s;

  void fail(const Y& at, const std::string& m, const std::string& hint = "") {
    errors.push_back({file, at.line, at.column, m, hint});
  }
  const Y* find(const Y& m, const std::string& key) {
    for (std::size_t i = 0; i < m.keys.size(); ++i)
      if (m.keys[i].scalar == key) return &m.items[i];
    return nullptr;
  }
  const Y* need(const Y& m, const std::string& key) {
    const Y* v = find(m, key);
    if (!v) fail(m, "missing key '" + key + "'");
    return v;
  }
  bool keys(const Y& m, const std::string& what, const std::vector<std::string>& valid) {
    if (m.kind != Y::Kind::map) return fail(m, what + " must be a map"), false;
    for (const Y& k : m.keys)
      if (std::find(valid.begin(), valid.end(), k.scalar) == valid.end())
        fail(k, "unknown key '" + k.scalar + "' in " + what, nearest(k.scalar, valid));
    return true;
  }
  std::string text(const Y* v) {
    if (!v) return "";
    if (v->kind != Y::Kind::scalar) return fail(*v, "expected text"), "";
    return v->scalar;
  }
  // A list, or the same with commas.
  std::string texts(const Y& v) {
    if (v.kind != Y::Kind::list) return text(&v);
    std::string out;
    for (const Y& i : v.items) out += (out.empty() ? "" : ",") + text(&i);
    return out;
  }
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
  std::optional<Nanos> duration(const Y* v, bool negative = false) {
    if (!v) return std::nullopt;
    static const std::vector<std::pair<std::string, std::int64_t>> units = {
        {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};
    const std::string& t = v->scalar;
    std::int64_t n = 0, product = 0;
    const auto r = std::from_chars(t.data(), t.data() + t.size(), n);
    const std::string unit(r.ptr, t.data() + t.size());
    for (const auto& [name, scale] : units)
      if (v->kind == Y::Kind::scalar && r.ec == std::errc() && unit == name && (n >= 0 || negative) &&
          !__builtin_mul_overflow(n, scale, &product))
        return Nanos(product);
    fail(*v, "'" + t + "' is not a duration: expected a whole number with ns, us, ms, s, m or h");
    return std::nullopt;
  }
  void set(Nanos& out, const Y* v) {
    if (const auto d = duration(v)) out = *d;
  }
  template <class F>
  void each(const Y* v, F f) {
    if (!v) return;
    if (v->kind != Y::Kind::list) return fail(*v, "expected a list");
    for (const Y& i : v->items) f(i);
  }
  const model::ConfigKey* config_key(const Y& name, Scope scope) {
    const auto* key = model::find_config_key(scope, name.scalar);
    if (key) return key;
    std::vector<std::string> names;
    for (const auto& k : model::config_keys())
      if (k.scope == scope) names.push_back(k.name);
    fail(name, "unknown config '" + name.scalar + "'", nearest(name.scalar, names));
    return nullptr;
  }
  Settings config(const Y* v, Scope scope, const model::ConfigTarget& target) {
    Settings out;
    if (!v) return out;
    if (v->kind != Y::Kind::map) return fail(*v, "config must be a map"), out;
    for (std::size_t i = 0; i < v->keys.size(); ++i) {
      const std::string& name = v->keys[i].scalar;
      const auto* key = config_key(v->keys[i], scope);
      if (!key) continue;
      const std::string value = key->type == model::ConfigKey::Type::texts ? texts(v->items[i]) : text(&v->items[i]);
      if (const std::string e = model::apply_config(*key, value, target); !e.empty()) fail(v->items[i], e);
      if (key->status == model::ConfigStatus::accepted_with_warning && warnings)
        warnings->push_back({file, v->keys[i].line, v->keys[i].column, "'" + name + "' has no effect", ""});
      out.emplace_back(name, value);
    }
    return out;
  }
  void known_name(const Y& at, const std::string& what, const std::string& name,
                  const std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      fail(at, "unknown " + what + " '" + name + "'", nearest(name, names));
  }
  std::vector<std::string> topic_names() {
    std::vector<std::string> n;
    for (auto& t : s.cluster.topics) n.push_back(t.name);
    return n;
  }
  void partition(const Y& at, const PartitionRef& p) {
    known_name(at, "topic", p.topic, topic_names());
    for (const auto& t : s.cluster.topics)
      if (t.name == p.topic && p.partition >= t.partitions)
        fail(at, "topic '" + t.name + "' has only " + std::to_string(t.partitions) + " partitions");
  }
  void partition_of(const Y& y, FaultSpec& f) {
    if ((f.partition = parse_partition(text(&y))))
      partition(y, *f.partition);
    else
      fail(y, "expected a partition, as in orders-0");
  }
  void variant(const Y& k, const Y& v) {
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
  void topic(const Y& y) {
    if (!keys(y, "topic", {"name", "partitions", "replication-factor", "replicas", "config"})) return;
    TopicSpec t;
    t.name = text(need(y, "name"));
    number(find(y, "partitions"), t.partitions, 1, 10000);
    number(find(y, "replication-factor"), t.replication_factor, 1, s.cluster.brokers);
    each(find(y, "replicas"), [&](const Y& row) {
      std::vector<std::int32_t> r;
      each(&row, [&](const Y& n) {
        std::int32_t id = 0;
        number(&n, id, 1, s.cluster.brokers);
        if (std::find(r.begin(), r.end(), id) != r.end()) fail(n, "replica twice in one row");
        r.push_back(id);
      });
      t.replicas.push_back(r);
    });
    if (const Y* r = find(y, "replicas")) {
      if (!find(y, "partitions")) t.partitions = static_cast<std::int32_t>(t.replicas.size());
      if (t.replicas.empty() || static_cast<std::int32_t>(t.replicas.size()) != t.partitions)
        fail(*r, "expected one row of replicas for each partition");
      else
        t.replication_factor = static_cast<std::int16_t>(t.replicas[0].size());
      for (const auto& row : t.replicas)
        if (row.empty() || row.size() != t.replicas[0].size()) {
          fail(*r, "rows of replicas must be of one length, not empty");
          break;
        }
    } else if (!t.replication_factor)
      t.replication_factor = s.cluster.config.effective.default_replication_factor;
    t.config.effective = s.cluster.config.effective.topic_defaults;
    t.config.written = config(find(y, "config"), Scope::topic, {.topic = &t.config.effective});
    for (const auto& other : s.cluster.topics)
      if (other.name == t.name) fail(y, "topic '" + t.name + "' twice");
    s.cluster.topics.push_back(t);
  }
  void client(const Y& y) {
    if (y.kind != Y::Kind::map) return fail(y, "a client must be a map");
    ClientSpec out;
    if (find(y, "producer")) {
      keys(y, "producer", {"producer", "config", "send", "start-after"});
      ProducerSpec p;
      p.name = text(find(y, "producer"));
      p.config.written = config(find(y, "config"), Scope::producer, {.producer = &p.config.effective});
      for (const auto& [key, message] : settle_idempotence(p.config)) fail(*find(*find(y, "config"), key), message);
      set(p.start_after, find(y, "start-after"));
      if (const Y* send = need(y, "send"); send && keys(*send, "send",
                                                        {"topic", "count", "rate", "interval", "key", "key-count",
                                                         "tombstones", "partition", "first-sequence"})) {
        if (const Y* t = need(*send, "topic")) p.topic = text(t), known_name(*t, "topic", p.topic, topic_names());
        number(find(*send, "count"), p.count, 1, 100000000);
        set(p.interval, find(*send, "interval"));
        if (const Y* r = find(*send, "rate")) {
          Y n = *r;
          if (n.scalar.size() > 2 && n.scalar.substr(n.scalar.size() - 2) == "/s") {
            n.scalar.resize(n.scalar.size() - 2);
            std::int64_t rate = 1;
            number(&n, rate, 1, 1000000000);
            p.interval = Nanos(1000000000 / rate);
          } else
            fail(*r, "'" + r->scalar + "' is not a rate: expected N/s");
          if (find(*send, "interval")) fail(*r, "give rate or interval, not both");
        }
        p.key = text(find(*send, "key"));
        number(find(*send, "first-sequence"), p.first_sequence, 0, 2147483647);
        number(find(*send, "key-count"), p.key_count, 0, 1000000);
        if (const Y* v = find(*send, "tombstones")) {
          Y part = *v, of = *v;
          const std::size_t slash = v->scalar.find('/');
          if (slash == std::string::npos) {
            fail(*v, "'" + v->scalar + "' is not a part: expected A/B, such as 1/20");
          } else {
            part.scalar.resize(slash);
            of.scalar.erase(0, slash + 1);
            number(&of, p.tombstones_of, 1, 1000000);
            number(&part, p.tombstones, 0, p.tombstones_of);
          }
          if (p.key.empty() && p.key_count == 0) fail(*v, "a tombstone needs a key: give key or key-count");
        }
        if (const Y* v = find(*send, "partition")) {
          p.partition = 0;
          number(v, *p.partition, 0, 9999);
          partition(*v, {p.topic, *p.partition});
        }
      }
      out = p;
    } else if (find(y, "consumer")) {
      keys(y, "consumer", {"consumer", "config", "assign", "start-after"});
      ConsumerSpec c;
      c.name = text(find(y, "consumer"));
      c.config.written = config(find(y, "config"), Scope::consumer, {.consumer = &c.config.effective});
      set(c.start_after, find(y, "start-after"));
      each(need(y, "assign"), [&](const Y& a) {
        const auto names = topic_names();
        const auto p = parse_partition(a.scalar);
        if (p && std::find(names.begin(), names.end(), a.scalar) == names.end()) {
          partition(a, *p);
          c.assign.push_back({p->topic, p->partition});
        } else {
          known_name(a, "topic", a.scalar, names);
          c.assign.push_back({a.scalar, {}});
        }
      });
      out = c;
    } else if (find(y, "group")) {
      keys(y, "group", {"group", "config", "members", "subscribe", "start-after", "join-interval", "processing-time"});
      GroupSpec g;
      g.name = text(find(y, "group"));
      g.config.written = config(find(y, "config"), Scope::consumer, {.consumer = &g.config.effective});
      number(find(y, "members"), g.members, 1, 1000);
      set(g.start_after, find(y, "start-after"));
      set(g.join_interval, find(y, "join-interval"));
      set(g.processing_time, find(y, "processing-time"));
      each(need(y, "subscribe"), [&](const Y& t) {
        g.subscribe.push_back(text(&t));
        known_name(t, "topic", t.scalar, topic_names());
      });
      out = g;
    } else
      return fail(y, "a client needs one of the keys 'producer', 'consumer', 'group'");
    for (const auto& c : s.clients)
      if (name_of(c) == name_of(out)) fail(y, "client '" + name_of(out) + "' twice");
    s.clients.push_back(out);
  }
  std::vector<Selector> selectors(const Y* v) {
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
  void configs(const Y& y, FaultSpec& f) {
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
      if (scope == Scope::broker && !model::is_topic_default(key) && !model::is_throttle_key(key))
        fail(y, "'" + key + "' cannot be altered while brokers run");
    if (f.configs.empty()) fail(y, "expected configs to 'set' or 'delete'");
  }
  // Whom, in the form that the kind takes.
  void fault_body(const Y& y, FaultSpec& f) {
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
    if (between->kind != Y::Kind::list || between->items.size() != 2)
      return fail(*between, "'between' takes two sides");
    const auto one = selectors(&between->items[0]), other = selectors(&between->items[1]);
    if (one.empty() || other.empty()) return fail(*between, "a side needs a target");
    f.both_ways = one.size() > 1 || other.size() > 1;
    if (f.both_ways)
      f.from = one, f.to = other;
    else
      f.between = {one[0], other[0]};
  }
  // `checksum: matches` or `checksum: broken`.
  bool matches(const Y& y) {
    known_name(y, "checksum", text(&y), {"matches", "broken"});
    return y.scalar == "matches";
  }
  void fault(const Y& y) {
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
  void clock(const Y& y) {
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
  void random(const Y& y) {
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
  std::uint64_t u64(const Y& v, int base = 10) {
    std::uint64_t n = 0;
    const auto& t = v.scalar;
    const auto r = std::from_chars(t.data(), t.data() + t.size(), n, base);
    if (t.empty() || r.ec != std::errc() || r.ptr != t.data() + t.size())
      fail(v, "'" + t + "' is not a whole number" + (base == 16 ? " in hexadecimal digits" : ""));
    return n;
  }
  void recorded(const Y& y) {
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
  void limits(const Y& y) {
    if (!keys(y, "limits", {"send-time", "leader-changes", "skipped-records", "time-to-catch-up", "reassignment-time"}))
      return;
    s.limits.send_time = duration(find(y, "send-time"));
    s.limits.reassignment_time = duration(find(y, "reassignment-time"));
    s.limits.time_to_catch_up = duration(find(y, "time-to-catch-up"));
    if (const Y* v = find(y, "leader-changes")) number(v, s.limits.leader_changes.emplace(), 0, 1000000);
    if (const Y* v = find(y, "skipped-records")) number(v, s.limits.skipped_records.emplace(), 0, 1000000000);
  }
  void root(const Y& y) {
    if (!keys(y, "scenario",
              {"ktrial", "counterexample", "title", "catalogue", "cluster", "network", "clocks", "clients", "faults",
               "random-faults", "run", "expect", "limits", "goals", "variants", "seed", "decisions", "recorded"}))
      return;
    if (const Y* v = need(y, "ktrial"); v && text(v) != "1")
      fail(*v, "unknown version '" + v->scalar + "', expected 1");
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
        s.expect[m->keys[i].scalar] = t == "any"        ? Expected::any
                                      : t == "violated" ? Expected::violated
                                                        : Expected::holds;
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
};

}  // namespace

const char* to_string(Expected e) {
  return e == Expected::holds ? "holds" : e == Expected::violated ? "violated" : "any";
}

tl::expected<Scenario, std::vector<Diagnostic>> read_scenario(const std::string& text, const std::string& file,
                                                              const KnownNames& known,
                                                              std::vector<Diagnostic>* warnings) {
  const auto tree = read_yaml(text, file);
  if (!tree) return tl::make_unexpected(tree.error());
  Reader r{file, known, warnings, {}, {}};
  r.root(*tree);
  if (!r.errors.empty()) return tl::make_unexpected(r.errors);
  return r.s;
}

}  // namespace ktrial::scenarios
