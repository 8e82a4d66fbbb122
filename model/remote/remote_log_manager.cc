// Tasks, their requests and what becomes of them; what each task does is in remote_log_tasks.cc.
#include "model/remote/remote_log_manager.h"

#include "model/probes.h"

namespace ktrial::model {
namespace {

constexpr Nanos kLongestTaskDelay = milliseconds(20);

}  // namespace

TimerId RemoteLogManager::task_timer(TopicPartition tp, Task task) {
  return {kRemoteLogTaskTimer, static_cast<std::uint16_t>(tp.partition.value * 4 + static_cast<std::int32_t>(task)),
          static_cast<std::uint32_t>(tp.topic.value)};
}

RemoteLogManager::Run& RemoteLogManager::run_of(Tasks& tasks, Task task) {
  if (task == Task::copy) return tasks.copy;
  if (task == Task::expiration) return tasks.expiration;
  return tasks.follower;
}

void RemoteLogManager::schedule(Step& step, TopicPartition tp, Task task, Nanos after) {
  step.set_timer(task_timer(tp, task), step.now + after);
}

void RemoteLogManager::become(Step& step, TopicPartition tp, ReplicaRole role) {
  const auto known = tasks_.find(tp);
  if (!storage_.present() || (known != tasks_.end() && known->second.role == role)) return;
  stop(step, tp);
  Tasks& tasks = tasks_[tp];
  tasks.role = role;
  tasks.generation = ++generation_;
  // Each pool has a thread for it soon.
  const auto soon = [&](Task task) {
    const auto about = static_cast<std::uint32_t>(tp.topic.value);
    schedule(step, tp, task, step.choose_duration(Choice::remote_log_task, about, Nanos(0), kLongestTaskDelay));
  };
  if (role == ReplicaRole::leader) {
    soon(Task::copy);
    soon(Task::expiration);
  } else {
    soon(Task::follower);
  }
}

void RemoteLogManager::stop(Step& step, TopicPartition tp) {
  const auto known = tasks_.find(tp);
  if (known == tasks_.end()) return;
  if (known->second.copy.at != At::idle) being_copied_.erase(known->second.copy.segment.id);
  tasks_.erase(known);
  for (const Task task : {Task::copy, Task::expiration, Task::follower}) step.cancel_timer(task_timer(tp, task));
}

void RemoteLogManager::send(Step& step, Call call, MessageBody body) {
  if (!connection_.present()) connection_ = step.open(storage_);
  const std::int32_t id = ++correlation_;
  calls_.emplace(id, call);
  step.send(connection_, id, std::move(body));
  step.set_timer({kRemoteCallTimer, 0, static_cast<std::uint32_t>(id)}, step.now + kRemoteCallTimeout);
}

void RemoteLogManager::ask(Running& r, Task task, At at, MessageBody body) {
  run_of(r.tasks, task).at = at;
  send(r.step, {false, Reader::consumer, 0, task, r.tasks.generation, r.tp}, std::move(body));
}

void RemoteLogManager::fetch(Step& step, Reader reader, std::int64_t token, const FetchLogSegmentRequest& request) {
  send(step, {true, reader, token, Task::copy, 0, request.partition}, request);
}

void RemoteLogManager::on_message(RemoteLogHost& host, Message&& message) {
  const auto call = calls_.find(message.correlation_id);
  if (call == calls_.end()) return;
  const Call asked = call->second;
  calls_.erase(call);
  host.step.cancel_timer({kRemoteCallTimer, 0, static_cast<std::uint32_t>(message.correlation_id)});
  if (asked.read)
    read_answered(host, asked, &message.body);
  else
    task_answered(host, asked, &message.body);
}

// RemoteStorageException for all that is in flight.
void RemoteLogManager::on_closed(RemoteLogHost& host) {
  connection_ = ConnectionId();
  const auto lost = std::exchange(calls_, {});
  for (const auto& [id, call] : lost) host.step.cancel_timer({kRemoteCallTimer, 0, static_cast<std::uint32_t>(id)});
  for (const auto& [id, call] : lost)
    if (!call.read) task_answered(host, call, nullptr);
  for (const auto& [id, call] : lost)
    if (call.read) read_answered(host, call, nullptr);
}

void RemoteLogManager::on_timer(RemoteLogHost& host, TimerId timer) {
  Step& step = host.step;
  if (timer.kind == kRemoteCallTimer) {
    if (!calls_.contains(static_cast<std::int32_t>(timer.about))) return;
    step.fact(ProbeHit{Probe::remote_storage_timed_out});
    step.close(connection_);
    return on_closed(host);
  }
  const TopicPartition tp{TopicId(static_cast<std::int32_t>(timer.about)), PartitionIndex(timer.sub / 4)};
  const auto task = static_cast<Task>(timer.sub % 4);
  const auto known = tasks_.find(tp);
  const auto held = host.partitions.find(tp);
  if (known == tasks_.end() || held == host.partitions.end()) return;
  Running r{host, step, tp, known->second, held->second};
  ask(r, task, At::listing, ListRemoteLogSegmentsRequest{tp});
}

void RemoteLogManager::read_answered(RemoteLogHost& host, const Call& call, MessageBody* body) {
  Answer answer{call.reader, call.token, call.partition, {}};
  if (auto* response = body == nullptr ? nullptr : std::get_if<FetchLogSegmentResponse>(body))
    answer.response = std::move(*response);
  else
    answer.response.error = Error::UNKNOWN_SERVER_ERROR;
  host.on_remote_read(std::move(answer));
}

void RemoteLogManager::task_answered(RemoteLogHost& host, const Call& call, MessageBody* body) {
  const auto known = tasks_.find(call.partition);
  const auto held = host.partitions.find(call.partition);
  if (known == tasks_.end() || held == host.partitions.end() || known->second.generation != call.generation) return;
  Running r{host, host.step, call.partition, known->second, held->second};
  const bool more = body != nullptr ? go_on(r, call.task, *body) : call.task == Task::copy && failed_copy(r);
  if (!more) end(r, call.task);
}

void RemoteLogManager::end(Running& r, Task task) {
  Run& run = run_of(r.tasks, task);
  if (task == Task::copy) being_copied_.erase(run.segment.id);
  run.at = At::idle;
  schedule(r.step, r.tp, task, interval_);
}

}  // namespace ktrial::model
