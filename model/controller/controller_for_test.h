// One controller, three brokers played by the test, and the topic "orders" on all of them.
#pragma once

#include <gtest/gtest.h>

#include "model/controller/pump_for_test.h"
#include "model/probes.h"

namespace ktrial::model {

inline const TopicPartition kTp{TopicId{1}, PartitionIndex{0}};

struct ControllerTest : ::testing::Test {
  explicit ControllerTest(ClusterConfig config = {}) : p(1, config) {}
  Pump p;
  NodeId c{100};
  std::map<int, BrokerEpoch> epochs;
  std::vector<std::pair<std::string, std::string>> topic_configs;
  BrokerHeartbeatResponse beat(int id, bool fence = false, bool shut_down = false, int metadata_offset = 1 << 20) {
    return p.ask<BrokerHeartbeatResponse>(
        c, BrokerHeartbeatRequest{NodeId{id}, epochs[id], Offset{metadata_offset}, fence, shut_down});
  }
  BrokerRegistrationResponse enlist(int id, int incarnation, BrokerEpoch previous = {}) {
    return p.ask<BrokerRegistrationResponse>(
        c, BrokerRegistrationRequest{NodeId{id}, IncarnationId{incarnation}, previous});
  }
  Error elect(ElectionType type) {
    const auto r = p.ask<ElectLeadersResponse>(c, ElectLeadersRequest{type, {kTp}});
    return r.results.at(0).second;
  }
  Error create(std::string name, int partitions, int replication_factor,
               std::vector<std::vector<NodeId>> assignment = {},
               std::vector<std::pair<std::string, std::string>> configs = {}) {
    CreateTopicsRequest r;
    r.name = std::move(name);
    r.partitions = partitions;
    r.replication_factor = static_cast<std::int16_t>(replication_factor);
    r.assignment = std::move(assignment);
    r.configs = std::move(configs);
    return p.ask<CreateTopicsResponse>(c, r).error;
  }
  // An operator's command. False: refused.
  template <class C>
  bool tell(C command) {
    const auto refusals = [this] {
      int n = 0;
      for (const auto& [id, f] : p.facts)
        if (const auto* probe = std::get_if<ProbeHit>(&f)) n += probe->probe == Probe::operator_refused;
      return n;
    };
    const int before = refusals();
    p.run(c, [&](auto& n, Step& s) { n.on_command(s, Command(command)); });
    p.advance(milliseconds(200));
    return refusals() == before;
  }
  bool probed(Probe probe) const {
    for (const auto& [id, fact] : p.facts)
      if (const auto* hit = std::get_if<ProbeHit>(&fact); hit && hit->probe == probe) return true;
    return false;
  }
  // An absent value: it is deleted. No topic: the cluster-wide default.
  bool alter_config(const std::string& topic, const std::string& key, std::optional<std::string> value) {
    return tell(AlterConfigs{{{{topic, NodeId(), key, std::move(value)}}}});
  }
  void SetUp() override {
    for (int id : {1, 2, 3}) {
      const auto r = p.ask<BrokerRegistrationResponse>(c, BrokerRegistrationRequest{NodeId{id}, IncarnationId{id}, {}});
      ASSERT_EQ(r.error, Error::NONE);
      epochs[id] = r.broker_epoch;
      EXPECT_FALSE(p.leader().committed().is_active(NodeId{id}));
      beat(id);
      EXPECT_TRUE(p.leader().committed().is_active(NodeId{id}));
    }
    CreateTopicsRequest create;
    create.name = "orders";
    create.assignment = {{NodeId{1}, NodeId{2}, NodeId{3}}};
    create.configs = topic_configs;
    ASSERT_EQ(p.ask<CreateTopicsResponse>(c, create).error, Error::NONE);
  }
  const PartitionRegistration& state() { return *p.leader().committed().partition(kTp); }
  Error alter(AlterPartitionRequest::Partition r, int from = 1) {
    const auto a = p.ask<AlterPartitionResponse>(c, AlterPartitionRequest{NodeId{from}, epochs[from], {r}});
    return a.error != Error::NONE ? a.error : a.partitions.at(0).error;
  }
};

}  // namespace ktrial::model
