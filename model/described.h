// Fields by name: from one line in a struct come its equality, canonical hash, printed diff, JSON and digest.
//
//   struct Cleaner {
//     bool started = false;
//     TopicPartition partition;
//     std::size_t cache = 0;
//     KTRIAL_FIELDS(Cleaner, started, partition)
//     KTRIAL_DERIVED(Cleaner, cache)        // follows from the others, and is no part of the state
//   };
//   for_each_described(cleaner, [](const char* name, const auto& field) { ... });
//
// A described aggregate that forgets a field does not compile where it is walked (every field is described or derived).
// A class with private members is described in the same way, but nothing can count its members: keep its state in an
// aggregate. Leaves out: more than 40 fields.
#pragma once

#include <cstddef>
#include <type_traits>

#include "model/fields.h"

namespace ktrial::model {

template <class T>
concept Described = requires {
  T::kDescribedFields;
};

template <class T>
constexpr std::size_t derived_fields() {
  if constexpr (requires { T::kDerivedFields; })
    return T::kDerivedFields;
  else
    return 0;
}

// `visit(name, field)` for each described field, in the order of the description.
template <Described T, class Visit>
void for_each_described(const T& object, Visit&& visit) {
  if constexpr (std::is_aggregate_v<T>)
    static_assert(field_count<T>() == T::kDescribedFields + derived_fields<T>(),
                  "each field is described (KTRIAL_FIELDS) or derived (KTRIAL_DERIVED)");
  T::describe(object, visit);
}
// The same of two objects at once: `visit(name, field of a, field of b)`.
template <Described T, class Visit>
void for_each_described(const T& a, const T& b, Visit&& visit) {
  T::describe_both(a, b, visit);
}

}  // namespace ktrial::model

#define KTRIAL_PARENS ()
#define KTRIAL_EXPAND(...) KTRIAL_EXPAND3(KTRIAL_EXPAND3(KTRIAL_EXPAND3(__VA_ARGS__)))
#define KTRIAL_EXPAND3(...) KTRIAL_EXPAND2(KTRIAL_EXPAND2(KTRIAL_EXPAND2(__VA_ARGS__)))
#define KTRIAL_EXPAND2(...) KTRIAL_EXPAND1(KTRIAL_EXPAND1(KTRIAL_EXPAND1(__VA_ARGS__)))
#define KTRIAL_EXPAND1(...) __VA_ARGS__
// macro(field) for each field.
#define KTRIAL_FOR_EACH(macro, ...) __VA_OPT__(KTRIAL_EXPAND(KTRIAL_FOR_EACH_NEXT(macro, __VA_ARGS__)))
#define KTRIAL_FOR_EACH_NEXT(macro, field, ...) \
  macro(field) __VA_OPT__(KTRIAL_FOR_EACH_AGAIN KTRIAL_PARENS(macro, __VA_ARGS__))
#define KTRIAL_FOR_EACH_AGAIN() KTRIAL_FOR_EACH_NEXT

#define KTRIAL_VISIT_FIELD(field) visit(#field, object.field);
#define KTRIAL_VISIT_BOTH(field) visit(#field, a.field, b.field);
#define KTRIAL_COUNT_FIELD(field) +1

#define KTRIAL_FIELDS(Type, ...)                                                                      \
  static constexpr std::size_t kDescribedFields = 0 KTRIAL_FOR_EACH(KTRIAL_COUNT_FIELD, __VA_ARGS__); \
  template <class Visit>                                                                              \
  static void describe([[maybe_unused]] const Type& object, [[maybe_unused]] Visit& visit) {          \
    KTRIAL_FOR_EACH(KTRIAL_VISIT_FIELD, __VA_ARGS__)                                                  \
  }                                                                                                   \
  template <class Visit>                                                                              \
  static void describe_both([[maybe_unused]] const Type& a, [[maybe_unused]] const Type& b,           \
                            [[maybe_unused]] Visit& visit) {                                          \
    KTRIAL_FOR_EACH(KTRIAL_VISIT_BOTH, __VA_ARGS__)                                                   \
  }
#define KTRIAL_DERIVED(Type, ...) \
  static constexpr std::size_t kDerivedFields = 0 KTRIAL_FOR_EACH(KTRIAL_COUNT_FIELD, __VA_ARGS__);
