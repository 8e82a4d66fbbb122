// Goal: docs/extending.md says the truth about how many files a new thing takes. Method: its examples are things that
// exist; each must be found in the files that the table names, and those of kinds that are fully described in no other.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace ktrial::scenarios {
namespace extending_test {

const std::filesystem::path kSource = KTRIAL_SOURCE_DIR;

std::string read(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

struct Row {
  std::string kind;     // "a variant"
  int count = 0;        // of files, as it says
  std::string example;  // a word in each of these
  std::vector<std::string> files;
};

// "| a variant | 2: ... | `diverging_answer`: `model/...`, `model/...` |"
std::vector<Row> rows() {
  std::vector<Row> all;
  std::istringstream lines(read(kSource / "docs" / "extending.md"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| a")) continue;
    Row row;
    const std::size_t counts = line.find(" | ", 2), examples = line.find(" | ", counts + 3);
    row.kind = line.substr(2, counts - 2);
    row.count = std::stoi(line.substr(counts + 3));
    for (std::size_t at = examples; (at = line.find('`', at)) != std::string::npos;) {
      const std::size_t end = line.find('`', at + 1);
      const std::string word = line.substr(at + 1, end - at - 1);
      if (row.example.empty())
        row.example = word;
      else
        row.files.push_back(word);
      at = end + 1;
    }
    all.push_back(row);
  }
  return all;
}

// All sources with the word in them, but tests.
std::set<std::string> files_with(const std::string& word) {
  std::set<std::string> found;
  for (const char* room : {"model", "sim", "properties", "reports", "scenarios"})
    for (const auto& file : std::filesystem::recursive_directory_iterator(kSource / room)) {
      const std::string name = file.path().filename();
      if ((!name.ends_with(".h") && !name.ends_with(".cc")) || name.find("_test.") != std::string::npos) continue;
      if (read(file.path()).find(word) != std::string::npos)
        found.insert(std::filesystem::relative(file.path(), kSource));
    }
  return found;
}

TEST(Extending, TheExamplesAreWhereTheTableSaysAndNowhereElse) {
  const std::set<std::string> exact = {"a config key", "a variant", "a request", "a property"};
  std::set<std::string> seen;
  for (const Row& row : rows()) {
    ASSERT_FALSE(row.files.empty()) << row.kind;
    for (const std::string& file : row.files)
      EXPECT_NE(read(kSource / file).find(row.example), std::string::npos) << row.example << " in " << file;
    if (!exact.contains(row.kind)) continue;
    seen.insert(row.kind);
    EXPECT_EQ(static_cast<int>(row.files.size()), row.count) << row.kind;
    EXPECT_EQ(files_with(row.example), std::set<std::string>(row.files.begin(), row.files.end())) << row.kind;
  }
  EXPECT_EQ(seen, exact);
}

// What the text calls by name is there.
TEST(Extending, TheNamesInTheTextExist) {
  const std::string text = read(kSource / "docs" / "extending.md");
  for (const char* file : {"model/config/config_row.h", "model/config/config_text.cc", "model/config/unmodelled_keys.h",
                           "model/canonical.h", "model/messages.cc", "properties/all_properties.cc"}) {
    EXPECT_NE(text.find(file), std::string::npos) << file;
    EXPECT_TRUE(std::filesystem::exists(kSource / file)) << file;
  }
  for (const char* word : {"log_initial_task_delay", "LeaderThrottle", "MessageList", "DeleteLogSegmentDataResponse",
                           "PropertyOf", "add_follower_read_properties", "FailedReplicaIsLeft"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
    EXPECT_FALSE(files_with(word).empty()) << word;
  }
}

}  // namespace extending_test
}  // namespace ktrial::scenarios
