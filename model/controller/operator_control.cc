// What an operator asks for of topics that exist: reassignment, more partitions, deletion (ReplicationControlManager).
#include <algorithm>

#include "model/config_keys.h"
#include "model/controller/controller_node.h"
#include "model/controller/reassign_partitions_command.h"

namespace ktrial::model {
namespace {

using Nodes = std::vector<NodeId>;

}  // namespace

// KIP-455, alterPartitionReassignment: the replicas are the target's and behind them those to go, until the target is
// in the ISR. A target given while another is on its way takes its place.
Error ControllerNode::alter_reassignment(Step& step, const AlterPartitionReassignmentsRequest& r) {
  const MetadataImage& image = memory_->working;
  const TopicPartition tp{image.topic_id(r.topic), r.partition};
  const PartitionRegistration* p = image.partition(tp);
  if (!p) return Error::UNKNOWN_TOPIC_OR_PARTITION;
  PartitionChange change = change_of(tp.topic, *p);
  if (r.replicas) {
    Nodes sorted = *r.replicas;
    std::sort(sorted.begin(), sorted.end());
    if (sorted.empty() || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end() ||
        std::any_of(sorted.begin(), sorted.end(), [&](NodeId id) { return !image.broker(id); }))
      return Error::INVALID_REPLICA_ASSIGNMENT;
    Nodes removing = without(p->replicas, sorted), adding = without(sorted, p->replicas);
    std::sort(removing.begin(), removing.end());
    change.election = Election::ONLINE;  // whatever the topic allows
    change.target_replicas = *r.replicas;
    change.target_replicas.insert(change.target_replicas.end(), removing.begin(), removing.end());
    if (!removing.empty()) change.target_removing = std::move(removing);
    if (!adding.empty()) change.target_adding = std::move(adding);
  } else {
    if (!p->reassigning()) return Error::NO_REASSIGNMENT_IN_PROGRESS;
    // PartitionReassignmentRevert: with nobody else left the first original replica is in sync by decree.
    change.target_replicas = without(p->replicas, p->adding);
    change.target_isr = without(p->isr, p->adding);
    change.target_adding.clear();
    change.target_removing.clear();
    if (change.target_isr.empty()) {
      if (change.target_replicas.empty() || !allows_unclean_leaders(tp.topic)) return Error::INVALID_REPLICA_ASSIGNMENT;
      change.target_isr = {change.target_replicas.front()};
    }
  }
  if (auto record = build_change(image, tp, *p, std::move(change))) write(step, {std::move(*record)});
  return Error::NONE;
}

namespace {

// A topic's configs, the cluster-wide defaults of these, and the replication throttle of brokers.
const ConfigKey* alterable(const IncrementalAlterConfigsRequest::Config& config) {
  const bool of_topic = !config.topic.empty();
  if (!of_topic && !is_throttle_key(config.key) && (config.broker.present() || topic_key_of(config.key).empty()))
    return nullptr;
  return find_config_key(of_topic ? ConfigScope::topic : ConfigScope::broker, config.key);
}

}  // namespace

// ConfigurationControlManager.incrementalAlterConfigs: all of them or none. What a topic has already is not written; a
// broker's is (KAFKA-14136). With eligible leader replicas another min.insync.replicas takes them all away, and the
// cluster-wide one cannot be removed (KIP-966). A topic is tiered only with remote.log.storage.system.enable, and then
// stays so (LogConfig.validateTopicLogConfigValues).
Error ControllerNode::alter_configs(Step& step, const IncrementalAlterConfigsRequest& r) {
  const MetadataImage& image = memory_->working;
  Records records, cleared;
  for (const auto& config : r.configs) {
    const TopicId topic = image.topic_id(config.topic);
    const bool of_broker = config.topic.empty();
    if (!of_broker && !topic.present()) return Error::UNKNOWN_TOPIC_OR_PARTITION;
    const ConfigKey* key = alterable(config);
    TopicConfig of_topic;
    ClusterConfig of_cluster;
    const ConfigTarget target{&of_cluster, &of_topic, nullptr, nullptr};
    if (!key || key->status != ConfigStatus::modelled ||
        (config.value && !apply_config(*key, *config.value, target).empty()))
      return Error::INVALID_CONFIG;
    if (config.key == kRemoteStorageEnable &&
        (config.value == "true" ? !config_.remote_log_storage_system_enable
                                : image.topic_config(topic, config_.topic_defaults).remote_storage_enable))
      return Error::INVALID_CONFIG;
    const bool of_elr = config_.eligible_leader_replicas && config.key == kMinInsyncReplicas;
    if (of_elr && of_broker && !config.value) return Error::INVALID_CONFIG;
    const std::string* now = of_broker ? nullptr : image.own_config(topic, config.key);
    if (!of_broker && (now ? config.value == *now : !config.value)) continue;
    records.push_back(ConfigRecord{config.topic, config.key, config.value, config.broker});
    // Variant [min_isr_change]: the ELR is left as it is.
    if (of_elr && !config_.variants.on(Variant::min_isr_change)) cleared.push_back(ClearElrRecord{config.topic});
  }
  records.insert(records.end(), cleared.begin(), cleared.end());
  write(step, std::move(records));
  return Error::NONE;
}

// kafka-reassign-partitions.sh: a throttle comes first and stays even if the reassignment is refused.
Error ControllerNode::execute_reassignment(Step& step, const AlterReassignment& command) {
  const AlterPartitionReassignmentsRequest& r = command.request;
  if (command.throttle) {
    alter_configs(step, topic_throttles(memory_->working, r));
    alter_configs(step, broker_throttles(memory_->working, r, *command.throttle));
  }
  const Error error = alter_reassignment(step, r);
  if (!r.replicas && (error == Error::NONE || error == Error::NO_REASSIGNMENT_IN_PROGRESS))
    alter_configs(step, no_throttles(memory_->working, r));
  return error;
}

Error ControllerNode::verify_reassignment(Step& step, const AlterPartitionReassignmentsRequest& r) {
  return any_reassignment(memory_->working) ? Error::NONE : alter_configs(step, no_throttles(memory_->working, r));
}

Error ControllerNode::create_partitions(Step& step, const CreatePartitionsRequest& r) {
  const MetadataImage& image = memory_->working;
  const TopicId id = image.topic_id(r.topic);
  const TopicImage* topic = image.topic(id);
  if (!topic) return Error::UNKNOWN_TOPIC_OR_PARTITION;
  const auto now = static_cast<std::int32_t>(topic->partitions.size());
  if (r.count <= now) return Error::INVALID_PARTITIONS;
  const auto factor = static_cast<std::int32_t>(topic->partitions.front().replicas.size());
  Records records;
  std::int32_t index = now;
  for (Nodes& replicas : place_replicas(image, id.value - 1 + now, r.count - now, factor)) {
    Nodes isr;
    for (const NodeId b : replicas)
      if (image.is_active(b) || config_.variants.on(Variant::initial_isr)) isr.push_back(b);
    if (isr.empty()) return Error::INVALID_REPLICATION_FACTOR;
    const NodeId leader = isr.front();
    std::vector<DirectoryId> directories = default_directories(image, replicas);
    records.push_back(PartitionRecord{{id, PartitionIndex{index++}},
                                      std::move(replicas),
                                      std::move(isr),
                                      leader,
                                      LeaderEpoch{0},
                                      PartitionEpoch{0},
                                      LeaderRecoveryState::RECOVERED,
                                      {},
                                      {},
                                      std::move(directories)});
  }
  return write(step, std::move(records)) ? Error::NONE : Error::INVALID_REPLICATION_FACTOR;
}

Error ControllerNode::delete_topic(Step& step, const DeleteTopicsRequest& r) {
  const TopicId id = memory_->working.topic_id(r.topic);
  if (!id.present()) return Error::UNKNOWN_TOPIC_OR_PARTITION;
  write(step, {RemoveTopicRecord{id}});
  return Error::NONE;
}

}  // namespace ktrial::model
