#include "model/clients/consumer.h"

#include <algorithm>

#include "model/clients/producer.h"

namespace ktrial::model {

Consumer::Consumer(ConsumerConfig config, std::vector<TopicAssignment> assignment, std::vector<NodeId> bootstrap)
    : config_(config),
      wanted_(std::move(assignment)),
      network_({config.request_timeout, config.reconnect_backoff, config.reconnect_backoff_max}),
      metadata_({config.retry_backoff, config.retry_backoff_max, config.metadata_max_age, !config.client_rack.empty()},
                std::move(bootstrap)),
      fetcher_(config) {
  for (const auto& w : wanted_) metadata_.add_topic(w.topic);
}

void Consumer::on_message(Step& step, ConnectionId connection, Message&& message) {
  if (const auto request = network_.on_response(connection, message)) {
    if (const auto* m = std::get_if<MetadataResponse>(&message.body)) {
      metadata_.on_response(step, *m);
      update_assignment();
    } else {
      fetcher_.on_response(step, *request, message.body, metadata_);
    }
  }
  run(step);
}

void Consumer::on_closed(Step& step, ConnectionId connection) {
  disconnected(step, network_.on_closed(step, connection));
  metadata_.request_update();
  run(step);
}

void Consumer::disconnected(Step& step, const std::vector<NetworkClient::InFlight>& failed) {
  for (const auto& request : failed) {
    metadata_.request_update();
    if (request.about == kFetcherRequest)
      fetcher_.on_disconnect(step, request);
    else
      metadata_.on_failure(step);
  }
}

void Consumer::close(Step& step) {
  network_.close_all(step);
  step.cancel_timer(kClientWakeup);
  step.exit();
}

void Consumer::update_assignment() {
  std::vector<TopicPartition> all;
  for (const auto& w : wanted_) {
    const TopicId id = metadata_.topic_id(w.topic);
    if (!id.present()) continue;
    for (const PartitionIndex p : w.partitions) all.push_back({id, p});
    if (w.partitions.empty())
      for (std::int32_t p = 0; p < metadata_.partition_count(id); ++p) all.push_back({id, PartitionIndex(p)});
  }
  std::vector<TopicPartition> fresh;
  for (const TopicPartition tp : all)
    if (!fetcher_.positions().contains(tp)) fresh.push_back(tp);
  fetcher_.assign(all);
  for (const TopicPartition tp : fresh)
    if (config_.auto_offset_reset != OffsetReset::none) fetcher_.reset(tp);
}

void Consumer::run(Step& step) {
  disconnected(step, network_.expire(step));
  fetcher_.send_requests(step, network_, metadata_);
  if (metadata_.should_ask(step.now)) {
    const NodeId node = network_.least_loaded_node(step, metadata_.nodes());
    if (node.present()) network_.send(step, node, metadata_.make_request(step.now), 0);
  }
  std::optional<Nanos> next = network_.next_deadline(step.now);
  const auto consider = [&](Nanos at) {
    if (at > step.now && (!next || at < *next)) next = at;
  };
  consider(metadata_.next_update());
  if (const auto at = fetcher_.next_deadline(step.now)) consider(*at);
  if (next)
    step.set_timer(kClientWakeup, *next);
  else
    step.cancel_timer(kClientWakeup);
}

}  // namespace ktrial::model
