// The catalogue of properties: names and one sentence each, for `ktrial list properties`, stories and docs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ktrial::properties {

struct CatalogueEntry {
  std::string name;
  std::string meaning;
  std::vector<std::uint16_t> judges;  // kinds of facts
};
std::vector<CatalogueEntry> catalogue();
std::string catalogue_markdown();  // the table of docs/properties.md

}  // namespace ktrial::properties
