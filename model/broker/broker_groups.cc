// The broker as a group coordinator: requests, loads, appends to __consumer_offsets.
#include "model/broker/broker_groups.h"

#include <span>

#include "model/broker/broker_node.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {

constexpr Nanos kShortestLoad = milliseconds(1);
constexpr Nanos kLongestLoad = milliseconds(200);
// Keys, values and timestamps of one record, about.
constexpr std::int32_t kCoordinatorRecordBytes = 80;

RecordBatch batch_of(std::vector<CoordinatorRecord> records, Nanos now) {
  RecordBatch batch;
  batch.record_count = static_cast<std::int32_t>(records.size());
  batch.size_in_bytes = kBatchOverheadBytes + batch.record_count * (kRecordOverheadBytes + kCoordinatorRecordBytes);
  batch.max_timestamp = now;
  batch.coordinator_records = std::make_shared<const std::vector<CoordinatorRecord>>(std::move(records));
  return batch;
}

TimerId load_timer(PartitionIndex partition) {
  return {kGroupLoadTimer, 0, static_cast<std::uint32_t>(partition.value)};
}

}  // namespace

class BrokerNode::Coordinating final : public GroupHost {
 public:
  Coordinating(BrokerNode& broker, Step& step) : broker_(broker), step_(step) {}
  Step& step() override { return step_; }
  void reply(ConnectionId connection, std::int32_t correlation_id, MessageBody body) override {
    broker_.answer(step_, connection, correlation_id, std::move(body));
  }
  Error append(PartitionIndex index, std::vector<CoordinatorRecord> records, std::uint64_t token) override {
    Memory& m = *broker_.memory_;
    const TopicPartition tp{m.groups.topic, index};
    const auto held = m.partitions.find(tp);
    if (held == m.partitions.end()) return Error::NOT_LEADER_OR_FOLLOWER;
    if (broker_.write_fails(step_, held->second)) return Error::KAFKA_STORAGE_ERROR;
    const AppendResult appended =
        broker_.append(step_, held->second, batch_of(std::move(records), step_.wall_clock), Acks::all);
    if (appended.error != Error::NONE) {
      step_.fact(ProbeHit{Probe::group_append_refused});
      return appended.error;
    }
    m.groups.appends[index].push_back({appended.required_offset, token});
    return Error::NONE;
  }

 private:
  BrokerNode& broker_;
  Step& step_;
};

// ---- Requests

bool BrokerNode::on_group_request(Step& step, ConnectionId connection, const Message& message) {
  if (const auto* find = std::get_if<FindCoordinatorRequest>(&message.body)) {
    answer(step, connection, message.correlation_id, find_coordinator(step, *find));
    return true;
  }
  Coordinating host(*this, step);
  return memory_->groups.coordinator.on_request(host, connection, message.correlation_id, message.body);
}

// KafkaApis.getCoordinator, as of this broker's metadata.
FindCoordinatorResponse BrokerNode::find_coordinator(Step& step, const FindCoordinatorRequest& request) {
  const Memory& m = *memory_;
  FindCoordinatorResponse none;
  if (request.group.empty()) {
    none.error = Error::INVALID_GROUP_ID;
    return none;
  }
  none.error = Error::COORDINATOR_NOT_AVAILABLE;
  const TopicId topic = m.image.topic_id(kOffsetsTopic);
  if (!topic.present()) {
    create_offsets_topic(step);
    return none;
  }
  const auto* partition = m.image.partition({topic, m.groups.coordinator.partition_for(request.group)});
  if (partition == nullptr) return none;
  const auto* broker = m.image.broker(partition->leader);
  if (broker == nullptr || broker->fenced) return none;
  FindCoordinatorResponse found;
  found.coordinator = partition->leader;
  return found;
}

void BrokerNode::create_offsets_topic(Step& step) {
  ControllerChannel& channel = memory_->groups.create_channel;
  if (!channel.idle()) return;
  CreateTopicsRequest request;
  request.name = kOffsetsTopic;
  request.partitions = config_.offsets_topic_num_partitions;
  request.replication_factor = config_.offsets_topic_replication_factor;
  channel.send(step, std::move(request));
}

// ---- Leadership

void BrokerNode::publish_groups(Step& step, const std::vector<TopicPartition>& touched) {
  if (touched.empty()) return;
  Memory& m = *memory_;
  if (!m.groups.topic.present()) m.groups.topic = m.image.topic_id(kOffsetsTopic);
  if (!m.groups.topic.present()) return;
  Coordinating host(*this, step);
  for (TopicPartition tp : touched) {
    if (tp.topic != m.groups.topic) continue;
    const PartitionRegistration* registration = m.image.partition(tp);
    const PartitionIndex index = tp.partition;
    if (registration != nullptr && registration->leader == self_) {
      if (!m.groups.coordinator.on_load_started(index, registration->leader_epoch)) continue;
      m.groups.loads[index] = registration->leader_epoch;
      const auto about = static_cast<std::uint32_t>(index.value);
      step.set_timer(load_timer(index),
                     step.now + step.choose_duration(Choice::coordinator_load, about, kShortestLoad, kLongestLoad));
    } else {
      if (m.groups.loads.erase(index) > 0) step.cancel_timer(load_timer(index));
      m.groups.appends.erase(index);
      m.groups.coordinator.on_resigned(host, index);
    }
  }
}

void BrokerNode::on_group_timer(Step& step, TimerId timer) {
  Memory& m = *memory_;
  Coordinating host(*this, step);
  if (timer.kind != kGroupLoadTimer) return m.groups.coordinator.on_timer(host, timer);
  const PartitionIndex index(static_cast<std::int32_t>(timer.about));
  const auto load = m.groups.loads.find(index);
  if (load == m.groups.loads.end()) return;
  const LeaderEpoch epoch = load->second;
  m.groups.loads.erase(load);
  const Log* log = this->log({m.groups.topic, index});
  if (log == nullptr) return;
  if (log->high_watermark() < log->log_end()) step.fact(ProbeHit{Probe::group_loaded_above_high_watermark});
  std::span<const RecordBatch> batches = log->batches();
  // Variant group_load: only what is committed.
  while (config_.variants.on(Variant::group_load) && !batches.empty() &&
         batches.back().next_offset() > log->high_watermark())
    batches = batches.first(batches.size() - 1);
  m.groups.coordinator.on_elected(host, index, epoch, batches);
}

// ---- Appends

void BrokerNode::complete_group_appends(Step& step) {
  auto& appends = memory_->groups.appends;
  const auto replicated = [&](const auto& queue) {
    const Partition* held = partition({memory_->groups.topic, queue.first});
    return held != nullptr && held->log().high_watermark() >= queue.second.front().required;
  };
  // Completing one may append another, so the search begins anew each time.
  for (auto it = appends.begin(); it != appends.end();) {
    if (!replicated(*it)) {
      ++it;
      continue;
    }
    const std::uint64_t token = it->second.front().token;
    it->second.pop_front();
    if (it->second.empty()) appends.erase(it);
    Coordinating host(*this, step);
    memory_->groups.coordinator.on_append_complete(host, token, Error::NONE);
    it = appends.begin();
  }
}

}  // namespace ktrial::model
