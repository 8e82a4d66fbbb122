// Requests of several connections, and of connections that are gone. Method: a channel alone, a table for choices.
#include "model/broker/request_channel.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace request_channel_test {

Message request(std::int32_t correlation) { return Message{correlation, ProduceRequest{}}; }
ConnectionId connection(std::int32_t number) { return {NodeId(7), number}; }

Step step_that_chooses(bool highest) {
  Step step;
  if (highest)
    step.choose_function = [](void*, Choice, std::uint32_t, std::uint64_t, std::uint64_t most) { return most; };
  return step;
}
std::int32_t taken(RequestChannel& channel, Step& step) {
  const auto next = channel.take(step);
  return next ? next->message.correlation_id : -1;
}

TEST(RequestChannel, OneRequestOfAConnectionAtATimeAndAnswersInOrder) {
  RequestChannel channel;
  Step step = step_that_chooses(false);
  channel.received(connection(0), request(1));
  channel.received(connection(0), request(2));
  EXPECT_EQ(taken(channel, step), 1);
  EXPECT_EQ(taken(channel, step), -1);  // the channel is muted until the answer
  channel.done(step, connection(0), 1, ProduceResponse{});
  EXPECT_EQ(taken(channel, step), 2);
  EXPECT_EQ(step.effects.size(), 1u);
}

// The first request waits for its followers; its connection dies; the client asks again on a new one.
TEST(RequestChannel, AZombieRequestExecutesAfterANewerOneOfANewConnection) {
  RequestChannel channel;
  Step step = step_that_chooses(false);
  channel.received(connection(0), request(1));
  channel.received(connection(0), request(2));
  EXPECT_EQ(taken(channel, step), 1);
  channel.closed(connection(0));
  channel.received(connection(1), request(12));
  EXPECT_EQ(taken(channel, step), 12);
  channel.done(step, connection(1), 12, ProduceResponse{});
  channel.done(step, connection(0), 1, ProduceResponse{});
  EXPECT_EQ(step.effects.size(), 1u);  // nobody hears of request 1
  EXPECT_EQ(taken(channel, step), 2);
  channel.done(step, connection(0), 2, ProduceResponse{});
  EXPECT_EQ(step.effects.size(), 1u);
  EXPECT_EQ(taken(channel, step), -1);
}

TEST(RequestChannel, WhichConnectionComesFirstIsAChoice) {
  for (const bool highest : {false, true}) {
    RequestChannel channel;
    Step step = step_that_chooses(highest);
    for (std::int32_t i = 0; i < 3; ++i) channel.received(connection(i), request(i));
    channel.closed(connection(0));
    std::vector<std::int32_t> order;
    for (std::int32_t next = taken(channel, step); next >= 0; next = taken(channel, step)) order.push_back(next);
    EXPECT_EQ(order, highest ? (std::vector<std::int32_t>{2, 1, 0}) : (std::vector<std::int32_t>{0, 1, 2}));
  }
}

}  // namespace request_channel_test
}  // namespace ktrial::model
