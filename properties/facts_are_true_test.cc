// Goal: a fact that is missing or false is found by looking at the nodes. Method: one replica that leads, whose facts
// are told to a judge whole, or without one of them.
#include <gtest/gtest.h>

#include "model/replication/partition.h"
#include "properties/nodes_view.h"
#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace facts_are_true_test {

using namespace model;

const NodeId kBroker{1};

struct Replica {
  Step step;
  Brokers brokers;
  Partition partition;
  MetadataImage image;
  Judge judge;

  Replica() {
    for (int id = 1; id <= 2; ++id) brokers[NodeId(id)] = {IncarnationId(1), BrokerEpoch(id), false, false};
    PartitionConfig config;
    config.self = kBroker;
    partition = Partition(kTp, config, LogDisk());
  }
  PartitionRegistration registration(int epoch) {
    return {{NodeId(1), NodeId(2)}, {NodeId(1)}, kBroker, LeaderEpoch(epoch), PartitionEpoch(epoch)};
  }
  void work() {
    partition.make_leader(step, registration(1), brokers);
    RecordBatch batch;
    batch.record_count = 3;
    batch.size_in_bytes = 100;
    batch.producer_id = ProducerId(7);
    batch.producer_epoch = ProducerEpoch(0);
    batch.base_sequence = Sequence(0);
    for (int i = 0; i < 2; ++i, batch.base_sequence = Sequence(3 * i))
      partition.append(step, batch, Acks::all, brokers);
    PartitionRegistration other = registration(2);
    other.leader = NodeId(2);
    partition.make_follower(step, other);
    partition.truncate(step, Offset(3));
  }
  // What the property says when the facts are told but for those of this kind.
  std::string verdict(int omitted, NodesView::Depth depth = NodesView::Depth::whole) {
    work();
    std::uint64_t event = 0;
    for (const Fact& fact : step.facts)
      if (kind(fact) != omitted) judge.on_fact(fact, {milliseconds(1), kBroker, ++event});
    NodesView view;
    view.depth = depth;
    view.replicas.push_back({kBroker, &partition});
    view.metadata.push_back({kBroker, &image});
    judge.on_look(view, {milliseconds(2), NodeId(), event});
    const Verdict v = judge.verdict("facts-are-true");
    return v.violations.empty() ? "" : v.violations.front().reason;
  }
};

TEST(FactsAreTrue, NothingIsWrongWithWhatIsToldWhole) {
  EXPECT_EQ(Replica().verdict(-1), "");
  EXPECT_EQ(Replica().verdict(-1, NodesView::Depth::tails), "");
}

TEST(FactsAreTrue, AMissingFactIsWhatTheNodeHoldsOtherwise) {
  EXPECT_EQ(Replica().verdict(fact_kind<BatchAppended>()), "a fact is missing or false: log end");
  EXPECT_EQ(Replica().verdict(fact_kind<LogTruncated>()), "a fact is missing or false: log end");
  EXPECT_EQ(Replica().verdict(fact_kind<HighWatermarkAdvanced>()), "a fact is missing or false: high watermark");
  EXPECT_EQ(Replica().verdict(fact_kind<BecameFollower>()), "a fact is missing or false: role");
  EXPECT_EQ(Replica().verdict(fact_kind<ProducerStateTold>()), "a fact is missing or false: producer state");
}

TEST(FactsAreTrue, AReplicaThatIsGoneUntoldIsMissed) {
  Replica r;
  r.work();
  for (const Fact& fact : r.step.facts) r.judge.on_fact(fact, {milliseconds(1), kBroker, 1});
  NodesView view;
  view.metadata.push_back({kBroker, &r.image});
  r.judge.on_look(view, {milliseconds(2), NodeId(), 1});
  EXPECT_EQ(r.judge.verdict("facts-are-true").violations.size(), 1u);
}

TEST(FactsAreTrue, AnAppendWhereRecordsAreToldIsATruncationUntold) {
  Told told;
  told.appends(1, 0, 1, {value(1, 0), value(1, 1)});
  told.appends(1, 1, 2, {value(1, 2)});
  told.judge.on_look({}, {milliseconds(9), NodeId(), 9});
  EXPECT_EQ(told.judge.verdict("facts-are-true").violations.size(), 1u);
}

}  // namespace facts_are_true_test
}  // namespace ktrial::properties
