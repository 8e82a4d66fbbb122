#include "model/variants.h"

namespace ktrial::model {
namespace {

template <class Rows>
void append_rows(std::vector<VariantRow>& all, const Rows& rows) {
  for (const auto& row : rows) all.push_back({row.id, row.name, row.kafkas, row.alternatives});
}

}  // namespace

const std::vector<VariantRow>& variant_rows() {
  static const std::vector<VariantRow> rows = [] {
    std::vector<VariantRow> all;
    append_rows(all, kReplicationVariants);
    append_rows(all, kControllerVariants);
    append_rows(all, kStorageVariants);
    append_rows(all, kClientVariants);
    return all;
  }();
  return rows;
}

std::string variants_markdown() {
  std::string out = "| variant | instead of | catalogue | tickets | meaning |\n|---|---|---|---|---|\n";
  for (const VariantRow& row : variant_rows())
    for (const VariantAlternative& a : row.alternatives)
      out += std::string("| `") + row.name + ": " + a.text + "` | " + row.kafkas + " | " + a.entries + " | " +
             a.tickets + " | " + a.meaning + " |\n";
  return out;
}

}  // namespace ktrial::model
