#include "model/group/assignor.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace assignor_test {

TEST(RangeAssignor, FirstMembersGetTheRestAndOnlySubscribersCount) {
  const TopicId a{1}, b{2};
  const auto result = assign_range({{MemberId(9), {a}}, {MemberId(3), {a, b}}, {MemberId(5), {a}}}, {{b, 2}, {a, 5}});
  ASSERT_EQ(result.size(), 3u);
  EXPECT_EQ(result[0].member, MemberId(3));
  const auto p = [](TopicId t, int i) { return TopicPartition{t, PartitionIndex(i)}; };
  EXPECT_EQ(result[0].partitions, (std::vector{p(a, 0), p(a, 1), p(b, 0), p(b, 1)}));
  EXPECT_EQ(result[1].partitions, (std::vector{p(a, 2), p(a, 3)}));
  EXPECT_EQ(result[2].partitions, (std::vector{p(a, 4)}));
}

TEST(RangeAssignor, MoreMembersThanPartitionsLeavesSomeWithNone) {
  const auto result = assign_range({{MemberId(1), {TopicId(1)}}, {MemberId(2), {TopicId(1)}}}, {{TopicId(1), 1}});
  EXPECT_EQ(result[0].partitions.size(), 1u);
  EXPECT_TRUE(result[1].partitions.empty());
}

}  // namespace assignor_test
}  // namespace ktrial::model
