// The walk of StateWriter; only for files that write a whole state (node_state.cc) and for tests.
#pragma once

#include "model/fields.h"
#include "model/group/records.h"
#include "model/state/state_writer.h"
#include "model/words.h"

namespace ktrial::model {
namespace state_writer {

template <class T>
inline constexpr bool kNamed = false;
template <class Tag, class Rep>
inline constexpr bool kNamed<Named<Tag, Rep>> = true;
template <class T>
inline constexpr bool kOptional = false;
template <class T>
inline constexpr bool kOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kPair = false;
template <class A, class B>
inline constexpr bool kPair<std::pair<A, B>> = true;
template <class T>
inline constexpr bool kShared = false;
template <class T>
inline constexpr bool kShared<std::shared_ptr<const std::vector<T>>> = true;
template <class T>
inline constexpr bool kBytes = false;
template <std::size_t n>
inline constexpr bool kBytes<std::array<std::uint8_t, n>> = true;

template <class... Alternatives>
const std::variant<Alternatives...>& as_variant(const std::variant<Alternatives...>& v) {
  return v;
}
template <class T>
concept OneOf = requires(const T& v) {
  as_variant(v);
};
template <class T>
concept Container = requires(const T& v) {
  v.begin();
  v.end();
  v.size();
};
template <class T>
concept MapLike = Container<T> && requires {
  typename T::mapped_type;
};

// How a key stands in a path.
template <class Key>
std::string key_text(const Key& key) {
  if constexpr (kNamed<Key>)
    return std::to_string(key.value);
  else if constexpr (std::is_integral_v<Key>)
    return std::to_string(key);
  else if constexpr (std::is_same_v<Key, TopicPartition>)
    return std::to_string(key.topic.value) + "-" + std::to_string(key.partition.value);
  else if constexpr (std::is_same_v<Key, ConnectionId>)
    return std::to_string(key.initiator.value) + "#" + std::to_string(key.number);
  else
    return std::string(key);
}

}  // namespace state_writer

template <class T>
StateWriter::Meaning StateWriter::meaning_of(const T& object, const void* field) {
  if constexpr (requires { T::is_moment(object, field); })
    if (T::is_moment(object, field)) return Meaning::moment;
  if constexpr (requires { T::is_deadline(object, field); })
    if (T::is_deadline(object, field)) return Meaning::deadline;
  if constexpr (requires { T::is_wall_time(object, field); })
    if (T::is_wall_time(object, field)) return Meaning::wall_time;
  if constexpr (requires { T::is_wall_milliseconds(object, field); })
    if (T::is_wall_milliseconds(object, field)) return Meaning::wall_milliseconds;
  if constexpr (requires { T::is_correlation(object, field); })
    if (T::is_correlation(object, field)) return Meaning::correlation;
  if constexpr (requires { T::is_client_correlation(object, field); })
    if (T::is_client_correlation(object, field)) return Meaning::client_correlation;
  if constexpr (requires { T::is_number(object, field); })
    if (T::is_number(object, field)) return Meaning::number;
  if constexpr (requires { T::is_slot(object, field); })
    if (T::is_slot(object, field)) return Meaning::slot;
  if constexpr (requires { T::is_counter(object, field); })
    if (T::is_counter(object, field)) return Meaning::counter;
  return Meaning::plain;
}

template <class T>
void StateWriter::write_described(const T& object) {
  const Meaning outer = meaning_;
  for_each_described(object, [&](const char* name, const auto& value) {
    meaning_ = meaning_of(object, &value);
    if (meaning_ == Meaning::counter) {
      if (!keeps_history()) return;
      meaning_ = Meaning::plain;
    }
    if constexpr (requires { T::number_space(object); }) space_ = T::number_space(object);
    field(name, value);
  });
  meaning_ = outer;
}

template <class T>
void StateWriter::write_map_entry(const T& entry) {
  std::size_t length = 0;
  if (lines_ != nullptr) {
    length = path_.size();
    path_ += '[' + state_writer::key_text(entry.first) + ']';
    std::vector<StateLine>* const lines = std::exchange(lines_, nullptr);  // the key is in the path
    write(entry.first);
    lines_ = lines;
  } else {
    write(entry.first);
  }
  write(entry.second);
  leave(length);
}

template <class T>
void StateWriter::write_items(const T& container) {
  put(container.size());
  if constexpr (state_writer::MapLike<T>) {
    for (const auto& entry : container) write_map_entry(entry);
  } else {
    std::size_t i = 0;
    for (const auto& item : container) {
      const std::size_t length = enter_item(i++);
      write(item);
      leave(length);
    }
  }
}

template <class T>
void StateWriter::write_content(const std::shared_ptr<const std::vector<T>>& content) {
  if (!content) return absent();
  put(1);
  if constexpr (std::is_same_v<T, Record> || std::is_same_v<T, MetadataRecord>) {
    if (lines_ == nullptr) {
      if constexpr (std::is_same_v<T, Record>)  // their times are hashed relative to the first one
        if (!content->empty()) write(content->front());
      return put(contents_->of(content, [](const std::vector<T>& items) { return content_hash(items); }));
    }
  }
  write_items(*content);
}

template <class T>
void StateWriter::write(const T& value) {
  using namespace state_writer;
  if constexpr (std::is_same_v<T, bool>) {
    boolean(value);
  } else if constexpr (kNamed<T>) {
    put(static_cast<std::uint64_t>(static_cast<std::int64_t>(value.value)));
    if (lines_ != nullptr) line(std::to_string(value.value));
  } else if constexpr (std::is_enum_v<T>) {
    put(static_cast<std::uint64_t>(value));
    if (lines_ != nullptr) line(std::to_string(static_cast<std::int64_t>(value)));
  } else if constexpr (std::is_integral_v<T>) {
    integer(static_cast<std::int64_t>(value));
  } else if constexpr (std::is_same_v<T, Nanos>) {
    time(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    text(value);
  } else if constexpr (std::is_same_v<T, ConnectionId>) {
    connection(value);
  } else if constexpr (std::is_same_v<T, TopicPartition>) {
    put(static_cast<std::uint64_t>(static_cast<std::int64_t>(value.topic.value)));
    put(static_cast<std::uint64_t>(static_cast<std::int64_t>(value.partition.value)));
    if (lines_ != nullptr) line(key_text(value));
  } else if constexpr (kOptional<T>) {
    if (!value) return absent();
    put(1);
    write(*value);
  } else if constexpr (kPair<T>) {
    field("first", value.first);
    field("second", value.second);
  } else if constexpr (kShared<T>) {
    write_content(value);
  } else if constexpr (Described<T>) {
    write_described(value);
  } else if constexpr (OneOf<T>) {
    const auto& variant = as_variant(value);
    put(variant.index());
    std::visit([this](const auto& alternative) { this->write(alternative); }, variant);
  } else if constexpr (kBytes<T>) {
    for_each_word(value, [this](std::uint64_t word) { this->put(word); });
    if (lines_ != nullptr)
      for (std::size_t i = 0; i < value.size(); ++i)
        if (value[i] != 0) lines_->push_back({path_ + '[' + std::to_string(i) + ']', std::to_string(value[i])});
  } else if constexpr (Container<T>) {
    write_items(value);
  } else if constexpr (!std::is_empty_v<T>) {
    static_assert(std::is_aggregate_v<T>, "a class with private members needs KTRIAL_FIELDS");
    const Meaning outer = std::exchange(meaning_, Meaning::plain);
    std::size_t i = 0;
    for_each_field(value, [&](const auto& part) {
      const std::size_t length = enter_item(i++);
      write(part);
      leave(length);
    });
    meaning_ = outer;
  }
}

}  // namespace ktrial::model
