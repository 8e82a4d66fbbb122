// Produce, DeleteRecords and what is told of a partition.
#include <algorithm>
#include <limits>

#include "model/broker/log_config.h"
#include "model/broker/replica_manager.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {

constexpr std::int64_t kNeverFlushed = std::numeric_limits<std::int64_t>::max();

bool valid_acks(Acks acks) { return acks == Acks::all || acks == Acks::none || acks == Acks::leader; }

}  // namespace

bool ReplicaManager::on_request(ReplicaManagerHost& host, ConnectionId connection, const Message& message) {
  const std::int32_t id = message.correlation_id;
  if (const auto* r = std::get_if<ProduceRequest>(&message.body))
    produce(host, connection, id, *r);
  else if (const auto* r = std::get_if<FetchRequest>(&message.body))
    fetch(host, connection, id, *r);
  else if (const auto* r = std::get_if<ListOffsetsRequest>(&message.body))
    host.answer(connection, id, list_offsets(host, *r));
  else if (const auto* r = std::get_if<OffsetForLeaderEpochRequest>(&message.body))
    host.answer(connection, id, offset_for_leader_epoch(host, *r));
  else if (const auto* r = std::get_if<GetReplicaLogInfoRequest>(&message.body))
    host.answer(connection, id, replica_log_info(host, *r));
  else if (const auto* r = std::get_if<DeleteRecordsRequest>(&message.body))
    delete_records(host, connection, id, *r);
  else
    return false;
  return true;
}

// getPartitionOrError, of a partition that has no replica here.
Error ReplicaManager::not_held(const MetadataImage& image, TopicPartition tp) const {
  if (s_.offline.contains(tp)) return Error::KAFKA_STORAGE_ERROR;
  return image.partition(tp) == nullptr ? Error::UNKNOWN_TOPIC_OR_PARTITION : Error::NOT_LEADER_OR_FOLLOWER;
}

// What a parked request is told of a partition that is not here any more.
Error ReplicaManager::gone(TopicPartition tp) const {
  return s_.offline.contains(tp) ? Error::KAFKA_STORAGE_ERROR : Error::UNKNOWN_TOPIC_OR_PARTITION;
}

// ---- Produce

void ReplicaManager::produce(ReplicaManagerHost& host, ConnectionId connection, std::int32_t correlation_id,
                             const ProduceRequest& request) {
  DelayedProduce operation{connection, correlation_id, {}, {}};
  bool failed = false;
  for (const ProduceRequest::Partition& item : request.partitions) {
    Offset required;
    const ProduceResponse::Partition result = produce(host, item, request.acks, required);
    if (result.error == Error::NONE && request.acks == Acks::all)
      operation.waiting.push_back({operation.response.partitions.size(), required});
    failed = failed || result.error != Error::NONE;
    operation.response.partitions.push_back(result);
  }
  if (request.acks == Acks::none) {
    if (failed) host.requests.close(host.step, connection);
    return host.requests.done_unanswered(connection);
  }
  if (!try_produce(host, operation)) s_.produces.park(host.step, std::move(operation), request.timeout);
}

ProduceResponse::Partition ReplicaManager::produce(ReplicaManagerHost& host, const ProduceRequest::Partition& item,
                                                   Acks acks, Offset& required) {
  ProduceResponse::Partition result;
  result.partition = item.partition;
  const auto refused = [&](Error error) {
    result.error = error;
    return result;
  };
  if (!valid_acks(acks)) return refused(Error::INVALID_REQUIRED_ACKS);
  const TopicImage* topic = host.image.topic(item.partition.topic);
  if (topic != nullptr && topic->name == kOffsetsTopic) return refused(Error::INVALID_TOPIC_EXCEPTION);
  Partition* partition = held(item.partition);
  if (partition == nullptr) return refused(not_held(host.image, item.partition));
  const Variants& variants = host.config.variants;
  if (reuses_offsets(host, *partition, item.batch)) return refused(Error::KAFKA_STORAGE_ERROR);
  if (host.logs.write_fails(host.step, host.machine, *partition) && !variants.on(Variant::after_io_error) &&
      !variants.on(Variant::append_failure))
    return refused(Error::KAFKA_STORAGE_ERROR);
  if (partition->config().topic.flush_messages < kNeverFlushed &&
      host.logs.fsync_fails(host.step, host.machine, *partition))
    return refused(Error::KAFKA_STORAGE_ERROR);
  const AppendResult appended = append(host, *partition, item.batch, acks);
  // Variant after_io_error [D11]: until the directory is offline appends go on, behind the bytes of the failed one.
  if (appended.error == Error::NONE && host.logs.has_failed(*partition) && variants.on(Variant::after_io_error))
    partition->log().disk().segments.break_batch(partition->log().batches().size() - 1);
  result.error = appended.error;
  result.base_offset = appended.base_offset;
  result.log_start_offset = partition->log().log_start();
  if (appended.error == Error::NOT_LEADER_OR_FOLLOWER)
    result.current_leader = {partition->leader(), partition->leader_epoch()};
  required = appended.required_offset;
  return result;
}

// Variant append_failure [D10]: the batch is written, then an index of the segment fails. Until the directory is
// offline appends go on, from the log end of before.
bool ReplicaManager::reuses_offsets(ReplicaManagerHost& host, Partition& partition, const RecordBatch& batch) {
  if (!host.config.variants.on(Variant::append_failure) || host.logs.has_failed(partition) ||
      !host.logs.write_fails(host.step, host.machine, partition))
    return false;
  if (partition.role() == ReplicaRole::leader) partition.log().append_without_end(batch, partition.leader_epoch());
  return true;
}

bool ReplicaManager::try_produce(ReplicaManagerHost& host, DelayedProduce& operation) {
  std::erase_if(operation.waiting, [&](const DelayedProduce::Wait& wait) {
    ProduceResponse::Partition& result = operation.response.partitions[wait.index];
    const Partition* held = find(result.partition);
    const std::optional<Error> outcome =
        held == nullptr ? gone(result.partition) : held->produce_outcome(wait.required);
    if (!outcome) return false;
    if (*outcome == Error::NOT_ENOUGH_REPLICAS_AFTER_APPEND)
      host.step.fact(ProbeHit{Probe::not_enough_replicas_after_append});
    if (*outcome == Error::NOT_LEADER_OR_FOLLOWER) host.step.fact(ProbeHit{Probe::parked_produce_of_deposed_leader});
    result.error = *outcome;
    if (held != nullptr && *outcome == Error::NOT_LEADER_OR_FOLLOWER)
      result.current_leader = {held->leader(), held->leader_epoch()};
    return true;
  });
  if (!operation.waiting.empty()) return false;
  host.answer(operation.connection, operation.correlation_id, std::move(operation.response));
  return true;
}

AppendResult ReplicaManager::append(ReplicaManagerHost& host, Partition& partition, const RecordBatch& batch,
                                    Acks acks) {
  // Before the log grows: a follower in whose session the partition was quiet was at its end when it last fetched.
  s_.sessions.each(partition.id(), [&](const FetchSession& session) {
    if (session.replica.present()) partition.follower_seen(session.replica, session.last_fetch);
  });
  AppendResult appended = partition.append(host.step, batch, acks, host.image.brokers());
  changed(partition.id(), appended.change);
  return appended;
}

AppendResult ReplicaManager::append_own(ReplicaManagerHost& host, TopicPartition tp, const RecordBatch& batch) {
  AppendResult result;
  Partition* partition = held(tp);
  if (partition == nullptr) {
    result.error = Error::NOT_LEADER_OR_FOLLOWER;
  } else if (host.logs.write_fails(host.step, host.machine, *partition)) {
    result.error = Error::KAFKA_STORAGE_ERROR;
  } else {
    result = append(host, *partition, batch, Acks::all);
    if (result.error != Error::NONE) host.step.fact(ProbeHit{Probe::group_append_refused});
  }
  return result;
}

// ---- DeleteRecords

void ReplicaManager::delete_records(ReplicaManagerHost& host, ConnectionId connection, std::int32_t correlation_id,
                                    const DeleteRecordsRequest& request) {
  DelayedDeleteRecords operation{connection, correlation_id, {}, {}, {}};
  for (const DeleteRecordsRequest::Partition& item : request.partitions) {
    DeleteRecordsResponse::Partition result{item.partition, {}, Error::NONE};
    operation.asked.push_back(item.before);
    Partition* partition = held(item.partition);
    const TopicImage* topic = host.image.topic(item.partition.topic);
    if (topic != nullptr && topic->name == kOffsetsTopic) {
      result.error = Error::INVALID_TOPIC_EXCEPTION;
    } else if (partition == nullptr) {
      result.error = not_held(host.image, item.partition);
    } else if (host.logs.has_failed(*partition)) {
      result.error = Error::KAFKA_STORAGE_ERROR;
    } else {
      const Partition::DeleteRecordsResult deleted = partition->delete_records(host.step, item.before);
      changed(item.partition, deleted.change);
      result.error = deleted.error;
      operation.asked.back() = deleted.before;
      if (deleted.error == Error::NONE)
        operation.waiting.push_back({operation.response.partitions.size(), deleted.before});
    }
    operation.response.partitions.push_back(result);
  }
  if (!try_delete_records(host, operation, false)) s_.deletes.park(host.step, std::move(operation), request.timeout);
}

bool ReplicaManager::try_delete_records(ReplicaManagerHost& host, DelayedDeleteRecords& operation, bool forced) {
  std::erase_if(operation.waiting, [&](const DelayedDeleteRecords::Wait& wait) {
    DeleteRecordsResponse::Partition& result = operation.response.partitions[wait.index];
    const Partition* held = find(result.partition);
    if (held == nullptr) {
      result.error = gone(result.partition);
    } else if (held->role() != ReplicaRole::leader) {
      result.error = Error::NOT_LEADER_OR_FOLLOWER;
    } else {
      result.low_watermark = held->low_watermark(host.image.brokers());
      if (result.low_watermark < wait.before && !forced) return false;
      if (result.low_watermark < wait.before) result.error = Error::REQUEST_TIMED_OUT;
    }
    return true;
  });
  if (!operation.waiting.empty()) return false;
  for (std::size_t i = 0; i < operation.response.partitions.size(); ++i) {
    const DeleteRecordsResponse::Partition& p = operation.response.partitions[i];
    host.step.fact(RecordsDeleted{p.partition, operation.asked[i], p.low_watermark, p.error});
  }
  if (operation.connection.present())
    host.answer(operation.connection, operation.correlation_id, std::move(operation.response));
  return true;
}

// ---- What is told of a partition

ListOffsetsResponse ReplicaManager::list_offsets(ReplicaManagerHost& host, const ListOffsetsRequest& request) {
  const Partition* partition = find(request.partition);
  ListOffsetsResponse unknown;
  unknown.error = not_held(host.image, request.partition);
  unknown.partition = request.partition;
  const ListOffsetsResponse told = partition == nullptr ? unknown : partition->list_offsets(request);
  if (told.error == Error::NONE && request.timestamp == kLatestTimestamp && !request.replica_id.present())
    host.step.fact(LatestOffsetTold{told.partition, told.offset, told.leader_epoch});
  return told;
}

OffsetForLeaderEpochResponse ReplicaManager::offset_for_leader_epoch(ReplicaManagerHost& host,
                                                                     const OffsetForLeaderEpochRequest& request) {
  const Partition* partition = find(request.partition);
  if (partition != nullptr) return partition->offset_for_leader_epoch(request);
  OffsetForLeaderEpochResponse unknown;
  unknown.error = not_held(host.image, request.partition);
  unknown.partition = request.partition;
  return unknown;
}

// KIP-966. Whatever its role: a broker that does not know yet that the leader is gone, perhaps itself, says so with its
// leader epoch. The epoch of the log is that of the leader epoch cache, which knows it though no record is left.
GetReplicaLogInfoResponse ReplicaManager::replica_log_info(ReplicaManagerHost& host,
                                                           const GetReplicaLogInfoRequest& request) const {
  GetReplicaLogInfoResponse response;
  response.broker_epoch = host.broker_epoch();
  response.truncated = request.partitions.size() > kMaxReplicaLogInfos;
  for (const TopicPartition tp : request.partitions) {
    if (response.partitions.size() == kMaxReplicaLogInfos) break;
    GetReplicaLogInfoResponse::Partition& info = response.partitions.emplace_back();
    info.partition = tp;
    const Partition* held = find(tp);
    if (held == nullptr) {
      info.error = host.image.topic(tp.topic) == nullptr ? Error::UNKNOWN_TOPIC_ID : not_held(host.image, tp);
    } else if (host.logs.has_failed(*held)) {
      info.error = Error::KAFKA_STORAGE_ERROR;
    } else {
      info.last_written_leader_epoch = held->log().epochs().latest();
      info.current_leader_epoch = held->leader_epoch();
      info.log_end_offset = held->log().log_end();
    }
  }
  return response;
}

}  // namespace ktrial::model
