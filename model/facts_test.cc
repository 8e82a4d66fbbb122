// Goal: every fact can be told, told apart and asked, whoever adds one. Method: the example of each.
#include "model/facts.h"

#include <gtest/gtest.h>

#include <set>

#include "model/probes.h"

namespace ktrial::model {
namespace facts_test {

constexpr TopicPartition kOrders{TopicId(1), PartitionIndex(0)};

TEST(Facts, EachHasItsNameSentenceAndDigest) {
  std::set<std::string> names;
  std::set<std::uint64_t> digests;
  for (std::uint16_t i = 0; i < kFactKinds; ++i) {
    const Fact fact = fact_row(i).example();
    EXPECT_EQ(kind(fact), i);
    EXPECT_NE(describe(fact), "") << fact_name(i);
    EXPECT_NE(fact_row(i).about, std::string());
    names.insert(fact_name(i));
    digests.insert(digest(fact));
  }
  EXPECT_EQ(names.size(), kFactKinds);
  EXPECT_EQ(digests.size(), kFactKinds);
}

// Fingerprints of other builds are compared with these numbers. A change is a change of every fingerprint.
TEST(Facts, DigestIsOfTheNumberAndTheFieldsInOrder) {
  EXPECT_EQ(digest(LogTruncated{kOrders, Offset(5), Offset(9)}), 18100614425790700265u);
  EXPECT_EQ(digest(ProbeHit{Probe::not_enough_replicas}), 16507793975036229060u);
  EXPECT_NE(digest(LogTruncated{kOrders, Offset(5), Offset(9)}), digest(LogTruncated{kOrders, Offset(9), Offset(5)}));
}

TEST(Facts, WeightIsWhatTheStoryIsAbout) {
  AtIssue issue;
  issue.partition = kOrders;
  issue.offset = 6;
  EXPECT_EQ(weight(LogTruncated{kOrders, Offset(5), Offset(9)}, issue), Weight::decisive);
  EXPECT_EQ(weight(LogTruncated{kOrders, Offset(7), Offset(9)}, issue), Weight::context);
  const TopicPartition other{TopicId(2), PartitionIndex(0)};
  EXPECT_EQ(weight(LogTruncated{other, Offset(5), Offset(9)}, issue), Weight::none);
  EXPECT_EQ(weight(LogStartCheckpointed{kOrders, Offset(6)}, issue), Weight::none);
  issue.judged = true;
  EXPECT_EQ(weight(LogStartCheckpointed{kOrders, Offset(6)}, issue), Weight::context);
  issue.quorum = true;
  EXPECT_EQ(weight(LogTruncated{kOrders, Offset(5), Offset(9)}, issue), Weight::none);
}

TEST(Facts, GoalsThatDependOnAFieldAskIt) {
  IsrChanged shrank;
  shrank.shrank = true;
  EXPECT_TRUE(reaches(shrank, 0));
  EXPECT_FALSE(reaches(shrank, 1));
  EXPECT_TRUE(reaches(IsrChanged(), 1));
  EXPECT_TRUE(reaches(LogTruncated(), 0));
  EXPECT_FALSE(reaches(IsrProposed(), 0));
}

TEST(Probes, NamesAndTextsAreDistinct) {
  std::set<std::string> names, texts;
  for (std::size_t i = 0; i < kProbes; ++i) {
    names.insert(probe_row(static_cast<Probe>(i)).name);
    texts.insert(probe_row(static_cast<Probe>(i)).text);
  }
  EXPECT_EQ(names.size(), kProbes);
  EXPECT_EQ(texts.size(), kProbes);
}

}  // namespace facts_test
}  // namespace ktrial::model
