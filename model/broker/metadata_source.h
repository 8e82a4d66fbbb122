// Who tells a broker what the cluster looks like: the seam between its owners and the metadata.
//
// Follows MetadataLoader and MetadataPublisher. With KRaft the metadata is a log that the broker observes
// (quorum_metadata.h). With ZooKeeper a controller would push it, in LeaderAndIsr, UpdateMetadata and StopReplica
// requests. Either way the router hands over what arrives, and takes the news when there may be some.
// Always holds: image() is the state after all news that were taken, and changes only when news are taken.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/metadata/image.h"
#include "model/step.h"

namespace ktrial::model {

// What has changed since the last news, published as one (MetadataLoader.handleCommit).
struct MetadataNews {
  MetadataDelta delta;
  std::vector<std::pair<std::string, TopicId>> removed_topics;  // with variant recreated_topic only
};

class MetadataSource {
 public:
  virtual ~MetadataSource() = default;
  virtual void start(Step& step) = 0;
  // Each tells whether that was the source's; then there may be news.
  virtual bool on_message(Step& step, ConnectionId connection, const Message& message) = 0;
  virtual bool on_closed(Step& step, ConnectionId connection) = 0;
  virtual bool on_timer(Step& step, TimerId timer) = 0;

  virtual MetadataNews take_news(Step& step) = 0;
  virtual const MetadataImage& image() const = 0;
  virtual NodeId controller() const = 0;  // the active one as known; absent when unknown
};

}  // namespace ktrial::model
