// The steps of shrinking: each makes a scenario smaller, weaker or easier to read in one way.
//
// A pass lists its steps for the scenario as it is. A step may turn out not to apply any more (`false`), because an
// earlier one of the list was taken; steps that count places are listed from the back, so that those places stay valid.
// Every step goes in one direction, so repeating all passes ends.
// Leaves out: judging whether the smaller scenario still fails.
#pragma once

#include <functional>
#include <vector>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

using ShrinkStep = std::function<bool(Scenario&)>;
using ShrinkPass = std::vector<ShrinkStep> (*)(const Scenario&);

// All passes, those first that make every later trial cheaper:
//   fewer faults (halves, then ever smaller runs, then one by one, then single targets), fewer clients, topics and
//   partitions, group members, controllers, brokers and replicas, fewer records, weaker faults (wipe > power cut >
//   kill > pause), even latencies, shorter faults, round times, and no line that does not matter.
const std::vector<ShrinkPass>& shrink_passes();

// Takes a broker away and numbers the nodes behind it anew; false if that leaves a partition without replica.
bool remove_broker(Scenario& scenario, std::int32_t broker);
// Takes a client away, and what the faults say of it.
void remove_client(Scenario& scenario, std::size_t index);

}  // namespace ktrial::scenarios
