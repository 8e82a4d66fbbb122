// The one binding of the model to the simulator: Kafka's nodes as a protocol that a sim::World can run.
//
// The two rooms below know nothing of each other. Here the world's inputs become calls on a node with a Step, and the
// Step's effects, in their order, become calls on the world. Node numbers differ by one: the world counts from 0, Kafka
// from 1. Always holds: connection numbers that the model hands out and those of the world are the same.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/broker/broker_node.h"
#include "model/clients/client_node.h"
#include "model/controller/controller_node.h"
#include "model/remote/remote_storage_node.h"
#include "sim/world.h"

namespace ktrial::model {
class StateWriter;
}

namespace ktrial::scenarios {

inline sim::NodeId to_sim(model::NodeId id) { return sim::NodeId(id.value - 1); }
inline model::NodeId to_model(sim::NodeId id) { return model::NodeId(static_cast<std::int32_t>(id) + 1); }

struct KafkaProtocol;
using Context = sim::Context<KafkaProtocol>;

// One node of the cluster, whatever its role. `opened` counts the connections it ever opened; it belongs to the
// machine and not to the process, so numbers never repeat.
class KafkaNode {
 public:
  using Role = std::variant<model::ControllerNode, model::BrokerNode, model::ClientNode, model::RemoteStorageNode>;
  explicit KafkaNode(Role role) : role_(std::move(role)) {}

  void start(Context& context);
  void on_message(Context& context, sim::ConnectionId connection, model::Message&& message);
  void on_closed(Context& context, sim::ConnectionId connection);
  void on_timer(Context& context, std::uint64_t key);
  void on_command(Context& context, const model::Command& command);
  void kill();
  void power_cut(sim::Survival& survival);
  void wipe();
  // Faults of a broker's disk; what they did to it is in disk_facts().
  bool rot(std::uint64_t which);
  bool rot_unseen(std::uint64_t which);
  bool misdirect(std::uint64_t which);
  void set_disk_health(const model::DiskHealth& health, std::size_t directory = 0);
  void restore_disk(model::BrokerDisk older);

  const Role& role() const { return role_; }
  const model::BrokerNode* broker() const { return std::get_if<model::BrokerNode>(&role_); }
  const model::ControllerNode* controller() const { return std::get_if<model::ControllerNode>(&role_); }
  const model::ClientNode* client() const { return std::get_if<model::ClientNode>(&role_); }
  void write_state(model::StateWriter& out) const;
  // Facts of the last power cut or wipe (what the disk lost), for the driver to pass on.
  const std::vector<model::Fact>& disk_facts() const { return disk_facts_; }

 private:
  template <class Handle>
  void run(Context& context, Handle handle);

  Role role_;
  std::int32_t opened_ = 0;
  std::vector<model::Fact> disk_facts_;
};

struct KafkaProtocol {
  using Message = model::Message;
  using Fact = model::Fact;
  using Command = model::Command;
  using Node = KafkaNode;

  static std::uint32_t size_of(const Message& m) { return static_cast<std::uint32_t>(model::size_in_bytes(m)); }
  static std::uint16_t kind_of(const Message& m) { return model::kind(m); }
  static std::uint64_t digest(const Message& m) { return model::digest(m); }
  static std::uint64_t digest(const Fact& f) { return model::digest(f); }

  // What of the state is Kafka's (sim/world_state.h); scenarios/cluster/world_state.h is how to ask for it.
  static void name_connection(model::StateWriter& out, sim::ConnectionId connection, sim::NodeId peer,
                              std::uint32_t rank);
  static void write_connection(model::StateWriter& out, const char* name, sim::ConnectionId connection);
  static void write_message(model::StateWriter& out, sim::ConnectionId connection, const Message& message);
  static void write_node(model::StateWriter& out, sim::NodeId id, const Node& node, sim::Nanos monotonic,
                         sim::Nanos wall);
  static std::uint64_t timer_key(model::StateWriter& out, std::uint64_t key);
};

using KafkaWorld = sim::World<KafkaProtocol>;

}  // namespace ktrial::scenarios

// Instantiated once, in kafka_protocol.cc.
extern template class ktrial::sim::World<ktrial::scenarios::KafkaProtocol>;
