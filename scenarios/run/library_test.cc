// Every scenario of the library, run as a user would: those that must hold do, for the first seeds; those that show a
// variant or a hazard are caught by search, shrink to a few faults, and fail again from the written file.
#include <gtest/gtest.h>

#include <set>

#include "properties/judge.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_for_test.h"
#include "scenarios/scenario_reader.h"
#include "scenarios/scenario_writer.h"
#include "scenarios/search/search.h"
#include "scenarios/search/shrink.h"

namespace ktrial::scenarios {
namespace library_test {

class Holds : public testing::TestWithParam<const char*> {};

TEST_P(Holds, InFiftySeeds) {
  const SearchResult result = search_seeds(library_scenario(GetParam()), 50);
  EXPECT_FALSE(result.failing_seed) << "seed " << result.failing_seed.value_or(0);
  EXPECT_EQ(result.judged, 50u);
}

INSTANTIATE_TEST_SUITE_P(
    Library, Holds,
    testing::Values("walkthrough", "standard-cluster", "every-loss-explained", "safe-config", "acks-one-correct",
                    "min-isr-one-correct", "unclean-election-correct", "power-loss-of-all-correct",
                    "last-replica-standing-correct", "retry-reorder-correct", "truncation-high-watermark-correct",
                    "isr-admission-correct", "alter-partition-reply-correct", "vote-not-durable-correct",
                    "append-not-synced-correct", "generation-not-checked-correct", "group-failover-correct",
                    "last-standing-elr", "topics-change", "elr-safe", "validation-of-an-unknown-epoch", "retention",
                    "delete-records", "recovery", "disk-faults", "compaction", "compaction-and-retention",
                    "expansion-dropped-by-late-metadata", "late-registration", "follower-fetch", "log-directories",
                    "misdirected-writes", "idempotent-producers", "tiered-storage", "shutdown-requests-come-late",
                    "every-fault", "removal-and-lost-disks", "unclean-recovery", "sequential-unclean-stops",
                    "throttled-reassignment", "unseen-bit-rot-correct", "min-isr-lowered", "configs-altered",
                    "deleted-before-copied"),
    [](const auto& info) {
      std::string name = info.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

class Caught : public testing::TestWithParam<const char*> {};

TEST_P(Caught, ShrinksAndFailsAgainFromItsFile) {
  const Scenario scenario = library_scenario(GetParam());
  const SearchResult found = search_seeds(scenario, 2000);
  ASSERT_TRUE(found.failing_seed);
  TrialOptions options;
  options.seed = *found.failing_seed;
  const TrialResult raw = run_trial(scenario, options);
  ShrinkOptions shrinking;
  shrinking.time_budget = std::chrono::milliseconds(3000);
  const ShrinkResult small = shrink(raw.concrete, shrinking);
  EXPECT_LE(small.scenario.faults.size(), 4u);

  const auto again =
      read_scenario(write_scenario(small.scenario), "written", {properties::all_property_names(), known_goals()});
  ASSERT_TRUE(again);
  options.seed = again->seed.value();
  const TrialResult replayed = run_trial(*again, options);
  EXPECT_TRUE(failed(replayed));
  EXPECT_EQ(replayed.fingerprint, run_trial(small.scenario, options).fingerprint);
}

INSTANTIATE_TEST_SUITE_P(Library, Caught,
                         testing::Values("acks-one", "min-isr-one", "unclean-election", "power-loss-of-all",
                                         "last-replica-standing", "retry-reorder", "truncation-high-watermark",
                                         "append-not-synced", "isr-admission", "alter-partition-reply",
                                         "vote-not-durable", "generation-not-checked",
                                         "sequential-unclean-stops-without", "throttle-too-low", "unseen-bit-rot",
                                         "min-isr-raised-unheard", "min-isr-altered-without-leader"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// Without a word of it in `expect` a run fails for what the fault did, and not for what came of it.
TEST(UnseenBitRot, IsTheCauseThatIsTold) {
  Scenario scenario = library_scenario("unseen-bit-rot");
  scenario.expect.clear();
  std::set<std::string> reasons;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    TrialOptions options;
    options.seed = seed;
    const TrialResult result = run_trial(scenario, options);
    if (const properties::Violation* first = result.unexpected())
      reasons.insert(first->permitted_by ? first->permitted_by->substr(0, first->permitted_by->find(':'))
                                         : first->reason);
  }
  // Copied or read; led by who has it; or nobody has looked, and it is another record all the same.
  EXPECT_EQ(reasons, (std::set<std::string>{"corruption exposed", "corrupted undetected",
                                            "replicas differ by bit rot that no checksum finds"}));
}

TEST(Determinism, SameFingerprintAfterManyOtherRunsAndOnTwoThreads) {
  const Scenario scenario = library_scenario("unclean-election-correct");
  TrialOptions options;
  options.seed = 7;
  const std::uint64_t alone = run_trial(scenario, options).fingerprint;
  search_seeds(library_scenario("retry-reorder-correct"), 200);
  EXPECT_EQ(run_trial(scenario, options).fingerprint, alone);
  options.seed = 8;
  EXPECT_NE(run_trial(scenario, options).fingerprint, alone);
}

// A new seed from 20 s on: all that was recorded before is the same, what comes after is not, and the faults are.
TEST(Reseed, GivesAnotherFutureOfTheSamePast) {
  const Scenario scenario = library_scenario("truncation-high-watermark-correct");
  TrialOptions options;
  options.seed = 5;
  options.record = true;
  const TrialResult once = run_trial(scenario, options);
  options.reseeds = {{seconds(20), 6}};
  const TrialResult other = run_trial(scenario, options);
  EXPECT_NE(once.fingerprint, other.fingerprint);
  EXPECT_EQ(once.concrete.faults, other.concrete.faults);
  const auto before = [](const TrialResult& r) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
    for (const RecordedFact& f : r.facts)
      if (f.at < seconds(20)) all.emplace_back(f.event, model::digest(f.fact));
    return all;
  };
  EXPECT_GT(before(once).size(), 1000u);
  EXPECT_EQ(before(once), before(other));
}

TEST(ConcreteScenario, RunsAsTheRandomOneDid) {
  const Scenario scenario = library_scenario("truncation-high-watermark-correct");
  TrialOptions options;
  options.seed = 5;
  const TrialResult drawn = run_trial(scenario, options);
  const TrialResult written = run_trial(drawn.concrete, options);
  EXPECT_EQ(drawn.fingerprint, written.fingerprint);
  EXPECT_EQ(drawn.events, written.events);
}

}  // namespace library_test
}  // namespace ktrial::scenarios
