// Variants: rules that history had otherwise, each one decision point in the code, named where the rule is implemented.
//
// Every rule has a value that is Kafka's today, and one or more alternatives: a historic bug, an older protocol or a
// mutation. variant_rows() names those that can be chosen, with the catalogue's entry and Kafka's ticket; the docs
// (docs/variants.md) tell what finds them. Always holds: a default-constructed Variants is Kafka as it is.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/described.h"

namespace ktrial::model {

enum class Variant : std::uint8_t {
  // replication
  truncation,
  fetch_epoch,
  epoch_at_election,
  epoch_cache_truncation,
  late_epoch_answer,
  late_fetch_answer,
  failed_read,
  diverging_answer,
  newer_epoch_batch,
  empty_fetch,
  isr_admission,
  expanding_isr,
  shrinking_isr,
  high_watermark_retry,
  pending_isr,
  alter_partition_retry,
  isr_snapshot,
  high_watermark_holders,
  min_isr_of_broker,
  caught_up,
  fetcher_restart,
  list_offsets_latest,
  follower_offset_range,
  fetched_checksum,
  leader_throttle,
  follower_throttle,
  parked_throttle,
  throttle_removal,
  // controller and broker lifecycle
  alter_partition_reply,
  newer_epoch_at_controller,
  isr_eligibility,
  last_known_leader,
  unclean_restart,
  reassignment_complete,
  session_expiry,
  same_incarnation,
  unfence,
  initial_isr,
  partition_epoch_reply,
  controller_revert,
  shutdown_grant,
  duplicate_registration,
  leader_epoch_bump,
  min_isr_change,
  recovery_choice,
  recovery_order,
  recovery_broker_epoch,
  recovery_leader_epoch,
  recovery_balanced,
  // storage
  clean_marker,
  recovery_point,
  directory_sync,
  epoch_checkpoint,
  full_truncation,
  retention_bound,
  after_io_error,
  log_start_bound,
  recreated_topic,
  offline_log_dirs,
  last_batch,
  delete_horizon,
  swap_recovery,
  cleaner_bound,
  cleaner_gap,
  // producer state
  producer_snapshot,
  append_failure,
  duplicate_window,
  replicated_sequences,
  producer_retention,
  sequence_wrap,
  remote_lineage,
  remote_highest_offset,
  remote_auxiliary_state,
  local_deletion,
  // quorum, groups, clients
  vote,
  quorum_append,
  quorum_restart,
  metadata_apply,
  offset_commit,
  group_load,
  group_session,
  consumer_validation,
  consumer_out_of_range,
  preferred_replica,
  owned_partitions,
  buffered_records,
  commit_position,
  sequence_rewrite,
  count_,
};

// How a follower finds where its log and the leader's part; in the order of Variant::truncation's alternatives.
enum class TruncationProtocol : std::uint8_t {
  leader_epoch,              // Fetch answers with a diverging epoch (IBP 2.7)
  high_watermark,            // its own high watermark (before KIP-101)
  end_offset,                // OffsetsForLeaderEpoch v0: an end offset without its epoch, once (KIP-101)
  offsets_for_leader_epoch,  // OffsetsForLeaderEpoch, asked again while epochs differ (KIP-279)
};

// Whom a leader's replication throttle holds back; in the order of Variant::leader_throttle's alternatives.
enum class LeaderThrottle : std::uint8_t { out_of_sync, in_sync_too, consumers_too, ignored };
// Of Variant::follower_throttle.
enum class FollowerThrottle : std::uint8_t { out_of_sync, in_sync_too, ignored };

class Variants {
 public:
  // True when the rule is not Kafka's.
  bool on(Variant v) const { return chosen_[static_cast<std::size_t>(v)] != 0; }
  // 0: Kafka's; else the number of the alternative in variant_rows(), from 1.
  std::uint8_t value(Variant v) const { return chosen_[static_cast<std::size_t>(v)]; }
  void set(Variant v, std::uint8_t value = 1) { chosen_[static_cast<std::size_t>(v)] = value; }
  TruncationProtocol truncation() const { return TruncationProtocol(value(Variant::truncation)); }
  bool operator==(const Variants&) const = default;

  KTRIAL_FIELDS(Variants, chosen_)

 private:
  std::array<std::uint8_t, static_cast<std::size_t>(Variant::count_)> chosen_{};
};

struct VariantAlternative {
  std::string text;     // as a scenario says it
  std::string entries;  // of the catalogue of bugs: "R01, R02"
  std::string tickets;  // "KIP-101, KAFKA-1211"; empty: a mutation
  std::string meaning;
};
struct VariantRow {
  Variant id;
  std::string name;    // "replication.truncation"
  std::string kafkas;  // the default's text
  std::vector<VariantAlternative> alternatives;
};
const std::vector<VariantRow>& variant_rows();  // those that the model implements, in the order of their names' rooms

}  // namespace ktrial::model
