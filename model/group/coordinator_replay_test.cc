// What a coordinator holds is in its log: another one that replays the log knows the same groups and offsets.
//
// Method: a plan of what members do and how time passes, which shrinks, on the small world of group tests; now and then
// a second coordinator loads the log so far and is compared with the first. Compared are what has been stored: a
// rebalance that is on its way is memory, and is lost with its coordinator.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "model/group/group_test_world.h"

namespace ktrial::model {
namespace coordinator_replay_test {

using testing::orders;
using testing::World;

// Subscription and assignment of each member, and who leads.
auto stored(const ClassicGroup& group) {
  std::map<MemberId, std::pair<std::vector<TopicId>, std::vector<TopicPartition>>> members;
  for (const auto& [id, member] : group.members()) members[id] = {member.subscription, member.assignment};
  return std::make_tuple(group.generation(), group.leader(), members);
}

void compare_with_replay(World& w) {
  World::Broker broker;
  broker.s.now = w.now;
  GroupCoordinator replayed(w.config);
  replayed.on_elected(broker, w.shard, LeaderEpoch(1), w.broker.log);
  for (int p = 0; p < 2; ++p) RC_ASSERT(replayed.committed("g", orders(p)) == w.coordinator.committed("g", orders(p)));
  const ClassicGroup* group = w.coordinator.find("g");
  if (!group || (group->state() != GroupState::Stable && group->state() != GroupState::Empty)) return;
  const ClassicGroup* again = replayed.find("g");
  if (!again) return RC_ASSERT(group->members().empty());
  RC_ASSERT(again->state() == group->state());
  RC_ASSERT(stored(*again) == stored(*group));
}

RC_GTEST_PROP(CoordinatorReplay, GivesTheGroupsAndOffsetsOfTheLog, ()) {
  World w;
  const auto plan = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 8), rc::gen::inRange(0, 4)));
  for (const auto& [what, which] : plan) {
    World::Member* member =
        w.members.empty() ? nullptr : w.members[static_cast<std::size_t>(which) % w.members.size()].get();
    if (what == 0 || !member) {
      if (w.members.size() < 4) w.member().group.poll(*w.members.back());
    } else if (what == 1) {
      member->group.commit(*member);
    } else if (what == 2) {
      member->silent = true;  // its process has stopped
    } else if (what == 3 && !member->silent) {
      member->group.close(*member);
      member->silent = true;
    } else if (what == 4) {
      w.advance(seconds(60));
    } else {
      w.advance(seconds(1 + 3 * which));
    }
    w.settle();
    compare_with_replay(w);
  }
}

}  // namespace coordinator_replay_test
}  // namespace ktrial::model
