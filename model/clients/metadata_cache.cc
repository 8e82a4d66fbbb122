#include "model/clients/metadata_cache.h"

#include <algorithm>

#include "model/clients/network_client.h"

namespace ktrial::model {

void MetadataCache::add_topic(const std::string& name) {
  if (std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end()) return;
  wanted_.push_back(name);
  update_needed_ = true;
}

Nanos MetadataCache::next_update() const {
  const Nanos due = update_needed_ ? Nanos{0} : last_success_ + config_.max_age;
  if (last_attempt_ < Nanos{0}) return due;
  return std::max(due, last_attempt_ + backoff_);
}

MetadataRequest MetadataCache::make_request(Nanos now) {
  in_flight_ = true;
  update_needed_ = false;
  last_attempt_ = now;
  return MetadataRequest{wanted_};
}

void MetadataCache::on_response(Step& step, const MetadataResponse& response) {
  in_flight_ = false;
  last_success_ = step.now;
  if (!response.brokers.empty()) brokers_ = response.brokers;
  bool complete = true;
  for (const auto& topic : response.topics) {
    if (topic.error != Error::NONE) {
      complete = false;
      continue;
    }
    TopicId& id = ids_[topic.name];
    if (id != topic.id) {
      leaders_.erase(id);
      id = topic.id;
    }
    auto& known = leaders_[topic.id];
    for (const auto& p : topic.partitions) {
      const auto index = static_cast<std::size_t>(p.partition.value);
      if (index >= known.size()) known.resize(index + 1);
      if (p.leader_epoch >= known[index].epoch) {
        known[index] = {p.leader, p.leader_epoch};
        if (config_.keeps_replicas) replicas_[{topic.id, p.partition}] = p.replicas;
      }
      if (!known[index].leader.present()) complete = false;
    }
  }
  for (const auto& name : wanted_)
    if (!ids_.contains(name)) complete = false;
  if (!complete) update_needed_ = true;
  attempts_ = complete ? 0 : attempts_ + 1;
  attempted(step);
  ++version_;
}

void MetadataCache::on_failure(Step& step) {
  in_flight_ = false;
  update_needed_ = true;
  ++attempts_;
  attempted(step);
}

void MetadataCache::attempted(Step& step) {
  last_attempt_ = step.now;
  backoff_ = exponential_backoff(step, Choice::metadata_jitter, static_cast<std::uint32_t>(attempts_),
                                 config_.retry_backoff, config_.retry_backoff_max, std::max(0, attempts_ - 1));
}

bool MetadataCache::on_current_leader(TopicPartition tp, LeaderIdAndEpoch leader) {
  if (!leader.leader.present() || !leader.epoch.present()) return false;
  const auto it = leaders_.find(tp.topic);
  if (it == leaders_.end() || tp.partition.value >= static_cast<std::int32_t>(it->second.size())) return false;
  auto& known = it->second[static_cast<std::size_t>(tp.partition.value)];
  if (leader.epoch <= known.epoch) return false;
  known = leader;
  ++version_;
  return true;
}

bool MetadataCache::is_online(NodeId broker) const {
  return std::find(brokers_.begin(), brokers_.end(), broker) != brokers_.end();
}
bool MetadataCache::has_replica(TopicPartition tp, NodeId broker) const {
  const auto it = replicas_.find(tp);
  return it != replicas_.end() && std::find(it->second.begin(), it->second.end(), broker) != it->second.end();
}

TopicId MetadataCache::topic_id(const std::string& name) const {
  const auto it = ids_.find(name);
  return it == ids_.end() ? TopicId{} : it->second;
}
std::int32_t MetadataCache::partition_count(TopicId id) const {
  const auto it = leaders_.find(id);
  return it == leaders_.end() ? 0 : static_cast<std::int32_t>(it->second.size());
}
LeaderIdAndEpoch MetadataCache::leader(TopicPartition tp) const {
  const auto it = leaders_.find(tp.topic);
  if (it == leaders_.end() || !tp.partition.present() ||
      tp.partition.value >= static_cast<std::int32_t>(it->second.size()))
    return {};
  return it->second[static_cast<std::size_t>(tp.partition.value)];
}

}  // namespace ktrial::model
