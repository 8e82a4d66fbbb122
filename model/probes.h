// Probes: branches of the model that are worth reaching, each written down once. `step.fact(ProbeHit{Probe::x})` where
// the branch is taken; campaigns count them and say which they never reached (`ktrial probes`).
//
// A row is the name in the code, what it says, and the folder that states it. What nothing can reach has no place here:
// scenarios/run/probes_test.cc says of each who reaches it, and runs that.
#pragma once

#include <cstdint>

#include "model/facts/probe.h"

#define KTRIAL_PROBES(X)                                                                                             \
  X(diverging_epoch_answered, "fetch answered with a diverging epoch", "model/replication")                          \
  X(diverging_epoch_is_older, "diverging epoch: the log knows an older epoch only, and will ask again",              \
    "model/replication")                                                                                             \
  X(truncated_below_high_watermark, "log truncated below the high watermark", "model/replication")                   \
  X(leader_is_recovering, "leader after an unclean election: RECOVERING", "model/replication")                       \
  X(batch_of_newer_epoch, "fetched batch is of a newer leader epoch than the fetch", "model/replication")            \
  X(high_watermark_waits, "high watermark waits for a replica that is not in the ISR yet", "model/replication")      \
  X(not_enough_replicas, "produce refused: NOT_ENOUGH_REPLICAS", "model/replication")                                \
  X(alter_partition_answer_ignored, "AlterPartition answer ignored: newer metadata came first", "model/replication") \
  X(expansion_refused, "isr expansion refused: INELIGIBLE_REPLICA", "model/replication")                             \
  X(shrink_refused, "isr shrink refused: INELIGIBLE_REPLICA", "model/replication")                                   \
  X(leader_waits_for_metadata, "AlterPartition refused: the leader waits for newer metadata", "model/replication")   \
  X(fetch_session_ended, "fetch session ended by the broker", "model/replication")                                   \
  X(follower_out_of_range, "follower fetch refused: OFFSET_OUT_OF_RANGE", "model/replication")                       \
  X(follower_fenced, "follower fetch refused: FENCED_LEADER_EPOCH", "model/replication")                             \
  X(follower_moved_to_tier, "follower fetch refused: OFFSET_MOVED_TO_TIERED_STORAGE", "model/replication")           \
  X(no_remote_state, "follower found no remote state to begin with", "model/replication")                            \
  X(not_enough_replicas_after_append, "produce answered: NOT_ENOUGH_REPLICAS_AFTER_APPEND", "model/broker")          \
  X(parked_produce_of_deposed_leader, "produce parked while the leader was deposed", "model/broker")                 \
  X(zombie_produce, "zombie produce request executed", "model/broker")                                               \
  X(fetch_session_unknown, "fetch refused: its session is not known", "model/broker")                                \
  X(recovery_cut_the_log, "log recovery cut the log at a broken batch", "model/broker")                              \
  X(recovery_changed_the_epochs, "log recovery changed the leader epoch cache", "model/broker")                      \
  X(recovery_from_recovery_point, "log recovery began at a recovery point", "model/broker")                          \
  X(swap_recovered_to_another_log, "recovery of a swap left another log than the broker had", "model/broker")        \
  X(clean_stop_before_recovery, "clean stop before all logs were recovered", "model/broker")                         \
  X(cleaning_stopped, "log cleaning stopped by a truncation or deletion", "model/broker")                            \
  X(replica_in_two_directories, "a replica was found in two log directories", "model/broker")                        \
  X(replica_created_beside_offline_log, "a replica was created anew while its log is in an offline directory",       \
    "model/broker")                                                                                                  \
  X(stopped_for_untold_directory, "broker stopped: the controller could not be told of an offline log directory",    \
    "model/broker")                                                                                                  \
  X(group_append_refused, "group coordinator: append refused", "model/broker")                                       \
  X(group_loaded_above_high_watermark, "group coordinator: loaded above the high watermark", "model/coordinator")    \
  X(remote_fetch_expired, "remote fetch not done within remote.fetch.max.wait.ms", "model/broker")                   \
  X(remote_fetch_out_of_range, "remote fetch: OFFSET_OUT_OF_RANGE", "model/broker")                                  \
  X(remote_storage_timed_out, "remote storage did not answer in time", "model/remote")                               \
  X(copy_failed, "copy of a segment failed, and is cleaned up", "model/remote")                                      \
  X(deleted_before_copied, "a segment was deleted before it was copied", "model/remote")                             \
  X(remote_metadata_dropped, "remote segment metadata dropped: no such transition", "model/remote")                  \
  X(member_lost_partitions, "group member: partitions lost", "model/clients")                                        \
  X(member_has_no_offset, "group member: no committed offset and no reset policy", "model/clients")                  \
  X(member_commit_failed, "group member: commit failed", "model/clients")                                            \
  X(operator_refused, "an operator's request was refused", "model/controller")                                       \
  X(alter_stale_broker_epoch, "AlterPartition refused: STALE_BROKER_EPOCH", "model/controller")                      \
  X(alter_not_controller, "AlterPartition refused: NOT_CONTROLLER", "model/controller")                              \
  X(alter_fenced_leader_epoch, "AlterPartition refused: FENCED_LEADER_EPOCH", "model/controller")                    \
  X(alter_invalid_update_version, "AlterPartition refused: INVALID_UPDATE_VERSION", "model/controller")              \
  X(alter_ineligible_replica, "AlterPartition refused: INELIGIBLE_REPLICA", "model/controller")                      \
  X(alter_invalid_request, "AlterPartition refused: INVALID_REQUEST", "model/controller")                            \
  X(alter_unknown_partition, "AlterPartition refused: unknown partition", "model/controller")                        \
  X(assigned_to_offline_directory, "a replica was assigned to a log directory that is offline by now",               \
    "model/controller")                                                                                              \
  X(registered_after_unclean_shutdown, "a broker registered again after an unclean shutdown", "model/controller")    \
  X(recovery_given_up, "an unclean recovery was given up", "model/controller")                                       \
  X(answer_out_of_date, "a replica registered again after it had told of its log", "model/controller")               \
  X(recovery_timed_out, "an unclean recovery took unclean.recovery.timeout.ms", "model/controller")                  \
  X(log_info_error, "GetReplicaLogInfo was answered with an error", "model/controller")                              \
  X(log_info_of_former_registration, "a replica told of its log before it registered again", "model/controller")     \
  X(log_info_of_other_epoch, "a replica told of its log in another leader epoch", "model/controller")                \
  X(voter_fetch_offset_went_back, "metadata quorum: the fetch offset of a voter went back", "model/quorum")          \
  X(quorum_leader_resigned, "quorum leader resigned: no fetches of a majority", "model/quorum")                      \
  X(quorum_truncated_below_high_watermark, "metadata quorum: truncation below the high watermark", "model/quorum")   \
  X(two_quorum_leaders, "metadata quorum: two leaders in one epoch", "model/quorum")                                 \
  X(observer_truncated_below_high_watermark, "metadata observer: truncation below the high watermark", "model/quorum")

namespace ktrial::model {

enum class Probe : std::uint16_t {
#define KTRIAL_PROBE_NAME(name, text, owner) name,
  KTRIAL_PROBES(KTRIAL_PROBE_NAME)
#undef KTRIAL_PROBE_NAME
};
#define KTRIAL_PROBE_COUNT(name, text, owner) +1
inline constexpr std::size_t kProbes = 0 KTRIAL_PROBES(KTRIAL_PROBE_COUNT);
#undef KTRIAL_PROBE_COUNT

struct ProbeRow {
  const char* name;   // in the code
  const char* text;   // in traces
  const char* owner;  // the folder of the model that states it
};
const ProbeRow& probe_row(Probe probe);

}  // namespace ktrial::model
