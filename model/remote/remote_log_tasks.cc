// What the tasks of the remote log do: RLMCopyTask, RLMExpirationTask, RLMFollowerTask.
#include "model/probes.h"
#include "model/remote/remote_log_lineage.h"
#include "model/remote/remote_log_manager.h"

namespace ktrial::model {

using State = RemoteLogSegmentState;

Offset RemoteLogManager::highest(const ListRemoteLogSegmentsResponse& remote, const Partition& partition) const {
  // Variant remote.lineage [D18]: whatever history it belongs to.
  return find_highest_remote_offset(remote, partition.log().epochs(), partition.log().log_end(),
                                    !variants_.on(Variant::remote_lineage));
}

// updateLogStartOffsetFromRemoteTier. False: it lies above the high watermark, which is an error.
bool RemoteLogManager::advance_log_start(Running& r, Offset start) {
  if (start > r.partition.log().high_watermark()) return false;
  if (r.partition.advance_log_start(r.step, start)) r.host.on_remote_log_start_moved(r.tp);
  return true;
}

void RemoteLogManager::tell(Running& r, Task task, At at, State state) {
  RemoteLogSegmentMetadata segment = run_of(r.tasks, task).segment;
  segment.state = state;
  ask(r, task, at, UpdateRemoteLogSegmentMetadataRequest{std::move(segment)});
}

bool RemoteLogManager::go_on(Running& r, Task task, MessageBody& body) {
  switch (task) {
    case Task::copy:
      return go_on_copying(r, body);
    case Task::expiration:
      return go_on_expiring(r, body);
    case Task::follower:
      if (const auto* remote = std::get_if<ListRemoteLogSegmentsResponse>(&body))
        r.partition.raise_highest_remote(highest(*remote, r.partition));
      return false;
  }
  return false;
}

// ---- RLMCopyTask
bool RemoteLogManager::go_on_copying(Running& r, MessageBody& body) {
  CopyTask& task = r.tasks.copy;
  switch (task.at) {
    case At::listing:
      if (const auto* remote = std::get_if<ListRemoteLogSegmentsResponse>(&body)) return begin_copies(r, *remote);
      return false;
    case At::copy_started:
      copy_data(r);
      return true;
    case At::copying:
      tell(r, Task::copy, At::copy_finished, State::COPY_SEGMENT_FINISHED);
      return true;
    case At::copy_finished:
      being_copied_.erase(task.segment.id);
      task.copied = task.segment.end_offset;
      r.partition.raise_highest_remote(task.copied);
      r.step.fact(RemoteSegmentCopied{r.tp, task.segment.id, task.segment.start_offset, task.segment.end_offset});
      return copy_next(r);
    case At::cleanup_started:
      ask(r, Task::copy, At::cleanup, DeleteLogSegmentDataRequest{r.tp, task.segment.id});
      return true;
    case At::cleanup:
      tell(r, Task::copy, At::cleanup_finished, State::DELETE_SEGMENT_FINISHED);
      return true;
    default:
      return false;
  }
}

// A copy that failed is cleaned up, as far as that is possible; any other failure just ends the run.
bool RemoteLogManager::failed_copy(Running& r) {
  if (r.tasks.copy.at != At::copying) return false;
  clean_up_copy(r);
  return true;
}

void RemoteLogManager::clean_up_copy(Running& r) {
  r.step.fact(ProbeHit{Probe::copy_failed});
  tell(r, Task::copy, At::cleanup_started, State::DELETE_SEGMENT_STARTED);
}

bool RemoteLogManager::begin_copies(Running& r, const ListRemoteLogSegmentsResponse& remote) {
  CopyTask& task = r.tasks.copy;
  const Log& log = r.partition.log();
  if (!task.log_start_found) {
    if (!advance_log_start(r, find_log_start_offset(remote.segments, log.epochs(), log.local_log_start())))
      return false;
    task.log_start_found = true;
  }
  if (!task.copied_known) {
    task.copied = highest(remote, r.partition);
    task.copied_known = true;
    r.partition.raise_highest_remote(task.copied);
  }
  task.candidates.clear();
  const Offset stable = log.high_watermark();  // lastStableOffset
  if (stable <= kFirstOffset || task.copied >= stable) return false;
  const SegmentFiles& files = log.segments();
  for (std::size_t i = files.floor(std::max(task.copied + 1, log.log_start())) + 1; i < files.count(); ++i)
    if (files.segment(i).base <= stable) task.candidates.emplace_back(files.segment(i - 1).base, files.segment(i).base);
  std::reverse(task.candidates.begin(), task.candidates.end());
  return copy_next(r);
}

bool RemoteLogManager::copy_next(Running& r) {
  CopyTask& task = r.tasks.copy;
  const Log& log = r.partition.log();
  while (!task.candidates.empty()) {
    const auto [base, next] = task.candidates.back();
    task.candidates.pop_back();
    const SegmentFiles& files = log.segments();
    const std::size_t i = files.floor(base);
    if (files.segment(i).base != base) continue;  // retention was faster
    const LogSegment& file = files.segment(i);
    // No other segment is copied with that number over that connection.
    const auto about = static_cast<std::uint32_t>((connection_.number << 16) + correlation_);
    const auto id = static_cast<std::int64_t>(r.step.choose(Choice::remote_segment, about, 1, std::uint64_t{1} << 62));
    task.segment = {RemoteLogSegmentId(id),     r.tp,       base,  next - 1,
                    file.largest_timestamp,     file.bytes, self_, epochs_in_range(log.epochs().entries(), base, next),
                    State::COPY_SEGMENT_STARTED};
    if (task.segment.epochs.empty()) return false;  // RemoteLogSegmentMetadata refuses it
    being_copied_.insert(task.segment.id);
    tell(r, Task::copy, At::copy_started, State::COPY_SEGMENT_STARTED);
    // Variant remote.local-deletion [D21]: the local segment is free from now on.
    if (variants_.on(Variant::local_deletion)) r.partition.raise_highest_remote(task.segment.end_offset);
    return true;
  }
  return false;
}

void RemoteLogManager::copy_data(Running& r) {
  const RemoteLogSegmentMetadata& segment = r.tasks.copy.segment;
  const Log& log = r.partition.log();
  // What is deleted has another name by now (RLMCopyTask.copyLogSegment takes the name first).
  const SegmentFiles& files = log.segments();
  if (files.segment(files.floor(segment.start_offset)).base != segment.start_offset) {
    r.step.fact(ProbeHit{Probe::deleted_before_copied});
    return clean_up_copy(r);
  }
  ask(r, Task::copy, At::copying,
      CopyLogSegmentDataRequest{r.tp, segment.id,
                                log.read(segment.start_offset, segment.end_offset + 1, segment.bytes, true),
                                epochs_in_range(log.epochs().entries(), kFirstOffset, segment.end_offset + 1)});
}

// ---- RLMExpirationTask
bool RemoteLogManager::go_on_expiring(Running& r, MessageBody& body) {
  ExpirationTask& task = r.tasks.expiration;
  switch (task.at) {
    case At::listing:
      if (const auto* remote = std::get_if<ListRemoteLogSegmentsResponse>(&body)) return begin_expiry(r, *remote);
      return false;
    case At::delete_started:
      ask(r, Task::expiration, At::deleting, DeleteLogSegmentDataRequest{r.tp, task.segment.id});
      return true;
    case At::deleting:
      tell(r, Task::expiration, At::delete_finished, State::DELETE_SEGMENT_FINISHED);
      return true;
    case At::delete_finished:
      return delete_next(r);
    default:
      return false;
  }
}

bool RemoteLogManager::begin_expiry(Running& r, const ListRemoteLogSegmentsResponse& remote) {
  if (remote.segments.empty()) return false;
  const Log& log = r.partition.log();
  // Variant remote.highest-offset [D17]: the copy task alone tells the log how far it is copied.
  if (!log.highest_remote().present() && !variants_.on(Variant::remote_highest_offset))
    r.partition.raise_highest_remote(highest(remote, r.partition));
  const TopicConfig& topic = r.partition.config().topic;
  const RemoteRetention found = find_expired({remote.segments, log.epochs().entries(), log.log_start(), log.log_end(),
                                              log.only_local_bytes(), r.step.wall_clock, being_copied_},
                                             topic);
  for (const RemoteRetention::Expired& e : found.doomed) {
    RemoteSegmentExpired fact{r.tp,
                              e.segment.id,
                              e.reason,
                              e.segment.end_offset,
                              e.segment.max_timestamp,
                              r.step.wall_clock,
                              topic.retention_ms,
                              topic.retention_bytes,
                              {}};
    for (std::size_t i = 0; e.reason == LogStartReason::retention_bytes && i < log.segments().count(); ++i)
      fact.local_segments.push_back({log.segments().segment(i).base, log.segments().segment(i).bytes});
    r.step.fact(std::move(fact));
  }
  if (found.log_start.present() && !advance_log_start(r, found.log_start)) return false;
  r.tasks.expiration.doomed.clear();
  for (auto e = found.doomed.rbegin(); e != found.doomed.rend(); ++e) r.tasks.expiration.doomed.push_back(e->segment);
  return delete_next(r);
}

bool RemoteLogManager::delete_next(Running& r) {
  ExpirationTask& task = r.tasks.expiration;
  if (task.doomed.empty()) return false;
  task.segment = std::move(task.doomed.back());
  task.doomed.pop_back();
  tell(r, Task::expiration, At::delete_started, State::DELETE_SEGMENT_STARTED);
  return true;
}

}  // namespace ktrial::model
