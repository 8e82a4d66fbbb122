// A broker's log cleaner: the thread of LogCleaner, one durable step after the other.
//
// It takes the dirtiest log that is dirty enough, cleans it, then deletes old segments of all compacted logs (retention
// leaves those to it), and sleeps for log.cleaner.backoff.ms when there is none. Leaves out: more than one thread. The
// thread begins when the broker gets its first compacted log, so that others' runs are without it.
#include <algorithm>

#include "model/broker/log_config.h"
#include "model/broker/log_manager.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {

// Mostly short, and sometimes long enough for a broker to be stopped between two steps.
Nanos step_time(Step& step, TopicPartition tp) {
  const auto n =
      static_cast<std::int64_t>(step.choose(Choice::log_cleaner, static_cast<std::uint32_t>(tp.topic.value), 0, 63));
  return n < 48 ? milliseconds(n) / 4 : milliseconds((n - 47) * 25);
}

}  // namespace

bool LogManager::is_compacted(const LogManagerHost& host, TopicPartition tp) {
  const TopicImage* topic = host.image.topic(tp.topic);
  if (topic == nullptr || topic->name == kOffsetsTopic) return true;
  const auto held = host.partitions.find(tp);
  return held != host.partitions.end() && held->second.config().topic.cleanup_policy.compacts;
}

bool LogManager::is_cleaned(const LogManagerHost& host, TopicPartition tp) {
  const TopicImage* topic = host.image.topic(tp.topic);
  return topic != nullptr && topic->name != kOffsetsTopic && is_compacted(host, tp);
}

void LogManager::on_log_configured(LogManagerHost& host, TopicPartition tp) {
  Step& step = host.step;
  if (s_.cleaner_started || !host.config.log_cleaner_enable || !is_cleaned(host, tp)) return;
  s_.cleaner_started = true;
  step.set_timer({kLogCleanerTimer, 0, 0},
                 step.now + step.choose_duration(Choice::log_cleaner, 0, Nanos(0), host.config.log_cleaner_backoff));
}

// LogCleanerManager.grabFilthiestCompactedLog
bool LogManager::begin_cleaning(LogManagerHost& host) {
  Step& step = host.step;
  std::optional<CleanableLog> dirtiest;
  for (auto& [tp, partition] : host.partitions) {
    if (!is_cleaned(host, tp) || s_.uncleanable.contains(tp)) continue;
    Log& log = partition.log();
    const TopicConfig& topic = partition.config().topic;
    const CleanableLog found = cleanable(log, topic, step.wall_clock, host.config.variants);
    if (found.checkpoint_invalid) {
      if (sync_fails(step, host.machine, partition, "a checkpoint")) continue;
      log.checkpoint_cleaned(found.first_dirty);
    }
    if (!found.wanted(topic) || (dirtiest && !found.dirtier_than(*dirtiest))) continue;
    dirtiest = found;
    s_.cleaned = tp;
  }
  if (!dirtiest) return false;
  Partition& partition = host.partitions.at(s_.cleaned);
  const auto& batches = partition.log().batches();
  if (std::any_of(batches.begin(), batches.end(),
                  [](const RecordBatch& b) { return b.checksum == Checksum::broken; })) {
    s_.uncleanable.insert(s_.cleaned);
    return false;
  }
  s_.cleaning.emplace(partition.log(), *dirtiest, partition.config().topic, step.wall_clock, host.config.variants);
  return true;
}

void LogManager::on_cleaner_timer(LogManagerHost& host) {
  Step& step = host.step;
  if (!s_.cleaning && !begin_cleaning(host)) {
    delete_compacted(host);
    return step.set_timer({kLogCleanerTimer, 0, 0}, step.now + host.config.log_cleaner_backoff);
  }
  clean_further(host);
  step.set_timer({kLogCleanerTimer, 0, 0}, step.now + step_time(step, s_.cleaned));
}

void LogManager::clean_further(LogManagerHost& host) {
  Step& step = host.step;
  LogCleaning& cleaning = *s_.cleaning;
  const TopicPartition tp = s_.cleaned;
  const auto held = host.partitions.find(tp);
  if (held == host.partitions.end() || !held->second.log().cleaning()) {
    step.fact(ProbeHit{Probe::cleaning_stopped});
    s_.cleaning.reset();
    return;
  }
  if (sync_fails(step, host.machine, held->second, "an fsync")) {
    s_.cleaning.reset();
    return;
  }
  wait_for_disk(step, host.machine, held->second);
  Log& log = held->second.log();
  const LogCleaning::Progress progress = cleaning.advance(log);
  if (progress.swapped) {
    const auto& s = *progress.swapped;
    const auto at = [&](std::size_t i) { return log.batches().begin() + static_cast<std::ptrdiff_t>(i); };
    step.fact(SegmentsReplaced{tp,
                               s.base,
                               s.end,
                               {at(s.first), at(s.last)},
                               ReplacedBy::cleaning,
                               cleaning.wall_clock(),
                               held->second.config().topic.delete_retention});
  }
  if (progress.done) {
    step.fact(LogCleaned{tp, cleaning.first_dirty(), cleaning.end()});
    s_.cleaning.reset();
    delete_compacted(host);
  }
}

// LogCleaner.cleanFilthiestLog: of logs without `delete` only what lies below their start.
void LogManager::delete_compacted(LogManagerHost& host) {
  for (auto& [tp, partition] : host.partitions)
    if (is_cleaned(host, tp) && partition.delete_old_segments(host.step)) host.on_log_start_moved(tp);
}

}  // namespace ktrial::model
