// Blocks of producer ids for brokers (ProducerIdControlManager, KIP-730).
#include "model/controller/controller_node.h"

namespace ktrial::model {
namespace {

constexpr std::int32_t kBlockSize = 1000;  // ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE

}  // namespace

// The answer leaves once the record is committed, so that no other controller gives the block away again.
AllocateProducerIdsResponse ControllerNode::allocate_producer_ids(Step& step, const AllocateProducerIdsRequest& r) {
  const BrokerRegistrationImage* broker = memory_->working.broker(r.broker);
  if (broker == nullptr || broker->epoch != r.broker_epoch) return {Error::STALE_BROKER_EPOCH, {}, 0};
  const ProducerId start = memory_->working.next_producer_id();
  if (!write(step, {ProducerIdsRecord{r.broker, r.broker_epoch, start + kBlockSize}}))
    return {Error::NOT_CONTROLLER, {}, 0};
  return {Error::NONE, start, kBlockSize};
}

}  // namespace ktrial::model
