// Several log directories in a running cluster (KIP-858): one fails and the broker goes on with the others, the
// controller hears of it and moves what stood there, and a restart finds what is left.
#include <gtest/gtest.h>

#include "model/broker/cluster_for_test.h"
#include "model/probes.h"

namespace ktrial::model {
namespace broker_directories_test {

using testing::TestCluster;
using Nodes = std::vector<NodeId>;

ClusterConfig two_directories(std::optional<Variant> variant = {}) {
  ClusterConfig c = TestCluster::small_config();
  c.log_dirs = {"/d0", "/d1"};
  if (variant) c.variants.set(*variant);
  return c;
}

struct Cluster : TestCluster {
  explicit Cluster(ClusterConfig config = two_directories()) : TestCluster(std::move(config)) {}
  static TopicPartition tp(int partition) { return {TopicId(1), PartitionIndex(partition)}; }
  Offset log_end(int id, int partition) {
    const Log* log = broker(id).log(tp(partition));
    return log == nullptr ? Offset() : log->log_end();
  }
  std::size_t directory(int id, int partition) { return broker(id).log(tp(partition))->disk().directory; }
  const PartitionRegistration& state(int partition) { return *broker(3).image()->partition(tp(partition)); }
  void break_writes(int id, std::size_t directory) {
    DiskHealth sick;
    sick.write_fails = true;
    broker(id).set_disk_health(sick, directory);
  }
  void heal(int id, std::size_t directory) { broker(id).set_disk_health({}, directory); }
};

TEST(LogDirectories, ReplicasAreSpreadAndTheControllerIsTold) {
  Cluster c;
  for (int id : {1, 2, 3}) {
    EXPECT_NE(c.directory(id, 0), c.directory(id, 1));
    for (int p : {0, 1})
      EXPECT_EQ(c.state(p).directory(NodeId(id)), c.broker(id).disk().id(c.directory(id, p))) << id << " " << p;
  }
}

TEST(LogDirectories, OneFailsAndTheBrokerGoesOnWithTheOther) {
  Cluster c;
  ASSERT_EQ(c.state(0).leader, NodeId(1));
  c.break_writes(1, c.directory(1, 0));
  c.produce(3, 0);
  c.produce(3, 1);
  EXPECT_TRUE(c.until([&] { return c.state(0).isr == Nodes{NodeId(2), NodeId(3)}; }));
  EXPECT_EQ(c.state(0).leader, NodeId(2));
  EXPECT_TRUE(c.running(NodeId(1)));
  EXPECT_EQ(c.count<ReplicaOffline>(NodeId(1)), 1u);
  EXPECT_EQ(c.broker(1).log(c.tp(0)), nullptr);
  EXPECT_TRUE(c.until([&] { return c.log_end(1, 1) == Offset(3) && c.log_end(2, 0) == Offset(3); }));
  EXPECT_EQ(c.state(1).isr.size(), 3u);
  EXPECT_EQ(c.broker(3).image()->broker(NodeId(1))->log_dirs.size(), 1u);

  // Healed, it comes back with a restart only.
  c.heal(1, c.broker(1).disk().logs.at(c.tp(0)).directory);
  c.advance(seconds(5));
  EXPECT_EQ(c.broker(1).log(c.tp(0)), nullptr);
  c.kill(NodeId(1));
  c.start(NodeId(1));
  EXPECT_TRUE(c.until([&] { return c.state(0).isr.size() == 3; }));
  EXPECT_EQ(c.log_end(1, 0), Offset(3));
}

TEST(LogDirectories, WithItsLastOneTheBrokerStops) {
  Cluster c;
  for (std::size_t i : {0u, 1u}) c.break_writes(2, i);
  EXPECT_TRUE(c.until([&] { return !c.running(NodeId(2)); }));
}

// [C14] The heartbeat that tells of it is lost with the controller's process.
TEST(Variant_offline_log_dirs, IsToldUntilItIsAcknowledged) {
  for (const bool once : {false, true}) {
    Cluster c(once ? two_directories(Variant::offline_log_dirs) : two_directories());
    c.pause(NodeId(4));
    c.break_writes(1, c.directory(1, 0));
    c.produce(3, 0);
    c.advance(seconds(1));
    EXPECT_EQ(c.count<ReplicaOffline>(NodeId(1)), 1u);
    c.kill(NodeId(4));
    c.start(NodeId(4));
    c.advance(seconds(20));
    EXPECT_TRUE(c.running(NodeId(1)));
    EXPECT_EQ(c.state(0).leader, once ? NodeId(1) : NodeId(2));
  }
}

TEST(LogDirectories, ABrokerThatCannotTellStops) {
  ClusterConfig config = two_directories();
  config.log_dir_failure_timeout = seconds(4);
  Cluster c(config);
  c.pause(NodeId(4));
  c.break_writes(1, c.directory(1, 0));
  c.produce(3, 0);
  c.advance(seconds(3));
  EXPECT_TRUE(c.running(NodeId(1)));
  c.resume(NodeId(4));
  c.kill(NodeId(4));
  c.advance(seconds(3));
  // It asks for leave to shut down first, which nobody gives before the five minutes are over.
  EXPECT_EQ(c.broker(1).state(), BrokerState::PENDING_CONTROLLED_SHUTDOWN);
  EXPECT_TRUE(c.probed(Probe::stopped_for_untold_directory));
}

TEST(LogDirectories, ARestartDoesWithoutTheBrokenOne) {
  Cluster c;
  c.produce(3, 0);
  c.advance(seconds(2));
  const std::size_t broken = c.directory(1, 0);
  c.kill(NodeId(1));
  DiskHealth sick;
  sick.read_fails = true;
  c.broker(1).set_disk_health(sick, broken);
  c.start(NodeId(1));
  c.advance(seconds(15));
  EXPECT_TRUE(c.running(NodeId(1)));
  EXPECT_EQ(c.broker(1).log(c.tp(0)), nullptr);
  EXPECT_EQ(c.state(0).isr.size(), 2u);
  EXPECT_EQ(c.state(1).isr.size(), 3u);
  EXPECT_FALSE(c.broker(1).disk().logs.at(c.tp(0)).segments.empty());  // what it holds is not touched
}

TEST(LogDirectories, ACleanStopMarksOnlyTheOnlineOnes) {
  Cluster c;
  const std::size_t broken = c.directory(1, 0);
  c.break_writes(1, broken);
  c.produce(3, 0);
  EXPECT_TRUE(c.until([&] { return c.count<ReplicaOffline>(NodeId(1)) == 1; }));
  c.command(NodeId(1), CleanStop{});
  EXPECT_TRUE(c.until([&] { return !c.running(NodeId(1)); }));
  EXPECT_FALSE(c.broker(1).disk().clean_shutdown[broken].read().exists);
  EXPECT_TRUE(c.broker(1).disk().clean_shutdown[1 - broken].read().exists);
  c.heal(1, broken);
  c.facts.clear();
  c.start(NodeId(1));
  EXPECT_TRUE(c.until([&] { return c.broker(1).log(c.tp(0)) != nullptr; }));
  for (const LogLoaded& loaded : c.all<LogLoaded>(NodeId(1)))
    EXPECT_EQ(loaded.clean, loaded.partition != c.tp(0)) << loaded.partition.partition.value;
}

// The controller never heard where the replica was put, so a restart without that directory puts it elsewhere.
TEST(LogDirectories, AnUnassignedReplicaIsCreatedAnew) {
  Cluster c;
  c.kill(NodeId(1));
  c.advance(seconds(15));
  CreateTopicsRequest payments;
  payments.name = "payments";
  payments.assignment = {{NodeId(1), NodeId(2)}};
  c.start(NodeId(1));
  EXPECT_TRUE(c.until([&] { return c.state(0).isr.size() == 3 && c.state(1).isr.size() == 3; }));
  c.command(NodeId(4), CreateTopic{payments});
  const TopicPartition created{TopicId(2), PartitionIndex(0)};
  EXPECT_TRUE(c.until([&] { return c.broker(1).log(created) != nullptr; }));
  const std::size_t first = c.broker(1).log(created)->disk().directory;
  c.kill(NodeId(1));  // within the 100 ms that assignments wait for each other
  DiskHealth sick;
  sick.read_fails = true;
  c.broker(1).set_disk_health(sick, first);
  c.start(NodeId(1));
  EXPECT_TRUE(c.until([&] { return c.broker(1).log(created) != nullptr; }));
  EXPECT_NE(c.broker(1).log(created)->disk().directory, first);
  EXPECT_EQ(c.broker(1).disk().duplicates.size(), 1u);
  c.kill(NodeId(1));
  c.broker(1).set_disk_health({}, first);
  c.start(NodeId(1));
  EXPECT_TRUE(c.broker(1).disk().duplicates.empty());
  for (const Probe probe : {Probe::replica_created_beside_offline_log, Probe::replica_in_two_directories})
    EXPECT_TRUE(c.probed(probe)) << probe_name(probe);
}

}  // namespace broker_directories_test
}  // namespace ktrial::model
