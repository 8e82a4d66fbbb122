// The log manager by itself: what it loads, where it puts logs, what an I/O error does. Method: a disk by hand, and a
// host that only counts.
#include "model/broker/log_manager.h"

#include <gtest/gtest.h>

#include "model/broker/fake_hosts_for_test.h"

namespace ktrial::model::testing {
namespace log_manager_test {

struct Logs : FakeBroker {
  struct Host final : LogManagerHost {
    using LogManagerHost::LogManagerHost;
    int moved = 0;
    void on_log_start_moved(TopicPartition) override { ++moved; }
  };
  Partitions partitions;
  LogManager logs;
  Host host{step, config, image, machine, partitions};

  explicit Logs(std::size_t directories = 1) : FakeBroker(directories), logs(directories) {}
  Partition& add(TopicPartition tp = kOrders) {
    auto log = logs.create_log(step, machine, tp, {});
    return partitions.try_emplace(tp, Partition(tp, partition_config(kSelf, config, {}), std::move(*log)))
        .first->second;
  }
  void write(Partition& partition) {
    PartitionRegistration registration{{kSelf}, {kSelf}, kSelf, LeaderEpoch(0), PartitionEpoch(0)};
    partition.make_leader(step, registration, image.brokers());
    EXPECT_EQ(partition.append(step, batch(), Acks::leader, image.brokers()).error, Error::NONE);
  }
  // The process ends, and another one begins on the same disk. Whether all logs are loaded at once.
  bool restart() {
    for (auto& [tp, partition] : partitions) machine.disk.logs[tp] = partition.log().take_disk();
    partitions = {};
    step.facts.clear();
    step.effects.clear();
    logs = LogManager(machine.health.size());
    BrokerEpoch previous;
    const bool all = logs.start(host, previous);
    epoch_before = previous;
    return all;
  }
  BrokerEpoch epoch_before;
};

TEST(LogManager, AfterACleanStopLogsAreTrusted) {
  Logs w;
  EXPECT_TRUE(w.restart());
  w.write(w.add());
  w.logs.store_for_shutdown(w.host, BrokerEpoch(7));
  EXPECT_TRUE(w.restart());
  EXPECT_EQ(w.epoch_before, BrokerEpoch(7));
  ASSERT_EQ(w.facts<LogLoaded>().size(), 1u);
  EXPECT_TRUE(w.facts<LogLoaded>().front().clean);
  EXPECT_TRUE(w.logs.all_loaded());
  EXPECT_TRUE(w.timer(kLogRetentionTimer));
}

TEST(LogManager, AfterAnyOtherStopALogTakesTimeToBeRecovered) {
  Logs w;
  w.restart();
  w.write(w.add());
  EXPECT_FALSE(w.restart());
  EXPECT_FALSE(w.epoch_before.present());
  EXPECT_TRUE(w.timer(kLogRecoveryTimer));
  EXPECT_FALSE(w.timer(kLogRetentionTimer));
  EXPECT_TRUE(w.facts<LogLoaded>().empty());
  EXPECT_TRUE(w.logs.load(w.host));
  ASSERT_EQ(w.facts<LogLoaded>().size(), 1u);
  EXPECT_FALSE(w.facts<LogLoaded>().front().clean);
}

TEST(LogManager, FirstErrorPutsADirectoryOfflineAndIsSaidOnce) {
  Logs w(2);
  w.restart();
  Partition& partition = w.add();
  EXPECT_FALSE(w.logs.write_fails(w.step, w.machine, partition));
  w.machine.health[0].write_fails = true;
  EXPECT_FALSE(w.logs.disks_are_well(w.machine));
  EXPECT_TRUE(w.logs.write_fails(w.step, w.machine, partition));
  w.machine.health[0].write_fails = false;  // too late
  EXPECT_TRUE(w.logs.read_fails(w.step, w.machine, partition));
  EXPECT_EQ(w.facts<LogDirectoryFailed>().size(), 1u);
  EXPECT_TRUE(w.timer(kDirectoryFailureTimer));
  EXPECT_TRUE(w.logs.has_failed(partition));
  EXPECT_FALSE(w.logs.all_offline());
  EXPECT_EQ(w.logs.online(w.machine), std::vector{w.machine.disk.id(1)});
}

TEST(LogManager, ANewLogGoesWhereItIsAssignedOrWhereFewestAre) {
  Logs w(2);
  w.restart();
  const auto tp = [](int i) { return TopicPartition{TopicId(1), PartitionIndex(i)}; };
  EXPECT_EQ(LogManager::directory_of(w.add(tp(0))), 0u);
  EXPECT_EQ(LogManager::directory_of(w.add(tp(1))), 1u);
  const auto assigned = w.logs.create_log(w.step, w.machine, tp(2), w.machine.disk.id(1));
  ASSERT_TRUE(assigned);
  EXPECT_EQ(assigned->directory, 1);
  w.machine.health[1].write_fails = true;
  EXPECT_TRUE(w.logs.append_fails(w.step, w.machine, w.partitions.find(tp(1))->second));
  EXPECT_FALSE(w.logs.create_log(w.step, w.machine, tp(3), w.machine.disk.id(1)));  // it may stand there
  EXPECT_TRUE(w.logs.create_log(w.step, w.machine, tp(3), {}));
}

}  // namespace log_manager_test
}  // namespace ktrial::model::testing
