// Questions about the alternatives of a std::variant, answered without one instantiation for each of them: facts and
// messages have dozens, and every file asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

namespace ktrial::model {

template <class T, class V>
inline constexpr std::size_t kAlternative = 0;
template <class T, class... Alternatives>
inline constexpr std::size_t kAlternative<T, std::variant<Alternatives...>> = [] {
  constexpr bool kSame[] = {__is_same(T, Alternatives)...};
  std::size_t i = 0;
  while (i < sizeof...(Alternatives) && !kSame[i]) ++i;
  return i;
}();

// True for the type itself, not for what converts to it.
template <class T, class V>
concept AlternativeOf = (kAlternative<T, V> < std::variant_size_v<V>);

// Makes the definitions of To(T&&) and To(const T&) part of the file that calls it, for each alternative. They must not
// be inline there, so that other files find them.
template <class To, class... Alternatives>
void instantiate_conversions(To& to, std::variant<Alternatives...>& from) {
  ((to = To(static_cast<const Alternatives&>(*std::get_if<Alternatives>(&from))),
    to = To(static_cast<Alternatives&&>(*std::get_if<Alternatives>(&from)))),
   ...);
}

}  // namespace ktrial::model
