// What a partition does with the sequences of idempotent producers.
#include "model/replication/partition.h"

namespace ktrial::model {

// UnifiedLog.append with analyzeAndValidateProducerState. A duplicate is answered as the batch was the first time, and
// waits for the high watermark as that did. Kafka may roll a segment before it finds that there is nothing to append.
std::optional<AppendResult> Partition::recognise(Step& step, const RecordBatch& batch) const {
  const ProducerStateManager::Check checked = log_.producers().check(batch);
  AppendResult result;
  if (checked.duplicate) {
    result.base_offset = checked.duplicate->first_offset();
    result.required_offset = checked.duplicate->last_offset + 1;
    step.fact(DuplicateDetected{tp_, batch.producer_id, batch.producer_epoch, batch.base_sequence, result.base_offset});
    return result;
  }
  if (checked.error != Error::NONE) {
    result.error = checked.error;
    step.fact(SequenceRefused{tp_, batch.producer_id, batch.producer_epoch, batch.base_sequence, checked.error});
    return result;
  }
  if (checked.unknown)
    step.fact(
        UnknownProducerAccepted{tp_, batch.producer_id, batch.producer_epoch, batch.base_sequence, log_.log_end()});
  return std::nullopt;
}

void Partition::tell_producer(Step& step, ProducerId id) const {
  if (const ProducerStateEntry* entry = log_.producers().entry(id))
    step.fact(ProducerStateTold{tp_, ProducerStateChange::append, {*entry}});
}

void Partition::tell_producers(Step& step, ProducerStateChange why, bool knew) {
  if (auto expired = log_.producers().take_expired(); !expired.empty())
    step.fact(ProducerIdsExpired{tp_, std::move(expired)});
  const bool in_use = knew || !log_.producers().entries().empty() || !log_.disk().producer_snapshots.empty();
  // Only a load may have lost them all.
  if (!in_use && (why != ProducerStateChange::load || !log_.holds_producers())) return;
  ProducerStateTold told{tp_, why, {}};
  for (const auto& [id, entry] : log_.producers().entries()) told.entries.push_back(entry);
  step.fact(std::move(told));
}

// PeriodicProducerExpirationCheck
void Partition::expire_producers(Step& step) {
  log_.producers().remove_expired(step.wall_clock);
  if (auto expired = log_.producers().take_expired(); !expired.empty())
    step.fact(ProducerIdsExpired{tp_, std::move(expired)});
  step.set_timer({kProducerExpirationTimer, static_cast<std::uint16_t>(tp_.partition.value),
                  static_cast<std::uint32_t>(tp_.topic.value)},
                 step.now + config_.producer_expiration_check_interval);
}

}  // namespace ktrial::model
