// Topics and clients of a scenario file.
#include <algorithm>

#include "scenarios/producer_rules.h"
#include "scenarios/scenario_reader_impl.h"

namespace ktrial::scenarios {

void ScenarioReader::topic(const Y& y) {
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

ProducerSpec ScenarioReader::producer(const Y& y) {
  keys(y, "producer", {"producer", "config", "send", "start-after"});
  ProducerSpec p;
  p.name = text(find(y, "producer"));
  p.config.written = config(find(y, "config"), Scope::producer, {.producer = &p.config.effective});
  for (const auto& [key, message] : settle_idempotence(p.config)) fail(*find(*find(y, "config"), key), message);
  set(p.start_after, find(y, "start-after"));
  if (const Y* what = need(y, "send"); what && keys(*what, "send",
                                                    {"topic", "count", "rate", "interval", "key", "key-count",
                                                     "tombstones", "partition", "first-sequence"}))
    send(*what, p);
  return p;
}

void ScenarioReader::send(const Y& y, ProducerSpec& p) {
  if (const Y* t = need(y, "topic")) p.topic = text(t), known_name(*t, "topic", p.topic, topic_names());
  number(find(y, "count"), p.count, 1, 100000000);
  set(p.interval, find(y, "interval"));
  if (const Y* r = find(y, "rate")) {
    Y n = *r;
    if (n.scalar.size() > 2 && n.scalar.substr(n.scalar.size() - 2) == "/s") {
      n.scalar.resize(n.scalar.size() - 2);
      std::int64_t rate = 1;
      number(&n, rate, 1, 1000000000);
      p.interval = Nanos(1000000000 / rate);
    } else
      fail(*r, "'" + r->scalar + "' is not a rate: expected N/s");
    if (find(y, "interval")) fail(*r, "give rate or interval, not both");
  }
  p.key = text(find(y, "key"));
  number(find(y, "first-sequence"), p.first_sequence, 0, 2147483647);
  number(find(y, "key-count"), p.key_count, 0, 1000000);
  if (const Y* v = find(y, "tombstones")) {
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
  if (const Y* v = find(y, "partition")) {
    p.partition = 0;
    number(v, *p.partition, 0, 9999);
    partition(*v, {p.topic, *p.partition});
  }
}

ConsumerSpec ScenarioReader::consumer(const Y& y) {
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
  return c;
}

GroupSpec ScenarioReader::group(const Y& y) {
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
  return g;
}

void ScenarioReader::client(const Y& y) {
  if (y.kind != Y::Kind::map) return fail(y, "a client must be a map");
  ClientSpec out;
  if (find(y, "producer"))
    out = producer(y);
  else if (find(y, "consumer"))
    out = consumer(y);
  else if (find(y, "group"))
    out = group(y);
  else
    return fail(y, "a client needs one of the keys 'producer', 'consumer', 'group'");
  for (const auto& c : s.clients)
    if (name_of(c) == name_of(out)) fail(y, "client '" + name_of(out) + "' twice");
  s.clients.push_back(out);
}

}  // namespace ktrial::scenarios
