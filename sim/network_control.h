// The network as a driver or fault engine sees it: faults by name, over links, nodes and sets of nodes.
// A short-lived view on a world; do not keep it across a copy of the world.
#pragma once

#include <span>

#include "sim/network.h"

namespace ktrial::sim {

class NetworkControl {
 public:
  NetworkControl(Network& network, Kernel& kernel) : net_(network), k_(kernel) {}

  void set_link(NodeId from, NodeId to, const LinkConfig& link) { net_.set_link(k_, from, to, link); }
  bool is_cut(NodeId from, NodeId to) const { return net_.is_cut(from, to); }
  const Network& view() const { return net_; }

  // One way. What is in flight waits, too.
  void cut(NodeId from, NodeId to) { net_.cut(k_, from, to); }
  void heal(NodeId from, NodeId to) { net_.heal(k_, from, to); }
  void cut_both(NodeId a, NodeId b) { cut(a, b), cut(b, a); }
  void heal_both(NodeId a, NodeId b) { heal(a, b), heal(b, a); }
  // Cuts a node off from all others.
  void isolate(NodeId node) {
    each_other(node, [&](NodeId o) { cut_both(node, o); });
  }
  void rejoin(NodeId node) {
    each_other(node, [&](NodeId o) { heal_both(node, o); });
  }
  // Cuts between those in the set and those not.
  void halves(std::span<const NodeId> set) {
    for (const NodeId a : set)
      each_other(a, [&](NodeId o) {
        if (!contains(set, o)) cut_both(a, o);
      });
  }
  // Two halves that only `node` can see both of.
  void bridge(std::span<const NodeId> set, NodeId node) {
    for (const NodeId a : set) {
      if (a != node)
        each_other(a, [&](NodeId o) {
          if (o != node && !contains(set, o)) cut_both(a, o);
        });
    }
  }
  void heal_all() {
    for (NodeId a = 0; a < net_.node_count(); ++a) rejoin(a);
  }

  // Extra transit time; zero ends it. Applies to what is sent from now on.
  void delay(NodeId from, NodeId to, Nanos extra) { net_.set_delay(k_, from, to, extra); }
  // 0 is unlimited.
  void bandwidth(NodeId from, NodeId to, std::uint64_t bytes_per_second) {
    net_.set_bandwidth(k_, from, to, bytes_per_second);
  }
  // Breaks all connections between two nodes: in flight is lost, each end learns at its own time.
  void reset(NodeId a, NodeId b) { net_.reset(k_, a, b); }
  // Cut in mid-response: the next message from -> to (of this kind) is lost and its connection reset.
  void reset_on_next(NodeId from, NodeId to, std::int32_t kind = kAnyKind) { net_.reset_on_next(k_, from, to, kind); }
  // Takes one such order back; false if it has been carried out.
  bool cancel_reset_on_next(NodeId from, NodeId to, std::int32_t kind = kAnyKind) {
    return net_.cancel_reset_on_next(k_, from, to, kind);
  }
  void hold(NodeId from, NodeId to, std::int32_t kind) { net_.hold(k_, from, to, kind); }
  void release(NodeId from, NodeId to, std::int32_t kind) { net_.release(k_, from, to, kind); }

 private:
  template <class F>
  void each_other(NodeId node, F&& f) {
    for (NodeId o = 0; o < net_.node_count(); ++o) {
      if (o != node) f(o);
    }
  }
  static bool contains(std::span<const NodeId> set, NodeId node) {
    for (const NodeId n : set) {
      if (n == node) return true;
    }
    return false;
  }

  Network& net_;
  Kernel& k_;
};

}  // namespace ktrial::sim
