// Goal: the rate is Kafka's, sample by sample, and the list of throttled replicas is read as Kafka reads it.
#include "model/replication/simple_rate.h"

#include <gtest/gtest.h>

#include "model/config_keys.h"
#include "model/replication/replication_quota.h"

namespace ktrial::model {
namespace simple_rate_test {

TEST(SimpleRate, DividesByOneWindowAtLeast) {
  SimpleRate rate(11, seconds(1));
  rate.record(1000, seconds(100));
  EXPECT_FALSE(rate.is_above(1000, seconds(100)));
  EXPECT_TRUE(rate.is_above(999, seconds(100)));
  EXPECT_FALSE(rate.is_above(500, seconds(102)));
  EXPECT_TRUE(rate.is_above(499, seconds(102)));
}

TEST(SimpleRate, BytesCountUntilTheirSampleTookNothingForAllWindows) {
  SimpleRate rate(11, seconds(1));
  rate.record(100'000, seconds(100));
  EXPECT_TRUE(rate.is_above(9'000, milliseconds(110'999)));
  EXPECT_FALSE(rate.is_above(0, seconds(111)));
}

TEST(SimpleRate, ASampleThatBeganEarlierCountsWithItsWholeTime) {
  SimpleRate rate(2, seconds(1));
  for (int i = 0; i < 6; ++i) rate.record(1000, milliseconds(100'000 + 900 * i));
  // 0 and 900 ms are one sample and so on; from the second one on, which began at 1800 ms, four are left.
  EXPECT_FALSE(rate.is_above(1481, milliseconds(104'500)));
  EXPECT_TRUE(rate.is_above(1400, milliseconds(104'500)));
}

TEST(SimpleRate, ABurstIsFreeAfterTimeWithoutTraffic) {
  SimpleRate rate(11, seconds(1));
  for (int i = 0; i < 11; ++i) rate.record(10, seconds(100 + i));
  rate.record(9'000, seconds(110));
  EXPECT_FALSE(rate.is_above(1000, seconds(110)));  // over ten seconds
}

TEST(SimpleRate, AWallClockThatJumpsBackCountsAsOneWindow) {
  SimpleRate rate(11, seconds(1));
  rate.record(5000, seconds(100));
  EXPECT_TRUE(rate.is_above(4999, seconds(50)));
}

TEST(ReplicationQuota, KnowsItsReplicasByTopicPartitionAndBroker) {
  ReplicationQuota quota;
  const TopicPartition tp{TopicId(1), PartitionIndex(0)};
  EXPECT_FALSE(quota.throttles_any());
  quota.mark_throttled(tp.topic, *parse_throttled_replicas("0:2,1:3"));
  EXPECT_TRUE(quota.is_throttled(tp, NodeId(2)));
  EXPECT_FALSE(quota.is_throttled(tp, NodeId(3)));
  quota.mark_throttled(tp.topic, *parse_throttled_replicas("*"));
  EXPECT_TRUE(quota.is_throttled(tp, NodeId(3)));
  quota.mark_throttled(tp.topic, *parse_throttled_replicas(""));
  EXPECT_FALSE(quota.throttles_any());
}

TEST(ThrottledReplicas, AreAListOfPartitionsAndBrokersOrAStar) {
  for (const char* bad : {"0", "0:", ":1", "0:1,*", "a:1", "0:1:2", "0:-1", "-1:0", "0:1x"})
    EXPECT_FALSE(parse_throttled_replicas(bad)) << bad;
  EXPECT_EQ(parse_throttled_replicas("0:1,12:3")->replicas.size(), 2u);
  EXPECT_TRUE(parse_throttled_replicas("*")->all);
}

}  // namespace simple_rate_test
}  // namespace ktrial::model
