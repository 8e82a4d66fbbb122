// Facts about what the controller committed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/facts/fact.h"
#include "model/metadata_records.h"

namespace ktrial::model {

bool is_throttle_key(std::string_view key);  // model/config_keys.h

struct PartitionStateCommitted {
  TopicPartition partition;
  NodeId leader;
  LeaderEpoch leader_epoch;
  PartitionEpoch partition_epoch;
  std::vector<NodeId> replicas;
  std::vector<NodeId> isr;
  LeaderRecoveryState leader_recovery_state = LeaderRecoveryState::RECOVERED;
  bool leader_changed = false;
  bool unclean = false;  // the new leader was neither in the ISR nor in the ELR before
  bool created = false;
  std::vector<NodeId> elr = {};
  std::vector<NodeId> last_known_elr = {};
  std::vector<NodeId> adding = {};
  std::vector<NodeId> removing = {};
  std::int32_t min_isr = 1;        // effective, as the controller sees it
  bool last_known_leader = false;  // unclean: the last known leader, with the ISR and the ELR empty
  Offset offset = {};              // of the record in the metadata log
  KTRIAL_FACT(PartitionStateCommitted, 9, partition, leader, leader_epoch, partition_epoch, replicas, isr,
              leader_recovery_state, leader_changed, unclean, created, elr, last_known_elr, adding, removing, min_isr,
              last_known_leader, offset)
  static constexpr FieldNote kNotes[] = {
      {"adding", "addingReplicas"}, {"removing", "removingReplicas"}, {"min_isr", nullptr, "replicas"}};
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr bool kSaidByEachController = true;
  static constexpr Goal kGoals[] = {{"leader-changed", "a partition got another leader after its creation"},
                                    {"unclean-election", "a leader was elected from outside the ISR"}};
  bool reaches(std::size_t goal) const { return goal == 0 ? leader_changed && !created : unclean; }
  Weight weight(const AtIssue& issue) const {
    return issue.of(partition, unclean || last_known_leader          ? Weight::decisive
                               : leader_changed && !leader.present() ? Weight::matters
                               : created                             ? Weight::none
                                                                     : issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition,
               created             ? ": created"
               : last_known_leader ? ": the last known leader is elected, uncleanly"
               : unclean           ? ": unclean leader election"
                                   : ": state committed",
               ", leader ", leader, leader_changed ? " (changed)" : "", ", leader epoch ", leader_epoch,
               ", partition epoch ", partition_epoch, ", replicas ", replicas, ", ISR ", isr,
               leader_recovery_state == LeaderRecoveryState::RECOVERING ? ", RECOVERING" : "",
               elr.empty() ? std::string() : say(", ELR ", elr),
               last_known_elr.empty() ? std::string() : say(", last known ELR ", last_known_elr),
               adding.empty() ? std::string() : say(", adding ", adding),
               removing.empty() ? std::string() : say(", removing ", removing));
  }
};

struct BrokerStarted {  // a new process
  IncarnationId incarnation;
  KTRIAL_FACT(BrokerStarted, 53, incarnation)
  static constexpr FieldNote kNotes[] = {{"incarnation", "incarnationId"}};
  Weight weight(const AtIssue& issue) const { return issue.of_cluster(issue.if_judged(Weight::context)); }
  auto tell(auto say) const { return say("broker started, incarnation ", incarnation); }
};

struct BrokerRegistered {  // fenced
  NodeId broker;
  BrokerEpoch broker_epoch;
  Offset offset = {};
  IncarnationId incarnation = {};
  KTRIAL_FACT(BrokerRegistered, 10, broker, broker_epoch, offset, incarnation)
  static constexpr FieldNote kNotes[] = {{"incarnation", "incarnationId"}};
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr bool kSaidByEachController = true;
  Weight weight(const AtIssue& issue) const { return issue.of_cluster(issue.if_judged(Weight::context)); }
  auto tell(auto say) const { return say("broker ", broker, " registered with broker epoch ", broker_epoch); }
};

struct BrokerFenced {
  NodeId broker;
  Offset offset = {};
  KTRIAL_FACT(BrokerFenced, 11, broker, offset)
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr bool kSaidByEachController = true;
  static constexpr Goal kGoals[] = {{"broker-fenced", "the controller fenced a broker"}};
  Weight weight(const AtIssue& issue) const { return issue.of_cluster(Weight::context); }
  auto tell(auto say) const { return say("broker ", broker, " fenced"); }
};

struct BrokerUnfenced {
  NodeId broker;
  Offset offset = {};
  KTRIAL_FACT(BrokerUnfenced, 12, broker, offset)
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr bool kSaidByEachController = true;
  Weight weight(const AtIssue& issue) const { return issue.of_cluster(issue.if_judged(Weight::context)); }
  auto tell(auto say) const { return say("broker ", broker, " unfenced"); }
};

struct BrokerInControlledShutdown {
  NodeId broker;
  Offset offset = {};
  KTRIAL_FACT(BrokerInControlledShutdown, 39, broker, offset)
  static constexpr bool kSaidByEachController = true;
  Weight weight(const AtIssue& issue) const { return issue.of_cluster(Weight::context); }
  auto tell(auto say) const { return say("broker ", broker, " in controlled shutdown"); }
};

struct ShutdownGranted {  // by the active controller, to a broker that gave up its leaderships at that offset
  NodeId broker;
  Offset shutdown_offset;
  KTRIAL_FACT(ShutdownGranted, 40, broker, shutdown_offset)
  Weight weight(const AtIssue& issue) const { return issue.of_cluster(issue.if_judged(Weight::matters)); }
  auto tell(auto say) const {
    return say("broker ", broker, " may shut down: every active broker knows of offset ", shutdown_offset);
  }
};

struct TopicCreated {
  std::string name;
  TopicId id;
  std::int32_t partitions = 0;
  KTRIAL_FACT(TopicCreated, 13, name, id, partitions)
  static constexpr FieldNote kNotes[] = {{"partitions", nullptr, "partitions"}};
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr bool kSaidByEachController = true;
  Weight weight(const AtIssue& issue) const {
    return issue.of_cluster(issue.partition && issue.partition->topic == id ? Weight::context : Weight::none);
  }
  auto tell(auto say) const { return say("topic ", id, " created as ", name, " with ", partitions, " partitions"); }
};

struct TopicDeleted {
  std::string name;
  TopicId id;
  KTRIAL_FACT(TopicDeleted, 41, name, id)
  static constexpr bool kSaidByEachController = true;
  Weight weight(const AtIssue& issue) const {
    return issue.partition && issue.partition->topic != id ? Weight::none : issue.of_cluster(Weight::matters);
  }
  auto tell(auto say) const { return say("topic ", id, ", named ", name, ", deleted"); }
};

struct ConfigCommitted {  // by the controller: a config is another; of a topic as it was created only the throttle's
  TopicId topic;          // absent: of a broker
  NodeId broker;          // absent, and no topic: of all brokers
  std::string key;
  std::string value;  // empty: removed
  Offset offset;      // of the record
  KTRIAL_FACT(ConfigCommitted, 79, topic, broker, key, value, offset)
  static constexpr bool kSaidByEachController = true;
  static constexpr Goal kGoals[] = {{"config-altered", "an operator has altered a config other than the throttle's"}};
  bool reaches(std::size_t) const { return !is_throttle_key(key); }
  Weight weight(const AtIssue& issue) const {
    if (broker.present()) return issue.of_cluster(issue.if_judged(Weight::matters));
    return topic.present() && issue.partition && issue.partition->topic != topic
               ? Weight::none
               : issue.of_cluster(issue.judged ? Weight::matters : Weight::context);
  }
  auto tell(auto say) const {
    return say(topic.present()    ? say("topic ", topic)
               : broker.present() ? say("broker ", broker)
                                  : "all brokers",
               value.empty() ? ": removed " : ": ", key, value.empty() ? "" : "=", value);
  }
};

struct ControllerFacts
    : FactList<PartitionStateCommitted, BrokerStarted, BrokerRegistered, BrokerFenced, BrokerUnfenced,
               BrokerInControlledShutdown, ShutdownGranted, TopicCreated, TopicDeleted, ConfigCommitted> {
  static constexpr const char* kAbout = "what the controller committed";
};

}  // namespace ktrial::model
