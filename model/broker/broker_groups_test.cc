// Groups over the real wiring: brokers, a controller and members, all with their own logic, only the wire is the
// test's. What is looked at is what members and the coordinator said to each other, and what facts they stated.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/broker/cluster_for_test.h"
#include "model/broker/group_coordinator_service.h"

namespace ktrial::model::testing {
namespace broker_groups_test {

bool stable(TestCluster& c, std::initializer_list<NodeId> members) {
  return std::all_of(members.begin(), members.end(), [&](NodeId id) {
    const auto* m = c.client(id).group_consumer();
    return m && m->membership() && m->membership()->ready();
  });
}
Offset committed(TestCluster& c, TopicPartition tp) {
  const auto answer = c.ask<OffsetFetchResponse>(c.coordinator(), OffsetFetchRequest{"g", {tp}});
  return answer.offsets.empty() ? Offset() : answer.offsets[0].offset;
}

TEST(BrokerGroups, FirstFindCoordinatorCreatesTheOffsetsTopic) {
  TestCluster c;
  EXPECT_FALSE(c.coordinator().present());
  EXPECT_EQ(c.ask<FindCoordinatorResponse>(NodeId(1), FindCoordinatorRequest{"g"}).error,
            Error::COORDINATOR_NOT_AVAILABLE);
  EXPECT_EQ(c.ask<FindCoordinatorResponse>(NodeId(2), FindCoordinatorRequest{"g"}).error, Error::NONE);
  const auto found = c.ask<FindCoordinatorResponse>(NodeId(3), FindCoordinatorRequest{"g"});
  EXPECT_EQ(found.coordinator, c.coordinator());
  EXPECT_EQ(c.ask<FindCoordinatorResponse>(NodeId(3), FindCoordinatorRequest{""}).error, Error::INVALID_GROUP_ID);
  const auto topics = c.all<TopicCreated>();
  EXPECT_EQ(std::count_if(topics.begin(), topics.end(), [](const auto& t) { return t.name == kOffsetsTopic; }), 1);
  EXPECT_EQ(c.count<GroupCoordinatorLoaded>(), 1u);
}

// The replica placer counts every registered broker; a fenced one gets its replicas, but is not in the ISR.
TEST(BrokerGroups, TopicIsCreatedAlsoWhileABrokerIsFenced) {
  TestCluster c;
  c.kill(NodeId(3));
  c.advance(seconds(12));  // its session is over
  EXPECT_EQ(c.ask<FindCoordinatorResponse>(NodeId(1), FindCoordinatorRequest{"g"}).error,
            Error::COORDINATOR_NOT_AVAILABLE);
  const MetadataImage& image = *std::get<BrokerNode>(c.nodes.at(NodeId(1))).image();
  const auto* partition = image.partition({image.topic_id(kOffsetsTopic), PartitionIndex(0)});
  ASSERT_NE(partition, nullptr);
  EXPECT_EQ(partition->replicas.back(), NodeId(3));
  EXPECT_EQ(partition->isr.size(), 2u);
  EXPECT_TRUE(c.coordinator().present());
  c.start(NodeId(3));
  EXPECT_TRUE(c.until([&] {
    return image.partition({image.topic_id(kOffsetsTopic), PartitionIndex(0)})->isr.size() == 3;
  }));
}

// T11: C1 owns both partitions, C2 joins, and C1 hears of it by its heartbeat.
TEST(BrokerGroups, GoldenTraceEagerRebalance) {
  TestCluster c;
  const NodeId c1 = c.join();
  ASSERT_TRUE(c.until([&] { return stable(c, {c1}); }));
  EXPECT_EQ(c.membership(c1).owned().size(), 2u);
  c.advance(seconds(2));
  const std::size_t from_message = c.delivered.size();
  const std::size_t from_fact = c.facts.size();
  const NodeId c2 = c.join();
  ASSERT_TRUE(c.until([&] { return stable(c, {c1, c2}) && c.membership(c1).owned().size() == 1; }));
  std::string trace;
  const auto told = [&](NodeId id) { return id == c1 ? "C1" : id == c2 ? "C2" : "coordinator"; };
  for (std::size_t i = from_message; i < c.delivered.size(); ++i) {
    const auto& d = c.delivered[i];
    const auto append = [&](const std::string& what) {
      trace += std::string(told(d.from)) + " -> " + told(d.to) + ": " + what + "\n";
    };
    if (std::holds_alternative<JoinGroupRequest>(d.message.body)) append("JoinGroup");
    if (const auto* r = std::get_if<JoinGroupResponse>(&d.message.body))
      append(r->error == Error::NONE ? "generation " + std::to_string(r->generation.value)
                                     : std::string(name(r->error)));
    if (const auto* r = std::get_if<HeartbeatResponse>(&d.message.body); r && r->error != Error::NONE)
      append(std::string(name(r->error)));
    if (std::holds_alternative<OffsetCommitRequest>(d.message.body)) append("OffsetCommit");
    if (const auto* r = std::get_if<SyncGroupRequest>(&d.message.body))
      append(r->assignments.empty() ? "SyncGroup" : "SyncGroup with the assignment");
    if (const auto* r = std::get_if<SyncGroupResponse>(&d.message.body))
      append(std::to_string(r->assignment.size()) + " partition");
  }
  const std::string before_sync = trace.substr(0, trace.find("C1 -> coordinator: SyncGroup"));
  EXPECT_EQ(before_sync.substr(0, before_sync.find("C2 -> coordinator: SyncGroup")),
            "C2 -> coordinator: JoinGroup\n"
            "coordinator -> C2: MEMBER_ID_REQUIRED\n"
            "C2 -> coordinator: JoinGroup\n"
            "coordinator -> C1: REBALANCE_IN_PROGRESS\n"
            "C1 -> coordinator: OffsetCommit\n"
            "C1 -> coordinator: JoinGroup\n"
            "coordinator -> C1: generation 2\n"
            "coordinator -> C2: generation 2\n")
      << trace;
  EXPECT_NE(trace.find("SyncGroup with the assignment\n"), std::string::npos) << trace;
  EXPECT_NE(trace.find("coordinator -> C1: 1 partition\n"), std::string::npos) << trace;
  EXPECT_NE(trace.find("coordinator -> C2: 1 partition\n"), std::string::npos) << trace;
  // What C1 had was revoked before anybody was assigned anything.
  std::string order;
  for (std::size_t i = from_fact; i < c.facts.size(); ++i) {
    if (std::holds_alternative<PartitionsRevoked>(c.facts[i].fact)) order += "revoked ";
    if (std::holds_alternative<PartitionsAssigned>(c.facts[i].fact)) order += "assigned ";
  }
  EXPECT_EQ(order, "revoked assigned assigned ");
}

TEST(BrokerGroups, FailoverKeepsCommittedOffsetsAndGeneration) {
  TestCluster c;
  c.produce(20, 0);
  const NodeId member = c.join();
  ASSERT_TRUE(c.until([&] { return c.count<RecordProcessed>(member) == 20; }));
  c.advance(seconds(2));  // the next auto-commit
  const NodeId before = c.coordinator();
  EXPECT_EQ(committed(c, c.orders(0)), Offset(20));
  const GenerationId generation = c.membership(member).generation();
  c.kill(before);
  ASSERT_TRUE(c.until([&] { return c.coordinator() != before && c.coordinator().present(); }));
  ASSERT_TRUE(c.until([&] { return c.count<GroupCoordinatorLoaded>(c.coordinator()) == 1; }));
  EXPECT_EQ(committed(c, c.orders(0)), Offset(20));
  c.advance(seconds(20));
  EXPECT_EQ(c.membership(member).generation(), generation);
  EXPECT_EQ(c.membership(member).state(), MemberState::STABLE);
  EXPECT_EQ(c.count<PartitionsRevoked>(), 0u);
}

TEST(BrokerGroups, LoadingCoordinatorSaysSo) {
  TestCluster c;
  const NodeId member = c.join();
  ASSERT_TRUE(c.until([&] { return stable(c, {member}); }));
  const NodeId before = c.coordinator();
  c.kill(before);
  ASSERT_TRUE(c.until([&] { return c.coordinator() != before && c.coordinator().present(); }));
  c.advance(milliseconds(2));
  const NodeId now = c.coordinator();
  if (c.count<GroupCoordinatorLoaded>(now) > 0) GTEST_SKIP() << "loaded within two milliseconds";
  EXPECT_EQ(c.ask<OffsetFetchResponse>(now, OffsetFetchRequest{"g", {c.orders(0)}}, Nanos(0)).error,
            Error::COORDINATOR_LOAD_IN_PROGRESS);
  ASSERT_TRUE(c.until([&] { return c.count<GroupCoordinatorLoaded>(now) == 1; }, seconds(1)));
  EXPECT_EQ(c.ask<OffsetFetchResponse>(now, OffsetFetchRequest{"g", {c.orders(0)}}).error, Error::NONE);
}

TEST(BrokerGroups, OldCoordinatorDoesNotAnswerForTheGroup) {
  TestCluster c;
  const NodeId member = c.join();
  ASSERT_TRUE(c.until([&] { return stable(c, {member}); }));
  for (int id = 1; id <= 3; ++id)
    if (NodeId(id) != c.coordinator()) {
      const HeartbeatRequest beat{"g", c.membership(member).generation(), c.membership(member).member()};
      EXPECT_EQ(c.ask<HeartbeatResponse>(NodeId(id), beat).error, Error::NOT_COORDINATOR);
    }
}

TEST(BrokerGroups, CommitOfAStaleGenerationIsRefused) {
  TestCluster c;
  const NodeId c1 = c.join();
  ASSERT_TRUE(c.until([&] { return stable(c, {c1}); }));
  const GenerationId old = c.membership(c1).generation();
  const NodeId c2 = c.join();
  ASSERT_TRUE(c.until([&] { return stable(c, {c1, c2}) && c.membership(c1).generation() != old; }));
  const OffsetCommitRequest stale{"g", old, c.membership(c1).member(), {{c.orders(0), Offset(9), LeaderEpoch(0)}}};
  EXPECT_EQ(c.ask<OffsetCommitResponse>(c.coordinator(), stale).error, Error::ILLEGAL_GENERATION);
  EXPECT_NE(committed(c, c.orders(0)), Offset(9));
  const auto refused = c.all<OffsetCommitRefused>();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].error, Error::ILLEGAL_GENERATION);
}

TEST(BrokerGroups, CommitIsAnsweredWhenTheFollowersHaveIt) {
  TestCluster c;
  const NodeId member = c.join();
  ASSERT_TRUE(c.until([&] { return stable(c, {member}); }));
  const NodeId coordinator = c.coordinator();
  for (int id = 1; id <= 3; ++id)
    if (NodeId(id) != coordinator) c.pause(NodeId(id));
  const OffsetCommitRequest commit{"g",
                                   c.membership(member).generation(),
                                   c.membership(member).member(),
                                   {{c.orders(0), Offset(5), LeaderEpoch(0)}}};
  EXPECT_EQ(c.ask<OffsetCommitResponse>(coordinator, commit, seconds(1)).error, Error::REQUEST_TIMED_OUT);
  for (int id = 1; id <= 3; ++id) c.resume(NodeId(id));
  c.advance(seconds(1));
  const auto commits = c.all<OffsetCommitted>(coordinator);
  EXPECT_TRUE(std::any_of(commits.begin(), commits.end(), [](const auto& f) { return f.offset == Offset(5); }));
}

TEST(BrokerGroups, CommitWithoutEnoughReplicasIsRefusedAndTheMemberTriesAgain) {
  ClusterConfig config = TestCluster::small_config();
  config.topic_defaults.min_insync_replicas = 2;
  config.replica_lag_time_max = seconds(2);
  TestCluster c(config);
  const NodeId member = c.join();
  ASSERT_TRUE(c.until([&] { return stable(c, {member}); }));
  const NodeId coordinator = c.coordinator();
  for (int id = 1; id <= 3; ++id)
    if (NodeId(id) != coordinator) c.pause(NodeId(id));
  c.advance(seconds(8));
  EXPECT_GE(c.count<OffsetCommitRefused>(coordinator), 1u);
  const auto before = c.count<OffsetCommitted>();
  for (int id = 1; id <= 3; ++id) c.resume(NodeId(id));
  c.advance(seconds(30));
  EXPECT_GT(c.count<OffsetCommitted>(), before);
}

TEST(BrokerGroups, BrokerWithoutGroupsIsAskedNothing) {
  TestCluster c;
  c.produce(20, 0);
  c.advance(seconds(20));
  EXPECT_EQ(c.count<GroupCoordinatorLoaded>(), 0u);
  EXPECT_EQ(c.count<ProbeHit>(), 0u);
}

}  // namespace broker_groups_test
}  // namespace ktrial::model::testing
