// A whole cluster for the tests of this room: controllers, brokers and clients joined by a wire with a fixed delay.
//
// Messages of one connection arrive in order. A kill closes the node's connections at once, a pause keeps everything
// that is for the node until it resumes. Undetermined values are hashes of who asks and what for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "model/broker/broker_node.h"
#include "model/broker/log_config.h"
#include "model/choice_for_test.h"
#include "model/clients/client_node.h"
#include "model/controller/controller_node.h"

namespace ktrial::model::testing {

struct TestCluster {
  static constexpr Nanos kDelay = milliseconds(1);
  using Role = std::variant<ControllerNode, BrokerNode, ClientNode>;
  enum class What : std::uint8_t { message, closed, timer };
  struct Event {
    NodeId to;
    What what = What::message;
    ConnectionId connection;
    Message message;
    TimerId timer;
    std::uint64_t version = 0;
  };
  struct Told {
    Nanos at;
    NodeId node;
    Fact fact;
  };
  struct Delivered {
    NodeId from, to;
    Message message;
  };

  ClusterConfig config;
  std::map<NodeId, Role> nodes;
  std::map<NodeId, std::int32_t> opened;
  std::map<ConnectionId, NodeId> acceptors;  // of open connections
  std::multimap<Nanos, Event> events;
  std::map<std::pair<NodeId, std::uint64_t>, std::uint64_t> timers;
  std::set<NodeId> paused;
  std::vector<Told> facts;
  std::vector<Delivered> delivered;
  std::vector<Message> inbox;  // answers to the test itself
  Nanos now{0};
  std::uint64_t version = 0;
  std::int32_t correlation = 0;
  std::int32_t next_client = 100;

  static constexpr NodeId kTest{999};

  // Three brokers 1..3, one controller 4, and topic `orders` with two partitions on all brokers.
  explicit TestCluster(ClusterConfig c = small_config()) : config(std::move(c)) {
    const std::vector<NodeId> voters{NodeId(4)};
    nodes.emplace(NodeId(4), ControllerNode(NodeId(4), voters, config));
    for (int id = 1; id <= 3; ++id) nodes.emplace(NodeId(id), BrokerNode(NodeId(id), voters, config));
    for (const auto& [id, role] : nodes) start(id);
    CreateTopicsRequest orders;
    orders.name = "orders";
    orders.assignment = {{NodeId(1), NodeId(2), NodeId(3)}, {NodeId(2), NodeId(3), NodeId(1)}};
    command(NodeId(4), CreateTopic{orders});
    advance(seconds(5));
  }
  static ClusterConfig small_config() {
    ClusterConfig c;
    c.offsets_topic_num_partitions = 1;
    c.group_initial_rebalance_delay = Nanos(0);
    return c;
  }

  // ---- Nodes
  BrokerNode& broker(int id) { return std::get<BrokerNode>(nodes.at(NodeId(id))); }
  ClientNode& client(NodeId id) { return std::get<ClientNode>(nodes.at(id)); }
  const GroupMembership& membership(NodeId id) { return *client(id).group_consumer()->membership(); }
  NodeId add_client(ClientSpec spec) {
    const NodeId id(next_client++);
    nodes.emplace(id, ClientNode(id, {NodeId(1), NodeId(2), NodeId(3)}, std::move(spec)));
    start(id);
    return id;
  }
  NodeId produce(std::int64_t count, int partition, Nanos interval = milliseconds(1)) {
    ProducerSpec spec;
    spec.workload.topic = "orders";
    spec.workload.count = count;
    spec.workload.interval = interval;
    spec.workload.partition = partition;
    spec.workload.producer_index = next_client;
    return add_client(std::move(spec));
  }
  static GroupMemberSpec member_spec() {
    GroupMemberSpec spec;
    spec.group = "g";
    spec.topics = {"orders"};
    spec.config.auto_offset_reset = OffsetReset::earliest;
    spec.config.session_timeout = seconds(6);
    spec.config.heartbeat_interval = seconds(1);
    spec.config.auto_commit_interval = seconds(1);
    return spec;
  }
  NodeId join(GroupMemberSpec spec = member_spec()) { return add_client(std::move(spec)); }

  void start(NodeId id) {
    act(id, [](auto& n, Step& s) { n.start(s); });
  }
  void command(NodeId id, const Command& c) {
    act(id, [&](auto& n, Step& s) { n.on_command(s, c); });
  }
  void kill(NodeId id) {
    std::visit([](auto& n) { n.kill(); }, nodes.at(id));
    std::vector<ConnectionId> gone;
    for (const auto& [connection, acceptor] : acceptors)
      if (connection.initiator == id || acceptor == id) gone.push_back(connection);
    for (ConnectionId connection : gone) close(connection, id);
    std::erase_if(timers, [&](const auto& t) { return t.first.first == id; });
    std::erase_if(events, [&](const auto& e) { return e.second.to == id; });
    paused.erase(id);
  }
  void pause(NodeId id) { paused.insert(id); }
  void resume(NodeId id) {
    paused.erase(id);
    std::vector<Event> late;
    std::erase_if(events, [&](auto& e) {
      if (e.second.to != id || e.first >= now) return false;
      late.push_back(std::move(e.second));
      return true;
    });
    for (Event& e : late) events.emplace(now, std::move(e));
  }
  bool running(NodeId id) {
    return std::visit([](const auto& n) { return n.running(); }, nodes.at(id));
  }

  // ---- Time
  void advance(Nanos by) {
    const Nanos end = now + by;
    for (;;) {
      auto it = events.begin();
      while (it != events.end() && paused.contains(it->second.to)) ++it;
      if (it == events.end() || it->first > end) break;
      now = std::max(now, it->first);
      const Event e = std::move(it->second);
      events.erase(it);
      deliver(e);
    }
    now = end;
  }
  bool until(const std::function<bool()>& done, Nanos limit = seconds(60)) {
    for (const Nanos end = now + limit; now < end && !done();) advance(milliseconds(1));
    return done();
  }

  // ---- What the test itself asks a broker, on a connection of its own
  template <class Response, class Request>
  Response ask(NodeId to, Request request, Nanos wait = milliseconds(100)) {
    inbox.clear();
    const ConnectionId own{kTest, ++correlation};
    acceptors[own] = to;
    act(to, [&](auto& n, Step& s) { n.on_message(s, own, Message{correlation, request}); });
    advance(wait);
    for (const Message& m : inbox)
      if (const auto* r = std::get_if<Response>(&m.body); r && m.correlation_id == correlation) return *r;
    Response none;
    if constexpr (requires { none.error; }) none.error = Error::REQUEST_TIMED_OUT;  // not answered yet
    return none;
  }

  // ---- What happened
  TopicPartition orders(int p) { return {broker(1).image()->topic_id("orders"), PartitionIndex(p)}; }
  NodeId coordinator() {
    for (const auto& [id, role] : nodes)
      if (const auto* b = std::get_if<BrokerNode>(&role); b && b->image())
        if (const auto* p = b->image()->partition({b->image()->topic_id(kOffsetsTopic), PartitionIndex(0)}))
          return p->leader;
    return {};
  }
  template <class F>
  std::vector<F> all(NodeId node = {}) const {
    std::vector<F> out;
    for (const Told& t : facts)
      if (const auto* f = std::get_if<F>(&t.fact); f && (!node.present() || t.node == node)) out.push_back(*f);
    return out;
  }
  bool probed(Probe probe) const {
    for (const ProbeHit& hit : all<ProbeHit>())
      if (hit.probe == probe) return true;
    return false;
  }
  template <class F>
  std::size_t count(NodeId node = {}) const {
    return all<F>(node).size();
  }

 private:
  template <class F>
  void act(NodeId id, F f) {
    Step step;
    step.self = id;
    step.now = step.wall_clock = now;
    step.next_connection = opened[id];
    step.choose_context = &step.self;
    step.choose_function = &hashed_choice;
    std::visit([&](auto& n) { f(n, step); }, nodes.at(id));
    opened[id] = step.next_connection;
    for (Fact& fact : step.facts) facts.push_back({now, id, std::move(fact)});
    bool exits = false;
    for (Effect& e : step.effects) perform(id, e, exits);
    if (exits) kill(id);
  }
  void perform(NodeId id, Effect& e, bool& exits) {
    if (auto* o = std::get_if<OpenEffect>(&e)) {
      acceptors[o->connection] = o->peer;
      if (!running(o->peer)) close(o->connection, o->peer);
    } else if (auto* s = std::get_if<SendEffect>(&e)) {
      const auto open = acceptors.find(s->connection);
      if (open == acceptors.end()) return;
      const NodeId to = s->connection.initiator == id ? open->second : s->connection.initiator;
      if (to == kTest) {
        inbox.push_back(s->message);
        return;
      }
      delivered.push_back({id, to, s->message});
      events.emplace(now + kDelay, Event{to, What::message, s->connection, s->message, {}, 0});
    } else if (auto* c = std::get_if<CloseEffect>(&e)) {
      close(c->connection, id);
    } else if (auto* t = std::get_if<SetTimerEffect>(&e)) {
      timers[{id, t->timer.packed()}] = ++version;
      events.emplace(std::max(now, t->deadline), Event{id, What::timer, {}, {}, t->timer, version});
    } else if (auto* x = std::get_if<CancelTimerEffect>(&e)) {
      timers.erase({id, x->timer.packed()});
    } else if (std::holds_alternative<ExitEffect>(e)) {
      exits = true;
    }
  }
  void close(ConnectionId connection, NodeId by) {
    const auto open = acceptors.find(connection);
    if (open == acceptors.end()) return;
    const NodeId peer = connection.initiator == by ? open->second : connection.initiator;
    acceptors.erase(open);
    if (peer != kTest) events.emplace(now + kDelay, Event{peer, What::closed, connection, {}, {}, 0});
  }
  void deliver(const Event& e) {
    if (!nodes.contains(e.to) || !running(e.to)) {
      if (e.what == What::timer && timed(e)) act(e.to, [&](auto& n, Step& s) { n.on_timer(s, e.timer); });
      return;
    }
    if (e.what == What::message)
      act(e.to, [&](auto& n, Step& s) { n.on_message(s, e.connection, Message(e.message)); });
    else if (e.what == What::closed)
      act(e.to, [&](auto& n, Step& s) { n.on_closed(s, e.connection); });
    else if (timed(e))
      act(e.to, [&](auto& n, Step& s) { n.on_timer(s, e.timer); });
  }
  bool timed(const Event& e) {
    const auto it = timers.find({e.to, e.timer.packed()});
    if (it == timers.end() || it->second != e.version) return false;
    timers.erase(it);
    return true;
  }
};

}  // namespace ktrial::model::testing
