#include "reports/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "reports/utf8.h"

namespace ktrial::reports {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    const std::string_view c = text.substr(i, std::max<std::size_t>(length, 1));
    const bool control = static_cast<unsigned char>(c[0]) < 0x20 && c != "\n" && c != "\t";
    if (length == 0 || control || c == "\xEF\xBF\xBE" || c == "\xEF\xBF\xBF")
      out += "\xEF\xBF\xBD";
    else if (c == "&")
      out += "&amp;";
    else if (c == "<")
      out += "&lt;";
    else if (c == ">")
      out += "&gt;";
    else if (c == "\"")
      out += "&quot;";
    else
      out += c;
    i += c.size();
  }
  return out;
}

std::string seconds_of(std::chrono::milliseconds d) {
  return fmt::format("{}.{:03}", d.count() / 1000, d.count() % 1000);
}

const char* element(JunitResult result) {
  if (result == JunitResult::failed) return "failure";
  return result == JunitResult::error ? "error" : "skipped";
}

}  // namespace

std::string junit(const std::string& suite, const std::vector<JunitCase>& cases) {
  const auto count = [&](JunitResult r) {
    return std::count_if(cases.begin(), cases.end(), [r](const JunitCase& c) { return c.result == r; });
  };
  std::chrono::milliseconds total{0};
  for (const JunitCase& c : cases) total += c.duration;
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
      "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">\n",
      escaped(suite), cases.size(), count(JunitResult::failed), count(JunitResult::error), count(JunitResult::skipped),
      seconds_of(total));
  for (const JunitCase& c : cases) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"", escaped(c.classname), escaped(c.name),
                       seconds_of(c.duration));
    if (c.result == JunitResult::passed)
      out += "/>\n";
    else
      out += fmt::format(">\n      <{0}>{1}</{0}>\n    </testcase>\n", element(c.result), escaped(c.text));
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace ktrial::reports
