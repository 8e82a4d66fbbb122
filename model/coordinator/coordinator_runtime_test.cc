// The coordinator runtime under a coordinator of one number: the sum of the offsets that its records name.
#include "model/coordinator/coordinator_runtime.h"

#include <gtest/gtest.h>

#include <map>

#include "model/broker/fake_hosts_for_test.h"

namespace ktrial::model::testing {
namespace coordinator_runtime_test {

constexpr std::uint16_t kLoadTimer = 9;
const PartitionIndex kShard{0};

CoordinatorRecord number(int n) {
  OffsetCommitRecord record;
  record.offset = Offset(n);
  return {record};
}

struct Sums final : CoordinatorShards {
  std::map<PartitionIndex, std::int64_t> sums;
  std::vector<PartitionIndex> active;
  std::vector<std::uint64_t> completed;
  bool begin_load(PartitionIndex shard, LeaderEpoch) override { return sums.emplace(shard, 0).second; }
  void replay(PartitionIndex shard, const CoordinatorRecord& record) override {
    sums.at(shard) += std::get<OffsetCommitRecord>(record.value).offset.value;
  }
  void end_load(PartitionIndex shard) override { active.push_back(shard); }
  void unload(PartitionIndex shard) override { sums.erase(shard); }
  void on_append_complete(std::uint64_t token) override { completed.push_back(token); }
};

struct Runtime : FakeBroker {
  struct Host final : CoordinatorRuntimeHost {
    using CoordinatorRuntimeHost::CoordinatorRuntimeHost;
    std::optional<Partition> partition;
    const Brokers* brokers = nullptr;
    const Log* log(TopicPartition) const override { return partition ? &partition->log() : nullptr; }
    AppendResult append_own(TopicPartition, const RecordBatch& batch) override {
      if (!partition) return {Error::NOT_LEADER_OR_FOLLOWER, {}, {}};
      return partition->append(step, batch, Acks::all, *brokers);
    }
  };
  Host host{step};
  Sums sums;
  CoordinatorRuntime runtime{{"numbers", kLoadTimer}};

  // The broker leads the partition, with one replica that follows it.
  void lead() {
    const auto delta = create("numbers");
    host.brokers = &image.brokers();
    host.partition.emplace(kOrders, partition_config(kSelf, config, {}), LogDisk());
    host.partition->make_leader(step, *image.partition(kOrders), image.brokers());
    runtime.on_metadata(host, sums, image, delta.partitions);
  }
  void replicate(int end) {
    FetchRequest::Partition item;
    item.partition = kOrders;
    item.fetch_offset = Offset(end);
    item.log_start_offset = Offset(0);
    host.partition->follower_fetched(step, kFollower, BrokerEpoch(2), item, host.partition->log().log_end(),
                                     image.brokers());
    runtime.complete_appends(host, sums);
  }
  Error append(int n, std::uint64_t token) { return runtime.append(host, kShard, {number(n)}, token); }
  void resign() {
    PartitionChangeRecord moved{kOrders, std::nullopt, kFollower, std::nullopt};
    runtime.on_metadata(host, sums, image, apply(moved).partitions);
  }
};

TEST(CoordinatorRuntime, LoadsByReplayInALaterEvent) {
  Runtime w;
  w.lead();
  EXPECT_EQ(w.append(3, 1), Error::NONE);
  EXPECT_EQ(w.append(4, 2), Error::NONE);
  EXPECT_TRUE(w.timer(kLoadTimer));
  EXPECT_TRUE(w.sums.active.empty());
  w.runtime.on_timer(w.host, w.sums, {kLoadTimer, 0, 0});
  EXPECT_EQ(w.sums.active, std::vector{kShard});
  EXPECT_EQ(w.sums.sums.at(kShard), 7);
  w.runtime.on_timer(w.host, w.sums, {kLoadTimer, 0, 0});  // it is loaded once
  EXPECT_EQ(w.sums.sums.at(kShard), 7);
}

TEST(CoordinatorRuntime, AppendsAreCompleteInLogOrderAsTheHighWatermarkPassesThem) {
  Runtime w;
  w.lead();
  EXPECT_EQ(w.append(3, 1), Error::NONE);
  EXPECT_EQ(w.append(4, 2), Error::NONE);
  w.runtime.complete_appends(w.host, w.sums);
  EXPECT_TRUE(w.sums.completed.empty());
  w.replicate(1);
  EXPECT_EQ(w.sums.completed, std::vector<std::uint64_t>{1});
  w.replicate(2);
  EXPECT_EQ(w.sums.completed, (std::vector<std::uint64_t>{1, 2}));
}

TEST(CoordinatorRuntime, ALostPartitionIsUnloadedAndItsAppendsAreForgotten) {
  Runtime w;
  w.lead();
  EXPECT_EQ(w.append(3, 1), Error::NONE);
  w.resign();
  EXPECT_TRUE(w.sums.sums.empty());
  w.replicate(1);
  EXPECT_TRUE(w.sums.completed.empty());
  w.runtime.on_timer(w.host, w.sums, {kLoadTimer, 0, 0});  // of the load that was cancelled
  EXPECT_TRUE(w.sums.active.empty());
}

TEST(CoordinatorRuntime, AnAppendThatIsRefusedIsNotWaitedFor) {
  Runtime w;
  w.lead();
  w.host.partition.reset();
  EXPECT_EQ(w.append(3, 1), Error::NOT_LEADER_OR_FOLLOWER);
  w.runtime.complete_appends(w.host, w.sums);
  EXPECT_TRUE(w.sums.completed.empty());
}

}  // namespace coordinator_runtime_test
}  // namespace ktrial::model::testing
