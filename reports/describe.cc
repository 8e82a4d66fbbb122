#include "reports/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace ktrial::reports {
namespace {

std::string ids_or_na(const std::optional<std::vector<int>>& ids) {
  return ids ? fmt::format("{}", fmt::join(*ids, ",")) : "N/A";
}

// The bucket of a key in java.util.HashMap, by String.hashCode(). A topic has 25 to 48 configs, so the table has 64.
std::uint32_t java_bucket(const std::string& key) {
  std::uint32_t hash = 0;
  for (const char c : key) hash = 31 * hash + static_cast<unsigned char>(c);
  return (hash ^ (hash >> 16)) & 63u;
}

}  // namespace

std::string describe_topics(const std::vector<DescribedTopic>& topics) {
  std::string out;
  for (const DescribedTopic& topic : topics) {
    std::vector<std::pair<std::string, std::string>> ordered(topic.configs.begin(), topic.configs.end());
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const auto& a, const auto& b) { return java_bucket(a.first) < java_bucket(b.first); });
    std::vector<std::string> configs;
    for (const auto& [key, value] : ordered) configs.push_back(key + "=" + value);
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
