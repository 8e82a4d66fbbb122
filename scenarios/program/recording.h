// What is kept of a failing run so that a replay can tell whether it goes the same way, and where it first does not.
//
// The counterexample itself holds the number of events, the fingerprint and some checkpoints: enough to tell, and to
// narrow a difference down. `<file>.events` beside it holds one line an event and names the first that differs:
//
//   ktrial-events 1 <contents> <lines>
//   <event> <time in ns> <fingerprint> <what it is>
//
// Hashes are rolling, so events up to the first different hash went the same way. A line's own words may be equal
// where the hash is not: then what the event did was different.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

// A digest of all that a scenario says, whatever the layout of its file; `recorded` is not part of it.
std::uint64_t contents_of(const Scenario& scenario);

RecordedRun recorded_run(const Scenario& scenario, const std::vector<StepMark>& steps);

// What happened in each step, in words: "broker 1: delivered FetchRequest from broker 2". Needs a recorded trial.
std::vector<std::string> step_texts(const TrialResult& result, const std::vector<StepMark>& steps);
// What the nodes said of one step, one line each.
std::vector<std::string> facts_of_step(const TrialResult& result, const std::vector<StepMark>& steps, std::size_t step);

struct EventLine {
  StepMark mark;
  std::string text;
};
std::string events_name(const std::string& counterexample);  // the file beside it
std::string write_events(std::uint64_t contents, const std::vector<StepMark>& steps,
                         const std::vector<std::string>& texts);
// Nothing if the text is not such a file as a whole, or belongs to other contents.
std::optional<std::vector<EventLine>> read_events(const std::string& text, std::uint64_t contents);

// The first index at which two runs differ; nothing if they are equal, their length included.
std::optional<std::size_t> first_difference(const std::vector<StepMark>& a, const std::vector<StepMark>& b);
// "event 1234 at 2.001s, broker 1: delivered FetchRequest from broker 2"
std::string event_text(const StepMark& mark, const std::string& what);

// Where `steps` first leave the recorded run, told in lines. `events` is absent when the file beside is.
std::string where_it_differs(const RecordedRun& recorded, const std::optional<std::vector<EventLine>>& events,
                             const TrialResult& now, const std::vector<StepMark>& steps);

}  // namespace ktrial::scenarios
