// Turns a trial's result into what a person or a CI reads: trace, diagram, topics, verdicts.
//
// Decides nothing: which violation matters is asked of the result. Needs a recorded trial.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "reports/junit.h"
#include "reports/story.h"
#include "reports/trace.h"
#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

TrialResult record_trial(const Scenario& scenario, std::uint64_t seed);

reports::Trace trace_of(const TrialResult& result);
// The sequence diagram without what repeats for ever and what only machines need.
std::string diagram_of(const TrialResult& result);
// topics.cc: the committed state at the end, as `kafka-topics.sh --describe` prints it.
std::string describe_topics_of(const TrialResult& result);
// One line a property that had something to judge: outcome, how often its premise was met. The others follow by name.
std::string verdict_table(const TrialResult& result);
// How many faults of the plan struck and changed something, and which did not; empty without faults.
std::string fault_table(const TrialResult& result);
// "  nothing to judge (2): a b", in as many lines as that takes; empty if there are none.
std::string nothing_to_judge(const std::vector<std::string>& properties, const char* where);
// One case a property. It fails as the exit code says: a violation that the scenario expects does not.
std::vector<reports::JunitCase> junit_cases(const TrialResult& result, const std::string& reproduce);

// probes_command.cc: a line for each probe that was not hit, with its owner.
std::string never_reached(const ProbeCounts& counts);

// story.cc: what led to a violation.
reports::Story story_of(const TrialResult& result, const properties::Violation& violation, std::string reproduce,
                        std::vector<std::string> files);

// The events of the story's weightiest facts.
std::set<std::uint64_t> events_at_issue(const TrialResult& result, const properties::Violation& violation);

// Facts speak of "topic 1 partition 0"; a reader knows "orders-0".
std::string with_names(std::string text, const TrialResult& result);
const std::string& node_name(const TrialResult& result, model::NodeId node);
std::string meaning_of(const std::string& property);

}  // namespace ktrial::scenarios
