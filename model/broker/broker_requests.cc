// Requests to a broker: KafkaApis.
#include <algorithm>

#include "model/broker/broker_node.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {

constexpr std::int64_t kNeverFlushed = std::numeric_limits<std::int64_t>::max();

bool valid_acks(Acks acks) { return acks == Acks::all || acks == Acks::none || acks == Acks::leader; }

}  // namespace

// ReplicaManager.getPartitionOrError, of a partition that has no replica here.
Error BrokerNode::not_held(TopicPartition tp) const {
  if (memory_->offline_partitions.contains(tp)) return Error::KAFKA_STORAGE_ERROR;
  return memory_->image.partition(tp) == nullptr ? Error::UNKNOWN_TOPIC_OR_PARTITION : Error::NOT_LEADER_OR_FOLLOWER;
}

// What a parked request is told of a partition that is not here any more.
Error BrokerNode::gone(TopicPartition tp) const {
  return memory_->offline_partitions.contains(tp) ? Error::KAFKA_STORAGE_ERROR : Error::UNKNOWN_TOPIC_OR_PARTITION;
}

void BrokerNode::handle(Step& step, ConnectionId connection, const Message& message) {
  const std::int32_t id = message.correlation_id;
  const auto held = [&](TopicPartition tp) { return const_cast<Partition*>(partition(tp)); };
  if (const auto* r = std::get_if<ProduceRequest>(&message.body)) return on_produce(step, connection, id, *r);
  if (const auto* r = std::get_if<FetchRequest>(&message.body)) return on_fetch(step, connection, id, *r);
  if (const auto* r = std::get_if<ListOffsetsRequest>(&message.body)) {
    Partition* p = held(r->partition);
    ListOffsetsResponse unknown;
    unknown.error = not_held(r->partition);
    unknown.partition = r->partition;
    const ListOffsetsResponse told = p == nullptr ? unknown : p->list_offsets(*r);
    if (told.error == Error::NONE && r->timestamp == kLatestTimestamp && !r->replica_id.present())
      step.fact(LatestOffsetTold{told.partition, told.offset, told.leader_epoch});
    return answer(step, connection, id, told);
  }
  if (const auto* r = std::get_if<OffsetForLeaderEpochRequest>(&message.body)) {
    Partition* p = held(r->partition);
    OffsetForLeaderEpochResponse unknown;
    unknown.error = not_held(r->partition);
    unknown.partition = r->partition;
    return answer(step, connection, id, p == nullptr ? unknown : p->offset_for_leader_epoch(*r));
  }
  if (const auto* r = std::get_if<MetadataRequest>(&message.body)) return answer(step, connection, id, metadata(*r));
  if (const auto* r = std::get_if<GetReplicaLogInfoRequest>(&message.body))
    return answer(step, connection, id, replica_log_info(*r));
  if (std::holds_alternative<CreateTopicsRequest>(message.body))
    return answer(step, connection, id, CreateTopicsResponse{Error::NOT_CONTROLLER, {}});
  if (const auto* r = std::get_if<DeleteRecordsRequest>(&message.body))
    return on_delete_records(step, connection, id, *r);
  if (std::holds_alternative<InitProducerIdRequest>(message.body))
    return answer(step, connection, id, init_producer_id(step));
  if (on_group_request(step, connection, message)) return;
  // Not a request for a broker: the connection ends.
  memory_->requests.close(step, connection);
  memory_->requests.done_unanswered(connection);
}

void BrokerNode::on_produce(Step& step, ConnectionId connection, std::int32_t correlation,
                            const ProduceRequest& request) {
  Memory& m = *memory_;
  DelayedProduce operation{connection, correlation, {}, {}};
  bool failed = false;
  for (const ProduceRequest::Partition& item : request.partitions) {
    ProduceResponse::Partition result;
    result.partition = item.partition;
    const auto held = m.partitions.find(item.partition);
    const TopicImage* topic = m.image.topic(item.partition.topic);
    if (!valid_acks(request.acks)) {
      result.error = Error::INVALID_REQUIRED_ACKS;
    } else if (topic != nullptr && topic->name == kOffsetsTopic) {
      result.error = Error::INVALID_TOPIC_EXCEPTION;  // an internal topic; its coordinator writes it itself
    } else if (held == m.partitions.end()) {
      result.error = not_held(item.partition);
    } else if (reuses_offsets(step, held->second, item.batch)) {
      result.error = Error::KAFKA_STORAGE_ERROR;
    } else if ((write_fails(step, held->second) && !config_.variants.on(Variant::after_io_error) &&
                !config_.variants.on(Variant::append_failure)) ||
               (held->second.config().topic.flush_messages < kNeverFlushed && fsync_fails(step, held->second))) {
      result.error = Error::KAFKA_STORAGE_ERROR;
    } else {
      const AppendResult appended = append(step, held->second, item.batch, request.acks);
      // Variant after_io_error [D11]: until the directory is offline appends go on, behind the bytes of the failed one.
      if (appended.error == Error::NONE && storage_failed(held->second) && config_.variants.on(Variant::after_io_error))
        held->second.log().disk().segments.break_batch(held->second.log().batches().size() - 1);
      result.error = appended.error;
      result.base_offset = appended.base_offset;
      result.log_start_offset = held->second.log().log_start();
      if (appended.error == Error::NOT_LEADER_OR_FOLLOWER)
        result.current_leader = {held->second.leader(), held->second.leader_epoch()};
      if (appended.error == Error::NONE && request.acks == Acks::all)
        operation.waiting.push_back({operation.response.partitions.size(), appended.required_offset});
    }
    failed = failed || result.error != Error::NONE;
    operation.response.partitions.push_back(result);
  }
  if (request.acks == Acks::none) {
    if (failed) m.requests.close(step, connection);
    return m.requests.done_unanswered(connection);
  }
  if (!try_produce(step, operation)) m.produces.park(step, std::move(operation), request.timeout);
}

bool BrokerNode::try_produce(Step& step, DelayedProduce& operation) {
  std::erase_if(operation.waiting, [&](const DelayedProduce::Wait& wait) {
    ProduceResponse::Partition& result = operation.response.partitions[wait.index];
    const Partition* held = partition(result.partition);
    const std::optional<Error> outcome =
        held == nullptr ? gone(result.partition) : held->produce_outcome(wait.required);
    if (!outcome) return false;
    if (*outcome == Error::NOT_ENOUGH_REPLICAS_AFTER_APPEND)
      step.fact(ProbeHit{Probe::not_enough_replicas_after_append});
    if (*outcome == Error::NOT_LEADER_OR_FOLLOWER) step.fact(ProbeHit{Probe::parked_produce_of_deposed_leader});
    result.error = *outcome;
    if (held != nullptr && *outcome == Error::NOT_LEADER_OR_FOLLOWER)
      result.current_leader = {held->leader(), held->leader_epoch()};
    return true;
  });
  if (!operation.waiting.empty()) return false;
  answer(step, operation.connection, operation.correlation_id, std::move(operation.response));
  return true;
}

AppendResult BrokerNode::append(Step& step, Partition& partition, const RecordBatch& batch, Acks acks) {
  Memory& m = *memory_;
  // Before the log grows: a follower in whose session the partition was quiet was at its end when it last fetched.
  m.sessions.each(partition.id(), [&](const FetchSession& session) {
    if (session.replica.present()) partition.follower_seen(session.replica, session.last_fetch);
  });
  AppendResult appended = partition.append(step, batch, acks, m.image.brokers());
  changed(partition.id(), appended.change);
  return appended;
}

// The request with the partitions of its session that may have something to tell.
FetchRequest BrokerNode::active_part(const FetchRequest& request, const FetchSession& session) const {
  FetchRequest active;
  active.replica_id = request.replica_id;
  active.replica_epoch = request.replica_epoch;
  active.max_wait = request.max_wait;
  active.min_bytes = request.min_bytes;
  active.max_bytes = request.max_bytes;
  active.session_id = request.session_id;
  active.session_epoch = request.session_epoch;
  active.rack_id = request.rack_id;
  active.partitions.reserve(session.active.size());
  for (const TopicPartition tp : session.active) active.partitions.push_back(session.partitions.at(tp).item);
  return active;
}

void BrokerNode::on_fetch(Step& step, ConnectionId connection, std::int32_t correlation, const FetchRequest& request) {
  Memory& m = *memory_;
  DelayedFetch operation{connection, correlation, {}, 0, 0};
  const auto [id, error] = m.sessions.open(request, step.now);
  if (error != Error::NONE) {
    step.fact(ProbeHit{Probe::fetch_session_unknown});
    FetchResponse refused;
    refused.error = error;
    return answer(step, connection, correlation, std::move(refused));
  }
  operation.session_id = id;
  if (const FetchSession* session = m.sessions.find(id)) {
    operation.session_epoch = session->epoch;
    operation.request = active_part(request, *session);
  } else {
    operation.request = request;
  }
  // The answer holds what was there before this fetch moved anything; an unsuccessful read moves nothing.
  if (!disks_are_well())
    for (const FetchRequest::Partition& item : operation.request.partitions)
      if (const auto held = m.partitions.find(item.partition); held != m.partitions.end())
        read_fails(step, directory_of(held->second), item.partition);
  FetchOutcome outcome = read_all(step, operation.request, Look::first);
  if (request.replica_id.present())
    for (std::size_t i = 0; i < operation.request.partitions.size(); ++i) {
      const FetchRequest::Partition& item = operation.request.partitions[i];
      if (const auto held = m.partitions.find(item.partition); held != m.partitions.end())
        changed(item.partition, held->second.follower_fetched(step, request.replica_id, request.replica_epoch, item,
                                                              outcome.leader_log_ends[i], m.image.brokers()));
    }
  if (outcome.remote) return fetch_remote(step, std::move(operation), std::move(outcome.response), *outcome.remote);
  const bool nothing_to_wait_for = id == 0 && operation.request.partitions.empty();
  if (outcome.complete || request.max_wait <= Nanos(0) || nothing_to_wait_for)
    return answer_fetch(step, operation, std::move(outcome.response));
  if (id != 0) operation.request.partitions.clear();
  const std::uint32_t number = m.fetches.park(step, std::move(operation), request.max_wait);
  if (id != 0)
    m.sessions.find(id)->parked = number;
  else
    m.without_session.insert(number);
}

PartitionRead BrokerNode::read_not_held(TopicPartition tp) const {
  PartitionRead read;
  read.response.partition = tp;
  // Fetch names a topic by its id.
  read.response.error = memory_->image.topic(tp.topic) == nullptr ? Error::UNKNOWN_TOPIC_ID : not_held(tp);
  return read;
}

PartitionRead BrokerNode::read_offline(TopicPartition tp) {
  PartitionRead read;
  read.response.partition = tp;
  read.response.error = Error::KAFKA_STORAGE_ERROR;
  return read;
}

// findPreferredReadReplica: asked for each partition of each fetch of a consumer.
NodeId BrokerNode::preferred_read_replica(const FetchRequest& request, const FetchRequest::Partition& item,
                                          const Partition& partition) const {
  const std::string& rack = request.rack_id.value;
  if (!config_.rack_aware_replica_selector || request.replica_id.present() || rack.empty()) return {};
  if (partition.role() != ReplicaRole::leader) return {};
  const auto rack_of = [&](NodeId id) -> const std::string& {
    static const std::string none;
    const auto broker = memory_->image.brokers().find(id);
    const auto at = static_cast<std::size_t>(id.value - 1);
    const bool known = broker != memory_->image.brokers().end() && !broker->second.fenced;
    return known && at < config_.broker_racks.size() ? config_.broker_racks[at] : none;
  };
  return select_in_rack(rack, self_, partition.readable_followers(item.fetch_offset), rack_of);
}

// ReplicaFetcherThread.completeDelayedFetchRequests: consumers may wait for what this follower has learnt.
void BrokerNode::copied(const Message& answer) {
  if (!config_.rack_aware_replica_selector) return;
  Memory& m = *memory_;
  const auto look_again = [&](TopicPartition tp) {
    if (m.sessions.watches(tp) || !m.without_session.empty()) changed(tp, {.wake = true});
  };
  if (const auto* fetch = std::get_if<FetchResponse>(&answer.body))
    for (const FetchResponse::Partition& p : fetch->partitions) look_again(p.partition);
  if (const auto* offsets = std::get_if<ListOffsetsResponse>(&answer.body)) look_again(offsets->partition);
  if (const auto* end = std::get_if<OffsetForLeaderEpochResponse>(&answer.body)) look_again(end->partition);
}

BrokerNode::FetchOutcome BrokerNode::read_all(Step& step, const FetchRequest& request, Look look) {
  const Memory& m = *memory_;
  const bool parked = look != Look::first, throttles = m.leader_quota.throttles_any();
  FetchOutcome outcome;
  std::int64_t bytes = 0;
  outcome.response.partitions.reserve(request.partitions.size());
  outcome.leader_log_ends.reserve(request.partitions.size());
  for (const FetchRequest::Partition& item : request.partitions) {
    const auto held = m.partitions.find(item.partition);
    PartitionRead read = [&] {
      if (held == m.partitions.end()) return read_not_held(item.partition);
      const Partition& partition = held->second;
      if (storage_failed(partition)) return read_offline(item.partition);
      if (const NodeId preferred = preferred_read_replica(request, item, partition); preferred.present())
        return partition.refer(item, preferred);
      return partition.read(item, request.replica_id, request.replica_epoch, m.image.brokers(),
                            request.max_bytes - bytes, bytes == 0, parked);
    }();
    if (throttles && held != m.partitions.end()) throttle(step, held->second, request.replica_id, look, read);
    bytes += read.bytes;
    if (read.remote && !outcome.remote) outcome.remote = outcome.response.partitions.size();
    // DelayedFetch, case F: what is above the end of what may be read is not waited for.
    outcome.complete = outcome.complete || read.answer_now() || read.above || (parked && read.remote);
    outcome.leader_log_ends.push_back(read.answer_now() ? Offset() : read.leader_log_end);
    outcome.response.partitions.push_back(std::move(read.response));
  }
  outcome.complete = outcome.complete || bytes >= request.min_bytes;
  return outcome;
}

// Offsets of a consumer that are out of range at this follower.
void BrokerNode::tell_refused(Step& step, const DelayedFetch& operation, const FetchResponse& response) {
  for (const FetchResponse::Partition& p : response.partitions) {
    const Partition* held = p.error == Error::OFFSET_OUT_OF_RANGE ? partition(p.partition) : nullptr;
    if (held == nullptr || held->role() != ReplicaRole::follower) continue;
    if (operation.remote == p.partition) continue;  // the remote storage has nothing there by now
    const FetchSession* session = memory_->sessions.find(operation.session_id);
    Offset offset;
    if (session != nullptr) {
      offset = session->partitions.at(p.partition).item.fetch_offset;
    } else {
      for (const FetchRequest::Partition& item : operation.request.partitions)
        if (item.partition == p.partition) offset = item.fetch_offset;
    }
    step.fact(FollowerRefusedOffset{p.partition, operation.connection.initiator, offset, held->log().local_log_start(),
                                    held->log().high_watermark(), held->log().log_end()});
  }
}

void BrokerNode::answer_fetch(Step& step, const DelayedFetch& operation, FetchResponse response) {
  Memory& m = *memory_;
  const bool follower = operation.request.replica_id.present();
  if (!follower) tell_refused(step, operation, response);
  if (FetchSession* session = m.sessions.find(operation.session_id)) {
    const bool incremental = operation.request.session_epoch > kInitialFetchEpoch;
    m.sessions.answer(*session, incremental, response, [&](TopicPartition tp) {
      const auto held = m.partitions.find(tp);
      if (held == m.partitions.end()) return false;
      return session->replica.present()
                 ? held->second.follower_is_quiet(session->replica)
                 : session->partitions.at(tp).item.fetch_offset >= held->second.log().high_watermark();
    });
    session->parked.reset();
    response.session_id = operation.session_id;
  }
  if (follower) count_sent(step, operation.request.replica_id, response);
  answer(step, operation.connection, operation.correlation_id, std::move(response));
}

// Whether a parked fetch would find something in a partition that changed.
bool BrokerNode::has_news(const DelayedFetch& operation, const FetchRequest::Partition& item) const {
  const Memory& m = *memory_;
  const FetchRequest& request = operation.request;
  if (request.min_bytes > 1) return true;  // what the others hold counts too
  const auto held = m.partitions.find(item.partition);
  if (held == m.partitions.end()) return true;
  const PartitionRead read =  // of one batch at most: more would be read once more
      held->second.read(item, request.replica_id, request.replica_epoch, m.image.brokers(), 0, true, true);
  return read.answer_now() || read.above || read.bytes > 0;
}

BrokerNode::FetchOutcome BrokerNode::look_again(Step& step, const FetchRequest& request, bool forced) {
  FetchOutcome outcome = read_all(step, request, forced ? Look::expired : Look::parked);
  // Variant parked_throttle: whether to answer goes by another rule than the answer.
  if (!forced && outcome.complete && config_.variants.on(Variant::parked_throttle))
    outcome = read_all(step, request, Look::expired);
  return outcome;
}

// A parked fetch reads again, without another word about the follower's state.
bool BrokerNode::try_fetch(Step& step, const DelayedFetch& operation, bool forced) {
  Memory& m = *memory_;
  if (operation.session_id == 0) {
    FetchOutcome outcome = look_again(step, operation.request, forced);
    if (!outcome.complete && !forced) return false;
    answer_fetch(step, operation, std::move(outcome.response));
    return true;
  }
  const FetchSession* session = m.sessions.find(operation.session_id);
  if (session == nullptr || session->epoch != operation.session_epoch) {  // another request has taken it on
    FetchResponse late;
    late.error = Error::INVALID_FETCH_SESSION_EPOCH;
    late.session_id = operation.session_id;
    answer(step, operation.connection, operation.correlation_id, std::move(late));
    return true;
  }
  const FetchRequest request = active_part(operation.request, *session);
  FetchOutcome outcome = look_again(step, request, forced);
  if (!outcome.complete && !forced) return false;
  answer_fetch(step, operation, std::move(outcome.response));
  return true;
}

// Looks at the parked fetches again that a change since the last time may let go. Work follows what changed and not how
// many fetches wait or how many partitions they ask for.
void BrokerNode::try_fetches(Step& step) {
  Memory& m = *memory_;
  const TouchedPartitions touched = std::move(m.touched);
  m.touched.clear();
  if (touched.all) {
    m.sessions.all_changed();
    m.fetches.complete(step, [&](DelayedFetch& operation) { return try_fetch(step, operation, false); });
    return;
  }
  std::vector<std::pair<std::uint32_t, FetchRequest::Partition>> candidates;
  for (const TopicPartition tp : touched.some)
    m.sessions.changed(tp, [&](std::int32_t, const FetchSession& session) {
      if (session.parked) candidates.emplace_back(*session.parked, session.partitions.at(tp).item);
    });
  for (const auto& candidate : candidates)
    m.fetches.complete_one(step, candidate.first, [&](DelayedFetch& operation) {
      return has_news(operation, candidate.second) && try_fetch(step, operation, false);
    });
  const auto others = m.without_session;
  for (const std::uint32_t number : others)
    m.fetches.complete_one(step, number, [&](DelayedFetch& operation) {
      if (!try_fetch(step, operation, false)) return false;
      m.without_session.erase(number);
      return true;
    });
}

MetadataResponse BrokerNode::metadata(const MetadataRequest& request) const {
  const MetadataImage& image = memory_->image;
  MetadataResponse response;
  for (const auto& [id, broker] : image.brokers())
    if (!broker.fenced) response.brokers.push_back(id);
  response.controller = memory_->observer.leader();
  const auto add = [&](TopicId id, const TopicImage& topic) {
    MetadataResponse::Topic t{Error::NONE, topic.name, id, {}};
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const PartitionRegistration& p = topic.partitions[i];
      const auto leader = image.brokers().find(p.leader);
      const bool available = leader != image.brokers().end() && !leader->second.fenced;
      t.partitions.push_back({available ? Error::NONE : Error::LEADER_NOT_AVAILABLE,
                              PartitionIndex(static_cast<std::int32_t>(i)), available ? p.leader : kNoLeader,
                              p.leader_epoch, p.replicas, p.isr});
    }
    response.topics.push_back(std::move(t));
  };
  if (request.topics.empty())
    for (const auto& [id, topic] : image.topics()) add(id, topic);
  for (const std::string& name : request.topics) {
    const TopicId id = image.topic_id(name);
    if (id.present())
      add(id, *image.topic(id));
    else
      response.topics.push_back({Error::UNKNOWN_TOPIC_OR_PARTITION, name, {}, {}});
  }
  return response;
}

// KIP-966. Whatever its role: a broker that does not know yet that the leader is gone, perhaps itself, says so with its
// leader epoch. The epoch of the log is that of the leader epoch cache, which knows it though no record is left.
GetReplicaLogInfoResponse BrokerNode::replica_log_info(const GetReplicaLogInfoRequest& request) const {
  const Memory& m = *memory_;
  GetReplicaLogInfoResponse response;
  response.broker_epoch = m.lifecycle.epoch();
  response.truncated = request.partitions.size() > kMaxReplicaLogInfos;
  for (const TopicPartition tp : request.partitions) {
    if (response.partitions.size() == kMaxReplicaLogInfos) break;
    GetReplicaLogInfoResponse::Partition& info = response.partitions.emplace_back();
    info.partition = tp;
    const Partition* held = partition(tp);
    if (held == nullptr) {
      info.error = m.image.topic(tp.topic) == nullptr ? Error::UNKNOWN_TOPIC_ID : not_held(tp);
    } else if (storage_failed(*held)) {
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
