#include "model/replication/replica_selector.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace replica_selector_test {

// Brokers 1 and 4 are in the east, 2 and 3 in the west.
std::string rack_of(NodeId id) { return id == NodeId{1} || id == NodeId{4} ? "east" : "west"; }
NodeId select(const std::string& rack, int leader, const std::vector<ReplicaView>& followers) {
  return select_in_rack(rack, NodeId{leader}, followers, rack_of);
}
ReplicaView view(int id, int end, int caught_up_ms) { return {NodeId{id}, Offset{end}, milliseconds(caught_up_ms)}; }

TEST(RackAwareReplicaSelector, TakesTheMostCaughtUpFollowerOfTheRack) {
  EXPECT_EQ(select("west", 1, {view(2, 5, 10), view(3, 6, 5)}), NodeId{3});   // by log end
  EXPECT_EQ(select("west", 1, {view(2, 5, 10), view(3, 5, 5)}), NodeId{2});   // then by time
  EXPECT_EQ(select("west", 1, {view(2, 5, 10), view(3, 5, 10)}), NodeId{3});  // then by id
}

TEST(RackAwareReplicaSelector, StaysWithTheLeaderOfTheSameRackOrWithoutOne) {
  EXPECT_EQ(select("east", 1, {view(4, 9, 9)}), NodeId());
  EXPECT_EQ(select("north", 1, {view(2, 9, 9)}), NodeId());
  EXPECT_EQ(select("", 1, {view(2, 9, 9)}), NodeId());
}

}  // namespace replica_selector_test
}  // namespace ktrial::model
