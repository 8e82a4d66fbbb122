// Test support: one log of __consumer_offsets, a coordinator on it, and members, joined by direct calls in FIFO order.
// Time stands still but for advance(), which fires due timers in order of deadline.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "model/group/group_coordinator.h"
#include "model/group/group_membership.h"

namespace ktrial::model::testing {

inline const TopicId kOrders{1};
inline TopicPartition orders(int p) { return {kOrders, PartitionIndex(p)}; }

struct World {
  struct Member : MembershipHost {
    Member(World& w, int n) : world(w), connection{NodeId(100 + n), 0} { s.self = NodeId(100 + n); }
    Step& step() override { return s; }
    void find_coordinator() override { finding = true; }
    void send_to_coordinator(std::uint32_t token, MessageBody body) override {
      trace.push_back(api(body));
      world.requests.push_back({this, token, std::move(body)});
    }
    std::int32_t partition_count(TopicId) override { return 2; }
    std::vector<CommittedOffset> positions_to_commit() override {
      std::vector<CommittedOffset> out;
      for (auto p : group.owned()) out.push_back({p, Offset(7), LeaderEpoch(0)});
      return out;
    }
    void on_assigned(const std::vector<TopicPartition>&) override { trace.push_back("assigned"); }
    void on_revoked(const std::vector<TopicPartition>&, bool lost) override {
      trace.push_back(lost ? "lost" : "revoked");
    }
    void on_committed_offsets(const std::vector<CommittedOffset>& o) override { fetched = o; }
    void on_commit_result(const std::vector<CommittedOffset>&, Error e) override { commit_result = e; }
    static std::string api(const MessageBody& b) {
      if (std::holds_alternative<JoinGroupRequest>(b)) return "Join";
      if (std::holds_alternative<SyncGroupRequest>(b)) return "Sync";
      if (std::holds_alternative<HeartbeatRequest>(b)) return "Heartbeat";
      if (std::holds_alternative<OffsetCommitRequest>(b)) return "Commit";
      if (std::holds_alternative<OffsetFetchRequest>(b)) return "Fetch";
      return "Leave";
    }
    World& world;
    ConnectionId connection;
    Step s;
    GroupMembership group{"g", {kOrders}, ConsumerConfig{}};
    bool finding = false;
    bool silent = false;  // its timers do not fire: a stopped process
    std::vector<std::string> trace;
    std::vector<CommittedOffset> fetched;
    Error commit_result = Error::UNKNOWN_SERVER_ERROR;
    std::map<TimerId, Nanos> timers;
  };
  struct Broker : GroupHost {
    Step s;
    std::vector<std::pair<std::int32_t, MessageBody>> replies;
    std::vector<RecordBatch> log;
    std::vector<std::pair<std::uint64_t, Error>> completions;
    Error append_error = Error::NONE;
    bool hold = false;
    std::map<TimerId, Nanos> timers;
    std::vector<Fact> facts;
    Step& step() override { return s; }
    void reply(ConnectionId, std::int32_t correlation, MessageBody body) override {
      replies.push_back({correlation, std::move(body)});
    }
    Error append(PartitionIndex, std::vector<CoordinatorRecord> records, std::uint64_t token) override {
      if (append_error != Error::NONE) return append_error;
      RecordBatch batch;
      batch.coordinator_records = std::make_shared<const std::vector<CoordinatorRecord>>(std::move(records));
      log.push_back(batch);
      if (!hold) completions.push_back({token, Error::NONE});
      return Error::NONE;
    }
  };
  struct Request {
    Member* from;
    std::uint32_t token;
    MessageBody body;
  };

  Nanos now{0};
  ClusterConfig config;
  Broker broker;
  GroupCoordinator coordinator{config};
  PartitionIndex shard = coordinator.partition_for("g");
  std::vector<std::unique_ptr<Member>> members;
  std::deque<Request> requests;
  std::map<std::int32_t, std::pair<Member*, std::uint32_t>> waiting;
  std::int32_t correlation = 0;

  World() { coordinator.on_elected(broker, shard, LeaderEpoch(0), std::vector<RecordBatch>{}); }
  explicit World(ClusterConfig c) : config(std::move(c)) {
    coordinator.on_elected(broker, shard, LeaderEpoch(0), std::vector<RecordBatch>{});
  }
  Member& member() {
    members.push_back(std::make_unique<Member>(*this, static_cast<int>(members.size())));
    members.back()->s.now = now;
    return *members.back();
  }
  template <class H>
  void absorb(H& h) {
    for (const Effect& e : h.s.effects) {
      if (const auto* set = std::get_if<SetTimerEffect>(&e)) h.timers[set->timer] = set->deadline;
      if (const auto* cancel = std::get_if<CancelTimerEffect>(&e)) h.timers.erase(cancel->timer);
    }
    h.s.effects.clear();
  }
  void settle() {
    for (bool busy = true; busy;) {
      busy = false;
      absorb(broker);
      broker.facts.insert(broker.facts.end(), broker.s.facts.begin(), broker.s.facts.end());
      broker.s.facts.clear();
      for (auto& m : members) {
        absorb(*m);
        if (m->finding) {
          m->finding = false;
          m->group.on_coordinator_found(*m, Error::NONE);
          busy = true;
        }
      }
      if (!requests.empty()) {
        busy = true;
        Request r = std::move(requests.front());
        requests.pop_front();
        waiting[++correlation] = {r.from, r.token};
        coordinator.on_request(broker, r.from->connection, correlation, r.body);
      } else if (!broker.completions.empty()) {
        busy = true;
        auto [token, error] = broker.completions.front();
        broker.completions.erase(broker.completions.begin());
        coordinator.on_append_complete(broker, token, error);
      } else if (!broker.replies.empty()) {
        busy = true;
        auto [id, body] = std::move(broker.replies.front());
        broker.replies.erase(broker.replies.begin());
        auto [to, token] = waiting[id];
        waiting.erase(id);
        if (to) to->group.on_response(*to, token, body);
      }
    }
  }
  void set_now(Nanos t) {
    now = broker.s.now = t;
    for (auto& m : members) m->s.now = t;
  }
  void advance(Nanos by, bool polling = true) {
    const Nanos end = now + by;
    while (true) {
      settle();
      Nanos next = end + Nanos(1);
      Member* whose = nullptr;
      TimerId timer;
      for (const auto& [id, at] : broker.timers)
        if (at < next) next = at, timer = id;
      for (auto& m : members)
        for (const auto& [id, at] : m->timers)
          if (!m->silent && at < next) next = at, timer = id, whose = m.get();
      if (next > end) break;
      set_now(std::max(now, next));
      if (whose) {
        whose->timers.erase(timer);
        whose->group.on_timer(*whose, timer);
      } else {
        broker.timers.erase(timer);
        coordinator.on_timer(broker, timer);
      }
      settle();
      if (polling) poll_all();
    }
    set_now(end);
  }
  void poll_all() {
    for (auto& m : members)
      if (!m->silent) m->group.poll(*m);
    settle();
  }
  GroupState state() { return coordinator.find("g")->state(); }
  // A request outside of any member; its answer.
  template <class Response, class RequestBody>
  Response ask(RequestBody request) {
    settle();
    coordinator.on_request(broker, ConnectionId{NodeId(999), 0}, 1 << 20, request);
    for (auto [token, error] : std::exchange(broker.completions, {}))
      coordinator.on_append_complete(broker, token, error);
    Response found;
    found.error = Error::REQUEST_TIMED_OUT;  // not answered yet
    std::erase_if(broker.replies, [&](auto& r) {
      if (r.first != 1 << 20) return false;
      found = std::get<Response>(r.second);
      return true;
    });
    settle();
    return found;
  }
};

}  // namespace ktrial::model::testing
