#include "model/remote/remote_storage_node.h"

#include <utility>

#include "model/probes.h"

namespace ktrial::model {

void RemoteStorageNode::start(Step&) { running_ = true; }

void RemoteStorageNode::on_command(Step& step, const Command& command) {
  if (std::holds_alternative<CleanStop>(command)) step.exit();
}

void RemoteStorageNode::wipe(std::vector<Fact>&) {
  kill();
  logs_.clear();
}

const RemoteStorageNode::RemoteLog* RemoteStorageNode::log(TopicPartition tp) const {
  const auto it = logs_.find(tp);
  return it == logs_.end() ? nullptr : &it->second;
}

void RemoteStorageNode::on_message(Step& step, ConnectionId connection, Message&& message) {
  if (!running_) return;
  if (auto body = answer(step, message.body)) step.send(connection, message.correlation_id, std::move(*body));
}

std::optional<MessageBody> RemoteStorageNode::answer(Step& step, MessageBody& request) {
  if (const auto* r = std::get_if<UpdateRemoteLogSegmentMetadataRequest>(&request)) {
    if (logs_[r->segment.partition].metadata.update(r->segment))
      step.fact(RemoteSegmentStateChanged{r->segment});
    else
      step.fact(ProbeHit{Probe::remote_metadata_dropped});
    return UpdateRemoteLogSegmentMetadataResponse{};
  }
  if (auto* r = std::get_if<CopyLogSegmentDataRequest>(&request)) {
    step.fact(RemoteSegmentStored{r->partition, r->segment, r->batches});
    logs_[r->partition].objects[r->segment] = {std::move(r->batches), std::move(r->leader_epochs)};
    return CopyLogSegmentDataResponse{};
  }
  if (const auto* r = std::get_if<DeleteLogSegmentDataRequest>(&request)) {
    logs_[r->partition].objects.erase(r->segment);
    return DeleteLogSegmentDataResponse{};
  }
  if (const auto* r = std::get_if<ListRemoteLogSegmentsRequest>(&request)) {
    ListRemoteLogSegmentsResponse response;
    if (const RemoteLog* remote = log(r->partition)) {
      response.segments = remote->metadata.list();
      response.highest_offsets = remote->metadata.highest_offsets();
    }
    return response;
  }
  if (const auto* r = std::get_if<FetchLogSegmentRequest>(&request)) return fetch(*r);
  return std::nullopt;
}

FetchLogSegmentResponse RemoteStorageNode::fetch(const FetchLogSegmentRequest& request) const {
  FetchLogSegmentResponse response;
  const RemoteLog* remote = log(request.partition);
  const RemoteLogSegmentMetadata* segment = remote == nullptr ? nullptr
                                            : request.leader_epoch.present()
                                                ? remote->metadata.segment_at(request.leader_epoch, request.offset)
                                                : remote->metadata.oldest_at(request.offset);
  if (segment == nullptr) {
    response.error = Error::OFFSET_OUT_OF_RANGE;
    return response;
  }
  response.end_offset = segment->end_offset;
  const auto object = remote->objects.find(segment->id);
  if (object == remote->objects.end()) {
    response.error = Error::UNKNOWN_SERVER_ERROR;  // RemoteStorageException
    return response;
  }
  if (request.index) {
    response.leader_epochs = object->second.leader_epochs;
    return response;
  }
  std::int64_t bytes = 0;
  for (const RecordBatch& batch : object->second.batches) {
    if (batch.next_offset() <= request.offset) continue;
    bytes += batch.size_in_bytes;
    if (bytes > request.max_bytes && !response.batches.empty()) break;
    response.batches.push_back(batch);
  }
  return response;
}

}  // namespace ktrial::model
