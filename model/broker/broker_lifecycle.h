// A broker's standing with the controller: registration, heartbeats, fencing, controlled shutdown.
//
// Follows BrokerLifecycleManager (KIP-631). The node sends what next() gives and reports back what became of it. An
// error of any kind, STALE_BROKER_EPOCH too, is only tried again: a broker that the controllers know no more goes on
// serving, and stays unknown to them until it is restarted.
// A log directory that failed is told in every heartbeat; one that no heartbeat could tell of within
// log.dir.failure.timeout.ms is a reason to shut down (KIP-858).
// Leaves out: features, initial.broker.registration.timeout.ms (it tries without end); backoff is
// without jitter.
// Always holds: no broker epoch before a registration succeeded; states only go forward.
#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <optional>
#include <vector>

#include "model/config.h"
#include "model/described.h"
#include "model/messages.h"

namespace ktrial::model {

enum class BrokerState : std::uint8_t {
  NOT_RUNNING,
  STARTING,
  RECOVERY,
  RUNNING,
  PENDING_CONTROLLED_SHUTDOWN,
  SHUTTING_DOWN
};

class BrokerLifecycle {
 public:
  enum class Then : std::uint8_t { wait, caught_up, shut_down };

  BrokerLifecycle() = default;
  BrokerLifecycle(NodeId self, IncarnationId incarnation, BrokerEpoch previous)
      : state_(BrokerState::STARTING), self_(self), incarnation_(incarnation), previous_(previous) {}

  BrokerState state() const { return state_; }
  BrokerEpoch epoch() const { return epoch_; }
  bool fenced() const { return fenced_; }
  void set_ready_to_unfence() { ready_ = true; }
  // False: nobody to ask, shut down at once.
  bool begin_shutdown() {
    if (state_ != BrokerState::RUNNING) {
      state_ = BrokerState::SHUTTING_DOWN;
      return false;
    }
    state_ = BrokerState::PENDING_CONTROLLED_SHUTDOWN;
    return true;
  }
  // The next request goes out as soon as the one in flight has succeeded.
  void next_at_once() { at_once_ = true; }
  void shutting_down() { state_ = BrokerState::SHUTTING_DOWN; }

  // -- log directories, if there are several
  void set_log_dirs(std::vector<DirectoryId> online, bool told_once) {
    log_dirs_ = std::move(online);
    told_once_ = told_once;
  }
  void directory_failed(DirectoryId directory) { offline_[directory] = Told::no; }
  bool failure_was_told(DirectoryId directory) const {
    const auto it = offline_.find(directory);
    return it == offline_.end() || it->second == Told::yes;
  }

  MessageBody next(Offset applied) const {
    if (!epoch_.present()) return BrokerRegistrationRequest{self_, incarnation_, previous_, {log_dirs_}};
    BrokerHeartbeatRequest heartbeat{
        self_, epoch_, applied, !ready_, state_ == BrokerState::PENDING_CONTROLLED_SHUTDOWN, {}};
    for (const auto& [directory, told] : offline_)
      if (told == Told::no || !told_once_) heartbeat.offline_log_dirs.value.push_back(directory);
    return heartbeat;
  }
  // What next() gave is on its way. Variant offline_log_dirs [C14]: that counts as told.
  void sent() {
    if (epoch_.present())
      for (auto& [directory, told] : offline_)
        if (told == Told::no) told = told_once_ ? Told::yes : Told::asked;
  }
  // `delay` is set to the time until the next request.
  Then on_response(const MessageBody& body, const ClusterConfig& config, Nanos& delay) {
    if (const auto* r = std::get_if<BrokerRegistrationResponse>(&body)) {
      if (r->error != Error::NONE) return failed(config, delay);
      epoch_ = r->broker_epoch;
      failures_ = 0;
      delay = Nanos(0);
      return Then::wait;
    }
    const auto* r = std::get_if<BrokerHeartbeatResponse>(&body);
    if (r == nullptr || r->error != Error::NONE) return failed(config, delay);
    failures_ = 0;
    for (auto& [directory, told] : offline_)
      if (told == Told::asked) told = Told::yes;
    const Then then = on_heartbeat(*r, config, delay);
    if (at_once_) delay = Nanos(0);
    at_once_ = false;
    return then;
  }
  // No answer, or an error: ExponentialBackoff(100, 2, broker.session.timeout.ms).
  Then failed(const ClusterConfig& config, Nanos& delay) {
    for (auto& [directory, told] : offline_)
      if (told == Told::asked) told = Told::no;
    delay = std::min<Nanos>(milliseconds(100) * (std::int64_t{1} << std::min(failures_, 20)),
                            std::max<Nanos>(milliseconds(100), config.broker_session_timeout));
    ++failures_;
    at_once_ = false;
    return Then::wait;
  }

  KTRIAL_FIELDS(BrokerLifecycle, state_, self_, incarnation_, previous_, epoch_, ready_, fenced_, at_once_,
                asked_to_shut_down_, failures_, log_dirs_, offline_, told_once_)

 private:
  Then on_heartbeat(const BrokerHeartbeatResponse& r, const ClusterConfig& config, Nanos& delay) {
    delay = config.broker_heartbeat_interval;
    fenced_ = r.is_fenced;
    switch (state_) {
      case BrokerState::STARTING:
        delay = milliseconds(10);
        if (!r.is_caught_up) break;
        state_ = BrokerState::RECOVERY;
        return Then::caught_up;
      case BrokerState::RECOVERY:
        if (!r.is_fenced) state_ = BrokerState::RUNNING;
        break;
      case BrokerState::PENDING_CONTROLLED_SHUTDOWN:
        if (r.should_shut_down) {
          state_ = BrokerState::SHUTTING_DOWN;
          return Then::shut_down;
        }
        // The second request of a controlled shutdown comes soon: often there was little to move.
        if (!asked_to_shut_down_) delay = milliseconds(50);
        asked_to_shut_down_ = true;
        break;
      default:
        break;
    }
    return Then::wait;
  }

  enum class Told : std::uint8_t { no, asked, yes };

  BrokerState state_ = BrokerState::NOT_RUNNING;
  NodeId self_;
  IncarnationId incarnation_;
  BrokerEpoch previous_;
  BrokerEpoch epoch_;
  bool ready_ = false;
  bool fenced_ = true;
  bool at_once_ = false;
  bool asked_to_shut_down_ = false;
  int failures_ = 0;
  std::vector<DirectoryId> log_dirs_;  // when the process began
  boost::container::flat_map<DirectoryId, Told> offline_;
  bool told_once_ = false;
};

}  // namespace ktrial::model
