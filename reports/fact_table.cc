#include "reports/fact_table.h"

#include <fmt/format.h>

#include <map>

#include "model/facts.h"
#include "reports/fact_fields.h"

namespace ktrial::reports {

std::string facts_markdown() {
  std::string out =
      "# Facts\n\n"
      "What the model says it did (`model/facts/`), as an NDJSON trace has it. A field is absent where it is null. "
      "*Told*\n"
      "is an example of its sentence in stories and diagrams. The goals are those that one such fact can reach.\n";
  const char* about = "";
  for (std::uint16_t kind = 0; kind < model::kFactKinds; ++kind) {
    const model::FactRow& row = model::fact_row(kind);
    if (row.about != about)
      out += fmt::format("\n## Of {}\n\n| fact | fields | told | goals |\n|---|---|---|---|\n", row.about);
    about = row.about;
    std::string fields, goals;
    for (const FactField& field : fields_of(kind))
      fields += fmt::format("{}`{}` {}", fields.empty() ? "" : ", ", field.name, field.unit);
    for (const model::Goal& goal : row.goals) goals += fmt::format("{}`{}`", goals.empty() ? "" : ", ", goal.name);
    std::string told = model::describe(row.example());
    constexpr std::string_view kPartition = "topic 1 partition 0";
    for (std::size_t at = 0; (at = told.find(kPartition, at)) != std::string::npos;)
      told.replace(at, kPartition.size(), "orders-0");
    out += fmt::format("| `{}` | {} | {} | {} |\n", row.name, fields, told, goals);
  }
  return out;
}

}  // namespace ktrial::reports
