#include "model/broker/metadata_response.h"

namespace ktrial::model {

MetadataResponse metadata_response(const MetadataImage& image, NodeId controller, const MetadataRequest& request) {
  MetadataResponse response;
  for (const auto& [id, broker] : image.brokers())
    if (!broker.fenced) response.brokers.push_back(id);
  response.controller = controller;
  const auto add = [&](TopicId id, const TopicImage& topic) {
    MetadataResponse::Topic t{Error::NONE, topic.name, id, {}};
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const PartitionRegistration& p = topic.partitions[i];
      const auto leader = image.brokers().find(p.leader);
      const bool available = leader != image.brokers().end() && !leader->second.fenced;
      t.partitions.push_back({available ? Error::NONE : Error::LEADER_NOT_AVAILABLE,
                              PartitionIndex(static_cast<std::int32_t>(i)), available ? p.leader : kNoLeader,
                              p.leader_epoch, p.replicas, p.isr});
    }
    response.topics.push_back(std::move(t));
  };
  if (request.topics.empty())
    for (const auto& [id, topic] : image.topics()) add(id, topic);
  for (const std::string& name : request.topics) {
    const TopicId id = image.topic_id(name);
    if (id.present())
      add(id, *image.topic(id));
    else
      response.topics.push_back({Error::UNKNOWN_TOPIC_OR_PARTITION, name, {}, {}});
  }
  return response;
}

}  // namespace ktrial::model
