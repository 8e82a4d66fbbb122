// What an operator does while the cluster runs: elections, reassignments, configs, topics that come, grow and go,
// records that go. All but DeleteRecords go to the active controller; with none the operator gives up.
#pragma once

#include <optional>

#include "model/types.h"
#include "scenarios/faults/fault_parts.h"

namespace ktrial::scenarios {

using AlteredConfigs = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct ElectPreferred : OnPartition {
  static constexpr FaultText kText{"elect-preferred",
                                   "An operator's ElectLeaders for a partition: its preferred replica.",
                                   "{at: 5s, elect-preferred: orders-0}"};
  static constexpr bool kAtOnce = true;
  void operate(const FaultOperator& op) const;
};

struct ElectUnclean : OnPartition {
  static constexpr FaultText kText{
      "elect-unclean",
      "An operator's ElectLeaders for a partition: any live replica, if there is no leader; with "
      "unclean.recovery.manager.enabled the longest log, as `strategy` (Aggressive, if it is not given) has it.",
      "{at: 5s, elect-unclean: orders-0}"};
  static constexpr bool kAtOnce = true;
  std::optional<model::UncleanRecoveryStrategy> strategy;
  void more(KeyVisitor& v);
  void operate(const FaultOperator& op) const;
  bool operator==(const ElectUnclean&) const = default;
};

struct Reassign : FaultTraits {
  static constexpr FaultText kText{
      "reassign",
      "An operator's AlterPartitionReassignments: the partition moves to these brokers. With `throttle` (bytes/s) the "
      "replication throttle is set first, as kafka-reassign-partitions.sh does; it stays until a verification "
      "(`verify-every`) finds no reassignment on its way, or a cancellation.",
      "{at: 5s, reassign: {partition: orders-0, to: [2, 3], throttle: 50000, verify-every: 2s}}"};
  static constexpr bool kAtOnce = true;
  static constexpr bool kNeedsTopic = true;
  PartitionRef partition;
  std::vector<std::int32_t> to;          // brokers
  std::optional<std::int64_t> throttle;  // bytes/s of each broker that takes part
  std::optional<Nanos> verify_every;     // how often the operator looks whether it is over; absent: never
  void body(KeyVisitor& v);
  void draw(const Drawing& d);
  void operate(const FaultOperator& op) const;
  bool operator==(const Reassign&) const = default;
};

struct CancelReassignment : OnPartition {
  static constexpr FaultText kText{"cancel-reassignment",
                                   "An operator cancels the reassignment of a partition that is on its way.",
                                   "{at: 5s, cancel-reassignment: orders-0}"};
  static constexpr bool kAtOnce = true;
  void operate(const FaultOperator& op) const;
};

struct CreatePartitions : FaultTraits {
  static constexpr FaultText kText{"create-partitions", "An operator's CreatePartitions: the topic has so many in all.",
                                   "{at: 5s, create-partitions: {topic: orders, count: 4}}"};
  static constexpr bool kAtOnce = true;
  static constexpr bool kNeedsTopic = true;
  std::string topic;
  std::int32_t count = 1;
  void body(KeyVisitor& v);
  void draw(const Drawing& d);
  void operate(const FaultOperator& op) const;
  bool operator==(const CreatePartitions&) const = default;
};

struct AlterConfigs : FaultTraits {
  static constexpr FaultText kText{
      "alter-configs",
      "An operator's IncrementalAlterConfigs: what is to `set` and to `delete` of a topic, or, without `topic`, of the "
      "cluster-wide defaults of the brokers (by a broker's names of them: log.retention.ms). At random: "
      "min.insync.replicas of a topic.",
      "{at: 5s, alter-configs: {topic: orders, set: {min.insync.replicas: 1}, delete: [retention.ms]}}"};
  static constexpr bool kAtOnce = true;
  static constexpr bool kNeedsTopic = true;
  std::string topic;  // empty: the cluster-wide defaults of the brokers
  AlteredConfigs configs;
  void body(KeyVisitor& v);
  void draw(const Drawing& d);
  void operate(const FaultOperator& op) const;
  bool operator==(const AlterConfigs&) const = default;
};

struct DeleteTopic : OnTopic {
  static constexpr FaultText kText{
      "delete-topic",
      "An operator's DeleteTopics. Its end creates the topic again, under the same name and with another id.",
      "{at: 5s, delete-topic: orders, for: 10s}"};
  void operate(const FaultOperator& op) const;
  void undo(const FaultOperator& op) const;
};

struct CreateTopic : OnTopic {
  static constexpr FaultText kText{
      "create-topic",
      "An operator's CreateTopics, if the topic is not there: as the scenario has it, placed by the controller.",
      "{at: 5s, create-topic: orders}"};
  static constexpr bool kAtOnce = true;
  void operate(const FaultOperator& op) const;
};

// To the leader of the partition.
struct DeleteRecords : FaultTraits {
  static constexpr FaultText kText{"delete-records",
                                   "An operator's DeleteRecords: the records of a partition before an offset (without "
                                   "one: below its high watermark).",
                                   "{at: 5s, delete-records: {partition: orders-0, before: 100}}"};
  static constexpr bool kAtOnce = true;
  static constexpr bool kNeedsTopic = true;
  PartitionRef partition;
  std::optional<std::int64_t> before;
  void body(KeyVisitor& v);
  void draw(const Drawing& d);
  void operate(const FaultOperator& op) const;
  bool operator==(const DeleteRecords&) const = default;
};

using OperatorFaults = FaultFamily<ElectPreferred, ElectUnclean, Reassign, CancelReassignment, CreatePartitions,
                                   AlterConfigs, DeleteTopic, CreateTopic, DeleteRecords>;

}  // namespace ktrial::scenarios
