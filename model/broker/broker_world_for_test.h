// A tiny world of real brokers and controllers for the tests of this room: one fixed delay, kills, cuts, and a client
// played by the test (node 900).
//
// A cut link holds nothing back: what is sent over it is gone, as if its connection never answers. Leaves out: power
// cuts, bandwidth, several clients.
#pragma once

#include <map>
#include <set>
#include <variant>

#include "model/broker/broker_node.h"
#include "model/controller/controller_node.h"
#include "model/remote/remote_storage_node.h"

namespace ktrial::model {

struct BrokerWorld {
  static constexpr Nanos kDelay = milliseconds(1);
  static constexpr NodeId kClient{900};
  static constexpr NodeId kController{100};
  using AnyNode = std::variant<BrokerNode, ControllerNode, RemoteStorageNode>;
  struct Arrival {
    NodeId to;
    enum class What { message, closed, timer } what = What::message;
    ConnectionId connection;
    Message message;
    TimerId timer;
    std::uint64_t version = 0;
  };
  std::map<NodeId, AnyNode> nodes;
  std::map<NodeId, std::int32_t> connection_count;
  std::map<ConnectionId, NodeId> acceptor;  // open connections, by the node that did not open them
  std::multimap<Nanos, Arrival> events;
  std::map<std::pair<NodeId, std::uint64_t>, std::uint64_t> timers;
  std::set<std::pair<NodeId, NodeId>> cut;  // from, to
  std::set<NodeId> exited;
  std::vector<std::pair<NodeId, Fact>> facts;
  std::map<std::int32_t, Message> answers;  // to the client, by correlation id
  std::set<ConnectionId> closed_to_client;
  Nanos now{0};
  std::uint64_t versions = 0;
  std::int32_t correlation = 0;

  explicit BrokerWorld(int brokers, ClusterConfig config = {}) {
    nodes.emplace(kController, ControllerNode(kController, {kController}, config));
    for (int i = 1; i <= brokers; ++i) nodes.emplace(NodeId{i}, BrokerNode(NodeId{i}, {kController}, config));
    if (config.remote_storage.present()) nodes.emplace(config.remote_storage, RemoteStorageNode(config.remote_storage));
    for (auto& [id, node] : nodes) start(id);
  }
  void start(NodeId id) {
    exited.erase(id);
    step(id, [](auto& n, Step& s) { n.start(s); });
  }
  BrokerNode& broker(int id) { return std::get<BrokerNode>(nodes.at(NodeId{id})); }
  ControllerNode& controller() { return std::get<ControllerNode>(nodes.at(kController)); }
  Partition* partition(int id, TopicPartition tp) { return const_cast<Partition*>(broker(id).partition(tp)); }

  template <class F>
  void step(NodeId id, F f) {
    Step s;
    s.self = id;
    s.now = s.wall_clock = now;
    s.next_connection = connection_count[id];
    s.choose_function = [](void*, Choice choice, std::uint32_t about, std::uint64_t low, std::uint64_t high) {
      if (choice == Choice::log_cleaner) return high;  // so that a test may come between two steps
      return choice == Choice::incarnation || choice == Choice::remote_segment ? low + about : low;
    };
    std::visit([&](auto& n) { f(n, s); }, nodes.at(id));
    connection_count[id] = s.next_connection;
    for (Fact& fact : s.facts) facts.emplace_back(id, std::move(fact));
    bool exits = false;
    for (Effect& e : s.effects) {
      if (const auto* o = std::get_if<OpenEffect>(&e)) acceptor[o->connection] = o->peer;
      if (auto* m = std::get_if<SendEffect>(&e)) send(id, m->connection, std::move(m->message));
      if (const auto* c = std::get_if<CloseEffect>(&e)) close(id, c->connection);
      if (const auto* t = std::get_if<SetTimerEffect>(&e)) {
        timers[{id, t->timer.packed()}] = ++versions;
        events.insert({std::max(now, t->deadline), {id, Arrival::What::timer, {}, {}, t->timer, versions}});
      }
      if (const auto* t = std::get_if<CancelTimerEffect>(&e)) timers.erase({id, t->timer.packed()});
      exits = exits || std::holds_alternative<ExitEffect>(e);
    }
    if (!exits) return;
    exited.insert(id);
    kill(id);
  }
  NodeId other_end(NodeId id, ConnectionId c) const { return c.initiator == id ? acceptor.at(c) : c.initiator; }
  void send(NodeId from, ConnectionId c, Message message) {
    if (!acceptor.count(c)) return;
    const NodeId to = other_end(from, c);
    if (to == kClient) {
      answers[message.correlation_id] = std::move(message);
    } else if (!cut.count({from, to})) {
      if (std::visit([](const auto& n) { return n.running(); }, nodes.at(to)))
        events.insert({now + kDelay, {to, Arrival::What::message, c, std::move(message), {}, 0}});
      else
        close(to, c);
    }
  }
  void close(NodeId by, ConnectionId c) {
    if (!acceptor.count(c)) return;
    const NodeId to = other_end(by, c);
    if (to == kClient)
      closed_to_client.insert(c);
    else
      events.insert({now + kDelay, {to, Arrival::What::closed, c, {}, {}, 0}});
    acceptor.erase(c);
  }
  void kill(NodeId id) {
    std::visit([](auto& n) { n.kill(); }, nodes.at(id));
    for (const auto& [c, node] : std::map<ConnectionId, NodeId>(acceptor))
      if (c.initiator == id || node == id) close(id, c);
    std::erase_if(events, [id](const auto& e) { return e.second.to == id; });
  }
  void kill(int id) { kill(NodeId{id}); }
  void start(int id) { start(NodeId{id}); }
  void stop(int id) {
    step(NodeId{id}, [](auto& n, Step& s) { n.on_command(s, CleanStop{}); });
  }
  void isolate(int id, bool on = true) {
    for (const auto& [other, node] : nodes)
      for (const auto& link : {std::pair{NodeId{id}, other}, std::pair{other, NodeId{id}}})
        if (on)
          cut.insert(link);
        else
          cut.erase(link);
  }
  void advance(Nanos by) {
    const Nanos end = now + by;
    while (!events.empty() && events.begin()->first <= end) {
      const Nanos at = events.begin()->first;
      Arrival e = std::move(events.begin()->second);
      events.erase(events.begin());
      now = at;
      if (!std::visit([](const auto& n) { return n.running(); }, nodes.at(e.to))) continue;
      if (e.what == Arrival::What::message && acceptor.count(e.connection))
        step(e.to, [&](auto& n, Step& s) { n.on_message(s, e.connection, std::move(e.message)); });
      if (e.what == Arrival::What::closed) step(e.to, [&](auto& n, Step& s) { n.on_closed(s, e.connection); });
      const auto timer = timers.find({e.to, e.timer.packed()});
      if (e.what == Arrival::What::timer && timer != timers.end() && timer->second == e.version)
        step(e.to, [&](auto& n, Step& s) { n.on_timer(s, e.timer); });
    }
    now = end;
  }
  template <class Done>
  bool until(Done done, Nanos longest = seconds(60)) {
    for (const Nanos end = now + longest; now < end && !done();) advance(milliseconds(10));
    return done();
  }
  template <class F>
  int count(NodeId id) const {
    int n = 0;
    for (const auto& [at, f] : facts) n += at == id && std::holds_alternative<F>(f);
    return n;
  }
  bool probed(Probe probe) const {
    for (const auto& [at, f] : facts)
      if (const auto* p = std::get_if<ProbeHit>(&f); p && p->probe == probe) return true;
    return false;
  }

  // -- the client
  ConnectionId connect(NodeId to) {
    const ConnectionId c{kClient, connection_count[kClient]++};
    acceptor[c] = to;
    return c;
  }
  std::int32_t request(NodeId to, MessageBody body) { return request(connect(to), std::move(body)); }
  std::int32_t request(ConnectionId c, MessageBody body) {
    const NodeId to = acceptor.at(c);
    events.insert({now + kDelay, {to, Arrival::What::message, c, Message{++correlation, std::move(body)}, {}, 0}});
    return correlation;
  }
  template <class Response>
  const Response* answer(std::int32_t id) const {
    const auto it = answers.find(id);
    return it == answers.end() ? nullptr : std::get_if<Response>(&it->second.body);
  }
  template <class Response>
  Response ask(int to, MessageBody body, Nanos wait = milliseconds(200)) {
    const std::int32_t id = request(NodeId{to}, std::move(body));
    advance(wait);
    const Response* r = answer<Response>(id);
    return r ? *r : Response{};
  }
  std::int32_t produce(int to, TopicPartition tp, Acks acks, int value, Nanos timeout = seconds(30)) {
    return request(NodeId{to}, ProduceRequest{acks, timeout, {{tp, batch(value)}}});
  }
  static RecordBatch batch(int value, int timestamp_ms = 0) {
    RecordBatch b;
    b.base_offset = kFirstOffset;
    b.record_count = 1;
    b.size_in_bytes = 100;
    b.max_timestamp = milliseconds(timestamp_ms);
    b.records = std::make_shared<const std::vector<Record>>(
        std::vector<Record>{Record{{}, {}, ValueId{value}, milliseconds(timestamp_ms)}});
    return b;
  }
  Error produced(std::int32_t id) const {
    const auto* r = answer<ProduceResponse>(id);
    return r ? r->partitions.at(0).error : Error::UNKNOWN_SERVER_ERROR;
  }
  void create(std::string name, std::vector<NodeId> replicas,
              std::vector<std::pair<std::string, std::string>> configs = {}) {
    CreateTopicsRequest r;
    r.name = std::move(name);
    r.assignment = {std::move(replicas)};
    r.configs = std::move(configs);
    step(kController, [&](auto& n, Step& s) { n.on_command(s, CreateTopic{r}); });
  }
};

}  // namespace ktrial::model
