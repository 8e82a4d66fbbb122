// The judge of one run: holds every property and the shadow they share, hands each fact to those that want its kind.
//
// A value: copying a judge forks it with the world it watches.
#pragma once

#include <set>
#include <string>

#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {

enum class Outcome { holds, violated, vacuous };

struct Verdict {
  std::string property;
  Outcome outcome = Outcome::vacuous;
  std::uint64_t premise = 0;
  std::vector<Violation> violations;
};

class Judge {
 public:
  explicit Judge(bool eligible_leader_replicas = false, const Limits& limits = {});
  Judge(const Judge&);
  Judge& operator=(const Judge&);
  Judge(Judge&&) = default;
  Judge& operator=(Judge&&) = default;

  void on_fact(const model::Fact&, const FactContext&);
  void on_injected(const Injected&, const FactContext&);
  void on_look(const NodesView&, const FactContext&);
  void finish(const FinishContext&);
  bool violated() const { return violated_; }  // some property, at some time
  std::vector<Verdict> verdicts() const;
  // The earliest by event; null if none.
  const Violation* first_violation(const std::set<std::string>& ignored = {}) const;
  const Verdict verdict(const std::string& property) const;
  const Shadow& shadow() const { return shadow_; }

 private:
  Shadow shadow_;
  PropertyList properties_;
  std::vector<std::vector<std::size_t>> by_kind_;
  bool violated_ = false;
};

std::vector<std::string> all_property_names();

}  // namespace ktrial::properties
