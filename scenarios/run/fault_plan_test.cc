// What random fault plans reach, and that they stay what a person could have written.
#include "scenarios/run/fault_plan.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "properties/judge.h"
#include "scenarios/fault_text.h"
#include "scenarios/faults/fault_walk.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace fault_plan_test {

Scenario scenario() {
  std::string kinds, targets;
  for (const auto& name : fault_kind_names()) kinds += (kinds.empty() ? "" : ", ") + name;
  for (const auto& name : random_target_names()) targets += (targets.empty() ? "" : ", ") + name;
  const std::string text =
      "ktrial: 1\n"
      "cluster:\n  brokers: 3\n  controllers: 3\n  config: {log.dirs: '/d0,/d1'}\n"
      "  topics: [{name: orders, partitions: 2, replication-factor: 3}]\n"
      "clients:\n  - {producer: p1, config: {enable.idempotence: true}, send: {topic: orders, count: 10}}\n"
      "  - {group: billing, members: 2, subscribe: [orders]}\n"
      "random-faults: {kinds: [" +
      kinds + "], targets: [" + targets + "], budget: 6, start-after: 5s, quiet-after: 40s}\nrun: {until: 60s}\n";
  auto read = read_scenario(text, "test", {properties::all_property_names(), known_goals()});
  if (!read) throw std::runtime_error(to_string(read.error().front()));
  return *read;
}

TEST(FaultPlan, ReachesEveryKindShapeSelectorAndCondition) {
  const Scenario s = scenario();
  std::set<FaultKind> kinds;
  std::set<Selector::Kind> selectors;
  std::set<Condition::Kind> conditions;
  std::set<std::string> messages, shapes, log_dirs;
  std::set<bool> one_follower;
  bool brief = false, long_one = false;
  for (std::uint64_t seed = 1; seed <= 6000; ++seed)
    for (const FaultSpec& f : draw_fault_plan(s, seed)) {
      kinds.insert(f.kind());
      if (f.when) conditions.insert(f.when->kind);
      std::visit(
          [&](const auto& what) {
            if constexpr (requires { what.message; })
              if (!what.message.empty()) messages.insert(what.message);
            if constexpr (requires { what.log_dir; }) log_dirs.insert(what.log_dir);
          },
          f.what);
      FaultSpec walked = f;
      each_selector_list(walked, [&](const std::vector<Selector>& list) {
        for (const Selector& x : list) selectors.insert(x.kind);
      });
      if (const auto* cut = std::get_if<Cut>(&f.what)) {
        const std::string many = cut->sides.from.size() > 1 || cut->sides.to.size() > 1 ? " of several" : "";
        shapes.insert((cut->sides.both_ways ? "both ways" : "one way") + many);
      }
      if (f.duration && *f.duration < milliseconds(100)) brief = true;
      if (f.duration && *f.duration > seconds(8)) long_one = true;
    }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(kFaultKinds));
  using K = Selector::Kind;
  for (const K k : {K::broker, K::controller, K::client, K::leader, K::followers, K::follower, K::active_controller,
                    K::all_brokers, K::all_clients, K::coordinator, K::last_answered})
    EXPECT_TRUE(selectors.contains(k)) << static_cast<int>(k);
  EXPECT_GE(conditions.size(), 15u);
  std::vector<std::string> names = message_names();
  // There is no remote storage and no unclean recovery.
  std::erase_if(names, [](const std::string& name) {
    return name.find("LogSegment") != std::string::npos || name.starts_with("GetReplicaLogInfo");
  });
  EXPECT_EQ(messages, (std::set<std::string>(names.begin(), names.end())));
  EXPECT_EQ(log_dirs, (std::set<std::string>{"", "/d0", "/d1"}));
  EXPECT_EQ(shapes, (std::set<std::string>{"both ways", "one way", "both ways of several", "one way of several"}));
  EXPECT_TRUE(brief);
  EXPECT_TRUE(long_one);
}

// Two faults within one election or fetch: half of the plans are dense, and lengths have every order of magnitude.
TEST(FaultPlan, IsOftenDenseAndItsFaultsOfEveryLength) {
  Scenario s = scenario();
  int dense = 0, plans = 0;
  std::set<int> orders;  // below 10 ms, 100 ms, 1 s, 10 s, 100 s
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    Nanos first = seconds(100), last{0};
    const auto plan = draw_fault_plan(s, seed);
    for (const FaultSpec& f : plan) {
      const Nanos at = f.at ? *f.at : *f.after;
      first = std::min(first, at), last = std::max(last, at);
      if (f.at && f.until) {
        int order = 0;
        for (Nanos d = (*f.until - *f.at) / 10; d > milliseconds(1); d /= 10) ++order;
        orders.insert(order);
      }
    }
    if (plan.size() < 4) continue;
    ++plans;
    dense += last - first < seconds(4);
  }
  EXPECT_GT(dense, plans / 4);
  EXPECT_LT(dense, plans * 3 / 4);
  EXPECT_EQ(orders, (std::set<int>{0, 1, 2, 3, 4}));
}

TEST(FaultPlan, KeepsToItsTimesAndReadsBackAsWritten) {
  const KnownNames known{properties::all_property_names(), known_goals()};
  Scenario s = scenario();
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Scenario drawn = s;
    drawn.faults = draw_fault_plan(s, seed);
    EXPECT_FALSE(drawn.faults.empty());
    for (const FaultSpec& f : drawn.faults) {
      EXPECT_NE(f.at.has_value(), f.when.has_value());
      EXPECT_GE(f.at ? *f.at : *f.after, seconds(5));
      if (f.until) {
        EXPECT_LE(*f.until, seconds(40));
      }
    }
    const auto again = read_scenario(write_scenario(drawn), "written", known);
    ASSERT_TRUE(again) << to_string(again.error().front());
    EXPECT_EQ(again->faults, drawn.faults);
  }
}

TEST(FaultPlan, TakingAKindOfFaultAwayMovesNoOther) {
  Scenario s = scenario();
  const auto plan = draw_fault_plan(s, 7);
  s.random_faults->budget = 1000;
  const auto longer = draw_fault_plan(s, 7);
  for (std::size_t i = 0; i < plan.size(); ++i) EXPECT_EQ(plan[i], longer[i]);
}

TEST(FaultKinds, EachSaysWhatItDoes) {
  std::set<std::string> said;
  for (int i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    const std::string meaning = row_of(kind).text.meaning;
    said.insert(meaning);
    EXPECT_GT(meaning.size(), 10u);
    EXPECT_EQ(fault_kind(to_string(kind)), kind);
    EXPECT_EQ(make_fault(kind).index(), static_cast<std::size_t>(i));
  }
  EXPECT_EQ(said.size(), static_cast<std::size_t>(kFaultKinds));
}

TEST(MessageNames, AreThoseTheModelKnows) {
  for (const std::string& name : message_names()) EXPECT_NE(model::kind_by_name(name), 0xffff) << name;
  EXPECT_GT(message_names().size(), 20u);
}

}  // namespace fault_plan_test
}  // namespace ktrial::scenarios
