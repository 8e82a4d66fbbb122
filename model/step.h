// What a state machine of the model is given with every input, and how it answers: the whole border to the world.
//
// A node's handler gets a Step: the time on its own two clocks, a way to ask for a named undetermined value, and the
// lists that it fills with effects and facts. Nothing else: no clock, socket, disk or random number of its own.
// Effects are values and are carried out in the order given, after the handler returns. The disk is part of
// the node (model/storage/disk_file.h), so writing and syncing are plain calls on it, done when the call returns.
#pragma once

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "model/facts.h"
#include "model/messages.h"
#include "model/types.h"

namespace ktrial::model {

// A timer of one node: setting a timer again moves it. `about` tells timers of one kind apart.
struct TimerId {
  std::uint16_t kind = 0;
  std::uint16_t sub = 0;
  std::uint32_t about = 0;
  KTRIAL_FIELDS(TimerId, kind, sub, about)
  constexpr std::uint64_t packed() const { return (std::uint64_t{kind} << 48) | (std::uint64_t{sub} << 32) | about; }
  static constexpr TimerId unpack(std::uint64_t v) {
    return {static_cast<std::uint16_t>(v >> 48), static_cast<std::uint16_t>(v >> 32), static_cast<std::uint32_t>(v)};
  }
  constexpr auto operator<=>(const TimerId&) const = default;
};

struct SendEffect {
  ConnectionId connection;
  Message message;
};
struct OpenEffect {  // must come before the first send on that connection
  ConnectionId connection;
  NodeId peer;
};
struct CloseEffect {
  ConnectionId connection;
};
struct SetTimerEffect {
  TimerId timer;
  Nanos deadline;  // on the node's monotonic clock
};
struct CancelTimerEffect {
  TimerId timer;
};
struct BusyEffect {  // the node handles nothing more for so long: it waits for its disk
  Nanos duration;
};
struct ExitEffect {};  // the process ends by itself (controlled shutdown is done, or it cannot go on)

using Effect =
    std::variant<SendEffect, OpenEffect, CloseEffect, SetTimerEffect, CancelTimerEffect, BusyEffect, ExitEffect>;

// What is asked when the protocol leaves something open. The value is a pure function of the run's seed and this name.
enum class Choice : std::uint16_t {
  election_timeout,   // about: epoch
  election_backoff,   // about: epoch
  bootstrap_server,   // which voter an observer asks first
  least_loaded_node,  // which broker a client asks for metadata
  retry_jitter,
  sticky_partition,
  incarnation,
  member_id,
  coordinator_load,   // how long a broker reads a partition of __consumer_offsets; about: the partition
  next_request,       // which of several connections a broker serves next; about: how many wait beside the first
  log_recovery,       // how long a log takes to be recovered; about: the topic
  log_flush,          // when the scheduler's thread gets to a rolled segment; about: the topic
  directory_failure,  // when the handler of an offline log directory gets to it
  log_cleaner,        // how long a step of the log cleaner takes; about: the topic
  tombstone,          // whether a record has no value; about: its number
  remote_log_task,    // when a thread gets to a new task of the remote log; about: the topic
  remote_segment,     // the uuid of a segment that is copied; about: the request
  reconnect_jitter,   // of a client's backoff; about: the broker
  metadata_jitter,    // of a client's backoff; about: how many attempts failed
};

class Step {
 public:
  using ChooseFunction = std::uint64_t (*)(void* world, Choice choice, std::uint32_t about, std::uint64_t lowest,
                                           std::uint64_t highest);

  NodeId self;
  Nanos now{0};         // monotonic clock of this node
  Nanos wall_clock{0};  // wall clock of this node
  std::vector<Effect> effects;
  std::vector<Fact> facts;

  // In [lowest, highest], both included.
  std::uint64_t choose(Choice choice, std::uint32_t about, std::uint64_t lowest, std::uint64_t highest) {
    return choose_function(choose_context, choice, about, lowest, highest);
  }
  Nanos choose_duration(Choice choice, std::uint32_t about, Nanos lowest, Nanos highest) {
    return Nanos(static_cast<std::int64_t>(choose(choice, about, static_cast<std::uint64_t>(lowest.count()),
                                                  static_cast<std::uint64_t>(highest.count()))));
  }
  ConnectionId open(NodeId peer) {
    ConnectionId id{self, next_connection++};
    effects.push_back(OpenEffect{id, peer});
    return id;
  }
  // `body`: any kind of message. It is moved once, to where it is sent from.
  template <class Body>
  void send(ConnectionId connection, std::int32_t correlation_id, Body&& body) {
    auto& effect = std::get<SendEffect>(effects.emplace_back(std::in_place_type<SendEffect>));
    effect.connection = connection;
    effect.message.correlation_id = correlation_id;
    effect.message.body = std::forward<Body>(body);
  }
  void close(ConnectionId connection) { effects.push_back(CloseEffect{connection}); }
  void set_timer(TimerId timer, Nanos deadline) { effects.push_back(SetTimerEffect{timer, deadline}); }
  void cancel_timer(TimerId timer) { effects.push_back(CancelTimerEffect{timer}); }
  void busy(Nanos duration) { effects.push_back(BusyEffect{duration}); }
  void exit() { effects.push_back(ExitEffect{}); }
  template <class F>
  void fact(F&& f) {
    facts.emplace_back(std::forward<F>(f));
  }

  // Set by whoever drives the node (and by tests); the connection counter outlives restarts.
  std::int32_t next_connection = 0;
  ChooseFunction choose_function = [](void*, Choice, std::uint32_t, std::uint64_t lowest, std::uint64_t) {
    return lowest;
  };
  void* choose_context = nullptr;
};

}  // namespace ktrial::model
