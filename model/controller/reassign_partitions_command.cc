#include "model/controller/reassign_partitions_command.h"

#include <algorithm>
#include <map>
#include <set>

#include "model/config_keys.h"

namespace ktrial::model {
namespace {

using Config = IncrementalAlterConfigsRequest::Config;

struct PartitionMove {
  std::set<NodeId> sources, destinations;
};
using Moves = std::map<TopicPartition, PartitionMove>;

// calculateCurrentMoveMap, and calculateProposedMoveMap with what is asked for now.
Moves moves_of(const MetadataImage& image, const AlterPartitionReassignmentsRequest& request) {
  Moves moves;
  for (const auto& [id, topic] : image.topics())
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const PartitionRegistration& p = topic.partitions[i];
      const TopicPartition tp{id, PartitionIndex(static_cast<std::int32_t>(i))};
      const bool asked = topic.name == request.topic && tp.partition == request.partition && request.replicas;
      if (!p.reassigning() && !asked) continue;
      PartitionMove& move = moves[tp];
      move.sources.insert(p.replicas.begin(), p.replicas.end());
      for (const NodeId added : p.adding) move.sources.erase(added);
      if (asked)
        move.destinations.insert(request.replicas->begin(), request.replicas->end());
      else
        move.destinations.insert(p.adding.begin(), p.adding.end());
      for (const NodeId source : move.sources) move.destinations.erase(source);
    }
  return moves;
}

}  // namespace

IncrementalAlterConfigsRequest topic_throttles(const MetadataImage& image,
                                               const AlterPartitionReassignmentsRequest& request) {
  std::map<TopicId, std::pair<std::set<std::string>, std::set<std::string>>> lists;  // as leaders, as followers
  for (const auto& [tp, move] : moves_of(image, request)) {
    auto& [leaders, followers] = lists[tp.topic];
    const std::string partition = std::to_string(tp.partition.value) + ":";
    for (const NodeId id : move.sources) leaders.insert(partition + std::to_string(id.value));
    for (const NodeId id : move.destinations) followers.insert(partition + std::to_string(id.value));
  }
  const auto joined = [](const std::set<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
    return text;
  };
  IncrementalAlterConfigsRequest alter;
  for (const auto& [id, list] : lists) {
    const std::string& topic = image.topic(id)->name;
    alter.configs.push_back({topic, NodeId(), kLeaderThrottledReplicas, joined(list.first)});
    alter.configs.push_back({topic, NodeId(), kFollowerThrottledReplicas, joined(list.second)});
  }
  return alter;
}

IncrementalAlterConfigsRequest broker_throttles(const MetadataImage& image,
                                                const AlterPartitionReassignmentsRequest& request, std::int64_t rate) {
  std::set<NodeId> brokers;
  for (const auto& [tp, move] : moves_of(image, request)) {
    brokers.insert(move.sources.begin(), move.sources.end());
    brokers.insert(move.destinations.begin(), move.destinations.end());
  }
  IncrementalAlterConfigsRequest alter;
  for (const NodeId id : brokers)
    for (const char* key : {kLeaderThrottledRate, kFollowerThrottledRate})
      alter.configs.push_back({"", id, key, std::to_string(rate)});
  return alter;
}

IncrementalAlterConfigsRequest no_throttles(const MetadataImage& image,
                                            const AlterPartitionReassignmentsRequest& request) {
  std::set<NodeId> brokers;
  for (const auto& [id, broker] : image.brokers())
    if (!broker.fenced) brokers.insert(id);
  if (request.replicas) brokers.insert(request.replicas->begin(), request.replicas->end());
  IncrementalAlterConfigsRequest alter;
  for (const NodeId id : brokers)
    for (const char* key : {kLeaderThrottledRate, kFollowerThrottledRate})
      alter.configs.push_back({"", id, key, std::nullopt});
  if (image.topic_id(request.topic).present())
    for (const char* key : {kLeaderThrottledReplicas, kFollowerThrottledReplicas})
      alter.configs.push_back({request.topic, NodeId(), key, std::nullopt});
  return alter;
}

bool any_reassignment(const MetadataImage& image) {
  for (const auto& [id, topic] : image.topics())
    if (std::any_of(topic.partitions.begin(), topic.partitions.end(), [](const auto& p) { return p.reassigning(); }))
      return true;
  return false;
}

}  // namespace ktrial::model
