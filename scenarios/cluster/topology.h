// Which nodes a scenario's cluster has, by role: the one place that gives out node ids and names.
//
// Brokers come first, then controllers, then the clients in the order of the scenario, each with one node or, if it is
// a group, with one for each member; the remote storage is last. Always holds: ids count from 1 without gaps, and
// names[id - 1] is the name of a node.
#pragma once

#include <string>
#include <vector>

#include "scenarios/scenario.h"

namespace ktrial::scenarios {

struct Topology {
  explicit Topology(const Scenario& scenario);

  std::vector<model::NodeId> brokers;
  std::vector<model::NodeId> controllers;
  std::vector<std::vector<model::NodeId>> clients;  // one list for each client of the scenario
  model::NodeId remote_storage;                     // absent: there is none
  std::vector<std::string> names;

  bool is_broker(model::NodeId node) const { return node >= brokers.front() && node <= brokers.back(); }
  bool is_controller(model::NodeId node) const { return node >= controllers.front() && node <= controllers.back(); }
  // Whatever is neither, the remote storage too.
  bool is_client(model::NodeId node) const { return node > controllers.back(); }
  const std::string& name(model::NodeId node) const { return names[static_cast<std::size_t>(node.value - 1)]; }

 private:
  model::NodeId add(std::string name);
};

}  // namespace ktrial::scenarios
