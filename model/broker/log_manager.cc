// Loading, checkpoints, flushing, retention, the clean stop.
#include "model/broker/log_manager.h"

#include <algorithm>
#include <utility>

#include "model/broker/log_config.h"
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

bool LogManager::start(LogManagerHost& host, BrokerEpoch& previous) {
  previous = take_clean_shutdown(host.machine);
  drop_duplicates(host.step, host.machine);
  return load(host);
}

bool LogManager::load(LogManagerHost& host) {
  Step& step = host.step;
  BrokerDisk& stored = host.machine.disk;
  for (; s_.loaded < stored.logs.size(); ++s_.loaded) {
    auto& [tp, disk] = *stored.logs.nth(s_.loaded);
    if (fails(step, disk.directory, tp, "a read", host.machine.health[disk.directory].read_fails)) {
      if (all_offline()) return false;
      continue;
    }
    if (!s_.clean_shutdown.has(disk.directory) && !s_.recovering && has_unflushed(disk)) {
      s_.recovering = true;
      step.set_timer({kLogRecoveryTimer, 0, 0}, step.now + recovery_time(step, tp));
      return false;
    }
    s_.recovering = false;
    load_log(host, tp, std::move(disk));
  }
  keep_offline_logs(host);
  s_.all_loaded = true;
  const Nanos first = step.now + host.config.log_initial_task_delay;
  step.set_timer({kLogRetentionTimer, 0, 0}, first);
  step.set_timer({kRecoveryPointTimer, 0, 0}, first);
  step.set_timer({kLogStartTimer, 0, 0}, first);
  if (host.config.log_flush_scheduler_interval < Nanos::max()) step.set_timer({kLogFlusherTimer, 0, 0}, first);
  return true;
}

void LogManager::load_log(LogManagerHost& host, TopicPartition tp, LogDisk&& disk) {
  Step& step = host.step;
  const bool clean = s_.clean_shutdown.has(disk.directory);
  ++s_.logs_in[disk.directory];
  const std::size_t batches = disk.segments.items().size();
  const std::vector<EpochEntry> epochs = disk.epochs.read();
  PartitionConfig config = partition_config(step.self, host.config, host.config.topic_defaults);
  config.load = clean ? LogLoad::clean : LogLoad::unclean;
  config.producer_expiration.wall_clock = step.wall_clock;
  Partition& partition = host.partitions.try_emplace(tp, Partition(tp, config, std::move(disk))).first->second;
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
void LogManager::keep_offline_logs(LogManagerHost& host) const {
  BrokerDisk& stored = host.machine.disk;
  for (auto& [tp, log] : std::exchange(stored.logs, {}))
    if (s_.offline.has(log.directory) && !host.partitions.contains(tp)) stored.logs.emplace(tp, std::move(log));
}

bool LogManager::owns(TimerId timer) {
  switch (timer.kind) {
    case kLogRecoveryTimer:
    case kLogRetentionTimer:
    case kRecoveryPointTimer:
    case kLogStartTimer:
    case kLogFlusherTimer:
    case kDirectoryFailureTimer:
    case kLogCleanerTimer:
    case kLogFlushTimer:
    case kProducerExpirationTimer:
      return true;
    default:
      return false;
  }
}

// What a log left to the scheduler.
void LogManager::run_background(LogManagerHost& host, TimerId timer) {
  Step& step = host.step;
  const TopicPartition tp{TopicId(static_cast<std::int32_t>(timer.about)), PartitionIndex(timer.sub)};
  const auto held = host.partitions.find(tp);
  if (held == host.partitions.end()) return;
  if (timer.kind == kProducerExpirationTimer) return held->second.expire_producers(step);
  if (fsync_fails(step, host.machine, held->second)) return;
  held->second.log().run_background();
  wait_for_disk(step, host.machine, held->second);
}

void LogManager::on_timer(LogManagerHost& host, TimerId timer) {
  Step& step = host.step;
  const ClusterConfig& config = host.config;
  if (timer.kind == kLogCleanerTimer) return on_cleaner_timer(host);
  if (timer.kind == kLogFlushTimer || timer.kind == kProducerExpirationTimer) return run_background(host, timer);
  DirectorySet failed;
  const auto usable = [&](const Partition& p) { return !failed.has(directory_of(p)); };
  const auto again = [&](Nanos period) { step.set_timer(timer, step.now + period); };
  switch (timer.kind) {
    case kLogRetentionTimer:
      for (auto& [tp, partition] : host.partitions)
        if (!is_compacted(host, tp) && partition.delete_old_segments(step)) host.on_log_start_moved(tp);
      return again(config.log_retention_check_interval);
    case kRecoveryPointTimer:
      failed = syncs_fail(step, host.machine, "a checkpoint");
      for (auto& [tp, partition] : host.partitions)
        if (usable(partition)) partition.log().checkpoint_recovery_point();
      if (failed.size() == s_.logs_in.size()) return;
      return again(config.log_flush_offset_checkpoint_interval);
    case kLogStartTimer:
      failed = syncs_fail(step, host.machine, "a checkpoint");
      for (auto& [tp, partition] : host.partitions)
        if (usable(partition)) partition.checkpoint_log_start(step);
      if (failed.size() == s_.logs_in.size()) return;
      return again(config.log_flush_start_offset_checkpoint_interval);
    case kLogFlusherTimer:
      failed = syncs_fail(step, host.machine, "an fsync");
      if (failed.size() == s_.logs_in.size()) return;
      for (auto& [tp, partition] : host.partitions)
        if (usable(partition)) partition.log().flush_if_older(partition.config().topic.flush_ms, step.now);
      return again(config.log_flush_scheduler_interval);
    default:
      return;
  }
}

// Flush everything first: only then does the marker say the truth.
void LogManager::store_for_shutdown(LogManagerHost& host, BrokerEpoch epoch) {
  Step& step = host.step;
  auto& markers = host.machine.disk.clean_shutdown;
  const DirectorySet failed = syncs_fail(step, host.machine, "an fsync");
  if (failed.size() == s_.logs_in.size()) return;
  s_.cleaning.reset();
  for (auto& [tp, partition] : host.partitions) {
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
  for (std::size_t i = 0; i < markers.size(); ++i) {
    if (failed.has(i)) continue;
    if (s_.all_loaded || s_.clean_shutdown.has(i) || host.config.variants.on(Variant::clean_marker))
      markers[i].write_and_sync({true, epoch});
    else
      step.fact(ProbeHit{Probe::clean_stop_before_recovery});
  }
}

}  // namespace ktrial::model
