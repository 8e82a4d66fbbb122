// The remote log manager by itself: what it asks of the remote storage and tells its host. Method: the test is both.
#include "model/remote/remote_log_manager.h"

#include <gtest/gtest.h>

namespace ktrial::model {
namespace remote_log_manager_test {

const TopicPartition kTp{TopicId(1), PartitionIndex(0)};

struct Remote {
  struct Host final : RemoteLogHost {
    using RemoteLogHost::RemoteLogHost;
    std::vector<RemoteLogManager::Answer> reads;
    int moved = 0;
    void on_remote_log_start_moved(TopicPartition) override { ++moved; }
    void on_remote_read(RemoteLogManager::Answer&& answer) override { reads.push_back(std::move(answer)); }
  };
  Step step;
  Partitions partitions;
  Host host{step, partitions};
  RemoteLogManager remote;

  Remote() : remote(NodeId(1), with_storage()) {
    PartitionConfig config;
    config.self = NodeId(1);
    partitions.try_emplace(kTp, Partition(kTp, config, LogDisk()));
  }
  static ClusterConfig with_storage() {
    ClusterConfig config;
    config.remote_storage = NodeId(9);
    return config;
  }
  template <class Request>
  int sent() const {
    int n = 0;
    for (const Effect& e : step.effects)
      if (const auto* s = std::get_if<SendEffect>(&e)) n += std::holds_alternative<Request>(s->message.body);
    return n;
  }
  std::vector<TimerId> task_timers() const {
    std::vector<TimerId> timers;
    for (const Effect& e : step.effects)
      if (const auto* t = std::get_if<SetTimerEffect>(&e); t && t->timer.kind == kRemoteLogTaskTimer)
        timers.push_back(t->timer);
    return timers;
  }
  void read(std::int64_t token) {
    FetchLogSegmentRequest request;
    request.partition = kTp;
    remote.fetch(step, RemoteLogManager::Reader::consumer, token, request);
  }
};

TEST(RemoteLogManager, AReadIsToldToWhoeverAsked) {
  Remote w;
  w.read(7);
  w.read(8);
  FetchLogSegmentResponse response;
  response.end_offset = Offset(30);
  w.remote.on_message(w.host, Message{2, response});
  ASSERT_EQ(w.host.reads.size(), 1u);
  EXPECT_EQ(w.host.reads.front().token, 8);
  EXPECT_EQ(w.host.reads.front().response.end_offset, Offset(30));
}

TEST(RemoteLogManager, WhatIsInFlightFailsWithTheConnection) {
  Remote w;
  w.read(7);
  const ConnectionId connection{w.step.self, 0};
  EXPECT_TRUE(w.remote.owns(connection));
  w.remote.on_closed(w.host);
  ASSERT_EQ(w.host.reads.size(), 1u);
  EXPECT_EQ(w.host.reads.front().response.error, Error::UNKNOWN_SERVER_ERROR);
  EXPECT_FALSE(w.remote.owns(connection));
  w.remote.on_message(w.host, Message{1, FetchLogSegmentResponse{}});  // too late
  EXPECT_EQ(w.host.reads.size(), 1u);
}

TEST(RemoteLogManager, TheTasksAreThoseOfTheRole) {
  Remote w;
  w.remote.become(w.step, kTp, ReplicaRole::leader);
  const auto timers = w.task_timers();
  ASSERT_EQ(timers.size(), 2u);  // copy and expiration
  w.remote.on_timer(w.host, timers.front());
  EXPECT_EQ(w.sent<ListRemoteLogSegmentsRequest>(), 1);
  w.remote.become(w.step, kTp, ReplicaRole::leader);
  EXPECT_EQ(w.task_timers().size(), 2u);  // a role that goes on keeps them
  w.remote.stop(w.step, kTp);
  w.remote.on_timer(w.host, timers.back());
  EXPECT_EQ(w.sent<ListRemoteLogSegmentsRequest>(), 1);
}

}  // namespace remote_log_manager_test
}  // namespace ktrial::model
