// A broker's connection to the active controller, with one request in flight.
//
// Follows NodeToControllerChannelManager: a request goes to whoever is the active controller; a new one, a lost
// connection and a timeout all end the request in flight, and its owner decides about trying again.
#pragma once

#include <optional>

#include "model/described.h"
#include "model/step.h"

namespace ktrial::model {

inline constexpr std::uint16_t kControllerRequestTimer = 201;

class ControllerChannel {
 public:
  ControllerChannel() = default;
  ControllerChannel(std::uint16_t which, Nanos timeout) : which_(which), timeout_(timeout) {}

  // Returns whether a request in flight was given up.
  bool set_controller(Step& step, NodeId controller) {
    if (controller == controller_) return false;
    controller_ = controller;
    return give_up(step, true);
  }
  bool idle() const { return !in_flight_; }
  NodeId controller() const { return controller_; }
  bool send(Step& step, MessageBody body) {
    if (in_flight_ || !controller_.present()) return false;
    if (!connection_.present()) connection_ = step.open(controller_);
    in_flight_ = ++next_correlation_;
    step.send(connection_, *in_flight_, std::move(body));
    step.set_timer({kControllerRequestTimer, which_, 0}, step.now + timeout_);
    return true;
  }
  bool owns(ConnectionId connection) const { return connection_.present() && connection == connection_; }
  // Returns whether `message` answers the request in flight.
  bool on_message(Step& step, const Message& message) {
    if (!in_flight_ || message.correlation_id != *in_flight_) return false;
    in_flight_.reset();
    step.cancel_timer({kControllerRequestTimer, which_, 0});
    return true;
  }
  // Both return whether a request in flight was given up.
  bool on_closed(Step& step) { return give_up(step, false); }
  bool on_timeout(Step& step) { return in_flight_ && give_up(step, true); }

  KTRIAL_FIELDS(ControllerChannel, connection_, which_, timeout_, controller_, next_correlation_, in_flight_)
  KTRIAL_CORRELATIONS(ControllerChannel, in_flight_)
  KTRIAL_COUNTERS(ControllerChannel, next_correlation_)

 private:
  bool give_up(Step& step, bool close) {
    const bool lost = in_flight_.has_value();
    if (close && connection_.present()) step.close(connection_);
    if (lost) step.cancel_timer({kControllerRequestTimer, which_, 0});
    connection_ = ConnectionId();
    in_flight_.reset();
    return lost;
  }

  std::uint16_t which_ = 0;
  Nanos timeout_{0};
  NodeId controller_;
  ConnectionId connection_;
  std::int32_t next_correlation_ = 0;
  std::optional<std::int32_t> in_flight_;
};

}  // namespace ktrial::model
