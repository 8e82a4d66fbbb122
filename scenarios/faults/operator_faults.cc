#include "scenarios/faults/operator_faults.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/config_keys.h"
#include "scenarios/format/key_visitor.h"
#include "scenarios/run/fault_draw.h"
#include "scenarios/run/fault_operator.h"

namespace ktrial::scenarios {
namespace {

constexpr Nanos kDeleteRecordsTimeout = model::seconds(30);  // the admin client's request.timeout.ms

model::AlterReassignment reassignment(const PartitionRef& partition, std::optional<std::vector<model::NodeId>> replicas,
                                      std::optional<std::int64_t> throttle = std::nullopt) {
  return {{partition.topic, model::PartitionIndex{partition.partition}, std::move(replicas)}, throttle};
}

void elect(const FaultOperator& op, const char* fault, const PartitionRef& partition, model::ElectionType type) {
  model::ElectLeadersRequest request;
  request.type = type;
  if (const auto tp = op.find(partition)) request.partitions.push_back(*tp);
  op.tell(fault, to_string(partition), model::ElectLeader{request});
}

}  // namespace

void ElectPreferred::operate(const FaultOperator& op) const {
  elect(op, kText.name, partition, model::ElectionType::preferred);
}

void ElectUnclean::more(KeyVisitor& v) {
  using enum model::UncleanRecoveryStrategy;
  static const std::vector<std::string> names = {name(balanced), name(aggressive)};
  std::optional<std::size_t> chosen;
  if (strategy) chosen = *strategy == balanced ? 0 : 1;
  v.choice({"strategy", "of unclean recovery; usually Aggressive"}, names, chosen);
  if (chosen) strategy = *chosen == 0 ? balanced : aggressive;
  v.check(!strategy || !v.cluster() || v.cluster()->unclean_recovery_manager, {"strategy"},
          "'strategy' needs unclean.recovery.manager.enabled: true");
}
void ElectUnclean::operate(const FaultOperator& op) const {
  using enum model::UncleanRecoveryStrategy;
  elect(op, kText.name, partition,
        !strategy               ? model::ElectionType::unclean
        : *strategy == balanced ? model::ElectionType::longest_log_balanced
                                : model::ElectionType::longest_log_aggressive);
}

void Reassign::body(KeyVisitor& v) {
  v.partition({"partition", "which one moves", true}, partition);
  v.brokers({"to", "its new replicas, preferred leader first", true}, to);
  v.number({"throttle", "bytes/s of each broker that takes part; absent: no throttle"}, throttle, kAnyAmount);
  v.duration({"verify-every", "how often the operator looks whether it is over; absent: never"}, verify_every);
  v.check(!verify_every || (throttle && *verify_every >= model::milliseconds(1)), {"verify-every"},
          "'verify-every' goes with 'throttle' and is at least 1ms");
  v.check(!to.empty(), {}, "expected brokers for 'to'");
}
void Reassign::draw(const Drawing& d) {
  partition = d.partition();
  // Neighbours in id order, starting anywhere.
  const std::int32_t first = d.draw.number(f_part, 0, d.cluster.brokers - 1);
  for (std::int32_t i = 0, n = d.draw.number(f_replicas, 1, d.cluster.brokers); i < n; ++i)
    to.push_back((first + i) % d.cluster.brokers + 1);
}
void Reassign::operate(const FaultOperator& op) const {
  std::vector<model::NodeId> nodes;
  for (const std::int32_t id : to) nodes.push_back(model::NodeId{id});
  op.tell(kText.name,
          fmt::format("{} to {}{}", to_string(partition), op.names(nodes),
                      throttle ? fmt::format(", throttled to {} bytes/s,", *throttle) : ""),
          reassignment(partition, nodes, throttle));
}

void CancelReassignment::operate(const FaultOperator& op) const {
  op.tell(kText.name, to_string(partition), reassignment(partition, std::nullopt));
}

void CreatePartitions::body(KeyVisitor& v) {
  v.name({"topic", "which one grows", true}, Names::topic, topic);
  v.number({"count", "how many partitions it has then", true, true}, count, {1, 10000}, 1);
}
void CreatePartitions::draw(const Drawing& d) {
  topic = d.partition().topic;
  const auto& all = d.cluster.partitions;
  const auto now = std::count_if(all.begin(), all.end(), [&](const PartitionRef& p) { return p.topic == topic; });
  count = static_cast<std::int32_t>(now) + d.draw.number(f_amount, 1, 2);
}
void CreatePartitions::operate(const FaultOperator& op) const {
  op.tell(kText.name, fmt::format("{}: {}", topic, count), model::CreatePartitions{{topic, count}});
}

void AlterConfigs::body(KeyVisitor& v) {
  v.name({"topic", "absent: the cluster-wide defaults of the brokers"}, Names::topic, topic);
  v.altered({"set", "configs and their new values"}, {"delete", "configs that fall back to their defaults"},
            topic.empty() ? model::ConfigScope::broker : model::ConfigScope::topic, configs);
  if (topic.empty())
    for (const auto& [key, value] : configs)
      v.check(!model::topic_key_of(key).empty() || model::is_throttle_key(key), {},
              "'" + key + "' cannot be altered while brokers run");
  v.check(!configs.empty(), {}, "expected configs to 'set' or 'delete'");
}
void AlterConfigs::draw(const Drawing& d) {
  topic = d.partition().topic;
  configs.emplace_back(model::kMinInsyncReplicas, std::to_string(d.draw.number(f_amount, 1, d.cluster.brokers)));
}
void AlterConfigs::operate(const FaultOperator& op) const {
  model::IncrementalAlterConfigsRequest request;
  std::string what;
  for (const auto& [key, value] : configs) {
    request.configs.push_back({topic, model::NodeId(), key, value});
    what += fmt::format("{}{}{}", what.empty() ? "" : ", ", key, value ? "=" + *value : " deleted");
  }
  op.tell(kText.name, fmt::format("{}: {}", topic.empty() ? "all brokers" : topic, what), model::AlterConfigs{request});
}

void DeleteTopic::operate(const FaultOperator& op) const { op.tell(kText.name, topic, model::DeleteTopic{{topic}}); }
void DeleteTopic::undo(const FaultOperator& op) const { op.create_topic(topic); }

void CreateTopic::operate(const FaultOperator& op) const {
  const model::NodeId controller = op.controller();
  if (!controller.present()) return;
  op.create_topic(topic);
  op.say(controller, fmt::format("create-topic {}", topic));
}

void DeleteRecords::body(KeyVisitor& v) {
  v.partition({"partition", "whose records go", true}, partition);
  v.number({"before", "the first offset that stays; absent: the high watermark"}, before, kAnyAmount);
}
void DeleteRecords::draw(const Drawing& d) {
  partition = d.partition();
  if (d.draw(f_sign, 0, 1) == 0) before = d.whole(1, 300);
}
void DeleteRecords::operate(const FaultOperator& op) const {
  const auto tp = op.find(partition);
  if (!tp) return;
  const model::DeleteRecordsRequest request{kDeleteRecordsTimeout, {{*tp, model::Offset(before.value_or(-1))}}};
  op.tell_leader(partition, model::DeleteRecords{request},
                 before ? fmt::format("delete-records of {} before offset {}", to_string(partition), *before)
                        : fmt::format("delete-records of {} below its high watermark", to_string(partition)));
}

}  // namespace ktrial::scenarios
