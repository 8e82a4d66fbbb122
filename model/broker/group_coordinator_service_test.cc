// The group coordinator as a broker runs it. Method: metadata by hand, a log without a partition.
#include "model/broker/group_coordinator_service.h"

#include <gtest/gtest.h>

#include "model/broker/fake_hosts_for_test.h"

namespace ktrial::model::testing {
namespace group_coordinator_service_test {

struct Service : FakeBroker {
  struct Host final : GroupCoordinatorServiceHost {
    using GroupCoordinatorServiceHost::GroupCoordinatorServiceHost;
    std::vector<MessageBody> answered;
    Log offsets;
    void answer(ConnectionId, std::int32_t, MessageBody body) override { answered.push_back(std::move(body)); }
    const Log* log(TopicPartition) const override { return &offsets; }
    AppendResult append_own(TopicPartition, const RecordBatch&) override { return {Error::NONE, Offset(0), Offset(1)}; }
  };
  Host host{step, config, image, controller};
  GroupCoordinatorService service;

  Service() : service(one_partition(config)) {}
  static const ClusterConfig& one_partition(ClusterConfig& config) {
    config.offsets_topic_num_partitions = 1;
    return config;
  }
  template <class Response>
  Response ask(MessageBody body) {
    EXPECT_TRUE(service.on_request(host, ConnectionId(), Message{1, std::move(body)}));
    const auto* response = host.answered.empty() ? nullptr : std::get_if<Response>(&host.answered.back());
    return response ? *response : Response{};
  }
  FindCoordinatorResponse find(const char* group) {
    FindCoordinatorRequest request;
    request.group = GroupId(group);
    return ask<FindCoordinatorResponse>(request);
  }
  Error heartbeat() {
    HeartbeatRequest request;
    request.group = GroupId("g");
    return ask<HeartbeatResponse>(request).error;
  }
};

TEST(GroupCoordinatorService, FirstFindCoordinatorCreatesTheTopicOnce) {
  Service w;
  EXPECT_EQ(w.find("").error, Error::INVALID_GROUP_ID);
  EXPECT_TRUE(w.controller.sent.empty());
  EXPECT_EQ(w.find("g").error, Error::COORDINATOR_NOT_AVAILABLE);
  EXPECT_EQ(w.find("g").error, Error::COORDINATOR_NOT_AVAILABLE);
  ASSERT_EQ(w.controller.sent.size(), 1u);
  EXPECT_EQ(w.controller.last<CreateTopicsRequest>()->name, kOffsetsTopic);
}

TEST(GroupCoordinatorService, FindsTheLeaderOfTheGroupsPartition) {
  Service w;
  w.create(kOffsetsTopic, {FakeBroker::kFollower}, FakeBroker::kFollower);
  EXPECT_EQ(w.find("g").coordinator, FakeBroker::kFollower);
  EXPECT_EQ(w.heartbeat(), Error::NOT_COORDINATOR);
}

TEST(GroupCoordinatorService, ServesAGroupFromTheEndOfTheLoadToTheLossOfThePartition) {
  Service w;
  w.service.on_metadata(w.host, w.create(kOffsetsTopic).partitions);
  EXPECT_TRUE(w.timer(kGroupLoadTimer));
  EXPECT_EQ(w.heartbeat(), Error::NONE);  // while it loads
  w.service.on_timer(w.host, {kGroupLoadTimer, 0, 0});
  EXPECT_EQ(w.heartbeat(), Error::UNKNOWN_MEMBER_ID);
  PartitionChangeRecord moved{FakeBroker::kOrders, std::nullopt, FakeBroker::kFollower, std::nullopt};
  w.service.on_metadata(w.host, w.apply(moved).partitions);
  EXPECT_EQ(w.heartbeat(), Error::NOT_COORDINATOR);
}

}  // namespace group_coordinator_service_test
}  // namespace ktrial::model::testing
