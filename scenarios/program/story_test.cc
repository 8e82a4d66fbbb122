// Goal: the story of any failure is short, in order of time, and holds what led to it. Method: the first failure of
// each scenario of the library that has one, as it was found (the shrunk one has less to leave out).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/program/files.h"
#include "scenarios/program/story_weights.h"
#include "scenarios/program/telling.h"
#include "scenarios/search/search.h"
#include "scenarios/search/shrink.h"

namespace ktrial::scenarios {
namespace story_test {

using testing::HasSubstr;

TrialResult first_failure(const std::string& name) {
  const auto scenario = load(name);
  if (!scenario) throw std::runtime_error(name);
  SearchOptions options;
  options.last_seed = 2000;
  return record_trial(*scenario, search(*scenario, options).failing_seed.value());
}

class Stories : public testing::TestWithParam<const char*> {};

TEST_P(Stories, HaveFiveToFifteenLinesInOrderOfTime) {
  const TrialResult result = first_failure(GetParam());
  const properties::Violation& violation = *key_violation(result);
  const reports::Story story = story_of(result, violation, "again", {"file"});
  EXPECT_GE(story.lines.size(), 5u);
  std::size_t faults = 0;
  for (std::size_t i = 0; i < story.lines.size(); ++i) {
    if (i > 0) {
      EXPECT_LE(story.lines[i - 1].at, story.lines[i].at);
    }
    EXPECT_LE(story.lines[i].at, violation.at);
    faults += story.lines[i].who == "fault" ? 1 : 0;
  }
  EXPECT_GT(faults, 0u) << "what broke is part of every story";
  EXPECT_NE(story.meaning, "");
  EXPECT_NE(story.seen, "");
  EXPECT_EQ(story.seen.find("topic 1 partition"), std::string::npos) << "names, not numbers";
  std::size_t told = 0;
  const std::string text = reports::story(story);
  for (std::size_t at = 0; (at = text.find("\n  ", at)) != std::string::npos; ++at) ++told;
  EXPECT_LE(told, reports::Story::kMostLines + 1) << text;  // and the line that says how many are left out
}

INSTANTIATE_TEST_SUITE_P(Library, Stories,
                         testing::Values("acks-one", "min-isr-one", "unclean-election", "power-loss-of-all",
                                         "last-replica-standing", "retry-reorder", "truncation-high-watermark",
                                         "append-not-synced", "isr-admission", "alter-partition-reply",
                                         "vote-not-durable", "truncation-divergence", "generation-not-checked"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Story, OfALossTellsTheRecordsLife) {
  const TrialResult result = first_failure("unclean-election");
  const properties::Violation& violation = *key_violation(result);
  const std::string text = reports::story(story_of(result, violation, "", {}));
  for (const char* part : {"leader appended offsets", "acknowledged at base offset", "became leader", "permitted  "})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, HasSubstr("expected   broker "));
}

TEST(Story, OfAGroupTellsItsGenerationsAndCommits) {
  const TrialResult result = first_failure("generation-not-checked");
  const std::string text = reports::story(story_of(result, *key_violation(result), "", {}));
  for (const char* part : {"generation 2", "committed offset", "pause of"}) EXPECT_THAT(text, HasSubstr(part));
  EXPECT_EQ(text.find("__consumer_offsets"), std::string::npos) << "its first leaders are no news";
}

// Whatever happens, some broken promise is told with it: no fact is silent for ever. A probe is the exception, which is
// about no partition; what it saw is told by the facts around it.
TEST(Story, HasRoomForEveryFact) {
  std::vector<bool> told(model::kFactKinds);
  for (const auto& property : properties::catalogue())
    for (const std::int64_t offset : {-1, 1, 2, 3, 4, 5, 6})
      for (const bool known : {false, true}) {
        properties::Violation violation;
        violation.property = property.name;
        violation.offset = known ? offset : -1;
        if (known) violation.partition = model::TopicPartition{model::TopicId(1), model::PartitionIndex(0)};
        const StoryWeights weights(violation);
        for (std::uint16_t kind = 0; kind < model::kFactKinds; ++kind)
          if (weights.of(model::fact_row(kind).example()) != model::Weight::none) told[kind] = true;
      }
  std::vector<std::string> silent;
  for (std::uint16_t kind = 0; kind < model::kFactKinds; ++kind)
    if (!told[kind]) silent.push_back(model::fact_name(kind));
  EXPECT_EQ(silent, std::vector<std::string>{"ProbeHit"});
}

// The work between two changes is drawn once, so the end of the run, which is what a reader wants, is in the diagram.
TEST(Diagram, OfAFailureReachesItsEnd) {
  const std::string text = diagram_of(first_failure("unclean-election"));
  EXPECT_EQ(text.find("the diagram is full"), std::string::npos);
  EXPECT_THAT(text, HasSubstr("unclean leader election"));
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 400);
}

}  // namespace story_test
}  // namespace ktrial::scenarios
