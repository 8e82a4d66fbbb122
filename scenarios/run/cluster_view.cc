#include "scenarios/run/cluster_view.h"

#include <fmt/format.h>

#include <charconv>

#include "model/config_keys.h"

namespace ktrial::scenarios {

void ClusterView::on_fact(const model::Fact& fact, model::NodeId node) {
  if (const auto* p = std::get_if<model::PartitionStateCommitted>(&fact)) {
    if (deleted_.contains(p->partition.topic)) return;
    Partition& known = partitions_[p->partition];
    // Two controllers may state the same commit around a fail-over; the partition epoch orders them.
    if (p->partition_epoch <= known.partition_epoch) return;
    if (known.leader_epoch.present() && p->leader != known.leader && p->leader.present()) ++known.leader_changes;
    known.leader = p->leader;
    known.leader_epoch = p->leader_epoch;
    known.partition_epoch = p->partition_epoch;
    known.replicas = p->replicas;
    known.isr = p->isr;
    known.elr = p->elr;
    known.last_known_elr = p->last_known_elr;
    known.reassigning = !p->adding.empty() || !p->removing.empty();
  } else if (const auto* t = std::get_if<model::TopicCreated>(&fact)) {
    if (!deleted_.contains(t->id)) topics_[t->name] = t->id;
  } else if (const auto* t = std::get_if<model::TopicDeleted>(&fact)) {
    deleted_.insert(t->id);
    if (const auto it = topics_.find(t->name); it != topics_.end() && it->second == t->id) topics_.erase(it);
    partitions_.erase_topic(t->id);
    for (auto& [config, state] : throttles_)
      if (std::get<model::TopicId>(config) == t->id) state.second = false;
  } else if (const auto* b = std::get_if<model::BrokerRegistered>(&fact)) {
    fenced(b->broker, b->offset, true);
  } else if (const auto* b = std::get_if<model::BrokerFenced>(&fact)) {
    fenced(b->broker, b->offset, true);
  } else if (const auto* b = std::get_if<model::BrokerUnfenced>(&fact)) {
    fenced(b->broker, b->offset, false);
  } else if (const auto* t = std::get_if<model::ConfigCommitted>(&fact); t && model::is_throttle_key(t->key)) {
    auto& [since, is_set] = throttles_[{t->topic, t->broker, t->key}];
    if (t->offset >= since) since = t->offset, is_set = !t->value.empty();
  } else if (const auto* e = std::get_if<model::QuorumLeaderElected>(&fact)) {
    if (e->epoch > controller_epoch_) {
      controller_epoch_ = e->epoch;
      active_controller_ = node;
    }
  }
}

void ClusterView::fenced(model::NodeId broker, model::Offset offset, bool is) {
  auto& [since, state] = fenced_[broker];
  if (offset >= since) since = offset, state = is;
}

const ClusterView::Partition* ClusterView::partition(model::TopicPartition tp) const {
  const auto it = partitions_.find(tp);
  return it == partitions_.end() ? nullptr : &it->second;
}

std::optional<model::TopicPartition> ClusterView::find(const std::string& name) const {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos) return std::nullopt;
  const auto topic = topics_.find(name.substr(0, dash));
  std::int32_t index = -1;
  std::from_chars(name.data() + dash + 1, name.data() + name.size(), index);
  if (topic == topics_.end() || index < 0) return std::nullopt;
  return model::TopicPartition{topic->second, model::PartitionIndex{index}};
}

const std::string* ClusterView::topic_name(model::TopicId id) const {
  for (const auto& [name, topic] : topics_)
    if (topic == id) return &name;
  return nullptr;
}

std::string ClusterView::name(model::TopicPartition tp) const {
  const std::string* topic = topic_name(tp.topic);
  return topic ? fmt::format("{}-{}", *topic, tp.partition.value)
               : fmt::format("topic {}-{}", tp.topic.value, tp.partition.value);
}

}  // namespace ktrial::scenarios
