// How much the story of a violation needs each fact: what the fact says of itself (model/facts/fact.h), given what the
// violation is about.
#pragma once

#include <cstdint>
#include <vector>

#include "model/facts.h"
#include "properties/catalogue.h"
#include "properties/property.h"

namespace ktrial::scenarios {

// What a violation is about: its property's facts say whether that is the metadata quorum.
class StoryWeights {
 public:
  explicit StoryWeights(const properties::Violation& violation) : judged_(model::kFactKinds) {
    issue_.partition = violation.partition;
    issue_.offset = violation.offset;
    for (const auto& entry : properties::catalogue())
      if (entry.name == violation.property)
        for (const std::uint16_t kind : entry.judges) judged_[kind] = true;
    bool quorum = false, other = false;
    for (std::uint16_t kind = 0; kind < model::kFactKinds; ++kind)
      if (judged_[kind]) (model::fact_row(kind).of_quorum ? quorum : other) = true;
    issue_.quorum = quorum && !other;
  }

  model::Weight of(const model::Fact& fact) const {
    model::AtIssue issue = issue_;
    issue.judged = judged_[model::kind(fact)];
    return model::weight(fact, issue);
  }

 private:
  model::AtIssue issue_;
  std::vector<bool> judged_;  // by kind
};

}  // namespace ktrial::scenarios
