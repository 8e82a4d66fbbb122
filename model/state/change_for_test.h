// Changes a described object leaf by leaf, so that a test can see that each change is noticed.
#pragma once

#include <functional>
#include <string>

#include "model/state/state_writer_impl.h"

namespace ktrial::model {

// `changed(path)` is called while exactly one thing in the object is another; it is put back afterwards. Values of a
// bit field and keys of containers stay as they are.
template <class Changed>
class EachChange {
 public:
  explicit EachChange(Changed changed) : changed_(std::move(changed)) {}

  template <class T>
  void in(T& value, const std::string& path) {
    using namespace state_writer;
    if constexpr (std::is_same_v<T, bool>) {
      with(value, !value, path);
    } else if constexpr (kNamed<T>) {
      with(value, T(static_cast<decltype(value.value)>(value.value + 1)), path);
    } else if constexpr (std::is_enum_v<T>) {
      with(value, static_cast<T>(static_cast<int>(value) ^ 1), path);
    } else if constexpr (std::is_integral_v<T>) {
      with(value, static_cast<T>(value + 1), path);
    } else if constexpr (std::is_same_v<T, Nanos>) {
      // Far enough that a deadline which is past becomes one that is not.
      with(value,
           value > seconds(1'000'000'000) || value < -seconds(1'000'000'000) ? seconds(100'000)
                                                                             : value + seconds(100'000),
           path);
    } else if constexpr (std::is_same_v<T, std::string>) {
      with(value, value + "x", path);
    } else if constexpr (std::is_same_v<T, ConnectionId>) {
      with(value, ConnectionId{value.present() ? value.initiator : NodeId(1), value.number + 100'000}, path);
    } else if constexpr (std::is_same_v<T, TopicPartition>) {
      with(value, TopicPartition{value.topic + 1, value.partition}, path);
      with(value, TopicPartition{value.topic, value.partition + 1}, path);
    } else if constexpr (kOptional<T>) {
      if (value) {
        in(*value, path);
        if constexpr (std::is_copy_constructible_v<T>) with(value, T(), path + "?");
      } else if constexpr (std::is_default_constructible_v<typename T::value_type>) {
        with(value, T(std::in_place), path + "?");
      }
    } else if constexpr (kPair<T>) {
      in(value.first, path + ".first");
      in(value.second, path + ".second");
    } else if constexpr (kShared<T>) {
      using Items = typename std::remove_const_t<typename T::element_type>;
      if (value && !value->empty()) {
        auto fewer = std::make_shared<Items>(*value);
        fewer->pop_back();
        with(value, T(fewer), path + ".fewer");
        auto other = std::make_shared<Items>(*value);
        EachChange<std::function<void(const std::string&)>> inner(
            [&](const std::string& where) { with(value, T(std::make_shared<Items>(*other)), where); });
        inner.in(other->back(), path + ".back");
      }
    } else if constexpr (Described<T>) {
      described(value, path);
    } else if constexpr (OneOf<T>) {
      std::visit([&](auto& alternative) { in(alternative, path); }, variant_of(value));
    } else if constexpr (kBytes<T>) {
      for (std::size_t i = 0; i < value.size(); ++i) in(value[i], path + '[' + std::to_string(i) + ']');
    } else if constexpr (MapLike<T>) {
      for (auto& entry : value) in(entry.second, path + '[' + key_text(entry.first) + ']');
      if constexpr (requires {
                      value.erase(value.begin());
                      std::is_copy_assignable_v<T>;
                    })
        if (value.begin() != value.end()) {
          T fewer = value;
          fewer.erase(fewer.begin());
          with(value, std::move(fewer), path + ".fewer");
        }
    } else if constexpr (requires { value.pop_back(); }) {
      std::size_t i = 0;
      for (auto& item : value) in(item, path + '[' + std::to_string(i++) + ']');
      if (i > 0) {
        T fewer = value;
        fewer.pop_back();
        with(value, std::move(fewer), path + ".fewer");
      }
    } else if constexpr (Container<T> && !requires { value.erase(value.begin()); }) {  // an array
      std::size_t i = 0;
      for (auto& item : value) in(item, path + '[' + std::to_string(i++) + ']');
    } else if constexpr (Container<T>) {
      if (value.begin() != value.end()) {
        T fewer = value;
        fewer.erase(fewer.begin());
        with(value, std::move(fewer), path + ".fewer");
      }
    } else if constexpr (!std::is_empty_v<T>) {
      std::size_t i = 0;
      for_each_field(value, [&](const auto& part) {
        in(const_cast<std::remove_cvref_t<decltype(part)>&>(part), path + '[' + std::to_string(i++) + ']');
      });
    }
  }

 private:
  template <class T>
  void described(T& object, const std::string& path) {
    for_each_described(object, [&](const char* name, const auto& field) {
      const auto* at = reinterpret_cast<const char*>(&field);
      const auto* begin = reinterpret_cast<const char*>(&object);
      if (at < begin || at >= begin + sizeof(object)) return;  // a copy of a bit field
      in(const_cast<std::remove_cvref_t<decltype(field)>&>(field), path + '.' + name);
    });
  }
  template <class... Alternatives>
  static std::variant<Alternatives...>& variant_of(std::variant<Alternatives...>& v) {
    return v;
  }
  template <class T>
  void with(T& value, T other, const std::string& path) {
    T before = std::exchange(value, std::move(other));
    changed_(path);
    value = std::move(before);
  }

  Changed changed_;
};

template <class T, class Changed>
void for_each_change(T& object, const std::string& name, Changed changed) {
  EachChange<std::function<void(const std::string&)>> each(changed);
  each.in(object, name);
}

}  // namespace ktrial::model
