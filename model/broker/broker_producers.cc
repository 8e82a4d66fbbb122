// What a broker does for idempotent producers beside their batches, and for appends that fail.
#include "model/broker/broker_node.h"

namespace ktrial::model {

// Variant append_failure [D10]: the batch is written, then an index of the segment fails. Until the directory is
// offline appends go on, from the log end of before.
bool BrokerNode::reuses_offsets(Step& step, Partition& partition, const RecordBatch& batch) {
  if (!config_.variants.on(Variant::append_failure) || storage_failed(partition) || !write_fails(step, partition))
    return false;
  if (partition.role() == ReplicaRole::leader) partition.log().append_without_end(batch, partition.leader_epoch());
  return true;
}

InitProducerIdResponse BrokerNode::init_producer_id(Step& step) {
  const auto id = memory_->producer_ids.generate(step, memory_->lifecycle.epoch());
  if (!id) return {Error::COORDINATOR_LOAD_IN_PROGRESS, {}, {}};
  return {Error::NONE, *id, ProducerEpoch(0)};
}

}  // namespace ktrial::model
