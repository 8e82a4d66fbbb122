// Goal: a message's kind, name and size follow from its struct and its number. Method: those that stand for the others,
// and rules that hold for all.
#include "model/messages.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ktrial::model {
namespace messages_test {

// Digests of runs hold the kinds: a number that moves would make every stored run another.
TEST(Messages, KindsAreTheNumbersOfTheLists) {
  EXPECT_EQ(kind_of_type<ProduceRequest>(), 0);
  EXPECT_EQ(kind_of_type<FetchResponse>(), 3);
  EXPECT_EQ(kind_of_type<OffsetForLeaderEpochRequest>(), 24);
  EXPECT_EQ(kind_of_type<DeleteRecordsRequest>(), 42);
  EXPECT_EQ(kind_of_type<GetReplicaLogInfoResponse>(), 61);
}

TEST(Messages, ARequestAndItsResponseFollowOneAnother) {
  std::set<std::string> apis;
  for (std::uint16_t kind = 0; kind < kMessageKinds; kind += 2) {
    EXPECT_TRUE(is_request(kind)) << api_name(kind);
    EXPECT_FALSE(is_request(static_cast<std::uint16_t>(kind + 1))) << api_name(kind);
    EXPECT_STREQ(api_name(kind), api_name(static_cast<std::uint16_t>(kind + 1)));
    EXPECT_TRUE(apis.insert(api_name(kind)).second) << api_name(kind);
    EXPECT_EQ(kind_by_name(std::string(api_name(kind)) + "Request"), kind);
  }
  EXPECT_EQ(kind_by_name("Telegram"), 0xffff);
}

TEST(Messages, SizeAndDigestSeeEveryField) {
  const Message plain{7, HeartbeatRequest{"g", GenerationId(1), MemberId(2)}};
  const Message longer{7, HeartbeatRequest{"group", GenerationId(1), MemberId(2)}};
  const Message other{7, HeartbeatRequest{"g", GenerationId(1), MemberId(3)}};
  EXPECT_EQ(size_in_bytes(longer) - size_in_bytes(plain), 4);
  EXPECT_EQ(size_in_bytes(other), size_in_bytes(plain));
  EXPECT_NE(digest(other), digest(plain));
  EXPECT_NE(digest(longer), digest(plain));
  // A field that may be left out takes no bytes while it has its default.
  FetchRequest of_rack;
  of_rack.rack_id.value = "east";
  EXPECT_GT(size_in_bytes({7, of_rack}), size_in_bytes({7, FetchRequest{}}));
}

}  // namespace messages_test
}  // namespace ktrial::model
