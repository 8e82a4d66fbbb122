// The variants of the protocol that a scenario can choose: one table for the reader and for the listing.
#pragma once
#include <string>
#include <vector>

#include "model/config.h"

namespace ktrial::scenarios {

struct VariantRow {
  std::string name;
  std::string off;  // the default: as Kafka does it
  std::string on;
  void (*set)(model::Variants&, bool);
};
const std::vector<VariantRow>& variant_rows();
// One line a variant: its name, its values (the default first), and what the other one means.
std::string variants_text();

}  // namespace ktrial::scenarios
