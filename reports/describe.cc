#include "reports/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ktrial::reports {
namespace {

std::string ids_or_na(const std::optional<std::vector<int>>& ids) {
  return ids ? fmt::format("{}", fmt::join(*ids, ",")) : "N/A";
}

}  // namespace

std::string describe_topics(const std::vector<DescribedTopic>& topics) {
  std::string out;
  for (const DescribedTopic& topic : topics) {
    std::vector<std::string> configs;
    for (const auto& [key, value] : topic.configs) configs.push_back(key + "=" + value);
    out += "Topic: " + topic.name;
    if (!topic.id.empty()) out += "\tTopicId: " + topic.id;
    out +=
        fmt::format("\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: {}\n", topic.partitions.size(),
                    topic.partitions.empty() ? 0 : topic.partitions.front().replicas.size(), fmt::join(configs, ","));
    for (const DescribedPartition& p : topic.partitions)
      out +=
          fmt::format("\tTopic: {}\tPartition: {}\tLeader: {}\tReplicas: {}\tIsr: {}\tElr: {}\tLastKnownElr: {}\n",
                      topic.name, p.partition, p.leader < 0 ? "none" : std::to_string(p.leader),
                      fmt::join(p.replicas, ","), fmt::join(p.isr, ","), ids_or_na(p.elr), ids_or_na(p.last_known_elr));
  }
  return out;
}

}  // namespace ktrial::reports
