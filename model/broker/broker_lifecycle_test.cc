// The lifecycle by itself, against a controller that the test plays.
#include "model/broker/broker_lifecycle.h"

#include <gtest/gtest.h>

#include "model/broker/fake_hosts_for_test.h"

namespace ktrial::model::testing {
namespace broker_lifecycle_test {

struct Lifecycle : FakeBroker {
  struct Host final : BrokerLifecycleHost {
    using BrokerLifecycleHost::BrokerLifecycleHost;
    int caught_up = 0, stopped = 0;
    Offset applied_metadata() const override { return Offset(41); }
    void on_caught_up() override { ++caught_up; }
    void stop() override { ++stopped; }
  };
  Host host{step, config, controller};
  BrokerLifecycle lifecycle{kSelf, IncarnationId(5), BrokerEpoch(), {}, config.variants};

  void answer(const MessageBody& body) {
    controller.busy = false;
    lifecycle.on_response(host, body);
  }
  void heartbeat(bool is_caught_up, bool is_fenced, bool should_shut_down = false) {
    answer(BrokerHeartbeatResponse{Error::NONE, is_caught_up, is_fenced, should_shut_down});
  }
  void on_timer(std::uint16_t kind) { lifecycle.on_timer(host, {kind, 0, 0}, machine.disk.id(0)); }
  void run() {
    lifecycle.send(host);
    answer(BrokerRegistrationResponse{Error::NONE, BrokerEpoch(12)});
    heartbeat(true, true);
    lifecycle.set_ready_to_unfence();
    on_timer(kHeartbeatTimer);
    heartbeat(true, false);
  }
};

TEST(BrokerLifecycle, RegistersCatchesUpAndIsUnfenced) {
  Lifecycle w;
  w.lifecycle.send(w.host);
  ASSERT_NE(w.controller.last<BrokerRegistrationRequest>(), nullptr);
  w.answer(BrokerRegistrationResponse{Error::NONE, BrokerEpoch(12)});
  ASSERT_NE(w.controller.last<BrokerHeartbeatRequest>(), nullptr);
  EXPECT_TRUE(w.controller.last<BrokerHeartbeatRequest>()->want_fence);
  EXPECT_EQ(w.controller.last<BrokerHeartbeatRequest>()->current_metadata_offset, Offset(41));
  w.heartbeat(false, true);
  EXPECT_EQ(w.host.caught_up, 0);
  EXPECT_EQ(w.timer(kHeartbeatTimer), w.step.now + milliseconds(10));
  w.on_timer(kHeartbeatTimer);
  w.heartbeat(true, true);
  EXPECT_EQ(w.host.caught_up, 1);
  w.lifecycle.set_ready_to_unfence();
  w.on_timer(kHeartbeatTimer);
  EXPECT_FALSE(w.controller.last<BrokerHeartbeatRequest>()->want_fence);
  w.heartbeat(true, false);
  EXPECT_EQ(w.lifecycle.state(), BrokerState::RUNNING);
  EXPECT_EQ(w.timer(kHeartbeatTimer), w.step.now + w.config.broker_heartbeat_interval);
}

TEST(BrokerLifecycle, FailuresAreTriedAgainLaterAndLater) {
  Lifecycle w;
  w.controller.unknown = true;
  w.lifecycle.send(w.host);
  EXPECT_TRUE(w.controller.sent.empty());
  EXPECT_EQ(w.timer(kHeartbeatTimer), w.step.now + milliseconds(100));
  w.controller.unknown = false;
  for (const int wait : {100, 200, 400}) {
    w.on_timer(kHeartbeatTimer);
    w.controller.busy = false;
    w.lifecycle.on_loss(w.host, ControllerLoss::timed_out);
    EXPECT_EQ(w.timer(kHeartbeatTimer), w.step.now + milliseconds(wait));
  }
  w.lifecycle.on_loss(w.host, ControllerLoss::other_controller);
  EXPECT_EQ(w.timer(kHeartbeatTimer), w.step.now);
}

TEST(BrokerLifecycle, ControlledShutdownStopsWhenTheControllerSaysSo) {
  Lifecycle w;
  w.run();
  w.lifecycle.begin_controlled_shutdown(w.host);
  EXPECT_TRUE(w.controller.last<BrokerHeartbeatRequest>()->want_shut_down);
  w.heartbeat(true, false);
  EXPECT_EQ(w.timer(kHeartbeatTimer), w.step.now + milliseconds(50));
  EXPECT_EQ(w.host.stopped, 0);
  w.on_timer(kHeartbeatTimer);
  w.heartbeat(true, false, true);
  EXPECT_EQ(w.host.stopped, 1);
  EXPECT_EQ(w.lifecycle.state(), BrokerState::SHUTTING_DOWN);
}

TEST(BrokerLifecycle, StopsAtOnceWhileItDoesNotRunYet) {
  Lifecycle w;
  w.lifecycle.send(w.host);
  w.lifecycle.begin_controlled_shutdown(w.host);
  EXPECT_EQ(w.host.stopped, 1);
}

TEST(BrokerLifecycle, StopsIfTheControllerCouldNotBeToldOfAnOfflineDirectory) {
  Lifecycle w;
  w.run();
  w.lifecycle.on_directory_failure(w.host, 0, w.machine.disk.id(0));
  EXPECT_EQ(w.timer(kDirectoryTimeoutTimer), w.step.now + w.config.log_dir_failure_timeout);
  ASSERT_EQ(w.controller.last<BrokerHeartbeatRequest>()->offline_log_dirs.value.size(), 1u);
  Lifecycle told;
  told.lifecycle = w.lifecycle;
  told.heartbeat(true, false);
  told.on_timer(kDirectoryTimeoutTimer);
  EXPECT_EQ(told.lifecycle.state(), BrokerState::RUNNING);
  w.on_timer(kDirectoryTimeoutTimer);
  EXPECT_EQ(w.lifecycle.state(), BrokerState::PENDING_CONTROLLED_SHUTDOWN);
}

}  // namespace broker_lifecycle_test
}  // namespace ktrial::model::testing
