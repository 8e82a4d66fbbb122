// What a broker does with committed metadata.
#include <utility>

#include "model/broker/broker_node.h"

namespace ktrial::model {

const Partition* BrokerNode::partition(TopicPartition tp) const {
  if (!memory_) return nullptr;
  const auto it = memory_->partitions.find(tp);
  return it == memory_->partitions.end() ? nullptr : &it->second;
}

const Log* BrokerNode::log(TopicPartition tp) const {
  const Partition* p = partition(tp);
  return p == nullptr ? nullptr : &p->log();
}

void BrokerNode::after_observer(Step& step) {
  Memory& m = *memory_;
  // MetadataLoader.handleCommit: whatever batches came together are published as one delta.
  MetadataDelta delta;
  for (const MetadataBatch& batch : m.observer.take_committed()) {
    if (config_.variants.on(Variant::recreated_topic)) note_removed_topics(batch);
    m.image.apply(batch, &delta);
    step.fact(MetadataApplied{batch.next_offset(), digest(batch)});
  }
  if (m.published) publish(step, delta);
  if (m.heartbeat_channel.set_controller(step, m.observer.leader()))
    step.set_timer({kHeartbeatTimer, 0, 0}, step.now);  // what was in flight goes to the new controller
  m.alter_channel.set_controller(step, m.observer.leader());
  if (m.assignments_channel.set_controller(step, m.observer.leader())) m.assignments.on_response(step, nullptr);
  m.groups.create_channel.set_controller(step, m.observer.leader());
  m.producer_ids.channel().set_controller(step, m.observer.leader());
}

void BrokerNode::all_partitions(std::vector<TopicPartition>& out) const {
  for (const auto& [id, topic] : memory_->image.topics())
    for (std::size_t i = 0; i < topic.partitions.size(); ++i)
      out.push_back({id, PartitionIndex(static_cast<std::int32_t>(i))});
}

PartitionConfig BrokerNode::partition_config(const TopicConfig& topic) const {
  PartitionConfig config{self_, config_.replica_lag_time_max, topic, config_.variants};
  config.producer_expiration.after = config_.producer_id_expiration;
  config.producer_expiration_check_interval = config_.producer_id_expiration_check_interval;
  return config;
}

void BrokerNode::unfetch(TopicPartition tp) {
  for (auto& [leader, fetcher] : memory_->fetchers)
    if (fetcher.entries().contains(tp)) {
      fetcher.remove(tp);
      memory_->fetchers_due.insert(leader);
    }
}

// Its directory is renamed and that is flushed, so that it is gone for good.
void BrokerNode::delete_replica(Step& step, TopicPartition tp) {
  unfetch(tp);
  memory_->remote.stop(step, tp);
  const auto held = memory_->partitions.find(tp);
  if (held == memory_->partitions.end()) return;
  --memory_->logs_in[directory_of(held->second)];
  memory_->partitions.erase(held);
  step.fact(ReplicaDeleted{tp});
}

// Variant recreated_topic: a topic that is deleted and created again in one delta keeps its log, whose directory bears
// the same name.
void BrokerNode::note_removed_topics(const MetadataBatch& batch) {
  for (const MetadataRecord& record : *batch.records)
    if (const auto* removed = std::get_if<RemoveTopicRecord>(&record))
      if (const TopicImage* topic = memory_->image.topic(removed->id))
        memory_->removed_topics.emplace_back(topic->name, removed->id);
}

void BrokerNode::keep_logs(Step& step, const std::string& name, TopicId removed) {
  Memory& m = *memory_;
  const TopicId created = m.image.topic_id(name);
  if (!created.present()) return;
  const auto partitions = static_cast<std::int32_t>(m.image.topic(created)->partitions.size());
  for (PartitionIndex i{0}; i.value < partitions; ++i.value) {
    const auto old = m.partitions.find({removed, i});
    if (old == m.partitions.end() || m.partitions.contains({created, i})) continue;
    LogDisk disk = old->second.log().take_disk();
    delete_replica(step, {removed, i});
    load_log(step, {created, i}, std::move(disk));
  }
}

// ReplicaManager.applyDelta: deletions, then leaders, then followers.
void BrokerNode::publish(Step& step, const MetadataDelta& delta) {
  Memory& m = *memory_;
  if (delta.empty()) return;
  const std::vector<TopicPartition>& touched = delta.partitions;
  for (const auto& [name, removed] : std::exchange(m.removed_topics, {})) keep_logs(step, name, removed);
  m.wake = true;
  m.touched.all = m.touched.all || !delta.brokers.empty();  // a fetch of a broker's former life is refused
  m.touched.some.insert(touched.begin(), touched.end());
  for (TopicPartition tp : touched) {
    const PartitionRegistration* registration = m.image.partition(tp);
    if (registration == nullptr || !holds(registration->replicas, self_))
      delete_replica(step, tp);
    else if (host(step, tp, *registration) != nullptr)  // a later insertion in between would move the others
      start_cleaner(step, tp);
  }
  for (TopicPartition tp : touched) {
    const PartitionRegistration* registration = m.image.partition(tp);
    if (registration == nullptr || registration->leader != self_) continue;
    const auto held = m.partitions.find(tp);
    if (held == m.partitions.end()) continue;
    unfetch(tp);
    changed(tp, held->second.make_leader(step, *registration, m.image.brokers()));
    assign_directory(step, held->second, registration->directory(self_));
    remote_log_role(step, tp);
  }
  for (TopicPartition tp : touched) {
    const PartitionRegistration* registration = m.image.partition(tp);
    if (registration == nullptr || registration->leader == self_ || !holds(registration->replicas, self_)) continue;
    const auto held = m.partitions.find(tp);
    if (held == m.partitions.end()) continue;
    Partition& partition = held->second;
    assign_directory(step, partition, registration->directory(self_));
    const bool in_sync = holds(registration->isr, self_);
    const bool new_epoch = partition.make_follower(step, *registration);
    remote_log_role(step, tp);
    // In controlled shutdown a partition that is followed out of sync is simply stopped.
    if (m.lifecycle.state() >= BrokerState::PENDING_CONTROLLED_SHUTDOWN &&
        (!in_sync || !registration->leader.present())) {
      unfetch(tp);
      continue;
    }
    if (!new_epoch) continue;  // with the same epoch a running fetcher must not be disturbed
    // Variant fetcher_restart: only another leader restarts it.
    const auto running = m.fetchers.find(partition.leader());
    if (config_.variants.on(Variant::fetcher_restart) && running != m.fetchers.end() &&
        running->second.entries().contains(tp))
      continue;
    unfetch(tp);
    if (!partition.leader().present()) continue;
    auto it = m.fetchers.find(partition.leader());
    if (it == m.fetchers.end())
      it = m.fetchers.emplace(partition.leader(), ReplicaFetcher(self_, partition.leader())).first;
    it->second.add(partition, config_);
    m.fetchers_due.insert(partition.leader());
  }
  configure_logs(step, delta);
  configure_throttles(delta);
  publish_groups(step, touched);
}

// TopicConfigHandler.updateLogConfig: of logs that were there before; whatever waits for them is not looked at again.
void BrokerNode::configure_logs(Step& step, const MetadataDelta& delta) {
  Memory& m = *memory_;
  for (const TopicId id : delta.topics) {
    const TopicImage* topic = m.image.topic(id);
    if (topic == nullptr) continue;
    const TopicConfig config = topic_config(id);
    TopicPartition tp{id, PartitionIndex{0}};
    for (; static_cast<std::size_t>(tp.partition.value) < topic->partitions.size(); ++tp.partition.value) {
      const auto held = m.partitions.find(tp);
      if (held == m.partitions.end() || held->second.config().topic == config) continue;
      held->second.set_topic_config(config);
      start_cleaner(step, tp);
      remote_log_role(step, tp);
    }
  }
}

void BrokerNode::changed(TopicPartition tp, const PartitionProgress& change) {
  if (change.wake) memory_->wake = true;
  if (change.wake || change.reread) memory_->touched.some.insert(tp);
  if (change.propose) memory_->alter.submit(tp);
}

}  // namespace ktrial::model
