// A broker for the time of one handler: where each owner's calls to the others go, and the order in which they settle.
//
// Follows BrokerServer, which gives each of its parts the others that it needs, and BrokerMetadataPublisher. It is the
// host of every owner, so that no owner knows the router and each can be tested with a host of its own. Always holds:
// it keeps nothing; settle() works through requests and what they have changed until there is nothing left, then sends.
#pragma once

#include "model/broker/broker_node.h"

namespace ktrial::model {

class BrokerNode::Handler final : public LogManagerHost,
                                  public ReplicaManagerHost,
                                  public RemoteLogHost,
                                  public GroupCoordinatorServiceHost,
                                  public BrokerLifecycleHost {
 public:
  Handler(BrokerNode& node, Step& step)
      : Handler(node, step, *node.memory_, node.config_, node.memory_->metadata.image()) {}

  // -- what arrives
  void start();
  void on_metadata();  // there may be news
  void on_controller_response(ControllerLine line, const MessageBody& body);
  void on_controller_loss(ControllerLine line, ControllerLoss loss);
  void on_logs_loaded() { begin_serving(); }
  void on_directory_failure(std::size_t directory);
  void settle();

  // -- LogManagerHost
  void on_log_start_moved(TopicPartition tp) override { m_.replicas.changed(tp, {.reread = true}); }

  // -- ReplicaManagerHost
  BrokerEpoch broker_epoch() const override { return m_.lifecycle.epoch(); }
  bool shutting_down() const override { return m_.lifecycle.state() >= BrokerState::PENDING_CONTROLLED_SHUTDOWN; }
  void load_log(TopicPartition tp, LogDisk&& disk) override { m_.logs.load_log(*this, tp, std::move(disk)); }
  void on_log_configured(TopicPartition tp) override { m_.logs.on_log_configured(*this, tp); }
  void assign_directory(TopicPartition tp, DirectoryId actual) override { m_.assignments.submit(step_, tp, actual); }

  // -- GroupCoordinatorServiceHost
  void answer(ConnectionId connection, std::int32_t correlation_id, MessageBody body) override {
    m_.requests.done(step_, connection, correlation_id, std::move(body));
  }
  const Log* log(TopicPartition tp) const override {
    const Partition* partition = m_.replicas.find(tp);
    return partition == nullptr ? nullptr : &partition->log();
  }
  AppendResult append_own(TopicPartition tp, const RecordBatch& batch) override {
    return m_.replicas.append_own(*this, tp, batch);
  }

  // -- RemoteLogHost
  void on_remote_log_start_moved(TopicPartition tp) override { m_.replicas.changed(tp, {.wake = true}); }
  void on_remote_read(RemoteLogManager::Answer&& answer) override {
    m_.replicas.on_remote_read(*this, std::move(answer));
  }

  // -- BrokerLifecycleHost
  Offset applied_metadata() const override { return m_.metadata.image().next_offset() - 1; }
  void on_caught_up() override { begin_serving(); }
  void stop() override;

 private:
  Handler(BrokerNode& node, Step& step, Memory& m, const ClusterConfig& config, const MetadataImage& image)
      : LogManagerHost(step, config, image, node.machine_, m.replicas.partitions()),
        ReplicaManagerHost(step, config, image, node.machine_, m.logs, m.remote, m.controller, m.requests),
        RemoteLogHost(step, m.replicas.partitions()),
        GroupCoordinatorServiceHost(step, config, image, m.controller),
        BrokerLifecycleHost(step, config, m.controller),
        node_(node),
        step_(step),
        m_(m) {}

  void publish(const MetadataDelta& delta);
  void begin_serving();
  void handle(ConnectionId connection, const Message& message);
  InitProducerIdResponse init_producer_id();

  BrokerNode& node_;
  Step& step_;
  Memory& m_;
};

}  // namespace ktrial::model
