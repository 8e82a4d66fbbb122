// YAML as a tree of our own: scalars are strings, maps keep their order, every node knows its place. The only user of
// yaml-cpp, which accepts duplicate keys and reads `no` as false. Refused here, each where it stands: duplicate keys,
// keys that are no text, anchors, aliases and tags (a scenario says what it means, once), more than one document, and
// bytes that are not UTF-8 text.
#pragma once
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "scenarios/diagnostic.h"

namespace ktrial::scenarios {

struct YamlValue {
  enum class Kind { empty, scalar, list, map } kind = Kind::empty;
  int line = 1;
  int column = 1;
  std::string scalar;
  std::vector<YamlValue> items;  // list: the items; map: the values
  std::vector<YamlValue> keys;   // map: the keys, beside `items`
};

tl::expected<YamlValue, std::vector<Diagnostic>> read_yaml(const std::string& text, const std::string& file);

}  // namespace ktrial::scenarios
