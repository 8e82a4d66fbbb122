// The cluster as a value: forks, new futures, and requests that outlive their connections.
#include <gtest/gtest.h>

#include <algorithm>

#include "properties/judge.h"
#include "scenarios/cluster/cluster_builder.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/run/goals.h"
#include "scenarios/run/trial.h"
#include "scenarios/scenario_reader.h"

namespace ktrial::scenarios {
namespace kafka_world_test {

Scenario scenario(const std::string& producer) {
  const std::string text =
      "ktrial: 1\n"
      "cluster:\n"
      "  brokers: 3\n"
      "  controllers: 3\n"
      "  topics: [{name: orders, partitions: 1, replicas: [[1, 2, 3]]}]\n"
      "clients:\n"
      "  - {producer: p1, " +
      producer +
      "}\n"
      "  - {consumer: c1, config: {auto.offset.reset: earliest}, assign: [orders]}\n"
      "run: {until: 20s}\n";
  auto read = read_scenario(text, "test", {properties::all_property_names(), known_goals()});
  if (!read) throw std::runtime_error(to_string(read.error().front()));
  return *read;
}
Scenario steady() { return scenario("send: {topic: orders, count: 400, rate: 50/s}, start-after: 3s"); }

// A world and what watches it: both are values, so a copy is a fork of the two.
struct Watched {
  KafkaWorld world;
  properties::Judge judge;

  Watched(const Scenario& s, std::uint64_t seed) : world(build_world(s, seed)) { start_world(world, s); }
  void look() {
    for (const auto& f : world.facts()) judge.on_fact(f.fact, {f.at, to_model(f.node), f.event});
  }
  void until(Nanos at) {
    look();
    while (world.step(at).kind != sim::StepResult::Kind::ended) look();
  }
};

TEST(KafkaWorld, AForkGoesOnAlike) {
  const Scenario s = steady();
  Watched one(s, 5);
  one.until(seconds(7));
  one.world.power_cut(0);
  Watched fork = one;
  for (Watched* w : {&one, &fork}) {
    w->until(seconds(9));
    w->world.restart(0);
    w->world.network().cut(1, 2);
    w->until(seconds(12));
    w->world.network().heal(1, 2);
    w->until(seconds(20));
  }
  EXPECT_EQ(one.world.fingerprint(), fork.world.fingerprint());
  EXPECT_EQ(one.world.events(), fork.world.events());
  const auto verdicts = one.judge.verdicts(), others = fork.judge.verdicts();
  ASSERT_EQ(verdicts.size(), others.size());
  std::uint64_t premises = 0;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    EXPECT_EQ(verdicts[i].premise, others[i].premise) << verdicts[i].property;
    EXPECT_EQ(verdicts[i].violations.size(), others[i].violations.size()) << verdicts[i].property;
    premises += verdicts[i].premise;
  }
  EXPECT_GT(premises, 1000u);
}

TEST(KafkaWorld, AForkThatIsTreatedOtherwiseLeavesTheFirstAlone) {
  const Scenario s = steady();
  Watched alone(s, 5);
  alone.until(seconds(12));
  Watched one(s, 5);
  one.until(seconds(7));
  Watched fork = one;
  fork.world.kill(0);
  fork.until(seconds(12));
  one.until(seconds(12));
  EXPECT_EQ(one.world.fingerprint(), alone.world.fingerprint());
  EXPECT_NE(fork.world.fingerprint(), alone.world.fingerprint());
}

TEST(KafkaWorld, ANewSeedFromATimeOnKeepsThePrefix) {
  const Scenario s = steady();
  Watched one(s, 5), other(s, 5);
  other.world.decisions().reseed(seconds(8), 6);
  one.until(seconds(8) - Nanos(1));
  other.until(seconds(8) - Nanos(1));
  EXPECT_EQ(one.world.fingerprint(), other.world.fingerprint());
  EXPECT_GT(one.world.events(), 1000u);
  one.until(seconds(9));
  other.until(seconds(9));
  EXPECT_NE(one.world.fingerprint(), other.world.fingerprint());
}

// A Produce waits behind a cut; its client gives it up and sends a newer record on a new connection; when the cut
// heals, both arrive, and the older may be the later.
TEST(KafkaWorld, AnOldProduceIsAppendedAfterANewerOneOfANewConnection) {
  const Scenario s = scenario(
      "config: {acks: 1, request.timeout.ms: 1000, delivery.timeout.ms: 1100, linger.ms: 0, "
      "max.in.flight.requests.per.connection: 1}, send: {topic: orders, count: 20, interval: 1500ms, partition: 0}, "
      "start-after: 3s");
  const sim::NodeId leader = 0, client = 6;
  const auto in_order = [&](std::uint64_t seed, bool cut) {
    Watched w(s, seed);
    w.until(seconds(5));
    if (cut) w.world.network().cut(client, leader);
    w.until(seconds(12));
    if (cut) w.world.network().heal(client, leader);
    std::vector<std::int64_t> appended;
    while (w.world.step(seconds(15)).kind != sim::StepResult::Kind::ended)
      for (const auto& f : w.world.facts())
        if (const auto* b = std::get_if<model::BatchAppended>(&f.fact); b && b->by_leader && b->batch.records)
          for (const model::Record& r : *b->batch.records) appended.push_back(r.value.value);
    EXPECT_FALSE(appended.empty());
    return std::is_sorted(appended.begin(), appended.end());
  };
  int zombies = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    zombies += !in_order(seed, true);
    EXPECT_TRUE(in_order(seed, false));  // it is the cut that does it
  }
  EXPECT_GT(zombies, 0);
}

}  // namespace kafka_world_test
}  // namespace ktrial::scenarios
