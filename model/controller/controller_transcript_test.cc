// The controller, told as transcripts (model/transcript_for_test.h, testdata/*.txt). Method: one controller with
// eligible leader replicas; the transcript plays brokers 1 to 3 and an operator. Brokers send no heartbeats by
// themselves.
#include <fmt/format.h>

#include "model/controller/pump_for_test.h"
#include "model/transcript_for_test.h"

namespace ktrial::model {
namespace controller_transcript_test {

using testing::TranscriptCommand;
const TopicPartition kTp{TopicId(1), PartitionIndex(0)};
const NodeId kController{100};

ClusterConfig config() {
  ClusterConfig c;
  c.eligible_leader_replicas = true;
  c.broker_session_timeout = seconds(9);
  return c;
}

class Cluster {
 public:
  std::string answer(const TranscriptCommand& c) {
    told_ = pump_.facts.size();
    const std::string said = act(c);
    std::vector<Fact> facts;
    for (; told_ < pump_.facts.size(); ++told_) {
      const Fact& fact = pump_.facts[told_].second;
      // What the quorum says of its log is not what these stories are about.
      if (!std::holds_alternative<MetadataAppended>(fact) && !std::holds_alternative<MetadataCommitted>(fact) &&
          !std::holds_alternative<MetadataApplied>(fact))
        facts.push_back(fact);
    }
    return testing::tell(facts) + said;
  }

 private:
  std::string act(const TranscriptCommand& c) {
    const NodeId broker(c.number("broker"));
    if (c.verb() == "advance") {
      pump_.advance(c.duration("by"));
    } else if (c.verb() == "register") {
      BrokerRegistrationRequest request{broker, IncarnationId(c.number("incarnation")), {}};
      if (c.has("clean")) request.previous_broker_epoch = epochs_[broker];
      const auto r = pump_.ask<BrokerRegistrationResponse>(kController, request);
      if (r.error != Error::NONE) return fmt::format("{}\n", name(r.error));
      epochs_[broker] = r.broker_epoch;
    } else if (c.verb() == "heartbeat") {
      const auto r = pump_.ask<BrokerHeartbeatResponse>(
          kController, BrokerHeartbeatRequest{broker, epochs_[broker], Offset(c.number("metadata-offset", 1 << 20)),
                                              c.has("want-fence"), c.has("want-shutdown")});
      if (r.error != Error::NONE) return fmt::format("{}\n", name(r.error));
      return fmt::format("answer: {}{}\n", r.is_fenced ? "fenced" : "unfenced",
                         r.should_shut_down ? ", should shut down" : "");
    } else if (c.verb() == "create-topic") {
      CreateTopicsRequest request;
      request.name = "orders";
      request.assignment = {c.nodes("replicas")};
      request.configs = {{"min.insync.replicas", c.text("min-isr", "1")}};
      return error(pump_.ask<CreateTopicsResponse>(kController, request).error);
    } else if (c.verb() == "alter-partition") {
      return alter_partition(c, broker);
    } else if (c.verb() == "elect-leaders") {
      const auto type = c.has("unclean") ? ElectionType::unclean : ElectionType::preferred;
      return error(pump_.ask<ElectLeadersResponse>(kController, ElectLeadersRequest{type, {kTp}}).results.at(0).second);
    } else {
      return "no such verb: " + c.verb() + "\n";
    }
    return {};
  }

  std::string alter_partition(const TranscriptCommand& c, NodeId broker) {
    const PartitionRegistration& p = *pump_.leader().committed().partition(kTp);
    AlterPartitionRequest::Partition item;
    item.partition = kTp;
    item.leader_epoch = LeaderEpoch(c.number("epoch", p.leader_epoch.value));
    item.partition_epoch = PartitionEpoch(c.number("partition-epoch", p.partition_epoch.value));
    for (const NodeId id : c.nodes("isr")) item.new_isr.emplace_back(id, epochs_[id]);
    const auto r =
        pump_.ask<AlterPartitionResponse>(kController, AlterPartitionRequest{broker, epochs_[broker], {item}});
    return error(r.error != Error::NONE ? r.error : r.partitions.at(0).error);
  }

  static std::string error(Error e) { return fmt::format("answer: {}\n", name(e)); }

  Pump pump_{1, config()};
  std::map<NodeId, BrokerEpoch> epochs_;
  std::size_t told_ = 0;
};

void run(const std::string& name) {
  Cluster cluster;
  testing::run_transcript("controller/testdata/" + name + ".txt",
                          [&](const TranscriptCommand& c) { return cluster.answer(c); });
}

TEST(TranscriptOfController, EligibleLeaderReplicas) { run("eligible_leader_replicas"); }
TEST(TranscriptOfController, BrokerWhoseSessionExpires) { run("session_expires"); }
TEST(TranscriptOfController, AlterPartitionThatIsRefused) { run("alter_partition_refused"); }
TEST(TranscriptOfController, ControlledShutdown) { run("controlled_shutdown"); }

}  // namespace controller_transcript_test
}  // namespace ktrial::model
