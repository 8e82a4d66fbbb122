// The timers of all nodes. One per (node, key); a deadline is on the node's monotonic clock, an entry in
// the event queue on world time. Moving a timer later costs nothing: the pending entry fires early, sees
// that the deadline is not reached, and is queued again.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "sim/clock.h"
#include "sim/fetch_ahead.h"
#include "sim/kernel.h"
#include "sim/key_table.h"

namespace ktrial::sim {

class Timers {
 public:
  struct Fired {
    bool fires = false;
    std::uint64_t key = 0;
    std::uint64_t cause = 0;
  };

  void add_node() {
    tables_.emplace_back();
    of_node_.emplace_back();
  }

  void set(Kernel& k, const Clock& clock, NodeId node, std::uint64_t key, Nanos deadline) {
    KeyTable& table = tables_[static_cast<std::size_t>(node)];
    std::uint32_t slot = is_fired(node, key) ? fired_ : table.find(key);
    if (slot == KeyTable::kAbsent) {
      if (free_.empty()) {
        slot = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
      } else {
        slot = free_.back();
        free_.pop_back();
      }
      table.set(key, slot);
      slots_[slot].node = node;
      slots_[slot].key = key;
      slots_[slot].queued_at = kNever;
      slots_[slot].place = static_cast<std::uint32_t>(of(node).size());
      of(node).push_back(slot);
    }
    Slot& timer = slots_[slot];
    timer.deadline = deadline;
    timer.active = true;
    timer.cause = k.event_id;
    const Nanos at = clock.world_time_of(deadline, k.now);
    if (timer.queued_at > at) queue(k, slot, at);
  }

  void cancel(NodeId node, std::uint64_t key) {
    const auto slot = tables_[static_cast<std::size_t>(node)].find(key);
    if (slot != KeyTable::kAbsent) slots_[slot].active = false;
  }

  NodeId node_of(std::uint32_t slot) const { return slots_[slot].node; }
  std::uint64_t key_of(std::uint32_t slot) const { return slots_[slot].key; }
  bool is_current(std::uint32_t slot, std::uint32_t tag) const { return slots_[slot].generation == tag; }

  void fetch_ahead(std::uint32_t slot) const { fetch_into_cache(slots_[slot].generation); }

  // Its queue entry has come up. Requires is_current. A timer that fires keeps its slot until after_fired(): most
  // handlers set it again.
  Fired expire(Kernel& k, const Clock& clock, std::uint32_t slot) {
    Slot& timer = slots_[slot];
    timer.queued_at = kNever;
    if (timer.active) {
      const Nanos at = clock.world_time_of(timer.deadline, k.now);
      if (at > k.now) {
        queue(k, slot, at);
        return {};
      }
    }
    const Fired fired{timer.active, timer.key, timer.cause};
    fired_ = slot;
    timer.active = false;
    if (!fired.fires) after_fired();
    return fired;
  }
  // The handler of what expire() returned is done.
  void after_fired() {
    if (fired_ == kNone) return;  // its process is gone
    const std::uint32_t slot = std::exchange(fired_, kNone);
    if (slots_[slot].active) return;
    tables_[static_cast<std::size_t>(slots_[slot].node)].erase(slots_[slot].key);
    release(slot);
  }

  // The node's clock was changed: deadlines now fall on other world times.
  void clock_changed(Kernel& k, const Clock& clock, NodeId node) {
    for (const std::uint32_t slot : of(node)) {
      Slot& timer = slots_[slot];
      if (!timer.active) continue;
      const Nanos at = clock.world_time_of(timer.deadline, k.now);
      if (at < timer.queued_at) queue(k, slot, at);
    }
  }

  // The process is gone, and its timers with it.
  void clear(NodeId node) {
    while (!of(node).empty()) release(of(node).back());
    fired_ = kNone;  // only a handler of its own node can end a process meanwhile
    tables_[static_cast<std::size_t>(node)].clear();
  }

 private:
  friend class WorldState;

  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;
  struct alignas(64) Slot {  // one cache line
    std::uint64_t key = 0;
    std::uint64_t cause = 0;
    Nanos deadline{0};
    Nanos queued_at = kNever;  // world time of the current queue entry
    NodeId node = -1;
    std::uint32_t generation = 0;
    std::uint32_t place = 0;  // in the list of its node
    bool active = false;
  };

  bool is_fired(NodeId node, std::uint64_t key) const {
    return fired_ != kNone && slots_[fired_].key == key && slots_[fired_].node == node;
  }
  std::vector<std::uint32_t>& of(NodeId node) { return of_node_[static_cast<std::size_t>(node)]; }

  void queue(Kernel& k, std::uint32_t slot, Nanos at) {
    Slot& timer = slots_[slot];
    ++timer.generation;  // an entry queued for a later time is stale now
    timer.queued_at = at;
    if (at != kNever) k.schedule(at, EventKind::timer, slot, timer.generation);
  }
  void release(std::uint32_t slot) {
    Slot& timer = slots_[slot];
    auto& siblings = of(timer.node);
    siblings[timer.place] = siblings.back();
    slots_[siblings.back()].place = timer.place;
    siblings.pop_back();
    ++timer.generation;
    timer.node = -1;
    timer.active = false;
    timer.queued_at = kNever;
    free_.push_back(slot);
  }

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<KeyTable> tables_;                     // per node: key -> slot
  std::vector<std::vector<std::uint32_t>> of_node_;  // per node: its slots, in no order that matters
  std::uint32_t fired_ = kNone;                      // the slot whose handler runs now
};

}  // namespace ktrial::sim
