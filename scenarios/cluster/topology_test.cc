#include "scenarios/cluster/topology.h"

#include <gtest/gtest.h>

namespace ktrial::scenarios {
namespace topology_test {

Scenario scenario() {
  Scenario s;
  s.cluster.brokers = 2;
  s.cluster.controllers = 1;
  ProducerSpec producer;
  producer.name = "p1";
  GroupSpec group;
  group.name = "readers";
  group.members = 2;
  s.clients = {producer, group};
  return s;
}

TEST(Topology, IdsCountFromOneInTheOrderOfTheRoles) {
  const Topology t(scenario());
  EXPECT_EQ(t.names,
            (std::vector<std::string>{"broker 1", "broker 2", "controller 3", "p1", "readers/1", "readers/2"}));
  EXPECT_EQ(t.brokers, (std::vector{model::NodeId(1), model::NodeId(2)}));
  EXPECT_EQ(t.controllers, std::vector{model::NodeId(3)});
  ASSERT_EQ(t.clients.size(), 2u);
  EXPECT_EQ(t.clients[1], (std::vector{model::NodeId(5), model::NodeId(6)}));
  EXPECT_FALSE(t.remote_storage.present());
}

TEST(Topology, EachNodeHasOneRoleAndItsName) {
  const Topology t(scenario());
  for (const auto id : {1, 2, 3, 4, 5, 6}) {
    const model::NodeId node(id);
    EXPECT_EQ(t.is_broker(node) + t.is_controller(node) + t.is_client(node), 1) << id;
  }
  EXPECT_EQ(t.name(model::NodeId(3)), "controller 3");
}

TEST(Topology, TheRemoteStorageIsTheLastNodeWhenSomethingIsTiered) {
  Scenario s = scenario();
  s.cluster.config.effective.remote_log_storage_system_enable = true;
  EXPECT_FALSE(Topology(s).remote_storage.present());
  TopicSpec topic;
  topic.config.effective.remote_storage_enable = true;
  s.cluster.topics = {topic};
  const Topology t(s);
  EXPECT_EQ(t.remote_storage, model::NodeId(7));
  EXPECT_TRUE(t.is_client(t.remote_storage));
  EXPECT_EQ(t.names.back(), kRemoteStorage);
}

}  // namespace topology_test
}  // namespace ktrial::scenarios
