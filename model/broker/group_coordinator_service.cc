#include "model/broker/group_coordinator_service.h"

#include "model/broker/log_config.h"

namespace ktrial::model {
namespace {

CoordinatorRuntimeConfig runtime_config(const ClusterConfig& config) {
  CoordinatorRuntimeConfig runtime;
  runtime.topic = kOffsetsTopic;
  runtime.load_timer = kGroupLoadTimer;
  runtime.loads_above_high_watermark = !config.variants.on(Variant::group_load);
  return runtime;
}

void create_offsets_topic(GroupCoordinatorServiceHost& host) {
  CreateTopicsRequest request;
  request.name = kOffsetsTopic;
  request.partitions = host.config.offsets_topic_num_partitions;
  request.replication_factor = host.config.offsets_topic_replication_factor;
  host.controller.send(host.step, ControllerLine::create_topics, std::move(request));
}

}  // namespace

class GroupCoordinatorService::Handler final : public GroupHost, public CoordinatorShards {
 public:
  Handler(State& state, GroupCoordinatorServiceHost& host) : s_(state), host_(host) {}

  Step& step() override { return host_.step; }
  void reply(ConnectionId connection, std::int32_t correlation_id, MessageBody body) override {
    host_.answer(connection, correlation_id, std::move(body));
  }
  Error append(PartitionIndex partition, std::vector<CoordinatorRecord> records, std::uint64_t token) override {
    return s_.runtime.append(host_, partition, std::move(records), token);
  }

  bool begin_load(PartitionIndex shard, LeaderEpoch epoch) override {
    return s_.coordinator.on_load_started(shard, epoch);
  }
  void replay(PartitionIndex shard, const CoordinatorRecord& record) override { s_.coordinator.replay(shard, record); }
  void end_load(PartitionIndex shard) override { s_.coordinator.end_load(*this, shard); }
  void unload(PartitionIndex shard) override { s_.coordinator.on_resigned(*this, shard); }
  void on_append_complete(std::uint64_t token) override {
    s_.coordinator.on_append_complete(*this, token, Error::NONE);
  }

 private:
  State& s_;
  GroupCoordinatorServiceHost& host_;
};

GroupCoordinatorService::GroupCoordinatorService(const ClusterConfig& config)
    : s_{CoordinatorRuntime(runtime_config(config)), GroupCoordinator(config)} {}

bool GroupCoordinatorService::on_request(GroupCoordinatorServiceHost& host, ConnectionId connection,
                                         const Message& message) {
  if (const auto* find = std::get_if<FindCoordinatorRequest>(&message.body)) {
    host.answer(connection, message.correlation_id, find_coordinator(host, *find));
    return true;
  }
  Handler handler(s_, host);
  return s_.coordinator.on_request(handler, connection, message.correlation_id, message.body);
}

// KafkaApis.getCoordinator, as of this broker's metadata.
FindCoordinatorResponse GroupCoordinatorService::find_coordinator(GroupCoordinatorServiceHost& host,
                                                                  const FindCoordinatorRequest& request) {
  FindCoordinatorResponse response;
  if (request.group.empty()) {
    response.error = Error::INVALID_GROUP_ID;
    return response;
  }
  response.error = Error::COORDINATOR_NOT_AVAILABLE;
  const TopicId topic = host.image.topic_id(kOffsetsTopic);
  if (!topic.present()) {
    create_offsets_topic(host);
    return response;
  }
  const auto* partition = host.image.partition({topic, s_.coordinator.partition_for(request.group)});
  const auto* broker = partition == nullptr ? nullptr : host.image.broker(partition->leader);
  if (broker == nullptr || broker->fenced) return response;
  FindCoordinatorResponse found;
  found.coordinator = partition->leader;
  return found;
}

void GroupCoordinatorService::on_metadata(GroupCoordinatorServiceHost& host,
                                          const std::vector<TopicPartition>& touched) {
  if (touched.empty()) return;
  Handler handler(s_, host);
  s_.runtime.on_metadata(host, handler, host.image, touched);
}

void GroupCoordinatorService::on_timer(GroupCoordinatorServiceHost& host, TimerId timer) {
  Handler handler(s_, host);
  if (s_.runtime.owns(timer))
    s_.runtime.on_timer(host, handler, timer);
  else
    s_.coordinator.on_timer(handler, timer);
}

void GroupCoordinatorService::complete_appends(GroupCoordinatorServiceHost& host) {
  Handler handler(s_, host);
  s_.runtime.complete_appends(host, handler);
}

}  // namespace ktrial::model
