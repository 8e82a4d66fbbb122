// The fetching end of fetch sessions with one broker: what the next fetch has to name.
//
// Follows FetchSessionHandler (KIP-227). The owner says what it wants fetched, and when that changes; a full fetch
// names everything, an incremental one what is new, changed or not wanted any more. Leaves out: topic ids that are not
// known yet, throttled answers. Always holds: work follows what changed; sent() is what the broker was last told.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>

#include "model/described.h"
#include "model/messages.h"
#include "model/partition_table.h"

namespace ktrial::model {

class FetchSessionHandler {
 public:
  struct Wanted {
    FetchRequest::Partition item;
    std::uint64_t about = 0;  // whatever the owner wants to find again with the answer
    bool operator==(const Wanted&) const = default;
    KTRIAL_FIELDS(Wanted, item, about)
    KTRIAL_NUMBERS(Wanted, kFetchVersionNumbers, about)
  };

  void want(const FetchRequest::Partition& item, std::uint64_t about = 0) {
    Wanted& mine = wanted_[item.partition];
    const Wanted next{item, about};
    if (mine == next) return;
    mine = next;
    changed_.insert(item.partition);
  }
  void forget(TopicPartition tp) {
    if (wanted_.erase(tp) != 0) changed_.insert(tp);
  }
  // Forgets all that are not in `kept`, which is in order.
  void forget_others(const std::vector<TopicPartition>& kept) {
    auto next = kept.begin();
    for (auto it = wanted_.begin(); it != wanted_.end();) {
      while (next != kept.end() && *next < it->first) ++next;
      if (next != kept.end() && *next == it->first) {
        ++it;
      } else {
        changed_.insert(it->first);
        it = wanted_.erase(it);
      }
    }
  }
  bool empty() const { return wanted_.empty(); }

  // Fills in what the request names.
  void build(FetchRequest& request) {
    request.session_id = id_;
    request.session_epoch = epoch_;
    if (epoch_ == kInitialFetchEpoch) {
      request.partitions.reserve(wanted_.size());
      for (const auto& [tp, wanted] : wanted_) request.partitions.push_back(wanted.item);
      sent_ = wanted_;
    } else {
      for (const TopicPartition tp : changed_) {
        const auto now = wanted_.find(tp);
        if (now != wanted_.end()) {
          request.partitions.push_back(now->second.item);
          sent_[tp] = now->second;
        } else if (sent_.erase(tp) != 0) {
          request.forgotten.push_back(tp);
        }
      }
    }
    changed_.clear();
  }
  // What the broker was told about a partition; null: it does not fetch it.
  const Wanted* sent(TopicPartition tp) const {
    const auto it = sent_.find(tp);
    return it == sent_.end() ? nullptr : &it->second;
  }
  const PartitionTable<Wanted>& all_sent() const { return sent_; }
  // False when the answer says nothing but that the session is gone; the next fetch is a full one then.
  bool on_response(const FetchResponse& response) {
    if (response.error != Error::NONE) {
      if (response.error == Error::FETCH_SESSION_ID_NOT_FOUND) id_ = 0;
      epoch_ = kInitialFetchEpoch;
      return false;
    }
    id_ = response.session_id;
    epoch_ = id_ == 0 ? kInitialFetchEpoch : epoch_ + 1;
    return true;
  }
  // No answer came: what the broker has made of the request is not known. A full fetch ends the session and starts
  // another.
  void on_error() { epoch_ = kInitialFetchEpoch; }

  KTRIAL_FIELDS(FetchSessionHandler, id_, epoch_, wanted_, sent_, changed_)

 private:
  std::int32_t id_ = 0;
  std::int32_t epoch_ = kInitialFetchEpoch;
  PartitionTable<Wanted> wanted_;
  PartitionTable<Wanted> sent_;
  boost::container::flat_set<TopicPartition> changed_;
};

}  // namespace ktrial::model
