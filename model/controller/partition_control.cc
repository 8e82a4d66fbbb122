// Topics, ISR changes and elections (ReplicationControlManager of metadata).
#include <algorithm>

#include "model/controller/controller_node.h"

namespace ktrial::model {

Election ControllerNode::election_of(TopicId topic) const {
  return memory_->working.topic_config(topic, config_.topic_defaults).unclean_leader_election_enable ? Election::UNCLEAN
                                                                                                     : Election::ONLINE;
}

Error ControllerNode::check_alter(NodeId broker, const AlterPartitionRequest::Partition& r) const {
  const MetadataImage& image = memory_->working;
  if (!image.topic(r.partition.topic)) return Error::UNKNOWN_TOPIC_ID;
  const PartitionRegistration* p = image.partition(r.partition);
  if (!p) return Error::UNKNOWN_TOPIC_OR_PARTITION;
  // The broker knows more than this controller: it is no authority here [R22].
  if (r.leader_epoch > p->leader_epoch || r.partition_epoch > p->partition_epoch) return Error::NOT_CONTROLLER;
  if (r.leader_epoch < p->leader_epoch) return Error::FENCED_LEADER_EPOCH;
  if (broker != p->leader) return Error::INVALID_REQUEST;
  if (r.partition_epoch < p->partition_epoch) return Error::INVALID_UPDATE_VERSION;
  bool has_leader = false;
  for (const auto& [id, epoch] : r.new_isr) {
    if (std::find(p->replicas.begin(), p->replicas.end(), id) == p->replicas.end()) return Error::INVALID_REQUEST;
    has_leader |= id == p->leader;
  }
  if (!has_leader) return Error::INVALID_REQUEST;
  if (r.leader_recovery_state == LeaderRecoveryState::RECOVERING &&
      (r.new_isr.size() > 1 || p->leader_recovery_state == LeaderRecoveryState::RECOVERED))
    return Error::INVALID_REQUEST;
  for (const auto& [id, epoch] : r.new_isr)
    if (!image.is_active(id) || (epoch.present() && image.broker(id)->epoch != epoch)) return Error::INELIGIBLE_REPLICA;
  return Error::NONE;
}

AlterPartitionResponse ControllerNode::alter_partition(Step& step, const AlterPartitionRequest& r) {
  Memory& m = *memory_;
  AlterPartitionResponse response;
  const BrokerRegistrationImage* broker = m.working.broker(r.broker);
  if (!broker || broker->epoch != r.broker_epoch) {
    response.error = Error::STALE_BROKER_EPOCH;
    return response;
  }
  Records records;
  MetadataImage after = m.working;
  for (const auto& request : r.partitions) {
    AlterPartitionResponse::Partition answer;
    answer.partition = request.partition;
    answer.error = check_alter(r.broker, request);
    if (answer.error == Error::NONE) {
      const PartitionRegistration& p = *m.working.partition(request.partition);
      PartitionChange change;
      change.election = election_of(request.partition.topic);
      for (const auto& [id, epoch] : request.new_isr) change.target_isr.push_back(id);
      change.target_recovery = request.leader_recovery_state;
      if (auto record = build_change(m.working, request.partition, p, change)) {
        after.apply(*record, kFirstOffset);
        records.push_back(std::move(*record));
      }
      const PartitionRegistration& now = *after.partition(request.partition);
      if (now.leader != p.leader) answer.error = Error::NEW_LEADER_ELECTED;
      answer.leader = now.leader;
      answer.leader_epoch = now.leader_epoch;
      answer.isr = now.isr;
      answer.leader_recovery_state = now.leader_recovery_state;
      answer.partition_epoch = now.partition_epoch;
    }
    response.partitions.push_back(std::move(answer));
  }
  write(step, std::move(records));
  return response;
}

CreateTopicsResponse ControllerNode::create_topic(Step& step, const CreateTopicsRequest& r) {
  const MetadataImage& image = memory_->working;
  if (r.name.empty()) return {Error::INVALID_TOPIC_EXCEPTION, TopicId{}};
  if (const TopicId id = image.topic_id(r.name); id.present()) return {Error::TOPIC_ALREADY_EXISTS, id};
  std::vector<NodeId> active;
  for (const auto& [id, broker] : image.brokers())
    if (broker.active()) active.push_back(id);

  const TopicId id{image.next_topic_id()};
  std::vector<std::vector<NodeId>> assignment = r.assignment;
  if (assignment.empty()) {
    const std::int32_t partitions = r.partitions == -1 ? config_.num_partitions : r.partitions;
    const int replicas = r.replication_factor == -1 ? config_.default_replication_factor : r.replication_factor;
    if (partitions <= 0) return {Error::INVALID_PARTITIONS, TopicId{}};
    if (replicas <= 0 || static_cast<std::size_t>(replicas) > active.size())
      return {Error::INVALID_REPLICATION_FACTOR, TopicId{}};
    for (std::int32_t i = 0; i < partitions; ++i) {
      auto& list = assignment.emplace_back();
      for (int j = 0; j < replicas; ++j)
        list.push_back(active[static_cast<std::size_t>(id.value - 1 + i + j) % active.size()]);
    }
  }
  Records records{TopicRecord{r.name, id}};
  for (const auto& [key, value] : r.configs) records.push_back(ConfigRecord{r.name, key, value});
  for (std::size_t i = 0; i < assignment.size(); ++i) {
    const auto& replicas = assignment[i];
    std::vector<NodeId> sorted = replicas, isr;
    std::sort(sorted.begin(), sorted.end());
    if (replicas.empty() || replicas.size() != assignment.front().size() ||
        std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      return {Error::INVALID_REPLICA_ASSIGNMENT, TopicId{}};
    for (const NodeId b : replicas) {
      if (!image.broker(b)) return {Error::INVALID_REPLICA_ASSIGNMENT, TopicId{}};
      if (image.is_active(b)) isr.push_back(b);
    }
    if (isr.empty()) return {Error::INVALID_REPLICA_ASSIGNMENT, TopicId{}};
    const NodeId leader = isr.front();
    records.push_back(PartitionRecord{{id, PartitionIndex{static_cast<std::int32_t>(i)}},
                                      replicas,
                                      std::move(isr),
                                      leader,
                                      LeaderEpoch{0},
                                      PartitionEpoch{0},
                                      LeaderRecoveryState::RECOVERED});
  }
  write(step, std::move(records));
  return {Error::NONE, id};
}

ElectLeadersResponse ControllerNode::elect_leaders(Step& step, const ElectLeadersRequest& r) {
  const MetadataImage& image = memory_->working;
  const bool preferred = r.type == ElectionType::preferred;
  std::vector<TopicPartition> partitions = r.partitions;
  if (partitions.empty())
    for (const auto& [id, topic] : image.topics())
      for (std::size_t i = 0; i < topic.partitions.size(); ++i)
        partitions.push_back({id, PartitionIndex{static_cast<std::int32_t>(i)}});
  ElectLeadersResponse response;
  Records records;
  for (const TopicPartition tp : partitions) {
    const PartitionRegistration* p = image.partition(tp);
    Error error = Error::NONE;
    if (!p) {
      error = Error::UNKNOWN_TOPIC_OR_PARTITION;
    } else if (preferred ? p->leader == p->replicas.front() : p->leader.present()) {
      error = Error::ELECTION_NOT_NEEDED;
    } else {
      PartitionChange change;
      change.election = preferred ? Election::PREFERRED : Election::UNCLEAN;
      change.target_isr = p->isr;
      change.target_recovery = p->leader_recovery_state;
      auto record = build_change(image, tp, *p, change);
      if (!record || !record->leader || (preferred && *record->leader != p->replicas.front()))
        error = preferred ? Error::PREFERRED_LEADER_NOT_AVAILABLE : Error::ELIGIBLE_LEADERS_NOT_AVAILABLE;
      else
        records.push_back(std::move(*record));
    }
    if (error != Error::ELECTION_NOT_NEEDED || !r.partitions.empty()) response.results.emplace_back(tp, error);
  }
  write(step, std::move(records));
  return response;
}

}  // namespace ktrial::model
