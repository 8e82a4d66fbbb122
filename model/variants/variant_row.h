// The row of a variant: its name, Kafka's rule, the rules instead of it, and where they come from.
//
// A file for each part of the model holds the names of its variants and, below them, a row for each, in the same order;
// the compiler checks that. The decision point is wherever the rule is implemented:
// `variants.on(Variant::fetch_epoch)`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ktrial::model {

struct VariantAlternative {
  const char* text = nullptr;  // as a scenario says it
  const char* entries = "";    // of the catalogue of bugs: "R01, R02"
  const char* tickets = "";    // "KIP-101, KAFKA-1211"; empty: a mutation
  const char* meaning = "";
};

struct VariantAlternatives {
  static constexpr std::size_t kMost = 3;
  VariantAlternative items[kMost];  // the last ones may have no text

  constexpr std::size_t size() const {
    std::size_t n = 0;
    while (n < kMost && items[n].text != nullptr) ++n;
    return n;
  }
  constexpr const VariantAlternative* begin() const { return items; }
  constexpr const VariantAlternative* end() const { return items + size(); }
  constexpr const VariantAlternative& back() const { return items[size() - 1]; }
};

template <class Id>
struct VariantRowOf {
  Id id;
  const char* name;    // "replication.truncation"
  const char* kafkas;  // the default's text
  VariantAlternatives alternatives;
};

template <class Id, std::size_t N>
consteval bool stand_in_order(const std::array<VariantRowOf<Id>, N>& rows) {
  for (std::size_t i = 0; i < N; ++i)
    if (static_cast<std::size_t>(rows[i].id) != i || rows[i].alternatives.size() == 0) return false;
  return true;
}

template <class Id, std::size_t N>
consteval std::size_t alternatives_of(const std::array<VariantRowOf<Id>, N>& rows, Id id) {
  return rows[static_cast<std::size_t>(id)].alternatives.size();
}

}  // namespace ktrial::model
