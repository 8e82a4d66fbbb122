// A broker's logs as a whole: LogManager, with DeleteRecords.
#include <algorithm>
#include <utility>

#include "model/broker/broker_node.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {

// Recovery of a log is mostly short, and sometimes long enough for a broker to be stopped in the middle of it.
Nanos recovery_time(Step& step, TopicPartition tp) {
  const auto n =
      static_cast<std::int64_t>(step.choose(Choice::log_recovery, static_cast<std::uint32_t>(tp.topic.value), 0, 63));
  return n < 48 ? milliseconds(n) / 4 : milliseconds((n - 47) * 50);
}

bool has_unflushed(const LogDisk& disk) {
  if (disk.segments.count() == 0) return false;
  const Offset point = disk.recovery_point.read().present() ? disk.recovery_point.read() : kFirstOffset;
  return disk.segments.segment(disk.segments.floor(point)).first < disk.segments.items().size();
}

}  // namespace

// One log after the other, also of several directories; those that need no recovery take no time.
void BrokerNode::load_logs(Step& step) {
  Memory& m = *memory_;
  for (; m.loaded < disk_.logs.size(); ++m.loaded) {
    auto& [tp, disk] = *disk_.logs.nth(m.loaded);
    if (read_fails(step, disk.directory, tp)) {
      if (all_failed(m.failed)) return;
      continue;
    }
    if (!m.clean_shutdown.has(disk.directory) && !m.recovering && has_unflushed(disk)) {
      m.recovering = true;
      return step.set_timer({kLogRecoveryTimer, 0, 0}, step.now + recovery_time(step, tp));
    }
    m.recovering = false;
    load_log(step, tp, std::move(disk));
  }
  keep_offline_logs();
  m.logs_loaded = true;
  const Nanos first = step.now + config_.log_initial_task_delay;
  step.set_timer({kLogRetentionTimer, 0, 0}, first);
  step.set_timer({kRecoveryPointTimer, 0, 0}, first);
  step.set_timer({kLogStartTimer, 0, 0}, first);
  if (config_.log_flush_scheduler_interval < Nanos::max()) step.set_timer({kLogFlusherTimer, 0, 0}, first);
  begin_serving(step);
}

void BrokerNode::load_log(Step& step, TopicPartition tp, LogDisk&& disk) {
  Memory& m = *memory_;
  const bool clean = m.clean_shutdown.has(disk.directory);
  ++m.logs_in[disk.directory];
  const std::size_t batches = disk.segments.items().size();
  const std::vector<EpochEntry> epochs = disk.epochs.read();
  PartitionConfig config = partition_config(config_.topic_defaults);
  config.load = clean ? LogLoad::clean : LogLoad::unclean;
  config.producer_expiration.wall_clock = step.wall_clock;
  Partition& partition = m.partitions.try_emplace(tp, Partition(tp, config, std::move(disk))).first->second;
  const Log& log = partition.log();
  if (log.batches().size() < batches) step.fact(ProbeHit{Probe::recovery_cut_the_log});
  if (log.epochs().entries() != epochs) step.fact(ProbeHit{Probe::recovery_changed_the_epochs});
  if (!clean && log.recovery_point() > kFirstOffset) step.fact(ProbeHit{Probe::recovery_from_recovery_point});
  if (const SegmentFiles::Recovered& swap = log.recovered_swap(); swap.base.present()) {
    step.fact(ProbeHit{Probe::swap_recovered_to_another_log});
    const auto at = [&](std::size_t i) {
      return log.batches().begin() + static_cast<std::ptrdiff_t>(std::min(i, log.batches().size()));
    };
    step.fact(SegmentsReplaced{tp, swap.base, swap.end, {at(swap.first), at(swap.last)}, ReplacedBy::recovery});
  }
  const auto broken = std::find_if(log.batches().begin(), log.batches().end(),
                                   [](const RecordBatch& b) { return b.checksum == Checksum::broken; });
  step.fact(LogLoaded{tp, log.log_start(), log.log_end(), log.high_watermark(), clean,
                      broken == log.batches().end() ? Offset() : broken->base_offset, log.epochs().entries()});
  partition.tell_producers(step, ProducerStateChange::load);
  partition.after_log(step);
}

// What is in an offline directory stays on the disk.
void BrokerNode::keep_offline_logs() {
  const Memory& m = *memory_;
  for (auto& [tp, log] : std::exchange(disk_.logs, {}))
    if (m.failed.has(log.directory) && !m.partitions.contains(tp)) disk_.logs.emplace(tp, std::move(log));
}

// The first publication of the metadata, once the controller has found the broker caught up and its logs are loaded.
void BrokerNode::begin_serving(Step& step) {
  Memory& m = *memory_;
  if (!m.caught_up || !m.logs_loaded || m.published) return;
  m.published = true;
  MetadataDelta everything;
  std::vector<TopicPartition>& all = everything.partitions;
  all_partitions(all);
  for (const auto& [tp, partition] : m.partitions)  // LogManager.isStrayKraftReplica
    if (m.image.partition(tp) == nullptr) all.push_back(tp);
  for (const auto& [id, topic] : m.image.topics()) everything.topics.push_back(id);
  everything.broker_configs = true;
  publish(step, everything);
  // At once, before anything is appended: a mark beyond a log that lost its tail must not outlive the load.
  step.set_timer({kCheckpointTimer, 0, 0}, step.now);
  m.lifecycle.set_ready_to_unfence();
}

void BrokerNode::on_storage_timer(Step& step, TimerId timer) {
  Memory& m = *memory_;
  if (timer.kind == kLogRecoveryTimer) return load_logs(step);
  if (timer.kind == kLogCleanerTimer) return on_cleaner_timer(step);
  if (timer.kind == kLogFlushTimer || timer.kind == kProducerExpirationTimer) {
    const TopicPartition tp{TopicId(static_cast<std::int32_t>(timer.about)), PartitionIndex(timer.sub)};
    const auto held = m.partitions.find(tp);
    if (held == m.partitions.end()) return;
    if (timer.kind == kProducerExpirationTimer) return held->second.expire_producers(step);
    if (fsync_fails(step, held->second)) return;
    held->second.log().run_background();
    wait_for_disk(step, held->second);
    return;
  }
  DirectorySet failed;
  const auto usable = [&](const Partition& p) { return !failed.has(directory_of(p)); };
  const auto again = [&](Nanos period) { step.set_timer(timer, step.now + period); };
  switch (timer.kind) {
    case kLogRetentionTimer:
      for (auto& [tp, partition] : m.partitions)
        if (!is_compacted(tp) && partition.delete_old_segments(step)) changed(tp, {.reread = true});
      return again(config_.log_retention_check_interval);
    case kRecoveryPointTimer:
      failed = syncs_fail(step, "a checkpoint");
      for (auto& [tp, partition] : m.partitions)
        if (usable(partition)) partition.log().checkpoint_recovery_point();
      if (all_failed(failed)) return;
      return again(config_.log_flush_offset_checkpoint_interval);
    case kLogStartTimer:
      failed = syncs_fail(step, "a checkpoint");
      for (auto& [tp, partition] : m.partitions)
        if (usable(partition)) partition.checkpoint_log_start(step);
      if (all_failed(failed)) return;
      return again(config_.log_flush_start_offset_checkpoint_interval);
    case kLogFlusherTimer:
      failed = syncs_fail(step, "an fsync");
      if (all_failed(failed)) return;
      for (auto& [tp, partition] : m.partitions)
        if (usable(partition)) partition.log().flush_if_older(partition.config().topic.flush_ms, step.now);
      return again(config_.log_flush_scheduler_interval);
    default:
      return;
  }
}

// Flush everything first: only then does the marker say the truth.
void BrokerNode::store_for_shutdown(Step& step) {
  Memory& m = *memory_;
  const DirectorySet failed = syncs_fail(step, "an fsync");
  if (all_failed(failed)) return;
  m.cleaner.running.reset();
  for (auto& [tp, partition] : m.partitions) {
    if (failed.has(directory_of(partition))) continue;
    Log& log = partition.log();
    log.stop_cleaning();
    log.run_background();
    log.flush();
    log.snapshot_producers();
    log.checkpoint_recovery_point();
    partition.checkpoint_log_start(step);
    log.checkpoint_high_watermark();
  }
  // A log that was not loaded may be broken. Variant clean_marker [D01]: the marker is written all the same.
  for (std::size_t i = 0; i < disk_.clean_shutdown.size(); ++i) {
    if (failed.has(i)) continue;
    if (m.logs_loaded || m.clean_shutdown.has(i) || config_.variants.on(Variant::clean_marker))
      disk_.clean_shutdown[i].write_and_sync({true, m.lifecycle.epoch()});
    else
      step.fact(ProbeHit{Probe::clean_stop_before_recovery});
  }
}

void BrokerNode::on_delete_records(Step& step, ConnectionId connection, std::int32_t correlation,
                                   const DeleteRecordsRequest& request) {
  Memory& m = *memory_;
  DelayedDeleteRecords operation{connection, correlation, {}, {}, {}};
  for (const DeleteRecordsRequest::Partition& item : request.partitions) {
    DeleteRecordsResponse::Partition result{item.partition, {}, Error::NONE};
    operation.asked.push_back(item.before);
    const auto held = m.partitions.find(item.partition);
    const TopicImage* topic = m.image.topic(item.partition.topic);
    if (topic != nullptr && topic->name == kOffsetsTopic) {
      result.error = Error::INVALID_TOPIC_EXCEPTION;
    } else if (held == m.partitions.end()) {
      result.error = not_held(item.partition);
    } else if (storage_failed(held->second)) {
      result.error = Error::KAFKA_STORAGE_ERROR;
    } else {
      const Partition::DeleteRecordsResult deleted = held->second.delete_records(step, item.before);
      changed(item.partition, deleted.change);
      result.error = deleted.error;
      operation.asked.back() = deleted.before;
      if (deleted.error == Error::NONE)
        operation.waiting.push_back({operation.response.partitions.size(), deleted.before});
    }
    operation.response.partitions.push_back(result);
  }
  if (!try_delete_records(step, operation, false)) m.deletes.park(step, std::move(operation), request.timeout);
}

bool BrokerNode::try_delete_records(Step& step, DelayedDeleteRecords& operation, bool forced) {
  const Memory& m = *memory_;
  std::erase_if(operation.waiting, [&](const DelayedDeleteRecords::Wait& wait) {
    DeleteRecordsResponse::Partition& result = operation.response.partitions[wait.index];
    const Partition* held = partition(result.partition);
    if (held == nullptr) {
      result.error = gone(result.partition);
    } else if (held->role() != ReplicaRole::leader) {
      result.error = Error::NOT_LEADER_OR_FOLLOWER;
    } else {
      result.low_watermark = held->low_watermark(m.image.brokers());
      if (result.low_watermark < wait.before && !forced) return false;
      if (result.low_watermark < wait.before) result.error = Error::REQUEST_TIMED_OUT;
    }
    return true;
  });
  if (!operation.waiting.empty()) return false;
  for (std::size_t i = 0; i < operation.response.partitions.size(); ++i) {
    const DeleteRecordsResponse::Partition& p = operation.response.partitions[i];
    step.fact(RecordsDeleted{p.partition, operation.asked[i], p.low_watermark, p.error});
  }
  if (operation.connection.present())
    answer(step, operation.connection, operation.correlation_id, std::move(operation.response));
  return true;
}

// Those with something in them, of a broker that runs or not.
std::vector<std::pair<TopicPartition, SegmentFiles*>> BrokerNode::stored_logs() {
  std::vector<std::pair<TopicPartition, SegmentFiles*>> logs;
  if (memory_)
    for (auto& [tp, partition] : memory_->partitions) logs.emplace_back(tp, &partition.log().disk().segments);
  for (auto& [tp, disk] : disk_.logs) logs.emplace_back(tp, &disk.segments);
  std::erase_if(logs, [](const auto& log) { return log.second->items().empty(); });
  return logs;
}

namespace {

void break_stored(TopicPartition tp, SegmentFiles& segments, std::size_t batch, std::vector<Fact>& facts) {
  segments.break_batch(batch);
  facts.emplace_back(BatchCorrupted{tp, segments.items()[batch].base_offset, segments.items()[batch].next_offset()});
}

// Counts `which` round and round over all batches: the log that holds it; `which` is what it is there.
std::size_t log_of(const std::vector<std::pair<TopicPartition, SegmentFiles*>>& logs, std::uint64_t& which) {
  std::uint64_t batches = 0;
  for (const auto& [tp, segments] : logs) batches += segments->items().size();
  which %= batches;
  std::size_t i = 0;
  for (; which >= logs[i].second->items().size(); ++i) which -= logs[i].second->items().size();
  return i;
}

}  // namespace

bool BrokerNode::rot(std::uint64_t which, std::vector<Fact>& facts) {
  const auto logs = stored_logs();
  if (logs.empty()) return false;
  const auto& [tp, segments] = logs[log_of(logs, which)];
  break_stored(tp, *segments, which, facts);
  return true;
}

bool BrokerNode::rot_unseen(std::uint64_t which, std::vector<Fact>& facts) {
  const auto logs = stored_logs();
  if (logs.empty()) return false;
  std::size_t log = log_of(logs, which), total = 0;
  for (const auto& [tp, segments] : logs) total += segments->items().size();
  for (std::size_t looked = 0; looked < total; ++looked, ++which) {
    if (which == logs[log].second->items().size()) which = 0, log = (log + 1) % logs.size();
    const auto& [tp, segments] = logs[log];
    const RecordBatch& batch = segments->items()[which];
    if (!batch.records || batch.checksum == Checksum::broken) continue;
    for (std::size_t i = 0; i < batch.records->size(); ++i) {
      const Record& record = (*batch.records)[i];
      if (record.state == RecordState::compacted || is_rotten(record.value)) continue;
      const RecordRotted rotted{tp, batch.base_offset + static_cast<std::int64_t>(i), record.value,
                                rotten(record.value, self_)};
      segments->change_record(which, i, rotted.now);
      facts.emplace_back(rotted);
      return true;
    }
  }
  return false;
}

bool BrokerNode::misdirect(std::uint64_t which, std::vector<Fact>& facts) {
  const auto logs = stored_logs();
  if (logs.empty()) return false;
  const std::size_t meant = log_of(logs, which), hit = (meant + 1) % logs.size();
  break_stored(logs[meant].first, *logs[meant].second, which, facts);
  SegmentFiles& other = *logs[hit].second;
  const std::size_t over = (hit == meant ? which + 1 : which) % other.items().size();
  if (hit != meant || over != which) break_stored(logs[hit].first, other, over, facts);
  return true;
}

BrokerDisk BrokerNode::durable_disk() const {
  BrokerDisk copy = disk_;
  if (memory_)
    for (const auto& [tp, partition] : memory_->partitions) copy.logs[tp] = partition.log().disk();
  const Survival none([](void*, std::uint64_t, std::uint32_t) { return WriteOutcome::lost; }, nullptr);
  std::vector<Fact> unsaid;
  for (auto& [tp, log] : copy.logs) log.power_cut(tp, none, unsaid);
  for (auto& marker : copy.clean_shutdown) marker.power_cut(none, 0);
  return copy;
}

void BrokerNode::restore_disk(BrokerDisk older, std::vector<Fact>& facts) {
  kill();
  for (auto& [tp, log] : disk_.logs) {
    const auto then = older.logs.find(tp);
    log.replace(tp, then == older.logs.end() ? LogDisk() : std::move(then->second), facts);
  }
  disk_.clean_shutdown = older.clean_shutdown;
  disk_.formatted = older.formatted;
}

}  // namespace ktrial::model
