#include "scenarios/scenario_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/duration_text.h"

namespace ktrial::scenarios {
namespace {

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Plain where YAML can mean nothing else by it, inside [] and {} too; quoted otherwise.
std::string text(const std::string& t) {
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

const auto& duration = model::duration_text;

template <class Items, class F>
std::string list(const Items& items, F f) {
  std::string out = "[";
  for (const auto& i : items) out += (out.size() > 1 ? ", " : "") + f(i);
  return out + "]";
}

// A map in flow style, made key by key.
struct Map {
  std::string inside;
  void add(const std::string& key, const std::string& value) {
    inside += (inside.empty() ? "" : ", ") + key + ": " + value;
  }
  std::string str() const { return "{" + inside + "}"; }
};

void add_config(Map& m, const Settings& written) {
  if (written.empty()) return;
  Map c;
  for (const auto& [key, value] : written) c.add(text(key), text(value));
  m.add("config", c.str());
}
void add_duration(Map& m, const char* key, Nanos d) {
  if (d != Nanos(0)) m.add(key, duration(d));
}

std::string topic_text(const TopicSpec& t, std::int64_t default_factor) {
  Map m;
  m.add("name", text(t.name));
  m.add("partitions", std::to_string(t.partitions));
  if (!t.replicas.empty())
    m.add("replicas", list(t.replicas, [](const auto& row) {
            return list(row, [](std::int32_t id) { return std::to_string(id); });
          }));
  else if (t.replication_factor != default_factor)
    m.add("replication-factor", std::to_string(t.replication_factor));
  add_config(m, t.config.written);
  return m.str();
}

std::string client(const ProducerSpec& p) {
  Map m, send;
  m.add("producer", text(p.name));
  add_config(m, p.config.written);
  send.add("topic", text(p.topic));
  send.add("count", std::to_string(p.count));
  add_duration(send, "interval", p.interval);
  if (!p.key.empty()) send.add("key", text(p.key));
  if (p.key_count != 0) send.add("key-count", std::to_string(p.key_count));
  if (p.tombstones != 0) send.add("tombstones", fmt::format("{}/{}", p.tombstones, p.tombstones_of));
  if (p.partition) send.add("partition", std::to_string(*p.partition));
  if (p.first_sequence != 0) send.add("first-sequence", std::to_string(p.first_sequence));
  m.add("send", send.str());
  add_duration(m, "start-after", p.start_after);
  return m.str();
}
std::string client(const ConsumerSpec& c) {
  Map m;
  m.add("consumer", text(c.name));
  add_config(m, c.config.written);
  m.add("assign", list(c.assign, [](const AssignSpec& a) {
          return text(a.partition ? to_string(PartitionRef{a.topic, *a.partition}) : a.topic);
        }));
  add_duration(m, "start-after", c.start_after);
  return m.str();
}
std::string client(const GroupSpec& g) {
  Map m;
  m.add("group", text(g.name));
  add_config(m, g.config.written);
  m.add("members", std::to_string(g.members));
  m.add("subscribe", list(g.subscribe, text));
  add_duration(m, "start-after", g.start_after);
  add_duration(m, "join-interval", g.join_interval);
  add_duration(m, "processing-time", g.processing_time);
  return m.str();
}

std::string selectors(const std::vector<Selector>& all) {
  const auto one = [](const Selector& s) { return text(to_string(s)); };
  return all.size() == 1 ? one(all[0]) : list(all, one);
}

std::string clock(const ClockSpec& c) {
  Map m;
  m.add("nodes", selectors(c.nodes));
  add_duration(m, "offset", c.offset);
  if (c.drift_ppm != 0) m.add("drift-ppm", std::to_string(c.drift_ppm));
  return m.str();
}

std::string fault(const FaultSpec& f) {
  Map m;
  if (f.at) m.add("at", duration(*f.at));
  if (f.when) m.add("when", text(to_string(*f.when)));
  if (f.after) m.add("after", duration(*f.after));
  const char* kind = to_string(f.kind);
  if (shape_of(f.kind) == FaultShape::replicas) {
    Map to;
    if (f.partition) to.add("partition", text(to_string(*f.partition)));
    to.add("to", list(f.replicas, [](std::int32_t id) { return std::to_string(id); }));
    if (f.throttle) to.add("throttle", std::to_string(*f.throttle));
    if (f.verify_every) to.add("verify-every", duration(*f.verify_every));
    m.add(kind, to.str());
  } else if (shape_of(f.kind) == FaultShape::count) {
    Map more;
    more.add("topic", text(f.topic));
    more.add("count", std::to_string(f.amount.value_or(1)));
    m.add(kind, more.str());
  } else if (shape_of(f.kind) == FaultShape::configs) {
    Map more, set;
    std::vector<std::string> deleted;
    for (const auto& [key, value] : f.configs)
      if (value)
        set.add(text(key), text(*value));
      else
        deleted.push_back(text(key));
    if (!f.topic.empty()) more.add("topic", text(f.topic));
    if (deleted.size() < f.configs.size()) more.add("set", set.str());
    if (!deleted.empty()) more.add("delete", list(deleted, [](const std::string& key) { return key; }));
    m.add(kind, more.str());
  } else if (!f.topic.empty()) {
    m.add(kind, text(f.topic));
  } else if (shape_of(f.kind) == FaultShape::records) {
    Map records;
    records.add("partition", text(to_string(*f.partition)));
    if (f.amount) records.add("before", std::to_string(*f.amount));
    m.add(kind, records.str());
  } else if (f.partition) {
    m.add(kind, text(to_string(*f.partition)));
  } else if (!f.between.empty() || !f.from.empty() || !f.to.empty()) {
    Map sides;
    const bool bridge = shape_of(f.kind) == FaultShape::bridge;
    if (!f.between.empty()) {
      sides.add("between", list(f.between, [](const Selector& s) { return text(to_string(s)); }));
    } else if (f.both_ways) {
      sides.add("between", "[" + selectors(f.from) + ", " + selectors(f.to) + "]");
    } else {
      sides.add(bridge ? "half" : "from", selectors(f.from));
      sides.add(bridge ? "over" : "to", selectors(f.to));
    }
    m.add(kind, sides.str());
  } else {
    m.add(kind, selectors(f.targets));
  }
  if (!f.message.empty()) m.add("message", text(f.message));
  if (!f.log_dir.empty()) m.add("log-dir", text(f.log_dir));
  if (f.strategy) m.add("strategy", name(*f.strategy));
  if (f.delay) m.add("by", duration(*f.delay));
  if (f.checksum_matches) m.add("checksum", "matches");
  if (f.amount && shape_of(f.kind) != FaultShape::count && shape_of(f.kind) != FaultShape::records)
    m.add(f.kind == FaultKind::slow                                                ? "factor"
          : f.kind == FaultKind::bit_rot || f.kind == FaultKind::misdirected_write ? "batch"
          : f.kind == FaultKind::bandwidth                                         ? "bytes-per-second"
                                                                                   : "ppm",
          std::to_string(*f.amount));
  if (f.duration) m.add("for", duration(*f.duration));
  if (f.until) m.add("until", duration(*f.until));
  return m.str();
}

}  // namespace

std::string write_scenario(const Scenario& s) {
  std::string out = "ktrial: 1\n";
  if (!s.counterexample.empty()) out += "counterexample: " + text(s.counterexample) + "\n";
  if (!s.title.empty()) out += "title: " + text(s.title) + "\n";
  if (const auto& c = s.catalogue)
    out += fmt::format("catalogue: {{entry: {}, tier: {}, faults: {}}}\n", text(c->entry), c->tier, c->faults);
  out += fmt::format("cluster:\n  brokers: {}\n  controllers: {}\n", s.cluster.brokers, s.cluster.controllers);
  if (!s.cluster.config.written.empty()) {
    out += "  config:\n";
    for (const auto& [key, value] : s.cluster.config.written) out += "    " + text(key) + ": " + text(value) + "\n";
  }
  if (!s.cluster.topics.empty()) {
    out += "  topics:\n";
    for (const TopicSpec& t : s.cluster.topics)
      out += "    - " + topic_text(t, s.cluster.config.effective.default_replication_factor) + "\n";
  }
  if (const NetworkSpec& n = s.network, usual; n != usual) {
    Map m;
    if (n.latency_min != usual.latency_min) m.add("latency-min", duration(n.latency_min));
    if (n.latency_max != usual.latency_max) m.add("latency-max", duration(n.latency_max));
    if (n.latency_tail != usual.latency_tail) m.add("latency-tail", duration(n.latency_tail));
    if (n.tail_per_million != usual.tail_per_million) m.add("tail-per-million", std::to_string(n.tail_per_million));
    if (n.bandwidth_bytes_per_second != usual.bandwidth_bytes_per_second)
      m.add("bandwidth", std::to_string(n.bandwidth_bytes_per_second));
    out += "network: " + m.str() + "\n";
  }
  if (!s.variants.empty()) {
    out += "variants:\n";
    for (const auto& [name, value] : s.variants) out += "  " + text(name) + ": " + text(value) + "\n";
  }
  if (!s.clients.empty()) {
    out += "clients:\n";
    for (const ClientSpec& c : s.clients) out += "  - " + std::visit([](const auto& x) { return client(x); }, c) + "\n";
  }
  if (!s.clocks.empty()) {
    out += "clocks:\n";
    for (const ClockSpec& c : s.clocks) out += "  - " + clock(c) + "\n";
  }
  if (!s.faults.empty()) {
    out += "faults:\n";
    for (const FaultSpec& f : s.faults) out += "  - " + fault(f) + "\n";
  }
  if (const auto& r = s.random_faults) {
    Map m;
    m.add("kinds", list(r->kinds, [](FaultKind k) { return std::string(to_string(k)); }));
    m.add("targets", list(r->targets, [](RandomTarget t) { return std::string(to_string(t)); }));
    m.add("budget", std::to_string(r->budget));
    add_duration(m, "start-after", r->start_after);
    m.add("quiet-after", duration(r->quiet_after));
    if (r->checksum_matches) m.add("checksum", "matches");
    out += "random-faults: " + m.str() + "\n";
  }
  out += "run: {until: " + duration(s.run_until) + "}\n";
  if (!s.expect.empty()) {
    out += "expect:\n";
    for (const auto& [property, expected] : s.expect) out += "  " + text(property) + ": " + to_string(expected) + "\n";
  }
  if (const properties::Limits& l = s.limits, none; l != none) {
    Map m;
    if (l.send_time) m.add("send-time", duration(*l.send_time));
    if (l.leader_changes) m.add("leader-changes", std::to_string(*l.leader_changes));
    if (l.skipped_records) m.add("skipped-records", std::to_string(*l.skipped_records));
    if (l.reassignment_time) m.add("reassignment-time", duration(*l.reassignment_time));
    if (l.time_to_catch_up) m.add("time-to-catch-up", duration(*l.time_to_catch_up));
    out += "limits: " + m.str() + "\n";
  }
  if (!s.goals.empty()) out += "goals: " + list(s.goals, text) + "\n";
  if (s.seed) out += fmt::format("seed: {}\n", *s.seed);
  if (!s.decisions.empty()) {
    out += "decisions:\n";
    for (const auto& [name, value] : s.decisions) out += fmt::format("  {}: {}\n", text(name), value);
  }
  if (const auto& r = s.recorded) {
    const auto hash = [](std::uint64_t h) { return fmt::format("{:016x}", h); };
    out += fmt::format("recorded:\n  events: {}\n  fingerprint: {}\n  contents: {}\n", r->events, hash(r->fingerprint),
                       hash(r->contents));
    if (!r->checkpoints.empty())
      out +=
          fmt::format("  checkpoint-every: {}\n  checkpoints: {}\n", r->checkpoint_every, list(r->checkpoints, hash));
  }
  return out;
}

}  // namespace ktrial::scenarios
