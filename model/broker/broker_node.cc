#include "model/broker/broker_node.h"

#include "model/probes.h"

namespace ktrial::model {

void BrokerNode::start(Step& step) {
  memory_.emplace(MetadataObserver(self_, controllers_, config_.quorum, config_.variants));
  Memory& m = *memory_;
  m.heartbeat_channel = ControllerChannel(0, config_.broker_session_timeout / 2);
  m.alter_channel = ControllerChannel(1, milliseconds(30000));
  m.alter = AlterPartitionManager(!config_.variants.on(Variant::alter_partition_retry));
  m.groups = BrokerGroups(config_);
  m.remote = RemoteLogManager(self_, config_);
  m.leader_quota = m.follower_quota = ReplicationQuota(config_);
  m.assignments_channel = ControllerChannel(4, seconds(60));
  m.logs_in.resize(health_.size());
  const std::vector<DirectoryId> directories = online_directories();
  const BrokerEpoch previous = take_clean_shutdown();
  drop_duplicates(step);
  load_logs(step);
  m.observer.start(step);
  // Connection numbers outlive the process, so they tell its incarnations apart.
  const auto about = static_cast<std::uint32_t>(step.next_connection);
  const auto incarnation =
      static_cast<std::int64_t>(step.choose(Choice::incarnation, about, 1, std::uint64_t{1} << 62));
  step.fact(BrokerStarted{IncarnationId(incarnation)});
  m.lifecycle = BrokerLifecycle(self_, IncarnationId(incarnation), previous);
  m.lifecycle.set_log_dirs(directories, config_.variants.on(Variant::offline_log_dirs));
  m.sessions = FetchSessions(config_.max_incremental_fetch_session_cache_slots,
                             static_cast<std::int32_t>(incarnation & 0x3fffffff) + 1);
  step.set_timer({kIsrShrinkTimer, 0, 0}, step.now + config_.replica_lag_time_max / 2);
  after_observer(step);
  send_heartbeat(step);
  settle(step);
}

void BrokerNode::on_message(Step& step, ConnectionId connection, Message&& message) {
  if (!memory_) return;
  Memory& m = *memory_;
  const Brokers& brokers = m.image.brokers();
  if (m.observer.on_message(step, connection, message)) {
    after_observer(step);
  } else if (m.heartbeat_channel.owns(connection)) {
    if (m.heartbeat_channel.on_message(step, message)) {
      Nanos delay{0};
      const auto then = m.lifecycle.on_response(message.body, config_, delay);
      on_lifecycle(step, then, delay);
    }
  } else if (m.alter_channel.owns(connection)) {
    if (m.alter_channel.on_message(step, message)) {
      const auto* response = std::get_if<AlterPartitionResponse>(&message.body);
      const bool retry =
          response == nullptr
              ? m.alter.on_failed()
              : m.alter.on_response(step, *response, m.partitions, brokers,
                                    [&](TopicPartition tp, const PartitionProgress& c) { changed(tp, c); });
      if (retry) {
        m.alter_waits = true;
        step.set_timer({kAlterPartitionTimer, 0, 0}, step.now + kAlterPartitionRetry);
      }
    }
  } else if (m.assignments_channel.owns(connection)) {
    if (m.assignments_channel.on_message(step, message))
      m.assignments.on_response(step, std::get_if<AssignReplicasToDirsResponse>(&message.body));
  } else if (m.groups.create_channel.owns(connection)) {
    // Whatever the answer is, the next FindCoordinator finds the topic or asks again.
    m.groups.create_channel.on_message(step, message);
  } else if (m.producer_ids.channel().owns(connection)) {
    if (m.producer_ids.channel().on_message(step, message))
      if (const auto* response = std::get_if<AllocateProducerIdsResponse>(&message.body))
        m.producer_ids.on_response(step, *response);
  } else if (m.remote.owns(connection)) {
    m.remote.on_message(step, std::move(message), m.partitions);
    work_on_remote_log(step);
  } else if (is_request(kind(message))) {
    // BrokerServer.startup: the ports are open once the broker was unfenced (SocketServer.enableRequestProcessing).
    if (m.lifecycle.state() < BrokerState::RUNNING)
      step.close(connection);
    else
      m.requests.received(connection, std::move(message));
  } else if (ReplicaFetcher* fetcher = fetcher_of(connection)) {
    if (auto* fetched = std::get_if<FetchResponse>(&message.body)) leave_out_unwritable(step, *fetched);
    fetcher->on_message(step, connection, message, m.partitions, config_, &m.follower_quota);
    copied(message);
  }
  settle(step);
}

void BrokerNode::on_closed(Step& step, ConnectionId connection) {
  if (!memory_) return;
  Memory& m = *memory_;
  if (m.observer.on_closed(step, connection)) {
    after_observer(step);
  } else if (m.heartbeat_channel.owns(connection)) {
    if (m.heartbeat_channel.on_closed(step)) {
      Nanos delay{0};
      const auto then = m.lifecycle.failed(config_, delay);
      on_lifecycle(step, then, delay);
    }
  } else if (m.alter_channel.owns(connection)) {
    if (m.alter_channel.on_closed(step) && m.alter.on_failed()) {
      m.alter_waits = true;
      step.set_timer({kAlterPartitionTimer, 0, 0}, step.now + kAlterPartitionRetry);
    }
  } else if (m.assignments_channel.owns(connection)) {
    if (m.assignments_channel.on_closed(step)) m.assignments.on_response(step, nullptr);
  } else if (m.groups.create_channel.owns(connection)) {
    m.groups.create_channel.on_closed(step);
  } else if (m.producer_ids.channel().owns(connection)) {
    m.producer_ids.channel().on_closed(step);
  } else if (m.remote.owns(connection)) {
    m.remote.on_closed(step, m.partitions);
    work_on_remote_log(step);
  } else {
    ReplicaFetcher* fetcher = fetcher_of(connection);
    if (fetcher == nullptr || !fetcher->on_closed(step, connection, config_)) m.requests.closed(connection);
    m.fetcher_connections.erase(connection);
  }
  settle(step);
}

void BrokerNode::on_timer(Step& step, TimerId timer) {
  if (!memory_) return;
  Memory& m = *memory_;
  if (timer.kind == kGroupLoadTimer || (timer.kind >= group_timer::join && timer.kind <= group_timer::append)) {
    on_group_timer(step, timer);
    return settle(step);
  }
  if (timer.kind < kFirstBrokerTimer || timer.kind > kLastBrokerTimer) {
    if (m.observer.on_timer(step, timer)) after_observer(step);
    return settle(step);
  }
  switch (timer.kind) {
    case kHeartbeatTimer:
      send_heartbeat(step);
      break;
    case kControllerRequestTimer:
      if (timer.sub == 0 && m.heartbeat_channel.on_timeout(step)) {
        Nanos delay{0};
        const auto then = m.lifecycle.failed(config_, delay);
        on_lifecycle(step, then, delay);
      }
      if (timer.sub == 1 && m.alter_channel.on_timeout(step)) m.alter.on_failed();
      if (timer.sub == 2) m.groups.create_channel.on_timeout(step);
      if (timer.sub == 3) m.producer_ids.channel().on_timeout(step);
      if (timer.sub == 4 && m.assignments_channel.on_timeout(step)) m.assignments.on_response(step, nullptr);
      break;
    case kAlterPartitionTimer:
      m.alter_waits = false;
      break;
    case kDelayedProduceTimer:
      m.produces.expire(timer.about, [&](DelayedProduce& operation) {
        if (try_produce(step, operation)) return;
        for (const auto& wait : operation.waiting)
          operation.response.partitions[wait.index].error = Error::REQUEST_TIMED_OUT;
        answer(step, operation.connection, operation.correlation_id, std::move(operation.response));
      });
      break;
    case kDelayedFetchTimer:
      m.without_session.erase(timer.about);
      m.fetches.expire(timer.about, [&](DelayedFetch& operation) { try_fetch(step, operation, true); });
      break;
    case kDelayedDeleteRecordsTimer:
      m.deletes.expire(timer.about, [&](DelayedDeleteRecords& o) { try_delete_records(step, o, true); });
      break;
    case kRemoteLogTaskTimer:
    case kRemoteCallTimer:
      m.remote.on_timer(step, timer, m.partitions);
      work_on_remote_log(step);
      break;
    case kDelayedRemoteFetchTimer:
      m.remote_fetches.expire(timer.about, [&](DelayedRemoteFetch& o) { complete_remote_fetch(step, o); });
      break;
    case kIsrShrinkTimer:
      for (auto& [tp, partition] : m.partitions) changed(tp, partition.maybe_shrink_isr(step));
      step.set_timer({kIsrShrinkTimer, 0, 0}, step.now + config_.replica_lag_time_max / 2);
      break;
    case kCheckpointTimer: {
      const DirectorySet failed = syncs_fail(step, "a checkpoint");
      if (all_failed(failed)) break;
      for (auto& [tp, partition] : m.partitions)
        if (!failed.has(directory_of(partition))) partition.log().checkpoint_high_watermark();
      step.set_timer({kCheckpointTimer, 0, 0}, step.now + config_.replica_high_watermark_checkpoint_interval);
      break;
    }
    case kShutdownTimer:
      return shut_down(step);
    case kFetcherTimeoutTimer:
    case kFetcherWakeTimer:
      if (auto it = m.fetchers.find(NodeId(static_cast<std::int32_t>(timer.about))); it != m.fetchers.end()) {
        if (timer.kind == kFetcherTimeoutTimer) {
          m.fetcher_connections.erase(it->second.connection());
          it->second.on_timeout(step, config_);
        }
        m.fetchers_due.insert(it->first);
      }
      break;
    case kDirectoryFailureTimer:
      on_directory_failure(step, timer.about);
      if (all_failed(m.failed)) return;
      break;
    case kDirectoryTimeoutTimer:
      return on_directory_timeout(step, timer.about);
    case kAssignmentsTimer:
      if (auto request = m.assignments.next(self_, m.lifecycle.epoch(), m.image))
        if (!m.assignments_channel.send(step, std::move(*request))) m.assignments.on_response(step, nullptr);
      break;
    default:
      on_storage_timer(step, timer);
  }
  settle(step);
}

void BrokerNode::on_command(Step& step, const Command& command) {
  if (!memory_) return;
  if (const auto* c = std::get_if<DeleteRecords>(&command)) {
    on_delete_records(step, ConnectionId(), 0, c->request);
    return settle(step);
  }
  if (!std::holds_alternative<CleanStop>(command)) return;
  if (memory_->lifecycle.state() >= BrokerState::PENDING_CONTROLLED_SHUTDOWN) return;
  if (!memory_->lifecycle.begin_shutdown()) return shut_down(step);
  step.set_timer({kShutdownTimer, 0, 0}, step.now + seconds(300));
  if (!memory_->heartbeat_channel.idle()) memory_->lifecycle.next_at_once();
  send_heartbeat(step);
  settle(step);
}

void BrokerNode::kill() {
  if (!memory_) return;
  for (auto& [tp, partition] : memory_->partitions) disk_.logs[tp] = partition.log().take_disk();
  memory_.reset();
}

void BrokerNode::power_cut(const Survival& survival, std::vector<Fact>& facts) {
  kill();
  for (auto& [tp, log] : disk_.logs) log.power_cut(tp, survival, facts);
  for (std::size_t i = 0; i < disk_.clean_shutdown.size(); ++i) disk_.clean_shutdown[i].power_cut(survival, i);
}

void BrokerNode::wipe(std::vector<Fact>& facts) {
  kill();
  for (auto& [tp, log] : disk_.logs) log.wipe(tp, facts);
  const std::int32_t formatted = disk_.formatted + 1;
  disk_ = BrokerDisk(health_.size());
  disk_.formatted = formatted;
}

void BrokerNode::send_heartbeat(Step& step) {
  Memory& m = *memory_;
  if (!m.heartbeat_channel.idle()) return;
  if (m.heartbeat_channel.send(step, m.lifecycle.next(m.image.next_offset() - 1)))
    m.lifecycle.sent();
  else
    step.set_timer({kHeartbeatTimer, 0, 0}, step.now + milliseconds(100));  // no active controller is known
}

void BrokerNode::on_lifecycle(Step& step, BrokerLifecycle::Then then, Nanos delay) {
  switch (then) {
    case BrokerLifecycle::Then::shut_down:
      return shut_down(step);
    case BrokerLifecycle::Then::caught_up:
      memory_->caught_up = true;
      begin_serving(step);
      break;
    case BrokerLifecycle::Then::wait:
      break;
  }
  if (delay == Nanos(0)) return send_heartbeat(step);
  step.set_timer({kHeartbeatTimer, 0, 0}, step.now + delay);
}

void BrokerNode::shut_down(Step& step) {
  memory_->lifecycle.shutting_down();
  store_for_shutdown(step);
  step.exit();
}

ReplicaFetcher* BrokerNode::fetcher_of(ConnectionId connection) {
  Memory& m = *memory_;
  const auto known = m.fetcher_connections.find(connection);
  if (known == m.fetcher_connections.end()) return nullptr;
  const auto it = m.fetchers.find(known->second);
  if (it == m.fetchers.end()) return nullptr;
  m.fetchers_due.insert(it->first);
  return &it->second;
}

void BrokerNode::settle(Step& step) {
  Memory& m = *memory_;
  if (m.lifecycle.state() == BrokerState::SHUTTING_DOWN) return;
  for (;;) {
    if (m.wake) {
      m.wake = false;
      complete_group_appends(step);
      m.produces.complete(step, [&](DelayedProduce& operation) { return try_produce(step, operation); });
      m.deletes.complete(step, [&](DelayedDeleteRecords& o) { return try_delete_records(step, o, false); });
      try_fetches(step);
      continue;
    }
    auto next = m.requests.take(step);
    if (!next) break;
    if (next->zombie && std::holds_alternative<ProduceRequest>(next->message.body))
      step.fact(ProbeHit{Probe::zombie_produce});
    handle(step, next->connection, next->message);
  }
  if (!m.alter_waits && m.alter_channel.idle() && m.alter_channel.controller().present()) {
    m.alter.on_failed();  // a request that its channel gave up is not in flight any more
    if (auto request = m.alter.next(self_, m.lifecycle.epoch(), m.partitions))
      m.alter_channel.send(step, std::move(*request));
  }
  for (const NodeId leader : m.fetchers_due) {
    const auto it = m.fetchers.find(leader);
    if (it == m.fetchers.end()) continue;
    // Variants late_fetch_answer and late_epoch_answer: an answer that is on its way is still listened to.
    const bool listens = it->second.in_flight() && (config_.variants.on(Variant::late_fetch_answer) ||
                                                    config_.variants.on(Variant::late_epoch_answer));
    if (!it->second.empty()) {
      for (const FetchLogSegmentRequest& wanted : it->second.take_remote_wishes()) {
        const auto entry = it->second.entries().find(wanted.partition);
        if (entry == it->second.entries().end()) continue;  // not followed any more
        const std::int64_t token = (std::int64_t{entry->second.item.current_leader_epoch.value} << 32) | leader.value;
        m.remote.fetch(step, RemoteLogManager::Reader::follower, token, wanted);
      }
      it->second.run(step, config_, m.lifecycle.epoch(), fetcher_throttle());
      if (it->second.connection().present()) m.fetcher_connections[it->second.connection()] = leader;
    } else if (!listens) {
      m.fetcher_connections.erase(it->second.connection());
      it->second.stop(step);
      m.fetchers.erase(it);
    }
  }
  m.fetchers_due.clear();
}

}  // namespace ktrial::model
