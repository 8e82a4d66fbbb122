#include "scenarios/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "reports/utf8.h"

namespace ktrial::scenarios {
namespace {

// Builds the tree from the parser's events: its own tree no longer knows anchors, and follows aliases.
class Builder : public YAML::EventHandler {
 public:
  Builder(const std::string& file, std::vector<Diagnostic>& errors) : file_(file), errors_(errors) {}

  YamlValue take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(at(mark, YamlValue::Kind::empty)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(mark, "an alias: write out what is meant");
    add(at(mark, YamlValue::Kind::empty));
  }
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override { fail(mark, "an anchor: '&" + name + "'"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    check_tag(mark, tag);
    YamlValue v = at(mark, YamlValue::Kind::scalar);
    v.scalar = value;
    add(std::move(v));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open_.push_back({at(mark, YamlValue::Kind::list), {}});
    check_depth(mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open_.push_back({at(mark, YamlValue::Kind::map), {}});
    check_depth(mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlValue value;
    std::optional<YamlValue> key;  // of a map, while its value is awaited
  };

  void fail(const YAML::Mark& mark, const std::string& message) {
    errors_.push_back({file_, mark.line + 1, mark.column + 1, message, ""});
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") fail(mark, "a tag: '" + tag + "'");
  }
  void check_depth(const YAML::Mark& mark) {
    if (open_.size() == 33) fail(mark, "nested too deeply");
  }
  static YamlValue at(const YAML::Mark& mark, YamlValue::Kind kind) {
    YamlValue v;
    v.kind = kind;
    v.line = mark.line + 1;
    v.column = mark.column + 1;
    return v;
  }

  void add(YamlValue&& v) {
    if (open_.empty()) {
      root_ = std::move(v);
      return;
    }
    Open& open = open_.back();
    if (open.value.kind == YamlValue::Kind::list) {
      open.value.items.push_back(std::move(v));
    } else if (!open.key) {
      check_key(open.value, v);
      open.key = std::move(v);
    } else {
      open.value.keys.push_back(std::move(*open.key));
      open.value.items.push_back(std::move(v));
      open.key.reset();
    }
  }
  void check_key(const YamlValue& map, const YamlValue& key) {
    if (key.kind != YamlValue::Kind::scalar)
      errors_.push_back({file_, key.line, key.column, "a key must be plain text", ""});
    for (const YamlValue& other : map.keys)
      if (other.scalar == key.scalar)
        errors_.push_back({file_, key.line, key.column,
                           "duplicate key '" + key.scalar + "' (first on line " + std::to_string(other.line) + ")",
                           ""});
  }
  void close() {
    YamlValue v = std::move(open_.back().value);
    open_.pop_back();
    add(std::move(v));
  }

  const std::string& file_;
  std::vector<Diagnostic>& errors_;
  std::vector<Open> open_;
  YamlValue root_;
};

// The first byte that is no text, or nothing. yaml-cpp would replace it silently.
std::optional<Diagnostic> not_text(const std::string& text, const std::string& file) {
  int line = 1, column = 1;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = reports::utf8_length(text, i);
    if (byte == 0) return Diagnostic{file, line, column, "a NUL byte: not a text file", ""};
    if (length == 0) return Diagnostic{file, line, column, "not UTF-8 text", ""};
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f)
      return Diagnostic{file, line, column, "a control character", ""};
    if (byte == '\n')
      ++line, column = 1;
    else
      ++column;
    i += length;
  }
  return std::nullopt;
}

}  // namespace

tl::expected<YamlValue, std::vector<Diagnostic>> read_yaml(const std::string& text, const std::string& file) {
  std::vector<Diagnostic> errors;
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) errors.push_back({file, 1, 1, "the file is empty", ""});
  if (const auto error = not_text(text, file)) errors.push_back(*error);
  if (!errors.empty()) return tl::make_unexpected(errors);
  Builder builder(file, errors);
  YamlValue root;
  try {
    // yaml-cpp takes a quoted text that never ends; with an end of the document in it, it does not.
    std::istringstream in(text + "\n...\n");
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
    root = builder.take();
    Builder next(file, errors);
    if (parser.HandleNextDocument(next)) {
      const YamlValue second = next.take();
      errors.push_back({file, second.line, second.column, "a file holds one document", ""});
    }
    if (errors.empty() && root.kind == YamlValue::Kind::empty) errors.push_back({file, 1, 1, "the file is empty", ""});
  } catch (const YAML::Exception& e) {
    const int last = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
    if (e.mark.line + 1 > last)
      errors.push_back({file, last, 1, "not YAML: the file ends within a list, a map or a quoted text", ""});
    else
      errors.push_back({file, e.mark.line + 1, e.mark.column + 1, "not YAML: " + e.msg, ""});
  }
  if (!errors.empty()) return tl::make_unexpected(errors);
  return root;
}

}  // namespace ktrial::scenarios
