// Goal: the catalogues in docs/ are what the program knows. Method: compare; KTRIAL_REWRITE_DOCS=1 writes
// docs/faults.md and the table of docs/configs.md anew, after which the difference wants a reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "model/config_keys.h"
#include "properties/judge.h"
#include "scenarios/meanings.h"
#include "scenarios/run/goals.h"
#include "scenarios/scenario_reader.h"

namespace ktrial::scenarios {
namespace docs_test {

const std::string kDocs = std::string(KTRIAL_SOURCE_DIR) + "/docs/";

std::string read(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(kDocs + name).rdbuf();
  return text.str();
}

TEST(Docs, FaultsAreThoseOfTheProgram) {
  if (std::getenv("KTRIAL_REWRITE_DOCS")) std::ofstream(kDocs + "faults.md") << faults_markdown();
  EXPECT_EQ(read("faults.md"), faults_markdown());
}

TEST(Docs, EveryPropertyAndVariantIsThere) {
  for (const std::string& property : properties::all_property_names())
    EXPECT_THAT(read("properties.md"), testing::HasSubstr("`" + property + "`"));
  for (const model::VariantRow& variant : model::variant_rows())
    for (const auto& alternative : variant.alternatives)
      EXPECT_THAT(read("variants.md"), testing::HasSubstr("`" + variant.name + ": " + alternative.text + "`"));
}

TEST(Docs, ConfigsAreThoseOfTheProgram) {
  const std::string table = model::config_keys_markdown();
  const std::string written = read("configs.md");
  const std::string text = written.substr(0, written.find("| key |"));  // a person's; the table is the end
  if (std::getenv("KTRIAL_REWRITE_DOCS")) std::ofstream(kDocs + "configs.md") << text << table;
  EXPECT_EQ(read("configs.md"), text + table);
}

TEST(Meanings, EveryGoalHasOne) {
  for (const std::string& goal : known_goals()) EXPECT_NE(meaning_of_goal(goal), "") << goal;
}

TEST(Meanings, EveryFaultHasOneAndItsExampleIsRead) {
  for (int i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    EXPECT_NE(meaning_of(kind), "") << to_string(kind);
    const auto scenario =
        read_scenario("ktrial: 1\ncluster: {brokers: 3, topics: [{name: orders, replicas: [[1, 2, 3]]}]}\nfaults: [" +
                          example_of(kind) + "]\n",
                      "example", {properties::all_property_names(), known_goals()});
    ASSERT_TRUE(scenario) << to_string(kind) << ": " << to_string(scenario.error().front());
    EXPECT_EQ(scenario->faults.at(0).kind, kind);
  }
}

}  // namespace docs_test
}  // namespace ktrial::scenarios
