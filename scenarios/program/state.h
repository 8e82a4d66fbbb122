// The state of a run at a moment: `ktrial run --state-at`, and what differs where two runs part.
//
// A line for each thing: "broker 1.memory.partitions[1-0].log.high_watermark: 41". What is state is said in
// sim/world_state.h and model/state/state_writer.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/cluster/world_state.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

// When everything up to and at that time has happened.
std::vector<model::StateLine> state_at(const Scenario& scenario, std::uint64_t seed, model::Nanos at,
                                       const std::string& node = "");
// After that event.
std::vector<model::StateLine> state_after(const Scenario& scenario, std::uint64_t seed, std::uint64_t event);

struct RunCommand;
int print_state(const Scenario& scenario, const RunCommand& command);

// Indented lines, `most` of them and how many there are beyond.
std::string told_difference(const std::vector<model::StateLine>& once, const std::vector<model::StateLine>& again,
                            std::size_t most = 40);

}  // namespace ktrial::scenarios
