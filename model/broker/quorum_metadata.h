// The MetadataSource of KRaft: a broker's copy of the metadata log and the image of what is committed of it.
#pragma once

#include "model/broker/metadata_source.h"
#include "model/described.h"
#include "model/quorum/metadata_observer.h"

namespace ktrial::model {

class QuorumMetadata final : public MetadataSource {
 public:
  QuorumMetadata(NodeId self, std::vector<NodeId> controllers, const ClusterConfig& config)
      : observer_(self, std::move(controllers), config.quorum, config.variants),
        tells_removed_topics_(config.variants.on(Variant::recreated_topic)) {}

  void start(Step& step) override { observer_.start(step); }
  bool on_message(Step& step, ConnectionId connection, const Message& message) override {
    return observer_.on_message(step, connection, message);
  }
  bool on_closed(Step& step, ConnectionId connection) override { return observer_.on_closed(step, connection); }
  bool on_timer(Step& step, TimerId timer) override { return observer_.on_timer(step, timer); }

  MetadataNews take_news(Step& step) override {
    MetadataNews news;
    for (const MetadataBatch& batch : observer_.take_committed()) {
      if (tells_removed_topics_) note_removed_topics(batch, news);
      image_.apply(batch, &news.delta);
      step.fact(MetadataApplied{batch.next_offset(), digest(batch)});
    }
    return news;
  }
  const MetadataImage& image() const override { return image_; }
  NodeId controller() const override { return observer_.leader(); }

  KTRIAL_FIELDS(QuorumMetadata, observer_, image_, tells_removed_topics_)

 private:
  void note_removed_topics(const MetadataBatch& batch, MetadataNews& news) const {
    for (const MetadataRecord& record : *batch.records)
      if (const auto* removed = std::get_if<RemoveTopicRecord>(&record))
        if (const TopicImage* topic = image_.topic(removed->id))
          news.removed_topics.emplace_back(topic->name, removed->id);
  }

  MetadataObserver observer_;
  MetadataImage image_;
  bool tells_removed_topics_;
};

}  // namespace ktrial::model
