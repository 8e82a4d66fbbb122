// A broker's producer ids: a block of them at a time from the controller.
//
// Follows RPCProducerIdManager (KIP-730). InitProducerId is answered from the current block; when it is used up and no
// other is there, with COORDINATOR_LOAD_IN_PROGRESS, upon which the client asks again. The next block is asked for when
// there is none, and ahead of time when 90 % of one are given away. A failure is repeated by the next InitProducerId
// after 50 ms. Leaves out: ids beyond 2^63. Always holds: an id is given away once; a block that a stop loses is lost.
#pragma once

#include <optional>

#include "model/broker/controller_link.h"
#include "model/described.h"
#include "model/messages.h"

namespace ktrial::model {

class ProducerIdManager {
 public:
  // Absent: there is none yet.
  std::optional<ProducerId> generate(Step& step, ControllerLink& controller, BrokerEpoch broker_epoch) {
    if (given_ == block_.producer_id_len) {
      if (!next_.producer_id_start.present()) {
        request(step, controller, broker_epoch);
        return std::nullopt;
      }
      block_ = std::exchange(next_, {});
      given_ = 0;
    }
    const ProducerId id = block_.producer_id_start + given_;
    if (given_ == block_.producer_id_len / 10 * 9) request(step, controller, broker_epoch);
    ++given_;
    return id;
  }
  void on_response(Step& step, const AllocateProducerIdsResponse& response) {
    if (response.error == Error::NONE)
      next_ = response;
    else
      not_before_ = step.now + milliseconds(50);
  }

  KTRIAL_FIELDS(ProducerIdManager, block_, next_, given_, not_before_)
  KTRIAL_DEADLINES(ProducerIdManager, not_before_)

 private:
  void request(Step& step, ControllerLink& controller, BrokerEpoch broker_epoch) {
    if (step.now < not_before_ || !controller.idle(ControllerLine::producer_ids) || next_.producer_id_start.present())
      return;
    controller.send(step, ControllerLine::producer_ids, AllocateProducerIdsRequest{step.self, broker_epoch});
  }
  AllocateProducerIdsResponse block_;
  AllocateProducerIdsResponse next_;  // absent start: none
  std::int32_t given_ = 0;            // of block_
  Nanos not_before_{0};
};

}  // namespace ktrial::model
