// A broker and the remote storage: whose tasks run, consumers' fetches from there, followers that begin with it.
#include <algorithm>

#include "model/broker/broker_node.h"
#include "model/probes.h"

namespace ktrial::model {

TopicConfig BrokerNode::topic_config(TopicId topic) const {
  TopicConfig config = memory_->image.topic_config(topic, config_.topic_defaults);
  config.remote_storage_enable =
      config.remote_storage_enable && config_.remote_log_storage_system_enable && config_.remote_storage.present();
  return config;
}

void BrokerNode::remote_log_role(Step& step, TopicPartition tp) {
  const Partition* held = partition(tp);
  if (held != nullptr && is_tiered(held->config().topic)) memory_->remote.become(step, tp, held->role());
}

// ReplicaManager.processRemoteFetch, RemoteLogManager.read
void BrokerNode::fetch_remote(Step& step, DelayedFetch operation, FetchResponse local, std::size_t which) {
  Memory& m = *memory_;
  const FetchRequest::Partition item = operation.request.partitions[which];
  const Partition& held = *partition(item.partition);
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
    return complete_remote_fetch(step, parked);
  }
  // Variant remote.lineage [D18]: whatever segment holds the offset.
  if (config_.variants.on(Variant::remote_lineage)) request.leader_epoch = kNoEpoch;
  const std::uint32_t number = m.remote_fetches.park(step, std::move(parked), config_.remote_fetch_max_wait);
  m.remote.fetch(step, RemoteLogManager::Reader::consumer, number, request);
}

// With what was read by now, or without.
void BrokerNode::complete_remote_fetch(Step& step, DelayedRemoteFetch& operation) {
  DelayedFetch& fetch = operation.fetch;
  const FetchSession* session = memory_->sessions.find(fetch.session_id);
  if (fetch.session_id != 0 && (session == nullptr || session->epoch != fetch.session_epoch)) {
    FetchResponse late;  // another request has taken it on
    late.error = Error::INVALID_FETCH_SESSION_EPOCH;
    late.session_id = fetch.session_id;
    return answer(step, fetch.connection, fetch.correlation_id, std::move(late));
  }
  FetchResponse::Partition& partition = operation.response.partitions[operation.which];
  if (!operation.read) {
    step.fact(ProbeHit{Probe::remote_fetch_expired});
  } else {
    partition = std::move(*operation.read);
    if (partition.error == Error::NONE)
      step.fact(RemoteLogRead{partition.partition, operation.offset, partition.batches});
    else if (partition.error == Error::OFFSET_OUT_OF_RANGE)
      step.fact(ProbeHit{Probe::remote_fetch_out_of_range});
  }
  answer_fetch(step, fetch, std::move(operation.response));
}

void BrokerNode::work_on_remote_log(Step& step) {
  Memory& m = *memory_;
  for (const TopicPartition tp : m.remote.take_moved()) changed(tp, {.wake = true});
  for (RemoteLogManager::Answer& answer : m.remote.take_answers()) {
    if (answer.reader == RemoteLogManager::Reader::follower) {
      // The token is the leader and its epoch: an answer to an older one says nothing of this.
      const auto fetcher = m.fetchers.find(NodeId(static_cast<std::int32_t>(answer.token & 0xffffffff)));
      if (fetcher == m.fetchers.end()) continue;
      const auto entry = fetcher->second.entries().find(answer.partition);
      if (entry == fetcher->second.entries().end() ||
          entry->second.item.current_leader_epoch.value != answer.token >> 32)
        continue;
      fetcher->second.on_remote_state(step, answer.partition, answer.response, m.partitions, config_);
      m.fetchers_due.insert(fetcher->first);
      continue;
    }
    m.remote_fetches.complete_one(step, static_cast<std::uint32_t>(answer.token), [&](DelayedRemoteFetch& parked) {
      parked.read = parked.response.partitions[parked.which];
      parked.read->error = answer.response.error;
      parked.read->batches = std::move(answer.response.batches);
      complete_remote_fetch(step, parked);
      return true;
    });
  }
}

}  // namespace ktrial::model
