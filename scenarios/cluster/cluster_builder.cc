#include "scenarios/cluster/cluster_builder.h"

#include <fmt/format.h>

#include <algorithm>

namespace ktrial::scenarios {
namespace {

std::vector<model::NodeId> ids(std::int32_t first, std::int32_t count) {
  std::vector<model::NodeId> result;
  for (std::int32_t i = 0; i < count; ++i) result.push_back(model::NodeId{first + i});
  return result;
}

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

std::vector<std::string> node_names(const Scenario& scenario) {
  std::vector<std::string> names;
  std::int32_t id = 0;
  for (std::int32_t i = 0; i < scenario.cluster.brokers; ++i) names.push_back(fmt::format("broker {}", ++id));
  for (std::int32_t i = 0; i < scenario.cluster.controllers; ++i) names.push_back(fmt::format("controller {}", ++id));
  for (const ClientSpec& spec : scenario.clients) {
    const auto* group = std::get_if<GroupSpec>(&spec);
    if (!group) names.push_back(name_of(spec));
    for (std::int32_t i = 1; group && i <= group->members; ++i) names.push_back(fmt::format("{}/{}", group->name, i));
  }
  if (has_remote_storage(scenario)) names.emplace_back(kRemoteStorage);
  return names;
}

bool names_node(const std::string& client, const std::string& node) {
  return node == client || node.starts_with(client + "/");
}

sim::ClockConfig clock_of(const Scenario& scenario, model::NodeId node) {
  using K = Selector::Kind;
  const std::int32_t brokers = scenario.cluster.brokers, servers = brokers + scenario.cluster.controllers;
  const auto means = [&](const Selector& s) {
    switch (s.kind) {
      case K::broker:
      case K::controller:
        return s.node == node.value;
      case K::client:
        return node.value > servers &&
               names_node(s.name, node_names(scenario)[static_cast<std::size_t>(node.value - 1)]);
      case K::all_brokers:
        return node.value <= brokers;
      case K::all_controllers:
        return node.value > brokers && node.value <= servers;
      case K::all_clients:
        return node.value > servers;
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
  const ClusterSpec& cluster = scenario.cluster;
  const auto names = node_names(scenario);
  const auto brokers = ids(1, cluster.brokers);
  const auto voters = ids(cluster.brokers + 1, cluster.controllers);
  model::ClusterConfig config = cluster.config.effective;
  const bool tiered = has_remote_storage(scenario);
  if (tiered) config.remote_storage = model::NodeId(static_cast<std::int32_t>(names.size()));
  std::size_t next = 0;
  for (const model::NodeId id : brokers)
    world.add_node(names[next++], KafkaNode(model::BrokerNode(id, voters, config)), clock_of(scenario, id));
  for (const model::NodeId id : voters)
    world.add_node(names[next++], KafkaNode(model::ControllerNode(id, voters, config)), clock_of(scenario, id));
  std::int32_t producers = 0;
  for (const ClientSpec& spec : scenario.clients) {
    const model::NodeId id{static_cast<std::int32_t>(next) + 1};
    if (const auto* producer = std::get_if<ProducerSpec>(&spec))
      world.add_node(
          names[next++],
          KafkaNode(client(id, brokers, *producer, ++producers, fixed_key(scenario, *producer), config.variants)),
          clock_of(scenario, id));
    else if (const auto* consumer = std::get_if<ConsumerSpec>(&spec))
      world.add_node(names[next++], KafkaNode(client(id, brokers, *consumer, config.variants)), clock_of(scenario, id));
    else if (const auto* group = std::get_if<GroupSpec>(&spec))
      for (std::int32_t i = 0; i < group->members; ++i) {
        const model::NodeId member_id{static_cast<std::int32_t>(next) + 1};
        world.add_node(names[next++], KafkaNode(member(member_id, brokers, *group, i, config.variants)),
                       clock_of(scenario, member_id));
      }
  }
  if (tiered)
    world.add_node(names[next], KafkaNode(model::RemoteStorageNode(config.remote_storage)),
                   clock_of(scenario, config.remote_storage));
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
  for (const TopicSpec& topic : scenario.cluster.topics) {
    const model::CreateTopicsRequest request = create_topic_request(topic);
    // Every controller is told; the one that is active creates the topic, the others find it exists.
    for (std::int32_t i = 0; i < scenario.cluster.controllers; ++i)
      world.command(static_cast<sim::NodeId>(scenario.cluster.brokers + i), model::CreateTopic{request});
  }
}

namespace {

// What each group's running members own and which partitions their topics have.
void add_group_state(const KafkaWorld& world, const ClusterView& view, const Scenario& scenario,
                     properties::FinishContext& end) {
  auto id = static_cast<std::int32_t>(scenario.cluster.brokers + scenario.cluster.controllers);
  for (const ClientSpec& spec : scenario.clients) {
    const auto* group = std::get_if<GroupSpec>(&spec);
    if (!group) {
      ++id;
      continue;
    }
    properties::FinishContext::Group state;
    state.group = group->name;
    state.session_timeout = group->config.effective.session_timeout;
    state.longest_poll = group->config.effective.max_poll_records * group->processing_time;
    for (const auto& [tp, partition] : view.partitions()) {
      const std::string* topic = view.topic_name(tp.topic);
      if (topic && std::find(group->subscribe.begin(), group->subscribe.end(), *topic) != group->subscribe.end())
        state.partitions.push_back(tp);
    }
    for (std::int32_t i = 0; i < group->members; ++i) {
      const model::NodeId node{++id};
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
