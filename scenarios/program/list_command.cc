// `ktrial list`: what there is, each with a sentence.
#include <fmt/format.h>

#include "model/config_keys.h"
#include "model/variants.h"
#include "properties/catalogue.h"
#include "scenarios/fault_spec.h"
#include "scenarios/format/schema.h"
#include "scenarios/meanings.h"
#include "scenarios/program/commands.h"
#include "scenarios/program/files.h"
#include "scenarios/run/goals.h"

namespace ktrial::scenarios {
namespace {

void row(const std::string& name, const std::string& text) { fmt::print("{:<36} {}\n", name, text); }

int list_catalogue() {
  fmt::print("# {}\n# ktrial power ENTRY, ktrial search ENTRY\n", catalogue_folder().string());
  for (const auto& file : scenarios_in(catalogue_folder())) {
    const auto scenario = load(file.string());
    if (!scenario) return Exit::bad_input;
    row(file.stem().string() + (scenario->catalogue && scenario->catalogue->tier == 1 ? "*" : ""), scenario->title);
  }
  return Exit::holds;
}

int list_scenarios() {
  fmt::print("# {}\n# ktrial run NAME, ktrial search NAME\n", library_folder().string());
  for (const auto& file : library()) {
    const auto scenario = load(file.string());
    if (!scenario) return Exit::bad_input;
    row(file.stem().string(), scenario->title);
  }
  return Exit::holds;
}

void list_faults() {
  for (int i = 0; i < kFaultKinds; ++i) {
    const FaultText& text = row_of(static_cast<FaultKind>(i)).text;
    row(text.name, text.meaning);
  }
}

void list_variants() {
  for (const model::VariantRow& variant : model::variant_rows())
    for (const auto& a : variant.alternatives)
      fmt::print("{:<9} {:<52} {}{}\n", a.entries, fmt::format("{}: {}", variant.name, a.text), a.meaning,
                 *a.tickets == '\0' ? "" : fmt::format(" ({})", a.tickets));
}

}  // namespace

const std::vector<std::string>& list_topics() {
  static const std::vector<std::string> topics = {"scenarios", "catalogue", "properties", "faults", "goals",
                                                  "variants",  "configs",   "keys",       "probes"};
  return topics;
}

int list(const std::string& what) {
  if (what == "scenarios") return list_scenarios();
  if (what == "catalogue") return list_catalogue();
  if (what == "properties") {
    for (const auto& entry : properties::catalogue()) row(entry.name, entry.meaning);
  } else if (what == "goals") {
    for (const std::string& goal : known_goals()) row(goal, meaning_of_goal(goal));
  } else if (what == "faults") {
    list_faults();
  } else if (what == "probes") {
    for (std::size_t i = 0; i < model::kProbes; ++i) {
      const model::ProbeRow& probe = model::probe_row(static_cast<model::Probe>(i));
      row(probe.name, fmt::format("{} ({})", probe.text, probe.owner));
    }
  } else if (what == "configs") {
    fmt::print("{}", model::config_keys_markdown());
  } else if (what == "keys") {
    fmt::print("{}", format_markdown());
  } else {
    list_variants();
  }
  return Exit::holds;
}

}  // namespace ktrial::scenarios
