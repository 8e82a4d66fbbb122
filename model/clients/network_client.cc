#include "model/clients/network_client.h"

#include <algorithm>

namespace ktrial::model {

Nanos exponential_backoff(Step& step, Choice choice, std::uint32_t about, Nanos base, Nanos max,
                          std::int32_t failures) {
  if (max <= base) return max;
  Nanos term = base;
  for (std::int32_t i = 0; i < failures && term < max; ++i) term *= 2;
  term = std::min(term, max);
  return std::min(step.choose_duration(choice, about, term * 4 / 5, term * 6 / 5), max);
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
    nodes_.emplace(c.id, node);
    c.last_attempt = step.now;
  }
  const std::int32_t id = next_correlation_id_++;
  if (expects_response) {
    c.in_flight.push_back({id, node, step.now, about, true, timeout.value_or(config_.request_timeout)});
    c.own_timeouts += c.in_flight.back().timeout != config_.request_timeout ? 1 : 0;
    update(node, c);
  }
  step.send(c.id, id, std::move(body));
  return id;
}

NetworkClient::Connection* NetworkClient::find(ConnectionId id, NodeId& node) {
  const auto at = nodes_.find(id);
  if (at == nodes_.end()) return nullptr;
  node = at->second;
  return &connections_.at(node);
}

std::optional<NetworkClient::InFlight> NetworkClient::on_response(ConnectionId connection, const Message& message) {
  NodeId node;
  Connection* c = find(connection, node);
  if (c == nullptr) return std::nullopt;
  c->failures = 0;
  if (c->in_flight.empty() || c->in_flight.front().correlation_id != message.correlation_id) return std::nullopt;
  const InFlight answered = c->in_flight.front();
  c->in_flight.pop_front();
  c->own_timeouts -= answered.timeout != config_.request_timeout ? 1 : 0;
  update(node, *c);
  return answered;
}

std::vector<NetworkClient::InFlight> NetworkClient::drop(Step& step, NodeId node, Connection& c) {
  nodes_.erase(c.id);
  c.id = {};
  c.not_before = step.now + exponential_backoff(step, Choice::reconnect_jitter, static_cast<std::uint32_t>(node.value),
                                                config_.reconnect_backoff, config_.reconnect_backoff_max, c.failures++);
  backoffs_end_ = std::max(backoffs_end_, c.not_before);
  std::vector<InFlight> failed(c.in_flight.begin(), c.in_flight.end());
  c.in_flight.clear();
  c.own_timeouts = 0;
  update(node, c);
  return failed;
}

std::optional<Nanos> NetworkClient::earliest(const Connection& c) {
  std::optional<Nanos> first;
  for (const InFlight& f : c.in_flight) {
    if (!first || f.sent + f.timeout < *first) first = f.sent + f.timeout;
    if (c.own_timeouts == 0) break;  // with one timeout for all it is the oldest
  }
  return first;
}

void NetworkClient::update(NodeId node, Connection& c) {
  const auto deadline = earliest(c);
  if (deadline == c.deadline) return;
  if (c.deadline) deadlines_.erase({*c.deadline, node});
  if (deadline) deadlines_.emplace(*deadline, node);
  c.deadline = deadline;
}

std::vector<NetworkClient::InFlight> NetworkClient::on_closed(Step& step, ConnectionId connection) {
  NodeId node;
  Connection* c = find(connection, node);
  return c == nullptr ? std::vector<InFlight>() : drop(step, node, *c);
}

std::vector<NetworkClient::InFlight> NetworkClient::expire(Step& step) {
  std::vector<InFlight> failed;
  if (deadlines_.empty() || deadlines_.begin()->first > step.now) return failed;
  for (auto& [node, c] : connections_) {
    if (!c.deadline || *c.deadline > step.now) continue;
    step.close(c.id);
    const auto dropped = drop(step, node, c);
    failed.insert(failed.end(), dropped.begin(), dropped.end());
  }
  return failed;
}

void NetworkClient::disconnect(Step& step, NodeId node) {
  const auto it = connections_.find(node);
  if (it == connections_.end() || !it->second.id.present()) return;
  step.close(it->second.id);
  drop(step, node, it->second);
}

void NetworkClient::close_all(Step& step) {
  for (auto& [node, c] : connections_)
    if (c.id.present()) step.close(c.id);
  connections_.clear();
  nodes_.clear();
  deadlines_.clear();
}

bool NetworkClient::owns(ConnectionId connection) const { return nodes_.contains(connection); }

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
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  if (backoffs_end_ > now)
    for (const auto& [node, c] : connections_)
      if (!c.id.present() && c.not_before > now && (!next || c.not_before < *next)) next = c.not_before;
  return next;
}

}  // namespace ktrial::model
