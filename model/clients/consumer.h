// A consumer with partitions assigned by hand, whose application polls at once and keeps every record.
//
// Follows KafkaConsumer.assign() and ClassicKafkaConsumer's poll loop.
// Leaves out: groups, commits, max.poll.records.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/clients/fetcher.h"
#include "model/described.h"

namespace ktrial::model {

struct TopicAssignment {
  std::string topic;
  std::vector<PartitionIndex> partitions;  // empty: all
  KTRIAL_FIELDS(TopicAssignment, topic, partitions)
};

class Consumer {
 public:
  Consumer(ConsumerConfig config, std::vector<TopicAssignment> assignment, std::vector<NodeId> bootstrap);
  void start(Step& step) { run(step); }
  void on_message(Step& step, ConnectionId connection, Message&& message);
  void on_closed(Step& step, ConnectionId connection);
  void on_timer(Step& step) { run(step); }
  void close(Step& step);

  const Fetcher& fetcher() const { return fetcher_; }

  KTRIAL_FIELDS(Consumer, config_, wanted_, network_, metadata_, fetcher_)

 private:
  void run(Step& step);
  void update_assignment();
  void disconnected(Step& step, const std::vector<NetworkClient::InFlight>& failed);

  ConsumerConfig config_;
  std::vector<TopicAssignment> wanted_;
  NetworkClient network_;
  MetadataCache metadata_;
  Fetcher fetcher_;
};

}  // namespace ktrial::model
