// Builds the world of a scenario: its nodes with Kafka's roles, its network, and the first commands.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "properties/property.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/cluster/topology.h"
#include "scenarios/run/cluster_view.h"
#include "scenarios/scenario.h"

namespace ktrial::scenarios {

// Names of all nodes in id order: "broker 1", "controller 4", then the clients' own.
std::vector<std::string> node_names(const Scenario& scenario);

// Whether a client's name in a selector means this node: a group's name stands for all of its members.
bool names_node(const std::string& client, const std::string& node);
// How a node's clocks run when no fault touches them.
sim::ClockConfig clock_of(const Scenario& scenario, const Topology& topology, model::NodeId node);
inline sim::ClockConfig clock_of(const Scenario& scenario, model::NodeId node) {
  return clock_of(scenario, Topology(scenario), node);
}
KafkaWorld build_world(const Scenario& scenario, std::uint64_t seed);
// The CreateTopics request of a topic; with an assignment, counts of partitions and replicas must be absent.
model::CreateTopicsRequest create_topic_request(const TopicSpec& topic);
// Starts every node and tells the controllers which topics to create.
void start_world(KafkaWorld& world, const Scenario& scenario);
// What the clients are left with at the end of a run.
void add_client_state(const KafkaWorld& world, const ClusterView& view, const Scenario& scenario,
                      properties::FinishContext& end);

}  // namespace ktrial::scenarios
