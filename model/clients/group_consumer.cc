#include "model/clients/group_consumer.h"

#include <algorithm>

#include "model/clients/producer.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {

enum GroupConsumerRequests : std::uint64_t { kMetadata, kFindCoordinator };
constexpr TimerId kProcessing{kProcessingTimer, 0, 0};
constexpr Nanos kJoinGroupTimeoutLapse = seconds(5);

}  // namespace

class GroupConsumer::Host final : public MembershipHost {
 public:
  Host(GroupConsumer& consumer, Step& step) : c_(consumer), step_(step) {}
  Step& step() override { return step_; }
  void find_coordinator() override {
    // markCoordinatorUnknown: nothing of what is in flight to the old one is waited for.
    if (c_.coordinator_.present()) c_.coordinator_network_.disconnect(step_, c_.coordinator_);
    c_.coordinator_ = {};
    c_.unsent_.clear();
    c_.find_coordinator_ = true;
  }
  void send_to_coordinator(std::uint32_t token, MessageBody body) override {
    c_.unsent_.push_back({token, std::move(body)});
  }
  std::int32_t partition_count(TopicId topic) override { return c_.metadata_.partition_count(topic); }
  std::vector<CommittedOffset> positions_to_commit() override {
    std::vector<CommittedOffset> offsets;
    const bool early = c_.spec_.config.variants.on(Variant::commit_position);
    for (const auto& [tp, p] : c_.fetcher_.positions())
      if (p.state == FetchState::FETCHING || p.state == FetchState::AWAIT_VALIDATION)
        offsets.push_back({tp, early ? c_.fetcher_.fetched_end(tp) : p.offset, p.offset_epoch});
    return offsets;
  }
  void on_assigned(const std::vector<TopicPartition>& partitions) override {
    c_.fetcher_.assign(partitions);
    c_.next_auto_commit_ = step_.now + c_.spec_.config.auto_commit_interval;
  }
  void on_revoked(const std::vector<TopicPartition>&, bool lost) override {
    c_.fetcher_.assign({});
    if (lost) step_.fact(ProbeHit{Probe::member_lost_partitions});
  }
  void on_committed_offsets(const std::vector<CommittedOffset>& offsets) override {
    for (const CommittedOffset& o : offsets) {
      if (o.offset.present())
        c_.fetcher_.seek(o.partition, o.offset, o.leader_epoch);
      else if (c_.spec_.config.auto_offset_reset != OffsetReset::none)
        c_.fetcher_.reset(o.partition);
      else
        step_.fact(ProbeHit{Probe::member_has_no_offset});
    }
  }
  void on_commit_result(const std::vector<CommittedOffset>&, Error error) override {
    if (error != Error::NONE) step_.fact(ProbeHit{Probe::member_commit_failed});
    if (c_.application_ == Application::committing) c_.application_ = Application::polling;
  }

 private:
  GroupConsumer& c_;
  Step& step_;
};

GroupConsumer::GroupConsumer(GroupMemberSpec spec, std::vector<NodeId> bootstrap)
    : spec_(std::move(spec)),
      network_({spec_.config.request_timeout, spec_.config.reconnect_backoff, spec_.config.reconnect_backoff_max}),
      coordinator_network_(network_),
      metadata_({spec_.config.retry_backoff, spec_.config.retry_backoff_max, spec_.config.metadata_max_age,
                 !spec_.config.client_rack.empty()},
                std::move(bootstrap)),
      fetcher_(spec_.config, FetchDelivery::buffered) {
  for (const std::string& topic : spec_.topics) metadata_.add_topic(topic);
}

void GroupConsumer::start(Step& step) {
  next_auto_commit_ = step.now + spec_.config.auto_commit_interval;
  run(step);
}

// ---- Inputs

void GroupConsumer::on_message(Step& step, ConnectionId connection, Message&& message) {
  if (const auto request = coordinator_network_.on_response(connection, message)) {
    Host host(*this, step);
    if (membership_) membership_->on_response(host, static_cast<std::uint32_t>(request->about), message.body);
  } else if (const auto answered = network_.on_response(connection, message)) {
    broker_answered(step, *answered, message.body);
  }
  run(step);
}

void GroupConsumer::broker_answered(Step& step, const NetworkClient::InFlight& request, const MessageBody& body) {
  if (fetcher_.on_response(step, request, body, metadata_)) return;
  if (const auto* m = std::get_if<MetadataResponse>(&body)) return metadata_.on_response(step, *m);
  const auto* found = std::get_if<FindCoordinatorResponse>(&body);
  if (found == nullptr || !membership_) return;
  if (found->error == Error::NONE) coordinator_ = found->coordinator;
  Host host(*this, step);
  membership_->on_coordinator_found(host, found->error);
}

void GroupConsumer::on_closed(Step& step, ConnectionId connection) {
  const auto failed = network_.on_closed(step, connection);
  broker_disconnected(step, failed);
  metadata_.request_update();
  if (coordinator_network_.owns(connection)) {
    coordinator_network_.on_closed(step, connection);
    Host host(*this, step);
    if (membership_) membership_->on_coordinator_lost(host);
  }
  run(step);
}

void GroupConsumer::broker_disconnected(Step& step, const std::vector<NetworkClient::InFlight>& failed) {
  for (const auto& request : failed) {
    metadata_.request_update();
    if (request.about == kFetcherRequest) {
      fetcher_.on_disconnect(step, request);
    } else if (request.about == kMetadata) {
      metadata_.on_failure(step);
    } else if (membership_) {
      Host host(*this, step);
      membership_->on_coordinator_found(host, Error::NETWORK_EXCEPTION);
    }
  }
}

void GroupConsumer::on_timer(Step& step, TimerId timer) {
  if (timer.kind == kProcessingTimer) {
    record_done(step);
  } else if (timer != kClientWakeup && membership_) {
    Host host(*this, step);
    membership_->on_timer(host, timer);
  }
  run(step);
}

// ---- The application

void GroupConsumer::join_when_topics_are_known() {
  std::vector<TopicId> topics;
  for (const std::string& name : spec_.topics) {
    const TopicId id = metadata_.topic_id(name);
    if (!id.present()) return;
    topics.push_back(id);
  }
  membership_.emplace(spec_.group, std::move(topics), spec_.config);
}

bool GroupConsumer::poll(Step& step) {
  Host host(*this, step);
  membership_->poll(host);
  if (spec_.config.enable_auto_commit && next_auto_commit_ <= step.now) {
    next_auto_commit_ = step.now + spec_.config.auto_commit_interval;
    membership_->commit(host);
  }
  if (!membership_->ready()) return false;
  records_ = fetcher_.collect(step, spec_.config.max_poll_records);
  if (records_.empty()) return false;
  application_ = Application::processing;
  next_record_ = 0;
  begin_record(step);
  return true;
}

void GroupConsumer::begin_record(Step& step) {
  while (processing()) {
    if (spec_.processing_time > Nanos(0)) return step.set_timer(kProcessing, step.now + spec_.processing_time);
    const RecordConsumed& record = records_[next_record_++];
    step.fact(RecordProcessed{spec_.group, record.partition, record.offset, record.value});
  }
  batch_done(step);
}

void GroupConsumer::record_done(Step& step) {
  if (application_ != Application::processing || !processing()) return;
  const RecordConsumed& record = records_[next_record_++];
  step.fact(RecordProcessed{spec_.group, record.partition, record.offset, record.value});
  begin_record(step);
}

void GroupConsumer::batch_done(Step& step) {
  records_.clear();
  next_record_ = 0;
  application_ = Application::polling;
  if (spec_.config.enable_auto_commit) return;
  Host host(*this, step);
  application_ = Application::committing;
  membership_->commit(host);
  if (!membership_->committing()) application_ = Application::polling;  // commitSync threw: the next poll rejoins
}

void GroupConsumer::close(Step& step) {
  close_wanted_ = true;
  run(step);
}

void GroupConsumer::begin_close(Step& step) {
  application_ = Application::closing;
  Host host(*this, step);
  if (membership_) membership_->close(host);
  find_coordinator_ = false;
}

// ---- The loop

void GroupConsumer::run(Step& step) {
  broker_disconnected(step, network_.expire(step));
  if (!coordinator_network_.expire(step).empty() && membership_) {
    Host host(*this, step);
    membership_->on_coordinator_lost(host);
  }
  if (!membership_) join_when_topics_are_known();
  // With records that take no time there may be several turns.
  while (application_ == Application::polling && membership_ && !close_wanted_ && poll(step)) {
  }
  if (close_wanted_ && application_ == Application::polling) begin_close(step);
  send(step);
  if (application_ == Application::closing && unsent_.empty() && coordinator_network_.in_flight(coordinator_) == 0) {
    network_.close_all(step);
    coordinator_network_.close_all(step);
    step.cancel_timer(kClientWakeup);
    return step.exit();
  }
  set_wakeup(step);
}

void GroupConsumer::send(Step& step) {
  if (find_coordinator_ || metadata_.should_ask(step.now)) {
    const NodeId node = network_.least_loaded_node(step, metadata_.nodes());
    if (node.present() && find_coordinator_) {
      find_coordinator_ = false;
      network_.send(step, node, FindCoordinatorRequest{spec_.group}, kFindCoordinator);
    }
    if (node.present() && metadata_.should_ask(step.now))
      network_.send(step, node, metadata_.make_request(step.now), kMetadata);
  }
  while (!unsent_.empty() && coordinator_.present() && coordinator_network_.ready(coordinator_, step.now)) {
    Unsent next = std::move(unsent_.front());
    unsent_.pop_front();
    // A join is answered when everybody has joined, or when the rebalance timeout is over.
    std::optional<Nanos> timeout;
    if (std::holds_alternative<JoinGroupRequest>(next.body))
      timeout = std::max(spec_.config.request_timeout, spec_.config.max_poll_interval + kJoinGroupTimeoutLapse);
    coordinator_network_.send(step, coordinator_, std::move(next.body), next.token, true, timeout);
  }
  if (application_ != Application::closing) fetcher_.send_requests(step, network_, metadata_);
}

void GroupConsumer::set_wakeup(Step& step) {
  std::optional<Nanos> next;
  const auto consider = [&](std::optional<Nanos> at) {
    if (at && *at > step.now && (!next || *at < *next)) next = at;
  };
  consider(network_.next_deadline(step.now));
  consider(coordinator_network_.next_deadline(step.now));
  if (application_ != Application::closing) {
    consider(metadata_.next_update());
    consider(fetcher_.next_deadline(step.now));
    if (spec_.config.enable_auto_commit && application_ == Application::polling) consider(next_auto_commit_);
  }
  if (next)
    step.set_timer(kClientWakeup, *next);
  else
    step.cancel_timer(kClientWakeup);
}

}  // namespace ktrial::model
