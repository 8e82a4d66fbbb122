// Roles, as the metadata has them, and what follows from them.
#include "model/broker/replica_manager.h"

#include <algorithm>
#include <utility>

#include "model/broker/log_config.h"

namespace ktrial::model {

void ReplicaManager::start(ReplicaManagerHost& host, IncarnationId incarnation) {
  s_.sessions = FetchSessions(host.config.max_incremental_fetch_session_cache_slots,
                              static_cast<std::int32_t>(incarnation.value & 0x3fffffff) + 1);
  host.step.set_timer({kIsrShrinkTimer, 0, 0}, host.step.now + host.config.replica_lag_time_max / 2);
}

const Partition* ReplicaManager::find(TopicPartition tp) const {
  const auto it = s_.partitions.find(tp);
  return it == s_.partitions.end() ? nullptr : &it->second;
}

Partition* ReplicaManager::held(TopicPartition tp) {
  const auto it = s_.partitions.find(tp);
  return it == s_.partitions.end() ? nullptr : &it->second;
}

void ReplicaManager::changed(TopicPartition tp, const PartitionProgress& change) {
  if (change.wake) s_.changed = true;
  if (change.wake || change.reread) s_.touched.some.insert(tp);
  if (change.propose) s_.alter.submit(tp);
}

// ---- Metadata

// Variant recreated_topic: a topic that is deleted and created again in one delta keeps its log, whose directory bears
// the same name.
void ReplicaManager::note_removed_topics(std::vector<std::pair<std::string, TopicId>> topics) {
  for (auto& topic : topics) s_.removed_topics.push_back(std::move(topic));
}

void ReplicaManager::keep_logs(ReplicaManagerHost& host, const std::string& name, TopicId removed) {
  const TopicId created = host.image.topic_id(name);
  if (!created.present()) return;
  const auto partitions = static_cast<std::int32_t>(host.image.topic(created)->partitions.size());
  for (PartitionIndex i{0}; i.value < partitions; ++i.value) {
    Partition* old = held({removed, i});
    if (old == nullptr || s_.partitions.contains({created, i})) continue;
    LogDisk disk = old->log().take_disk();
    delete_replica(host, {removed, i});
    host.load_log({created, i}, std::move(disk));
  }
}

MetadataDelta ReplicaManager::first_publication(const MetadataImage& image) {
  s_.published = true;
  MetadataDelta everything;
  for (const auto& [id, topic] : image.topics())
    for (std::size_t i = 0; i < topic.partitions.size(); ++i)
      everything.partitions.push_back({id, PartitionIndex(static_cast<std::int32_t>(i))});
  for (const auto& [tp, partition] : s_.partitions)  // LogManager.isStrayKraftReplica
    if (image.partition(tp) == nullptr) everything.partitions.push_back(tp);
  for (const auto& [id, topic] : image.topics()) everything.topics.push_back(id);
  everything.broker_configs = true;
  return everything;
}

// Deletions, then leaders, then followers.
void ReplicaManager::apply_delta(ReplicaManagerHost& host, const MetadataDelta& delta) {
  const NodeId self = host.step.self;
  const std::vector<TopicPartition>& touched = delta.partitions;
  for (const auto& [name, removed] : std::exchange(s_.removed_topics, {})) keep_logs(host, name, removed);
  s_.changed = true;
  s_.touched.all = s_.touched.all || !delta.brokers.empty();  // a fetch of a broker's former life is refused
  s_.touched.some.insert(touched.begin(), touched.end());
  for (TopicPartition tp : touched) {
    const PartitionRegistration* registration = host.image.partition(tp);
    if (registration == nullptr || !holds(registration->replicas, self))
      delete_replica(host, tp);
    else if (host_replica(host, tp, *registration))
      host.on_log_configured(tp);
  }
  for (TopicPartition tp : touched) {
    const PartitionRegistration* registration = host.image.partition(tp);
    if (registration != nullptr && registration->leader == self) make_leader(host, tp, *registration);
  }
  for (TopicPartition tp : touched) {
    const PartitionRegistration* registration = host.image.partition(tp);
    if (registration == nullptr || registration->leader == self || !holds(registration->replicas, self)) continue;
    make_follower(host, tp, *registration);
  }
  configure_logs(host, delta);
  configure_throttles(host, delta);
}

// Its directory is renamed and that is flushed, so that it is gone for good.
void ReplicaManager::delete_replica(ReplicaManagerHost& host, TopicPartition tp) {
  s_.fetchers.remove(tp);
  host.remote.stop(host.step, tp);
  const auto found = s_.partitions.find(tp);
  if (found == s_.partitions.end()) return;
  host.logs.log_removed(LogManager::directory_of(found->second));
  s_.partitions.erase(found);
  host.step.fact(ReplicaDeleted{tp});
}

// A replica that this broker is to have; false: it is offline.
bool ReplicaManager::host_replica(ReplicaManagerHost& host, TopicPartition tp,
                                  const PartitionRegistration& registration) {
  if (s_.offline.contains(tp)) return false;
  const TopicConfig topic = topic_config(host.image, host.config, tp.topic);
  auto it = s_.partitions.find(tp);
  if (it == s_.partitions.end()) {
    const NodeId self = host.step.self;
    auto log = host.logs.create_log(host.step, host.machine, tp, registration.directory(self));
    if (!log) {
      s_.offline.insert(tp);
      return false;
    }
    it =
        s_.partitions.try_emplace(tp, Partition(tp, partition_config(self, host.config, topic), std::move(*log))).first;
  }
  it->second.set_topic_config(topic);
  return true;
}

void ReplicaManager::make_leader(ReplicaManagerHost& host, TopicPartition tp,
                                 const PartitionRegistration& registration) {
  Partition* partition = held(tp);
  if (partition == nullptr) return;
  s_.fetchers.remove(tp);
  changed(tp, partition->make_leader(host.step, registration, host.image.brokers()));
  assign_directory(host, *partition, registration.directory(host.step.self));
  remote_log_role(host, *partition);
}

void ReplicaManager::make_follower(ReplicaManagerHost& host, TopicPartition tp,
                                   const PartitionRegistration& registration) {
  Partition* partition = held(tp);
  if (partition == nullptr) return;
  const NodeId self = host.step.self;
  assign_directory(host, *partition, registration.directory(self));
  const bool in_sync = holds(registration.isr, self);
  const bool new_epoch = partition->make_follower(host.step, registration);
  remote_log_role(host, *partition);
  // In controlled shutdown a partition that is followed out of sync is simply stopped.
  if (host.shutting_down() && (!in_sync || !registration.leader.present())) return s_.fetchers.remove(tp);
  if (!new_epoch) return;  // with the same epoch a running fetcher must not be disturbed
  // Variant fetcher_restart: only another leader restarts it.
  if (host.config.variants.on(Variant::fetcher_restart) && s_.fetchers.follows(partition->leader(), tp)) return;
  s_.fetchers.remove(tp);
  if (partition->leader().present()) s_.fetchers.add(self, *partition, host.config);
}

// ReplicaManager.maybeUpdateTopicAssignment
void ReplicaManager::assign_directory(ReplicaManagerHost& host, const Partition& partition, DirectoryId assigned) {
  if (host.machine.health.size() == 1) return;
  const DirectoryId actual = host.machine.disk.id(LogManager::directory_of(partition));
  if (actual != assigned) host.assign_directory(partition.id(), actual);
}

// RemoteLogManager.onLeadershipChange: its tasks are those of the role.
void ReplicaManager::remote_log_role(ReplicaManagerHost& host, const Partition& partition) {
  if (is_tiered(partition.config().topic)) host.remote.become(host.step, partition.id(), partition.role());
}

// TopicConfigHandler.updateLogConfig: of logs that were there before; whatever waits for them is not looked at again.
void ReplicaManager::configure_logs(ReplicaManagerHost& host, const MetadataDelta& delta) {
  for (const TopicId id : delta.topics) {
    const TopicImage* topic = host.image.topic(id);
    if (topic == nullptr) continue;
    const TopicConfig config = topic_config(host.image, host.config, id);
    TopicPartition tp{id, PartitionIndex{0}};
    for (; static_cast<std::size_t>(tp.partition.value) < topic->partitions.size(); ++tp.partition.value) {
      Partition* partition = held(tp);
      if (partition == nullptr || partition->config().topic == config) continue;
      partition->set_topic_config(config);
      host.on_log_configured(tp);
      remote_log_role(host, *partition);
    }
  }
}

// ---- Timers

bool ReplicaManager::owns(TimerId timer) {
  switch (timer.kind) {
    case kAlterPartitionTimer:
    case kIsrShrinkTimer:
    case kCheckpointTimer:
    case kDelayedProduceTimer:
    case kDelayedFetchTimer:
    case kDelayedDeleteRecordsTimer:
    case kDelayedRemoteFetchTimer:
      return true;
    default:
      return ReplicaFetcherManager::owns(timer);
  }
}

void ReplicaManager::on_timer(ReplicaManagerHost& host, TimerId timer) {
  Step& step = host.step;
  switch (timer.kind) {
    case kAlterPartitionTimer:
      s_.alter_waits = false;
      return;
    case kIsrShrinkTimer:
      for (auto& [tp, partition] : s_.partitions) changed(tp, partition.maybe_shrink_isr(step));
      return step.set_timer(timer, step.now + host.config.replica_lag_time_max / 2);
    case kCheckpointTimer:
      return checkpoint_high_watermarks(host);
    case kDelayedProduceTimer:
      return s_.produces.expire(timer.about, [&](DelayedProduce& operation) {
        if (try_produce(host, operation)) return;
        for (const auto& wait : operation.waiting)
          operation.response.partitions[wait.index].error = Error::REQUEST_TIMED_OUT;
        host.answer(operation.connection, operation.correlation_id, std::move(operation.response));
      });
    case kDelayedFetchTimer:
      s_.without_session.erase(timer.about);
      return s_.fetches.expire(timer.about, [&](DelayedFetch& operation) { try_fetch(host, operation, true); });
    case kDelayedDeleteRecordsTimer:
      return s_.deletes.expire(timer.about, [&](DelayedDeleteRecords& o) { try_delete_records(host, o, true); });
    case kDelayedRemoteFetchTimer:
      return s_.remote_fetches.expire(timer.about, [&](DelayedRemoteFetch& o) { complete_remote_fetch(host, o); });
    default:
      return s_.fetchers.on_timer(step, timer, host.config);
  }
}

// At once, before anything is appended: a mark beyond a log that lost its tail must not outlive the load.
void ReplicaManager::begin_checkpoints(ReplicaManagerHost& host) {
  host.step.set_timer({kCheckpointTimer, 0, 0}, host.step.now);
}

void ReplicaManager::checkpoint_high_watermarks(ReplicaManagerHost& host) {
  const DirectorySet failed = host.logs.syncs_fail(host.step, host.machine, "a checkpoint");
  if (failed.size() == host.machine.health.size()) return;
  for (auto& [tp, partition] : s_.partitions)
    if (!failed.has(LogManager::directory_of(partition))) partition.log().checkpoint_high_watermark();
  host.step.set_timer({kCheckpointTimer, 0, 0}, host.step.now + host.config.replica_high_watermark_checkpoint_interval);
}

// handleLogDirFailure: the replicas there are given up.
void ReplicaManager::on_directory_failure(ReplicaManagerHost& host, std::size_t directory) {
  std::vector<TopicPartition> gone;
  for (const auto& [tp, partition] : s_.partitions)
    if (LogManager::directory_of(partition) == directory) gone.push_back(tp);
  for (const TopicPartition tp : gone) {
    s_.fetchers.remove(tp);
    const auto found = s_.partitions.find(tp);
    host.machine.disk.logs[tp] = found->second.log().take_disk();
    s_.partitions.erase(found);
    if (!s_.published) continue;  // nobody knows yet what stood there
    s_.offline.insert(tp);
    changed(tp, {.wake = true});
    host.step.fact(ReplicaOffline{tp});
  }
}

// ---- ISR

void ReplicaManager::try_alter_partition_later(ReplicaManagerHost& host) {
  s_.alter_waits = true;
  host.step.set_timer({kAlterPartitionTimer, 0, 0}, host.step.now + kAlterPartitionRetry);
}

void ReplicaManager::on_alter_partition(ReplicaManagerHost& host, const MessageBody& body) {
  const auto* response = std::get_if<AlterPartitionResponse>(&body);
  const bool retry =
      response == nullptr
          ? s_.alter.on_failed()
          : s_.alter.on_response(host.step, *response, s_.partitions, host.image.brokers(),
                                 [&](TopicPartition tp, const PartitionProgress& change) { changed(tp, change); });
  if (retry) try_alter_partition_later(host);
}

// Only a connection that is lost is waited for: after a timeout, or with another controller, the next try is at once.
void ReplicaManager::on_alter_partition_loss(ReplicaManagerHost& host, ControllerLoss loss) {
  if (loss == ControllerLoss::other_controller) return;  // send() finds that nothing is in flight any more
  if (s_.alter.on_failed() && loss == ControllerLoss::closed) try_alter_partition_later(host);
}

// ---- The end of a step

void ReplicaManager::complete_delayed(ReplicaManagerHost& host) {
  s_.produces.complete(host.step, [&](DelayedProduce& operation) { return try_produce(host, operation); });
  s_.deletes.complete(host.step, [&](DelayedDeleteRecords& o) { return try_delete_records(host, o, false); });
  try_fetches(host);
}

void ReplicaManager::send(ReplicaManagerHost& host) {
  constexpr auto kLine = ControllerLine::alter_partition;
  if (!s_.alter_waits && s_.alter.has_work() && host.controller.idle(kLine) && host.controller.reachable()) {
    s_.alter.on_failed();  // a request that its line gave up is not in flight any more
    if (auto request = s_.alter.next(host.step.self, host.broker_epoch(), s_.partitions))
      host.controller.send(host.step, kLine, std::move(*request));
  }
  s_.fetchers.run(host.step, host.remote, host.broker_epoch(), {&s_.follower_quota, host.image.next_offset()},
                  host.config);
}

// ---- Answers to fetchers

void ReplicaManager::on_fetcher_answer(ReplicaManagerHost& host, ConnectionId connection, Message& message) {
  ReplicaFetcher* fetcher = s_.fetchers.find(connection);
  if (fetcher == nullptr) return;
  if (auto* fetched = std::get_if<FetchResponse>(&message.body)) leave_out_unwritable(host, *fetched);
  fetcher->on_message(host.step, connection, message, s_.partitions, host.config, &s_.follower_quota);
  copied(host, message);
}

bool ReplicaManager::on_fetcher_closed(ReplicaManagerHost& host, ConnectionId connection) {
  return s_.fetchers.on_closed(host.step, connection, host.config);
}

// An answer's partitions whose directory fails are left out of it.
void ReplicaManager::leave_out_unwritable(ReplicaManagerHost& host, FetchResponse& response) {
  if (host.logs.disks_are_well(host.machine)) return;
  Nanos slow{0};
  std::erase_if(response.partitions, [&](const FetchResponse::Partition& p) {
    const Partition* partition = find(p.partition);
    if (partition == nullptr) return false;
    slow = std::max(slow, host.machine.health[LogManager::directory_of(*partition)].slow);
    return host.logs.append_fails(host.step, host.machine, *partition);
  });
  if (slow > Nanos(0)) host.step.busy(slow);
}

// ReplicaFetcherThread.completeDelayedFetchRequests: consumers may wait for what this follower has learnt.
void ReplicaManager::copied(ReplicaManagerHost& host, const Message& answer) {
  if (!host.config.rack_aware_replica_selector) return;
  const auto look_again = [&](TopicPartition tp) {
    if (s_.sessions.watches(tp) || !s_.without_session.empty()) changed(tp, {.wake = true});
  };
  if (const auto* fetch = std::get_if<FetchResponse>(&answer.body))
    for (const FetchResponse::Partition& p : fetch->partitions) look_again(p.partition);
  if (const auto* offsets = std::get_if<ListOffsetsResponse>(&answer.body)) look_again(offsets->partition);
  if (const auto* end = std::get_if<OffsetForLeaderEpochResponse>(&answer.body)) look_again(end->partition);
}

}  // namespace ktrial::model
