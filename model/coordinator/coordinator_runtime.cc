#include "model/coordinator/coordinator_runtime.h"

#include <memory>
#include <span>

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

}  // namespace

TimerId CoordinatorRuntime::load_timer(PartitionIndex partition) const {
  return {config_.load_timer, 0, static_cast<std::uint32_t>(partition.value)};
}

void CoordinatorRuntime::on_metadata(CoordinatorRuntimeHost& host, CoordinatorShards& shards,
                                     const MetadataImage& image, const std::vector<TopicPartition>& touched) {
  if (!s_.topic.present()) s_.topic = image.topic_id(config_.topic);
  if (!s_.topic.present()) return;
  for (const TopicPartition tp : touched) {
    if (tp.topic != s_.topic) continue;
    const PartitionRegistration* registration = image.partition(tp);
    if (registration != nullptr && registration->leader == host.step.self)
      begin_load(host, shards, tp.partition, registration->leader_epoch);
    else
      unload(host, shards, tp.partition);
  }
}

void CoordinatorRuntime::begin_load(CoordinatorRuntimeHost& host, CoordinatorShards& shards, PartitionIndex partition,
                                    LeaderEpoch epoch) {
  if (!shards.begin_load(partition, epoch)) return;
  s_.loads[partition] = epoch;
  Step& step = host.step;
  const auto about = static_cast<std::uint32_t>(partition.value);
  step.set_timer(load_timer(partition),
                 step.now + step.choose_duration(config_.load_time, about, kShortestLoad, kLongestLoad));
}

void CoordinatorRuntime::unload(CoordinatorRuntimeHost& host, CoordinatorShards& shards, PartitionIndex partition) {
  if (s_.loads.erase(partition) > 0) host.step.cancel_timer(load_timer(partition));
  s_.appends.erase(partition);
  shards.unload(partition);
}

void CoordinatorRuntime::on_timer(CoordinatorRuntimeHost& host, CoordinatorShards& shards, TimerId timer) {
  const PartitionIndex partition(static_cast<std::int32_t>(timer.about));
  if (s_.loads.erase(partition) == 0) return;
  const Log* log = host.log({s_.topic, partition});
  if (log == nullptr) return;
  if (log->high_watermark() < log->log_end()) host.step.fact(ProbeHit{Probe::group_loaded_above_high_watermark});
  std::span<const RecordBatch> batches = log->batches();
  while (!config_.loads_above_high_watermark && !batches.empty() &&
         batches.back().next_offset() > log->high_watermark())
    batches = batches.first(batches.size() - 1);
  for (const RecordBatch& batch : batches)
    if (batch.coordinator_records)
      for (const CoordinatorRecord& record : *batch.coordinator_records) shards.replay(partition, record);
  shards.end_load(partition);
}

Error CoordinatorRuntime::append(CoordinatorRuntimeHost& host, PartitionIndex partition,
                                 std::vector<CoordinatorRecord> records, std::uint64_t token) {
  const AppendResult appended =
      host.append_own({s_.topic, partition}, batch_of(std::move(records), host.step.wall_clock));
  if (appended.error == Error::NONE) s_.appends[partition].push_back({appended.required_offset, token});
  return appended.error;
}

// Completing one may append another, so the search begins anew each time.
void CoordinatorRuntime::complete_appends(CoordinatorRuntimeHost& host, CoordinatorShards& shards) {
  for (auto it = s_.appends.begin(); it != s_.appends.end();) {
    const Log* log = host.log({s_.topic, it->first});
    if (log == nullptr || log->high_watermark() < it->second.front().required) {
      ++it;
      continue;
    }
    const std::uint64_t token = it->second.front().token;
    it->second.pop_front();
    if (it->second.empty()) s_.appends.erase(it);
    shards.on_append_complete(token);
    it = s_.appends.begin();
  }
}

}  // namespace ktrial::model
