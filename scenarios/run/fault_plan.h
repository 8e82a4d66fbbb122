// Draws a fault plan from a seed: the random part of a scenario, as faults that a person could have written.
//
// Each fault is drawn from decisions of its own (`fault` i, field), so taking one fault away does not move another.
// General rules say what is drawn, never a known bug:
//  - When: at a time, or with the next fact of a drawn kind after a drawn time (an election, an ISR change, a
//    truncation, an acknowledgement, a fencing ...), so that a fault can fall between two steps of the protocol. In
//    half of the plans all times lie close together: within one of the cluster's timeouts.
//  - How long: a third are brief, of every order from 1 ms on (they race with fetches and replies); a third last about
//    as long as one of the cluster's own timeouts (a reply comes one election late); a third outlast sessions.
//  - Of messages that are held half are replies (of a fetch, of the metadata log, of AlterPartition ...).
//  - Whom: the drawn target; of a link, another drawn side: from it, to it, or both ways.
// Always holds: every fault has an end not after `quiet_after` or is ended then by the engine; none strikes before
// `start_after`; the faults in the scenario's list come first and are not changed.
#pragma once

#include <cstdint>
#include <vector>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

std::vector<FaultSpec> draw_fault_plan(const Scenario& scenario, std::uint64_t seed);

}  // namespace ktrial::scenarios
