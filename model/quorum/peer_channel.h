// One kept connection to one peer, with at most one request awaited on it.
//
// Follows RequestManager.ConnectionState (raft): ready, awaiting a response, or backing off after a failure.
// Always holds: only the response to the latest request is accepted; a request over its time closes the connection.
#pragma once

#include <utility>

#include "model/config.h"
#include "model/described.h"
#include "model/step.h"

namespace ktrial::model {

class PeerChannel {
 public:
  // `timer_kind`: the owner's timer kind for request timeout and backoff, told apart by the peer's id.
  PeerChannel(NodeId peer, std::uint16_t timer_kind)
      : peer_(peer), timer_{timer_kind, 0, static_cast<std::uint32_t>(peer.value)} {}

  NodeId peer() const { return peer_; }
  bool ready(Nanos now) const { return correlation_ < 0 && now >= backoff_until_; }

  void send(Step& step, std::int32_t correlation, MessageBody body, const QuorumConfig& config) {
    if (!connection_.present()) connection_ = step.open(peer_);
    correlation_ = correlation;
    timeout_at_ = step.now + config.request_timeout;
    step.send(connection_, correlation, std::move(body));
    step.set_timer(timer_, timeout_at_);
  }
  bool accept(ConnectionId connection, const Message& message) {
    if (connection != connection_ || message.correlation_id != correlation_ || correlation_ < 0) return false;
    correlation_ = -1;
    return true;
  }
  // RequestManager.resetAll, when the role changes: what is in flight is no longer wanted, and nothing is put off.
  void forget() {
    correlation_ = -1;
    backoff_until_ = Nanos(0);
  }
  void back_off(Step& step, const QuorumConfig& config) {
    backoff_until_ = step.now + config.retry_backoff;
    step.set_timer(timer_, backoff_until_);
  }
  bool on_closed(Step& step, ConnectionId connection, const QuorumConfig& config) {
    if (!connection_.present() || connection != connection_) return false;
    connection_ = {};
    correlation_ = -1;
    back_off(step, config);
    return true;
  }
  bool on_timer(Step& step, TimerId timer, const QuorumConfig& config) {
    if (timer != timer_) return false;
    if (correlation_ >= 0 && step.now >= timeout_at_) {
      step.close(connection_);
      connection_ = {};
      correlation_ = -1;
      back_off(step, config);
    }
    return true;
  }
  // After on_timer: the request in flight has just been given up.
  bool gave_up(Nanos now) const { return !connection_.present() && backoff_until_ > now; }

  KTRIAL_FIELDS(PeerChannel, peer_, timer_, connection_, correlation_, timeout_at_, backoff_until_)
  KTRIAL_CORRELATIONS(PeerChannel, correlation_)
  KTRIAL_DEADLINES(PeerChannel, timeout_at_, backoff_until_)

 private:
  NodeId peer_;
  TimerId timer_;
  ConnectionId connection_;
  std::int32_t correlation_ = -1;
  Nanos timeout_at_{0};
  Nanos backoff_until_{0};
};

}  // namespace ktrial::model
