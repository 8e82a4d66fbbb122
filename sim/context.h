// What a node may do while it handles an event, and what a protocol must offer to be simulated.
//
// A protocol P names its types and the node; a node is a copyable value {config, disk, memory}:
//   P::Message, P::Fact, P::Command   copyable values
//   P::Node                           handlers below
//   size_of(message) -> u32 bytes, kind_of(message) -> u16, digest(message) -> u64, digest(fact) -> u64
// `on_datagram(ctx, from, message)` is needed only by protocols that send datagrams.
#pragma once

#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/decision.h"
#include "sim/network.h"
#include "sim/time.h"

namespace ktrial::sim {

template <class P>
class World;

// What became of an unsynced write.
enum class Fate : std::uint8_t { lost, torn, whole };
struct AskedSurvival {
  DecisionName name;
  Nanos at{0};
  Fate fate = Fate::lost;
};

// Decides, write by write, what of the unsynced data outlives a power cut. Override the names
// `survives` and `torn` to fix it.
class Survival {
 public:
  using Fate = sim::Fate;

  // `asked`: each question and its answer is added there, if it is given.
  Survival(const Decisions& decisions, Nanos now, NodeId node, std::uint32_t crash,
           std::vector<AskedSurvival>* asked = nullptr)
      : decisions_(decisions), now_(now), node_(static_cast<std::uint32_t>(node)), crash_(crash), asked_(asked) {}

  // Half of the writes are lost, one in eight is torn. `write` counts within the file, in order.
  Fate decide(std::uint64_t file, std::uint32_t write) {
    const DecisionName question = name(DecisionKind::survives, file, write);
    const auto value = decisions_.uniform(question, now_, 0, 7);
    // An override gives the fate itself; drawn values map eight to three.
    const Fate fate = decisions_.is_overridden(question) ? static_cast<Fate>(value > 2 ? 2 : value)
                      : value < 4                        ? Fate::lost
                      : value < 5                        ? Fate::torn
                                                         : Fate::whole;
    if (asked_) asked_->push_back({question, now_, fate});
    return fate;
  }
  // How many bytes of a torn write of this size are kept: fewer than all.
  std::uint64_t torn_bytes(std::uint64_t file, std::uint32_t write, std::uint64_t size) {
    return size == 0 ? 0 : decisions_.uniform(name(DecisionKind::torn, file, write), now_, 0, size - 1);
  }
  std::uint32_t crash() const { return crash_; }

 private:
  DecisionName name(DecisionKind kind, std::uint64_t file, std::uint32_t write) const {
    return {kind, node_, crash_, write, file};
  }
  const Decisions& decisions_;
  Nanos now_;
  std::uint32_t node_;
  std::uint32_t crash_;  // the how-manieth power cut of this node, from 1
  std::vector<AskedSurvival>* asked_;
};

// Lives for one handler call; do not keep it.
template <class P>
class Context {
 public:
  Context(World<P>& world, NodeId id) : self(id), world_(world) {}

  const NodeId self;

  Nanos now() const;   // this node's monotonic clock
  Nanos wall() const;  // this node's wall clock

  // A new connection; the handshake is made by the first send. Requires peer != self.
  ConnectionId open(NodeId peer) { return world_.network_.open(self, peer); }
  // False if this end is already closed: the message is lost.
  bool send(ConnectionId connection, typename P::Message&& message);
  void close(ConnectionId connection) { world_.network_.close(world_.kernel_, self, connection); }
  // The other end; -1 once the connection is over.
  NodeId peer_of(ConnectionId connection) const { return world_.network_.peer_of(self, connection); }
  void send_datagram(NodeId to, typename P::Message&& message);

  // One timer per key; setting it again moves it. The deadline is on the monotonic clock.
  void set_timer(std::uint64_t key, Nanos deadline) { world_.set_timer(self, key, deadline); }
  void cancel_timer(std::uint64_t key) { world_.cancel_timer(self, key); }

  // A choice the protocol leaves open, named by node, subject and how often it was asked.
  std::uint64_t choose(std::uint64_t subject, std::uint64_t lo, std::uint64_t hi) {
    return world_.choose(self, subject, lo, hi);
  }
  void emit(typename P::Fact&& fact) { world_.emit(self, std::move(fact)); }
  // The node handles nothing for so long; what arrives waits.
  void busy(Nanos duration) { world_.busy(self, duration); }
  // The process ends by itself after this handler; its peers see it close.
  void exit() { world_.exiting_ = true; }

 private:
  World<P>& world_;
};

template <class P>
concept Protocol = std::copyable<typename P::Message> && std::copyable<typename P::Fact> &&
    std::copyable<typename P::Node> &&
    requires(typename P::Node node, Context<P>& ctx, Survival& survival, ConnectionId connection,
             typename P::Message message, const typename P::Message& seen, const typename P::Fact& fact,
             const typename P::Command& command) {
  { P::size_of(seen) } -> std::convertible_to<std::uint32_t>;
  { P::kind_of(seen) } -> std::convertible_to<std::uint16_t>;
  { P::digest(seen) } -> std::convertible_to<std::uint64_t>;
  { P::digest(fact) } -> std::convertible_to<std::uint64_t>;
  node.start(ctx);
  node.on_message(ctx, connection, std::move(message));
  node.on_closed(ctx, connection);
  node.on_timer(ctx, std::uint64_t{});
  node.on_command(ctx, command);
  node.kill();
  node.power_cut(survival);
  node.wipe();
};

}  // namespace ktrial::sim
