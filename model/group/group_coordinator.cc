#include "model/group/group_coordinator.h"

#include <algorithm>
#include <limits>

namespace ktrial::model {
namespace {

// What a client hears of a failed append: GroupCoordinatorService's mapping.
Error client_error(Error append_error) {
  switch (append_error) {
    case Error::NONE:
      return Error::NONE;
    case Error::UNKNOWN_TOPIC_OR_PARTITION:
    case Error::NOT_ENOUGH_REPLICAS:
    case Error::NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case Error::REQUEST_TIMED_OUT:
    case Error::COORDINATOR_NOT_AVAILABLE:
      return Error::COORDINATOR_NOT_AVAILABLE;
    case Error::NOT_LEADER_OR_FOLLOWER:
    case Error::FENCED_LEADER_EPOCH:
    case Error::KAFKA_STORAGE_ERROR:
    case Error::NOT_COORDINATOR:
      return Error::NOT_COORDINATOR;
    default:
      return Error::UNKNOWN_SERVER_ERROR;
  }
}

template <class Response>
void refuse(GroupHost& host, Requester who, Error error) {
  Response response;
  response.error = error;
  host.reply(who.connection, who.correlation_id, std::move(response));
}

TimerId append_timer(std::uint64_t token) { return {group_timer::append, 0, static_cast<std::uint32_t>(token)}; }

}  // namespace

GroupCoordinator::GroupCoordinator(const ClusterConfig& config)
    : partitions_(config.offsets_topic_num_partitions),
      commit_timeout_(config.offsets_commit_timeout),
      initial_delay_(config.group_initial_rebalance_delay),
      min_session_(config.group_min_session_timeout),
      max_session_(config.group_max_session_timeout),
      checks_generation_(!config.variants.on(Variant::offset_commit)),
      sessions_end_(!config.variants.on(Variant::group_session)) {}

PartitionIndex GroupCoordinator::partition_for(std::string_view group) const {
  std::uint32_t hash = 0;
  for (char c : group) hash = hash * 31 + static_cast<unsigned char>(c);
  const auto value = static_cast<std::int32_t>(hash);
  const std::int32_t positive = value == std::numeric_limits<std::int32_t>::min() ? 0 : value < 0 ? -value : value;
  return PartitionIndex(positive % partitions_);
}

// ---- Load and resign

bool GroupCoordinator::on_load_started(PartitionIndex partition, LeaderEpoch epoch) {
  const auto found = shards_.find(partition);
  if (found == shards_.end()) {
    shards_[partition].epoch = epoch;
    return true;
  }
  found->second.epoch = std::max(found->second.epoch, epoch);
  return false;
}

void GroupCoordinator::replay(PartitionIndex partition, const CoordinatorRecord& record) {
  Shard& shard = shards_[partition];
  if (const auto* commit = std::get_if<OffsetCommitRecord>(&record.value))
    shard.offsets[commit->group][commit->partition] = {commit->offset, commit->leader_epoch};
  else if (const auto* group = std::get_if<GroupMetadataRecord>(&record.value))
    group_of(shard, group->group).restore(*group);
  else if (const auto* offset = std::get_if<OffsetTombstone>(&record.value))
    shard.offsets[offset->group].erase(offset->partition);
  else if (const auto* gone = std::get_if<GroupTombstone>(&record.value))
    shard.groups.erase(gone->group);
}

void GroupCoordinator::end_load(GroupHost& host, PartitionIndex partition) {
  Shard& shard = shards_[partition];
  shard.loading = false;
  host.step().fact(GroupCoordinatorLoaded{partition});
  for (auto& [id, group] : shard.groups) group.on_loaded(host);
}

void GroupCoordinator::on_resigned(GroupHost& host, PartitionIndex partition) {
  const auto found = shards_.find(partition);
  if (found == shards_.end()) return;
  for (auto it = pending_.begin(); it != pending_.end();) {
    if (it->second.shard != partition) {
      ++it;
      continue;
    }
    host.step().cancel_timer(append_timer(it->first));
    if (!it->second.store && !it->second.answered) answer_commit(host, it->second, Error::NOT_COORDINATOR);
    it = pending_.erase(it);
  }
  for (auto& [id, group] : found->second.groups) group.unload(host);
  shards_.erase(partition);
}

// ---- Lookups

std::uint16_t GroupCoordinator::new_slot() {
  const auto used = [this](std::uint16_t slot) {
    for (const auto& [partition, shard] : shards_)
      for (const auto& [id, group] : shard.groups)
        if (group.slot() == slot) return true;
    return false;
  };
  while (used(next_slot_)) ++next_slot_;
  return next_slot_++;
}

ClassicGroup& GroupCoordinator::group_of(Shard& shard, const GroupId& group) {
  const auto found = shard.groups.find(group);
  if (found != shard.groups.end()) return found->second;
  return shard.groups.emplace(group, ClassicGroup(group, new_slot(), initial_delay_, sessions_end_)).first->second;
}

Error GroupCoordinator::check_shard(const GroupId& group, Shard*& shard) {
  if (group.empty()) return Error::INVALID_GROUP_ID;
  const auto found = shards_.find(partition_for(group));
  if (found == shards_.end()) return Error::NOT_COORDINATOR;
  if (found->second.loading) return Error::COORDINATOR_LOAD_IN_PROGRESS;
  shard = &found->second;
  return Error::NONE;
}

const ClassicGroup* GroupCoordinator::find(std::string_view group) const {
  const auto shard = shards_.find(partition_for(group));
  if (shard == shards_.end()) return nullptr;
  const auto found = shard->second.groups.find(GroupId(group));
  return found == shard->second.groups.end() ? nullptr : &found->second;
}

Offset GroupCoordinator::committed(const GroupId& group, TopicPartition partition) const {
  const auto shard = shards_.find(partition_for(group));
  if (shard == shards_.end()) return {};
  const auto offsets = shard->second.offsets.find(group);
  if (offsets == shard->second.offsets.end()) return {};
  const auto found = offsets->second.find(partition);
  return found == offsets->second.end() ? Offset() : found->second.offset;
}

// ---- Requests

bool GroupCoordinator::on_request(GroupHost& host, ConnectionId connection, std::int32_t correlation_id,
                                  const MessageBody& body) {
  const Requester who{connection, correlation_id};
  if (const auto* join = std::get_if<JoinGroupRequest>(&body))
    on_join(host, who, *join);
  else if (const auto* sync = std::get_if<SyncGroupRequest>(&body))
    on_sync(host, who, *sync);
  else if (const auto* heartbeat = std::get_if<HeartbeatRequest>(&body))
    on_heartbeat(host, who, *heartbeat);
  else if (const auto* leave = std::get_if<LeaveGroupRequest>(&body))
    on_leave(host, who, *leave);
  else if (const auto* commit = std::get_if<OffsetCommitRequest>(&body))
    on_commit(host, who, *commit);
  else if (const auto* fetch = std::get_if<OffsetFetchRequest>(&body))
    on_offset_fetch(host, who, *fetch);
  else
    return false;
  return true;
}

void GroupCoordinator::on_join(GroupHost& host, Requester who, const JoinGroupRequest& request) {
  Shard* shard = nullptr;
  JoinGroupResponse refusal;
  refusal.member = request.member;
  refusal.error = check_shard(request.group, shard);
  if (refusal.error == Error::NONE) {
    if (request.session_timeout < min_session_ || request.session_timeout > max_session_)
      refusal.error = Error::INVALID_SESSION_TIMEOUT;
    else if (request.member.present() && !shard->groups.contains(request.group))
      refusal.error = Error::UNKNOWN_MEMBER_ID;
  }
  if (refusal.error != Error::NONE) return host.reply(who.connection, who.correlation_id, std::move(refusal));
  ClassicGroup& group = group_of(*shard, request.group);
  group.join(host, who, request);
  store_if_asked(host, group);
}

void GroupCoordinator::on_sync(GroupHost& host, Requester who, const SyncGroupRequest& request) {
  Shard* shard = nullptr;
  Error error = check_shard(request.group, shard);
  if (error == Error::NONE && !shard->groups.contains(request.group)) error = Error::UNKNOWN_MEMBER_ID;
  if (error != Error::NONE) return refuse<SyncGroupResponse>(host, who, error);
  ClassicGroup& group = group_of(*shard, request.group);
  group.sync(host, who, request);
  store_if_asked(host, group);
}

void GroupCoordinator::on_heartbeat(GroupHost& host, Requester who, const HeartbeatRequest& request) {
  Shard* shard = nullptr;
  Error error = check_shard(request.group, shard);
  // The only one: a member rather keeps its partitions than to rejoin because of a coordinator that still loads.
  if (error == Error::COORDINATOR_LOAD_IN_PROGRESS) return refuse<HeartbeatResponse>(host, who, Error::NONE);
  if (error == Error::NONE && !shard->groups.contains(request.group)) error = Error::UNKNOWN_MEMBER_ID;
  if (error != Error::NONE) return refuse<HeartbeatResponse>(host, who, error);
  group_of(*shard, request.group).heartbeat(host, who, request);
}

void GroupCoordinator::on_leave(GroupHost& host, Requester who, const LeaveGroupRequest& request) {
  Shard* shard = nullptr;
  Error error = check_shard(request.group, shard);
  if (error == Error::NONE && !shard->groups.contains(request.group)) error = Error::UNKNOWN_MEMBER_ID;
  if (error != Error::NONE) return refuse<LeaveGroupResponse>(host, who, error);
  ClassicGroup& group = group_of(*shard, request.group);
  group.leave(host, who, request);
  store_if_asked(host, group);
}

void GroupCoordinator::on_commit(GroupHost& host, Requester who, const OffsetCommitRequest& request) {
  Shard* shard = nullptr;
  Error error = check_shard(request.group, shard);
  GenerationId current;
  if (error == Error::NONE) {
    const auto found = shard->groups.find(request.group);
    if (found != shard->groups.end()) current = found->second.generation();
    // Variant offset_commit [G13] lets a member of an older generation, or of none, commit.
    if (checks_generation_) {
      if (found != shard->groups.end())
        error = found->second.check_commit(request.generation, request.member);
      else if (request.generation.present())
        error = Error::ILLEGAL_GENERATION;
    }
  }
  if (error != Error::NONE) {
    host.step().fact(OffsetCommitRefused{request.group, request.generation, error});
    return refuse<OffsetCommitResponse>(host, who, error);
  }
  if (request.offsets.empty()) return refuse<OffsetCommitResponse>(host, who, Error::NONE);
  group_of(*shard, request.group).refresh_session(host, request.member);
  std::vector<CoordinatorRecord> records;
  for (const CommittedOffset& c : request.offsets)
    records.push_back(
        {OffsetCommitRecord{request.group, c.partition, c.offset, c.leader_epoch, host.step().wall_clock}});
  PendingAppend pending;
  pending.shard = partition_for(request.group);
  pending.group = request.group;
  pending.who = who;
  pending.commit = request;
  pending.current_generation = current;
  append(host, std::move(pending), std::move(records));
}

void GroupCoordinator::on_offset_fetch(GroupHost& host, Requester who, const OffsetFetchRequest& request) {
  Shard* shard = nullptr;
  OffsetFetchResponse response;
  response.error = check_shard(request.group, shard);
  if (response.error == Error::NONE) {
    const auto group = shard->offsets.find(request.group);
    for (TopicPartition partition : request.partitions) {
      CommittedOffset answer{partition, {}, {}};
      if (group != shard->offsets.end())
        if (const auto found = group->second.find(partition); found != group->second.end()) {
          answer.offset = found->second.offset;
          answer.leader_epoch = found->second.leader_epoch;
        }
      response.offsets.push_back(answer);
    }
  }
  host.reply(who.connection, who.correlation_id, std::move(response));
}

// ---- Appends

void GroupCoordinator::store_if_asked(GroupHost& host, ClassicGroup& group) {
  auto store = group.take_store();
  if (!store) return;
  PendingAppend pending;
  pending.shard = partition_for(group.id());
  pending.group = group.id();
  std::vector<CoordinatorRecord> records{group.record(store->assignments)};
  pending.store = std::move(store);
  append(host, std::move(pending), std::move(records));
}

void GroupCoordinator::append(GroupHost& host, PendingAppend pending, std::vector<CoordinatorRecord> records) {
  const std::uint64_t token = next_token_++;
  const PartitionIndex partition = pending.shard;
  pending_[token] = std::move(pending);
  host.step().set_timer(append_timer(token), host.step().now + commit_timeout_);
  const Error error = host.append(partition, std::move(records), token);
  if (error != Error::NONE) on_append_complete(host, token, error);
}

void GroupCoordinator::on_append_complete(GroupHost& host, std::uint64_t token, Error error) {
  const auto found = pending_.find(token);
  if (found == pending_.end()) return;
  const PendingAppend pending = std::move(found->second);
  pending_.erase(found);
  if (!pending.answered) host.step().cancel_timer(append_timer(token));
  const auto shard = shards_.find(pending.shard);
  if (shard == shards_.end()) return;
  if (error == Error::NONE && !pending.store)
    for (const CommittedOffset& c : pending.commit.offsets)
      shard->second.offsets[pending.group][c.partition] = {c.offset, c.leader_epoch};
  if (!pending.answered) settle(host, pending, client_error(error));
}

void GroupCoordinator::settle(GroupHost& host, const PendingAppend& pending, Error error) {
  if (!pending.store) return answer_commit(host, pending, error);
  const auto shard = shards_.find(pending.shard);
  if (shard == shards_.end()) return;
  const auto found = shard->second.groups.find(pending.group);
  if (found == shard->second.groups.end()) return;
  found->second.on_stored(host, *pending.store, error);
  store_if_asked(host, found->second);
}

void GroupCoordinator::answer_commit(GroupHost& host, const PendingAppend& pending, Error error) const {
  const OffsetCommitRequest& commit = pending.commit;
  if (error == Error::NONE)
    for (const CommittedOffset& c : commit.offsets)
      host.step().fact(OffsetCommitted{commit.group, commit.generation, pending.current_generation, commit.member.value,
                                       c.partition, c.offset});
  else
    host.step().fact(OffsetCommitRefused{commit.group, commit.generation, error});
  refuse<OffsetCommitResponse>(host, pending.who, error);
}

// ---- Timers

void GroupCoordinator::on_timer(GroupHost& host, TimerId timer) {
  if (timer.kind == group_timer::append) {
    for (auto& [token, pending] : pending_) {
      if (append_timer(token) != timer || pending.answered) continue;
      pending.answered = true;
      const PendingAppend copy = pending;
      return settle(host, copy, client_error(Error::REQUEST_TIMED_OUT));
    }
    return;
  }
  for (auto& [partition, shard] : shards_)
    for (auto& [id, group] : shard.groups)
      if (group.slot() == timer.sub) {
        group.on_timer(host, timer);
        return store_if_asked(host, group);
      }
}

}  // namespace ktrial::model
