// Goal: whoever opens a folder finds its reading order. Method: each folder of more than five sources has a README, and
// it names every header there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace ktrial::scenarios {
namespace readmes_test {

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

TEST(Readmes, EachFolderNamesItsHeaders) {
  for (const char* room : {"model", "sim", "properties", "reports", "scenarios"}) {
    const std::filesystem::path root = std::filesystem::path(KTRIAL_SOURCE_DIR) / room;
    std::vector<std::filesystem::path> folders{root};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
      if (entry.is_directory()) folders.push_back(entry.path());
    for (const auto& folder : folders) {
      std::vector<std::string> headers;
      int sources = 0;
      for (const auto& file : std::filesystem::directory_iterator(folder)) {
        const bool header = file.path().extension() == ".h";
        sources += header || file.path().extension() == ".cc" ? 1 : 0;
        if (header) headers.push_back(file.path().stem().string());
      }
      if (sources <= 5) continue;
      const std::string readme = text_of(folder / "README.md");
      EXPECT_NE(readme, "") << folder;
      for (const std::string& header : headers) EXPECT_THAT(readme, testing::HasSubstr(header)) << folder;
    }
  }
}

}  // namespace readmes_test
}  // namespace ktrial::scenarios
