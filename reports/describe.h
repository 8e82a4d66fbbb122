// The state of topics, printed exactly as `kafka-topics.sh --describe` prints it.
//
// Follows org.apache.kafka.tools.TopicCommand (TopicDescription and PartitionDescription.printDescription).
// Configs stand in the order of the client's hash table (org.apache.kafka.clients.admin.Config), as a user sees them;
// two keys of one bucket in the order of the alphabet. Leaves out: reassignments and topics marked for deletion.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ktrial::reports {

struct DescribedPartition {
  int partition = 0;
  int leader = -1;  // below 0 prints "none"
  std::vector<int> replicas;
  std::vector<int> isr;
  std::optional<std::vector<int>> elr;  // absent prints N/A
  std::optional<std::vector<int>> last_known_elr;
};
struct DescribedTopic {
  std::string name;
  std::string id;                              // empty prints no TopicId, as Kafka does for the zero uuid
  std::map<std::string, std::string> configs;  // those that are not the default
  std::vector<DescribedPartition> partitions;
};

// Kafka takes the replication factor from the first partition.
std::string describe_topics(const std::vector<DescribedTopic>& topics);

}  // namespace ktrial::reports
