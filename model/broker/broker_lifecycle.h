// A broker's standing with the controller: registration, heartbeats, fencing, controlled shutdown.
//
// Follows BrokerLifecycleManager (KIP-631). The node sends what next() gives and reports back what became of it.
// Leaves out: features, log directories; backoff is without jitter.
// Always holds: no broker epoch before a registration succeeded; states only go forward.
#pragma once

#include <algorithm>
#include <optional>

#include "model/config.h"
#include "model/messages.h"

namespace ktrial::model {

enum class BrokerState : std::uint8_t {
  NOT_RUNNING,
  STARTING,
  RECOVERY,
  RUNNING,
  PENDING_CONTROLLED_SHUTDOWN,
  SHUTTING_DOWN
};

class BrokerLifecycle {
 public:
  enum class Then : std::uint8_t { wait, caught_up, shut_down, die };

  BrokerLifecycle() = default;
  BrokerLifecycle(NodeId self, IncarnationId incarnation, BrokerEpoch previous)
      : state_(BrokerState::STARTING), self_(self), incarnation_(incarnation), previous_(previous) {}

  BrokerState state() const { return state_; }
  BrokerEpoch epoch() const { return epoch_; }
  bool fenced() const { return fenced_; }
  void set_ready_to_unfence() { ready_ = true; }
  // False: nobody to ask, shut down at once.
  bool begin_shutdown() {
    if (state_ != BrokerState::RUNNING) {
      state_ = BrokerState::SHUTTING_DOWN;
      return false;
    }
    state_ = BrokerState::PENDING_CONTROLLED_SHUTDOWN;
    return true;
  }
  void shutting_down() { state_ = BrokerState::SHUTTING_DOWN; }

  MessageBody next(Offset applied) const {
    if (!epoch_.present()) return BrokerRegistrationRequest{self_, incarnation_, previous_};
    return BrokerHeartbeatRequest{self_, epoch_, applied, !ready_, state_ == BrokerState::PENDING_CONTROLLED_SHUTDOWN};
  }
  // `delay` is set to the time until the next request.
  Then on_response(const MessageBody& body, const ClusterConfig& config, Nanos& delay) {
    if (const auto* r = std::get_if<BrokerRegistrationResponse>(&body)) {
      if (r->error != Error::NONE) return failed(delay);
      epoch_ = r->broker_epoch;
      failures_ = 0;
      delay = Nanos(0);
      return Then::wait;
    }
    const auto* r = std::get_if<BrokerHeartbeatResponse>(&body);
    if (r == nullptr) return failed(delay);
    // The controller knows a later incarnation, or none: this process cannot go on.
    if (r->error == Error::STALE_BROKER_EPOCH || r->error == Error::BROKER_ID_NOT_REGISTERED) return Then::die;
    if (r->error != Error::NONE) return failed(delay);
    failures_ = 0;
    delay = config.broker_heartbeat_interval;
    fenced_ = r->is_fenced;
    if (state_ == BrokerState::STARTING && r->is_caught_up) {
      state_ = BrokerState::RECOVERY;
      delay = milliseconds(10);
      return Then::caught_up;
    }
    if (state_ == BrokerState::STARTING) delay = milliseconds(10);  // scheduleNextCommunication while catching up
    if (state_ == BrokerState::RECOVERY) {
      if (!r->is_fenced) state_ = BrokerState::RUNNING;
    }
    if (state_ == BrokerState::PENDING_CONTROLLED_SHUTDOWN && r->should_shut_down) {
      state_ = BrokerState::SHUTTING_DOWN;
      return Then::shut_down;
    }
    return Then::wait;
  }
  Then failed(Nanos& delay) {
    delay = std::min<Nanos>(milliseconds(100) * (std::int64_t{1} << std::min(failures_, 10)), seconds(60));
    ++failures_;
    return Then::wait;
  }

 private:
  BrokerState state_ = BrokerState::NOT_RUNNING;
  NodeId self_;
  IncarnationId incarnation_;
  BrokerEpoch previous_;
  BrokerEpoch epoch_;
  bool ready_ = false;
  bool fenced_ = true;
  int failures_ = 0;
};

}  // namespace ktrial::model
