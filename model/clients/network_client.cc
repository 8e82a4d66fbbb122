#include "model/clients/network_client.h"

#include <algorithm>

namespace ktrial::model {

Nanos exponential_backoff(Nanos base, Nanos max, std::int32_t failures) {
  Nanos backoff = base;
  for (std::int32_t i = 0; i < failures && backoff < max; ++i) backoff *= 2;
  return std::min(backoff, max);  // a base above the maximum: always the maximum
}

bool NetworkClient::ready(NodeId node, Nanos now) const {
  const auto it = connections_.find(node);
  return it == connections_.end() || it->second.id.present() || it->second.not_before <= now;
}

std::int32_t NetworkClient::send(Step& step, NodeId node, MessageBody body, std::uint64_t about, bool expects_response,
                                 std::optional<Nanos> timeout) {
  Connection& c = connections_[node];
  if (!c.id.present()) {
    c.id = step.open(node);
    c.last_attempt = step.now;
  }
  const std::int32_t id = next_correlation_id_++;
  if (expects_response)
    c.in_flight.push_back({id, node, step.now, about, true, timeout.value_or(config_.request_timeout)});
  step.send(c.id, Message{id, std::move(body)});
  return id;
}

std::optional<NetworkClient::InFlight> NetworkClient::on_response(ConnectionId connection, const Message& message) {
  for (auto& [node, c] : connections_) {
    if (c.id != connection) continue;
    c.failures = 0;
    if (c.in_flight.empty() || c.in_flight.front().correlation_id != message.correlation_id) return std::nullopt;
    const InFlight answered = c.in_flight.front();
    c.in_flight.pop_front();
    return answered;
  }
  return std::nullopt;
}

std::vector<NetworkClient::InFlight> NetworkClient::drop(Nanos now, Connection& c) {
  c.id = {};
  c.not_before = now + exponential_backoff(config_.reconnect_backoff, config_.reconnect_backoff_max, c.failures++);
  std::vector<InFlight> failed(c.in_flight.begin(), c.in_flight.end());
  c.in_flight.clear();
  return failed;
}

std::vector<NetworkClient::InFlight> NetworkClient::on_closed(Nanos now, ConnectionId connection) {
  for (auto& [node, c] : connections_)
    if (c.id == connection) return drop(now, c);
  return {};
}

std::vector<NetworkClient::InFlight> NetworkClient::expire(Step& step) {
  std::vector<InFlight> failed;
  for (auto& [node, c] : connections_) {
    const auto late = [&](const InFlight& f) { return f.sent + f.timeout <= step.now; };
    if (std::none_of(c.in_flight.begin(), c.in_flight.end(), late)) continue;
    step.close(c.id);
    const auto dropped = drop(step.now, c);
    failed.insert(failed.end(), dropped.begin(), dropped.end());
  }
  return failed;
}

void NetworkClient::disconnect(Step& step, NodeId node) {
  const auto it = connections_.find(node);
  if (it == connections_.end() || !it->second.id.present()) return;
  step.close(it->second.id);
  drop(step.now, it->second);
}

void NetworkClient::close_all(Step& step) {
  for (auto& [node, c] : connections_)
    if (c.id.present()) step.close(c.id);
  connections_.clear();
}

bool NetworkClient::owns(ConnectionId connection) const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [connection](const auto& c) { return c.second.id == connection; });
}

std::int32_t NetworkClient::in_flight(NodeId node) const {
  const auto it = connections_.find(node);
  return it == connections_.end() ? 0 : static_cast<std::int32_t>(it->second.in_flight.size());
}

NodeId NetworkClient::least_loaded_node(Step& step, const std::vector<NodeId>& nodes) const {
  // The order is Kafka's: a connection with little in flight; without any, the node not tried for the longest time.
  std::vector<NodeId> best;
  std::pair<bool, std::int64_t> best_load;
  for (const NodeId node : nodes) {
    if (!ready(node, step.now)) continue;
    const auto it = connections_.find(node);
    const bool connected = it != connections_.end() && it->second.id.present();
    const std::int64_t last_attempt = it == connections_.end() ? -1 : it->second.last_attempt.count();
    const std::pair load{!connected, connected ? std::int64_t{in_flight(node)} : last_attempt};
    if (!best.empty() && load > best_load) continue;
    if (!best.empty() && load < best_load) best.clear();
    best_load = load;
    best.push_back(node);
  }
  if (best.empty()) return {};
  return best[step.choose(Choice::least_loaded_node, static_cast<std::uint32_t>(next_correlation_id_), 0,
                          best.size() - 1)];
}

std::optional<Nanos> NetworkClient::next_deadline(Nanos now) const {
  std::optional<Nanos> next;
  const auto consider = [&next](Nanos t) {
    if (!next || t < *next) next = t;
  };
  for (const auto& [node, c] : connections_) {
    for (const InFlight& f : c.in_flight) consider(f.sent + f.timeout);
    if (!c.id.present() && c.not_before > now) consider(c.not_before);
  }
  return next;
}

}  // namespace ktrial::model
