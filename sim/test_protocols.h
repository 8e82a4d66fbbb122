// Two protocols of a few lines for the tests and benches of this room.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/world.h"

namespace ktrial::sim {

// Sends numbers back. A client keeps what it got; a server keeps what it was asked.
struct Echo {
  struct Message {
    std::uint64_t value = 0;
    bool reply = false;
  };
  struct Fact {
    std::uint64_t value;
  };
  struct Command {
    enum class Do : std::uint8_t { send, send_new, close, timer, choose, datagram, exit } what = Do::send;
    NodeId peer = 0;
    std::uint64_t value = 0;
    Nanos deadline{0};
  };
  static std::uint32_t size_of(const Message&) { return 100; }
  static std::uint16_t kind_of(const Message& m) { return m.reply ? 1 : 0; }
  static std::uint64_t digest(const Message& m) { return m.value * 2 + m.reply; }
  static std::uint64_t digest(const Fact& f) { return f.value; }

  template <class Out>
  static void name_connection(Out& out, ConnectionId connection, NodeId peer, std::uint32_t rank) {
    out.names[connection] = {peer, rank};
  }
  template <class Out>
  static void write_connection(Out& out, const char* name, ConnectionId connection) {
    out.field(name, static_cast<std::int64_t>(connection.initiator));
    if (out.keeps_history()) return out.field(name, static_cast<std::int64_t>(connection.number));
    const auto known = out.names.find(connection);
    const auto [peer, rank] = known == out.names.end() ? std::pair(NodeId{-1}, 0u) : known->second;
    out.field(name, static_cast<std::int64_t>(peer));
    out.field(name, static_cast<std::int64_t>(rank));
  }
  template <class Out>
  static void write_message(Out& out, ConnectionId, const Message& message) {
    out.field("value", message.value);
    out.field("reply", message.reply);
  }
  template <class Out>
  static std::uint64_t timer_key(Out&, std::uint64_t key) {
    return key;
  }
  template <class Out, class AnyNode>
  static void write_node(Out& out, NodeId, const AnyNode& node, Nanos, Nanos) {
    write_connection(out, "connection", node.connection);
    for (const auto* list : {&node.asked, &node.replies, &node.timers, &node.chosen}) {
      out.field("size", static_cast<std::int64_t>(list->size()));
      for (const std::uint64_t value : *list) out.field("value", value);
    }
  }

  struct Node {
    bool forever =
        false;  // a client that answers each reply with a new request; a timer sets the next two, cancels one
    bool record = true;
    ConnectionId connection;  // of the client, the newest
    std::vector<std::uint64_t> asked{}, replies{}, timers{}, chosen{};
    std::vector<ConnectionId> closed{};
    std::vector<Nanos> timer_times{};
    int starts = 0;
    std::uint64_t timers_set = 1;
    bool exit_at_start = false;
    std::uint64_t exit_on = ~std::uint64_t{0};  // a request or timer of this number ends the process

    void start(Context<Echo>& ctx) {
      ++starts;
      if (exit_at_start) ctx.set_timer(1, ctx.now()), ctx.exit();
    }
    void on_message(Context<Echo>& ctx, ConnectionId c, Message&& m) {
      if (record) (m.reply ? replies : asked).push_back(m.value), ctx.emit({m.value});
      if (!m.reply && m.value == exit_on) ctx.exit();
      if (!m.reply)
        ctx.send(c, {m.value, true});
      else if (forever)
        ctx.send(c, {m.value + 1, false});
    }
    void on_datagram(Context<Echo>&, NodeId, Message&& m) { asked.push_back(m.value); }
    void on_closed(Context<Echo>&, ConnectionId c) {
      closed.push_back(c);
      if (c == connection) connection = {};
    }
    void on_timer(Context<Echo>& ctx, std::uint64_t key) {
      if (forever) {
        // As a client does: one timer moved, one with a key of its own that is mostly cancelled.
        ctx.set_timer(key, ctx.now() + Nanos{1'000'000});
        ctx.cancel_timer(key + (timers_set - 1) * 1000);
        ctx.set_timer(key + ++timers_set * 1000, ctx.now() + Nanos{3'000'000});
        ctx.emit({key});
        return;
      }
      timers.push_back(key);
      timer_times.push_back(ctx.now());
      if (key == exit_on) ctx.exit();
    }
    void on_command(Context<Echo>& ctx, const Command& c) {
      using enum Command::Do;
      if (c.what == send || c.what == send_new) {
        if (connection == ConnectionId{} || c.what == send_new) connection = ctx.open(c.peer);
        ctx.send(connection, {c.value, false});
      } else if (c.what == close) {
        ctx.close(connection);
        connection = {};
      } else if (c.what == timer) {
        ctx.set_timer(c.value, c.deadline);
      } else if (c.what == choose) {
        chosen.push_back(ctx.choose(c.value, 0, 1'000'000));
      } else if (c.what == datagram) {
        ctx.send_datagram(c.peer, {c.value, false});
      } else {
        ctx.exit();
      }
    }
    void kill() { connection = {}; }
    void power_cut(Survival&) { connection = {}; }
    void wipe() { asked.clear(); }
  };
};

// A counter of writes with a page cache: command true syncs, false writes.
struct Disk {
  struct Message {};
  struct Fact {};
  using Command = bool;
  static std::uint32_t size_of(const Message&) { return 0; }
  static std::uint16_t kind_of(const Message&) { return 0; }
  static std::uint64_t digest(const Message&) { return 0; }
  static std::uint64_t digest(const Fact&) { return 0; }

  struct Node {
    std::vector<std::uint32_t> durable;  // numbers of writes on disk
    std::vector<std::uint32_t> cache;    // written, not synced
    std::uint32_t writes = 0;
    bool memory = false;

    void start(Context<Disk>&) { memory = true; }
    void on_message(Context<Disk>&, ConnectionId, Message&&) {}
    void on_closed(Context<Disk>&, ConnectionId) {}
    void on_timer(Context<Disk>&, std::uint64_t) {}
    void on_command(Context<Disk>&, bool sync) {
      if (!sync) return cache.push_back(writes++);
      durable.insert(durable.end(), cache.begin(), cache.end());
      cache.clear();
    }
    void kill() { memory = false; }
    void power_cut(Survival& survival) {
      memory = false;
      for (const auto write : cache) {
        if (survival.decide(7, write) == Survival::Fate::whole) durable.push_back(write);
      }
      cache.clear();
    }
    void wipe() { durable.clear(), cache.clear(); }
  };
};

}  // namespace ktrial::sim
