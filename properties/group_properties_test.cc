// Goal and method as in properties_test.cc, for consumer groups: each property of a group is fed the facts of a run
// that breaks it and of runs that keep it, with the windows that Kafka leaves open (zombie members and zombie
// coordinators).
#include <gtest/gtest.h>

#include "model/group/classic_group.h"
#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace {

using model::GenerationId;
using model::MemberId;
using model::Nanos;

// Group "g" subscribes to kTp. Its coordinator leads kOffsets; broker 1 does at first. Clients 101 and 102 have the
// member ids 1 and 2. The steps of one story are told to the one judge of `t`.
constexpr model::TopicPartition kOffsets{model::TopicId{9}, model::PartitionIndex{0}};
constexpr int kFirst = 101, kSecond = 102;

class GroupTold {
 public:
  explicit GroupTold(Told& told) : t(told) {}

  void leads(int node, int epoch) {
    model::BecameLeader f;
    f.partition = kOffsets;
    f.leader_epoch = LeaderEpoch{epoch};
    t.fact(node, f);
  }
  void follows(int node, int epoch, int leader) {
    t.fact(node, model::BecameFollower{kOffsets, LeaderEpoch{epoch}, NodeId{leader}});
  }
  void unclean(int leader, int epoch) {
    model::PartitionStateCommitted f;
    f.partition = kOffsets;
    f.leader = NodeId{leader};
    f.leader_epoch = LeaderEpoch{epoch};
    f.leader_changed = f.unclean = true;
    t.fact(Told::kController, f);
  }
  // One record, on the leader and then on those that copy it.
  void write(int leader, int epoch, std::int64_t at, model::CoordinatorRecord record, std::vector<int> copies) {
    model::BatchAppended f;
    f.partition = kOffsets;
    f.batch.base_offset = Offset{at};
    f.batch.partition_leader_epoch = LeaderEpoch{epoch};
    f.batch.record_count = 1;
    f.batch.coordinator_records = std::make_shared<const std::vector<model::CoordinatorRecord>>(1, std::move(record));
    f.by_leader = true;
    t.fact(leader, f);
    f.by_leader = false;
    for (const int node : copies) t.fact(node, f);
  }
  void replicated(int leader, int epoch, std::int64_t end) {
    t.fact(leader, model::HighWatermarkAdvanced{kOffsets, Offset{end}, Offset{end - 1}, LeaderEpoch{epoch}, true});
  }
  void write_commit(int leader, int epoch, std::int64_t at, std::int64_t offset, std::vector<int> copies) {
    write(leader, epoch, at, {model::OffsetCommitRecord{"g", kTp, Offset{offset}, LeaderEpoch{0}, Nanos{0}}},
          std::move(copies));
  }
  void write_generation(int leader, int epoch, std::int64_t at, int generation, std::vector<int> members,
                        std::vector<int> copies) {
    model::GroupMetadataRecord record{"g", GenerationId{generation}, "range", MemberId{members.front()}, {}};
    for (const int m : members) record.members.push_back({MemberId{m}, Nanos{0}, Nanos{0}, {}, {}});
    write(leader, epoch, at, {record}, std::move(copies));
  }
  void answer_commit(int node, std::int64_t offset, int generation, int current, int member = 1) {
    t.fact(node,
           model::OffsetCommitted{"g", GenerationId{generation}, GenerationId{current}, member, kTp, Offset{offset}});
  }
  // Written, replicated to broker 2 and answered NONE, in generation 1, by broker 1.
  void commits(std::int64_t at, std::int64_t offset) {
    write_commit(1, 0, at, offset, {2});
    replicated(1, 0, at + 1);
    answer_commit(1, offset, 1, 1);
  }
  void assigned(int client, int generation) {
    t.fact(client, model::PartitionsAssigned{"g", GenerationId{generation}, {kTp}});
  }
  void revoked(int client, int generation) {
    t.fact(client, model::PartitionsRevoked{"g", GenerationId{generation}, {kTp}, false});
  }
  void fetched(int client, std::int64_t offset) {
    t.fact(client, model::CommittedOffsetFetched{"g", kTp, Offset{offset}});
  }
  void reset(int client, std::int64_t from, std::int64_t to, bool truncation = false) {
    t.fact(client, model::ConsumerPositionReset{kTp, Offset{from}, Offset{to}, truncation});
  }
  void processed(int client, std::int64_t offset, ValueId value = {}) {
    t.fact(client, model::RecordProcessed{"g", kTp, Offset{offset}, value});
  }
  void injected(Injected::Kind kind, int node) { t.injected({kind, NodeId{node}, NodeId{}}); }
  void state(int node, int generation, model::GroupState state, int members = 1) {
    t.fact(node, model::GroupStateChanged{"g", GenerationId{generation}, static_cast<std::uint8_t>(state), members});
  }
  // Client 101 owns the partition in generation 1, began at offset 0 and processed offsets 0 and 1.
  void two_processed() {
    assigned(kFirst, 1);
    fetched(kFirst, -1);
    reset(kFirst, -1, 0);
    processed(kFirst, 0, t.a);
    processed(kFirst, 1, t.b);
  }

 private:
  Told& t;
};

FinishContext quiet_group_end() {
  FinishContext end;
  end.at = model::seconds(200);
  end.faults_ended = true;
  end.since_quiet = model::seconds(105);
  end.partitions.push_back({kTp, NodeId{1}, {NodeId{1}, NodeId{2}}, {NodeId{1}, NodeId{2}}});
  end.groups.push_back(
      {"g", {NodeId{kFirst}, NodeId{kSecond}}, {kTp}, {{NodeId{kFirst}, kTp}}, model::seconds(45), Nanos{0}});
  return end;
}

std::vector<std::string> reasons(const Told& t, const std::string& property) {
  std::vector<std::string> all;
  for (const Violation& v : t.judge.verdict(property).violations) all.push_back(v.reason);
  return all;
}
using Reasons = std::vector<std::string>;

}  // namespace

std::map<std::string, Case> group_cases() {
  return {
      {"one-owner-per-generation",
       {"two owners in a generation",
        [](Told& t) {
          GroupTold g(t);
          g.assigned(kFirst, 1);
          g.assigned(kSecond, 1);
        },
        [](Told& t) {
          GroupTold g(t);
          g.two_processed();
          g.assigned(kSecond, 2);
          g.fetched(kSecond, -1);
          g.reset(kSecond, -1, 0);
          g.processed(kFirst, 2);  // it was paused, and does not know yet
          g.processed(kSecond, 0);
          g.revoked(kFirst, 1);
        }}},
      {"processed-in-order",
       {"gap or repeat",
        [](Told& t) {
          GroupTold g(t);
          g.two_processed();
          g.processed(kFirst, 3);
        },
        [](Told& t) {
          GroupTold g(t);
          g.two_processed();
          g.reset(kFirst, 2, 9);
          g.processed(kFirst, 2);  // poll() had returned it before the reset
          g.processed(kFirst, 9);
          g.processed(kFirst, 10);
        }}},
      {"stale-commit-refused",
       {"stale commit accepted",
        [](Told& t) {
          GroupTold g(t);
          g.two_processed();
          g.answer_commit(1, 1, 1, 2);
        },
        [](Told& t) {
          GroupTold g(t);
          g.two_processed();
          g.write_generation(1, 0, 0, 1, {1, 2}, {2});
          g.answer_commit(1, 1, 1, 1);
          g.state(1, 3, model::GroupState::Empty, 0);
          g.answer_commit(1, 0, -1, 3, -1);  // a simple consumer
        }}},
      {"commit-not-past-processed",
       {"commit past what was processed",
        [](Told& t) {
          GroupTold g(t);
          g.two_processed();
          g.answer_commit(1, 3, 1, 1);
        },
        [](Told& t) {
          GroupTold g(t);
          g.two_processed();
          g.answer_commit(1, 2, 1, 1);
          g.revoked(kFirst, 1);
          g.assigned(kSecond, 2);
          g.answer_commit(1, 2, 1, 1);  // sent before, answered late
        }}},
      {"committed-offset-survives",
       {"committed offset lost",
        [](Told& t) {
          GroupTold g(t);
          g.leads(1, 0);
          g.two_processed();
          g.commits(0, 2);
          g.leads(3, 1);
        },
        [](Told& t) {
          GroupTold g(t);
          g.leads(1, 0);
          g.two_processed();
          g.commits(0, 1);
          g.commits(1, 2);
          g.leads(2, 1);
          g.assigned(kSecond, 2);
          g.fetched(kSecond, 2);
        }}},
      {"acked-records-processed",
       {"record skipped",
        [](Told& t) {
          t.two_acked();
          GroupTold g(t);
          g.assigned(kFirst, 1);
          g.fetched(kFirst, 1);
          g.processed(kFirst, 1, t.b);
          g.state(1, 1, model::GroupState::Stable);
          t.judge.finish(quiet_group_end());
        },
        [](Told& t) {
          t.two_acked();
          GroupTold g(t);
          g.two_processed();
          g.state(1, 1, model::GroupState::Stable);
          t.judge.finish(quiet_group_end());
        }}},
      {"group-eventually-stable",
       {"group not stable",
        [](Told& t) {
          GroupTold(t).state(1, 1, model::GroupState::PreparingRebalance);
          t.judge.finish(quiet_group_end());
        },
        [](Told& t) {
          GroupTold g(t);
          g.state(1, 1, model::GroupState::Stable);
          g.state(2, 1, model::GroupState::Stable);  // the next coordinator
          g.state(1, 1, model::GroupState::PreparingRebalance);
          g.state(1, 1, model::GroupState::Dead);
          t.judge.finish(quiet_group_end());
        }}},
  };
}

namespace {

TEST(GroupOwners, AMemberProcessesOnlyWhatItOwns) {
  Told t;
  GroupTold g(t);
  g.processed(kFirst, 0);
  g.two_processed();
  g.revoked(kFirst, 1);
  g.processed(kFirst, 2);
  g.assigned(kFirst, 2);
  g.injected(Injected::killed, kFirst);
  g.processed(kFirst, 2);
  EXPECT_EQ(reasons(t, "one-owner-per-generation"), Reasons(3, "processed without owning"));
}

TEST(GroupOwners, NobodyElseOwnsItLaterInTheSameGeneration) {
  Told t;
  GroupTold g(t);
  g.assigned(kFirst, 1);
  g.revoked(kFirst, 1);
  g.assigned(kSecond, 1);
  EXPECT_EQ(reasons(t, "one-owner-per-generation"), Reasons{"two owners in a generation"});
}

TEST(GroupOwners, AGenerationComesBackOnlyIfItsRecordWasLostByPermission) {
  for (const bool unclean : {true, false}) {
    Told t;
    GroupTold g(t);
    g.leads(1, 0);
    g.write_generation(1, 0, 0, 1, {1}, {2});
    g.replicated(1, 0, 1);
    g.assigned(kFirst, 1);
    if (unclean) g.unclean(3, 1);
    g.leads(3, 1);
    g.assigned(kSecond, 1);
    EXPECT_EQ(reasons(t, "one-owner-per-generation").size(), unclean ? 0u : 1u);
  }
}

TEST(GroupOrder, ARecordTwiceAndARecordWithoutAPosition) {
  Told t;
  GroupTold g(t);
  g.assigned(kFirst, 1);
  g.processed(kFirst, 0);
  g.processed(kFirst, 0);
  g.revoked(kFirst, 1);
  g.assigned(kFirst, 2);  // may begin where it was before
  g.fetched(kFirst, 0);
  g.processed(kFirst, 0);
  EXPECT_EQ(reasons(t, "processed-in-order"), (Reasons{"processed without a position", "gap or repeat"}));
}

TEST(GroupOrder, ATruncationGoesBackOnceOnly) {
  Told t;
  GroupTold g(t);
  g.two_processed();
  g.reset(kFirst, 2, 1, true);
  g.processed(kFirst, 1);
  EXPECT_EQ(reasons(t, "processed-in-order"), Reasons{});
  g.processed(kFirst, 1);
  EXPECT_EQ(reasons(t, "processed-in-order"), Reasons{"gap or repeat"});
}

TEST(GroupCommits, AStrangerAndACommitWithoutGenerationAreRefused) {
  Told t;
  GroupTold g(t);
  g.two_processed();
  g.write_generation(1, 0, 0, 1, {1, 2}, {2});
  g.answer_commit(1, 1, 1, 1, 3);
  g.answer_commit(1, 1, -1, 1, -1);
  EXPECT_EQ(reasons(t, "stale-commit-refused"),
            (Reasons{"commit of a stranger accepted", "commit without generation accepted"}));
}

TEST(GroupCommits, TheStartingPositionMayBeCommitted) {
  Told t;
  GroupTold g(t);
  g.assigned(kFirst, 1);
  g.fetched(kFirst, 5);
  g.answer_commit(1, 5, 1, 1);
  g.reset(kFirst, 5, 8);
  g.answer_commit(1, 8, 1, 1);
  EXPECT_EQ(reasons(t, "commit-not-past-processed"), Reasons{});
  g.answer_commit(1, 9, 1, 1);
  EXPECT_EQ(reasons(t, "commit-not-past-processed"), Reasons{"commit past what was processed"});
}

TEST(GroupCommits, WhatAnotherMemberProcessedIsNoExcuse) {
  Told t;
  GroupTold g(t);
  g.two_processed();
  g.injected(Injected::killed, kFirst);
  g.assigned(kSecond, 2);
  g.fetched(kSecond, 0);
  g.answer_commit(1, 2, 1, 1);  // of the dead one, still right
  EXPECT_EQ(reasons(t, "commit-not-past-processed"), Reasons{});
  g.answer_commit(1, 2, 2, 2);
  g.answer_commit(1, 2, 3, 3);
  EXPECT_EQ(reasons(t, "commit-not-past-processed"),
            (Reasons{"commit past what was processed", "commit without owner"}));
}

class CommittedOffset : public testing::Test {
 protected:
  // Offsets 1 and then 2 were committed, by broker 1 in epoch 0, and are on broker 2; broker 3 has the first only.
  void SetUp() override {
    g.leads(1, 0);
    g.two_processed();
    g.write_commit(1, 0, 0, 1, {2, 3});
    g.replicated(1, 0, 1);
    g.answer_commit(1, 1, 1, 1);
    g.commits(1, 2);
  }
  void expect(const Reasons& expected) { EXPECT_EQ(reasons(t, "committed-offset-survives"), expected); }
  Told t;
  GroupTold g{t};
};

TEST_F(CommittedOffset, AnOlderOneOrNoneIsNotTheNewest) {
  g.assigned(kSecond, 2);
  g.fetched(kSecond, 1);
  g.fetched(kSecond, -1);
  g.fetched(kSecond, 7);
  expect(Reasons(3, "not the newest committed offset"));
}

TEST_F(CommittedOffset, OneThatWasWrittenLaterMayBeSeenBeforeItsAnswer) {
  g.assigned(kSecond, 2);
  g.write_commit(1, 0, 2, 0, {2});  // goes back: the newest in the log counts, not the highest
  g.fetched(kSecond, 0);
  g.fetched(kSecond, 2);
  expect({});
  g.replicated(1, 0, 3);
  g.answer_commit(1, 0, 1, 1);
  g.assigned(kSecond, 3);
  g.fetched(kSecond, 2);
  expect({"not the newest committed offset"});
}

TEST_F(CommittedOffset, ANewCoordinatorWithoutItIsSeenAtOnce) {
  g.leads(3, 1);
  expect({"committed offset lost"});
  g.assigned(kSecond, 2);
  g.fetched(kSecond, 1);  // the consequence is not told again
  expect({"committed offset lost"});
}

TEST_F(CommittedOffset, AnUncleanElectionPermitsTheLoss) {
  g.unclean(3, 1);
  g.leads(3, 1);
  g.assigned(kSecond, 2);
  g.fetched(kSecond, 1);
  expect({});
  g.fetched(kSecond, -1);  // but not more than the loss
  expect({"not the newest committed offset"});
}

TEST_F(CommittedOffset, ALossOfUnsyncedDataIsPermittedToTheReplicaThatLostIt) {
  t.fact(2, model::UnsyncedDataLost{kOffsets, Offset{1}, Offset{2}});
  g.leads(2, 1);
  g.assigned(kSecond, 2);
  g.fetched(kSecond, 1);
  expect({});
}

TEST_F(CommittedOffset, ALossOfUnsyncedDataElsewherePermitsNothing) {
  t.fact(2, model::UnsyncedDataLost{kOffsets, Offset{1}, Offset{2}});
  g.leads(3, 1);
  expect({"committed offset lost"});
}

TEST_F(CommittedOffset, WhatWasWrittenWithoutAnswerMayBeLost) {
  g.write_commit(1, 0, 2, 3, {});
  g.leads(2, 1);
  g.follows(1, 1, 2);
  g.assigned(kSecond, 2);
  g.fetched(kSecond, 3);
  expect({"not the newest committed offset"});
}

TEST_F(CommittedOffset, ACoordinatorThatDoesNotKnowThatItWasDeposedAnswersFromItsMemory) {
  g.leads(2, 1);
  g.write_commit(2, 1, 2, 5, {3});
  g.replicated(2, 1, 3);
  g.answer_commit(2, 5, 1, 1);
  g.assigned(kSecond, 2);
  g.fetched(kSecond, 2);
  expect({});
  g.fetched(kSecond, 1);  // older than its memory
  expect({"not the newest committed offset"});
}

TEST_F(CommittedOffset, ACoordinatorThatResignedOrDiedIsNoExcuse) {
  for (const bool dies : {true, false}) {
    Told fork = t;
    GroupTold f(fork);
    f.leads(2, 1);
    f.write_commit(2, 1, 2, 5, {3});
    f.replicated(2, 1, 3);
    f.answer_commit(2, 5, 1, 1);
    if (dies)
      f.injected(Injected::killed, 1);
    else
      f.follows(1, 1, 2);
    f.assigned(kSecond, 2);
    f.fetched(kSecond, 2);
    EXPECT_EQ(reasons(fork, "committed-offset-survives"), Reasons{"not the newest committed offset"});
  }
}

TEST_F(CommittedOffset, ARepeatedCommitThatTimedOutIsTheNewestOne) {
  g.write_commit(1, 0, 2, 4, {2});  // answered with an error after offsets.commit.timeout.ms
  g.write_commit(1, 0, 3, 3, {2});
  g.write_commit(1, 0, 4, 4, {2});
  g.replicated(1, 0, 5);
  g.answer_commit(1, 4, 1, 1);
  g.assigned(kSecond, 2);
  g.fetched(kSecond, 3);
  expect({"not the newest committed offset"});
}

// `processed` by group "g" before a quiet end; kTp holds the acknowledged records a and b.
Reasons at_the_end(
    const std::function<void(Told&, GroupTold&)>& processed,
    const std::function<void(FinishContext&)>& change = [](FinishContext&) {}) {
  Told t;
  t.two_acked();
  GroupTold g(t);
  g.state(1, 1, model::GroupState::Stable);
  processed(t, g);
  FinishContext end = quiet_group_end();
  change(end);
  t.judge.finish(end);
  return reasons(t, "acked-records-processed");
}
void nothing(Told&, GroupTold&) {}

TEST(GroupProcessed, ARecordThatNobodyReached) {
  EXPECT_EQ(at_the_end(nothing), Reasons{"record never reached"});
  EXPECT_EQ(at_the_end([](Told& t, GroupTold& g) {
              g.assigned(kFirst, 1);
              g.fetched(kFirst, 0);
              g.processed(kFirst, 0, t.a);
              g.processed(kFirst, 1, t.c);  // another record than the one that was acknowledged
            }),
            Reasons{"record skipped"});
}

TEST(GroupProcessed, WhatACommitSkippedIsNotExcused) {
  EXPECT_EQ(at_the_end([](Told&, GroupTold& g) {
              g.assigned(kFirst, 1);
              g.commits(0, 2);
            }),
            Reasons{"record skipped"});
}

TEST(GroupProcessed, AResetToTheLatestOffsetSkips) {
  EXPECT_EQ(at_the_end([](Told&, GroupTold& g) {
              g.assigned(kFirst, 1);
              g.fetched(kFirst, -1);
              g.reset(kFirst, -1, 2);
            }),
            Reasons{});
  EXPECT_EQ(at_the_end([](Told&, GroupTold& g) {
              g.assigned(kFirst, 1);
              g.fetched(kFirst, -1);
              g.reset(kSecond, -1, 2);  // no member of this group
              g.reset(kFirst, 5, 2, true);
            }),
            Reasons{"record never reached"});
}

TEST(GroupProcessed, ALostRecordIsNotExpected) {
  EXPECT_EQ(at_the_end([](Told& t, GroupTold& g) {
              g.assigned(kFirst, 1);
              g.fetched(kFirst, 0);
              g.processed(kFirst, 0, t.a);
              t.unclean(3, 1);
              t.leads(3, 1);
            }),
            Reasons{});
}

TEST(GroupProcessed, ARecordThatWasReplacedAfterItWasProcessedCounts) {
  EXPECT_EQ(at_the_end([](Told& t, GroupTold& g) {
              g.two_processed();
              g.processed(kFirst, 2, t.c);
              g.assigned(kSecond, 2);
              g.fetched(kSecond, 1);
              g.processed(kSecond, 1, t.c);
            }),
            Reasons{});
}

TEST(GroupProcessed, ANewRecordHasTime) {
  const auto early = [](FinishContext& end) { end.at = model::seconds(100); };  // it was acknowledged within 105 s
  EXPECT_EQ(at_the_end(nothing, early), Reasons{});
}

TEST(GroupLiveness, IsJudgedAfterTwoSessionTimeoutsAndWithALiveMember) {
  EXPECT_EQ(at_the_end(nothing, [](auto& end) { end.since_quiet = model::seconds(104); }), Reasons{});
  EXPECT_EQ(at_the_end(nothing, [](auto& end) { end.faults_ended = false; }), Reasons{});
  EXPECT_EQ(at_the_end(nothing, [](auto& end) { end.down = {NodeId{kFirst}, NodeId{kSecond}}; }), Reasons{});
  EXPECT_EQ(at_the_end(nothing,
                       [](auto& end) {
                         end.down = {NodeId{1}, NodeId{2}};  // all in-sync replicas
                       }),
            Reasons{});
  EXPECT_EQ(at_the_end(nothing, [](auto& end) { end.down = {NodeId{kFirst}}; }), Reasons{"record never reached"});
}

TEST(GroupLiveness, EveryPartitionHasOneLiveOwnerAndTheGroupACoordinator) {
  Told t;
  GroupTold g(t);
  g.state(1, 1, model::GroupState::Stable);
  g.injected(Injected::power_cut, 1);
  FinishContext end = quiet_group_end();
  end.down = {NodeId{kFirst}};
  t.judge.finish(end);
  EXPECT_EQ(reasons(t, "group-eventually-stable"),
            (Reasons{"group without coordinator", "partition without one owner"}));
}

TEST(GroupLiveness, TwoOwnersAtTheEndAreOneTooMany) {
  Told t;
  GroupTold(t).state(1, 1, model::GroupState::Stable);
  FinishContext end = quiet_group_end();
  end.groups[0].owned.emplace_back(NodeId{kSecond}, kTp);
  t.judge.finish(end);
  EXPECT_EQ(reasons(t, "group-eventually-stable"), Reasons{"partition without one owner"});
}

}  // namespace
}  // namespace ktrial::properties
