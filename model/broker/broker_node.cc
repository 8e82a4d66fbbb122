#include "model/broker/broker_node.h"

#include "model/broker/broker_handler.h"

namespace ktrial::model {

void BrokerNode::start(Step& step) {
  memory_.emplace(self_, controllers_, config_);
  Handler handler(*this, step);
  handler.start();
  handler.settle();
}

void BrokerNode::on_message(Step& step, ConnectionId connection, Message&& message) {
  if (!memory_) return;
  Memory& m = *memory_;
  Handler handler(*this, step);
  if (m.metadata.on_message(step, connection, message)) {
    handler.on_metadata();
  } else if (const auto line = m.controller.owner(connection)) {
    if (m.controller.on_message(step, *line, message)) handler.on_controller_response(*line, message.body);
  } else if (m.remote.owns(connection)) {
    m.remote.on_message(handler, std::move(message));
  } else if (!is_request(kind(message))) {
    m.replicas.on_fetcher_answer(handler, connection, message);
  } else if (m.lifecycle.state() < BrokerState::RUNNING) {
    // BrokerServer.startup: the ports are open once the broker was unfenced (SocketServer.enableRequestProcessing).
    step.close(connection);
  } else {
    m.requests.received(connection, std::move(message));
  }
  handler.settle();
}

void BrokerNode::on_closed(Step& step, ConnectionId connection) {
  if (!memory_) return;
  Memory& m = *memory_;
  Handler handler(*this, step);
  if (m.metadata.on_closed(step, connection)) {
    handler.on_metadata();
  } else if (const auto line = m.controller.owner(connection)) {
    if (m.controller.on_closed(step, *line)) handler.on_controller_loss(*line, ControllerLoss::closed);
  } else if (m.remote.owns(connection)) {
    m.remote.on_closed(handler);
  } else if (!m.replicas.on_fetcher_closed(handler, connection)) {
    m.requests.closed(connection);
  }
  handler.settle();
}

void BrokerNode::on_timer(Step& step, TimerId timer) {
  if (!memory_) return;
  Memory& m = *memory_;
  Handler handler(*this, step);
  if (ReplicaManager::owns(timer)) {
    m.replicas.on_timer(handler, timer);
  } else if (timer.kind == kLogRecoveryTimer) {
    if (m.logs.load(handler)) handler.on_logs_loaded();
  } else if (timer.kind == kDirectoryFailureTimer) {
    handler.on_directory_failure(timer.about);
  } else if (LogManager::owns(timer)) {
    m.logs.on_timer(handler, timer);
  } else if (BrokerLifecycle::owns(timer)) {
    m.lifecycle.on_timer(handler, timer, machine_.disk.id(timer.about));
  } else if (timer.kind == kControllerRequestTimer) {
    const auto line = static_cast<ControllerLine>(timer.sub);
    if (m.controller.on_timeout(step, line)) handler.on_controller_loss(line, ControllerLoss::timed_out);
  } else if (GroupCoordinatorService::owns(timer)) {
    m.groups.on_timer(handler, timer);
  } else if (RemoteLogManager::owns(timer)) {
    m.remote.on_timer(handler, timer);
  } else if (timer.kind == kAssignmentsTimer) {
    m.assignments.on_timer(step, m.controller, m.lifecycle.epoch(), m.metadata.image());
  } else if (m.metadata.on_timer(step, timer)) {
    handler.on_metadata();
  }
  handler.settle();
}

void BrokerNode::on_command(Step& step, const Command& command) {
  if (!memory_) return;
  Handler handler(*this, step);
  if (const auto* deletion = std::get_if<DeleteRecords>(&command))
    memory_->replicas.delete_records(handler, ConnectionId(), 0, deletion->request);
  else if (std::holds_alternative<CleanStop>(command))
    memory_->lifecycle.begin_controlled_shutdown(handler);
  handler.settle();
}

void BrokerNode::kill() {
  if (!memory_) return;
  for (auto& [tp, partition] : memory_->replicas.partitions()) machine_.disk.logs[tp] = partition.log().take_disk();
  memory_.reset();
}

}  // namespace ktrial::model
