// Variants: rules that history had otherwise, each one decision point in the code, named where the rule is implemented.
//
// Every rule has a value that is Kafka's today, and one or more alternatives: a historic bug, an older protocol or a
// mutation. Their rows are in variants/*_variants.h; the docs (docs/variants.md) tell what finds them. Always holds: a
// default-constructed Variants is Kafka as it is.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/described.h"
#include "model/variants/client_variants.h"
#include "model/variants/controller_variants.h"
#include "model/variants/replication_variants.h"
#include "model/variants/storage_variants.h"

namespace ktrial::model {

// One of them all: `Variant::truncation`.
struct Variant {
  using enum ReplicationVariant;
  using enum ControllerVariant;
  using enum StorageVariant;
  using enum ClientVariant;

  static constexpr std::size_t kControllers = kReplicationVariants.size();
  static constexpr std::size_t kStorages = kControllers + kControllerVariants.size();
  static constexpr std::size_t kClients = kStorages + kStorageVariants.size();
  static constexpr std::size_t kCount = kClients + kClientVariants.size();

  constexpr Variant(ReplicationVariant v) : index(static_cast<std::size_t>(v)) {}
  constexpr Variant(ControllerVariant v) : index(kControllers + static_cast<std::size_t>(v)) {}
  constexpr Variant(StorageVariant v) : index(kStorages + static_cast<std::size_t>(v)) {}
  constexpr Variant(ClientVariant v) : index(kClients + static_cast<std::size_t>(v)) {}
  constexpr bool operator==(const Variant&) const = default;

  std::size_t index;  // among all
};

class Variants {
 public:
  // True when the rule is not Kafka's.
  bool on(Variant v) const { return chosen_[v.index] != 0; }
  // 0: Kafka's; else the number of the row's alternative, from 1.
  std::uint8_t value(Variant v) const { return chosen_[v.index]; }
  void set(Variant v, std::uint8_t value = 1) { chosen_[v.index] = value; }
  TruncationProtocol truncation() const { return TruncationProtocol(value(Variant::truncation)); }
  bool operator==(const Variants&) const = default;

  KTRIAL_FIELDS(Variants, chosen_)

 private:
  std::array<std::uint8_t, Variant::kCount> chosen_{};
};

using VariantRow = VariantRowOf<Variant>;
const std::vector<VariantRow>& variant_rows();  // all of them
// A table of them, for docs/variants.md.
std::string variants_markdown();

}  // namespace ktrial::model
