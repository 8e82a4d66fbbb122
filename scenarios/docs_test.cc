// Goal: the catalogues in docs/ are what the program knows. Method: compare; KTRIAL_REWRITE_DOCS=1 writes
// docs/faults.md and docs/format.md anew, after which the difference wants a reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "model/config_keys.h"
#include "properties/judge.h"
#include "scenarios/format/schema.h"
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

TEST(Docs, KeysAreThoseOfTheProgram) {
  if (std::getenv("KTRIAL_REWRITE_DOCS")) std::ofstream(kDocs + "format.md") << format_markdown();
  EXPECT_EQ(read("format.md"), format_markdown());
}

// Sources of the scenarios that hold a word, but tests.
std::set<std::string> files_with(const std::string& word) {
  std::set<std::string> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::string(KTRIAL_SOURCE_DIR) + "/scenarios")) {
    const std::string name = entry.path().filename().string();
    if ((!name.ends_with(".h") && !name.ends_with(".cc")) || name.ends_with("_test.cc")) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    if (text.str().find(word) != std::string::npos) files.insert(name);
  }
  return files;
}

// docs/extending.md promises how many files a fault and a key take.
TEST(Docs, AFaultIsInTwoFilesAndAKeyInOne) {
  const std::string extending = read("extending.md");
  EXPECT_THAT(extending, testing::HasSubstr("Two files: the header and the source of its family"));
  EXPECT_EQ(files_with("SlowDisk"), (std::set<std::string>{"disk_faults.cc", "disk_faults.h"}));
  EXPECT_EQ(files_with("slow-disk"), (std::set<std::string>{"disk_faults.h"}));
  EXPECT_EQ(files_with("tail-per-million"), (std::set<std::string>{"scenario_keys.cc"}));
  for (const char* word : {"OnLogDir", "FaultFamily", "FaultText", "Standstill", "Hit::armed", "Drawing"}) {
    EXPECT_THAT(extending, testing::HasSubstr(word));
    EXPECT_FALSE(files_with(word).empty()) << word;
  }
}

TEST(Docs, EveryPropertyVariantAndConfigIsThere) {
  for (const std::string& property : properties::all_property_names())
    EXPECT_THAT(read("properties.md"), testing::HasSubstr("`" + property + "`"));
  for (const model::VariantRow& variant : model::variant_rows())
    for (const auto& alternative : variant.alternatives)
      EXPECT_THAT(read("variants.md"), testing::HasSubstr("`" + variant.name + ": " + alternative.text + "`"));
  EXPECT_THAT(read("configs.md"), testing::HasSubstr(model::config_keys_markdown()));
}

TEST(Meanings, EveryGoalHasOne) {
  for (const std::string& goal : known_goals()) EXPECT_NE(meaning_of_goal(goal), "") << goal;
}

TEST(Faults, TheExampleOfEachIsRead) {
  for (int i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    const auto scenario =
        read_scenario("ktrial: 1\ncluster: {brokers: 3, topics: [{name: orders, replicas: [[1, 2, 3]]}]}\nfaults: [" +
                          std::string(row_of(kind).text.example) + "]\n",
                      "example", {properties::all_property_names(), known_goals()});
    ASSERT_TRUE(scenario) << to_string(kind) << ": " << to_string(scenario.error().front());
    EXPECT_EQ(scenario->faults.at(0).kind(), kind);
  }
}

}  // namespace docs_test
}  // namespace ktrial::scenarios
