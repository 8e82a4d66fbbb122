// Goal: a model that forgets to say something is found (facts-are-true), and one that says everything is not. Method:
// all facts of one kind are kept from the judge, in runs of the correct model in which there are some.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/run/trial.h"
#include "scenarios/scenario_for_test.h"

namespace ktrial::scenarios {
namespace omitted_facts_test {

struct Omission {
  std::uint16_t kind;
  const char* scenario;
};

template <class F>
Omission omission(const char* scenario) {
  return {model::fact_kind<F>(), scenario};
}

std::vector<Omission> omissions() {
  using namespace model;
  const char* const kElr = "library/elr-safe";
  const char* const kGroup = "library/group-failover-correct";
  return {omission<BatchAppended>(kElr),
          omission<LogTruncated>("library/truncation-divergence-correct"),
          omission<LogLoaded>(kElr),
          omission<HighWatermarkAdvanced>(kElr),
          omission<LogStartAdvanced>("library/idempotent-producers"),
          omission<SegmentsReplaced>("library/compaction"),
          omission<BatchCorrupted>("library/every-fault"),
          omission<RecordRotted>("library/unseen-bit-rot"),
          omission<BecameLeader>(kElr),
          omission<BecameFollower>(kElr),
          omission<IsrChanged>(kElr),
          omission<IsrProposed>("library/topics-change"),
          omission<ReplicaDeleted>("library/topics-change"),
          omission<ReplicaOffline>("catalogue/C14"),
          omission<ProducerStateTold>(kElr),
          omission<ProducerIdsExpired>("catalogue/I10"),
          omission<PartitionStateCommitted>(kElr),
          omission<TopicCreated>(kElr),
          omission<TopicDeleted>("library/topics-change"),
          omission<BrokerStarted>(kElr),
          omission<BrokerRegistered>(kElr),
          omission<BrokerFenced>(kElr),
          omission<BrokerUnfenced>(kElr),
          omission<BrokerInControlledShutdown>(kGroup),
          omission<MetadataAppended>(kElr),
          omission<MetadataTruncated>(kElr),
          omission<MetadataCommitted>(kElr),
          omission<MetadataApplied>(kElr),
          omission<QuorumLeaderElected>(kElr),
          omission<QuorumBecameFollower>(kElr),
          omission<GroupStateChanged>(kGroup),
          omission<PartitionsAssigned>(kGroup),
          omission<PartitionsRevoked>(kGroup)};
}

bool facts_differ(const Omission& o, std::uint64_t seeds, bool omit) {
  Scenario scenario = scenario_in(o.scenario);
  for (const std::string& name : properties::all_property_names()) scenario.expect[name] = Expected::any;
  scenario.expect["facts-are-true"] = Expected::violated;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    TrialOptions options;
    options.seed = seed;
    if (omit) options.omitted = OmittedFact{o.kind};
    if (run_trial(scenario, options).expected_but_held().empty()) return true;
  }
  return false;
}

class OmittedFacts : public testing::TestWithParam<Omission> {};

TEST_P(OmittedFacts, AreMissed) { EXPECT_TRUE(facts_differ(GetParam(), 20, true)); }

TEST_P(OmittedFacts, AreNotMissedWhenTheyAreTold) { EXPECT_FALSE(facts_differ(GetParam(), 3, false)); }

INSTANTIATE_TEST_SUITE_P(Kinds, OmittedFacts, testing::ValuesIn(omissions()),
                         [](const auto& info) { return std::string(model::fact_name(info.param.kind)); });

TEST(OmittedFactsOfTheDocs, EachKindIsCheckedOrNamedAsOneThatIsNot) {
  std::ostringstream docs;
  docs << std::ifstream(std::string(KTRIAL_SOURCE_DIR) + "/docs/properties.md").rdbuf();
  const std::vector<Omission> found = omissions();
  for (std::uint16_t kind = 0; kind < std::variant_size_v<model::FactVariant>; ++kind) {
    if (std::ranges::none_of(found, [kind](const Omission& o) { return o.kind == kind; })) {
      EXPECT_THAT(docs.str(), testing::HasSubstr(std::string("`") + model::fact_name(kind) + "`"));
    }
  }
}

}  // namespace omitted_facts_test
}  // namespace ktrial::scenarios
