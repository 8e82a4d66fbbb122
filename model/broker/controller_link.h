// Who is asked to change the cluster's metadata, as a broker's owners see it: the seam between them and a controller.
//
// Follows NodeToControllerChannelManager, which BrokerServer makes one of for each purpose: registration and
// heartbeats, ISR changes, the creation of internal topics, blocks of producer ids, directory assignments. With KRaft
// each is a channel to the active controller (controller_channels.h). With ZooKeeper the same purposes would be served
// by writes to it: an ephemeral node, a conditional update, a counter; their outcomes are told in the same responses.
// Always holds: one request in flight for each purpose; each that was sent ends once, with a response or a loss, which
// the router tells the owner whose purpose it is.
#pragma once

#include <cstdint>

#include "model/step.h"

namespace ktrial::model {

// What for. The number tells their timers apart.
enum class ControllerLine : std::uint16_t {
  lifecycle = 0,
  alter_partition = 1,
  create_topics = 2,
  producer_ids = 3,
  assignments = 4,
};

// How a request ended without a response.
enum class ControllerLoss : std::uint8_t { closed, timed_out, other_controller };

class ControllerLink {
 public:
  virtual ~ControllerLink() = default;
  // Nothing is in flight for that purpose.
  virtual bool idle(ControllerLine line) const = 0;
  // Somebody is known who could be asked.
  virtual bool reachable() const = 0;
  // False: nothing was sent, because it is not idle or not reachable.
  virtual bool send(Step& step, ControllerLine line, MessageBody body) = 0;
};

}  // namespace ktrial::model
