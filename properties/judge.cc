#include "properties/judge.h"

#include <fmt/format.h>

#include "properties/catalogue.h"

namespace ktrial::properties {

std::string text_of(model::TopicPartition tp) {
  return fmt::format("topic {} partition {}", tp.topic.value, tp.partition.value);
}

std::string text_of(const std::vector<NodeId>& nodes) {
  std::string out;
  for (const NodeId id : nodes) out += (out.empty() ? "" : ", ") + std::to_string(id.value);
  return "[" + out + "]";
}

Judge::Judge(bool eligible_leader_replicas, const Limits& limits)
    : properties_(all_properties()), by_kind_(model::kFactKinds) {
  shadow_.limits = limits;
  shadow_.eligible_leader_replicas = eligible_leader_replicas;
  shadow_.ledger.set_eligible_leader_replicas(eligible_leader_replicas);
  for (std::size_t i = 0; i < properties_.size(); ++i)
    for (const std::uint16_t kind : properties_[i]->kinds()) by_kind_[kind].push_back(i);
}

Judge::Judge(const Judge& other) : shadow_(other.shadow_), by_kind_(other.by_kind_), violated_(other.violated_) {
  for (const auto& property : other.properties_) properties_.push_back(property->clone());
}

Judge& Judge::operator=(const Judge& other) {
  Judge copy(other);
  *this = std::move(copy);
  return *this;
}

void Judge::on_fact(const model::Fact& fact, const FactContext& context) {
  // The ledger compares the fact with what was there before it.
  shadow_.ledger.on_fact(fact, context, shadow_.logs);
  shadow_.change = shadow_.logs.on_fact(fact, context);
  shadow_.producers.on_fact(fact, context);
  shadow_.offsets.on_fact(fact, context, shadow_.logs, shadow_.ledger);
  for (const std::size_t i : by_kind_[model::kind(fact)]) {
    properties_[i]->on_fact(fact, context, shadow_);
    violated_ = violated_ || !properties_[i]->violations().empty();
  }
}

void Judge::on_injected(const Injected& injected, const FactContext& context) {
  if (injected.kind == Injected::wiped) {
    shadow_.logs.on_wiped(injected.node);
    shadow_.producers.on_wiped(injected.node);
  }
  for (const auto& property : properties_) {
    property->on_injected(injected, context);
    violated_ = violated_ || !property->violations().empty();
  }
}

void Judge::on_look(const NodesView& view, const FactContext& context) {
  for (const auto& property : properties_) {
    property->on_look(view, context, shadow_);
    violated_ = violated_ || !property->violations().empty();
  }
}

void Judge::finish(const FinishContext& context) {
  for (const auto& property : properties_) {
    property->finish(context, shadow_);
    violated_ = violated_ || !property->violations().empty();
  }
}

std::vector<Verdict> Judge::verdicts() const {
  std::vector<Verdict> verdicts;
  for (const auto& property : properties_) {
    Verdict verdict{property->name(), Outcome::holds, property->premise(), property->violations()};
    if (!verdict.violations.empty())
      verdict.outcome = Outcome::violated;
    else if (verdict.premise == 0)
      verdict.outcome = Outcome::vacuous;
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

const Violation* Judge::first_violation(const std::set<std::string>& ignored) const {
  const Violation* first = nullptr;
  for (const auto& property : properties_)
    if (!property->violations().empty() && (!first || property->violations().front().event < first->event) &&
        !ignored.contains(property->name()))
      first = &property->violations().front();
  return first;
}

const Verdict Judge::verdict(const std::string& name) const {
  for (Verdict& verdict : verdicts())
    if (verdict.property == name) return verdict;
  return {};
}

std::vector<std::string> all_property_names() {
  std::vector<std::string> names;
  for (const auto& property : all_properties()) names.emplace_back(property->name());
  return names;
}

std::vector<CatalogueEntry> catalogue() {
  std::vector<CatalogueEntry> entries;
  for (const auto& property : all_properties())
    entries.push_back({property->name(), property->meaning(), property->kinds()});
  return entries;
}

std::string catalogue_markdown() {
  std::string out = "| property | what must hold |\n|---|---|\n";
  for (const CatalogueEntry& entry : catalogue()) out += "| `" + entry.name + "` | " + entry.meaning + " |\n";
  return out;
}

}  // namespace ktrial::properties
