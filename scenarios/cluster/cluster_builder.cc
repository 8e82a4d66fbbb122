#include "scenarios/cluster/cluster_builder.h"

#include <fmt/format.h>

#include <algorithm>

namespace ktrial::scenarios {
namespace {

sim::WorldConfig world_config(const Scenario& scenario) {
  sim::WorldConfig config;
  const NetworkSpec& network = scenario.network;
  config.network.link.latency_min = network.latency_min;
  config.network.link.latency_jitter = network.latency_max - network.latency_min;
  config.network.link.tail = network.latency_tail;
  config.network.link.tail_per_million = static_cast<std::uint32_t>(network.tail_per_million);
  config.network.link.bytes_per_second = static_cast<std::uint64_t>(network.bandwidth_bytes_per_second);
  return config;
}

// Keys that are the same text are the same key: k0, k1 .. of all producers, then those that a file spells out.
model::KeyId fixed_key(const Scenario& scenario, const ProducerSpec& spec) {
  std::int32_t id = 0;
  std::vector<std::string> texts;
  for (const ClientSpec& client : scenario.clients)
    if (const auto* p = std::get_if<ProducerSpec>(&client)) {
      id = std::max(id, p->key_count);
      if (p->key_count == 0 && std::find(texts.begin(), texts.end(), p->key) == texts.end() && !p->key.empty())
        texts.push_back(p->key);
    }
  return model::KeyId(id + static_cast<std::int32_t>(std::find(texts.begin(), texts.end(), spec.key) - texts.begin()));
}

model::ClientNode client(model::NodeId id, const std::vector<model::NodeId>& brokers, const ProducerSpec& spec,
                         std::int32_t producer_index, model::KeyId fixed_key, const model::Variants& variants) {
  model::SendWorkload workload;
  workload.topic = spec.topic;
  workload.count = spec.count;
  workload.interval = spec.interval;
  if (!spec.key.empty() && spec.key_count == 0) workload.key = spec.key;
  workload.key_id = fixed_key;
  workload.key_count = spec.key_count;
  workload.tombstones = spec.tombstones;
  workload.tombstones_of = spec.tombstones_of;
  workload.partition = spec.partition;
  workload.producer_index = producer_index;
  workload.start_after = spec.start_after;
  workload.first_sequence = model::Sequence(spec.first_sequence);
  model::ProducerConfig config = spec.config.effective;
  config.variants = variants;
  return model::ClientNode(id, brokers, model::ProducerSpec{config, workload});
}

model::ConsumerConfig with_variants(model::ConsumerConfig config, const model::Variants& variants) {
  config.variants = variants;
  return config;
}

model::ClientNode client(model::NodeId id, const std::vector<model::NodeId>& brokers, const ConsumerSpec& spec,
                         const model::Variants& variants) {
  model::ConsumerSpec consumer;
  consumer.config = with_variants(spec.config.effective, variants);
  consumer.start_after = spec.start_after;
  for (const AssignSpec& assign : spec.assign) {
    model::TopicAssignment assignment{assign.topic, {}};
    if (assign.partition) assignment.partitions = {model::PartitionIndex{*assign.partition}};
    consumer.assignment.push_back(assignment);
  }
  return model::ClientNode(id, brokers, consumer);
}

model::ClientNode member(model::NodeId id, const std::vector<model::NodeId>& brokers, const GroupSpec& spec,
                         std::int32_t index, const model::Variants& variants) {
  return model::ClientNode(
      id, brokers,
      model::GroupMemberSpec{with_variants(spec.config.effective, variants), spec.name, spec.subscribe,
                             spec.processing_time, spec.start_after + index * spec.join_interval});
}

}  // namespace

std::vector<std::string> node_names(const Scenario& scenario) { return Topology(scenario).names; }

bool names_node(const std::string& client, const std::string& node) {
  return node == client || node.starts_with(client + "/");
}

sim::ClockConfig clock_of(const Scenario& scenario, const Topology& topology, model::NodeId node) {
  using K = Selector::Kind;
  const auto means = [&](const Selector& s) {
    switch (s.kind) {
      case K::broker:
      case K::controller:
        return s.node == node.value;
      case K::client:
        return topology.is_client(node) && names_node(s.name, topology.name(node));
      case K::all_brokers:
        return topology.is_broker(node);
      case K::all_controllers:
        return topology.is_controller(node);
      case K::all_clients:
        return topology.is_client(node);
      default:
        return false;
    }
  };
  sim::ClockConfig config;
  for (const ClockSpec& clock : scenario.clocks)
    if (std::any_of(clock.nodes.begin(), clock.nodes.end(), means)) {
      config.wall_offset = clock.offset;
      config.drift_ppm = clock.drift_ppm;
    }
  return config;
}

KafkaWorld build_world(const Scenario& scenario, std::uint64_t seed) {
  KafkaWorld world(seed, world_config(scenario));
  for (const auto& [name, value] : scenario.decisions)
    if (const auto decision = sim::parse_decision(name)) world.decisions().override_with(*decision, value);
  const Topology topology(scenario);
  model::ClusterConfig config = scenario.cluster.config.effective;
  config.remote_storage = topology.remote_storage;
  const auto add = [&](model::NodeId id, auto node) {
    world.add_node(topology.name(id), KafkaNode(std::move(node)), clock_of(scenario, topology, id));
  };
  for (const model::NodeId id : topology.brokers) add(id, model::BrokerNode(id, topology.controllers, config));
  for (const model::NodeId id : topology.controllers) add(id, model::ControllerNode(id, topology.controllers, config));
  std::int32_t producers = 0;
  for (std::size_t i = 0; i < scenario.clients.size(); ++i) {
    const ClientSpec& spec = scenario.clients[i];
    std::int32_t index = 0;
    for (const model::NodeId id : topology.clients[i]) {
      if (const auto* producer = std::get_if<ProducerSpec>(&spec))
        add(id, client(id, topology.brokers, *producer, ++producers, fixed_key(scenario, *producer), config.variants));
      else if (const auto* consumer = std::get_if<ConsumerSpec>(&spec))
        add(id, client(id, topology.brokers, *consumer, config.variants));
      else
        add(id, member(id, topology.brokers, std::get<GroupSpec>(spec), index++, config.variants));
    }
  }
  if (topology.remote_storage.present())
    add(topology.remote_storage, model::RemoteStorageNode(topology.remote_storage));
  std::vector<std::string> sim_names;
  for (const auto& [text, value] : scenario.decisions)
    if (const auto name = sim::parse_decision(text)) world.decisions().override_with(*name, value);
  return world;
}

model::CreateTopicsRequest create_topic_request(const TopicSpec& topic) {
  model::CreateTopicsRequest request;
  request.name = topic.name;
  if (topic.replicas.empty()) {
    request.partitions = topic.partitions;
    request.replication_factor = topic.replication_factor;
  }
  for (const auto& row : topic.replicas) {
    auto& replicas = request.assignment.emplace_back();
    for (const std::int32_t id : row) replicas.push_back(model::NodeId{id});
  }
  request.configs = topic.config.written;
  return request;
}

void start_world(KafkaWorld& world, const Scenario& scenario) {
  for (sim::NodeId id = 0; id < world.node_count(); ++id) world.start(id);
  const Topology topology(scenario);
  for (const TopicSpec& topic : scenario.cluster.topics) {
    const model::CreateTopicsRequest request = create_topic_request(topic);
    // Every controller is told; the one that is active creates the topic, the others find it exists.
    for (const model::NodeId id : topology.controllers) world.command(to_sim(id), model::CreateTopic{request});
  }
}

namespace {

// What each group's running members own and which partitions their topics have.
void add_group_state(const KafkaWorld& world, const ClusterView& view, const Scenario& scenario,
                     properties::FinishContext& end) {
  const Topology topology(scenario);
  for (std::size_t i = 0; i < scenario.clients.size(); ++i) {
    const auto* group = std::get_if<GroupSpec>(&scenario.clients[i]);
    if (!group) continue;
    properties::FinishContext::Group state;
    state.group = group->name;
    state.session_timeout = group->config.effective.session_timeout;
    state.longest_poll = group->config.effective.max_poll_records * group->processing_time;
    for (const auto& [tp, partition] : view.partitions()) {
      const std::string* topic = view.topic_name(tp.topic);
      if (topic && std::find(group->subscribe.begin(), group->subscribe.end(), *topic) != group->subscribe.end())
        state.partitions.push_back(tp);
    }
    for (const model::NodeId node : topology.clients[i]) {
      state.members.push_back(node);
      const model::ClientNode* client = world.node(to_sim(node)).client();
      const model::GroupConsumer* member = client ? client->group_consumer() : nullptr;
      if (member && member->membership())
        for (const model::TopicPartition tp : member->membership()->owned()) state.owned.emplace_back(node, tp);
    }
    end.groups.push_back(std::move(state));
  }
}

}  // namespace

void add_client_state(const KafkaWorld& world, const ClusterView& view, const Scenario& scenario,
                      properties::FinishContext& end) {
  add_group_state(world, view, scenario, end);
  for (sim::NodeId id = 0; id < world.node_count(); ++id) {
    const model::ClientNode* client = world.node(id).client();
    if (!client) continue;
    if (!client->idle()) ++end.unanswered_sends;
    for (const auto& [tp, position] : client->positions()) {
      const ClusterView::Partition* partition = view.partition(tp);
      model::Offset log_end;
      if (partition && partition->leader.present())
        if (const model::BrokerNode* broker = world.node(to_sim(partition->leader)).broker())
          if (const model::Log* log = broker->log(tp)) log_end = log->log_end();
      end.consumers.push_back({to_model(id), tp, position.offset, log_end});
    }
  }
}

}  // namespace ktrial::scenarios
