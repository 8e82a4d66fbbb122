#include "scenarios/scenario_reader.h"

#include <algorithm>

#include "model/duration_text.h"
#include "scenarios/scenario_reader_impl.h"

namespace ktrial::scenarios {

void ScenarioReader::fail(const Y& at, const std::string& m, const std::string& hint) {
  errors.push_back({file_, at.line, at.column, m, hint});
}

const YamlValue* ScenarioReader::find(const Y& m, const std::string& key) {
  for (std::size_t i = 0; i < m.keys.size(); ++i)
    if (m.keys[i].scalar == key) return &m.items[i];
  return nullptr;
}

const YamlValue* ScenarioReader::value_of(const Key& key) {
  Frame& frame = frames_.back();
  frame.asked.emplace_back(key.name);
  const Y* v = find(*frame.map, key.name);
  if (!v && key.needed) fail(*frame.map, "missing key '" + std::string(key.name) + "'");
  return v;
}

bool ScenarioReader::begin(const Y& y, const std::string& what) {
  if (y.kind != Y::Kind::map) return fail(y, what + " must be a map"), false;
  frames_.push_back({.map = &y, .what = what, .mark = errors.size()});
  return true;
}

void ScenarioReader::root(const Y& y) {
  if (!begin(y, "scenario")) return;
  visit_keys(*this, scenario);
  end_map();
}

bool ScenarioReader::begin_map(const Key& key, bool) {
  const Y* v = value_of(key);
  return v && begin(*v, key.name);
}

// Only now it is known which keys the map may have. What is unknown is told before what is wrong with the others.
void ScenarioReader::end_map() {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  std::vector<Diagnostic> rest(errors.begin() + static_cast<std::ptrdiff_t>(frame.mark), errors.end());
  errors.resize(frame.mark);
  std::vector<std::string> valid = frame.asked;
  for (const auto& [name, why] : frame.elsewhere) valid.push_back(name);
  for (const Y& k : frame.map->keys) {
    if (frame.unclear) break;
    if (std::find(frame.asked.begin(), frame.asked.end(), k.scalar) != frame.asked.end()) continue;
    if (const auto it = frame.elsewhere.find(k.scalar); it != frame.elsewhere.end())
      fail(*find(*frame.map, k.scalar), it->second);
    else
      fail(k, "unknown key '" + k.scalar + "' in " + frame.what, nearest(k.scalar, valid));
  }
  errors.insert(errors.end(), rest.begin(), rest.end());
}

std::size_t ScenarioReader::begin_list(const Key& key, std::size_t) {
  const Y* v = value_of(key);
  if (v && v->kind != Y::Kind::list) fail(*v, "expected a list"), v = nullptr;
  lists_.push_back(v);
  return v ? v->items.size() : 0;
}
bool ScenarioReader::begin_item(const Key&, const char* item, std::size_t index) {
  return begin(lists_.back()->items[index], item);
}
void ScenarioReader::end_list() { lists_.pop_back(); }

std::optional<std::size_t> ScenarioReader::alternative(const std::string& complaint,
                                                       const std::vector<std::string>& names, std::size_t) {
  Frame& frame = frames_.back();
  std::optional<std::size_t> chosen;
  int count = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    frame.asked.push_back(names[i]);
    if (find(*frame.map, names[i])) chosen = i, ++count;
  }
  if (count == 1) return chosen;
  frame.unclear = frame.asked.size() == names.size();
  fail(*frame.map, complaint);
  return std::nullopt;
}

void ScenarioReader::elsewhere(const std::string& name, const std::string& why) {
  frames_.back().elsewhere.emplace(name, why);
}

void ScenarioReader::check(bool holds, const std::vector<std::string>& where, const std::string& message) {
  if (holds) return;
  const Y* at = frames_.back().map;
  for (const std::string& key : where)
    if (const Y* inner = find(*at, key)) at = inner;
  fail(*at, message);
}

std::string ScenarioReader::text_of(const Y& v) {
  if (v.kind != Y::Kind::scalar) return fail(v, "expected text"), "";
  return v.scalar;
}

std::string ScenarioReader::texts_of(const Y& v) {
  if (v.kind != Y::Kind::list) return text_of(v);
  std::string out;
  for (const Y& i : v.items) out += (out.empty() ? "" : ",") + text_of(i);
  return out;
}

std::optional<std::int64_t> ScenarioReader::whole_of(const Y& v, std::int64_t lowest, std::int64_t highest) {
  std::int64_t n = 0;
  const std::string& t = v.scalar;
  const auto r = std::from_chars(t.data(), t.data() + t.size(), n);
  if (v.kind == Y::Kind::scalar && !t.empty() && r.ec == std::errc() && r.ptr == t.data() + t.size() && n >= lowest &&
      n <= highest)
    return n;
  fail(v, "'" + t + "' is not a whole number from " + std::to_string(lowest) + " to " + std::to_string(highest));
  return std::nullopt;
}

std::optional<std::uint64_t> ScenarioReader::bits_of(const Y& v, int base) {
  std::uint64_t n = 0;
  const auto& t = v.scalar;
  const auto r = std::from_chars(t.data(), t.data() + t.size(), n, base);
  if (!t.empty() && r.ec == std::errc() && r.ptr == t.data() + t.size()) return n;
  fail(v, "'" + t + "' is not a whole number" + (base == 16 ? " in hexadecimal digits" : ""));
  return std::nullopt;
}

void ScenarioReader::whole(const Key& key, const Range& range, std::optional<std::int64_t>& value,
                           std::optional<std::int64_t>) {
  if (const Y* v = value_of(key)) value = whole_of(*v, range.lowest, range.highest);
}

void ScenarioReader::time(const Key& key, Sign sign, std::optional<Nanos>& value, std::optional<Nanos>) {
  const Y* v = value_of(key);
  if (!v) return;
  const std::string& t = v->scalar;
  if (const auto d = model::parse_duration(t);
      v->kind == Y::Kind::scalar && d && (d->count() >= 0 || sign == Sign::any)) {
    value = d;
    return;
  }
  fail(*v, "'" + t + "' is not a duration: expected a whole number with ns, us, ms, s, m or h");
}

void ScenarioReader::bits(const Key& key, int base, std::optional<std::uint64_t>& value) {
  if (const Y* v = value_of(key)) value = bits_of(*v, base);
}
void ScenarioReader::all_bits(const Key& key, int base, std::vector<std::uint64_t>& values) {
  each(value_of(key), [&](const Y& v) { values.push_back(bits_of(v, base).value_or(0)); });
}

void ScenarioReader::text(const Key& key, std::string& value) {
  if (const Y* v = value_of(key)) value = text_of(*v);
}

void ScenarioReader::name(const Key& key, Names what, std::string& value) {
  const Y* v = value_of(key);
  if (!v) return;
  value = text_of(*v);
  known_name(*v, what, value);
}
void ScenarioReader::names(const Key& key, Names what, std::vector<std::string>& values) {
  each(value_of(key), [&](const Y& v) { known_name(v, what, values.emplace_back(text_of(v))); });
}

void ScenarioReader::choice(const Key& key, const std::vector<std::string>& names, std::optional<std::size_t>& value) {
  const Y* v = value_of(key);
  if (!v) return;
  const std::string chosen = text_of(*v);
  known_name(*v, key.name, chosen, names);
  const auto at = std::find(names.begin(), names.end(), chosen);
  if (at != names.end()) value = static_cast<std::size_t>(at - names.begin());
}
void ScenarioReader::choices(const Key& key, const char* what, const std::vector<std::string>& names,
                             std::vector<std::size_t>& values) {
  each(value_of(key), [&](const Y& v) {
    known_name(v, what, v.scalar, names);
    const auto at = std::find(names.begin(), names.end(), v.scalar);
    if (at != names.end()) values.push_back(static_cast<std::size_t>(at - names.begin()));
  });
}

void ScenarioReader::version(const Key& key) {
  const Y* v = value_of(key);
  if (v && text_of(*v) != "1") fail(*v, "unknown version '" + v->scalar + "', expected 1");
}

const char* to_string(Expected e) { return expected_names()[static_cast<std::size_t>(e)].c_str(); }

tl::expected<Scenario, std::vector<Diagnostic>> read_scenario(const std::string& text, const std::string& file,
                                                              const KnownNames& known,
                                                              std::vector<Diagnostic>* warnings) {
  const auto tree = read_yaml(text, file);
  if (!tree) return tl::make_unexpected(tree.error());
  ScenarioReader r(file, known, warnings);
  r.root(*tree);
  if (!r.errors.empty()) return tl::make_unexpected(r.errors);
  return r.scenario;
}

}  // namespace ktrial::scenarios
