// What a random fault plan is drawn from: named decisions, and what there is to hit in a scenario.
//
// Always holds: a field of a fault is one decision, so that what is drawn for one field moves no other.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "scenarios/fault_text.h"
#include "scenarios/scenario.h"
#include "sim/decision.h"

namespace ktrial::scenarios {

// The fields of one drawn fault; part of the decision's name. A field is drawn once for each fault.
enum Field : std::uint32_t {
  f_count,
  f_kind,
  f_target,
  f_which,  // node, partition, group or client of the target
  f_part,   // one or all of them
  f_trigger,
  f_condition,
  f_condition_about,
  f_condition_value,
  f_at,
  f_after,
  f_length,  // brief, as a timeout, long
  f_length_of,
  f_delay_of,
  f_duration,
  f_shape,
  f_other,
  f_other_which,
  f_other_part,
  f_message,
  f_amount,
  f_sign,
  f_focus,  // of the whole plan
  f_focus_begin,
  f_focus_length,
  f_replicas,  // of a reassignment: how many
  f_late_reply,
  f_half,  // + node: which side it is on
  f_log_dir = 5000,
};

class Draw {
 public:
  Draw(const sim::Decisions& decisions, std::uint32_t fault) : decisions_(decisions), fault_(fault) {}
  std::uint64_t operator()(std::uint32_t field, std::uint64_t lowest, std::uint64_t highest) const {
    return decisions_.uniform({sim::DecisionKind::fault, fault_, field, 0, 0}, Nanos::zero(), lowest, highest);
  }
  std::int32_t number(std::uint32_t field, std::int32_t lowest, std::int32_t highest) const {
    return static_cast<std::int32_t>(
        (*this)(field, static_cast<std::uint64_t>(lowest), static_cast<std::uint64_t>(highest)));
  }
  Nanos duration(std::uint32_t field, Nanos lowest, Nanos highest) const {
    return Nanos(static_cast<std::int64_t>((*this)(field, static_cast<std::uint64_t>(lowest.count()),
                                                   static_cast<std::uint64_t>(std::max(lowest, highest).count()))));
  }
  template <class T>
  const T& one_of(std::uint32_t field, const std::vector<T>& items) const {
    return items[(*this)(field, 0, items.size() - 1)];
  }

 private:
  const sim::Decisions& decisions_;
  std::uint32_t fault_;
};

// What there is to hit in a scenario, in one order.
struct Cluster {
  explicit Cluster(const Scenario& s) : brokers(s.cluster.brokers), controllers(s.cluster.controllers) {
    for (const TopicSpec& topic : s.cluster.topics)
      for (std::int32_t p = 0; p < topic.partitions; ++p) partitions.push_back({topic.name, p});
    for (std::int32_t id = 1; id <= brokers + controllers; ++id) nodes.push_back(server(id));
    for (const ClientSpec& client : s.clients) {
      const auto* group = std::get_if<GroupSpec>(&client);
      if (!group) {
        clients.push_back(named(Selector::Kind::client, name_of(client)));
        continue;
      }
      groups.push_back(group->name);
      for (std::int32_t i = 1; i <= group->members; ++i)
        members.push_back(named(Selector::Kind::client, group->name + "/" + std::to_string(i)));
    }
    clients.insert(clients.end(), members.begin(), members.end());
    nodes.insert(nodes.end(), clients.begin(), clients.end());
    tiered = has_remote_storage(s);
    if (tiered) nodes.push_back(named(Selector::Kind::client, kRemoteStorage));
    // Whatever the cluster waits for, a fault may last about as long.
    const model::ClusterConfig& config = s.cluster.config.effective;
    timeouts = {config.broker_session_timeout, config.replica_lag_time_max, config.quorum.election_timeout,
                config.quorum.fetch_timeout, config.replica_fetch_wait_max};
    for (const ClientSpec& client : s.clients) {
      if (const auto* p = std::get_if<ProducerSpec>(&client)) {
        timeouts.push_back(p->config.effective.request_timeout);
        idempotence = idempotence || p->config.effective.enable_idempotence;
      }
      if (const auto* g = std::get_if<GroupSpec>(&client)) timeouts.push_back(g->config.effective.session_timeout);
    }
    for (const std::string& name : message_names())
      if ((!groups.empty() || !of_groups(name)) && (config.log_dirs.size() > 1 || !of_log_dirs(name)) &&
          (idempotence || !of_producer_ids(name)) && (tiered || !of_remote_storage(name)) &&
          (config.unclean_recovery_manager || !of_unclean_recovery(name)))
        messages.push_back(name);
    log_dirs = config.log_dirs;
  }

  Selector server(std::int32_t id) const {
    Selector s;
    s.kind = id <= brokers ? Selector::Kind::broker : Selector::Kind::controller;
    s.node = id;
    return s;
  }
  static Selector named(Selector::Kind kind, const std::string& name) {
    Selector s;
    s.kind = kind;
    s.name = name;
    return s;
  }
  static bool of_groups(const std::string& message) {
    for (const char* word : {"Coordinator", "Group", "OffsetCommit", "OffsetFetch"})
      if (message.find(word) != std::string::npos) return true;
    return message == "HeartbeatRequest" || message == "HeartbeatResponse";
  }
  static bool of_producer_ids(const std::string& message) { return message.find("ProducerId") != std::string::npos; }

  static bool of_remote_storage(const std::string& message) { return message.find("LogSegment") != std::string::npos; }
  static bool of_unclean_recovery(const std::string& message) { return message.starts_with("GetReplicaLogInfo"); }
  static bool of_log_dirs(const std::string& message) { return message.starts_with("AssignReplicasToDirs"); }

  std::int32_t brokers, controllers;
  std::vector<PartitionRef> partitions;
  std::vector<Selector> nodes, clients, members;
  std::vector<std::string> groups;
  std::vector<Nanos> timeouts;
  std::vector<std::string> messages;
  std::vector<std::string> log_dirs;
  bool idempotence = false;  // of some producer
  bool tiered = false;
};

// What a kind of fault draws its own values from, whom it hits among them.
class Drawing {
 public:
  const Cluster& cluster;
  const RandomFaults& random;
  const Draw& draw;
  RandomTarget target;

  std::vector<Selector> targets() const;
  Sides sides() const;
  // Any part of the nodes, but neither none nor all.
  std::vector<Selector> half() const;
  const PartitionRef& partition() const { return draw.one_of(f_which, cluster.partitions); }
  const std::string& message() const { return draw.one_of(f_message, cluster.messages); }
  // One directory, or now and then all of them (empty).
  std::string log_dir() const;
  std::int64_t whole(std::uint64_t lowest, std::uint64_t highest) const {
    return static_cast<std::int64_t>(draw(f_amount, lowest, highest));
  }
  // About as long as something that the cluster waits for.
  Nanos like_a_timeout(std::uint32_t which, std::uint32_t field, Nanos longest) const {
    const Nanos timeout = std::min(draw.one_of(which, cluster.timeouts), longest);
    return draw.duration(field, timeout * 3 / 4, timeout * 3 / 2);
  }
};

}  // namespace ktrial::scenarios
