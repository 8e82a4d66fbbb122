// A run told by hand to a judge, for the tests of properties.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "properties/judge.h"

namespace ktrial::properties {

using model::LeaderEpoch;
using model::Offset;
using model::QuorumEpoch;
using model::ValueId;

inline constexpr model::TopicPartition kTp{model::TopicId{1}, model::PartitionIndex{0}};
constexpr ValueId value(std::int64_t producer, std::int64_t n) { return ValueId{(producer << 40) + n}; }

// A run told by hand: each call is one event, a millisecond after the one before.
class Told {
 public:
  Judge judge;

  void fact(int node, const model::Fact& f) {
    ++event_;
    judge.on_fact(f, {model::milliseconds(event_), NodeId{node}, event_});
  }
  void injected(const Injected& fault) {
    ++event_;
    judge.on_injected(fault, {model::milliseconds(event_), fault.node, event_});
  }
  void leads(int node, int epoch) {
    model::BecameLeader f;
    f.partition = kTp;
    f.leader_epoch = LeaderEpoch{epoch};
    fact(node, f);
  }
  void appends(int node, std::int64_t base, int epoch, const std::vector<ValueId>& values, bool by_leader = false) {
    std::vector<model::Record> records;
    for (const ValueId v : values) records.push_back({model::KeyId{}, {}, v, Nanos{0}});
    model::BatchAppended f;
    f.partition = kTp;
    f.by_leader = by_leader;
    f.batch.base_offset = Offset{base};
    f.batch.partition_leader_epoch = LeaderEpoch{epoch};
    f.batch.record_count = static_cast<std::int32_t>(values.size());
    f.batch.records = std::make_shared<const std::vector<model::Record>>(std::move(records));
    fact(node, f);
  }
  void high_watermark(int node, std::int64_t from, std::int64_t to, int epoch, bool is_leader) {
    fact(node, model::HighWatermarkAdvanced{kTp, Offset{to}, Offset{from}, LeaderEpoch{epoch}, is_leader});
  }
  void acked(std::int64_t base, const std::vector<ValueId>& values, std::int32_t acks = -1) {
    fact(kClient, model::RecordAcknowledged{kTp, values.front(), values.back(), Offset{base}, acks, values});
  }
  void sent(ValueId v) { fact(kClient, model::RecordSent{kTp, v, 0, {}}); }
  void consumed(std::int64_t offset, ValueId v) {
    fact(kClient, model::RecordConsumed{kTp, Offset{offset}, LeaderEpoch{0}, v});
  }
  void unclean(int leader, int epoch) { state(leader, epoch, true); }
  void state(int leader, int epoch, bool unclean) {
    model::PartitionStateCommitted f;
    f.partition = kTp;
    f.leader = NodeId{leader};
    f.leader_epoch = LeaderEpoch{epoch};
    f.leader_changed = true;
    f.unclean = unclean;
    fact(kController, f);
  }
  Offset next_offset() { return Offset{next_metadata_++}; }
  void applied() { fact(kController, model::MetadataApplied{Offset{next_metadata_}, 0}); }
  void brokers_join() {
    for (const int broker : {1, 2, 3}) fact(kController, model::BrokerUnfenced{NodeId{broker}, next_offset()});
    applied();
  }
  struct State {
    int leader = 1;
    int leader_epoch = 0;
    std::vector<int> isr = {};
    std::vector<int> elr = {};
    int min_isr = 1;
    bool unclean = false;
    bool last_known = false;
    std::vector<int> replicas = {1, 2, 3};
    std::vector<int> adding = {};
    std::vector<int> removing = {};
    std::vector<int> last_known_elr = {};
  };
  // The last of its batch.
  void committed_state(const State& s) {
    const auto nodes = [](const std::vector<int>& ids) {
      std::vector<NodeId> out;
      for (const int id : ids) out.push_back(NodeId{id});
      return out;
    };
    model::PartitionStateCommitted f;
    f.partition = kTp;
    f.leader = NodeId{s.leader};
    f.leader_epoch = LeaderEpoch{s.leader_epoch};
    f.replicas = nodes(s.replicas);
    f.adding = nodes(s.adding);
    f.removing = nodes(s.removing);
    f.isr = nodes(s.isr);
    f.elr = nodes(s.elr);
    f.last_known_elr = nodes(s.last_known_elr);
    f.min_isr = s.min_isr;
    f.unclean = s.unclean;
    f.last_known_leader = s.last_known;
    f.leader_changed = s.unclean;
    if (s.unclean) f.leader_recovery_state = model::LeaderRecoveryState::RECOVERING;
    f.offset = next_offset();
    f.partition_epoch = model::PartitionEpoch{static_cast<std::int32_t>(f.offset.value)};
    fact(kController, f);
    applied();
  }
  void quorum_elected(int node, int epoch) { fact(node, model::QuorumLeaderElected{QuorumEpoch{epoch}, Offset{0}}); }
  void metadata(int node, std::int64_t base, int epoch, std::uint64_t content) {
    auto one = std::make_shared<const std::vector<model::MetadataRecord>>(1);
    fact(node, model::MetadataAppended{{Offset{base}, QuorumEpoch{epoch}, one}, content});
  }

  // Broker 1 leads epoch 0 and commits `a` and `b`; broker 2 has both, broker 3 only `a`.
  void two_committed() {
    leads(1, 0);
    appends(1, 0, 0, {a, b}, true);
    appends(2, 0, 0, {a, b});
    appends(3, 0, 0, {a});
    high_watermark(1, 0, 2, 0, true);
  }
  // The same, and the producer was told so with acks=all.
  void two_acked() {
    two_committed();
    acked(0, {a, b});
  }
  const ValueId a = value(1, 0), b = value(1, 1), c = value(1, 2);
  static constexpr int kController = 9, kClient = 100;

 private:
  std::uint64_t event_ = 0;
  std::int64_t next_metadata_ = 0;
};

struct Case {
  std::string reason;  // of the violation
  std::function<void(Told&)> breaks, keeps;
};
std::map<std::string, Case> group_cases();          // group_properties_test.cc
std::map<std::string, Case> controller_cases();     // controller_properties_test.cc
std::map<std::string, Case> recovery_cases();       // unclean_recovery_test.cc
std::map<std::string, Case> storage_cases();        // storage_properties_test.cc
std::map<std::string, Case> follower_read_cases();  // follower_reads_test.cc
std::map<std::string, Case> compaction_cases();     // compaction_properties_test.cc
std::map<std::string, Case> producer_cases();       // producer_properties_test.cc
std::map<std::string, Case> limit_cases();          // limit_properties_test.cc
std::map<std::string, Case> tiered_cases();         // tiered_properties_test.cc
std::map<std::string, Case> throttle_cases();       // throttle_properties_test.cc

inline FinishContext quiet_end() {
  FinishContext end;
  end.at = model::seconds(100);
  end.faults_ended = true;
  end.since_quiet = model::seconds(60);
  end.partitions.push_back({kTp, NodeId{1}, {NodeId{1}, NodeId{2}}, {NodeId{1}, NodeId{2}}});
  end.consumers.push_back({NodeId{100}, kTp, Offset{2}, Offset{2}});
  return end;
}

inline void loses_acked(Told& t) {
  t.two_acked();
  t.leads(3, 1);
}

// Bit rot that no checksum finds has changed the record at offset 1 on broker 2.
inline model::RecordRotted rots(const Told& t) { return {kTp, Offset{1}, t.b, model::rotten(t.b, NodeId{2})}; }

}  // namespace ktrial::properties
