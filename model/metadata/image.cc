#include "model/metadata/image.h"

#include <algorithm>

#include "model/config_keys.h"
#include "model/metadata/partition_change.h"

namespace ktrial::model {
namespace {

template <class T>
void note(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

void set_config(std::vector<std::pair<std::string, std::string>>& configs, const ConfigRecord& record) {
  const auto at = std::lower_bound(configs.begin(), configs.end(), record.key,
                                   [](const auto& entry, const std::string& key) { return entry.first < key; });
  const bool known = at != configs.end() && at->first == record.key;
  if (known && record.value)
    at->second = *record.value;
  else if (known)
    configs.erase(at);
  else if (record.value)
    configs.insert(at, {record.key, *record.value});
}

const std::string* find_config(const std::vector<std::pair<std::string, std::string>>& configs,
                               const std::string& key) {
  const auto at = std::find_if(configs.begin(), configs.end(), [&](const auto& config) { return config.first == key; });
  return at == configs.end() ? nullptr : &at->second;
}

void overlay(const std::vector<std::pair<std::string, std::string>>& configs, TopicConfig& config) {
  for (const auto& [name, value] : configs)
    if (const ConfigKey* key = find_config_key(ConfigScope::topic, name)) apply_config(*key, value, {.topic = &config});
}

// The cluster-wide defaults have the names of a broker's configs.
void overlay_defaults(const std::vector<std::pair<std::string, std::string>>& configs, TopicConfig& config) {
  for (const auto& [name, value] : configs)
    if (const std::string key(topic_key_of(name)); !key.empty())
      apply_config(*find_config_key(ConfigScope::topic, key), value, {.topic = &config});
}

// FNV-1a over the records' fields, each with a fixed width, each list with its length.
class Digester {
 public:
  void number(std::int64_t v) {
    for (int i = 0; i < 8; ++i) byte(static_cast<std::uint8_t>(static_cast<std::uint64_t>(v) >> (8 * i)));
  }
  void text(const std::string& s) {
    number(static_cast<std::int64_t>(s.size()));
    for (const char c : s) byte(static_cast<std::uint8_t>(c));
  }
  void nodes(const std::vector<NodeId>& ids) {
    number(static_cast<std::int64_t>(ids.size()));
    for (const NodeId id : ids) number(id.value);
  }
  void partition(TopicPartition tp) {
    number(tp.topic.value);
    number(tp.partition.value);
  }
  void nodes(const std::optional<std::vector<NodeId>>& ids) {
    number(ids.has_value());
    if (ids) nodes(*ids);
  }
  // Nothing for none, as of a cluster whose brokers have one log directory each.
  void directories(const std::vector<DirectoryId>& ids) {
    if (ids.empty()) return;
    number(static_cast<std::int64_t>(ids.size()));
    for (const DirectoryId id : ids) number(id.value);
  }
  void flag(const std::optional<bool>& v) { number(v ? (*v ? 1 : 0) : -1); }

  void operator()(const RegisterBrokerRecord& r) {
    number(r.broker.value), number(r.incarnation.value), number(r.broker_epoch.value);
    number(r.fenced), number(r.in_controlled_shutdown), directories(r.log_dirs);
  }
  void operator()(const BrokerRegistrationChangeRecord& r) {
    number(r.broker.value), number(r.broker_epoch.value);
    flag(r.fenced), flag(r.in_controlled_shutdown), directories(r.log_dirs);
  }
  void operator()(const TopicRecord& r) { text(r.name), number(r.id.value); }
  void operator()(const PartitionRecord& r) {
    partition(r.partition), nodes(r.replicas), nodes(r.isr);
    number(r.leader.value), number(r.leader_epoch.value), number(r.partition_epoch.value);
    number(static_cast<std::int64_t>(r.leader_recovery_state));
    nodes(r.eligible_leader_replicas), nodes(r.last_known_elr), directories(r.directories);
  }
  void operator()(const PartitionChangeRecord& r) {
    partition(r.partition);
    nodes(r.isr);
    number(r.leader ? r.leader->value : -2);
    number(r.leader_recovery_state ? static_cast<std::int64_t>(*r.leader_recovery_state) : -1);
    nodes(r.replicas), nodes(r.adding_replicas), nodes(r.removing_replicas);
    nodes(r.eligible_leader_replicas), nodes(r.last_known_elr);
    if (r.directories) directories(*r.directories);
    if (r.keeps_leader_epoch) number(1);
  }
  void operator()(const ConfigRecord& r) {
    text(r.topic), text(r.key);
    if (r.value)
      text(*r.value);
    else
      number(-1);
    if (r.broker.present()) number(r.broker.value);
  }
  void operator()(const ClearElrRecord& r) { text(r.topic); }
  void operator()(const NoOpRecord&) {}
  void operator()(const RemoveTopicRecord& r) { number(r.id.value); }
  void operator()(const LeaderChangeRecord& r) { number(r.leader.value); }
  void operator()(const ProducerIdsRecord& r) {
    number(r.broker.value), number(r.broker_epoch.value), number(r.next_producer_id.value);
  }

  std::uint64_t result() const { return hash_; }

 private:
  void byte(std::uint8_t b) { hash_ = (hash_ ^ b) * 1099511628211ull; }
  std::uint64_t hash_ = 14695981039346656037ull;
};

}  // namespace

void apply_change(PartitionRegistration& p, const PartitionChangeRecord& r) {
  if (r.isr) p.isr = *r.isr;
  if (r.replicas) p.replicas = *r.replicas;
  if (r.directories) p.directories = *r.directories;
  if (r.adding_replicas) p.adding = *r.adding_replicas;
  if (r.removing_replicas) p.removing = *r.removing_replicas;
  if (r.eligible_leader_replicas) p.elr = *r.eligible_leader_replicas;
  if (r.last_known_elr) p.last_known_elr = *r.last_known_elr;
  if (r.leader_recovery_state) p.leader_recovery_state = *r.leader_recovery_state;
  if (r.leader) {
    p.leader = *r.leader;
    if (!r.keeps_leader_epoch) ++p.leader_epoch;
  }
  ++p.partition_epoch;
}

void MetadataImage::apply(const MetadataRecord& record, Offset offset, MetadataDelta* delta) {
  MetadataDelta unused;
  MetadataDelta& d = delta ? *delta : unused;
  if (const auto* r = std::get_if<RegisterBrokerRecord>(&record)) {
    brokers_[r->broker] = {r->incarnation, r->broker_epoch, r->fenced, r->in_controlled_shutdown, r->log_dirs};
    note(d.brokers, r->broker);
  } else if (const auto* r = std::get_if<BrokerRegistrationChangeRecord>(&record)) {
    const auto at = brokers_.find(r->broker);
    if (at != brokers_.end() && at->second.epoch == r->broker_epoch) {
      if (r->fenced) at->second.fenced = *r->fenced;
      if (r->in_controlled_shutdown) at->second.in_controlled_shutdown = *r->in_controlled_shutdown;
      if (!r->log_dirs.empty()) at->second.log_dirs = r->log_dirs;
      note(d.brokers, r->broker);
    }
  } else if (const auto* r = std::get_if<TopicRecord>(&record)) {
    topics_[r->id].name = r->name;
    topic_ids_[r->name] = r->id;
    next_topic_id_ = std::max(next_topic_id_, r->id.value + 1);
    note(d.topics, r->id);
  } else if (const auto* r = std::get_if<PartitionRecord>(&record)) {
    auto& partitions = topics_[r->partition.topic].partitions;
    const auto index = static_cast<std::size_t>(r->partition.partition.value);
    if (partitions.size() <= index) partitions.resize(index + 1);
    partitions[index] = {r->replicas,
                         r->isr,
                         r->leader,
                         r->leader_epoch,
                         r->partition_epoch,
                         r->leader_recovery_state,
                         r->eligible_leader_replicas,
                         r->last_known_elr};
    partitions[index].directories = r->directories;
    d.note(r->partition);
  } else if (const auto* r = std::get_if<PartitionChangeRecord>(&record)) {
    const auto topic = topics_.find(r->partition.topic);
    const auto index = static_cast<std::size_t>(r->partition.partition.value);
    if (topic != topics_.end() && index < topic->second.partitions.size()) {
      apply_change(topic->second.partitions[index], *r);
      d.note(r->partition);
    }
  } else if (const auto* r = std::get_if<RemoveTopicRecord>(&record)) {
    if (const auto topic = topics_.find(r->id); topic != topics_.end()) {
      for (std::size_t i = 0; i < topic->second.partitions.size(); ++i)
        d.note({r->id, PartitionIndex{static_cast<std::int32_t>(i)}});
      note(d.topics, r->id);
      topic_ids_.erase(topic->second.name);
      topics_.erase(topic);
    }
  } else if (const auto* r = std::get_if<ProducerIdsRecord>(&record)) {
    next_producer_id_ = r->next_producer_id;
  } else if (const auto* r = std::get_if<ConfigRecord>(&record)) {
    if (r->broker.present()) {
      set_config(broker_configs_[r->broker], *r);
      d.broker_configs = true;
    } else if (r->topic.empty()) {
      set_config(cluster_configs_, *r);
      d.broker_configs = true;
      for (const auto& [id, topic] : topics_) note(d.topics, id);
    } else if (const auto at = topic_ids_.find(r->topic); at != topic_ids_.end()) {
      set_config(topics_[at->second].configs, *r);
      note(d.topics, at->second);
    }
  } else if (const auto* r = std::get_if<ClearElrRecord>(&record)) {
    if (r->topic.empty())
      for (const auto& [id, topic] : topics_) clear_elr(id, d);
    else if (const auto at = topic_ids_.find(r->topic); at != topic_ids_.end())
      clear_elr(at->second, d);
  }
  next_offset_ = offset + 1;
}

// ReplicationControlManager.removeTopicElrs: partitions without any are left alone.
void MetadataImage::clear_elr(TopicId id, MetadataDelta& delta) {
  PartitionIndex index{0};
  for (PartitionRegistration& p : topics_[id].partitions) {
    if (!p.elr.empty() || !p.last_known_elr.empty()) {
      PartitionChangeRecord none;
      none.eligible_leader_replicas.emplace();
      none.last_known_elr.emplace();
      apply_change(p, none);
      delta.note({id, index});
    }
    ++index.value;
  }
}

void MetadataImage::apply(const MetadataBatch& batch, MetadataDelta* delta) {
  Offset offset = batch.base_offset;
  for (const MetadataRecord& record : *batch.records) {
    apply(record, offset, delta);
    ++offset;
  }
}

const PartitionRegistration* MetadataImage::partition(TopicPartition tp) const {
  const TopicImage* t = topic(tp.topic);
  if (!t || !tp.partition.present()) return nullptr;
  const auto index = static_cast<std::size_t>(tp.partition.value);
  return index < t->partitions.size() ? &t->partitions[index] : nullptr;
}

const TopicImage* MetadataImage::topic(TopicId id) const {
  const auto at = topics_.find(id);
  return at == topics_.end() ? nullptr : &at->second;
}

TopicId MetadataImage::topic_id(const std::string& name) const {
  const auto at = topic_ids_.find(name);
  return at == topic_ids_.end() ? TopicId{} : at->second;
}

const BrokerRegistrationImage* MetadataImage::broker(NodeId id) const {
  const auto at = brokers_.find(id);
  return at == brokers_.end() ? nullptr : &at->second;
}

bool MetadataImage::is_active(NodeId id) const {
  const BrokerRegistrationImage* b = broker(id);
  return b && b->active();
}

TopicConfig MetadataImage::topic_config(TopicId id, const TopicConfig& defaults) const {
  TopicConfig config = defaults;
  overlay_defaults(cluster_configs_, config);
  if (const TopicImage* t = topic(id)) overlay(t->configs, config);
  return config;
}

const std::string* MetadataImage::own_config(TopicId id, const std::string& key) const {
  const TopicImage* t = topic(id);
  return t == nullptr ? nullptr : find_config(t->configs, key);
}

const std::string* MetadataImage::own_config(NodeId id, const std::string& key) const {
  const auto own = broker_configs_.find(id);
  return own == broker_configs_.end() ? nullptr : find_config(own->second, key);
}

const std::string* MetadataImage::broker_config(NodeId id, const std::string& key) const {
  const std::string* own = own_config(id, key);
  return own != nullptr ? own : find_config(cluster_configs_, key);
}

std::uint64_t digest(const MetadataBatch& batch) {
  Digester d;
  d.number(batch.base_offset.value);
  d.number(batch.epoch.value);
  for (const MetadataRecord& record : *batch.records) {
    d.number(static_cast<std::int64_t>(record.index()));
    std::visit([&d](const auto& r) { d(r); }, record);
  }
  return d.result();
}

}  // namespace ktrial::model
