#include <gtest/gtest.h>

#include "model/controller/pump_for_test.h"
#include "model/probes.h"
#include "model/quorum/metadata_observer.h"

namespace ktrial::model {
namespace quorum_test {

TEST(Quorum, ThreeVotersElectOneLeaderWhichCommits) {
  Pump p(3);
  p.advance(seconds(5));
  EXPECT_EQ(p.count<QuorumLeaderElected>(), 1);
  const NodeId leader = p.active();
  ASSERT_TRUE(leader.present());
  for (auto& [id, n] : p.nodes) {
    EXPECT_EQ(n.quorum().leader(), leader);
    EXPECT_GT(n.quorum().high_watermark(), Offset{3});
  }
}

TEST(Quorum, SingleVoterLeadsAtOnceAndARestartTakesANewEpoch) {
  Pump p(1);
  EXPECT_TRUE(p.active().present());
  const QuorumEpoch before = p.leader().quorum().epoch();
  p.restart(NodeId{100});
  EXPECT_GT(p.leader().quorum().epoch(), before);
}

TEST(Quorum, CheckQuorumDeposesAnIsolatedLeaderAndItsTailIsTruncated) {
  Pump p(3);
  p.advance(seconds(5));
  const NodeId old = p.active();
  p.down.insert(old);
  p.advance(seconds(10));
  EXPECT_EQ(p.count<QuorumResigned>() > 0, true);
  ASSERT_TRUE(p.active().present());
  EXPECT_NE(p.active(), old);
  p.down.clear();
  p.advance(seconds(10));
  EXPECT_GT(p.count<MetadataTruncated>(), 0);
  EXPECT_TRUE(p.exited.empty());  // no fatal fault
  Offset low{1 << 30}, high{0};
  for (auto& [id, n] : p.nodes) {
    low = std::min(low, n.quorum().high_watermark());
    high = std::max(high, n.quorum().high_watermark());
  }
  EXPECT_LE(high - low, 2);
}

// The leader dies; a follower's fetch times out, it stands for the next epoch and wins, writes the epoch's first
// record, and leads as a controller once a majority has fetched that. Only then does anything of the epoch count as
// committed.
TEST(GoldenTrace, T6_KRaftFailover) {
  Pump p(3);
  p.advance(seconds(5));
  const NodeId dead = p.active();
  const QuorumEpoch before = p.leader().quorum().epoch();
  QuorumEpoch now = before;  // both followers may stand for the next one and try again
  const Nanos died = p.now;
  p.facts.clear();
  p.down.insert(dead);
  p.advance(seconds(4));
  std::vector<std::string> trace;
  Offset first;
  NodeId elected;
  for (const auto& [node, fact] : p.facts) {
    if (node == dead) continue;
    if (const auto* vote = std::get_if<VoteGranted>(&fact)) {
      if (trace.empty() || trace.back() != "vote") trace.push_back("vote");
      EXPECT_GT(vote->epoch, before);
      now = vote->epoch;
    } else if (const auto* leader = std::get_if<QuorumLeaderElected>(&fact)) {
      EXPECT_EQ(leader->epoch, now);
      first = leader->log_end_offset;
      elected = node;
      trace.push_back("elected");
    } else if (const auto* append = std::get_if<MetadataAppended>(&fact);
               append && append->batch.base_offset == first) {
      EXPECT_EQ(append->batch.epoch, now);
      trace.push_back(node == elected ? "leader appends" : "follower copies");
    } else if (const auto* committed = std::get_if<MetadataCommitted>(&fact);
               committed && node == elected && committed->high_watermark > first && trace.back() != "committed") {
      trace.push_back("committed");
    }
  }
  EXPECT_EQ(trace, (std::vector<std::string>{"vote", "elected", "leader appends", "follower copies", "committed"}));
  EXPECT_EQ(p.active(), elected);
  EXPECT_LE(p.now - died, seconds(4));  // fetch timeout 2 s, then an election
}

VoteResponse vote_after_restart(bool forgets) {
  ClusterConfig c;
  if (forgets) c.variants.set(Variant::vote);
  Pump p(3, c);
  const auto request = [](int candidate) {
    return VoteRequest{NodeId{candidate}, NodeId{100}, QuorumEpoch{7}, QuorumEpoch{3}, Offset{9}};
  };
  EXPECT_TRUE(p.ask<VoteResponse>(NodeId{100}, request(101), Nanos(0)).vote_granted);
  EXPECT_FALSE(p.ask<VoteResponse>(NodeId{100}, request(102), Nanos(0)).vote_granted);
  p.restart(NodeId{100});
  return p.ask<VoteResponse>(NodeId{100}, request(102), Nanos(0));
}

TEST(Quorum, AVoteSurvivesARestart) { EXPECT_FALSE(vote_after_restart(false).vote_granted); }
TEST(Quorum, VariantVolatileVoteIsForgotten) { EXPECT_TRUE(vote_after_restart(true).vote_granted); }

// One voter (100 of 100, 101, 102) without any network: what it asks of the world and sends is in the step.
struct Voter {
  QuorumConfig config;
  QuorumNode node{NodeId{100}, {NodeId{100}, NodeId{101}, NodeId{102}}, config, {}};
  QuorumDisk disk;
  Step step;
  std::uint64_t bound = 0;   // of the last election backoff
  std::uint64_t answer = 0;  // what the world chooses for it
  std::int32_t connection = 0;
  Voter() {
    step.self = NodeId{100};
    step.choose_context = this;
    step.choose_function = [](void* c, Choice choice, std::uint32_t, std::uint64_t low, std::uint64_t high) {
      auto& self = *static_cast<Voter*>(c);
      if (choice != Choice::election_backoff) return low;
      self.bound = high;
      return self.answer;
    };
  }
  // Lets the last timer of `kind` run out; the deadline it had, from now.
  Nanos fire(std::uint16_t kind) {
    SetTimerEffect last{};
    for (const Effect& e : step.effects)
      if (const auto* t = std::get_if<SetTimerEffect>(&e); t && t->timer.kind == kind) last = *t;
    const Nanos waited = last.deadline - step.now;
    step.now = last.deadline;
    step.effects.clear();
    node.on_timer(step, disk, last.timer);
    return waited;
  }
  template <class Request>
  void receive(Request request) {
    node.on_message(step, disk, ConnectionId{NodeId{101}, 1}, Message{++connection, request});
  }
  template <class Response>
  std::optional<Response> answered() {
    std::optional<Response> found;
    for (const Effect& e : step.effects)
      if (const auto* m = std::get_if<SendEffect>(&e))
        if (const auto* r = std::get_if<Response>(&m->message.body)) found = *r;
    return found;
  }
  template <class Request>
  std::vector<Message> sent() {
    std::vector<Message> found;
    for (const Effect& e : step.effects)
      if (const auto* m = std::get_if<SendEffect>(&e))
        if (std::holds_alternative<Request>(m->message.body)) found.push_back(m->message);
    return found;
  }
  void become_leader() {
    node.start(step, disk);
    fire(100);
    ASSERT_EQ(node.role(), QuorumNode::Role::Candidate);
    for (const Effect& e : std::vector<Effect>(step.effects))
      if (const auto* m = std::get_if<SendEffect>(&e))
        if (std::holds_alternative<VoteRequest>(m->message.body))
          node.on_message(step, disk, m->connection,
                          Message{m->message.correlation_id, VoteResponse{Error::NONE, {}, node.epoch(), true}});
    ASSERT_TRUE(node.is_leader());
  }
};

TEST(Quorum, ElectionBackoffIsARandomMultipleOf100msWithADoublingBound) {
  Voter v;
  v.node.start(v.step, v.disk);
  v.fire(100);
  v.answer = 1;
  for (const std::uint64_t bound : {1u, 3u, 7u, 15u}) {
    ASSERT_EQ(v.node.role(), QuorumNode::Role::Candidate);
    v.fire(100);  // the election times out
    EXPECT_EQ(v.bound, bound);
    if (bound == 15) v.answer = 0;
    EXPECT_EQ(v.fire(100), milliseconds(100));
  }
  v.answer = 15;
  v.fire(100);
  EXPECT_EQ(v.fire(100), milliseconds(1000));  // controller.quorum.election.backoff.max.ms
  // Another epoch ends the row of tries.
  v.receive(BeginQuorumEpochRequest{NodeId{101}, QuorumEpoch{20}});
  v.fire(100);
  v.fire(100);
  EXPECT_EQ(v.bound, 1u);
}

TEST(Quorum, ACandidateThatLearnsOfANewerEpochKeepsWhatIsLeftOfItsTimeout) {
  Voter v;
  v.node.start(v.step, v.disk);
  v.fire(100);
  v.step.now += milliseconds(400);
  v.receive(VoteRequest{NodeId{101}, NodeId{999}, QuorumEpoch{9}, QuorumEpoch{0}, Offset{0}});
  EXPECT_EQ(v.node.role(), QuorumNode::Role::Unattached);
  EXPECT_EQ(v.fire(100), milliseconds(600));
  // A follower draws a new timeout; what was left of its fetch timeout is no election timeout.
  v.receive(BeginQuorumEpochRequest{NodeId{101}, QuorumEpoch{20}});
  v.receive(VoteRequest{NodeId{101}, NodeId{999}, QuorumEpoch{21}, QuorumEpoch{0}, Offset{0}});
  EXPECT_EQ(v.fire(100), milliseconds(1000));
}

TEST(Quorum, VoteIsCheckedInKafkasOrder) {
  Voter v;
  v.node.start(v.step, v.disk);
  const auto vote = [&](int epoch, int last_epoch, int voter) {
    v.step.effects.clear();
    v.receive(VoteRequest{NodeId{101}, NodeId{voter}, QuorumEpoch{epoch}, QuorumEpoch{last_epoch}, Offset{0}});
    return *v.answered<VoteResponse>();
  };
  EXPECT_EQ(vote(3, 3, 999).error, Error::INVALID_REQUEST);
  EXPECT_EQ(v.node.epoch(), QuorumEpoch{0});
  EXPECT_EQ(vote(3, 2, 999).error, Error::INVALID_VOTER_KEY);
  EXPECT_EQ(v.node.epoch(), QuorumEpoch{3});  // the epoch counts although the vote is for another
  EXPECT_EQ(vote(2, 2, 999).error, Error::FENCED_LEADER_EPOCH);
  EXPECT_TRUE(vote(3, 2, 100).vote_granted);
  EXPECT_TRUE(vote(3, 2, 100).vote_granted);  // the same candidate again
}

TEST(Quorum, OnlyAnAnsweredFetchPutsOffAFollowersElection) {
  Voter v;
  v.node.start(v.step, v.disk);
  v.receive(BeginQuorumEpochRequest{NodeId{101}, QuorumEpoch{5}});
  v.step.now += milliseconds(1500);
  v.receive(BeginQuorumEpochRequest{NodeId{101}, QuorumEpoch{5}});
  EXPECT_EQ(v.answered<BeginQuorumEpochResponse>()->error, Error::NONE);
  EXPECT_EQ(v.fire(100), milliseconds(500));
  EXPECT_EQ(v.node.role(), QuorumNode::Role::Candidate);
}

bool probed(const Step& step, Probe probe) {
  for (const Fact& fact : step.facts)
    if (const auto* hit = std::get_if<ProbeHit>(&fact); hit && hit->probe == probe) return true;
  return false;
}

bool exits(const Step& step) {
  return std::any_of(step.effects.begin(), step.effects.end(),
                     [](const Effect& e) { return std::holds_alternative<ExitEffect>(e); });
}

// What a sound quorum never does ends the process instead of the log.
TEST(Quorum, TwoLeadersOfOneEpochEndTheVoter) {
  Voter v;
  v.become_leader();
  v.receive(BeginQuorumEpochRequest{NodeId{101}, v.node.epoch()});
  EXPECT_TRUE(probed(v.step, Probe::two_quorum_leaders));
  EXPECT_TRUE(exits(v.step));
}

MetadataBatch one_record(int offset, QuorumEpoch epoch) {
  return {Offset(offset), epoch, std::make_shared<std::vector<MetadataRecord>>(1, NoOpRecord{})};
}

TEST(Quorum, ALeaderThatDivergesBelowTheHighWatermarkEndsTheVoter) {
  Voter v;
  v.node.start(v.step, v.disk);
  const QuorumEpoch epoch{5};
  v.receive(BeginQuorumEpochRequest{NodeId{101}, epoch});
  const auto answer = [&](QuorumFetchResponse r) {
    SendEffect asked;
    for (const Effect& e : v.step.effects)
      if (const auto* m = std::get_if<SendEffect>(&e))
        if (std::holds_alternative<QuorumFetchRequest>(m->message.body)) asked = *m;
    v.step.effects.clear();
    r.leader_epoch = epoch;
    r.leader = NodeId{101};
    v.node.on_message(v.step, v.disk, asked.connection, Message{asked.message.correlation_id, r});
  };
  QuorumFetchResponse records;
  records.high_watermark = Offset{2};
  records.batches = {one_record(0, epoch), one_record(1, epoch)};
  answer(records);
  EXPECT_EQ(v.node.high_watermark(), Offset{2});
  QuorumFetchResponse diverging;
  diverging.diverging_end_offset = Offset{1};
  diverging.diverging_epoch = epoch;
  answer(diverging);
  EXPECT_TRUE(probed(v.step, Probe::quorum_truncated_below_high_watermark));
  EXPECT_TRUE(exits(v.step));
}

TEST(Quorum, EveryVoterIsToldOfTheLeaderAgainEachHalfFetchTimeout) {
  Voter v;
  v.become_leader();
  EXPECT_EQ(v.sent<BeginQuorumEpochRequest>().size(), 2u);
  for (const Effect& e : std::vector<Effect>(v.step.effects))
    if (const auto* m = std::get_if<SendEffect>(&e))
      if (std::holds_alternative<BeginQuorumEpochRequest>(m->message.body))
        v.node.on_message(
            v.step, v.disk, m->connection,
            Message{m->message.correlation_id, BeginQuorumEpochResponse{Error::NONE, NodeId{100}, v.node.epoch()}});
  EXPECT_EQ(v.fire(103), milliseconds(1000));
  EXPECT_EQ(v.sent<BeginQuorumEpochRequest>().size(), 2u);
}

TEST(Quorum, AFormerLeaderBootsAsResignedAndNamesNoSuccessor) {
  Voter v;
  v.disk.state.write_and_sync({QuorumEpoch{4}, NodeId{100}, NodeId{100}});
  v.node.start(v.step, v.disk);
  EXPECT_EQ(v.node.role(), QuorumNode::Role::Resigned);
  const auto told = v.sent<EndQuorumEpochRequest>();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_TRUE(std::get<EndQuorumEpochRequest>(told[0].body).preferred_successors.empty());
}

TEST(Quorum, SuccessorsStartInTheirOrder) {
  const auto wait = [](std::vector<NodeId> successors) {
    Voter v;
    v.node.start(v.step, v.disk);
    v.receive(BeginQuorumEpochRequest{NodeId{101}, QuorumEpoch{5}});
    v.receive(EndQuorumEpochRequest{NodeId{101}, QuorumEpoch{5}, std::move(successors)});
    return v.fire(100);
  };
  EXPECT_EQ(wait({NodeId{100}, NodeId{102}}), milliseconds(0));
  EXPECT_EQ(wait({NodeId{102}, NodeId{100}}), milliseconds(500));
  EXPECT_EQ(wait({NodeId{102}, NodeId{103}, NodeId{100}}), milliseconds(500));
  EXPECT_EQ(wait({NodeId{102}, NodeId{103}}), milliseconds(1000));
  EXPECT_EQ(wait({}), milliseconds(0));
}

TEST(Quorum, AVoterThatLostItsDiskIsCountedFromWhereItIsNow) {
  Voter v;
  v.become_leader();
  const auto fetch = [&](int from, int offset, int last_epoch) {
    v.step.effects.clear();
    v.receive(QuorumFetchRequest{NodeId{from}, v.node.epoch(), Offset{offset}, QuorumEpoch{last_epoch}, Nanos(0)});
  };
  fetch(101, 1, 1);
  EXPECT_EQ(v.node.high_watermark(), Offset{1});
  v.node.append(v.step, v.disk, {NoOpRecord{}});
  v.fire(102);
  fetch(101, 2, 1);
  EXPECT_EQ(v.node.high_watermark(), Offset{2});
  fetch(101, 0, -1);
  v.node.append(v.step, v.disk, {NoOpRecord{}});
  v.fire(102);
  EXPECT_EQ(v.node.high_watermark(), Offset{2});  // never back, and nothing new without the majority
  fetch(102, 3, 1);
  EXPECT_EQ(v.node.high_watermark(), Offset{3});
}

TEST(Quorum, AStoppingLeaderWaitsForItsSuccessorAndStartsNoElection) {
  Pump p(3);
  p.advance(seconds(5));
  const NodeId old = p.active();
  p.run(old, [](auto& n, Step& s) { n.on_command(s, CleanStop{}); });
  EXPECT_EQ(p.exited.count(old), 0u);
  p.advance(seconds(1));
  EXPECT_EQ(p.exited.count(old), 1u);
  ASSERT_TRUE(p.active().present());
  EXPECT_NE(p.active(), old);
}

TEST(Quorum, ABrokerThatLosesTheLeadersConnectionAsksAnotherVoter) {
  Step step;
  step.self = NodeId{1};
  step.choose_function = [](void*, Choice, std::uint32_t, std::uint64_t, std::uint64_t high) { return high; };
  MetadataObserver broker(NodeId{1}, {NodeId{100}, NodeId{101}, NodeId{102}}, QuorumConfig{});
  std::map<NodeId, ConnectionId> connections;
  const auto last_asked = [&] {
    NodeId node;
    for (const Effect& e : step.effects) {
      if (const auto* o = std::get_if<OpenEffect>(&e)) connections[o->peer] = o->connection;
      if (const auto* m = std::get_if<SendEffect>(&e))
        for (const auto& [peer, c] : connections)
          if (c == m->connection) node = peer;
    }
    return node;
  };
  const auto last_correlation = [&] {
    std::int32_t id = -1;
    for (const Effect& e : step.effects)
      if (const auto* m = std::get_if<SendEffect>(&e)) id = m->message.correlation_id;
    return id;
  };
  broker.start(step);
  EXPECT_EQ(last_asked(), NodeId{102});
  QuorumFetchResponse hint;
  hint.error = Error::NOT_LEADER_OR_FOLLOWER;
  hint.leader = NodeId{100};
  hint.leader_epoch = QuorumEpoch{1};
  broker.on_message(step, connections[NodeId{102}], Message{last_correlation(), hint});
  EXPECT_EQ(last_asked(), NodeId{100});
  step.now += milliseconds(100);
  broker.on_closed(step, connections[NodeId{100}]);
  EXPECT_EQ(last_asked(), NodeId{102});
  EXPECT_EQ(broker.leader(), NodeId{100});  // still the leader as far as is known

  // Nor does silence unseat it: the broker asks others, and sends its heartbeats to it as before.
  broker.on_message(step, connections[NodeId{102}], Message{last_correlation(), hint});
  step.now += milliseconds(100);
  broker.on_timer(step, TimerId{120, 0, 102});
  EXPECT_EQ(last_asked(), NodeId{100});
  step.now += QuorumConfig{}.fetch_timeout;
  broker.on_timer(step, TimerId{121});
  EXPECT_EQ(last_asked(), NodeId{102});
  EXPECT_EQ(broker.leader(), NodeId{100});
}

// The records are gone for good, and the broker has applied them: it can only say so.
TEST(Quorum, ABrokerSaysThatTheQuorumTookBackWhatItHasApplied) {
  Step step;
  step.self = NodeId{1};
  step.choose_function = [](void*, Choice, std::uint32_t, std::uint64_t, std::uint64_t high) { return high; };
  const NodeId leader{102};
  const QuorumEpoch epoch{1};
  MetadataObserver broker(NodeId{1}, {NodeId{100}, NodeId{101}, leader}, QuorumConfig{});
  const auto answer = [&](QuorumFetchResponse r) {
    SendEffect asked;
    for (const Effect& e : step.effects)
      if (const auto* m = std::get_if<SendEffect>(&e)) asked = *m;
    step.effects.clear();
    r.leader_epoch = epoch;
    r.leader = leader;
    broker.on_message(step, asked.connection, Message{asked.message.correlation_id, r});
  };
  broker.start(step);
  answer({});
  QuorumFetchResponse records;
  records.high_watermark = Offset{2};
  records.batches = {one_record(0, epoch), one_record(1, epoch)};
  answer(records);
  EXPECT_EQ(broker.take_committed().size(), 2u);
  QuorumFetchResponse diverging;
  diverging.diverging_end_offset = Offset{1};
  diverging.diverging_epoch = epoch;
  answer(diverging);
  EXPECT_TRUE(probed(step, Probe::observer_truncated_below_high_watermark));
}

TEST(Quorum, EndOfEpochFindsTheLargestNotAbove) {
  const auto one = std::make_shared<const std::vector<MetadataRecord>>(std::vector<MetadataRecord>{NoOpRecord{}});
  const std::vector<MetadataBatch> log{{Offset{0}, QuorumEpoch{1}, one}, {Offset{1}, QuorumEpoch{3}, one}};
  EXPECT_EQ(end_of_epoch(log, QuorumEpoch{2}).end, Offset{1});
  EXPECT_EQ(end_of_epoch(log, QuorumEpoch{2}).epoch, QuorumEpoch{1});
  EXPECT_EQ(end_of_epoch(log, QuorumEpoch{0}).end, Offset{0});
}

}  // namespace quorum_test
}  // namespace ktrial::model
