#include "model/clients/client_node.h"

namespace ktrial::model {

void ClientNode::start(Step& step) {
  if (const auto* p = std::get_if<ProducerSpec>(&spec_)) {
    producer_.emplace(p->config, p->workload, bootstrap_, next_value_, started_);
    producer_->start(step);
  } else {
    const auto& c = std::get<ConsumerSpec>(spec_);
    consumer_.emplace(c.config, c.assignment, bootstrap_);
    consumer_->start(step);
  }
}
void ClientNode::on_message(Step& step, ConnectionId connection, Message&& message) {
  if (producer_)
    producer_->on_message(step, connection, std::move(message));
  else if (consumer_)
    consumer_->on_message(step, connection, std::move(message));
}
void ClientNode::on_closed(Step& step, ConnectionId connection) {
  if (producer_)
    producer_->on_closed(step, connection);
  else if (consumer_)
    consumer_->on_closed(step, connection);
}
void ClientNode::on_timer(Step& step, TimerId) {
  if (producer_)
    producer_->on_timer(step);
  else if (consumer_)
    consumer_->on_timer(step);
}
void ClientNode::on_command(Step& step, const Command& command) {
  if (std::holds_alternative<StartSending>(command) && producer_) producer_->begin(step);
  if (std::holds_alternative<CleanStop>(command)) {
    if (producer_)
      producer_->close(step);
    else if (consumer_)
      consumer_->close(step);
  }
}
void ClientNode::kill() {
  if (producer_) {
    next_value_ = producer_->next();
    started_ = producer_->started();
  }
  producer_.reset();
  consumer_.reset();
}
bool ClientNode::done() const {
  if (producer_) return producer_->done();
  const auto* p = std::get_if<ProducerSpec>(&spec_);
  return p == nullptr || next_value_ >= p->workload.count;
}
boost::container::flat_map<TopicPartition, FetchPosition> ClientNode::positions() const {
  if (consumer_) return consumer_->fetcher().positions();
  return {};
}

}  // namespace ktrial::model
