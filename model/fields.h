// Walks the fields of an aggregate in order, so that digests and sizes are written once and cannot forget a field.
//
// Not Kafka's: the counterpart there is the message generator. Leaves out: more than 18 fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ktrial::model {

struct AnyField {
  template <class T>
  operator T() const;  // never defined: only for counting
};

struct NoField {  // for what an AnyField is ambiguous for: a std::optional
  template <class T>
  operator std::optional<T>() const;
};

template <class T, class... Fields>
constexpr std::size_t field_count() {
  if constexpr (requires { T{Fields{}..., AnyField{}}; })
    return field_count<T, Fields..., AnyField>();
  else if constexpr (requires { T{Fields{}..., NoField{}}; })
    return field_count<T, Fields..., NoField>();
  else
    return sizeof...(Fields);
}

template <class T, class F>
void for_each_field(const T& t, F&& f) {
  constexpr std::size_t n = field_count<T>();
  static_assert(n <= 18);
  const auto each = [&f](const auto&... field) { (f(field), ...); };
  if constexpr (n == 1) {
    const auto& [a] = t;
    each(a);
  } else if constexpr (n == 2) {
    const auto& [a, b] = t;
    each(a, b);
  } else if constexpr (n == 3) {
    const auto& [a, b, c] = t;
    each(a, b, c);
  } else if constexpr (n == 4) {
    const auto& [a, b, c, d] = t;
    each(a, b, c, d);
  } else if constexpr (n == 5) {
    const auto& [a, b, c, d, e] = t;
    each(a, b, c, d, e);
  } else if constexpr (n == 6) {
    const auto& [a, b, c, d, e, g] = t;
    each(a, b, c, d, e, g);
  } else if constexpr (n == 7) {
    const auto& [a, b, c, d, e, g, h] = t;
    each(a, b, c, d, e, g, h);
  } else if constexpr (n == 8) {
    const auto& [a, b, c, d, e, g, h, i] = t;
    each(a, b, c, d, e, g, h, i);
  } else if constexpr (n == 9) {
    const auto& [a, b, c, d, e, g, h, i, j] = t;
    each(a, b, c, d, e, g, h, i, j);
  } else if constexpr (n == 10) {
    const auto& [a, b, c, d, e, g, h, i, j, k] = t;
    each(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (n == 11) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l] = t;
    each(a, b, c, d, e, g, h, i, j, k, l);
  } else if constexpr (n == 12) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l, m] = t;
    each(a, b, c, d, e, g, h, i, j, k, l, m);
  } else if constexpr (n == 13) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l, m, o] = t;
    each(a, b, c, d, e, g, h, i, j, k, l, m, o);
  } else if constexpr (n == 14) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p] = t;
    each(a, b, c, d, e, g, h, i, j, k, l, m, o, p);
  } else if constexpr (n == 15) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q] = t;
    each(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q);
  } else if constexpr (n == 16) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r] = t;
    each(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r);
  } else if constexpr (n == 17) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s] = t;
    each(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s);
  } else if constexpr (n == 18) {
    const auto& [a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s, u] = t;
    each(a, b, c, d, e, g, h, i, j, k, l, m, o, p, q, r, s, u);
  }
}

// The unqualified name of a type ("FetchRequest").
template <class T>
const char* type_name() {
  static const std::string name = [](std::string_view text) {
    text = text.substr(text.find("T = ") + 4);
    text = text.substr(0, text.find_first_of(";]"));
    return std::string(text.substr(text.rfind(':') + 1));
  }(__PRETTY_FUNCTION__);
  return name.c_str();
}

}  // namespace ktrial::model
