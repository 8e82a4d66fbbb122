// Each member of each described type is described or listed as derived. Aggregates are counted by the compiler where
// they are walked; this reads the headers, so that it holds for classes with private members too.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace ktrial::model {
namespace described_test {

std::string read(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return std::regex_replace(text.str(), std::regex("//[^\n]*"), "");
}

// The inside of the braces around `at`, with what is in inner braces and parentheses taken out.
std::string body_around(const std::string& text, std::size_t at) {
  std::size_t begin = at;
  for (int depth = 0; begin-- > 0;) {
    if (text[begin] == '}') ++depth;
    if (text[begin] == '{' && depth-- == 0) break;
  }
  std::string body;
  int braces = 0, parentheses = 0;
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '}' && braces-- == 0) break;
    if (c == ')') --parentheses;
    if (braces == 0 && parentheses == 0 && c != '}') body += c;
    if (c == '(') ++parentheses;
    if (c == '{' && braces++ == 0) body += '}';
  }
  return body;
}

std::set<std::string> split(const std::string& list) {
  std::set<std::string> names;
  const std::regex word("\\w+");
  for (std::sregex_iterator at(list.begin(), list.end(), word), end; at != end; ++at) names.insert(at->str());
  return names;
}

std::set<std::string> members(std::string body) {
  static const std::regex kMacro(R"(KTRIAL_\w+\(\))");
  static const std::regex kFunction(R"(\(\)[^;{}>]*(:[^;]*?\{\})?\{\})");
  static const std::regex kAccess(R"(\b(public|private|protected)\s*:(?!:))");
  static const std::regex kNestedType(R"(^\s*(enum class|enum|struct|class)\s[^{}]*\{\})");
  static const std::regex kTemplateArguments("<[^<>]*>");
  static const std::regex kNoMember(R"(^\s*(using|friend|static|template|enum|struct|class)\b|\boperator\b)");
  static const std::regex kInitialiser("=[^,]*");
  static const std::regex kBraces(R"(\{\}|:\s*\d+)");
  static const std::regex kMember(R"(^\s*[\w:]+\s+((\w+)(\s*,\s*\w+)*)\s*$)");
  body = std::regex_replace(body, kMacro, ";");
  // A function with a body ends where the body does.
  body = std::regex_replace(body, kFunction, "();");
  std::set<std::string> found;
  std::stringstream statements(body);
  for (std::string statement; std::getline(statements, statement, ';');) {
    statement = std::regex_replace(statement, kAccess, " ");
    // `enum class X {} name`
    statement = std::regex_replace(statement, kNestedType, "T ");
    for (std::string before; before != statement;) {
      before = statement;
      statement = std::regex_replace(statement, kTemplateArguments, "");
    }
    if (std::regex_search(statement, kNoMember)) continue;
    statement = std::regex_replace(statement, kInitialiser, "");
    if (statement.find('(') != std::string::npos) continue;
    statement = std::regex_replace(statement, kBraces, "");
    std::smatch declared;
    if (std::regex_search(statement, declared, kMember)) found.merge(split(declared[1]));
  }
  return found;
}

TEST(Described, EveryMemberIsDescribedOrDerived) {
  int types = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(KTRIAL_SOURCE_DIR) + "/model")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".h") || name == "described.h" || name.find("_for_test") != std::string::npos) continue;
    const std::string text = read(entry.path());
    const std::regex described(R"(KTRIAL_FIELDS(_AND)?\((\w+)\s*,\s*([^)]*)\))");
    for (std::sregex_iterator at(text.begin(), text.end(), described), end; at != end; ++at, ++types) {
      std::set<std::string> told = split((*at)[3]);
      if (told.contains("__VA_ARGS__")) continue;  // a macro that says it with more (KTRIAL_FACT)
      std::string type = (*at)[2];
      if ((*at)[1].matched) {  // the base comes first
        type = std::regex_replace((*at)[3].str(), std::regex(R"(^\s*(\w+)[^]*)"), "$1");
        told.erase(type);
      }
      std::smatch derived;
      if (std::regex_search(text, derived, std::regex("KTRIAL_DERIVED\\(" + type + "\\s*,\\s*([^)]*)\\)")))
        told.merge(split(derived[1]));
      const std::set<std::string> declared = members(body_around(text, static_cast<std::size_t>(at->position())));
      for (const std::string& member : declared)
        EXPECT_TRUE(told.contains(member))
            << name << ": " << type << "::" << member << " is neither described nor derived";
      for (const std::string& field : told)
        EXPECT_TRUE(declared.contains(field))
            << name << ": " << type << "::" << field << " was not understood as a member";
    }
  }
  EXPECT_GT(types, 100);
}

}  // namespace described_test
}  // namespace ktrial::model
