// A partition on three brokers, told as transcripts (model/transcript_for_test.h, testdata/*.txt). Method: three
// replicas; the transcript plays the controller, says when a follower fetches, and how time passes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/replication/partition.h"
#include "model/transcript_for_test.h"

namespace ktrial::model {
namespace partition_transcript_test {

using testing::TranscriptCommand;
const TopicPartition kTp{TopicId(1), PartitionIndex(0)};

class Replicas {
 public:
  Replicas() {
    step_.now = step_.wall_clock = seconds(100);
    for (int id = 1; id <= 3; ++id) {
      brokers_[NodeId(id)] = {IncarnationId(1), BrokerEpoch(10 + id), false, false};
      PartitionConfig config;
      config.self = NodeId(id);
      config.topic.min_insync_replicas = 2;
      replicas_[id] = Partition(kTp, config, LogDisk());
    }
  }

  std::string answer(const TranscriptCommand& c) {
    std::string said;
    const int broker = c.number("broker", c.number("replica"));
    const auto at = replicas_.find(broker);
    if (at == replicas_.end() && c.verb() != "advance") return "no such broker\n";
    Partition* p = at == replicas_.end() ? nullptr : &at->second;
    if (c.verb() == "advance") {
      step_.now = step_.wall_clock = step_.now + c.duration("by");
    } else if (c.verb() == "become-leader") {
      p->make_leader(step_, registration(c, broker), brokers_);
    } else if (c.verb() == "become-follower") {
      p->make_follower(step_, registration(c, c.number("leader")));
    } else if (c.verb() == "append") {
      said = append(*p, c);
    } else if (c.verb() == "fetch") {
      said = fetch(broker, *p);
    } else if (c.verb() == "shrink-isr") {
      p->maybe_shrink_isr(step_);
    } else if (c.verb() == "alter-partition") {
      said = alter_partition(*p, c);
    } else if (c.verb() == "show") {
      said = show(*p);
    } else {
      said = "no such verb: " + c.verb() + "\n";
    }
    std::string told;
    std::istringstream facts(testing::tell(step_.facts));
    for (std::string line; std::getline(facts, line);)
      told += (p ? fmt::format("broker {}: {}\n", broker, line) : line + "\n");
    step_.facts.clear();
    step_.effects.clear();
    return told + said;
  }

 private:
  PartitionRegistration registration(const TranscriptCommand& c, int leader) {
    PartitionRegistration r;
    r.replicas = {NodeId(1), NodeId(2), NodeId(3)};
    r.isr = c.nodes("isr");
    r.leader = NodeId(leader);
    r.leader_epoch = LeaderEpoch(c.number("epoch"));
    r.partition_epoch = PartitionEpoch(c.number("partition-epoch", c.number("epoch")));
    return r;
  }

  std::string append(Partition& p, const TranscriptCommand& c) {
    RecordBatch batch;
    batch.record_count = c.number("count", 1);
    batch.size_in_bytes = 70;
    const Acks acks = c.text("acks") == "all" ? Acks::all : Acks::leader;
    const AppendResult r = p.append(step_, batch, acks, brokers_);
    if (r.error != Error::NONE) return fmt::format("refused: {}\n", name(r.error));
    const auto outcome = p.produce_outcome(r.required_offset);
    if (acks != Acks::all) return {};
    return outcome ? fmt::format("acks=all: {}\n", name(*outcome))
                   : fmt::format("acks=all waits for the high watermark {}\n", r.required_offset.value);
  }

  // One fetch of a follower at the end of its log, from who it follows.
  std::string fetch(int replica, Partition& follower) {
    if (follower.role() != ReplicaRole::follower) return "is no follower\n";
    Partition& leader = replicas_.at(follower.leader().value);
    const OffsetAndEpoch end = follower.log().end_offset_for(follower.log().epochs().latest());
    const FetchRequest::Partition request{kTp,       follower.leader_epoch(),    follower.log().log_end(),
                                          end.epoch, follower.log().log_start(), 1 << 20};
    const BrokerEpoch epoch = brokers_.at(NodeId(replica)).epoch;
    const PartitionRead read = leader.read(request, NodeId(replica), epoch, brokers_, 1 << 20, true);
    std::string said = fmt::format("fetch at offset {}: ", request.fetch_offset.value);
    if (read.response.error != Error::NONE) return fmt::format("{}{}\n", said, name(read.response.error));
    if (const OffsetAndEpoch& diverging = read.response.diverging_epoch; diverging.epoch.present()) {
      follower.truncate_to_leader(step_, diverging);
      return said +
             fmt::format("diverging epoch {}, which ends at {}\n", diverging.epoch.value, diverging.offset.value);
    }
    const std::vector<Fact> before = std::exchange(step_.facts, {});
    leader.follower_fetched(step_, NodeId(replica), epoch, request, read.leader_log_end, brokers_);
    const std::string leader_said = testing::tell(std::exchange(step_.facts, before));
    follower.copy_from_leader(step_, read.response, request.current_leader_epoch);
    return said +
           fmt::format("{} batches, high watermark {}\n", read.response.batches.size(),
                       read.response.high_watermark.value) +
           (leader_said.empty() ? "" : "leader: " + leader_said);
  }

  std::string alter_partition(Partition& p, const TranscriptCommand& c) {
    const auto proposal = p.proposal(BrokerEpoch(10));
    if (!proposal) return "nothing is proposed\n";
    AlterPartitionResponse::Partition answer{kTp, Error::NONE, p.leader(), p.leader_epoch(), c.nodes("isr"), {}, {}};
    if (c.text("answer", "NONE") == "INELIGIBLE_REPLICA") answer.error = Error::INELIGIBLE_REPLICA;
    if (c.text("answer") == "INVALID_UPDATE_VERSION") answer.error = Error::INVALID_UPDATE_VERSION;
    answer.partition_epoch = p.partition_epoch() + 1;
    PartitionProgress change;
    return p.on_alter_partition(step_, *proposal, answer, brokers_, change) ? "is sent again\n" : "";
  }

  static std::string show(const Partition& p) {
    const char* role = p.role() == ReplicaRole::leader     ? "leader"
                       : p.role() == ReplicaRole::follower ? "follower"
                                                           : "no role";
    std::string out = fmt::format("{} in leader epoch {}, log end {}, high watermark {}, epochs", role,
                                  p.leader_epoch().value, p.log().log_end().value, p.log().high_watermark().value);
    for (const EpochEntry& e : p.log().epochs().entries()) out += fmt::format(" {}@{}", e.epoch.value, e.start.value);
    const auto list = [](const std::vector<NodeId>& ids) {
      std::string text;
      for (const NodeId id : ids) text += (text.empty() ? "" : ",") + std::to_string(id.value);
      return text;
    };
    if (p.role() == ReplicaRole::leader) out += ", ISR " + list(p.isr().committed);
    if (p.isr().proposed) out += ", proposes " + list(*p.isr().proposed);
    return out + "\n";
  }

  Step step_;
  Brokers brokers_;
  std::map<int, Partition> replicas_;
};

void run(const std::string& name) {
  Replicas replicas;
  testing::run_transcript("replication/testdata/" + name + ".txt",
                          [&](const TranscriptCommand& c) { return replicas.answer(c); });
}

TEST(TranscriptOfPartition, TruncationByDivergingEpoch) { run("truncation_by_diverging_epoch"); }
TEST(TranscriptOfPartition, IsrShrinksAndGrows) { run("isr_shrinks_and_grows"); }
TEST(TranscriptOfPartition, BelowMinIsr) { run("below_min_isr"); }
TEST(TranscriptOfPartition, LeaderThatWasDeposed) { run("leader_that_was_deposed"); }

}  // namespace partition_transcript_test
}  // namespace ktrial::model
