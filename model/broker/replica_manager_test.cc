// The replica manager by itself: what waits, what lets it go, what it asks of the controller. Method: metadata by hand
// and a host that is a real disk, a real request channel and a link that remembers.
#include "model/broker/replica_manager.h"

#include <gtest/gtest.h>

#include "model/broker/fake_hosts_for_test.h"

namespace ktrial::model::testing {
namespace replica_manager_test {

struct Replicas : FakeBroker {
  struct Host final : ReplicaManagerHost {
    using ReplicaManagerHost::ReplicaManagerHost;
    bool stopping = false;
    std::vector<TopicPartition> configured;
    std::vector<DirectoryId> assigned;
    BrokerEpoch broker_epoch() const override { return BrokerEpoch(1); }
    bool shutting_down() const override { return stopping; }
    void load_log(TopicPartition, LogDisk&&) override {}
    void on_log_configured(TopicPartition tp) override { configured.push_back(tp); }
    void assign_directory(TopicPartition, DirectoryId actual) override { assigned.push_back(actual); }
  };
  LogManager logs;
  RemoteLogManager remote;
  RequestChannel requests;
  ReplicaManager replicas{config};
  Host host{step, config, image, machine, logs, remote, controller, requests};
  std::int32_t connections = 0;

  explicit Replicas(std::size_t directories = 1) : FakeBroker(directories), logs(directories) {
    replicas.start(host, IncarnationId(1));
    replicas.apply_delta(host, replicas.first_publication(image));
    settle();
  }
  void lead(std::vector<NodeId> replicas_of = {kSelf, kFollower}) {
    replicas.apply_delta(host, create("orders", std::move(replicas_of)));
    settle();
  }
  void settle() {
    while (replicas.take_changes()) replicas.complete_delayed(host);
    replicas.send(host);
  }
  ConnectionId ask(MessageBody body) {
    const ConnectionId connection{NodeId(900), connections++};
    requests.received(connection, Message{1, std::move(body)});
    const auto taken = requests.take(step);
    EXPECT_TRUE(taken && replicas.on_request(host, taken->connection, taken->message));
    settle();
    return connection;
  }
  void produce(Acks acks = Acks::all) { ask(ProduceRequest{acks, seconds(30), {{kOrders, batch()}}}); }
  void fetch(int offset, NodeId replica, Nanos wait = seconds(1)) {
    FetchRequest request;
    request.replica_id = replica;
    if (replica.present()) request.replica_epoch = BrokerEpoch(replica.value);
    request.max_wait = wait;
    FetchRequest::Partition item;
    item.partition = kOrders;
    item.current_leader_epoch = LeaderEpoch(0);
    item.fetch_offset = Offset(offset);
    item.log_start_offset = Offset(0);
    request.partitions = {item};
    ask(request);
  }
};

TEST(ReplicaManager, ProduceWithAcksAllWaitsForTheFollower) {
  Replicas w;
  w.lead();
  w.produce();
  EXPECT_TRUE(w.answers<ProduceResponse>().empty());
  w.fetch(1, FakeBroker::kFollower);
  ASSERT_EQ(w.answers<ProduceResponse>().size(), 1u);
  EXPECT_EQ(w.answers<ProduceResponse>().front().partitions.front().error, Error::NONE);
  w.produce(Acks::leader);
  EXPECT_EQ(w.answers<ProduceResponse>().size(), 2u);
}

TEST(ReplicaManager, ParkedProduceIsAnsweredWhenItsTimeIsOver) {
  Replicas w;
  w.lead();
  w.produce();
  w.replicas.on_timer(w.host, {kDelayedProduceTimer, 0, 1});
  ASSERT_EQ(w.answers<ProduceResponse>().size(), 1u);
  EXPECT_EQ(w.answers<ProduceResponse>().front().partitions.front().error, Error::REQUEST_TIMED_OUT);
}

TEST(ReplicaManager, ParkedFetchIsAnsweredByAnAppend) {
  Replicas w;
  w.lead();
  w.fetch(0, FakeBroker::kFollower);
  EXPECT_TRUE(w.answers<FetchResponse>().empty());
  w.produce();
  ASSERT_EQ(w.answers<FetchResponse>().size(), 1u);
  EXPECT_EQ(w.answers<FetchResponse>().front().partitions.front().batches.size(), 1u);
}

TEST(ReplicaManager, IsrShrinkGoesToTheControllerOverItsLine) {
  Replicas w;
  w.lead();
  w.produce();
  w.step.now += seconds(31);
  w.replicas.on_timer(w.host, {kIsrShrinkTimer, 0, 0});
  w.settle();
  const auto* request = w.controller.last<AlterPartitionRequest>();
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(w.controller.sent.back().first, ControllerLine::alter_partition);
  ASSERT_EQ(request->partitions.size(), 1u);
  EXPECT_EQ(request->partitions.front().new_isr.size(), 1u);
  // A lost connection is waited for, and the same proposal goes out again.
  w.controller.busy = false;
  w.replicas.on_alter_partition_loss(w.host, ControllerLoss::closed);
  w.settle();
  EXPECT_EQ(w.controller.sent.size(), 1u);
  EXPECT_EQ(w.timer(kAlterPartitionTimer), w.step.now + kAlterPartitionRetry);
  w.replicas.on_timer(w.host, {kAlterPartitionTimer, 0, 0});
  w.settle();
  EXPECT_EQ(w.controller.sent.size(), 2u);
}

TEST(ReplicaManager, FollowerFetchesFromItsLeaderUntilItIsDeleted) {
  Replicas w;
  w.replicas.apply_delta(w.host, w.create("orders", {FakeBroker::kSelf, FakeBroker::kFollower}, FakeBroker::kFollower));
  w.settle();
  EXPECT_EQ(w.answers<FetchRequest>().size(), 1u);
  w.produce();
  EXPECT_EQ(w.answers<ProduceResponse>().front().partitions.front().error, Error::NOT_LEADER_OR_FOLLOWER);
  w.replicas.apply_delta(w.host, w.apply(RemoveTopicRecord{FakeBroker::kOrders.topic}));
  w.settle();
  EXPECT_EQ(w.replicas.find(FakeBroker::kOrders), nullptr);
  EXPECT_EQ(w.facts<ReplicaDeleted>().size(), 1u);
}

TEST(ReplicaManager, ReplicasOfAFailedDirectoryAreGivenUp) {
  Replicas w(2);
  w.lead({FakeBroker::kSelf});
  w.machine.health[0].write_fails = true;
  w.produce(Acks::leader);
  EXPECT_EQ(w.answers<ProduceResponse>().back().partitions.front().error, Error::KAFKA_STORAGE_ERROR);
  w.replicas.on_directory_failure(w.host, 0);
  w.settle();
  EXPECT_EQ(w.replicas.find(FakeBroker::kOrders), nullptr);
  EXPECT_EQ(w.facts<ReplicaOffline>().size(), 1u);
  EXPECT_TRUE(w.machine.disk.logs.contains(FakeBroker::kOrders));
  w.produce(Acks::leader);
  EXPECT_EQ(w.answers<ProduceResponse>().back().partitions.front().error, Error::KAFKA_STORAGE_ERROR);
}

}  // namespace replica_manager_test
}  // namespace ktrial::model::testing
