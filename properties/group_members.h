// What each member of a group owns in its own view: from onPartitionsAssigned to onPartitionsRevoked or
// onPartitionsLost, or to the end of its process. A client is a member of at most one group; a rebalance is eager (all
// is given up before it is assigned anew).
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "model/facts.h"
#include "properties/observation.h"

namespace ktrial::properties {

// Whether the process ended without a word. One that is stopped cleanly revokes first.
inline bool process_ended(const Injected& fault) {
  return fault.kind == Injected::killed || fault.kind == Injected::power_cut || fault.kind == Injected::wiped ||
         fault.kind == Injected::restarted;
}

// T: what is kept of a partition while its member owns it.
template <class T>
class Owned {
 public:
  T* find(NodeId member, model::TopicPartition partition) {
    const auto it = owned_.find({member, partition});
    return it == owned_.end() ? nullptr : &it->second;
  }
  void own(NodeId member, model::TopicPartition partition, T value) {
    owned_.insert_or_assign({member, partition}, std::move(value));
  }
  // `then(partition, value)` is called with what each one was.
  template <class Then>
  void give_up(NodeId member, const std::vector<model::TopicPartition>& partitions, Then then) {
    for (const model::TopicPartition partition : partitions) {
      const auto it = owned_.find({member, partition});
      if (it == owned_.end()) continue;
      then(partition, it->second);
      owned_.erase(it);
    }
  }
  template <class Then>
  void give_up_all(NodeId member, Then then) {
    auto it = owned_.lower_bound({member, model::TopicPartition{}});
    for (; it != owned_.end() && it->first.first == member; it = owned_.erase(it)) then(it->first.second, it->second);
  }

 private:
  std::map<std::pair<NodeId, model::TopicPartition>, T> owned_;
};

inline constexpr auto forget = [](model::TopicPartition, const auto&) {};

}  // namespace ktrial::properties
