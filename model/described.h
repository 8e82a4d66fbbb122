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
// What a field means beyond its type is said by a line of its own, so that a state can be told without its history
// (state/state_writer.h):
//
//     KTRIAL_MOMENTS(Session, contact)          // a time of the node's monotonic clock
//     KTRIAL_DEADLINES(Session, backoff_until)  // the same, and once it is past it says no more
//     KTRIAL_WALL_TIMES(Record, timestamp)      // a time of a wall clock
//     KTRIAL_WALL_MILLISECONDS(Sample, start)   // the same as a plain number of milliseconds
//     KTRIAL_CORRELATIONS(Call, correlation)    // a correlation id of the connection that is described before
//     KTRIAL_CLIENT_CORRELATIONS(Asked, correlation)  // one of the NetworkClient that is described before
//     KTRIAL_NUMBERS(Waiting, kSpace, number)   // names something of the node, and only whether it is the same counts
//     KTRIAL_SLOTS(Group, slot)                 // the same; numbers of what is inside are apart from those of others
//     KTRIAL_COUNTERS(Channel, next)            // gives such numbers, and is no part of the state otherwise
//
// A mark counts for everything in a container. A described aggregate that forgets a field does not compile where it is
// walked (every field is described or derived). Members of a class with private ones cannot be counted; a test reads
// its header instead (state/described_test.cc). Leaves out: more than 120 fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "model/fields.h"

namespace ktrial::model {

// The spaces of KTRIAL_NUMBERS that are no timer's kind; where one is, the number is the timer's `about`.
inline constexpr std::uint32_t kFetchVersionNumbers = 1;  // what a consumer's answers are checked against
inline constexpr std::uint32_t kMetadataVersionNumbers = 2;
inline constexpr std::uint32_t kMembershipNumbers = 3;  // requests of a group's member; the small ones are constants
inline constexpr std::int64_t kFirstMembershipNumber = 1000;
inline constexpr std::uint32_t kRemoteTaskNumbers = 4;
inline constexpr std::uint32_t kSlotNumbers = 5;
inline constexpr std::uint32_t kAppendNumbers = 6;  // a coordinator's appends
inline constexpr std::uint32_t kOfSlot = 1u << 16;  // with another: numbers are apart by slot

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
#define KTRIAL_EXPAND(...) KTRIAL_EXPAND4(KTRIAL_EXPAND4(KTRIAL_EXPAND4(__VA_ARGS__)))
#define KTRIAL_EXPAND4(...) KTRIAL_EXPAND3(KTRIAL_EXPAND3(KTRIAL_EXPAND3(__VA_ARGS__)))
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
// Of a struct with a described base, whose fields come first.
#define KTRIAL_FIELDS_AND(Base, Type, ...)                                                            \
  static constexpr std::size_t kDescribedFields = 1 KTRIAL_FOR_EACH(KTRIAL_COUNT_FIELD, __VA_ARGS__); \
  template <class Visit>                                                                              \
  static void describe([[maybe_unused]] const Type& object, [[maybe_unused]] Visit& visit) {          \
    Base::describe(object, visit);                                                                    \
    KTRIAL_FOR_EACH(KTRIAL_VISIT_FIELD, __VA_ARGS__)                                                  \
  }                                                                                                   \
  template <class Visit>                                                                              \
  static void describe_both([[maybe_unused]] const Type& a, [[maybe_unused]] const Type& b,           \
                            [[maybe_unused]] Visit& visit) {                                          \
    Base::describe_both(a, b, visit);                                                                 \
    KTRIAL_FOR_EACH(KTRIAL_VISIT_BOTH, __VA_ARGS__)                                                   \
  }
#define KTRIAL_DERIVED(Type, ...) \
  static constexpr std::size_t kDerivedFields = 0 KTRIAL_FOR_EACH(KTRIAL_COUNT_FIELD, __VA_ARGS__);

#define KTRIAL_IS_FIELD(field) || at == &object.field
#define KTRIAL_MARK(mark, Type, ...) \
  static bool mark(const Type& object, const void* at) { return false KTRIAL_FOR_EACH(KTRIAL_IS_FIELD, __VA_ARGS__); }
#define KTRIAL_MOMENTS(Type, ...) KTRIAL_MARK(is_moment, Type, __VA_ARGS__)
#define KTRIAL_DEADLINES(Type, ...) KTRIAL_MARK(is_deadline, Type, __VA_ARGS__)
#define KTRIAL_WALL_TIMES(Type, ...) KTRIAL_MARK(is_wall_time, Type, __VA_ARGS__)
#define KTRIAL_WALL_MILLISECONDS(Type, ...) KTRIAL_MARK(is_wall_milliseconds, Type, __VA_ARGS__)
#define KTRIAL_CORRELATIONS(Type, ...) KTRIAL_MARK(is_correlation, Type, __VA_ARGS__)
#define KTRIAL_CLIENT_CORRELATIONS(Type, ...) KTRIAL_MARK(is_client_correlation, Type, __VA_ARGS__)
#define KTRIAL_COUNTERS(Type, ...) KTRIAL_MARK(is_counter, Type, __VA_ARGS__)
#define KTRIAL_SLOTS(Type, ...) KTRIAL_MARK(is_slot, Type, __VA_ARGS__)
// `space`: numbers of one space name the same things; an expression that may use `object`.
#define KTRIAL_NUMBERS(Type, space, ...)    \
  KTRIAL_MARK(is_number, Type, __VA_ARGS__) \
  static std::uint32_t number_space([[maybe_unused]] const Type& object) { return space; }
