// Stories of a classic group: members and coordinator as they are, over a log and a network without faults.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/group/group_test_world.h"

namespace ktrial::model::testing {
namespace group_test {

using Trace = std::vector<std::string>;

World::Member& stable_member(World& w) {
  auto& m = w.member();
  w.poll_all();
  w.advance(seconds(4));
  EXPECT_EQ(m.group.state(), MemberState::STABLE);
  m.trace.clear();
  return m;
}

TEST(GroupCoordinator, PartitionFollowsStringHashCode) {
  GroupCoordinator c{ClusterConfig{}};
  EXPECT_EQ(c.partition_for("abc"), PartitionIndex(96354 % 50));
  EXPECT_EQ(c.partition_for("g"), PartitionIndex(103 % 50));
  EXPECT_EQ(c.partition_for("polygenelubricants"), PartitionIndex(0));  // hashCode is the smallest int
}

TEST(Group, OneMemberGetsEverythingAfterTheInitialDelay) {
  World w;
  auto& m = w.member();
  w.poll_all();
  EXPECT_EQ(w.state(), GroupState::PreparingRebalance);
  w.advance(milliseconds(2999));
  EXPECT_TRUE(m.group.owned().empty());
  w.advance(milliseconds(1));
  EXPECT_EQ(w.state(), GroupState::Stable);
  EXPECT_EQ(m.group.generation(), GenerationId(1));
  EXPECT_EQ(m.group.owned(), (std::vector{orders(0), orders(1)}));
  EXPECT_EQ(m.trace, (Trace{"Join", "Join", "Sync", "assigned", "Fetch"}));
  EXPECT_TRUE(m.group.ready());
}

// Golden trace T11.
TEST(Group, EagerRebalanceCommitsRevokesAndJoins) {
  World w;
  auto& c1 = stable_member(w);
  auto& c2 = w.member();
  w.poll_all();
  EXPECT_EQ(w.state(), GroupState::PreparingRebalance);
  w.advance(seconds(4));
  EXPECT_EQ(c1.trace, (Trace{"Heartbeat", "Commit", "revoked", "Join", "Sync", "assigned", "Fetch"}));
  EXPECT_EQ(c1.group.generation(), GenerationId(2));
  EXPECT_EQ(c2.group.generation(), GenerationId(2));
  EXPECT_EQ(c1.group.owned(), (std::vector{orders(0)}));
  EXPECT_EQ(c2.group.owned(), (std::vector{orders(1)}));
  EXPECT_EQ(w.coordinator.committed("g", orders(1)), Offset(7));
  EXPECT_EQ(c2.fetched.at(0).offset, Offset(7));
}

TEST(Group, SilentMemberLosesItsSessionAndTheOtherGetsAll) {
  World w;
  auto& c1 = stable_member(w);
  auto& c2 = w.member();
  w.poll_all();
  w.advance(seconds(5));
  c1.silent = true;
  w.advance(seconds(60));
  EXPECT_EQ(w.state(), GroupState::Stable);
  EXPECT_EQ(c2.group.owned().size(), 2u);
  // Back again, it hears UNKNOWN_MEMBER_ID: what it had is lost, not revoked, and it joins as somebody new.
  const MemberId old = c1.group.member();
  c1.trace.clear();
  c1.silent = false;
  w.advance(seconds(10));
  EXPECT_NE(std::find(c1.trace.begin(), c1.trace.end(), "lost"), c1.trace.end());
  EXPECT_NE(c1.group.member(), old);
  EXPECT_EQ(c1.group.state(), MemberState::STABLE);
}

TEST(Group, CommitOfAnOlderGenerationIsRefusedUnlessTheVariantLetsItPass) {
  for (const bool checked : {true, false}) {
    ClusterConfig config;
    if (!checked) config.variants.set(Variant::offset_commit);
    World w(config);
    auto& m = stable_member(w);
    const OffsetCommitRequest stale{"g", GenerationId(0), m.group.member(), {{orders(0), Offset(3), LeaderEpoch(0)}}};
    EXPECT_EQ(w.ask<OffsetCommitResponse>(stale).error, checked ? Error::ILLEGAL_GENERATION : Error::NONE);
    EXPECT_EQ(w.coordinator.committed("g", orders(0)), checked ? Offset() : Offset(3));
    EXPECT_TRUE(std::ranges::any_of(w.broker.facts, [&](const Fact& f) {
      const auto* c = std::get_if<OffsetCommitted>(&f);
      return checked ? std::holds_alternative<OffsetCommitRefused>(f)
                     : c && c->generation == GenerationId(0) && c->current_generation == GenerationId(1);
    }));
  }
}

TEST(Group, CommitThatIsNotReplicatedInTimeIsAnsweredButMayStillCount) {
  World w;
  auto& m = stable_member(w);
  w.broker.hold = true;
  const OffsetCommitRequest commit{"g", GenerationId(1), m.group.member(), {{orders(0), Offset(3), LeaderEpoch(0)}}};
  EXPECT_EQ(w.ask<OffsetCommitResponse>(commit).error, Error::REQUEST_TIMED_OUT);  // parked
  EXPECT_EQ(w.coordinator.committed("g", orders(0)), Offset());
  w.set_now(w.now + seconds(5));
  w.coordinator.on_timer(w.broker, {group_timer::append, 0, 2});  // 1 was the group's own record
  ASSERT_EQ(w.broker.replies.size(), 1u);
  EXPECT_EQ(std::get<OffsetCommitResponse>(w.broker.replies[0].second).error, Error::COORDINATOR_NOT_AVAILABLE);
  w.coordinator.on_append_complete(w.broker, 2, Error::NONE);
  EXPECT_EQ(w.broker.replies.size(), 1u);
  EXPECT_EQ(w.coordinator.committed("g", orders(0)), Offset(3));
}

TEST(Group, FailoverReplaysTheLogAndMembersStay) {
  World w;
  auto& m = stable_member(w);
  m.group.commit(m);
  w.settle();
  EXPECT_EQ(m.commit_result, Error::NONE);
  w.coordinator.on_resigned(w.broker, w.shard);
  EXPECT_EQ(w.ask<HeartbeatResponse>(HeartbeatRequest{"g", GenerationId(1), m.group.member()}).error,
            Error::NOT_COORDINATOR);
  w.coordinator.on_load_started(w.shard, LeaderEpoch(1));
  EXPECT_EQ(w.ask<OffsetFetchResponse>(OffsetFetchRequest{"g", {orders(0)}}).error,
            Error::COORDINATOR_LOAD_IN_PROGRESS);
  w.coordinator.on_elected(w.broker, w.shard, LeaderEpoch(1), w.broker.log);
  EXPECT_EQ(w.state(), GroupState::Stable);
  EXPECT_EQ(w.coordinator.committed("g", orders(1)), Offset(7));
  w.advance(seconds(60));
  EXPECT_EQ(m.group.generation(), GenerationId(1));
  EXPECT_EQ(m.group.owned().size(), 2u);
}

TEST(Group, ParkedRequestsHearOfTheResignation) {
  World w;
  auto& m = w.member();
  w.poll_all();
  w.coordinator.on_resigned(w.broker, w.shard);
  ASSERT_EQ(w.broker.replies.size(), 1u);
  EXPECT_EQ(std::get<JoinGroupResponse>(w.broker.replies[0].second).error, Error::NOT_COORDINATOR);
  EXPECT_FALSE(m.group.ready());
}

TEST(Group, MemberThatDoesNotPollLeaves) {
  World w;
  auto& m = stable_member(w);
  w.advance(seconds(310), false);
  EXPECT_EQ(w.state(), GroupState::Empty);
  EXPECT_EQ(m.group.owned().size(), 2u);  // the application does not know yet
  w.poll_all();
  EXPECT_TRUE(m.group.owned().empty());
  EXPECT_NE(std::find(m.trace.begin(), m.trace.end(), "lost"), m.trace.end());
}

TEST(Group, AnswerToAnOlderGenerationIsIgnored) {
  World w;
  auto& m = stable_member(w);
  m.group.on_timer(m, {membership_timer::heartbeat, 0, 0});
  ASSERT_EQ(w.requests.size(), 1u);
  const auto token = w.requests.front().token;
  w.requests.clear();
  auto& other = w.member();
  w.poll_all();
  m.group.on_coordinator_lost(m);  // forgets the heartbeat
  w.advance(seconds(10));
  EXPECT_EQ(m.group.generation(), GenerationId(2));
  m.group.on_response(m, token, HeartbeatResponse{Error::ILLEGAL_GENERATION});
  EXPECT_EQ(m.group.generation(), GenerationId(2));
  EXPECT_EQ(other.group.state(), MemberState::STABLE);
}

TEST(Group, MemberThatClosesHandsItsPartitionsOver) {
  World w;
  auto& c1 = w.member();
  auto& c2 = w.member();
  w.poll_all();
  w.advance(seconds(7));  // the second join extended the initial delay
  EXPECT_EQ(c1.group.owned().size(), 1u);
  EXPECT_EQ(c2.group.owned().size(), 1u);
  c1.group.close(c1);
  w.advance(seconds(10));
  EXPECT_EQ(c2.group.owned().size(), 2u);
}

TEST(Group, MemberThatDoesNotSyncIsDropped) {
  World w;
  JoinGroupRequest join{"g", seconds(45), seconds(60), {}, "range", {kOrders}};
  const auto first = w.ask<JoinGroupResponse>(join);
  EXPECT_EQ(first.error, Error::MEMBER_ID_REQUIRED);
  join.member = first.member;
  EXPECT_EQ(w.ask<JoinGroupResponse>(join).error, Error::REQUEST_TIMED_OUT);  // parked
  w.coordinator.on_timer(w.broker, {group_timer::join, 0, 0});
  EXPECT_EQ(w.state(), GroupState::CompletingRebalance);
  w.coordinator.on_timer(w.broker, {group_timer::pending_sync, 0, 0});
  EXPECT_EQ(w.state(), GroupState::Empty);
  EXPECT_EQ(w.coordinator.find("g")->generation(), GenerationId(2));
}

}  // namespace group_test
}  // namespace ktrial::model::testing
