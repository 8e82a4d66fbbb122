#include "model/broker/broker_lifecycle.h"

#include <algorithm>

#include "model/probes.h"

namespace ktrial::model {
namespace {

constexpr auto kLine = ControllerLine::lifecycle;
constexpr Nanos kNoControllerKnown = milliseconds(100);
constexpr Nanos kCatchUpInterval = milliseconds(10);
// The second request of a controlled shutdown comes soon: often there was little to move.
constexpr Nanos kSecondShutdownRequest = milliseconds(50);
constexpr Nanos kLongestControlledShutdown = seconds(300);

}  // namespace

BrokerLifecycle::BrokerLifecycle(NodeId self, IncarnationId incarnation, BrokerEpoch previous,
                                 std::vector<DirectoryId> log_dirs, const Variants& variants) {
  s_.state = BrokerState::STARTING;
  s_.self = self;
  s_.incarnation = incarnation;
  s_.previous = previous;
  s_.log_dirs = std::move(log_dirs);
  s_.told_once = variants.on(Variant::offline_log_dirs);
}

MessageBody BrokerLifecycle::next(Offset applied) const {
  if (!s_.epoch.present()) return BrokerRegistrationRequest{s_.self, s_.incarnation, s_.previous, {s_.log_dirs}};
  BrokerHeartbeatRequest heartbeat{
      s_.self, s_.epoch, applied, !s_.ready_to_unfence, s_.state == BrokerState::PENDING_CONTROLLED_SHUTDOWN, {}};
  for (const auto& [directory, told] : s_.offline_dirs)
    if (told == Told::no || !s_.told_once) heartbeat.offline_log_dirs.value.push_back(directory);
  return heartbeat;
}

void BrokerLifecycle::sent() {
  if (!s_.epoch.present()) return;
  for (auto& [directory, told] : s_.offline_dirs)
    if (told == Told::no) told = s_.told_once ? Told::yes : Told::asked;
}

void BrokerLifecycle::send(BrokerLifecycleHost& host) {
  if (!host.controller.idle(kLine)) return;
  if (host.controller.send(host.step, kLine, next(host.applied_metadata())))
    sent();
  else
    host.step.set_timer({kHeartbeatTimer, 0, 0}, host.step.now + kNoControllerKnown);
}

void BrokerLifecycle::send_soon(BrokerLifecycleHost& host, Nanos delay) {
  if (delay == Nanos(0)) return send(host);
  host.step.set_timer({kHeartbeatTimer, 0, 0}, host.step.now + delay);
}

void BrokerLifecycle::send_without_delay(BrokerLifecycleHost& host) {
  if (!host.controller.idle(kLine)) s_.next_at_once = true;
  send(host);
}

void BrokerLifecycle::begin_controlled_shutdown(BrokerLifecycleHost& host) {
  if (s_.state >= BrokerState::PENDING_CONTROLLED_SHUTDOWN) return;
  if (s_.state != BrokerState::RUNNING) return stop(host);  // nobody to ask
  s_.state = BrokerState::PENDING_CONTROLLED_SHUTDOWN;
  host.step.set_timer({kShutdownTimer, 0, 0}, host.step.now + kLongestControlledShutdown);
  send_without_delay(host);
}

void BrokerLifecycle::stop(BrokerLifecycleHost& host) {
  s_.state = BrokerState::SHUTTING_DOWN;
  host.stop();
}

void BrokerLifecycle::on_directory_failure(BrokerLifecycleHost& host, std::size_t directory, DirectoryId id) {
  s_.offline_dirs[id] = Told::no;
  host.step.set_timer({kDirectoryTimeoutTimer, 0, static_cast<std::uint32_t>(directory)},
                      host.step.now + host.config.log_dir_failure_timeout);
  if (s_.epoch.present()) send_without_delay(host);
}

void BrokerLifecycle::on_response(BrokerLifecycleHost& host, const MessageBody& body) {
  if (const auto* registration = std::get_if<BrokerRegistrationResponse>(&body)) {
    if (registration->error != Error::NONE) return fail(host);
    s_.epoch = registration->broker_epoch;
    s_.failures = 0;
    return send(host);
  }
  const auto* heartbeat = std::get_if<BrokerHeartbeatResponse>(&body);
  if (heartbeat == nullptr || heartbeat->error != Error::NONE) return fail(host);
  on_heartbeat(host, *heartbeat);
}

void BrokerLifecycle::on_heartbeat(BrokerLifecycleHost& host, const BrokerHeartbeatResponse& response) {
  s_.failures = 0;
  for (auto& [directory, told] : s_.offline_dirs)
    if (told == Told::asked) told = Told::yes;
  s_.fenced = response.is_fenced;
  Nanos delay = std::exchange(s_.next_at_once, false) ? Nanos(0) : host.config.broker_heartbeat_interval;
  const auto sooner = [&](Nanos than) {
    if (delay > Nanos(0)) delay = than;
  };
  switch (s_.state) {
    case BrokerState::STARTING:
      sooner(kCatchUpInterval);
      if (!response.is_caught_up) break;
      s_.state = BrokerState::RECOVERY;
      host.on_caught_up();
      break;
    case BrokerState::RECOVERY:
      if (!response.is_fenced) s_.state = BrokerState::RUNNING;
      break;
    case BrokerState::PENDING_CONTROLLED_SHUTDOWN:
      if (response.should_shut_down) return stop(host);
      if (!s_.asked_to_shut_down) sooner(kSecondShutdownRequest);
      s_.asked_to_shut_down = true;
      break;
    default:
      break;
  }
  send_soon(host, delay);
}

// ExponentialBackoff(100, 2, broker.session.timeout.ms)
void BrokerLifecycle::fail(BrokerLifecycleHost& host) {
  for (auto& [directory, told] : s_.offline_dirs)
    if (told == Told::asked) told = Told::no;
  const Nanos delay = std::min<Nanos>(milliseconds(100) * (std::int64_t{1} << std::min(s_.failures, 20)),
                                      std::max<Nanos>(milliseconds(100), host.config.broker_session_timeout));
  ++s_.failures;
  s_.next_at_once = false;
  send_soon(host, delay);
}

void BrokerLifecycle::on_loss(BrokerLifecycleHost& host, ControllerLoss loss) {
  if (loss != ControllerLoss::other_controller) return fail(host);
  host.step.set_timer({kHeartbeatTimer, 0, 0}, host.step.now);  // what was in flight goes to the new controller
}

void BrokerLifecycle::on_timer(BrokerLifecycleHost& host, TimerId timer, DirectoryId directory) {
  if (timer.kind == kHeartbeatTimer) return send(host);
  if (timer.kind == kShutdownTimer) return stop(host);
  // OfflineDirBrokerFailureEvent: a controller that cannot be told leaves leaders where nothing is served.
  const auto told = s_.offline_dirs.find(directory);
  if (told == s_.offline_dirs.end() || told->second == Told::yes) return;
  host.step.fact(ProbeHit{Probe::stopped_for_untold_directory});
  begin_controlled_shutdown(host);
}

}  // namespace ktrial::model
