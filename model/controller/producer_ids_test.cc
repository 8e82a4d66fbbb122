// Producer ids come in blocks that no other broker and no later controller gives away again.
#include "model/broker/controller_channels.h"
#include "model/broker/producer_id_manager.h"
#include "model/controller/controller_for_test.h"

namespace ktrial::model {
namespace producer_ids_test {

struct ProducerIds : ControllerTest {
  AllocateProducerIdsResponse allocate(int broker, BrokerEpoch epoch) {
    return p.ask<AllocateProducerIdsResponse>(c, AllocateProducerIdsRequest{NodeId{broker}, epoch});
  }
};

TEST_F(ProducerIds, EachBlockIsGivenOnce) {
  EXPECT_EQ(allocate(1, epochs[1]).producer_id_start, ProducerId(0));
  const auto second = allocate(2, epochs[2]);
  EXPECT_EQ(second.producer_id_start, ProducerId(1000));
  EXPECT_EQ(second.producer_id_len, 1000);
  EXPECT_EQ(p.leader().committed().next_producer_id(), ProducerId(2000));
}

TEST_F(ProducerIds, NotToABrokerThatIsNotThere) {
  EXPECT_EQ(allocate(1, epochs[2]).error, Error::STALE_BROKER_EPOCH);
  EXPECT_EQ(allocate(9, BrokerEpoch(1)).error, Error::STALE_BROKER_EPOCH);
}

TEST(ProducerIdManager, AsksForABlockAndForTheNextAheadOfTime) {
  ProducerIdManager ids;
  ControllerChannels controller{ClusterConfig()};
  Step step;
  controller.set_controller(step, NodeId(100), [](ControllerLine) {});
  const auto generate = [&] { return ids.generate(step, controller, BrokerEpoch(1)); };
  EXPECT_FALSE(generate());
  const auto answer = [&](std::int64_t start) {
    std::int32_t id = 0;
    for (const Effect& e : step.effects)
      if (const auto* s = std::get_if<SendEffect>(&e)) id = s->message.correlation_id;
    const AllocateProducerIdsResponse response{Error::NONE, ProducerId(start), 10};
    ASSERT_TRUE(controller.on_message(step, ControllerLine::producer_ids, {id, response}));
    ids.on_response(step, response);
  };
  answer(50);
  for (std::int64_t id = 50; id < 60; ++id) EXPECT_EQ(generate(), ProducerId(id));
  answer(2000);  // asked for with the last tenth of the first
  EXPECT_EQ(generate(), ProducerId(2000));
}

}  // namespace producer_ids_test
}  // namespace ktrial::model
