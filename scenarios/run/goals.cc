#include "scenarios/run/goals.h"

#include <algorithm>

#include "model/config_keys.h"
#include "model/group/classic_group.h"

namespace ktrial::scenarios {
namespace {

enum Goal : std::uint32_t {
  leader_changed,
  unclean_election,
  isr_shrank,
  isr_expanded,
  log_truncated,
  record_acked,
  record_failed,
  record_consumed,
  broker_fenced,
  controller_changed,
  unsynced_data_lost,
  position_reset,
  group_stable,
  group_rebalanced,
  offset_committed,
  offset_commit_refused,
  coordinator_changed,
  record_processed,
  leader_from_elr,
  reassigned,
  config_altered,
  segment_rolled,
  segment_deleted,
  records_deleted,
  registration_taken_over,
  log_cleaned,
  replica_offline,
  duplicate_detected,
  epoch_bumped,
  unknown_producer_accepted,
  producer_expired,
  segment_copied,
  local_segment_deleted,
  remote_read,
  remote_state_restored,
  remote_segment_expired,
  unclean_recovery,
  replica_throttled,
};

constexpr auto kStable = static_cast<std::uint8_t>(model::GroupState::Stable);

}  // namespace

const std::vector<std::string>& known_goals() {
  static const std::vector<std::string> names = {"leader-changed",
                                                 "unclean-election",
                                                 "isr-shrank",
                                                 "isr-expanded",
                                                 "log-truncated",
                                                 "record-acked",
                                                 "record-failed",
                                                 "record-consumed",
                                                 "broker-fenced",
                                                 "controller-changed",
                                                 "unsynced-data-lost",
                                                 "position-reset",
                                                 "group-stable",
                                                 "group-rebalanced",
                                                 "offset-committed",
                                                 "offset-commit-refused",
                                                 "coordinator-changed",
                                                 "record-processed",
                                                 "leader-from-elr",
                                                 "reassigned",
                                                 "config-altered",
                                                 "segment-rolled",
                                                 "segment-deleted",
                                                 "records-deleted",
                                                 "registration-taken-over",
                                                 "log-cleaned",
                                                 "replica-offline",
                                                 "duplicate-detected",
                                                 "epoch-bumped",
                                                 "unknown-producer-accepted",
                                                 "producer-expired",
                                                 "segment-copied",
                                                 "local-segment-deleted",
                                                 "remote-read",
                                                 "remote-state-restored",
                                                 "remote-segment-expired",
                                                 "unclean-recovery",
                                                 "replica-throttled"};
  return names;
}

void Goals::on_fact(const model::Fact& fact, model::NodeId node) {
  const auto reach = [this](Goal goal) { reached_ |= std::uint64_t{1} << goal; };
  // The groups of a partition follow its load; a second load means that somebody else had them before.
  bool again = loaded_again_ && std::holds_alternative<model::GroupStateChanged>(fact);
  if (const auto* state = std::get_if<model::PartitionStateCommitted>(&fact)) {
    if (state->leader_changed && !state->created) reach(leader_changed);
    if (state->unclean) reach(unclean_election);
    if (state->unclean && recovered_.contains({state->partition, state->leader_epoch})) reach(unclean_recovery);
    model::PartitionStateCommitted& before = states_[state->partition];
    if (state->partition_epoch > before.partition_epoch) {
      if (state->leader_changed && !model::holds(before.isr, state->leader) && model::holds(before.elr, state->leader))
        reach(leader_from_elr);
      const bool was = !before.adding.empty() || !before.removing.empty();
      if (was && state->adding.empty() && state->removing.empty()) reach(reassigned);
      before = *state;
    }
  } else if (const auto* config = std::get_if<model::ConfigCommitted>(&fact)) {
    if (!model::is_throttle_key(config->key)) reach(config_altered);
  } else if (const auto* recovered = std::get_if<model::UncleanRecoveryElected>(&fact)) {
    recovered_.insert({recovered->partition, recovered->leader_epoch});
  } else if (const auto* isr = std::get_if<model::IsrChanged>(&fact)) {
    reach(isr->shrank ? isr_shrank : isr_expanded);
  } else if (std::holds_alternative<model::LogTruncated>(fact)) {
    reach(log_truncated);
  } else if (std::holds_alternative<model::RecordAcknowledged>(fact)) {
    reach(record_acked);
  } else if (std::holds_alternative<model::RecordFailed>(fact)) {
    reach(record_failed);
  } else if (std::holds_alternative<model::RecordConsumed>(fact)) {
    reach(record_consumed);
  } else if (std::holds_alternative<model::BrokerFenced>(fact)) {
    reach(broker_fenced);
  } else if (const auto* elected = std::get_if<model::QuorumLeaderElected>(&fact)) {
    if (elected->log_end_offset > model::Offset{1}) reach(controller_changed);
  } else if (const auto* started = std::get_if<model::BrokerStarted>(&fact)) {
    running_[node] = started->incarnation;
  } else if (const auto* registered = std::get_if<model::BrokerRegistered>(&fact)) {
    if (registered->incarnation != running_[registered->broker]) reach(registration_taken_over);
  } else if (std::holds_alternative<model::SegmentRolled>(fact)) {
    reach(segment_rolled);
  } else if (std::holds_alternative<model::SegmentDeleted>(fact)) {
    reach(segment_deleted);
  } else if (const auto* deleted = std::get_if<model::RecordsDeleted>(&fact)) {
    if (deleted->error == model::Error::NONE) reach(records_deleted);
  } else if (std::holds_alternative<model::LogCleaned>(fact)) {
    reach(log_cleaned);
  } else if (std::holds_alternative<model::ReplicaOffline>(fact)) {
    reach(replica_offline);
  } else if (std::holds_alternative<model::DuplicateDetected>(fact)) {
    reach(duplicate_detected);
  } else if (std::holds_alternative<model::ProducerEpochBumped>(fact)) {
    reach(epoch_bumped);
  } else if (std::holds_alternative<model::UnknownProducerAccepted>(fact)) {
    if (std::get<model::UnknownProducerAccepted>(fact).base_sequence != model::Sequence(0))
      reach(unknown_producer_accepted);
  } else if (std::holds_alternative<model::ProducerIdsExpired>(fact)) {
    reach(producer_expired);
  } else if (std::holds_alternative<model::RemoteSegmentCopied>(fact)) {
    reach(segment_copied);
  } else if (std::holds_alternative<model::LocalSegmentDeleted>(fact)) {
    reach(local_segment_deleted);
  } else if (const auto* read = std::get_if<model::RemoteLogRead>(&fact)) {
    if (!read->batches.empty()) reach(remote_read);
  } else if (std::holds_alternative<model::RemoteStateRestored>(fact)) {
    reach(remote_state_restored);
  } else if (std::holds_alternative<model::RemoteSegmentExpired>(fact)) {
    reach(remote_segment_expired);
  } else if (std::holds_alternative<model::ReplicaThrottled>(fact)) {
    reach(replica_throttled);
  } else if (std::holds_alternative<model::UnsyncedDataLost>(fact)) {
    reach(unsynced_data_lost);
  } else if (std::holds_alternative<model::ConsumerPositionReset>(fact)) {
    reach(position_reset);
  } else if (const auto* group = std::get_if<model::GroupStateChanged>(&fact)) {
    if (group->state == kStable) reach(group_stable);
    if (group->state == kStable && group->generation > model::GenerationId{1}) reach(group_rebalanced);
    if (loaded_again_) reach(coordinator_changed);
  } else if (const auto* loaded = std::get_if<model::GroupCoordinatorLoaded>(&fact)) {
    again = !loaded_.insert(loaded->offsets_partition).second;
  } else if (std::holds_alternative<model::OffsetCommitted>(fact)) {
    reach(offset_committed);
  } else if (std::holds_alternative<model::OffsetCommitRefused>(fact)) {
    reach(offset_commit_refused);
  } else if (std::holds_alternative<model::RecordProcessed>(fact)) {
    reach(record_processed);
  }
  loaded_again_ = again;
}

bool Goals::reached(const std::string& goal) const {
  const auto& names = known_goals();
  const auto it = std::find(names.begin(), names.end(), goal);
  return it != names.end() && (reached_ >> (it - names.begin()) & 1u) != 0;
}

}  // namespace ktrial::scenarios
