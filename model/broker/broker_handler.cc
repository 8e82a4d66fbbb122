#include "model/broker/broker_handler.h"

#include "model/broker/metadata_response.h"
#include "model/probes.h"

namespace ktrial::model {

void BrokerNode::Handler::start() {
  std::vector<DirectoryId> directories = m_.logs.online(node_.machine_);
  BrokerEpoch previous;
  m_.logs.start(*this, previous);
  m_.metadata.start(step_);
  // Connection numbers outlive the process, so they tell its incarnations apart.
  const auto about = static_cast<std::uint32_t>(step_.next_connection);
  const IncarnationId incarnation(
      static_cast<std::int64_t>(step_.choose(Choice::incarnation, about, 1, std::uint64_t{1} << 62)));
  step_.fact(BrokerStarted{incarnation});
  m_.lifecycle = BrokerLifecycle(node_.self_, incarnation, previous, std::move(directories), node_.config_.variants);
  m_.replicas.start(*this, incarnation);
  on_metadata();
  m_.lifecycle.send(*this);
}

// ---- Metadata

void BrokerNode::Handler::on_metadata() {
  MetadataNews news = m_.metadata.take_news(step_);
  m_.replicas.note_removed_topics(std::move(news.removed_topics));
  if (m_.replicas.published()) publish(news.delta);
  m_.controller.set_controller(step_, m_.metadata.controller(), [&](ControllerLine line) {
    on_controller_loss(line, ControllerLoss::other_controller);
  });
}

void BrokerNode::Handler::publish(const MetadataDelta& delta) {
  if (delta.empty()) return;
  m_.replicas.apply_delta(*this, delta);
  m_.groups.on_metadata(*this, delta.partitions);
}

// The first publication, once the controller has found the broker caught up and its logs are loaded.
void BrokerNode::Handler::begin_serving() {
  if (!m_.lifecycle.caught_up() || !m_.logs.all_loaded() || m_.replicas.published()) return;
  publish(m_.replicas.first_publication(m_.metadata.image()));
  m_.replicas.begin_checkpoints(*this);
  m_.lifecycle.set_ready_to_unfence();
}

// ---- The controller

void BrokerNode::Handler::on_controller_response(ControllerLine line, const MessageBody& body) {
  switch (line) {
    case ControllerLine::lifecycle:
      return m_.lifecycle.on_response(*this, body);
    case ControllerLine::alter_partition:
      return m_.replicas.on_alter_partition(*this, body);
    case ControllerLine::assignments:
      return m_.assignments.on_response(step_, std::get_if<AssignReplicasToDirsResponse>(&body));
    case ControllerLine::producer_ids:
      if (const auto* response = std::get_if<AllocateProducerIdsResponse>(&body))
        m_.producer_ids.on_response(step_, *response);
      return;
    case ControllerLine::create_topics:
      return;  // the metadata will tell
  }
}

void BrokerNode::Handler::on_controller_loss(ControllerLine line, ControllerLoss loss) {
  if (line == ControllerLine::lifecycle) m_.lifecycle.on_loss(*this, loss);
  if (line == ControllerLine::alter_partition) m_.replicas.on_alter_partition_loss(*this, loss);
  if (line == ControllerLine::assignments) m_.assignments.on_response(step_, nullptr);
}

// ---- The disk

// With its last directory the broker halts; else the replicas there are given up, and the controller is told.
void BrokerNode::Handler::on_directory_failure(std::size_t directory) {
  if (m_.logs.all_offline()) return step_.exit();
  m_.replicas.on_directory_failure(*this, directory);
  m_.logs.directory_given_up(directory);
  m_.lifecycle.on_directory_failure(*this, directory, node_.machine_.disk.id(directory));
}

void BrokerNode::Handler::stop() {
  m_.logs.store_for_shutdown(*this, m_.lifecycle.epoch());
  step_.exit();
}

// ---- Requests

void BrokerNode::Handler::handle(ConnectionId connection, const Message& message) {
  const std::int32_t id = message.correlation_id;
  if (m_.replicas.on_request(*this, connection, message)) return;
  if (const auto* r = std::get_if<MetadataRequest>(&message.body))
    return answer(connection, id, metadata_response(m_.metadata.image(), m_.metadata.controller(), *r));
  if (std::holds_alternative<CreateTopicsRequest>(message.body))
    return answer(connection, id, CreateTopicsResponse{Error::NOT_CONTROLLER, {}});
  if (std::holds_alternative<InitProducerIdRequest>(message.body)) return answer(connection, id, init_producer_id());
  if (m_.groups.on_request(*this, connection, message)) return;
  m_.requests.close(step_, connection);  // not a request for a broker
  m_.requests.done_unanswered(connection);
}

InitProducerIdResponse BrokerNode::Handler::init_producer_id() {
  const auto id = m_.producer_ids.generate(step_, m_.controller, m_.lifecycle.epoch());
  if (!id) return {Error::COORDINATOR_LOAD_IN_PROGRESS, {}, {}};
  return {Error::NONE, *id, ProducerEpoch(0)};
}

// ---- The end of a step

void BrokerNode::Handler::settle() {
  if (m_.lifecycle.state() == BrokerState::SHUTTING_DOWN) return;
  for (;;) {
    while (m_.replicas.take_changes()) {
      m_.groups.complete_appends(*this);
      m_.replicas.complete_delayed(*this);
    }
    const auto next = m_.requests.take(step_);
    if (!next) break;
    if (next->zombie && std::holds_alternative<ProduceRequest>(next->message.body))
      step_.fact(ProbeHit{Probe::zombie_produce});
    handle(next->connection, next->message);
  }
  m_.replicas.send(*this);
}

}  // namespace ktrial::model
