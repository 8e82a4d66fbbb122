// Fetch: of followers and of consumers, with a session or without, at once or after a wait.
#include <algorithm>

#include "model/broker/log_config.h"
#include "model/broker/replica_manager.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {

PartitionRead read_offline(TopicPartition tp) {  // its log directory has failed
  PartitionRead read;
  read.response.partition = tp;
  read.response.error = Error::KAFKA_STORAGE_ERROR;
  return read;
}

}  // namespace

// The request with the partitions of its session that may have something to tell.
FetchRequest ReplicaManager::active_part(const FetchRequest& request, const FetchSession& session) const {
  FetchRequest active;
  active.replica_id = request.replica_id;
  active.replica_epoch = request.replica_epoch;
  active.max_wait = request.max_wait;
  active.min_bytes = request.min_bytes;
  active.max_bytes = request.max_bytes;
  active.session_id = request.session_id;
  active.session_epoch = request.session_epoch;
  active.rack_id = request.rack_id;
  active.partitions.reserve(session.active.size());
  for (const TopicPartition tp : session.active) active.partitions.push_back(session.partitions.at(tp).item);
  return active;
}

void ReplicaManager::fetch(ReplicaManagerHost& host, ConnectionId connection, std::int32_t correlation_id,
                           const FetchRequest& request) {
  DelayedFetch operation{connection, correlation_id, {}, 0, 0};
  const auto [id, error] = s_.sessions.open(request, host.step.now);
  if (error != Error::NONE) {
    host.step.fact(ProbeHit{Probe::fetch_session_unknown});
    FetchResponse refused;
    refused.error = error;
    return host.answer(connection, correlation_id, std::move(refused));
  }
  operation.session_id = id;
  if (const FetchSession* session = s_.sessions.find(id)) {
    operation.session_epoch = session->epoch;
    operation.request = active_part(request, *session);
  } else {
    operation.request = request;
  }
  // The answer holds what was there before this fetch moved anything; an unsuccessful read moves nothing.
  if (!host.logs.disks_are_well(host.machine))
    for (const FetchRequest::Partition& item : operation.request.partitions)
      if (const Partition* partition = find(item.partition)) host.logs.read_fails(host.step, host.machine, *partition);
  FetchOutcome outcome = read_all(host, operation.request, Look::first);
  if (request.replica_id.present())
    for (std::size_t i = 0; i < operation.request.partitions.size(); ++i) {
      const FetchRequest::Partition& item = operation.request.partitions[i];
      if (Partition* partition = held(item.partition))
        changed(item.partition, partition->follower_fetched(host.step, request.replica_id, request.replica_epoch, item,
                                                            outcome.leader_log_ends[i], host.image.brokers()));
    }
  if (outcome.remote) return fetch_remote(host, std::move(operation), std::move(outcome.response), *outcome.remote);
  const bool nothing_to_wait_for = id == 0 && operation.request.partitions.empty();
  if (outcome.complete || request.max_wait <= Nanos(0) || nothing_to_wait_for)
    return answer_fetch(host, operation, std::move(outcome.response));
  if (id != 0) operation.request.partitions.clear();
  const std::uint32_t number = s_.fetches.park(host.step, std::move(operation), request.max_wait);
  if (id != 0)
    s_.sessions.find(id)->parked = number;
  else
    s_.without_session.insert(number);
}

PartitionRead ReplicaManager::read_not_held(const MetadataImage& image, TopicPartition tp) const {
  PartitionRead read;
  read.response.partition = tp;
  // Fetch names a topic by its id.
  read.response.error = image.topic(tp.topic) == nullptr ? Error::UNKNOWN_TOPIC_ID : not_held(image, tp);
  return read;
}

// findPreferredReadReplica: asked for each partition of each fetch of a consumer.
NodeId ReplicaManager::preferred_read_replica(const ReplicaManagerHost& host, const FetchRequest& request,
                                              const FetchRequest::Partition& item, const Partition& partition) const {
  const std::string& rack = request.rack_id.value;
  if (!host.config.rack_aware_replica_selector || request.replica_id.present() || rack.empty()) return {};
  if (partition.role() != ReplicaRole::leader) return {};
  const auto rack_of = [&](NodeId id) -> const std::string& {
    static const std::string none;
    const auto broker = host.image.brokers().find(id);
    const auto at = static_cast<std::size_t>(id.value - 1);
    const bool known = broker != host.image.brokers().end() && !broker->second.fenced;
    return known && at < host.config.broker_racks.size() ? host.config.broker_racks[at] : none;
  };
  return select_in_rack(rack, host.step.self, partition.readable_followers(item.fetch_offset), rack_of);
}

ReplicaManager::FetchOutcome ReplicaManager::read_all(ReplicaManagerHost& host, const FetchRequest& request,
                                                      Look look) {
  const bool parked = look != Look::first, throttles = s_.leader_quota.throttles_any();
  const DirectorySet offline = host.logs.offline();
  FetchOutcome outcome;
  std::int64_t bytes = 0;
  outcome.response.partitions.reserve(request.partitions.size());
  outcome.leader_log_ends.reserve(request.partitions.size());
  for (const FetchRequest::Partition& item : request.partitions) {
    const auto held = s_.partitions.find(item.partition);
    PartitionRead read = [&] {
      if (held == s_.partitions.end()) return read_not_held(host.image, item.partition);
      const Partition& partition = held->second;
      if (offline.has(LogManager::directory_of(partition))) return read_offline(item.partition);
      if (const NodeId preferred = preferred_read_replica(host, request, item, partition); preferred.present())
        return partition.refer(item, preferred);
      return partition.read(item, request.replica_id, request.replica_epoch, host.image.brokers(),
                            request.max_bytes - bytes, bytes == 0, parked);
    }();
    if (throttles && held != s_.partitions.end()) throttle(host, held->second, request.replica_id, look, read);
    bytes += read.bytes;
    if (read.remote && !outcome.remote) outcome.remote = outcome.response.partitions.size();
    // DelayedFetch, case F: what is above the end of what may be read is not waited for.
    outcome.complete = outcome.complete || read.answer_now() || read.above || (parked && read.remote);
    outcome.leader_log_ends.push_back(read.answer_now() ? Offset() : read.leader_log_end);
    outcome.response.partitions.push_back(std::move(read.response));
  }
  outcome.complete = outcome.complete || bytes >= request.min_bytes;
  return outcome;
}

// Offsets of a consumer that are out of range at this follower.
void ReplicaManager::tell_refused(ReplicaManagerHost& host, const DelayedFetch& operation,
                                  const FetchResponse& response) {
  for (const FetchResponse::Partition& p : response.partitions) {
    const Partition* held = p.error == Error::OFFSET_OUT_OF_RANGE ? find(p.partition) : nullptr;
    if (held == nullptr || held->role() != ReplicaRole::follower) continue;
    if (operation.remote == p.partition) continue;  // the remote storage has nothing there by now
    const FetchSession* session = s_.sessions.find(operation.session_id);
    Offset offset;
    if (session != nullptr) {
      offset = session->partitions.at(p.partition).item.fetch_offset;
    } else {
      for (const FetchRequest::Partition& item : operation.request.partitions)
        if (item.partition == p.partition) offset = item.fetch_offset;
    }
    host.step.fact(FollowerRefusedOffset{p.partition, operation.connection.initiator, offset,
                                         held->log().local_log_start(), held->log().high_watermark(),
                                         held->log().log_end()});
  }
}

void ReplicaManager::answer_fetch(ReplicaManagerHost& host, const DelayedFetch& operation, FetchResponse response) {
  const bool follower = operation.request.replica_id.present();
  if (!follower) tell_refused(host, operation, response);
  if (FetchSession* session = s_.sessions.find(operation.session_id)) {
    const bool incremental = operation.request.session_epoch > kInitialFetchEpoch;
    s_.sessions.answer(*session, incremental, response, [&](TopicPartition tp) {
      const auto held = s_.partitions.find(tp);
      if (held == s_.partitions.end()) return false;
      return session->replica.present()
                 ? held->second.follower_is_quiet(session->replica)
                 : session->partitions.at(tp).item.fetch_offset >= held->second.log().high_watermark();
    });
    session->parked.reset();
    response.session_id = operation.session_id;
  }
  if (follower) count_sent(host, operation.request.replica_id, response);
  host.answer(operation.connection, operation.correlation_id, std::move(response));
}

// Whether a parked fetch would find something in a partition that changed.
bool ReplicaManager::has_news(ReplicaManagerHost& host, const DelayedFetch& operation,
                              const FetchRequest::Partition& item) const {
  const FetchRequest& request = operation.request;
  if (request.min_bytes > 1) return true;  // what the others hold counts too
  const auto held = s_.partitions.find(item.partition);
  if (held == s_.partitions.end()) return true;
  const PartitionRead read =  // of one batch at most: more would be read once more
      held->second.read(item, request.replica_id, request.replica_epoch, host.image.brokers(), 0, true, true);
  return read.answer_now() || read.above || read.bytes > 0;
}

ReplicaManager::FetchOutcome ReplicaManager::look_again(ReplicaManagerHost& host, const FetchRequest& request,
                                                        bool forced) {
  FetchOutcome outcome = read_all(host, request, forced ? Look::expired : Look::parked);
  // Variant parked_throttle: whether to answer goes by another rule than the answer.
  if (!forced && outcome.complete && host.config.variants.on(Variant::parked_throttle))
    outcome = read_all(host, request, Look::expired);
  return outcome;
}

// Another request has taken its session on in the meantime.
bool ReplicaManager::refuse_late_fetch(ReplicaManagerHost& host, const DelayedFetch& operation,
                                       const FetchSession* session) {
  if (operation.session_id == 0 || (session != nullptr && session->epoch == operation.session_epoch)) return false;
  FetchResponse late;
  late.error = Error::INVALID_FETCH_SESSION_EPOCH;
  late.session_id = operation.session_id;
  host.answer(operation.connection, operation.correlation_id, std::move(late));
  return true;
}

// A parked fetch reads again, without another word about the follower's state.
bool ReplicaManager::try_fetch(ReplicaManagerHost& host, const DelayedFetch& operation, bool forced) {
  const FetchSession* session = s_.sessions.find(operation.session_id);
  if (refuse_late_fetch(host, operation, session)) return true;
  FetchOutcome outcome = operation.session_id == 0 ? look_again(host, operation.request, forced)
                                                   : look_again(host, active_part(operation.request, *session), forced);
  if (!outcome.complete && !forced) return false;
  answer_fetch(host, operation, std::move(outcome.response));
  return true;
}

// Looks at the parked fetches again that a change since the last time may let go. Work follows what changed and not how
// many fetches wait or how many partitions they ask for.
void ReplicaManager::try_fetches(ReplicaManagerHost& host) {
  const TouchedPartitions touched = std::move(s_.touched);
  s_.touched.clear();
  if (touched.all) {
    s_.sessions.all_changed();
    s_.fetches.complete(host.step, [&](DelayedFetch& operation) { return try_fetch(host, operation, false); });
    return;
  }
  std::vector<std::pair<std::uint32_t, FetchRequest::Partition>> candidates;
  for (const TopicPartition tp : touched.some)
    s_.sessions.changed(tp, [&](std::int32_t, const FetchSession& session) {
      if (session.parked) candidates.emplace_back(*session.parked, session.partitions.at(tp).item);
    });
  for (const auto& candidate : candidates)
    s_.fetches.complete_one(host.step, candidate.first, [&](DelayedFetch& operation) {
      return has_news(host, operation, candidate.second) && try_fetch(host, operation, false);
    });
  const auto others = s_.without_session;
  for (const std::uint32_t number : others)
    s_.fetches.complete_one(host.step, number, [&](DelayedFetch& operation) {
      if (!try_fetch(host, operation, false)) return false;
      s_.without_session.erase(number);
      return true;
    });
}

}  // namespace ktrial::model
