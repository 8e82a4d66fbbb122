// Turns a trial's result into what a person reads: the story, the trace, the table of verdicts.
//
// Decides nothing: which violation matters is asked of the result. Needs a recorded trial for story and trace.
#pragma once

#include <string>

#include "reports/story.h"
#include "reports/trace.h"
#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

reports::Trace trace_of(const TrialResult& result);
reports::Story story_of(const TrialResult& result, const properties::Violation& violation, std::string reproduce,
                        std::vector<std::string> files);
// One line a property: outcome, how often its premise was met.
std::string verdict_table(const TrialResult& result);
// Facts speak of "topic 1-0" and "node 2"; a reader knows "orders-0" and "broker 2".
std::string with_names(std::string text, const TrialResult& result);
std::string meaning_of(const std::string& property);

}  // namespace ktrial::scenarios
