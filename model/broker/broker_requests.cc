// Requests to a broker: KafkaApis.
#include <algorithm>

#include "model/broker/broker_node.h"

namespace ktrial::model {
namespace {

bool valid_acks(Acks acks) { return acks == Acks::all || acks == Acks::none || acks == Acks::leader; }

}  // namespace

// ReplicaManager.getPartitionOrError, of a partition that has no replica here.
Error BrokerNode::not_held(TopicPartition tp) const {
  return memory_->image.partition(tp) == nullptr ? Error::UNKNOWN_TOPIC_OR_PARTITION : Error::NOT_LEADER_OR_FOLLOWER;
}

void BrokerNode::answer(Step& step, ConnectionId connection, std::int32_t correlation, MessageBody body) {
  memory_->requests.done(step, connection, Message{correlation, std::move(body)});
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
    return answer(step, connection, id, p == nullptr ? unknown : p->list_offsets(*r));
  }
  if (const auto* r = std::get_if<OffsetForLeaderEpochRequest>(&message.body)) {
    Partition* p = held(r->partition);
    OffsetForLeaderEpochResponse unknown;
    unknown.error = not_held(r->partition);
    unknown.partition = r->partition;
    return answer(step, connection, id, p == nullptr ? unknown : p->offset_for_leader_epoch(*r));
  }
  if (const auto* r = std::get_if<MetadataRequest>(&message.body)) return answer(step, connection, id, metadata(*r));
  if (std::holds_alternative<CreateTopicsRequest>(message.body))
    return answer(step, connection, id, CreateTopicsResponse{Error::NOT_CONTROLLER, {}});
  if (on_group_request(step, connection, message)) return;
  // Not a request for a broker: the connection ends.
  memory_->requests.close(step, connection);
  memory_->requests.done(step, connection, std::nullopt);
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
    } else {
      const AppendResult appended = held->second.append(step, item.batch, request.acks, m.image.brokers());
      changed(item.partition, appended.change);
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
    return m.requests.done(step, connection, std::nullopt);
  }
  if (!try_produce(step, operation)) m.produces.park(step, std::move(operation), request.timeout);
}

bool BrokerNode::try_produce(Step& step, DelayedProduce& operation) {
  std::erase_if(operation.waiting, [&](const DelayedProduce::Wait& wait) {
    ProduceResponse::Partition& result = operation.response.partitions[wait.index];
    const Partition* held = partition(result.partition);
    const std::optional<Error> outcome =
        held == nullptr ? Error::UNKNOWN_TOPIC_OR_PARTITION : held->produce_outcome(wait.required);
    if (!outcome) return false;
    if (*outcome == Error::NOT_ENOUGH_REPLICAS_AFTER_APPEND)
      step.fact(ProbeHit{"produce answered: NOT_ENOUGH_REPLICAS_AFTER_APPEND"});
    if (*outcome == Error::NOT_LEADER_OR_FOLLOWER) step.fact(ProbeHit{"produce parked while the leader was deposed"});
    result.error = *outcome;
    if (held != nullptr && *outcome == Error::NOT_LEADER_OR_FOLLOWER)
      result.current_leader = {held->leader(), held->leader_epoch()};
    return true;
  });
  if (!operation.waiting.empty()) return false;
  answer(step, operation.connection, operation.correlation_id, std::move(operation.response));
  return true;
}

void BrokerNode::on_fetch(Step& step, ConnectionId connection, std::int32_t correlation, const FetchRequest& request) {
  Memory& m = *memory_;
  // The answer holds what was there before this fetch moved anything; an unsuccessful read moves nothing.
  FetchOutcome outcome = read_all(request);
  if (request.replica_id.present())
    for (std::size_t i = 0; i < request.partitions.size(); ++i)
      if (outcome.leader_log_ends[i].present())
        changed(request.partitions[i].partition,
                m.partitions.at(request.partitions[i].partition)
                    .follower_fetched(step, request.replica_id, request.replica_epoch, request.partitions[i],
                                      outcome.leader_log_ends[i], m.image.brokers()));
  if (outcome.complete || request.max_wait <= Nanos(0) || request.partitions.empty())
    return answer(step, connection, correlation, std::move(outcome.response));
  const bool in_order = std::is_sorted(request.partitions.begin(), request.partitions.end(),
                                       [](const auto& a, const auto& b) { return a.partition < b.partition; });
  m.fetches.park(step, DelayedFetch{connection, correlation, request, in_order}, request.max_wait);
}

PartitionRead BrokerNode::read_not_held(TopicPartition tp) const {
  PartitionRead read;
  read.response.partition = tp;
  // Fetch names a topic by its id.
  read.response.error = memory_->image.topic(tp.topic) == nullptr ? Error::UNKNOWN_TOPIC_ID : not_held(tp);
  return read;
}

BrokerNode::FetchOutcome BrokerNode::read_all(const FetchRequest& request) const {
  const Memory& m = *memory_;
  FetchOutcome outcome;
  std::int64_t bytes = 0;
  outcome.response.partitions.reserve(request.partitions.size());
  outcome.leader_log_ends.reserve(request.partitions.size());
  for (const FetchRequest::Partition& item : request.partitions) {
    const auto held = m.partitions.find(item.partition);
    PartitionRead read = held == m.partitions.end()
                             ? read_not_held(item.partition)
                             : held->second.read(item, request.replica_id, request.replica_epoch, m.image.brokers(),
                                                 request.max_bytes - bytes, bytes == 0);
    bytes += read.bytes;
    outcome.complete = outcome.complete || read.answer_now();
    outcome.leader_log_ends.push_back(read.answer_now() ? Offset() : read.leader_log_end);
    outcome.response.partitions.push_back(std::move(read.response));
  }
  outcome.complete = outcome.complete || bytes >= request.min_bytes;
  return outcome;
}

// False when a parked fetch would find what it found when it was last looked at: too little. Work follows what changed
// and not how many partitions the fetch asks for.
bool BrokerNode::touched_by_change(const DelayedFetch& operation) const {
  const Memory& m = *memory_;
  if (m.touched.all || !operation.in_order) return true;
  const FetchRequest& request = operation.request;
  return std::any_of(m.touched.some.begin(), m.touched.some.end(), [&](TopicPartition tp) {
    const FetchRequest::Partition* item = operation.watched(tp);
    if (item == nullptr) return false;
    if (request.min_bytes > 1) return true;  // what the others hold counts too
    const auto held = m.partitions.find(tp);
    if (held == m.partitions.end()) return true;
    const PartitionRead read =
        held->second.read(*item, request.replica_id, request.replica_epoch, m.image.brokers(), request.max_bytes, true);
    return read.answer_now() || read.bytes > 0;
  });
}

// A parked fetch reads again, without another word about the follower's state.
bool BrokerNode::try_fetch(Step& step, const DelayedFetch& operation, bool forced) {
  FetchOutcome outcome = read_all(operation.request);
  if (!outcome.complete && !forced) return false;
  answer(step, operation.connection, operation.correlation_id, std::move(outcome.response));
  return true;
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

}  // namespace ktrial::model
