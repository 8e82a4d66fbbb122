// Goal: what is written is read back as it was, for any scenario: every key and every kind of fault.
// Method: a visitor of the keys gives each of them a generated value or leaves it out, so a new key is in this test by
// being described.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "scenarios/fault_text.h"
#include "scenarios/faults/fault_walk.h"
#include "scenarios/format/scenario_keys.h"
#include "scenarios/format/schema.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace round_trip_test {

const KnownNames kKnownNames{{"acked-records-survive", "quorum: safety"}, {"leader-changed", "goal, two"}};

// Takes what it needs from generated numbers; when they are used up, everything is as simple as can be.
class Generate : public KeyVisitor {
 public:
  Generate(Scenario& s, const std::vector<std::uint32_t>& numbers) : scenario_(s), numbers_(numbers) {}

  void whole(const Key& k, const Range& r, std::optional<std::int64_t>& value, std::optional<std::int64_t>) override {
    if (k.name == std::string("replication-factor")) return;  // as wide as the brokers allow, which come first
    if (given(k))
      value = r.lowest + static_cast<std::int64_t>(next() % (static_cast<std::uint64_t>(r.highest - r.lowest) + 1));
  }
  void time(const Key& k, Sign sign, std::optional<Nanos>& value, std::optional<Nanos>) override {
    constexpr std::int64_t units[] = {1, 1000, 1000000, 1000000000, 60000000000};
    if (!given(k)) return;
    value = Nanos(units[next() % 5] * static_cast<std::int64_t>(next() % 100));
    if (sign == Sign::any && next() % 2) value = -*value;
  }
  void bits(const Key& k, int, std::optional<std::uint64_t>& value) override {
    if (given(k)) value = std::uint64_t{next()} << next() % 33;
  }
  void all_bits(const Key&, int, std::vector<std::uint64_t>& values) override { values.resize(next() % 3, next()); }
  void text(const Key& k, std::string& value) override {
    const std::string unique = std::to_string(++names_);
    constexpr const char* odd[] = {"a",        "null",  "x: y", "[#]", "\"q\" \\", " sp ",
                                   "\xc3\xa4", "tab\t", "~",    "12",  "a, b"};
    // Topics have plain names in Kafka, and conditions say them.
    if (k.name == std::string("name"))
      value = "orders-" + unique;
    else if (given(k))
      value = odd[next() % std::size(odd)] + (k.needed ? unique : "");
  }
  void name(const Key& k, Names what, std::string& value) override {
    const std::vector<std::string> all = known(what);
    if (given(k) && !all.empty()) value = all[next() % all.size()];
  }
  void names(const Key&, Names what, std::vector<std::string>& values) override {
    const std::vector<std::string> all = known(what);
    for (std::size_t i = next() % 3; i > 0 && !all.empty(); --i) values.push_back(all[next() % all.size()]);
  }
  void choice(const Key& k, const std::vector<std::string>&, std::optional<std::size_t>& value) override {
    if (given(k)) value = k.name == std::string("strategy") ? next() % 2 : 0;
  }
  void choices(const Key&, const char*, const std::vector<std::string>& names,
               std::vector<std::size_t>& values) override {
    for (std::size_t i = next() % 4; i > 0; --i) values.push_back(next() % names.size());
  }
  void part(const Key&, std::int32_t& part, std::int32_t& of) override {
    if (next() % 2) of = 20, part = 1 + static_cast<std::int32_t>(next() % 20);
  }
  void selectors(const Key& k, std::vector<Selector>& targets) override {
    for (std::size_t i = 1 + next() % 3; i > 0; --i) targets.push_back(selector(k.name == std::string("nodes")));
  }
  void sides(Sides& s) override {
    KeyVisitor::sides(s);
    s.both_ways = next() % 2;
  }
  void condition(const Key& k, std::optional<Condition>& condition) override {
    if (!given(k)) return;
    constexpr const char* all[] = {"record-acked",     "controller-elected", "acked >= 10",
                                   "broker-fenced(1)", "consumed == 3",      "broker-unfenced(1)"};
    condition = *parse_condition(all[next() % std::size(all)]);
    if (!scenario_.cluster.topics.empty() && next() % 2)
      condition = *parse_condition("isr(" + to_string(any_partition()) + ") <= 2");
  }
  void partition(const Key&, PartitionRef& partition) override { partition = any_partition(); }
  void brokers(const Key&, std::vector<std::int32_t>& brokers) override { brokers = {1}; }
  void placement(const Key&, std::vector<std::vector<std::int32_t>>& rows) override { rows.resize(next() % 3, {1}); }
  void assigned(const Key&, std::vector<AssignSpec>& assigned) override {
    for (std::size_t i = scenario_.cluster.topics.empty() ? 0 : next() % 3; i > 0; --i) {
      const PartitionRef p = any_partition();
      assigned.push_back({p.topic, next() % 2 ? std::optional(p.partition) : std::nullopt});
    }
  }
  void config(const Key&, model::ConfigScope scope, Settings& written, const model::ConfigTarget&) override {
    using S = model::ConfigScope;
    if (next() % 2) return;
    if (scope == S::broker || scope == S::topic) written = {{"min.insync.replicas", "2"}};
    if (scope == S::producer) written = {{"linger.ms", "5"}};
    if (scope == S::consumer) written = {{"auto.offset.reset", "earliest"}};
  }
  void altered(const Key&, const Key&, model::ConfigScope, AlteredConfigs& configs) override {
    configs = {{"min.insync.replicas", "1"}};
    if (next() % 2) configs[0].second.reset();
  }
  void verdicts(const Key&, std::map<std::string, Expected>& expected) override {
    for (const std::string& p : kKnownNames.properties)
      if (next() % 2) expected[p] = static_cast<Expected>(next() % 3);
  }
  void variants(const Key&, Settings& variants) override {
    for (const auto& r : model::variant_rows())
      if (next() % 8 == 1) variants.emplace_back(r.name, r.alternatives.back().text);
  }
  void decisions(const Key&, std::map<std::string, std::uint64_t>& decisions) override {
    if (next() % 2) decisions["latency 0->1 connection 3 back message 41"] = next();
  }
  bool begin_map(const Key& k, bool) override { return k.needed || next() % 2; }
  std::size_t begin_list(const Key&, std::size_t) override { return next() % 5; }
  std::optional<std::size_t> alternative(const std::string&, const std::vector<std::string>& names,
                                         std::size_t) override {
    return next() % names.size();
  }

 private:
  std::uint32_t next() { return at_ < numbers_.size() ? numbers_[at_++] : 0; }
  bool given(const Key& k) { return k.needed || next() % 2; }
  std::vector<std::string> known(Names what) const {
    std::vector<std::string> topics;
    for (const TopicSpec& t : scenario_.cluster.topics) topics.push_back(t.name);
    return what == Names::topic      ? topics
           : what == Names::property ? kKnownNames.properties
           : what == Names::goal     ? kKnownNames.goals
           : what == Names::message  ? message_names()
                                     : scenario_.cluster.config.effective.log_dirs;
  }
  PartitionRef any_partition() {
    const auto& topics = scenario_.cluster.topics;
    if (topics.empty()) return {};
    return {topics[next() % topics.size()].name, 0};
  }
  Selector selector(bool fixed) {
    constexpr const char* all[] = {"broker(1)", "all-brokers", "all-controllers", "all-clients",  "active-controller",
                                   "majority",  "minority",    "all-leaders",     "last-answered"};
    return *parse_selector(all[next() % (fixed ? 4 : std::size(all))]);
  }

  Scenario& scenario_;
  const std::vector<std::uint32_t>& numbers_;
  std::size_t at_ = 0;
  int names_ = 0;
};

// The rules between keys.
void obey(Scenario& s) {
  const auto topics = [&] { return !s.cluster.topics.empty(); };
  if (s.network.latency_min > s.network.latency_max) std::swap(s.network.latency_min, s.network.latency_max);
  for (TopicSpec& t : s.cluster.topics) {
    if (!t.replicas.empty()) t.partitions = static_cast<std::int32_t>(t.replicas.size());
    t.replication_factor = 1;
  }
  s.cluster.config.written.emplace_back("unclean.recovery.manager.enabled", "true");
  std::erase_if(s.clients, [&](const ClientSpec& c) { return std::holds_alternative<ProducerSpec>(c) && !topics(); });
  for (ClientSpec& c : s.clients)
    if (auto* p = std::get_if<ProducerSpec>(&c)) {
      if (p->key.empty() && p->key_count == 0) p->tombstones = 0, p->tombstones_of = 1;
      if (p->partition) p->partition = 0;
    }
  std::erase_if(s.faults, [&](const FaultSpec& f) { return f.row().needs_topic && !topics(); });
  for (FaultSpec& f : s.faults) {
    if (f.when)
      f.at.reset();
    else
      f.at = f.at.value_or(Nanos(0)), f.after.reset();
    if (f.duration) f.until.reset();
    if (auto* move = std::get_if<Reassign>(&f.what)) {
      if (!move->throttle || move->verify_every < milliseconds(1)) move->verify_every.reset();
    }
    if (auto* alter = std::get_if<AlterConfigs>(&f.what)) alter->topic = s.cluster.topics.front().name;
    if (auto* unclean = std::get_if<ElectUnclean>(&f.what); unclean && unclean->strategy)
      unclean->strategy = model::UncleanRecoveryStrategy::balanced;
  }
  if (auto& r = s.random_faults; r && r->checksum_matches) r->kinds.push_back(kind_of<BitRot>);
  if (s.recorded && s.recorded->checkpoints.empty()) s.recorded->checkpoint_every = 0;
  if (s.recorded && s.recorded->checkpoint_every == 0) s.recorded->checkpoints.clear();
  if (!s.recorded) s.counterexample.clear();
}

TEST(RoundTrip, OfAnyScenario) {
  std::set<std::size_t> kinds, clients;
  const bool ok = rc::check("a scenario is read as it was written", [&] {
    const auto numbers = *rc::gen::resize(
        400, rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 1'000'000)));
    Scenario s;
    Generate generate(s, numbers);
    visit_keys(generate, s);
    obey(s);
    for (const FaultSpec& f : s.faults) kinds.insert(f.what.index());
    for (const ClientSpec& c : s.clients) clients.insert(c.index());
    const std::string written = write_scenario(s);
    const auto again = read_scenario(written, "written", kKnownNames);
    if (!again) RC_FAIL(to_string(again.error().front()) + "\n" + written);
    if (!(*again == s)) RC_FAIL("another scenario than\n" + written + "\nnamely\n" + write_scenario(*again));
    RC_ASSERT(write_scenario(*again) == written);
  });
  EXPECT_TRUE(ok);
  EXPECT_GT(kinds.size(), static_cast<std::size_t>(kFaultKinds) / 2);
  EXPECT_EQ(clients.size(), 3u);
}

// Every key of every map is in the schema once, with a meaning.
void expect_meanings(const std::vector<SchemaRow>& keys, const std::string& path) {
  std::set<std::string> names;
  for (const SchemaRow& key : keys) {
    EXPECT_NE(key.meaning, "") << path << key.name;
    EXPECT_TRUE(names.insert(key.name).second) << path << key.name << " twice";
    EXPECT_FALSE(type_text(key).empty());
    expect_meanings(key.keys, path + key.name + ": ");
    for (const auto& a : key.alternatives) expect_meanings(a.keys, path + key.name + ": " + a.name + ": ");
  }
}

TEST(Schema, SaysWhatEveryKeyMeans) {
  expect_meanings(scenario_schema().keys, "");
  const auto& keys = scenario_schema().keys;
  const auto faults = std::find_if(keys.begin(), keys.end(), [](const SchemaRow& k) { return k.name == "faults"; });
  ASSERT_NE(faults, keys.end());
  EXPECT_EQ(faults->alternatives.size(), static_cast<std::size_t>(kFaultKinds));
}

}  // namespace round_trip_test
}  // namespace ktrial::scenarios
