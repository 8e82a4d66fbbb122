// A broker's standing with the controller: registration, heartbeats, fencing, controlled shutdown.
//
// Follows BrokerLifecycleManager (KIP-631). A request that fails for any reason, STALE_BROKER_EPOCH too, is only tried
// again: a broker that the controllers know no more goes on serving, and stays unknown to them until it is restarted.
// A log directory that failed is told in every heartbeat; one that no heartbeat could tell of within
// log.dir.failure.timeout.ms is a reason to shut down (KIP-858).
// Leaves out: features, initial.broker.registration.timeout.ms (it tries without end); backoff is
// without jitter.
// Always holds: no broker epoch before a registration succeeded; states only go forward; one request in flight.
#pragma once

#include <boost/container/flat_map.hpp>
#include <vector>

#include "model/broker/controller_link.h"
#include "model/config.h"
#include "model/described.h"

namespace ktrial::model {

inline constexpr std::uint16_t kHeartbeatTimer = 200;
inline constexpr std::uint16_t kShutdownTimer = 208;
inline constexpr std::uint16_t kDirectoryTimeoutTimer = 230;  // about: the directory

enum class BrokerState : std::uint8_t {
  NOT_RUNNING,
  STARTING,
  RECOVERY,
  RUNNING,
  PENDING_CONTROLLED_SHUTDOWN,
  SHUTTING_DOWN
};

// What the lifecycle needs of its broker.
class BrokerLifecycleHost {
 public:
  BrokerLifecycleHost(Step& s, const ClusterConfig& c, ControllerLink& link) : step(s), config(c), controller(link) {}
  virtual ~BrokerLifecycleHost() = default;
  Step& step;
  const ClusterConfig& config;
  ControllerLink& controller;

  virtual Offset applied_metadata() const = 0;  // the offset of the last record
  virtual void on_caught_up() = 0;              // the controller finds that the metadata is applied far enough
  virtual void stop() = 0;                      // to store everything and end the process
};

class BrokerLifecycle {
 public:
  enum class Told : std::uint8_t { no, asked, yes };
  struct State {
    BrokerState state = BrokerState::NOT_RUNNING;
    NodeId self;
    IncarnationId incarnation;
    BrokerEpoch previous;  // of a clean stop before
    BrokerEpoch epoch;
    bool ready_to_unfence = false;
    bool fenced = true;
    bool next_at_once = false;  // the next request goes out as soon as the one in flight has succeeded
    bool asked_to_shut_down = false;
    int failures = 0;
    std::vector<DirectoryId> log_dirs;  // when the process began, if there are several
    boost::container::flat_map<DirectoryId, Told> offline_dirs;
    bool told_once = false;  // variant offline_log_dirs [C14]: what was sent counts as told
    KTRIAL_FIELDS(State, state, self, incarnation, previous, epoch, ready_to_unfence, fenced, next_at_once,
                  asked_to_shut_down, failures, log_dirs, offline_dirs, told_once)
  };

  BrokerLifecycle() = default;
  BrokerLifecycle(NodeId self, IncarnationId incarnation, BrokerEpoch previous, std::vector<DirectoryId> log_dirs,
                  const Variants& variants);

  BrokerState state() const { return s_.state; }
  BrokerEpoch epoch() const { return s_.epoch; }
  bool fenced() const { return s_.fenced; }
  bool caught_up() const { return s_.state >= BrokerState::RECOVERY; }
  void set_ready_to_unfence() { s_.ready_to_unfence = true; }

  // The next request, or another try soon if nobody is known to send it to; nothing while one is in flight.
  void send(BrokerLifecycleHost& host);
  void begin_controlled_shutdown(BrokerLifecycleHost& host);
  void on_directory_failure(BrokerLifecycleHost& host, std::size_t directory, DirectoryId id);

  void on_response(BrokerLifecycleHost& host, const MessageBody& body);
  void on_loss(BrokerLifecycleHost& host, ControllerLoss loss);
  static bool owns(TimerId timer) {
    return timer.kind == kHeartbeatTimer || timer.kind == kShutdownTimer || timer.kind == kDirectoryTimeoutTimer;
  }
  // `directory`: the one that a kDirectoryTimeoutTimer is about.
  void on_timer(BrokerLifecycleHost& host, TimerId timer, DirectoryId directory);

  KTRIAL_FIELDS(BrokerLifecycle, s_)

 private:
  MessageBody next(Offset applied) const;
  void sent();
  void send_soon(BrokerLifecycleHost& host, Nanos delay);
  void on_heartbeat(BrokerLifecycleHost& host, const BrokerHeartbeatResponse& response);
  void fail(BrokerLifecycleHost& host);
  void send_without_delay(BrokerLifecycleHost& host);
  void stop(BrokerLifecycleHost& host);

  State s_;
};

}  // namespace ktrial::model
