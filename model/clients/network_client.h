// A client's connections: one per node, opened on demand, with requests in flight and their timeouts.
//
// Follows org.apache.kafka.clients.NetworkClient with ClusterConnectionStates and InFlightRequests: reconnect backoff
// grows exponentially per node; a request over its timeout (request.timeout.ms unless given) closes the connection, and
// everything in flight on it is failed as disconnected.
// Leaves out: API versions, connection setup timeout, idle closing, throttling; an opened connection is
// usable at once (the world delays or closes it).
// Always holds: responses on a connection come in the order of its requests, so the front one is the answered one.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <deque>
#include <optional>
#include <vector>

#include "model/described.h"
#include "model/step.h"

namespace ktrial::model {

// base * 2^failures, a fifth of it more or less by the world's choice, at most `max`
// (org.apache.kafka.common.utils.ExponentialBackoff). Always `max` if that is not above `base`.
Nanos exponential_backoff(Step& step, Choice choice, std::uint32_t about, Nanos base, Nanos max, std::int32_t failures);

struct NetworkConfig {
  Nanos request_timeout = milliseconds(30000);
  Nanos reconnect_backoff = milliseconds(50);
  Nanos reconnect_backoff_max = milliseconds(1000);
  KTRIAL_FIELDS(NetworkConfig, request_timeout, reconnect_backoff, reconnect_backoff_max)
};

class NetworkClient {
 public:
  struct InFlight {
    std::int32_t correlation_id = 0;
    NodeId node;
    Nanos sent{0};
    std::uint64_t about = 0;  // the sender's own mark
    bool expects_response = true;
    Nanos timeout{0};
    KTRIAL_FIELDS(InFlight, correlation_id, node, sent, about, expects_response, timeout)
    KTRIAL_CORRELATIONS(InFlight, correlation_id)
    KTRIAL_MOMENTS(InFlight, sent)
    KTRIAL_NUMBERS(InFlight, kMembershipNumbers, about)
  };

  explicit NetworkClient(NetworkConfig config = {}) : config_(config) {}

  // Whether a request may be sent now (connected, or allowed to connect).
  bool ready(NodeId node, Nanos now) const;
  // Sends; opens the connection if needed. Only when ready(). `timeout`: instead of request.timeout.ms.
  std::int32_t send(Step& step, NodeId node, MessageBody body, std::uint64_t about, bool expects_response = true,
                    std::optional<Nanos> timeout = std::nullopt);
  // The request that `message` answers; none when it is not awaited any more.
  std::optional<InFlight> on_response(ConnectionId connection, const Message& message);
  // Requests that failed with the connection, oldest first.
  std::vector<InFlight> on_closed(Step& step, ConnectionId connection);
  // Closes connections with a request that is too old.
  std::vector<InFlight> expire(Step& step);
  // Closes the connection to `node`, if there is one; what was in flight is forgotten.
  void disconnect(Step& step, NodeId node);
  void close_all(Step& step);

  bool owns(ConnectionId connection) const;
  std::int32_t in_flight(NodeId node) const;
  // One of `nodes` that is ready: of the connected ones with fewest in flight; if none is connected, of those not tried
  // for the longest time. Ties are the world's choice. Absent: none is ready.
  NodeId least_loaded_node(Step& step, const std::vector<NodeId>& nodes) const;
  // When expire() or a reconnect has something to do next.
  std::optional<Nanos> next_deadline(Nanos now) const;

  KTRIAL_FIELDS(NetworkClient, config_, connections_, next_correlation_id_)
  KTRIAL_DERIVED(NetworkClient, nodes_, deadlines_, backoffs_end_)
  KTRIAL_COUNTERS(NetworkClient, next_correlation_id_)

 private:
  struct Connection {
    ConnectionId id;
    std::deque<InFlight> in_flight;
    std::int32_t own_timeouts = 0;  // so many of them have another timeout than request.timeout.ms
    std::optional<Nanos> deadline;  // of the one that is too old first
    std::int32_t failures = 0;
    Nanos not_before{0};
    Nanos last_attempt{-1};  // to connect
    KTRIAL_FIELDS(Connection, id, in_flight, failures, not_before, last_attempt)
    KTRIAL_DERIVED(Connection, own_timeouts, deadline)
    KTRIAL_DEADLINES(Connection, not_before)
    KTRIAL_MOMENTS(Connection, last_attempt)
  };
  std::vector<InFlight> drop(Step& step, NodeId node, Connection& connection);
  Connection* find(ConnectionId id, NodeId& node);
  static std::optional<Nanos> earliest(const Connection& connection);
  // What is in flight on it has changed.
  void update(NodeId node, Connection& connection);

  NetworkConfig config_;
  boost::container::flat_map<NodeId, Connection> connections_;
  boost::container::flat_map<ConnectionId, NodeId> nodes_;          // of the open ones
  boost::container::flat_set<std::pair<Nanos, NodeId>> deadlines_;  // of all connections
  Nanos backoffs_end_{0};                                           // no connection has to wait any longer by then
  std::int32_t next_correlation_id_ = 0;
};

}  // namespace ktrial::model
