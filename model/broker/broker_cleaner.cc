// A broker's log cleaner: the thread of LogCleaner, one durable step after the other.
//
// It takes the dirtiest log that is dirty enough, cleans it, then deletes old segments of all compacted logs (retention
// leaves those to it), and sleeps for log.cleaner.backoff.ms when there is none. Leaves out: more than one thread. The
// thread begins when the broker gets its first compacted log, so that others' runs are without it.
#include <algorithm>

#include "model/broker/broker_node.h"
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

bool BrokerNode::is_compacted(TopicPartition tp) const {
  const TopicImage* topic = memory_->image.topic(tp.topic);
  if (topic == nullptr || topic->name == kOffsetsTopic) return true;
  const Partition* held = partition(tp);
  return held != nullptr && held->config().topic.cleanup_compact;
}

bool BrokerNode::is_cleaned(TopicPartition tp) const {
  const TopicImage* topic = memory_->image.topic(tp.topic);
  return topic != nullptr && topic->name != kOffsetsTopic && is_compacted(tp);
}

void BrokerNode::start_cleaner(Step& step, TopicPartition tp) {
  Cleaner& cleaner = memory_->cleaner;
  if (cleaner.started || !config_.log_cleaner_enable || !is_cleaned(tp)) return;
  cleaner.started = true;
  step.set_timer({kLogCleanerTimer, 0, 0},
                 step.now + step.choose_duration(Choice::log_cleaner, 0, Nanos(0), config_.log_cleaner_backoff));
}

// LogCleanerManager.grabFilthiestCompactedLog
bool BrokerNode::begin_cleaning(Step& step) {
  Memory& m = *memory_;
  std::optional<CleanableLog> dirtiest;
  for (auto& [tp, partition] : m.partitions) {
    if (!is_cleaned(tp) || m.cleaner.uncleanable.contains(tp)) continue;
    Log& log = partition.log();
    const TopicConfig& topic = partition.config().topic;
    const CleanableLog found = cleanable(log, topic, step.wall_clock, config_.variants);
    if (found.checkpoint_invalid) {
      if (sync_fails(step, partition, "a checkpoint")) continue;
      log.checkpoint_cleaned(found.first_dirty);
    }
    if (!found.wanted(topic) || (dirtiest && !found.dirtier_than(*dirtiest))) continue;
    dirtiest = found;
    m.cleaner.partition = tp;
  }
  if (!dirtiest) return false;
  Partition& partition = m.partitions.at(m.cleaner.partition);
  const auto& batches = partition.log().batches();
  if (std::any_of(batches.begin(), batches.end(),
                  [](const RecordBatch& b) { return b.checksum == Checksum::broken; })) {
    m.cleaner.uncleanable.insert(m.cleaner.partition);
    return false;
  }
  m.cleaner.running.emplace(partition.log(), *dirtiest, partition.config().topic, step.wall_clock, config_.variants);
  return true;
}

void BrokerNode::on_cleaner_timer(Step& step) {
  Cleaner& cleaner = memory_->cleaner;
  if (!cleaner.running && !begin_cleaning(step)) {
    delete_compacted(step);
    return step.set_timer({kLogCleanerTimer, 0, 0}, step.now + config_.log_cleaner_backoff);
  }
  clean_further(step);
  step.set_timer({kLogCleanerTimer, 0, 0}, step.now + step_time(step, cleaner.partition));
}

void BrokerNode::clean_further(Step& step) {
  Memory& m = *memory_;
  LogCleaning& cleaning = *m.cleaner.running;
  const TopicPartition tp = m.cleaner.partition;
  const auto held = m.partitions.find(tp);
  if (held == m.partitions.end() || !held->second.log().cleaning()) {
    step.fact(ProbeHit{Probe::cleaning_stopped});
    m.cleaner.running.reset();
    return;
  }
  if (sync_fails(step, held->second, "an fsync")) {
    m.cleaner.running.reset();
    return;
  }
  wait_for_disk(step, held->second);
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
    m.cleaner.running.reset();
    delete_compacted(step);
  }
}

// LogCleaner.cleanFilthiestLog: of logs without `delete` only what lies below their start.
void BrokerNode::delete_compacted(Step& step) {
  for (auto& [tp, partition] : memory_->partitions)
    if (is_cleaned(tp) && partition.delete_old_segments(step)) changed(tp, {.reread = true});
}

}  // namespace ktrial::model
