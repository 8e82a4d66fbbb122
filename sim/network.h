// The network: connections that behave as TCP's do, and datagrams. It carries payload numbers (slots of
// the world's message pool) and knows no protocol.
//
// Connections. Bytes of one direction arrive in order. A cut stops arrivals, not sends: traffic waits
// and arrives late if the cut heals before `user_timeout`; else the sending end is closed and what
// waited is lost. What has been handed to a process stays handed: a close, a reset or a kill never
// takes a request back. Close and kill send a close notice behind the data; data towards an end that
// is gone is answered by a reset. A power cut sends nothing: the peer learns by sending, or never.
//
// Left out: acknowledgements (a cut of only the way back does not stop data of an open connection; it
// does stop the handshake), windows, segment boundaries, half-closed connections.
//
// How: a direction is a queue of flights of which only the head is in the event queue, so order within
// a direction holds by construction. A stopped head is in no queue ("blocked") until something heals.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/fetch_ahead.h"
#include "sim/kernel.h"

namespace ktrial::sim {

enum class LatencyShape : std::uint8_t { uniform, exponential, long_tail };

struct LinkConfig {
  Nanos latency_min{200'000};     // never faster
  Nanos latency_jitter{800'000};  // on top: width (uniform), mean (exponential), median (long tail)
  LatencyShape shape = LatencyShape::uniform;
  Nanos tail{0};                       // uniform only: now and then a message takes up to this long in all,
  std::uint32_t tail_per_million = 0;  // so many times in a million
  std::uint64_t bytes_per_second = 0;  // 0 is unlimited
  std::uint32_t loss_per_million = 0;  // datagrams only, as the next
  std::uint32_t duplicate_per_million = 0;
};

struct NetworkConfig {
  LinkConfig link{};                   // of every link not set apart
  Nanos user_timeout{60'000'000'000};  // how long data may wait before the connection dies
  Nanos retransmit_max{200'000'000};   // after a heal the head gets through within this
  Nanos close_notice_max{2'000'000};   // each end learns of a reset within this, if it can
  Nanos departure{20'000};             // a power cut takes what was sent this recently
};

enum class MachineState : std::uint8_t { up, process_down, machine_down };

// What an arrival means to a node. At most one per event.
struct Arrival {
  enum class Kind : std::uint8_t { none, message, closed, datagram } kind = Kind::none;
  NodeId to = -1;
  NodeId from = -1;
  ConnectionId connection{};
  std::uint32_t payload = 0;
  std::uint64_t cause = 0;
  std::uint64_t number = 0;
  std::uint16_t message_kind = 0;
};

struct Outgoing {
  std::uint32_t payload = 0;
  std::uint32_t bytes = 0;
  std::uint16_t kind = 0;
};

inline constexpr std::int32_t kAnyKind = -1;

class Network {
 public:
  explicit Network(NetworkConfig config = {}) : config_(config) {}

  void add_node();
  std::int32_t node_count() const { return static_cast<std::int32_t>(machines_.size()); }

  // Processes (called by the world).
  ConnectionId open(NodeId from, NodeId to);
  // False, and the payload dropped, if this end is closed or unknown.
  bool send(Kernel& k, NodeId from, ConnectionId id, Outgoing message);
  void close(Kernel& k, NodeId by, ConnectionId id);
  // True if the world shall send a copy too (with `copy` = 1).
  bool send_datagram(Kernel& k, NodeId from, NodeId to, Outgoing message, std::uint32_t copy);
  void process_down(Kernel& k, NodeId node);  // kill, exit
  void machine_down(Kernel& k, NodeId node);  // power cut
  void node_up(Kernel& k, NodeId node);
  // The other end; -1 if the connection is gone.
  NodeId peer_of(NodeId self, ConnectionId id) const;
  bool is_open(NodeId end, ConnectionId id) const;

  // Events (called by the world).
  bool is_current(std::uint32_t direction, std::uint32_t tag) const { return directions_[direction].generation == tag; }
  void fetch_ahead(std::uint32_t direction) const {
    fetch_into_cache(directions_[direction].generation);
    fetch_into_cache(connections_[direction / 2].live);
  }
  NodeId receiver_of(std::uint32_t direction) const;
  ConnectionId name_of(std::uint32_t direction) const { return connections_[direction / 2].id; }
  NodeId datagram_receiver(std::uint32_t flight) const { return flights_[flight].to; }
  // The head has reached a machine whose process cannot take it now; no cut stops it any more.
  void mark_arrived(std::uint32_t direction);
  Arrival arrive(Kernel& k, std::uint32_t direction);
  Arrival arrive_datagram(Kernel& k, std::uint32_t flight);
  Arrival timeout(Kernel& k, std::uint32_t direction, std::uint32_t tag);

  // Faults. A direction of a link is (from, to).
  void set_link(Kernel& k, NodeId from, NodeId to, const LinkConfig& link);
  const LinkConfig& link_config(NodeId from, NodeId to) const { return link(from, to).config; }
  void set_delay(Kernel& k, NodeId from, NodeId to, Nanos extra);
  void set_bandwidth(Kernel& k, NodeId from, NodeId to, std::uint64_t bytes_per_second);
  void cut(Kernel& k, NodeId from, NodeId to);
  void heal(Kernel& k, NodeId from, NodeId to);
  bool is_cut(NodeId from, NodeId to) const { return link(from, to).cut; }
  Nanos extra_delay(NodeId from, NodeId to) const { return link(from, to).extra; }
  std::size_t hold_count() const { return holds_.size(); }           // of all links, each as often as it was ordered
  std::size_t pending_reset_count() const { return mines_.size(); }  // ordered by reset_on_next, not carried out yet
  // What a link has carried so far, and how often a cut or a hold stopped something on it: whether a fault mattered.
  std::uint32_t sent_count(NodeId from, NodeId to) const { return link(from, to).sent; }
  std::uint32_t stopped_count(NodeId from, NodeId to) const { return link(from, to).stopped; }
  bool connected(NodeId a, NodeId b) const;
  // Whether reset_on_next has been ordered and not carried out yet.
  bool resets_next(NodeId from, NodeId to, std::int32_t kind) const;
  // Resets every connection between the two nodes.
  void reset(Kernel& k, NodeId a, NodeId b);
  // The next message from -> to (of this kind) is lost and its connection reset.
  void reset_on_next(Kernel& k, NodeId from, NodeId to, std::int32_t kind);
  // Takes one such order back; false if it has been carried out.
  bool cancel_reset_on_next(Kernel& k, NodeId from, NodeId to, std::int32_t kind);
  // Messages of this kind, and what is behind them, wait until released as often as they were held.
  void hold(Kernel& k, NodeId from, NodeId to, std::int32_t kind);
  void release(Kernel& k, NodeId from, NodeId to, std::int32_t kind);

  // Payloads that no one will receive; the world frees them and empties this.
  std::vector<std::uint32_t>& dropped() { return dropped_; }
  std::size_t connection_count() const { return connections_.size() - free_connections_.size(); }

 private:
  friend class WorldState;

  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;
  enum class FlightKind : std::uint8_t { message, fin, reset };

  struct Flight {
    Nanos deliver_at{0};
    Nanos sent_at{0};
    std::uint64_t cause = 0;
    std::uint64_t number = 0;
    std::uint32_t payload = 0;
    std::uint32_t next = kNone;
    NodeId from = -1, to = -1;  // datagrams only
    std::uint16_t message_kind = 0;
    FlightKind kind = FlightKind::message;
    bool arrived = false;
  };
  // Slot 2*connection + i: from end i (0 opened the connection) to end 1-i.
  struct Direction {
    std::uint32_t head = kNone, tail = kNone;
    std::uint32_t generation = 0;  // of its entry in the event queue
    std::uint32_t timeout_generation = 0;
    bool scheduled = false;
    bool blocked = false;
    bool timeout_armed = false;
    bool sender_lost = false;  // the sending machine lost power: nothing is sent again
    Nanos last_arrival{0};
    std::uint64_t next_number = 0;
  };
  enum class End : std::uint8_t { unreached, open, closed };
  struct Connection {
    ConnectionId id;
    NodeId ends[2] = {-1, -1};
    End state[2] = {End::closed, End::closed};
    bool live = false;
    bool reset = false;  // data of both directions is lost from here on
  };
  struct Link {
    LinkConfig config;
    Nanos extra{0};
    Nanos free_at{0};
    bool cut = false;
    std::uint32_t stopped = 0;  // see stopped_count
    std::uint32_t sent = 0;     // messages of connections
    std::uint32_t datagrams = 0;
  };
  struct Rule {
    NodeId from, to;
    std::int32_t kind;
    bool matches(NodeId f, NodeId t, std::uint16_t k) const {
      return from == f && to == t && (kind == kAnyKind || kind == static_cast<std::int32_t>(k));
    }
    bool operator==(const Rule&) const = default;
  };

  void note(Kernel& k, TraceKind what, NodeId from, NodeId to, std::uint64_t number) const;
  Link& link(NodeId from, NodeId to);
  const Link& link(NodeId from, NodeId to) const;
  std::uint32_t slot_of(ConnectionId id) const;
  int end_of(const Connection& c, NodeId node) const { return c.ends[0] == node ? 0 : c.ends[1] == node ? 1 : -1; }
  DecisionName name(DecisionKind kind, std::uint32_t direction, std::uint64_t d) const;
  Nanos transit(Kernel& k, const Link& link, const DecisionName& name) const;
  std::uint32_t new_flight();
  void append(Kernel& k, std::uint32_t direction, std::uint32_t flight);
  void pop_head(std::uint32_t direction);
  void drop(Kernel& k, std::uint32_t direction, std::uint32_t flight);
  void drop_all(Kernel& k, std::uint32_t direction, bool keep_arrived);
  void schedule_head(Kernel& k, std::uint32_t direction, Nanos at);
  bool stopped(std::uint32_t direction) const;
  void block(Kernel& k, std::uint32_t direction);
  void count_stopped(std::uint32_t direction);
  void arm_timeout(Kernel& k, std::uint32_t direction);
  void unblock(Kernel& k);
  void send_mark(Kernel& k, std::uint32_t direction, FlightKind kind, Nanos after);
  void reset_connection(Kernel& k, std::uint32_t slot);
  void leave(Kernel& k, std::uint32_t slot, int end);
  void release_if_over(std::uint32_t slot);

  NetworkConfig config_;
  std::vector<MachineState> machines_;
  std::vector<Link> links_;  // row = from
  std::size_t columns_ = 0;  // at least node_count()
  std::vector<Connection> connections_;
  std::vector<Direction> directions_;
  std::vector<std::uint32_t> free_connections_;
  std::vector<std::vector<std::uint32_t>> by_number_;  // per opener: connection number -> slot
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_flights_;
  std::vector<Rule> holds_;
  std::vector<Rule> mines_;
  std::vector<std::uint32_t> dropped_;
};

}  // namespace ktrial::sim
