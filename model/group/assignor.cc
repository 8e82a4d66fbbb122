#include "model/group/assignor.h"

#include <algorithm>

namespace ktrial::model {

std::vector<MemberAssignment> assign_range(const std::vector<JoinGroupResponse::Member>& members,
                                           std::vector<TopicSize> topics) {
  auto sorted = members;
  std::ranges::sort(sorted, {}, &JoinGroupResponse::Member::member);
  std::ranges::sort(topics, {}, &TopicSize::topic);
  std::vector<MemberAssignment> result;
  for (const auto& m : sorted) result.push_back({m.member, {}});

  for (const TopicSize& topic : topics) {
    std::vector<std::size_t> subscribers;
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (std::ranges::find(sorted[i].subscription, topic.topic) != sorted[i].subscription.end())
        subscribers.push_back(i);
    if (subscribers.empty() || topic.partitions <= 0) continue;
    const auto count = static_cast<std::int32_t>(subscribers.size());
    const std::int32_t each = topic.partitions / count;
    const std::int32_t with_extra = topic.partitions % count;
    std::int32_t next = 0;
    for (std::int32_t i = 0; i < count; ++i)
      for (std::int32_t n = each + (i < with_extra ? 1 : 0); n > 0; --n)
        result[subscribers[i]].partitions.push_back({topic.topic, PartitionIndex(next++)});
  }
  return result;
}

}  // namespace ktrial::model
