// Looking at the nodes of a run: when, and what properties see then.
//
// Neither changes the run. The moments are decisions by name of the run's seed ("look 0 b 0 c 0 d 0"), so that a replay
// looks at the same ones.
#pragma once

#include <vector>

#include "properties/nodes_view.h"
#include "scenarios/cluster/kafka_protocol.h"

namespace ktrial::scenarios {

// A handful before `until`, in order; the end of the run is not one of them.
std::vector<model::Nanos> draw_looks(const sim::Decisions& decisions, model::Nanos until);
// Of the nodes that run. Good until the next event.
properties::NodesView nodes_view(const KafkaWorld& world, properties::NodesView::Depth depth);

}  // namespace ktrial::scenarios
