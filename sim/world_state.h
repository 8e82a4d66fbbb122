// What a world is at a moment, written out: the one place that knows what of it is state.
//
// `write_world(world, out)` tells `out` everything that what happens next depends on. `out` decides what becomes of it
// (a hash, words, lines for a person) and whether history counts:
//
//   out.keeps_history()                 false: times are relative to now, numbers that only make names are left out
//   out.field(name, value)              bool, std::int64_t, std::uint64_t, Nanos or std::string
//   out.wants_names()                   if so:
//   out.enter(name) -> x, out.leave(x)  what is written in between is part of that
//
// The protocol writes what is its own and renames what names something of a node:
//
//   P::name_connection(out, connection, peer, rank)  comes first, for each open connection
//   P::write_connection(out, name, connection)
//   P::write_message(out, connection, message)       in flight; an absent connection: a datagram
//   P::write_node(out, id, node, monotonic, wall)    both readings of now; `wall` is the same for all nodes
//   P::timer_key(out, key) -> u64                    after write_node of its node
//
// State is: nodes; clocks; processes and what waits for them; timers by their deadlines; links; connections with what
// is in flight on them and when its head arrives; datagrams; orders to hold or reset; tokens. With history also: now,
// seeds and overrides, how often each choice was asked for, how often a node lost power, numbers of connections and
// messages. They are the names of decisions to come: worlds that differ in nothing else have the same futures, but not
// the same one under the same seed. Left out: event ids, causes, fingerprint, trace, facts, survivals and what links
// have carried and stopped (a record of what was); pools, free lists, generations and indexes (how it is kept); entries
// of the queue that are stale, or that fall due before the deadline of a timer which was moved; how many of equal time
// and equal rank came first.
#pragma once

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/world.h"

namespace ktrial::sim {

class WorldState {
 public:
  template <class P, class Out>
  static void write(const World<P>& world, Out& out) {
    Walk<P, Out>{world, out, {}, {}}.all();
  }

 private:
  // What the event queue says about each thing; kNever: nothing.
  struct Due {
    std::vector<Nanos> arrival, timeout;  // by direction
    std::vector<Nanos> wake;              // by node
    std::vector<std::pair<Nanos, std::uint64_t>> tokens;
    std::vector<std::pair<Nanos, std::uint32_t>> datagrams;
  };
  struct Named {  // a connection by what it is, not by its number
    NodeId initiator, peer;
    std::int32_t number;
    std::uint32_t slot;
    auto operator<=>(const Named&) const = default;
  };

  template <class P, class Out>
  struct Walk {
    const World<P>& world;
    Out& out;
    Due due;
    std::vector<Named> connections;

    const Network& network() const { return world.network_; }
    Nanos now() const { return world.kernel_.now; }
    bool exact() const { return out.keeps_history(); }
    // `clamped`: once it is past it says no more.
    void time(const char* name, Nanos at, bool clamped = true) const {
      if (!exact() && at != kNever) at = clamped ? std::max(at - now(), Nanos{0}) : at - now();
      out.field(name, at);
    }
    void number(const char* name, std::int64_t value) const { out.field(name, value); }
    void unsigned_number(const char* name, std::uint64_t value) const { out.field(name, value); }
    void flag(const char* name, bool value) const { out.field(name, value); }
    // `name()` is asked only by who wants names.
    template <class Name, class F>
    void part(Name&& name, F&& write) const {
      if (!out.wants_names()) return write();
      const auto outer = out.enter(name());
      write();
      out.leave(outer);
    }
    template <class F>
    void part(const char* name, F&& write) const {
      part([&] { return std::string(name); }, write);
    }
    template <class Number, class F>
    void item(const char* name, Number i, F&& write) const {
      part([&] { return name + ('[' + std::to_string(i) + ']'); }, write);
    }
    std::string name_of(NodeId id) const { return world.names_[static_cast<std::size_t>(id)]; }

    void all() {
      collect_due();
      collect_connections();
      part("world", [&] { history_and_config(); });
      for (const Named& c : connections) connection(c);
      datagrams();
      orders();
      for (NodeId id = 0; id < world.node_count(); ++id) part([&] { return name_of(id); }, [&] { node(id); });
      part("tokens", [&] {
        number("count", static_cast<std::int64_t>(due.tokens.size()));
        for (std::size_t i = 0; i < due.tokens.size(); ++i)
          item("token", i, [&] {
            time("at", due.tokens[i].first);
            unsigned_number("what", due.tokens[i].second);
          });
      });
    }

    void collect_due() {
      const EventQueue& queue = world.kernel_.queue;
      due.arrival.assign(network().directions_.size(), kNever);
      due.timeout.assign(network().directions_.size(), kNever);
      due.wake.assign(world.nodes_.size(), kNever);
      for (std::size_t k = 0; k < queue.buckets_.size(); ++k)
        for (std::size_t i = k == 0 ? queue.front_ : 0; i < queue.buckets_[k].size(); ++i) note(queue.buckets_[k][i]);
      const auto earlier = [](const auto& a, const auto& b) { return a.first < b.first; };
      std::stable_sort(due.tokens.begin(), due.tokens.end(), earlier);
      std::stable_sort(due.datagrams.begin(), due.datagrams.end(), earlier);
    }
    void note(const QueueEntry& entry) {
      const std::uint32_t i = index_of(entry);
      const Nanos at{entry.time};
      switch (kind_of(entry)) {
        case EventKind::direction:
          if (network().directions_[i].generation == entry.tag) due.arrival[i] = at;
          break;
        case EventKind::timeout:
          if (network().directions_[i].timeout_armed && network().directions_[i].timeout_generation == entry.tag)
            due.timeout[i] = at;
          break;
        case EventKind::datagram:
          due.datagrams.emplace_back(at, i);
          break;
        case EventKind::token:
          due.tokens.emplace_back(at, world.tokens_[i]);
          break;
        case EventKind::wake:
          if (world.nodes_[i].wake_queued && world.nodes_[i].wake_generation == entry.tag) due.wake[i] = at;
          break;
        case EventKind::timer:
          break;  // its deadline says it
      }
    }

    // By their ends, and of those between the same two the older first.
    void collect_connections() {
      for (std::uint32_t slot = 0; slot < network().connections_.size(); ++slot)
        if (const auto& c = network().connections_[slot]; c.live)
          connections.push_back({c.ends[0], c.ends[1], c.id.number, slot});
      std::sort(connections.begin(), connections.end());
      std::uint32_t rank = 0;
      for (std::size_t i = 0; i < connections.size(); ++i) {
        const Named& c = connections[i];
        const bool same = i > 0 && connections[i - 1].initiator == c.initiator && connections[i - 1].peer == c.peer;
        rank = same ? rank + 1 : 0;
        P::name_connection(out, ConnectionId{c.initiator, c.number}, c.peer, rank);
      }
    }

    void history_and_config() const {
      if (exact()) {
        out.field("now", now());
        const Decisions& decisions = world.kernel_.decisions;
        for (std::size_t i = 0; i < decisions.seeds_.size(); ++i)
          item("seed", i, [&] {
            out.field("from", decisions.seeds_[i].from);
            unsigned_number("seed", decisions.seeds_[i].seed);
          });
        number("overrides", static_cast<std::int64_t>(decisions.overrides_.size()));
        for (std::size_t i = 0; i < decisions.overrides_.size(); ++i)
          item("override", i, [&] {
            out.field("decision", to_text(decisions.overrides_[i].name));
            unsigned_number("value", decisions.overrides_[i].value);
          });
      }
      out.field("service_time", world.config_.service_time);
      const NetworkConfig& config = network().config_;
      link_config(config.link);
      out.field("user_timeout", config.user_timeout);
      out.field("retransmit_max", config.retransmit_max);
      out.field("close_notice_max", config.close_notice_max);
      out.field("departure", config.departure);
      number("nodes", world.node_count());
    }
    void link_config(const LinkConfig& link) const {
      out.field("latency_min", link.latency_min);
      out.field("latency_jitter", link.latency_jitter);
      number("shape", static_cast<std::int64_t>(link.shape));
      out.field("tail", link.tail);
      number("tail_per_million", link.tail_per_million);
      unsigned_number("bytes_per_second", link.bytes_per_second);
      number("loss_per_million", link.loss_per_million);
      number("duplicate_per_million", link.duplicate_per_million);
    }

    void connection(const Named& named) const {
      const Network::Connection& c = network().connections_[named.slot];
      part(
          [&] {
            return "connection " + std::to_string(c.id.number) + " of " + name_of(c.ends[0]) + " to " +
                   name_of(c.ends[1]);
          },
          [&] {
            P::write_connection(out, "connection", c.id);
            flag("reset", c.reset);
            for (std::uint32_t end = 0; end < 2; ++end)
              part(end == 0 ? "there" : "back", [&] {
                number("end", static_cast<std::int64_t>(c.state[end]));
                direction(named.slot * 2 + end, c.id);
              });
          });
    }
    void direction(std::uint32_t i, ConnectionId id) const {
      const Network::Direction& d = network().directions_[i];
      flag("blocked", d.blocked);
      flag("scheduled", d.scheduled);
      flag("sender_lost", d.sender_lost);
      flag("timeout_armed", d.timeout_armed);
      if (exact())
        unsigned_number("next_number", d.next_number);
      else
        flag("unused", d.next_number == 0);
      time("last_arrival", d.last_arrival);
      time("arrival", due.arrival[i]);
      time("timeout", due.timeout[i]);
      std::int64_t count = 0;
      for (auto f = d.head; f != Network::kNone; f = network().flights_[f].next, ++count) {
        item("flight", count, [&] { flight(f, id); });
      }
      number("flights", count);
    }
    void flight(std::uint32_t i, ConnectionId id) const {
      const Network::Flight& f = network().flights_[i];
      number("kind", static_cast<std::int64_t>(f.kind));
      flag("arrived", f.arrived);
      time("deliver_at", f.deliver_at);
      time("sent_at", f.sent_at, false);
      if (exact()) unsigned_number("number", f.number);
      if (f.kind == Network::FlightKind::message) P::write_message(out, id, world.messages_[f.payload]);
    }
    void datagrams() const {
      part("datagrams", [&] {
        number("count", static_cast<std::int64_t>(due.datagrams.size()));
        for (std::size_t i = 0; i < due.datagrams.size(); ++i)
          item("datagram", i, [&] {
            const auto& [at, which] = due.datagrams[i];
            number("from", network().flights_[which].from);
            number("to", network().flights_[which].to);
            time("arrival", at);
            flight(which, {});
          });
      });
    }
    void orders() const {
      for (const auto* rules : {&network().holds_, &network().mines_})
        part(rules == &network().holds_ ? "holds" : "resets", [&] {
          number("count", static_cast<std::int64_t>(rules->size()));
          for (std::size_t i = 0; i < rules->size(); ++i)
            item("order", i, [&] {
              number("from", (*rules)[i].from);
              number("to", (*rules)[i].to);
              number("message_kind", (*rules)[i].kind);
            });
        });
    }

    void node(NodeId id) const {
      const auto& slot = world.slot(id);
      flag("running", slot.running);
      flag("paused", slot.paused);
      number("machine", static_cast<std::int64_t>(network().machines_[static_cast<std::size_t>(id)]));
      unsigned_number("slow_factor", slot.slow_factor);
      time("busy_until", slot.busy_until);
      time("wake", due.wake[static_cast<std::size_t>(id)]);
      clock(slot.clock);
      if (exact()) {
        number("power_cuts", slot.crashes);
        number("connections_opened",
               static_cast<std::int64_t>(network().by_number_[static_cast<std::size_t>(id)].size()));
        for (const auto& [subject, count] : slot.choices.sorted())
          item("choice", subject, [&, what = subject, times = count] {
            unsigned_number("subject", what);
            number("asked", times);
          });
      }
      for (NodeId to = 0; to < world.node_count(); ++to)
        if (to != id) part([&] { return "link to " + name_of(to); }, [&] { link(network().link(id, to)); });
      const Nanos wall = ClockConfig{}.wall_epoch + now();
      P::write_node(out, id, slot.node, slot.clock.monotonic(now()), wall);
      timers(id);
      part("waiting", [&] { waiting(slot); });
    }
    void clock(const Clock& clock) const {
      number("drift_ppm", clock.ppm_);
      flag("frozen", clock.frozen_);
      out.field("wall_offset", clock.wall(now()) - ClockConfig{}.wall_epoch - now());
      if (!exact()) return;
      out.field("clock_base_world", clock.base_world_);
      out.field("clock_base_node", clock.base_node_);
      out.field("clock_wall_ahead", clock.wall_ahead_);
    }
    void link(const Network::Link& l) const {
      link_config(l.config);
      out.field("extra_delay", l.extra);
      time("free_at", l.free_at);
      flag("cut", l.cut);
      if (exact()) unsigned_number("datagrams", l.datagrams);
    }
    void timers(NodeId id) const {
      const Timers& timers = world.timers_;
      std::vector<std::pair<std::uint64_t, Nanos>> active;
      for (const std::uint32_t i : timers.of_node_[static_cast<std::size_t>(id)])
        if (const auto& timer = timers.slots_[i]; timer.active) active.emplace_back(timer.key, timer.deadline);
      std::sort(active.begin(), active.end());
      const Nanos here = world.slot(id).clock.monotonic(now());
      part("timers", [&] {
        number("count", static_cast<std::int64_t>(active.size()));
        for (const auto& [key, deadline] : active)
          part(
              [&, k = key] {
                return std::to_string(k >> 48) + '.' + std::to_string(k >> 32 & 0xFFFF) + '.' +
                       std::to_string(k & 0xFFFFFFFF);
              },
              [&, k = key, at = deadline] {
                unsigned_number("key", P::timer_key(out, k));
                out.field("deadline", exact() || at == kNever ? at : std::max(at - here, Nanos{0}));
              });
      });
    }
    template <class Slot>
    void waiting(const Slot& slot) const {
      std::int64_t count = 0;
      for (std::size_t i = slot.waiting_front; i < slot.waiting.size(); ++i) {
        const QueueEntry& entry = slot.waiting[i];
        if (!world.is_current(entry)) continue;
        item("event", count++, [&] {
          const std::uint32_t which = index_of(entry);
          number("kind", static_cast<std::int64_t>(kind_of(entry)));
          if (kind_of(entry) == EventKind::direction) P::write_connection(out, "of", network().name_of(which));
          if (kind_of(entry) == EventKind::timer) unsigned_number("of", P::timer_key(out, world.timers_.key_of(which)));
          if (kind_of(entry) == EventKind::datagram) flight(which, {});
        });
      }
      number("count", count);
    }
  };
};

template <class P, class Out>
void write_world(const World<P>& world, Out& out) {
  WorldState::write(world, out);
}

}  // namespace ktrial::sim
