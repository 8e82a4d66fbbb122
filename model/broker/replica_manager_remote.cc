// Fetches of what only the remote storage has.
#include <algorithm>

#include "model/broker/replica_manager.h"
#include "model/probes.h"

namespace ktrial::model {

// ReplicaManager.processRemoteFetch, RemoteLogManager.read
void ReplicaManager::fetch_remote(ReplicaManagerHost& host, DelayedFetch operation, FetchResponse local,
                                  std::size_t which) {
  const FetchRequest::Partition item = operation.request.partitions[which];
  const Partition& held = *find(item.partition);
  FetchLogSegmentRequest request;
  request.partition = item.partition;
  request.leader_epoch = held.log().epochs().epoch_at(item.fetch_offset);
  request.offset = item.fetch_offset;
  request.max_bytes = std::min<std::int64_t>(operation.request.max_bytes, item.max_bytes);
  operation.remote = item.partition;
  DelayedRemoteFetch parked{std::move(operation), std::move(local), which, item.fetch_offset, std::nullopt};
  if (!request.leader_epoch.present()) {
    parked.read = parked.response.partitions[which];
    parked.read->error = Error::OFFSET_OUT_OF_RANGE;
    return complete_remote_fetch(host, parked);
  }
  // Variant remote.lineage [D18]: whatever segment holds the offset.
  if (host.config.variants.on(Variant::remote_lineage)) request.leader_epoch = kNoEpoch;
  const std::uint32_t number = s_.remote_fetches.park(host.step, std::move(parked), host.config.remote_fetch_max_wait);
  host.remote.fetch(host.step, RemoteLogManager::Reader::consumer, number, request);
}

// With what was read by now, or without.
void ReplicaManager::complete_remote_fetch(ReplicaManagerHost& host, DelayedRemoteFetch& operation) {
  DelayedFetch& fetch = operation.fetch;
  if (refuse_late_fetch(host, fetch, s_.sessions.find(fetch.session_id))) return;
  FetchResponse::Partition& partition = operation.response.partitions[operation.which];
  if (!operation.read) {
    host.step.fact(ProbeHit{Probe::remote_fetch_expired});
  } else {
    partition = std::move(*operation.read);
    if (partition.error == Error::NONE)
      host.step.fact(RemoteLogRead{partition.partition, operation.offset, partition.batches});
    else if (partition.error == Error::OFFSET_OUT_OF_RANGE)
      host.step.fact(ProbeHit{Probe::remote_fetch_out_of_range});
  }
  answer_fetch(host, fetch, std::move(operation.response));
}

void ReplicaManager::on_remote_read(ReplicaManagerHost& host, RemoteLogManager::Answer&& answer) {
  if (answer.reader == RemoteLogManager::Reader::follower)
    return s_.fetchers.on_remote_read(host.step, answer, s_.partitions, host.config);
  s_.remote_fetches.complete_one(host.step, static_cast<std::uint32_t>(answer.token), [&](DelayedRemoteFetch& parked) {
    parked.read = parked.response.partitions[parked.which];
    parked.read->error = answer.response.error;
    parked.read->batches = std::move(answer.response.batches);
    complete_remote_fetch(host, parked);
    return true;
  });
}

}  // namespace ktrial::model
