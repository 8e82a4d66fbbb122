// Goal: every probe of the model is reached by somebody, by name. Method: a row for each; a scenario of the table is
// run until it reaches its probe, a unit test of the table is looked up in its file, where it has to ask for the probe.
// Also: each is stated by the folder that owns it, and none is left in the code without a row.
#include "model/probes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "scenarios/scenario_for_test.h"

namespace ktrial::scenarios {
namespace probes_test {

using model::Probe;

constexpr std::uint64_t kSeeds = 100;

struct ByScenario {
  Probe probe;
  const char* scenario;
};
const ByScenario kByScenario[] = {
    {Probe::diverging_epoch_answered, "catalogue/R07"},
    {Probe::truncated_below_high_watermark, "catalogue/R13"},
    {Probe::leader_is_recovering, "library/sequential-unclean-stops-without"},
    {Probe::high_watermark_waits, "library/power-loss-of-all-correct"},
    {Probe::not_enough_replicas, "library/last-replica-standing-correct"},
    {Probe::alter_partition_answer_ignored, "catalogue/G09"},
    {Probe::leader_waits_for_metadata, "library/throttled-reassignment"},
    {Probe::follower_out_of_range, "catalogue/I03"},
    {Probe::follower_fenced, "library/min-isr-altered-without-leader"},
    {Probe::follower_moved_to_tier, "library/tiered-storage"},
    {Probe::parked_produce_of_deposed_leader, "library/min-isr-altered-without-leader"},
    {Probe::zombie_produce, "library/min-isr-altered-without-leader"},
    {Probe::fetch_session_unknown, "catalogue/D01"},
    {Probe::recovery_cut_the_log, "library/power-loss-of-all"},
    {Probe::recovery_changed_the_epochs, "library/recovery"},
    {Probe::recovery_from_recovery_point, "library/recovery"},
    {Probe::swap_recovered_to_another_log, "catalogue/D15"},
    {Probe::cleaning_stopped, "catalogue/D16"},
    {Probe::group_append_refused, "catalogue/G09"},
    {Probe::group_loaded_above_high_watermark, "catalogue/G02"},
    {Probe::copy_failed, "library/deleted-before-copied"},
    {Probe::deleted_before_copied, "library/deleted-before-copied"},
    {Probe::member_lost_partitions, "library/generation-not-checked-correct"},
    {Probe::member_commit_failed, "library/generation-not-checked-correct"},
    {Probe::operator_refused, "library/topics-change"},
    {Probe::alter_fenced_leader_epoch, "library/follower-fetch"},
    {Probe::registered_after_unclean_shutdown, "library/power-loss-of-all-correct"},
    {Probe::voter_fetch_offset_went_back, "library/append-not-synced"},
    {Probe::quorum_leader_resigned, "library/alter-partition-reply-correct"},
};

struct ByUnitTest {
  Probe probe;
  const char* file;
  const char* test;
};
const ByUnitTest kByUnitTest[] = {
    {Probe::diverging_epoch_is_older, "replication/partition_test.cc", "ADivergingEpochBetweenItsOwnIsAskedForAgain"},
    {Probe::batch_of_newer_epoch, "replication/partition_test.cc", "ABatchOfANewerEpochThanTheFetchIsNotTaken"},
    {Probe::expansion_refused, "replication/partition_test.cc", "EachErrorOfAlterPartitionHasItsReaction"},
    {Probe::shrink_refused, "replication/partition_test.cc", "AShrinkThatIsRefusedIsTakenBack"},
    {Probe::fetch_session_ended, "broker/broker_node_test.cc", "AFollowerWhoseFetchSessionIsGoneBeginsAnother"},
    {Probe::no_remote_state, "broker/broker_remote_test.cc", "AFollowerAsksAgainForTheRemoteStateThatItDidNotGet"},
    {Probe::clean_stop_before_recovery, "broker/broker_storage_test.cc", "TellsThatAllLogsWereLoaded"},
    {Probe::replica_in_two_directories, "broker/broker_directories_test.cc", "AnUnassignedReplicaIsCreatedAnew"},
    {Probe::replica_created_beside_offline_log, "broker/broker_directories_test.cc",
     "AnUnassignedReplicaIsCreatedAnew"},
    {Probe::stopped_for_untold_directory, "broker/broker_directories_test.cc", "ABrokerThatCannotTellStops"},
    {Probe::remote_fetch_expired, "broker/broker_remote_test.cc",
     "WithoutTheRemoteStorageNothingIsDeletedAndFetchesComeBackEmpty"},
    {Probe::remote_storage_timed_out, "broker/broker_remote_test.cc",
     "WithoutTheRemoteStorageNothingIsDeletedAndFetchesComeBackEmpty"},
    {Probe::remote_fetch_out_of_range, "broker/broker_remote_test.cc", "ASegmentThatIsGoneIsOutOfRange"},
    {Probe::remote_metadata_dropped, "broker/broker_remote_test.cc", "ASegmentThatIsGoneIsOutOfRange"},
    {Probe::member_has_no_offset, "clients/group_consumer_test.cc",
     "WithoutACommittedOffsetAndAResetPolicyNothingIsRead"},
    {Probe::alter_stale_broker_epoch, "controller/controller_test.cc", "AlterPartitionIsValidatedInOrder"},
    {Probe::alter_not_controller, "controller/controller_test.cc", "AlterPartitionIsValidatedInOrder"},
    {Probe::alter_invalid_update_version, "controller/controller_test.cc", "AlterPartitionIsValidatedInOrder"},
    {Probe::alter_ineligible_replica, "controller/controller_test.cc", "AlterPartitionIsValidatedInOrder"},
    {Probe::alter_invalid_request, "controller/controller_test.cc", "AlterPartitionIsValidatedInOrder"},
    {Probe::alter_unknown_partition, "controller/controller_test.cc", "AlterPartitionIsValidatedInOrder"},
    {Probe::assigned_to_offline_directory, "controller/directories_test.cc", "ALateAssignmentToAnOfflineOneCountsToo"},
    {Probe::recovery_given_up, "controller/unclean_recovery_test.cc",
     "AMemberOfTheLastKnownElrThatIsFencedEndsTheRecovery"},
    {Probe::answer_out_of_date, "controller/unclean_recovery_test.cc", "WhatWasToldBeforeANewRegistrationDoesNotCount"},
    {Probe::recovery_timed_out, "controller/unclean_recovery_test.cc",
     "AfterTheTimeoutWhoHasNotAnsweredIsNotWaitedFor"},
    {Probe::log_info_error, "controller/unclean_recovery_test.cc",
     "AnAnswerOfAnotherEpochOrWithAnErrorIsAskedForAgain"},
    {Probe::log_info_of_former_registration, "controller/unclean_recovery_test.cc",
     "AnAnswerOfAnotherEpochOrWithAnErrorIsAskedForAgain"},
    {Probe::log_info_of_other_epoch, "controller/unclean_recovery_test.cc",
     "AnAnswerOfAnotherEpochOrWithAnErrorIsAskedForAgain"},
    {Probe::quorum_truncated_below_high_watermark, "quorum/quorum_test.cc",
     "ALeaderThatDivergesBelowTheHighWatermarkEndsTheVoter"},
    {Probe::two_quorum_leaders, "quorum/quorum_test.cc", "TwoLeadersOfOneEpochEndTheVoter"},
    {Probe::observer_truncated_below_high_watermark, "quorum/quorum_test.cc",
     "ABrokerSaysThatTheQuorumTookBackWhatItHasApplied"},
};

// Nobody can, as the rules stand; whoever changes them finds out here.
struct ByNobody {
  Probe probe;
  const char* because;
};
const ByNobody kByNobody[] = {
    {Probe::not_enough_replicas_after_append,
     "below min.insync.replicas the high watermark stands still (KIP-966), and a produce is looked at in the step in "
     "which it moves"},
};

const std::string kModel = std::string(KTRIAL_SOURCE_DIR) + "/model/";

std::string read(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

TEST(Probes, EachHasSomebodyWhoReachesIt) {
  std::set<Probe> reached;
  for (const ByScenario& row : kByScenario) EXPECT_TRUE(reached.insert(row.probe).second) << probe_row(row.probe).name;
  for (const ByUnitTest& row : kByUnitTest) EXPECT_TRUE(reached.insert(row.probe).second) << probe_row(row.probe).name;
  for (const ByNobody& row : kByNobody) EXPECT_TRUE(reached.insert(row.probe).second) << row.because;
  for (std::size_t i = 0; i < model::kProbes; ++i)
    EXPECT_TRUE(reached.contains(static_cast<Probe>(i))) << model::probe_row(static_cast<Probe>(i)).name;
}

TEST(Probes, ScenariosOfTheTableReachThem) {
  std::map<std::string, std::vector<Probe>> wanted;
  for (const ByScenario& row : kByScenario) wanted[row.scenario].push_back(row.probe);
  for (auto& [name, probes] : wanted) {
    const Scenario scenario = scenario_in(name);
    ProbeCounts counts;
    for (std::uint64_t seed = 1; seed <= kSeeds && !probes.empty(); ++seed) {
      TrialOptions options;
      options.seed = seed;
      counts.add(run_trial(scenario, options).probes);
      std::erase_if(probes, [&](Probe probe) { return counts.of(probe) != 0; });
    }
    for (const Probe probe : probes) ADD_FAILURE() << name << " does not reach " << model::probe_row(probe).name;
  }
}

TEST(Probes, UnitTestsOfTheTableAskForThem) {
  for (const ByUnitTest& row : kByUnitTest) {
    const std::string text = read(kModel + row.file), probe = model::probe_row(row.probe).name;
    const std::size_t begin = text.find(std::string(", ") + row.test + ")");
    ASSERT_NE(begin, std::string::npos) << row.file << " has no test " << row.test;
    const std::string body = text.substr(begin, text.find("\n}\n", begin) - begin);
    EXPECT_TRUE(std::regex_search(body, std::regex("Probe::" + probe + "\\b"))) << row.test << " and " << probe;
  }
}

TEST(Probes, EachIsStatedByItsOwner) {
  std::map<std::string, std::string> code;  // folder -> all that its sources say
  for (const auto& file : std::filesystem::recursive_directory_iterator(kModel)) {
    const std::string path = file.path().string();
    if (!path.ends_with(".cc") || path.ends_with("_test.cc")) continue;
    code["model/" + std::filesystem::relative(file.path().parent_path(), kModel).string()] += read(path);
  }
  for (std::size_t i = 0; i < model::kProbes; ++i) {
    const model::ProbeRow& row = model::probe_row(static_cast<Probe>(i));
    EXPECT_TRUE(std::regex_search(code[row.owner], std::regex(std::string("Probe::") + row.name + "\\b")))
        << row.name << " is not stated in " << row.owner;
  }
}

}  // namespace probes_test
}  // namespace ktrial::scenarios
