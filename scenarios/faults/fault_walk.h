// Walks over faults that need not know their kinds: the keys of a fault, and what it names.
#pragma once

#include "scenarios/fault_spec.h"
#include "scenarios/format/key_visitor.h"

namespace ktrial::scenarios {

// The keys of a fault: when, what, until.
void visit_keys(KeyVisitor& v, FaultSpec& fault);
// Those of what it does: its own key with whom it hits, then the keys beside that.
void visit_keys(KeyVisitor& v, FaultAct& act);

// Every list of targets of a fault, in the order of its keys.
template <class Do>
void each_selector_list(FaultSpec& fault, Do visit) {
  struct Lists : KeyVisitor {
    Do& visit;
    explicit Lists(Do& v) : visit(v) {}
    void selectors(const Key&, std::vector<Selector>& targets) override { visit(targets); }
  } lists(visit);
  visit_keys(lists, fault.what);
}

}  // namespace ktrial::scenarios
