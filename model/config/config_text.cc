#include "model/config/config_text.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <type_traits>

#include "model/config.h"

namespace ktrial::model {
namespace {

constexpr std::int64_t kMillion = 1'000'000;

struct Range {
  std::int64_t min, max;
};
std::string whole_number(Range range) {
  return "a whole number from " + std::to_string(range.min) + " to " + std::to_string(range.max);
}
bool read_whole(const std::string& text, Range range, std::int64_t& to) {
  std::int64_t v = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), v);
  if (text.empty() || r.ec != std::errc() || r.ptr != text.data() + text.size() || v < range.min || v > range.max)
    return false;
  to = v;
  return true;
}

// "0.5" is 500000; absent: not a number from 0 to 1 with up to six digits behind the point.
std::optional<std::int64_t> parse_millionths(const std::string& text) {
  constexpr std::size_t kDigits = 6;
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits = text.substr(0, point) + (point < text.size() ? text.substr(point + 1) : "");
  const std::size_t behind = digits.size() - point;
  std::int64_t v = 0;
  if (point == 0 || behind > kDigits) return std::nullopt;
  digits.append(kDigits - behind, '0');
  return read_whole(digits, {0, kMillion}, v) ? std::optional(v) : std::nullopt;
}
std::string text_of_millionths(std::int64_t millionths) {
  std::string behind = std::to_string(kMillion + millionths % kMillion).substr(1);
  behind.erase(behind.find_last_not_of('0') + 1);
  return std::to_string(millionths / kMillion) + (behind.empty() ? "" : "." + behind);
}

bool are_names(std::vector<std::string> names, std::int64_t at_least, std::int64_t at_most) {
  const auto count = static_cast<std::int64_t>(names.size());
  std::sort(names.begin(), names.end());
  return count >= at_least && count <= at_most && !names.front().empty() &&
         std::adjacent_find(names.begin(), names.end()) == names.end();
}

std::string joined_list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (&item == items.data() ? "" : ",") + item;
  return out;
}

// "a, b or c"
std::string alternatives_of(std::span<const char* const> texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (texts[i][0] != '\0') out += (out.empty() ? "" : i + 1 == texts.size() ? " or " : ", ") + std::string(texts[i]);
  return out;
}

constexpr std::array<const char*, 2> kTrueAndFalse = {"false", "true"};
constexpr std::string_view kSelectorPackage = "org.apache.kafka.common.replica.";  // a class may be written with it

// Reads, writes and tells the values of one key, whose member is of type T.
template <class T>
class Values {
 public:
  Values(const char* key, const ConfigValues& values) : key_(key), values_(values) {}

  std::string expected() const {
    if constexpr (is_number)
      return values_.form == ConfigValues::Form::ratio ? "a number from 0 to 1, such as 0.5" : whole_number(range());
    else if constexpr (std::is_same_v<T, bool>)
      return values_.texts.empty() ? "true or false" : alternatives_of(texts());
    else if constexpr (is_choice)
      return alternatives_of(texts());
    else if constexpr (std::is_same_v<T, std::vector<std::string>>)
      return values_.form == ConfigValues::Form::names
                 ? "from " + std::to_string(values_.min) + " to " + std::to_string(values_.max) +
                       " different names with commas between them"
                 : "a list, one for each broker";
    else if constexpr (std::is_same_v<T, Acks>)
      return "all, -1, 0 or 1";
    else if constexpr (std::is_same_v<T, CleanupPolicy>)
      return "delete, compact or compact,delete";
    else if constexpr (std::is_same_v<T, ThrottledReplicas>)
      return "* or a list of partition:broker, such as 0:1,0:2";
    else
      return "a text";
  }

  bool read(const std::string& text, T& to) const {
    if constexpr (is_number) {
      std::int64_t v = 0;
      if (values_.form == ConfigValues::Form::ratio) {
        const auto ratio = parse_millionths(text);
        if (!ratio) return false;
        v = *ratio;
      } else if (!read_whole(text, range(), v)) {
        return false;
      }
      to = to_member(v);
    } else if constexpr (is_choice) {
      const auto chosen = std::find(texts().begin(), texts().end(), without_package(text));
      if (chosen == texts().end()) return false;
      set_choice(chosen - texts().begin(), to);
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      std::vector<std::string> items = split_list(text);
      if (values_.form == ConfigValues::Form::names && !are_names(items, values_.min, values_.max)) return false;
      to = std::move(items);
    } else if constexpr (std::is_same_v<T, Acks>) {
      if (text != "all" && text != "-1" && text != "0" && text != "1") return false;
      to = text == "0" ? Acks::none : text == "1" ? Acks::leader : Acks::all;
    } else if constexpr (std::is_same_v<T, CleanupPolicy>) {
      const bool both = text == "compact,delete" || text == "delete,compact";
      if (!both && text != "compact" && text != "delete") return false;
      to = {both || text == "delete", both || text == "compact"};
    } else if constexpr (std::is_same_v<T, ThrottledReplicas>) {
      auto list = parse_throttled_replicas(text);
      if (!list) return false;
      to = std::move(*list);
    } else {
      to = text;
    }
    return true;
  }

  std::string write(const T& value) const {
    if constexpr (std::is_same_v<T, Nanos>)
      return std::to_string(value == Nanos::max() || value == kAsTotal ? value.count() : value / unit());
    else if constexpr (is_number)
      return values_.form == ConfigValues::Form::ratio ? text_of_millionths(value) : std::to_string(value);
    else if constexpr (std::is_same_v<T, std::optional<UncleanRecoveryStrategy>>)
      return value ? name(*value) : "";
    else if constexpr (is_choice)
      return texts()[static_cast<std::size_t>(value)];
    else if constexpr (std::is_same_v<T, std::vector<std::string>>)
      return joined_list(value);
    else if constexpr (std::is_same_v<T, Acks>)
      return value == Acks::all ? "all" : value == Acks::leader ? "1" : "0";
    else if constexpr (std::is_same_v<T, CleanupPolicy>)
      return value.deletes && value.compacts ? "compact,delete" : value.compacts ? "compact" : "delete";
    else if constexpr (std::is_same_v<T, ThrottledReplicas>)
      return "";  // only nobody is a default
    else
      return value;
  }

 private:
  static constexpr bool is_number = std::is_same_v<T, Nanos> || (std::is_integral_v<T> && !std::is_same_v<T, bool>);
  static constexpr bool is_choice = std::is_same_v<T, bool> || std::is_same_v<T, OffsetReset> ||
                                    std::is_same_v<T, std::optional<UncleanRecoveryStrategy>>;

  Nanos unit() const { return key_.ends_with(".seconds") ? Nanos(seconds(1)) : Nanos(milliseconds(1)); }
  Range range() const {
    if (values_.max != ConfigValues::kWhatTheMemberHolds) return {values_.min, values_.max};
    if constexpr (std::is_same_v<T, Nanos>)
      return {values_.min, Nanos::max() / unit()};
    else
      return {values_.min, std::numeric_limits<T>::max()};
  }
  T to_member(std::int64_t v) const {
    if constexpr (std::is_same_v<T, Nanos>)
      return v > Nanos::max() / unit() ? Nanos::max() : Nanos(v) == kAsTotal ? kAsTotal : v * unit();
    else
      return static_cast<T>(v);
  }
  std::span<const char* const> texts() const {
    return values_.texts.empty() ? std::span<const char* const>(kTrueAndFalse) : values_.texts;
  }
  std::string_view without_package(std::string_view text) const {
    if (values_.texts.data() == kReplicaSelectors.data() && text.starts_with(kSelectorPackage))
      text.remove_prefix(kSelectorPackage.size());
    return text;
  }
  static void set_choice(std::ptrdiff_t index, bool& to) { to = index != 0; }
  static void set_choice(std::ptrdiff_t index, OffsetReset& to) { to = static_cast<OffsetReset>(index); }
  static void set_choice(std::ptrdiff_t index, std::optional<UncleanRecoveryStrategy>& to) {
    to = static_cast<UncleanRecoveryStrategy>(index);
  }

  std::string_view key_;
  const ConfigValues& values_;
};

template <class Config, class T>
Values<T> values_of(const ConfigRow<Config>& row, T Config::*) {
  return {row.key, row.values};
}

}  // namespace

template <class Config>
std::string expected_values(const ConfigRow<Config>& row) {
  return std::visit([&](auto member) { return values_of(row, member).expected(); }, row.member);
}

template <class Config>
std::string text_of_default(const ConfigRow<Config>& row) {
  const Config usual;
  return std::visit([&](auto member) { return values_of(row, member).write(usual.*member); }, row.member);
}

template <class Config>
bool read_value(const ConfigRow<Config>& row, const std::string& text, Config& config) {
  return std::visit([&](auto member) { return values_of(row, member).read(text, config.*member); }, row.member);
}

#define KTRIAL_INSTANTIATE(Config)                                    \
  template std::string expected_values(const ConfigRow<Config>& row); \
  template std::string text_of_default(const ConfigRow<Config>& row); \
  template bool read_value(const ConfigRow<Config>& row, const std::string& text, Config& config);
KTRIAL_INSTANTIATE(QuorumConfig)
KTRIAL_INSTANTIATE(TopicConfig)
KTRIAL_INSTANTIATE(ClusterConfig)
KTRIAL_INSTANTIATE(ProducerConfig)
KTRIAL_INSTANTIATE(ConsumerConfig)
#undef KTRIAL_INSTANTIATE

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t from = 0; from <= text.size() && !text.empty();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    items.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return items;
}

std::optional<ThrottledReplicas> parse_throttled_replicas(const std::string& text) {
  ThrottledReplicas list;
  if (text == "*") {
    list.all = true;
    return list;
  }
  for (const std::string& item : split_list(text)) {
    if (item.empty()) continue;
    std::int32_t partition = 0, broker = 0;
    const char *const begin = item.data(), *const end = begin + item.size();
    const auto first = std::from_chars(begin, end, partition);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':' || partition < 0) return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, broker);
    if (second.ec != std::errc() || second.ptr != end || broker < 0) return std::nullopt;
    list.replicas.emplace_back(PartitionIndex(partition), NodeId(broker));
  }
  return list;
}

bool ThrottledReplicas::has(PartitionIndex partition, NodeId broker) const {
  return all || std::find(replicas.begin(), replicas.end(), std::pair(partition, broker)) != replicas.end();
}

}  // namespace ktrial::model
