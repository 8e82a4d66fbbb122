// A broker's connections to the active controller: the ControllerLink of KRaft, one channel for each purpose.
#pragma once

#include <array>
#include <optional>

#include "model/broker/controller_channel.h"
#include "model/broker/controller_link.h"
#include "model/config.h"
#include "model/described.h"

namespace ktrial::model {

class ControllerChannels final : public ControllerLink {
 public:
  ControllerChannels() = default;
  explicit ControllerChannels(const ClusterConfig& config)
      : channels_{{{0, config.broker_session_timeout / 2},
                   {1, milliseconds(30000)},
                   {2, milliseconds(30000)},
                   {3, seconds(60)},
                   {4, seconds(60)}}} {}

  bool idle(ControllerLine line) const override { return at(line).idle(); }
  bool reachable() const override { return channels_.front().controller().present(); }
  bool send(Step& step, ControllerLine line, MessageBody body) override { return at(line).send(step, std::move(body)); }

  // `lost(line)` is called for each request in flight that this gives up.
  template <class Lost>
  void set_controller(Step& step, NodeId controller, Lost lost) {
    using L = ControllerLine;
    for (const L line : {L::lifecycle, L::alter_partition, L::assignments, L::create_topics, L::producer_ids})
      if (at(line).set_controller(step, controller)) lost(line);
  }
  // Whose connection it is; absent: none of these.
  std::optional<ControllerLine> owner(ConnectionId connection) const {
    for (std::size_t i = 0; i < channels_.size(); ++i)
      if (channels_[i].owns(connection)) return static_cast<ControllerLine>(i);
    return std::nullopt;
  }
  // Each tells whether this ended a request in flight.
  bool on_message(Step& step, ControllerLine line, const Message& message) {
    return at(line).on_message(step, message);
  }
  bool on_closed(Step& step, ControllerLine line) { return at(line).on_closed(step); }
  bool on_timeout(Step& step, ControllerLine line) { return at(line).on_timeout(step); }

  KTRIAL_FIELDS(ControllerChannels, channels_)

 private:
  ControllerChannel& at(ControllerLine line) { return channels_[static_cast<std::size_t>(line)]; }
  const ControllerChannel& at(ControllerLine line) const { return channels_[static_cast<std::size_t>(line)]; }

  std::array<ControllerChannel, 5> channels_;
};

}  // namespace ktrial::model
