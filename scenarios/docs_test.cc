// Goal: the catalogues in docs/ are what the program knows. Method: compare; KTRIAL_REWRITE_DOCS=1 writes
// docs/faults.md, docs/format.md, docs/facts.md and the tables of docs/properties.md, docs/configs.md and
// docs/variants.md anew, after which the difference wants a reader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "model/config_keys.h"
#include "model/variants.h"
#include "properties/catalogue.h"
#include "properties/judge.h"
#include "reports/fact_table.h"
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

TEST(Docs, FactsAreThoseOfTheModel) {
  if (std::getenv("KTRIAL_REWRITE_DOCS")) std::ofstream(kDocs + "facts.md") << reports::facts_markdown();
  EXPECT_EQ(read("facts.md"), reports::facts_markdown());
}

// The files of a folder of the project whose text has the word.
std::vector<std::string> sources_with(const std::string& folder, const std::string& word) {
  std::vector<std::string> found;
  for (const auto& file : std::filesystem::recursive_directory_iterator(kDocs + "../" + folder)) {
    const std::string path = file.path().string();
    if ((!path.ends_with(".cc") && !path.ends_with(".h")) || path.ends_with("_test.cc")) continue;
    const std::string name = std::filesystem::relative(file.path(), kDocs + "..").string();
    if (std::regex_search(read("../" + name), std::regex("\\b" + word + "\\b"))) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The first block of code after a heading of docs/extending.md.
std::string example_of_adding(const std::string& heading) {
  const std::string text = read("extending.md");
  const std::size_t at = text.find("\n```cpp\n", text.find("\n## " + heading + "\n")) + 8;
  return text.substr(at, text.find("```", at) - at);
}

TEST(Docs, TheFactThatIsShownIsInTwoFiles) {
  EXPECT_THAT(read("../model/facts/log.h"), testing::HasSubstr(example_of_adding("A fact")));
  std::vector<std::string> found;
  for (const char* room : {"model", "properties", "reports", "scenarios"})
    for (const std::string& file : sources_with(room, "SegmentRolled")) found.push_back(file);
  EXPECT_THAT(found, testing::ElementsAre("model/facts/log.h", "model/replication/partition_storage.cc"));
  for (const std::string& file : found) EXPECT_THAT(read("extending.md"), testing::HasSubstr("`" + file + "`"));
}

TEST(Docs, TheProbeThatIsShownIsInTwoSources) {
  EXPECT_THAT(read("../model/probes.h"),
              testing::HasSubstr("X(fetch_session_ended, \"fetch session ended by the broker\""));
  EXPECT_THAT(sources_with("model", "fetch_session_ended"),
              testing::ElementsAre("model/probes.h", "model/replication/replica_fetcher.cc"));
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
