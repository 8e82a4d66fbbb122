#include "scenarios/yaml_reader.h"

#include <yaml-cpp/yaml.h>

namespace ktrial::scenarios {
namespace {

YamlValue convert(const YAML::Node& node, const std::string& file, std::vector<Diagnostic>& errors, int depth) {
  YamlValue v;
  v.line = node.Mark().line + 1;
  v.column = node.Mark().column + 1;
  if (depth > 32) {
    errors.push_back({file, v.line, v.column, "nested too deeply", ""});
    return v;
  }
  if (node.IsScalar()) {
    v.kind = YamlValue::Kind::scalar;
    v.scalar = node.Scalar();
  } else if (node.IsSequence()) {
    v.kind = YamlValue::Kind::list;
    for (const auto& item : node) v.items.push_back(convert(item, file, errors, depth + 1));
  } else if (node.IsMap()) {
    v.kind = YamlValue::Kind::map;
    for (const auto& entry : node) {
      YamlValue key = convert(entry.first, file, errors, depth + 1);
      if (key.kind != YamlValue::Kind::scalar)
        errors.push_back({file, key.line, key.column, "a key must be plain text", ""});
      for (const YamlValue& other : v.keys)
        if (other.scalar == key.scalar)
          errors.push_back({file, key.line, key.column,
                            "duplicate key '" + key.scalar + "' (first on line " + std::to_string(other.line) + ")",
                            ""});
      v.keys.push_back(std::move(key));
      v.items.push_back(convert(entry.second, file, errors, depth + 1));
    }
  }
  return v;
}

}  // namespace

tl::expected<YamlValue, std::vector<Diagnostic>> read_yaml(const std::string& text, const std::string& file) {
  std::vector<Diagnostic> errors;
  YamlValue root;
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      const YAML::Mark mark = documents[1].Mark();
      errors.push_back({file, mark.line + 1, mark.column + 1, "a file holds one document", ""});
    } else if (!documents.empty()) {
      root = convert(documents[0], file, errors, 0);
    }
  } catch (const YAML::Exception& e) {
    errors.push_back({file, e.mark.line + 1, e.mark.column + 1, "not YAML: " + e.msg, ""});
  }
  if (!errors.empty()) return tl::make_unexpected(errors);
  return root;
}

}  // namespace ktrial::scenarios
