#include "scenarios/scenario_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "scenarios/faults/fault_walk.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/yaml_reader.h"

namespace ktrial::scenarios {
namespace scenario_writer_test {

using std::chrono::microseconds;

std::string told(const std::vector<Diagnostic>& errors) {
  std::string out;
  for (const Diagnostic& d : errors)
    out += d.file + ":" + std::to_string(d.line) + ":" + std::to_string(d.column) + ": " + d.message + "\n";
  return out;
}

void expect_round_trip(const Scenario& s, const KnownNames& known) {
  const std::string written = write_scenario(s);
  const auto again = read_scenario(written, "written", known);
  ASSERT_TRUE(again) << told(again.error()) << written;
  EXPECT_EQ(again->title, s.title);
  EXPECT_EQ(again->cluster, s.cluster) << written;
  EXPECT_EQ(again->network, s.network) << written;
  EXPECT_EQ(again->clients, s.clients) << written;
  ASSERT_EQ(again->faults.size(), s.faults.size());
  for (std::size_t i = 0; i < s.faults.size(); ++i)
    EXPECT_EQ(again->faults[i], s.faults[i]) << "fault " << i << " of\n" << written;
  EXPECT_EQ(again->random_faults, s.random_faults) << written;
  EXPECT_EQ(again->limits, s.limits) << written;
  EXPECT_EQ(again->decisions, s.decisions) << written;
  EXPECT_EQ(again->recorded, s.recorded) << written;
  EXPECT_EQ(*again, s) << written;
  EXPECT_EQ(write_scenario(*again), written);
}

// The names a file itself uses: whether they exist is not this test's matter.
KnownNames names_in(const std::string& yaml) {
  KnownNames known;
  const auto tree = read_yaml(yaml, "");
  if (!tree) return known;
  for (std::size_t i = 0; i < tree->keys.size(); ++i) {
    if (tree->keys[i].scalar == "expect")
      for (const auto& k : tree->items[i].keys) known.properties.push_back(k.scalar);
    if (tree->keys[i].scalar == "goals")
      for (const auto& g : tree->items[i].items) known.goals.push_back(g.scalar);
  }
  return known;
}

TEST(ScenarioWriter, RoundTripOfTheLibrary) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(KTRIAL_SOURCE_DIR) /
                                                                         "scenarios" / "library")) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path().string());
    ++files;
    std::stringstream yaml;
    yaml << std::ifstream(entry.path()).rdbuf();
    const KnownNames known = names_in(yaml.str());
    const auto s = read_scenario(yaml.str(), entry.path().filename().string(), known);
    ASSERT_TRUE(s) << told(s.error());
    expect_round_trip(*s, known);
  }
  EXPECT_GT(files, 0);
}

Selector selector(Selector::Kind kind) {
  using K = Selector::Kind;
  Selector s;
  s.kind = kind;
  if (kind == K::broker) s.node = 2;
  if (kind == K::controller) s.node = 4;
  if (kind == K::client) s.name = "billing/2";
  if (kind == K::coordinator) s.name = "billing";
  if (kind == K::leader || kind == K::followers || kind == K::follower) s.partition = {"orders-eu", 1};
  if (kind == K::follower) s.index = 2;
  return s;
}

Condition condition(Condition::Kind kind) {
  using K = Condition::Kind;
  Condition c;
  c.kind = kind;
  if (kind >= K::isr)
    c.comparison = static_cast<Comparison>(1 + static_cast<int>(kind) % 3), c.value = static_cast<int>(kind);
  if (kind == K::broker_fenced || kind == K::broker_unfenced)
    c.node = 3;
  else if (kind == K::group_stable || kind == K::generation)
    c.group = "billing";
  else if (kind != K::controller_elected && kind != K::acked && kind != K::consumed && kind != K::record_consumed)
    c.partition = {"orders-eu", 0};
  return c;
}

// Each key of a fault with a value of its own.
struct FillFault : KeyVisitor {
  using S = Selector::Kind;
  std::int64_t next = 7;
  void whole(const Key&, const Range& r, std::optional<std::int64_t>& value, std::optional<std::int64_t>) override {
    value = std::clamp(++next, r.lowest, r.highest);
  }
  void time(const Key&, Sign sign, std::optional<Nanos>& value, std::optional<Nanos>) override {
    value = sign == Sign::any ? Nanos(-milliseconds(2500)) : Nanos(microseconds(1500) * ++next);
  }
  void name(const Key&, Names what, std::string& value) override {
    value = what == Names::topic ? "null" : what == Names::message ? "FetchResponse" : "/tmp/kafka-logs";
  }
  void choice(const Key& key, const std::vector<std::string>&, std::optional<std::size_t>& value) override {
    if (key.name != std::string("strategy")) value = 0;  // that needs another cluster
  }
  void selectors(const Key&, std::vector<Selector>& targets) override {
    targets = {selector(S::broker), selector(S::leader)};
  }
  void partition(const Key&, PartitionRef& partition) override { partition = {"orders-eu", 1}; }
  void brokers(const Key&, std::vector<std::int32_t>& brokers) override { brokers = {3, 1}; }
  void altered(const Key&, const Key&, model::ConfigScope, AlteredConfigs& configs) override {
    configs = {{"min.insync.replicas", "1"}, {"retention.ms", std::nullopt}};
  }
};

FaultSpec fault(FaultKind kind) {
  FaultSpec f;
  f.at = Nanos(1'000'000'001) * (1 + static_cast<int>(kind));
  f.what = make_fault(kind);
  FillFault fill;
  visit_keys(fill, f.what);
  if (static_cast<int>(kind) % 3 == 1) f.duration = seconds(90);
  if (static_cast<int>(kind) % 3 == 2) f.until = seconds(7200);
  return f;
}
template <class Act>
FaultSpec fault() {
  return fault(kind_of<Act>);
}

Scenario everything() {
  Scenario s;
  s.title = "All: \"quoted\" \\ # and\ttab, - {x} '\xc3\xa4'\nnext line ";
  s.cluster.brokers = 3;
  s.cluster.controllers = 3;
  s.cluster.config.written = {{"min.insync.replicas", "2"}};
  TopicSpec placed, counted;
  placed.name = "orders-eu";
  placed.partitions = 2;
  placed.replication_factor = 3;
  placed.replicas = {{1, 2, 3}, {3, 1, 2}};
  placed.config.written = {{"unclean.leader.election.enable", "true"}};
  counted.name = "null";
  counted.partitions = 3;
  counted.replication_factor = 2;
  s.cluster.topics = {placed, counted};
  s.network = {Nanos(1), microseconds(1001), seconds(3600), 0, 1};
  ProducerSpec all_at_once, paced;
  all_at_once.name = "~";
  all_at_once.topic = "null";
  paced.name = "p 1";
  paced.topic = "orders-eu";
  paced.config.written = {{"acks", "all"}, {"linger.ms", "5"}};
  paced.count = 100'000'000;
  paced.interval = Nanos(333'333'333);
  paced.key = "a: b, c #]";
  paced.key_count = 7;
  paced.tombstones = 1;
  paced.tombstones_of = 20;
  paced.partition = 0;
  paced.start_after = seconds(60);
  ConsumerSpec consumer;
  consumer.name = "no";
  consumer.config.written = {{"auto.offset.reset", "earliest"}};
  consumer.assign = {{"orders-eu", 1}, {"null", {}}};
  GroupSpec group;
  group.name = "billing";
  group.members = 2;
  group.subscribe = {"null", "orders-eu"};
  group.start_after = milliseconds(1);
  group.join_interval = microseconds(1);
  group.processing_time = milliseconds(2);
  ProducerSpec odd = all_at_once;
  odd.name = "a, b";
  s.clients = {all_at_once, paced, consumer, group, odd};
  s.clocks = {{{selector(Selector::Kind::broker), selector(Selector::Kind::client)}, -milliseconds(1500), -300},
              {{selector(Selector::Kind::all_controllers)}, Nanos(0), 7}};
  for (int i = 0; i < kFaultKinds; ++i) s.faults.push_back(fault(static_cast<FaultKind>(i)));
  for (const bool both_ways : {false, true})
    for (const bool several : {false, true}) {
      FaultSpec f = fault<Reset>();
      Sides& sides = std::get<Reset>(f.what).sides;
      sides = {{selector(Selector::Kind::broker)}, {selector(Selector::Kind::client)}, both_ways};
      if (several) sides.to.push_back(selector(Selector::Kind::followers));
      s.faults.push_back(f);
    }
  for (int i = 0; i <= static_cast<int>(Selector::Kind::last_answered); ++i) {
    FaultSpec f = fault<Kill>();
    std::get<Kill>(f.what).targets = {selector(static_cast<Selector::Kind>(i))};
    s.faults.push_back(f);
  }
  for (const auto& c : s.clients) {
    FaultSpec f = fault<Pause>();
    Selector s_of_client = selector(Selector::Kind::client);
    s_of_client.name = name_of(c);
    std::get<Pause>(f.what).targets = {s_of_client};
    s.faults.push_back(f);
  }
  for (int i = 0; i < kConditionKinds; ++i) {
    FaultSpec f = fault<Restart>();
    f.at.reset();
    f.when = condition(static_cast<Condition::Kind>(i));
    if (i % 2 == 0) f.after = milliseconds(i);
    s.faults.push_back(f);
  }
  RandomFaults random;
  for (int i = 0; i < kFaultKinds; ++i) random.kinds.push_back(static_cast<FaultKind>(i));
  for (int i = 0; i < kRandomTargets; ++i) random.targets.push_back(static_cast<RandomTarget>(i));
  random.budget = 0;
  random.start_after = seconds(3);
  s.random_faults = random;
  s.run_until = Nanos(std::numeric_limits<std::int64_t>::max());
  s.expect = {{"durability", Expected::violated}, {"order", Expected::any}, {"quorum: safety", Expected::holds}};
  s.goals = {"leader-changed", "goal, two"};
  s.limits = {milliseconds(1500), 3, 0, seconds(3600), seconds(7)};
  for (const auto& r : model::variant_rows()) s.variants.emplace_back(r.name, r.alternatives.back().text);
  s.seed = std::numeric_limits<std::uint64_t>::max();
  s.decisions = {{"latency 0->1 connection 3 back message 41", std::numeric_limits<std::uint64_t>::max()},
                 {"survives 2 crash 1 write 7 file 9", 0}};
  s.catalogue = CatalogueEntry{"R01", 1, 2};
  s.counterexample = "durability";
  s.recorded = RecordedRun{7, std::numeric_limits<std::uint64_t>::max(), 0, 3, {1, 0x0123456789abcdef}};
  return s;
}

TEST(ScenarioWriter, RoundTripOfEverything) {
  expect_round_trip(everything(), {{"durability", "order", "quorum: safety"}, {"leader-changed", "goal, two"}});
}

TEST(ScenarioWriter, DurationsInTheLargestUnitThatDivides) {
  Scenario s;
  for (const auto& [d, text] : std::vector<std::pair<Nanos, std::string>>{{Nanos(0), "0s"},
                                                                          {seconds(60), "1m"},
                                                                          {seconds(90), "90s"},
                                                                          {seconds(3600), "1h"},
                                                                          {milliseconds(1500), "1500ms"},
                                                                          {Nanos(1'000'001), "1000001ns"}}) {
    s.run_until = d;
    EXPECT_NE(write_scenario(s).find("until: " + text + "}"), std::string::npos) << text;
    expect_round_trip(s, {});
  }
}

}  // namespace scenario_writer_test
}  // namespace ktrial::scenarios
