// A tiny world for the tests of this room: controllers, a fixed delay, cuts, and brokers played by the test.
#pragma once

#include <map>
#include <set>

#include "model/choice_for_test.h"
#include "model/controller/controller_node.h"

namespace ktrial::model {

struct Pump {
  static constexpr Nanos kDelay = milliseconds(1);
  struct Event {
    NodeId to;
    int what;
    ConnectionId connection;
    Message message;
    TimerId timer;
    std::uint64_t version = 0;
  };
  std::map<NodeId, ControllerNode> nodes;
  std::map<NodeId, std::int32_t> connections;
  std::map<ConnectionId, NodeId> acceptor;
  std::multimap<Nanos, Event> events;
  std::map<std::pair<NodeId, std::uint64_t>, std::uint64_t> timers;
  std::set<NodeId> down;
  std::set<NodeId> exited;  // by themselves
  std::vector<std::pair<NodeId, Fact>> facts;
  std::vector<Message> inbox;  // answers to the test's brokers
  struct Asked {
    NodeId broker;
    ConnectionId connection;
    Message message;
  };
  std::vector<Asked> asked;  // what the test's brokers are asked
  ClusterConfig config;
  Nanos now{0};
  std::uint64_t version = 0;
  std::int32_t correlation = 0;

  explicit Pump(int count, ClusterConfig c = {}) : config(c) {
    std::vector<NodeId> voters;
    for (int i = 0; i < count; ++i) voters.push_back(NodeId{100 + i});
    for (const NodeId v : voters) nodes.emplace(v, ControllerNode(v, voters, config));
    for (const NodeId v : voters) run(v, [](auto& n, Step& s) { n.start(s); });
  }
  template <class F>
  void run(NodeId id, F f) {
    Step step;
    step.self = id;
    step.now = step.wall_clock = now;
    step.next_connection = connections[id];
    step.choose_context = &step.self;
    step.choose_function = &hashed_choice;
    f(nodes.at(id), step);
    connections[id] = step.next_connection;
    for (Fact& fact : step.facts) facts.emplace_back(id, fact);
    for (Effect& e : step.effects) {
      if (std::holds_alternative<ExitEffect>(e)) exited.insert(id);
      if (auto* o = std::get_if<OpenEffect>(&e)) acceptor[o->connection] = o->peer;
      if (auto* s = std::get_if<SendEffect>(&e)) {
        if (!acceptor.count(s->connection)) {
          inbox.push_back(s->message);
          continue;
        }
        const NodeId to = s->connection.initiator == id ? acceptor[s->connection] : s->connection.initiator;
        if (!nodes.count(to)) {
          asked.push_back({to, s->connection, s->message});
          continue;
        }
        if (!down.count(to) && !down.count(id))
          events.insert({now + kDelay, {to, 0, s->connection, s->message, {}, 0}});
      }
      if (auto* t = std::get_if<SetTimerEffect>(&e)) {
        timers[{id, t->timer.packed()}] = ++version;
        events.insert({std::max(now, t->deadline), {id, 1, {}, {}, t->timer, version}});
      }
    }
  }
  void advance(Nanos by) {
    const Nanos end = now + by;
    while (!events.empty() && events.begin()->first <= end) {
      const auto at = events.begin()->first;
      const Event e = events.begin()->second;
      events.erase(events.begin());
      now = at;
      if (!nodes.at(e.to).running()) continue;
      if (e.what == 0 && !down.count(e.to))
        run(e.to, [&](auto& n, Step& s) { n.on_message(s, e.connection, Message(e.message)); });
      if (e.what == 1 && timers[{e.to, e.timer.packed()}] == e.version)
        run(e.to, [&](auto& n, Step& s) { n.on_timer(s, e.timer); });
    }
    now = end;
  }
  void restart(NodeId id) {
    nodes.at(id).kill();
    run(id, [](auto& n, Step& s) { n.start(s); });
  }
  NodeId active() {
    for (auto& [id, n] : nodes)
      if (!down.count(id) && !exited.count(id) && n.is_active()) return id;
    return {};
  }
  ControllerNode& leader() { return nodes.at(active()); }
  // Sends to `to` on a connection of the test's own, waits, gives the answer.
  template <class Response, class Request>
  Response ask(NodeId to, Request request, Nanos wait = milliseconds(200)) {
    inbox.clear();
    run(to, [&](auto& n, Step& s) { n.on_message(s, ConnectionId{NodeId{999}, 7}, Message{++correlation, request}); });
    advance(wait);
    for (const Message& m : inbox)
      if (m.correlation_id == correlation && std::holds_alternative<Response>(m.body))
        return std::get<Response>(m.body);
    if constexpr (requires(Response r) { r.error = Error(-99); })
      return Response{Error(-99)};
    else
      return Response{};
  }
  template <class F>
  int count() const {
    int n = 0;
    for (const auto& [id, f] : facts) n += std::holds_alternative<F>(f);
    return n;
  }
};

}  // namespace ktrial::model
