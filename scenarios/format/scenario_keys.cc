#include "scenarios/format/scenario_keys.h"

#include <algorithm>

#include "scenarios/fault_text.h"
#include "scenarios/faults/fault_walk.h"
#include "scenarios/producer_rules.h"

namespace ktrial::scenarios {
namespace {

using Scope = model::ConfigScope;

void catalogue_keys(KeyVisitor& v, CatalogueEntry& c) {
  const CatalogueEntry usual;
  v.text({"entry", "its name in the catalogue", true}, c.entry);
  v.number({"tier", "1: it must be found", false, true}, c.tier, {1, 2}, usual.tier);
  v.number({"faults", "so many does the catalogue's smallest case need", false, true}, c.faults, {0, 100},
           usual.faults);
}

void topic_keys(KeyVisitor& v, TopicSpec& t, const Scenario& s) {
  const TopicSpec usual;
  const std::int16_t usual_factor = s.cluster.config.effective.default_replication_factor;
  v.text({"name", "of the topic", true}, t.name);
  // Rows of replicas say the number of partitions and of replicas as well.
  std::optional<std::int64_t> partitions, factor;
  if (!v.reads()) partitions = t.partitions, factor = t.replicas.empty() ? t.replication_factor : usual_factor;
  v.whole({"partitions", "how many it has; usually as many as rows of replicas", false, true}, {1, 10000}, partitions,
          usual.partitions);
  v.placement({"replicas", "one row of brokers a partition, preferred leader first; absent: the controller places"},
              t.replicas);
  v.whole({"replication-factor", "how many replicas each partition has; usually default.replication.factor"},
          {1, s.cluster.brokers, "the brokers"}, factor, usual_factor);
  if (v.reads()) {
    const auto rows = static_cast<std::int32_t>(t.replicas.size());
    t.partitions = partitions ? static_cast<std::int32_t>(*partitions) : rows > 0 ? rows : usual.partitions;
    t.replication_factor = rows > 0 ? static_cast<std::int16_t>(t.replicas[0].size())
                                    : static_cast<std::int16_t>(factor.value_or(usual_factor));
    t.config.effective = s.cluster.config.effective.topic_defaults;
    const auto uneven = [&](const auto& row) { return row.empty() || row.size() != t.replicas[0].size(); };
    v.check(rows == 0 || rows == t.partitions, {"replicas"}, "expected one row of replicas for each partition");
    v.check(std::none_of(t.replicas.begin(), t.replicas.end(), uneven), {"replicas"},
            "rows of replicas must be of one length, not empty");
  }
  v.config({"config", "of the topic, in Kafka's words"}, Scope::topic, t.config.written,
           {.topic = &t.config.effective});
}

void cluster_keys(KeyVisitor& v, Scenario& s) {
  const ClusterSpec usual;
  ClusterSpec& c = s.cluster;
  v.number({"brokers", "how many; their node ids begin at 1", false, true}, c.brokers, {1, 1000}, usual.brokers);
  v.number({"controllers", "how many; their node ids follow", false, true}, c.controllers, {1, 5}, usual.controllers);
  v.config({.name = "config", .meaning = "of the brokers, in Kafka's words", .layout = Layout::block}, Scope::broker,
           c.config.written, {.broker = &c.config.effective});
  const auto racks = static_cast<std::int32_t>(c.config.effective.broker_racks.size());
  v.check(racks == 0 || racks == c.brokers, {"config"}, "broker.rack needs one rack a broker");
  v.list({.name = "topics", .meaning = "what there is from the start", .layout = Layout::block}, "topic", c.topics,
         [&](TopicSpec& t, std::size_t i) {
           topic_keys(v, t, s);
           for (std::size_t other = 0; other < i; ++other)
             v.check(c.topics[other].name != t.name, {}, "topic '" + t.name + "' twice");
         });
}

void network_keys(KeyVisitor& v, NetworkSpec& n) {
  const NetworkSpec usual;
  v.duration({"latency-min", "no message is faster"}, n.latency_min, usual.latency_min);
  v.duration({"latency-max", "hardly any is slower"}, n.latency_max, usual.latency_max);
  v.duration({"latency-tail", "but for a few, which take up to this long"}, n.latency_tail, usual.latency_tail);
  v.number({"tail-per-million", "so many times in a million"}, n.tail_per_million, {0, 1'000'000},
           usual.tail_per_million);
  v.number({"bandwidth", "bytes/s of each link"}, n.bandwidth_bytes_per_second, {1, kAnyAmount.highest},
           usual.bandwidth_bytes_per_second);
  v.check(n.latency_min <= n.latency_max, {}, "latency-min is above latency-max");
}

void send_keys(KeyVisitor& v, ProducerSpec& p, const Scenario& s) {
  const ProducerSpec usual;
  v.name({"topic", "where to", true}, Names::topic, p.topic);
  v.number({"count", "how many records", false, true}, p.count, {1, 100'000'000}, usual.count);
  v.duration({"interval", "between two of them; 0s: all at once"}, p.interval, usual.interval);
  v.rate({"rate", "or so many a second"}, p.interval);
  v.text({"key", "of each record; absent: none"}, p.key);
  v.number({"key-count", "n > 0: keys `<key>0` to `<key>n-1` in turn"}, p.key_count, {0, 1'000'000}, usual.key_count);
  v.part({"tombstones", "so many of the records with a key have no value"}, p.tombstones, p.tombstones_of);
  v.check(p.tombstones == 0 || !p.key.empty() || p.key_count != 0, {"tombstones"},
          "a tombstone needs a key: give key or key-count");
  v.number({"partition", "absent: the partitioner decides"}, p.partition, {0, 9999});
  for (const TopicSpec& t : s.cluster.topics)
    v.check(!p.partition || t.name != p.topic || *p.partition < t.partitions, {"partition"},
            "topic '" + t.name + "' has only " + std::to_string(t.partitions) + " partitions");
  v.number({"first-sequence", "of an idempotent producer, so that a run can begin near the wrap"}, p.first_sequence,
           {0, 2147483647}, usual.first_sequence);
}

const Key kStartAfter{"start-after", "when it begins"};

void client_keys(KeyVisitor& v, ProducerSpec& p, const Scenario& s) {
  v.text({"producer", "its name", true}, p.name);
  v.config({"config", "of the producer, in Kafka's words"}, Scope::producer, p.config.written,
           {.producer = &p.config.effective});
  if (v.reads())
    for (const auto& [key, message] : settle_idempotence(p.config)) v.check(false, {"config", key}, message);
  v.map({"send", "what it sends", true}, [&] { send_keys(v, p, s); });
  v.duration(kStartAfter, p.start_after);
}
void client_keys(KeyVisitor& v, ConsumerSpec& c, const Scenario&) {
  v.text({"consumer", "its name", true}, c.name);
  v.config({"config", "of the consumer, in Kafka's words"}, Scope::consumer, c.config.written,
           {.consumer = &c.config.effective});
  v.assigned({"assign", "topics (all partitions) or partitions (orders-0)", true}, c.assign);
  v.duration(kStartAfter, c.start_after);
}
void client_keys(KeyVisitor& v, GroupSpec& g, const Scenario&) {
  const GroupSpec usual;
  v.text({"group", "its name", true}, g.name);
  v.config({"config", "of the group's consumers, in Kafka's words"}, Scope::consumer, g.config.written,
           {.consumer = &g.config.effective});
  v.number({"members", "how many; they are named `<group>/1` and so on", false, true}, g.members, {1, 1000},
           usual.members);
  v.names({"subscribe", "topics", true}, Names::topic, g.subscribe);
  v.duration(kStartAfter, g.start_after);
  v.duration({"join-interval", "between the begins of two members"}, g.join_interval);
  v.duration({"processing-time", "of each record, by the application"}, g.processing_time);
}

void client_keys(KeyVisitor& v, ClientSpec& client, const Scenario& s, std::size_t place) {
  const auto kind =
      v.alternative("a client needs one of the keys 'producer', 'consumer', 'group'", client_kinds(), client.index());
  if (!kind) return;
  if (*kind != client.index()) {
    if (*kind == 0) client = ProducerSpec();
    if (*kind == 1) client = ConsumerSpec();
    if (*kind == 2) client = GroupSpec();
  }
  std::visit([&](auto& c) { client_keys(v, c, s); }, client);
  for (std::size_t other = 0; other < place; ++other)
    v.check(name_of(s.clients[other]) != name_of(client), {}, "client '" + name_of(client) + "' twice");
}

void clock_keys(KeyVisitor& v, ClockSpec& c) {
  using K = Selector::Kind;
  const ClockSpec usual;
  v.selectors({"nodes", "whose clocks: nodes by name, all-brokers, all-controllers, all-clients", true}, c.nodes);
  for (const Selector& n : c.nodes)
    v.check(n.kind == K::broker || n.kind == K::controller || n.kind == K::client || n.kind == K::all_brokers ||
                n.kind == K::all_controllers || n.kind == K::all_clients,
            {"nodes"}, "'" + to_string(n) + "' is known only while the cluster runs: expected nodes by name");
  v.duration({"offset", "of the wall clock; may be negative"}, c.offset, usual.offset, Sign::any);
  v.number({"drift-ppm", "of both clocks: parts per million too fast"}, c.drift_ppm, {-400'000, 400'000},
           usual.drift_ppm);
}

template <class Enum>
void choices(KeyVisitor& v, const Key& key, const char* what, const std::vector<std::string>& names,
             std::vector<Enum>& values) {
  std::vector<std::size_t> places;
  for (const Enum value : values) places.push_back(static_cast<std::size_t>(value));
  v.choices(key, what, names, places);
  values.clear();
  for (const std::size_t place : places) values.push_back(static_cast<Enum>(place));
}

void random_keys(KeyVisitor& v, RandomFaults& r) {
  choices(v, {"kinds", "what may happen; twice: twice as often", true}, "fault", fault_kind_names(), r.kinds);
  choices(v, {"targets", "to whom", true}, "target", random_target_names(), r.targets);
  v.number({"budget", "at most so many faults", true, true}, r.budget, {0, 1000}, 0);
  v.duration({"start-after", "none strikes before"}, r.start_after);
  v.duration({"quiet-after", "all have ended by then", true, true}, r.quiet_after);
  static const std::vector<std::string> checksums = {"matches", "broken"};
  std::optional<std::size_t> checksum;
  if (r.checksum_matches) checksum = 0;
  v.choice({"checksum", "of bit-rot: whether a checksum finds it; usually broken"}, checksums, checksum);
  r.checksum_matches = checksum == std::size_t{0};
  v.check(!checksum || std::find(r.kinds.begin(), r.kinds.end(), kind_of<BitRot>) != r.kinds.end(), {"checksum"},
          "'checksum' goes with 'bit-rot', which is not among the kinds");
}

void limit_keys(KeyVisitor& v, properties::Limits& l) {
  v.duration({"send-time", "from send() to the acknowledgement of each record"}, l.send_time);
  v.number({"leader-changes", "of one partition"}, l.leader_changes, {0, 1'000'000});
  v.number({"skipped-records", "acknowledged ones that resets let one consumer pass over"}, l.skipped_records,
           {0, 1'000'000'000});
  v.duration({"reassignment-time", "from its commit until the target is in sync and nothing else is left"},
             l.reassignment_time);
  v.duration({"time-to-catch-up", "that a reader of a compacted log may take"}, l.time_to_catch_up);
}

void recorded_keys(KeyVisitor& v, RecordedRun& r) {
  v.bits({"events", "how many the run had", true}, r.events);
  v.bits({"fingerprint", "after the last event", true}, r.fingerprint, 16);
  v.bits({"contents", "of the scenario without this part: tells an edited file", true}, r.contents, 16);
  std::optional<std::uint64_t> every;
  if (!r.checkpoints.empty()) every = r.checkpoint_every;
  v.bits({"checkpoint-every", "events between two checkpoints"}, 10, every);
  if (every) r.checkpoint_every = *every;
  v.all_bits({"checkpoints", "the fingerprint after so many events, after twice as many ..."}, 16, r.checkpoints);
  v.check(r.checkpoints.empty() || r.checkpoint_every != 0, {}, "checkpoints need 'checkpoint-every' above 0");
}

}  // namespace

const std::vector<std::string>& expected_names() {
  static const std::vector<std::string> names = {"holds", "violated", "any"};
  return names;
}
const std::vector<std::string>& client_kinds() {
  static const std::vector<std::string> names = {"producer", "consumer", "group"};
  return names;
}

void visit_keys(KeyVisitor& v, Scenario& s) {
  v.version({"ktrial", "the version of this format: 1", true});
  v.name({"counterexample", "of a written failure: the property that it violates"}, Names::property, s.counterexample);
  v.text({"title", "what it is about, in a sentence"}, s.title);
  v.map({"catalogue", "the entry of the catalogue of bugs that it shows"}, s.catalogue,
        [&](CatalogueEntry& c) { catalogue_keys(v, c); });
  v.map({"cluster", "what runs", true, true, Layout::block}, [&] { cluster_keys(v, s); });
  v.map({"network", "how messages travel"}, [&] { network_keys(v, s.network); });
  v.variants({.name = "variants", .meaning = "rules that differ from Kafka's of today", .layout = Layout::block},
             s.variants);
  v.list({.name = "clients", .meaning = "who produces and consumes", .layout = Layout::block}, "client", s.clients,
         [&](ClientSpec& client, std::size_t place) { client_keys(v, client, s, place); });
  v.list({.name = "clocks",
          .meaning = "clocks that are not right; the last one that names a node counts",
          .layout = Layout::block},
         "clock", s.clocks, [&](ClockSpec& c, std::size_t) { clock_keys(v, c); });
  v.list({.name = "faults", .meaning = "what breaks, when, and for how long", .layout = Layout::block}, "fault",
         s.faults, [&](FaultSpec& f, std::size_t) { visit_keys(v, f); });
  v.map({"random-faults", "faults that are drawn from the seed"}, s.random_faults,
        [&](RandomFaults& r) { random_keys(v, r); });
  v.map({"run", "how long it goes", false, true}, [&] {
    v.duration({"until", "the end", true, true}, s.run_until, Scenario().run_until);
  });
  v.verdicts({.name = "expect",
              .meaning = "what a property must do: `holds` (usual), `violated` or `any`",
              .layout = Layout::block},
             s.expect);
  v.map({"limits", "what is asked for beyond what Kafka promises"}, [&] { limit_keys(v, s.limits); });
  v.names({"goals", "what a run must have reached to have shown anything"}, Names::goal, s.goals);
  v.bits({"seed", "of the run"}, 10, s.seed);
  v.decisions({.name = "decisions",
               .meaning = "chance overridden: the name of a decision and its value",
               .layout = Layout::block},
              s.decisions);
  v.map({.name = "recorded", .meaning = "how the run of a written failure went", .layout = Layout::block}, s.recorded,
        [&](RecordedRun& r) { recorded_keys(v, r); });
  // The recorded run stands last, so a file that was cut off lacks it.
  v.check(s.counterexample.empty() || s.recorded, {"counterexample"},
          "a counterexample without 'recorded' at its end: is the file complete?");
}

}  // namespace ktrial::scenarios
