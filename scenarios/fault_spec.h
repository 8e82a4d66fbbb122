// A fault plan as data: what breaks, when, whom, for how long. Hand-written and generated plans are this one type, so
// a shrunk failure is a scenario file (DESIGN.md, idea 8).
//
// Follows the fault alphabet of issue 2 ("sim: a world for any protocol").
// Leaves out: resolving a selector to nodes and executing a fault; the runner does both against a running world.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/types.h"

namespace ktrial::scenarios {

using model::Nanos;

enum class FaultKind : std::uint8_t {
  kill,                 // the process dies; the page cache survives
  power_cut,            // the machine dies; unsynced data survives as the decisions say
  pause,                // the process stops for `duration` (GC, SIGSTOP) and resumes
  slow,                 // every step of the process takes `amount` times as long
  clean_stop,           // controlled shutdown
  restart,              // starts the process again if it is down
  wipe,                 // the disk is emptied, the process dies
  cut,                  // no traffic between two sides
  isolate,              // no traffic between each target and anybody else
  halves,               // no traffic between the targets and all others
  bridge,               // as halves for `from`, but the nodes of `to` see both halves
  delay,                // `delay` is added to each message
  bandwidth,            // a link carries `amount` bytes a second
  reset,                // connections are reset, what is in flight is lost
  cut_mid_response,     // the connection dies while the next message (of kind `message`, if given) is being sent
  hold,                 // messages of kind `message` are held until the undo
  clock_step,           // the wall clock jumps by `delay` (may be negative)
  clock_drift,          // clocks drift by `amount` parts per million (may be negative)
  clock_freeze,         // both clocks stand still, then go on from where they stood
  elect_preferred,      // ElectLeaders, preferred, for `partition`
  elect_unclean,        // ElectLeaders, unclean, for `partition`
  reassign,             // AlterPartitionReassignments of `partition` to `replicas`
  cancel_reassignment,  // the same for `partition`, cancelled
  create_partitions,    // CreatePartitions: `topic` has `amount` of them
  alter_configs,        // IncrementalAlterConfigs: `configs` of `topic`, or of all brokers
  delete_topic,         // DeleteTopics: `topic`; its end creates it again
  create_topic,         // CreateTopics: `topic` as the scenario has it
  delete_records,       // DeleteRecords of `partition`, before offset `amount` (absent: the high watermark)
  bit_rot,              // a stored batch breaks; `amount` tells which
  write_error,          // writes to the disk fail
  read_error,           // reads from the disk fail
  fsync_error,          // fsync fails, and drops what it was for
  full_disk,            // no space left
  slow_disk,            // what is written takes `delay` longer
  misdirected_write,    // a batch was written over another one; `amount` tells which
  restore_disk,         // at its end the machine comes back with the disk as it was at its begin
};
inline constexpr int kFaultKinds = 36;
const char* to_string(FaultKind kind);  // as in a file: "power-cut"
std::optional<FaultKind> fault_kind(const std::string& text);

// What a fault of this kind is about, and so how it is written.
enum class FaultShape : std::uint8_t {
  nodes,      // `pause: leader(orders-0)`
  links,      // `cut: {between: [1, 2]}` or `{from: 1, to: 2}`
  bridge,     // `bridge: {half: [1, 4], over: 2}`
  partition,  // `elect-preferred: orders-0`
  topic,      // `delete-topic: orders`
  replicas,   // `reassign: {partition: orders-0, to: [2, 3], throttle: 50000, verify-every: 2s}`
  count,      // `create-partitions: {topic: orders, count: 4}`
  records,    // `delete-records: {partition: orders-0, before: 100}`
  configs,    // `alter-configs: {topic: orders, set: {min.insync.replicas: 1}, delete: [retention.ms]}`
};
FaultShape shape_of(FaultKind kind);
// I/O errors and slowness, of one log directory or of all of a broker.
bool harms_log_dir(FaultKind kind);

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

struct FaultSpec {
  // When: at a time, or the first time that a fact makes the condition hold. Exactly one of the two is set.
  std::optional<Nanos> at;
  std::optional<Condition> when;
  std::optional<Nanos> after;  // with `when`: facts before this time do not count
  FaultKind kind = FaultKind::kill;
  std::vector<Selector> targets;          // shape nodes: whom
  std::vector<Selector> between;          // shape links: two single sides, both directions
  std::vector<Selector> from;             // shape links: from these ...; shape bridge: one half
  std::vector<Selector> to;               // ... to these; shape bridge: those that both halves see
  bool both_ways = false;                 // `from` and `to`: the way back, too (`between: [[1, 2], 3]`)
  std::optional<PartitionRef> partition;  // elections, reassignments, delete-records
  std::vector<std::int32_t> replicas;     // reassign: to these brokers
  std::string topic;                      // create-partitions, delete-topic, create-topic, alter-configs
  // alter-configs: what is set, and what is deleted; without a topic the cluster-wide defaults of the brokers.
  std::vector<std::pair<std::string, std::optional<std::string>>> configs;
  std::string message;  // hold, cut-mid-response: the message's name, "FetchResponse"
  std::string log_dir;  // disk faults: this one of log.dirs; empty: all of them
  // elect-unclean, with unclean recovery: of this one; absent: Aggressive.
  std::optional<model::UncleanRecoveryStrategy> strategy;
  std::optional<Nanos> delay;            // delay, clock-step, slow-disk
  std::optional<std::int64_t> throttle;  // reassign: bytes/s of each broker that takes part
  std::optional<Nanos> verify_every;     // reassign: how often the operator looks whether it is over; absent: never
  bool checksum_matches = false;         // bit-rot: no checksum finds it
  // slow: factor; bandwidth: bytes/s; clock-drift: ppm; create-partitions: count; delete-records: offset; bit-rot
  // and misdirected-write: batch
  std::optional<std::int64_t> amount;
  // Undo (heal, restart, resume, release): after this long, or at this time; neither: it stays.
  std::optional<Nanos> duration;
  std::optional<Nanos> until;
  bool operator==(const FaultSpec&) const = default;
};

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

// Faults drawn by the search from decisions named "fault plan / i / ...".
struct RandomFaults {
  std::vector<FaultKind> kinds;
  std::vector<RandomTarget> targets;
  std::int32_t budget = 0;        // at most so many
  Nanos quiet_after{0};           // all have ended by then
  Nanos start_after{0};           // none before
  bool checksum_matches = false;  // of kind bit-rot: no checksum finds it
  bool operator==(const RandomFaults&) const = default;
};

}  // namespace ktrial::scenarios
