// Sends the ISR proposals of a broker's partitions to the active controller, one request at a time.
//
// Follows DefaultAlterPartitionManager (KIP-497): one pending item a partition, all of them in one request, endless
// retries. The item is read from the partition when it is sent, so one that newer metadata has replaced is never sent.
// Always holds: at most one request is in flight.
#pragma once

#include <boost/container/flat_set.hpp>
#include <optional>

#include "model/described.h"
#include "model/messages.h"
#include "model/replication/partition.h"

namespace ktrial::model {

inline constexpr Nanos kAlterPartitionRetry = milliseconds(50);

class AlterPartitionManager {
 public:
  // Variant alter_partition_retry: without `resends` an item that got no final answer stays in flight for ever.
  explicit AlterPartitionManager(bool resends = true) : resends_(resends) {}
  void submit(TopicPartition tp) { pending_.insert(tp); }
  bool in_flight() const { return in_flight_.has_value(); }
  bool has_work() const { return in_flight_ || !pending_.empty(); }
  // The next request, absent when there is nothing to send or one is out.
  std::optional<AlterPartitionRequest> next(NodeId self, BrokerEpoch epoch, const Partitions& partitions) {
    if (in_flight_) return std::nullopt;
    AlterPartitionRequest request{self, epoch, {}};
    for (auto it = pending_.begin(); it != pending_.end();) {
      const auto held = partitions.find(*it);
      auto item = held == partitions.end() ? std::nullopt : held->second.proposal(epoch);
      if (!item) {
        it = pending_.erase(it);
        continue;
      }
      request.partitions.push_back(std::move(*item));
      ++it;
    }
    if (request.partitions.empty()) return std::nullopt;
    in_flight_ = request;
    return request;
  }
  // Returns whether to try again after kAlterPartitionRetry.
  bool on_failed() {
    if (in_flight_ && !resends_)
      for (const auto& item : in_flight_->partitions) pending_.erase(item.partition);
    in_flight_.reset();
    return !pending_.empty();
  }
  template <class Changed>
  bool on_response(Step& step, const AlterPartitionResponse& response, Partitions& partitions, const Brokers& brokers,
                   Changed changed) {
    if (!in_flight_) return false;
    const AlterPartitionRequest sent = *in_flight_;
    if (response.error != Error::NONE) return on_failed();
    in_flight_.reset();
    bool retry = false;
    for (const AlterPartitionRequest::Partition& item : sent.partitions)
      for (const AlterPartitionResponse::Partition& answer : response.partitions) {
        const auto held = partitions.find(item.partition);
        if (answer.partition != item.partition || held == partitions.end()) continue;
        PartitionProgress change;
        if (held->second.on_alter_partition(step, item, answer, brokers, change))
          retry = true;
        else if (auto next = held->second.proposal(sent.broker_epoch);
                 !next || (next->partition_epoch == item.partition_epoch && next->leader_epoch == item.leader_epoch))
          pending_.erase(item.partition);
        changed(item.partition, change);
      }
    return retry;
  }

  KTRIAL_FIELDS(AlterPartitionManager, resends_, pending_, in_flight_)

 private:
  bool resends_ = true;
  boost::container::flat_set<TopicPartition> pending_;
  std::optional<AlterPartitionRequest> in_flight_;
};

}  // namespace ktrial::model
