#include "scenarios/run/goals.h"

#include <algorithm>

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
};

}  // namespace

const std::vector<std::string>& known_goals() {
  static const std::vector<std::string> names = {"leader-changed",     "unclean-election",   "isr-shrank",
                                                 "isr-expanded",       "log-truncated",      "record-acked",
                                                 "record-failed",      "record-consumed",    "broker-fenced",
                                                 "controller-changed", "unsynced-data-lost", "position-reset"};
  return names;
}

void Goals::on_fact(const model::Fact& fact) {
  const auto reach = [this](Goal goal) { reached_ |= 1u << goal; };
  if (const auto* state = std::get_if<model::PartitionStateCommitted>(&fact)) {
    if (state->leader_changed && !state->created) reach(leader_changed);
    if (state->unclean) reach(unclean_election);
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
  } else if (std::holds_alternative<model::UnsyncedDataLost>(fact)) {
    reach(unsynced_data_lost);
  } else if (std::holds_alternative<model::ConsumerPositionReset>(fact)) {
    reach(position_reset);
  }
}

bool Goals::reached(const std::string& goal) const {
  const auto& names = known_goals();
  const auto it = std::find(names.begin(), names.end(), goal);
  return it != names.end() && (reached_ >> (it - names.begin()) & 1u);
}

}  // namespace ktrial::scenarios
