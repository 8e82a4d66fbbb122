// The link of KRaft: five channels to one controller, each with one request in flight.
#include "model/broker/controller_channels.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace controller_channels_test {

using L = ControllerLine;

TEST(ControllerChannels, EachPurposeHasItsOwnConnectionAndOneRequestInFlight) {
  ControllerChannels link{ClusterConfig()};
  Step step;
  EXPECT_FALSE(link.reachable());
  EXPECT_FALSE(link.send(step, L::lifecycle, BrokerHeartbeatRequest{}));
  link.set_controller(step, NodeId(100), [](L) { ADD_FAILURE(); });
  EXPECT_TRUE(link.reachable());
  EXPECT_TRUE(link.send(step, L::lifecycle, BrokerHeartbeatRequest{}));
  EXPECT_FALSE(link.send(step, L::lifecycle, BrokerHeartbeatRequest{}));
  EXPECT_TRUE(link.idle(L::alter_partition));
  EXPECT_TRUE(link.send(step, L::alter_partition, AlterPartitionRequest{}));
  EXPECT_EQ(link.owner(ConnectionId{step.self, 0}), L::lifecycle);
  EXPECT_EQ(link.owner(ConnectionId{step.self, 1}), L::alter_partition);
  EXPECT_FALSE(link.owner(ConnectionId{step.self, 2}));
  EXPECT_TRUE(link.on_message(step, L::lifecycle, Message{1, BrokerHeartbeatResponse{}}));
  EXPECT_FALSE(link.on_message(step, L::lifecycle, Message{1, BrokerHeartbeatResponse{}}));
  EXPECT_TRUE(link.idle(L::lifecycle));
}

TEST(ControllerChannels, AnotherControllerEndsWhatIsInFlight) {
  ControllerChannels link{ClusterConfig()};
  Step step;
  link.set_controller(step, NodeId(100), [](L) {});
  EXPECT_TRUE(link.send(step, L::producer_ids, AllocateProducerIdsRequest{}));
  EXPECT_TRUE(link.send(step, L::assignments, AssignReplicasToDirsRequest{}));
  std::vector<L> lost;
  link.set_controller(step, NodeId(101), [&](L line) { lost.push_back(line); });
  EXPECT_EQ(lost, (std::vector{L::assignments, L::producer_ids}));
  EXPECT_TRUE(link.idle(L::producer_ids));
  EXPECT_FALSE(link.on_timeout(step, L::producer_ids));
}

}  // namespace controller_channels_test
}  // namespace ktrial::model
