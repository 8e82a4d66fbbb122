// Verdicts as JUnit XML for CI servers.
//
// GitLab drops the `message` attribute of a failure, so everything stands in the body. Characters that XML 1.0
// does not allow become U+FFFD.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace ktrial::reports {

enum class JunitResult { passed, failed, error, skipped };

struct JunitCase {
  std::string classname;  // the scenario
  std::string name;       // the property
  JunitResult result = JunitResult::passed;
  std::string text;  // the body: story, expected and seen, how to reproduce
  std::chrono::milliseconds duration{0};
};

std::string junit(const std::string& suite, const std::vector<JunitCase>& cases);

}  // namespace ktrial::reports
