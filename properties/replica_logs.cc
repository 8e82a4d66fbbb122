#include "properties/replica_logs.h"

#include <algorithm>

namespace ktrial::properties {

void ReplicaLogs::on_fact(const model::Fact& fact, const FactContext& context) {
  const auto shorten = [&](model::TopicPartition tp, model::Offset end) {
    auto& log = logs_[{tp, context.node}];
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(end.value, 0));
    if (log.size() > size) log.resize(size);
  };
  if (const auto* appended = std::get_if<model::BatchAppended>(&fact)) {
    auto& log = logs_[{appended->partition, context.node}];
    const model::RecordBatch& batch = appended->batch;
    log.resize(static_cast<std::size_t>(batch.base_offset.value));  // a log that starts later has unknown entries below
    for (std::int32_t i = 0; i < batch.record_count; ++i)
      log.push_back({batch.partition_leader_epoch,
                     batch.records ? (*batch.records)[static_cast<std::size_t>(i)].value : model::ValueId{}});
  } else if (const auto* truncated = std::get_if<model::LogTruncated>(&fact)) {
    shorten(truncated->partition, truncated->end_offset);
  } else if (const auto* loaded = std::get_if<model::LogLoaded>(&fact)) {
    shorten(loaded->partition, loaded->end_offset);
  } else if (const auto* lost = std::get_if<model::UnsyncedDataLost>(&fact)) {
    shorten(lost->partition, lost->from);
  } else if (const auto* hw = std::get_if<model::HighWatermarkAdvanced>(&fact); hw && hw->is_leader) {
    auto& committed = committed_[hw->partition];
    const auto log = logs_.find({hw->partition, context.node});
    if (log == logs_.end()) return;
    const auto end = std::min<std::size_t>(static_cast<std::size_t>(hw->high_watermark.value), log->second.size());
    while (committed.size() < end) committed.push_back(log->second[committed.size()]);
  }
}

const Entry* ReplicaLogs::at(NodeId node, model::TopicPartition tp, std::int64_t offset) const {
  const auto log = logs_.find({tp, node});
  if (log == logs_.end() || offset < 0 || offset >= static_cast<std::int64_t>(log->second.size())) return nullptr;
  return &log->second[static_cast<std::size_t>(offset)];
}

std::int64_t ReplicaLogs::end(NodeId node, model::TopicPartition tp) const {
  const auto log = logs_.find({tp, node});
  return log == logs_.end() ? 0 : static_cast<std::int64_t>(log->second.size());
}

std::int64_t ReplicaLogs::committed_end(model::TopicPartition tp) const {
  const auto log = committed_.find(tp);
  return log == committed_.end() ? 0 : static_cast<std::int64_t>(log->second.size());
}

const Entry* ReplicaLogs::committed(model::TopicPartition tp, std::int64_t offset) const {
  const auto log = committed_.find(tp);
  if (log == committed_.end() || offset < 0 || offset >= static_cast<std::int64_t>(log->second.size())) return nullptr;
  return &log->second[static_cast<std::size_t>(offset)];
}

}  // namespace ktrial::properties
