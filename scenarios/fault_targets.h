// Whom a fault hits and what it waits for, as data: selectors and conditions, which name things of a running cluster.
//
// Leaves out: their texts (fault_text.h), and what they mean in a run (run/fault_engine.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/types.h"

namespace ktrial::scenarios {

using model::Nanos;

// A topic partition by name; topics have no ids before the run.
struct PartitionRef {
  std::string topic;
  std::int32_t partition = -1;
  bool operator==(const PartitionRef&) const = default;
};
std::string to_string(const PartitionRef& ref);  // "orders-0"

// Whom a fault hits, evaluated when it strikes.
struct Selector {
  enum class Kind : std::uint8_t {
    broker,             // broker(2), or the plain node id 2
    controller,         // controller(4)
    client,             // client(p1), or the plain name p1; the remote storage by its name, too
    leader,             // leader(orders-0)
    followers,          // followers(orders-0): every replica but the leader
    follower,           // follower(orders-0, 1): the index-th follower in replica order, from 1
    active_controller,  // the leader of the metadata quorum
    majority,           // of the controllers
    minority,           // of the controllers
    all_brokers,
    all_controllers,
    all_clients,
    coordinator,    // coordinator(billing): the leader of the group's partition of __consumer_offsets
    all_leaders,    // whoever leads a partition
    last_answered,  // the broker that appended what was acknowledged last
  } kind = Kind::broker;
  std::int32_t node = -1;   // broker, controller: the node id
  std::int32_t index = -1;  // follower
  PartitionRef partition;   // leader, followers, follower
  std::string name;         // client, coordinator (the group)
  bool operator==(const Selector&) const = default;
};
std::string to_string(const Selector& selector);

// Two sides of a network: one way, or both. `between: [a, [b, c]]` in a file is both ways.
struct Sides {
  std::vector<Selector> from, to;
  bool both_ways = false;
  bool operator==(const Sides&) const = default;
};

enum class Comparison : std::uint8_t { happened, equal, at_most, at_least };

// "As soon as": a fact was stated (`happened`), or a number that facts tell compares so with `value`.
struct Condition {
  enum class Kind : std::uint8_t {
    leader_changed,      // leader-changed(orders-0): a committed change of its leader
    isr_shrank,          // isr-shrank(orders-0)
    isr_expanded,        // isr-expanded(orders-0)
    log_truncated,       // log-truncated(orders-0)
    record_acked,        // record-acked, record-acked(orders-0)
    record_consumed,     // record-consumed, record-consumed(orders-0)
    broker_fenced,       // broker-fenced(2)
    broker_unfenced,     // broker-unfenced(2)
    controller_elected,  // controller-elected: a new leader of the metadata quorum
    group_stable,        // group-stable(billing)
    isr,                 // isr(orders-0) == 1: size of the ISR the leader has committed
    high_watermark,      // high-watermark(orders-0) >= 10
    log_end,             // log-end(orders-0) >= 10, of the leader
    leader_epoch,        // leader-epoch(orders-0) >= 2
    acked,               // acked >= 10: records acknowledged so far
    consumed,            // consumed >= 10
    generation,          // generation(billing) >= 2
  } kind = Kind::leader_changed;
  PartitionRef partition;  // absent (-1): any
  std::int32_t node = -1;
  std::string group;
  Comparison comparison = Comparison::happened;
  std::int64_t value = 0;
  bool operator==(const Condition&) const = default;
};
inline constexpr int kConditionKinds = 17;
std::string to_string(const Condition& condition);

enum class RandomTarget : std::uint8_t {
  one,            // any server
  minority,       // of the brokers
  majority,       // of the brokers
  leaders,        // the leader of some partition
  controllers,    // a controller, or the active one
  clients,        // one client, or all
  all,            // brokers
  followers,      // the followers of some partition, or one of them
  last_answered,  // the broker that appended what was acknowledged last
  coordinators,   // the coordinator of some group
  members,        // a member of some group
  remote_storage,
};
inline constexpr int kRandomTargets = 12;
const char* to_string(RandomTarget target);

}  // namespace ktrial::scenarios
