// Goal: the catalogues in docs/ are what the program knows. Method: compare; KTRIAL_REWRITE_DOCS=1 writes
// docs/faults.md and the tables of docs/properties.md, docs/configs.md and docs/variants.md anew, after which the
// difference wants a reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "model/config_keys.h"
#include "model/variants.h"
#include "properties/catalogue.h"
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

// A person wrote what is before the table, and what comes behind an empty line after it.
void expect_holds_table(const std::string& name, const std::string& table) {
  const std::string written = read(name);
  const std::size_t begin = written.find(table.substr(0, table.find('\n')));
  const std::size_t end = std::min(written.find("\n\n", begin), written.size() - 1) + 1;
  ASSERT_NE(begin, std::string::npos) << name;
  const std::string text = written.substr(0, begin) + table + written.substr(end);
  if (std::getenv("KTRIAL_REWRITE_DOCS")) std::ofstream(kDocs + name) << text;
  EXPECT_EQ(read(name), text);
}

TEST(Docs, TablesAreThoseOfTheProgram) {
  expect_holds_table("properties.md", properties::catalogue_markdown());
  expect_holds_table("configs.md", model::config_keys_markdown());
  expect_holds_table("variants.md", model::variants_markdown());
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
