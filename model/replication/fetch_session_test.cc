// Fetch sessions, both ends. Method: a handler and a broker's sessions play against each other without a network.
#include "model/replication/fetch_session.h"

#include <gtest/gtest.h>

#include "model/replication/fetch_session_handler.h"

namespace ktrial::model {
namespace fetch_session_test {

TopicPartition tp(int partition) { return {TopicId(1), PartitionIndex(partition)}; }
FetchRequest::Partition item(int partition, int offset) {
  FetchRequest::Partition p;
  p.partition = tp(partition);
  p.fetch_offset = Offset(offset);
  return p;
}

struct Ends {
  FetchSessionHandler handler;
  FetchSessions sessions{10, 77};
  Nanos now{0};
  std::int32_t id = 0;
  FetchRequest request;

  Error fetch() {
    request = {};
    handler.build(request);
    const auto [opened, error] = sessions.open(request, now);
    id = opened;
    return error;
  }
  // Every active partition is answered with this high watermark and nothing else.
  std::vector<TopicPartition> answer(int high_watermark, bool quiet = true) {
    FetchResponse response;
    FetchSession* session = sessions.find(id);
    const auto active = session->active;
    for (const TopicPartition p : active) {
      FetchResponse::Partition part;
      part.partition = p;
      part.high_watermark = Offset(high_watermark);
      part.log_start_offset = Offset(0);
      response.partitions.push_back(part);
    }
    sessions.answer(*session, request.session_epoch > 0, response, [&](TopicPartition) { return quiet; });
    response.session_id = id;
    EXPECT_TRUE(handler.on_response(response));
    std::vector<TopicPartition> told;
    for (const auto& p : response.partitions) told.push_back(p.partition);
    return told;
  }
};

TEST(FetchSession, AnIncrementalFetchNamesWhatChangedAndIsAnsweredWithWhatIsNew) {
  Ends e;
  for (int i = 0; i < 3; ++i) e.handler.want(item(i, 0));
  EXPECT_EQ(e.fetch(), Error::NONE);
  EXPECT_EQ(e.request.session_epoch, kInitialFetchEpoch);
  EXPECT_EQ(e.request.partitions.size(), 3u);
  EXPECT_EQ(e.answer(5).size(), 3u);
  EXPECT_EQ(e.id, 77);

  e.handler.want(item(1, 4));
  e.handler.forget(tp(2));
  EXPECT_EQ(e.fetch(), Error::NONE);
  EXPECT_EQ(e.request.session_epoch, 1);
  ASSERT_EQ(e.request.partitions.size(), 1u);
  EXPECT_EQ(e.request.partitions[0].partition, tp(1));
  EXPECT_EQ(e.request.forgotten, std::vector{tp(2)});
  EXPECT_EQ(e.sessions.find(e.id)->active.size(), 1u);
  EXPECT_TRUE(e.answer(5).empty());  // nothing new

  int visited = 0;
  e.sessions.changed(tp(0), [&](std::int32_t, const FetchSession&) { ++visited; });
  e.sessions.changed(tp(2), [&](std::int32_t, const FetchSession&) { ++visited; });
  EXPECT_EQ(visited, 1);
  EXPECT_EQ(e.fetch(), Error::NONE);
  EXPECT_TRUE(e.request.partitions.empty());
  EXPECT_EQ(e.answer(6), std::vector{tp(0)});
}

TEST(FetchSession, APartitionThatIsNotQuietStaysActive) {
  Ends e;
  e.handler.want(item(0, 0));
  e.fetch();
  e.answer(5, false);
  EXPECT_TRUE(e.sessions.find(e.id)->active.contains(tp(0)));
  e.fetch();
  e.answer(5);
  EXPECT_FALSE(e.sessions.find(e.id)->active.contains(tp(0)));
}

TEST(FetchSession, AnUnknownSessionOrEpochIsRefusedAndAFullFetchFollows) {
  Ends e;
  e.handler.want(item(0, 0));
  e.fetch();
  e.answer(5);
  e.sessions = FetchSessions(10, 500);  // another life of the broker
  EXPECT_EQ(e.fetch(), Error::FETCH_SESSION_ID_NOT_FOUND);
  FetchResponse refused;
  refused.error = Error::FETCH_SESSION_ID_NOT_FOUND;
  EXPECT_FALSE(e.handler.on_response(refused));
  EXPECT_EQ(e.fetch(), Error::NONE);
  EXPECT_EQ(e.request.session_id, 0);
  EXPECT_EQ(e.request.partitions.size(), 1u);
  e.answer(5);

  FetchRequest zombie = e.request;  // an older request of the session, from a connection that is gone
  zombie.session_id = e.id;
  zombie.session_epoch = 7;
  EXPECT_EQ(e.sessions.open(zombie, Nanos(0)).second, Error::INVALID_FETCH_SESSION_EPOCH);
}

// Without an answer nobody knows what the broker made of the fetch: the session is closed and another one begun.
TEST(FetchSession, ALostAnswerEndsTheSession) {
  Ends e;
  e.handler.want(item(0, 0));
  e.fetch();
  e.answer(5);
  const std::int32_t first = e.id;
  e.handler.want(item(0, 1));
  e.fetch();
  e.handler.on_error();
  EXPECT_EQ(e.fetch(), Error::NONE);
  EXPECT_EQ(e.request.session_id, first);
  EXPECT_EQ(e.request.session_epoch, kInitialFetchEpoch);
  EXPECT_EQ(e.sessions.find(first), nullptr);
  EXPECT_NE(e.id, first);
}

TEST(FetchSession, AFullCacheGivesNoSessionUntilTheOldestIsTwoMinutesOld) {
  FetchSessions sessions(1, 1);
  FetchRequest request;
  request.session_epoch = kInitialFetchEpoch;
  request.partitions = {item(0, 0)};
  EXPECT_EQ(sessions.open(request, seconds(0)).first, 1);
  EXPECT_EQ(sessions.open(request, seconds(120)).first, 0);
  EXPECT_EQ(sessions.open(request, seconds(121)).first, 2);
  EXPECT_EQ(sessions.find(1), nullptr);
}

}  // namespace fetch_session_test
}  // namespace ktrial::model
