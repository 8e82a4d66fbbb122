#include "scenarios/meanings.h"

#include <fmt/format.h>

#include "scenarios/run/goals.h"

namespace ktrial::scenarios {

std::string meaning_of(FaultKind kind) {
  using K = FaultKind;
  switch (kind) {
    case K::kill:
      return "The process dies at once; the page cache survives. Its end is a restart.";
    case K::power_cut:
      return "The machine dies: of what was not flushed, each write is lost, torn or kept. Its end is a restart.";
    case K::pause:
      return "The process stops (a long GC, SIGSTOP) and goes on where it was; what arrives meanwhile waits.";
    case K::slow:
      return "Every step of the process takes `factor` times as long.";
    case K::clean_stop:
      return "Controlled shutdown: leaders are moved first, then the process ends. Its end is a restart.";
    case K::restart:
      return "Starts the process if it is down, whatever fault keeps it down.";
    case K::wipe:
      return "The machine comes back with an empty disk. Its end is a restart.";
    case K::cut:
      return "No traffic between two sides, or one way; what was sent waits and comes late if the cut ends in time.";
    case K::isolate:
      return "No traffic between each target and anybody else.";
    case K::halves:
      return "No traffic between the targets and all others.";
    case K::bridge:
      return "No traffic between `half` and all others but `over`, which sees both halves.";
    case K::delay:
      return "Each message takes `by` longer; several delays add up.";
    case K::bandwidth:
      return "A link carries `bytes-per-second`; of several such faults the lowest counts.";
    case K::reset:
      return "Connections break; what is in flight is lost, what was delivered still executes.";
    case K::cut_mid_response:
      return "The connection breaks while the next message (named `message`, if given) from the one to the other is on "
             "its "
             "way.";
    case K::hold:
      return "Messages named `message` stop until the end of the fault, and what is behind them on their connection.";
    case K::clock_step:
      return "The wall clock jumps by `by`, which may be negative; the monotonic clock does not.";
    case K::clock_drift:
      return "Clocks run `ppm` parts per million too fast (or slow, if negative); several drifts add up.";
    case K::clock_freeze:
      return "Both clocks stand still, then go on from where they stood.";
    case K::elect_preferred:
      return "An operator's ElectLeaders for a partition: its preferred replica.";
    case K::elect_unclean:
      return "An operator's ElectLeaders for a partition: any live replica, if there is no leader; with "
             "unclean.recovery.manager.enabled the longest log, as `strategy` (Aggressive, if it is not given) has it.";
    case K::reassign:
      return "An operator's AlterPartitionReassignments: the partition moves to these brokers. With `throttle` "
             "(bytes/s) the replication throttle is set first, as kafka-reassign-partitions.sh does; it stays until a "
             "verification (`verify-every`) finds no reassignment on its way, or a cancellation.";
    case K::cancel_reassignment:
      return "An operator cancels the reassignment of a partition that is on its way.";
    case K::create_partitions:
      return "An operator's CreatePartitions: the topic has so many in all.";
    case K::alter_configs:
      return "An operator's IncrementalAlterConfigs: what is to `set` and to `delete` of a topic, or, without `topic`, "
             "of the cluster-wide defaults of the brokers (by a broker's names of them: log.retention.ms). At random: "
             "min.insync.replicas of a topic.";
    case K::delete_topic:
      return "An operator's DeleteTopics. Its end creates the topic again, under the same name and with another id.";
    case K::create_topic:
      return "An operator's CreateTopics, if the topic is not there: as the scenario has it, placed by the controller.";
    case K::delete_records:
      return "An operator's DeleteRecords: the records of a partition before an offset (without one: below its high "
             "watermark).";
    case K::bit_rot:
      return "A batch that a broker has stored breaks; `batch` (counted over all its logs, round and round) tells "
             "which. With `checksum: matches` one record in it is another, and no checksum finds it; a broken batch, "
             "or one of __consumer_offsets, is passed over.";
    case K::misdirected_write:
      return "A batch (`batch`, as for bit-rot) was written over one of the broker's next log, or of its own: where it "
             "should be is what was there before, so that both are broken.";
    case K::write_error:
      return "Writes to the disk fail: the log directory (`log-dir`: this one, without it: all) goes offline, and with "
             "its last one the broker stops. Its end is a restart.";
    case K::read_error:
      return "Reads from the disk fail: the log directory (`log-dir`) goes offline, and with its last one the broker "
             "stops. Its end is a restart.";
    case K::fsync_error:
      return "fsync fails and what was to be flushed is dropped; the log directory (`log-dir`) goes offline. Its end "
             "is a restart.";
    case K::full_disk:
      return "Writes to the disk find no space; the log directory (`log-dir`) goes offline. Its end is a restart.";
    case K::slow_disk:
      return "What a broker appends or flushes takes `by` longer.";
    case K::restore_disk:
      return "At its end the machine loses power and comes back with its disk as it was durable at the begin.";
  }
  return "";
}

std::string example_of(FaultKind kind) {
  using K = FaultKind;
  const std::string name = to_string(kind);
  switch (kind) {
    case K::halves:
      return "{at: 5s, halves: [broker(1), controller(4)], for: 10s}";
    case K::bridge:
      return "{at: 5s, bridge: {half: [broker(1), controller(4)], over: broker(2)}, for: 10s}";
    case K::cut:
      return "{at: 5s, cut: {between: [leader(orders-0), followers(orders-0)]}, for: 10s}";
    case K::delay:
      return "{at: 5s, delay: {from: broker(1), to: broker(2)}, by: 200ms, for: 10s}";
    case K::bandwidth:
      return "{at: 5s, bandwidth: {from: broker(1), to: broker(2)}, bytes-per-second: 10000, for: 10s}";
    case K::reset:
    case K::cut_mid_response:
      return "{at: 5s, " + name + ": {from: broker(1), to: broker(2)}}";
    case K::hold:
      return "{at: 5s, hold: {from: broker(1), to: broker(2)}, message: FetchResponse, for: 10s}";
    case K::slow:
      return "{at: 5s, slow: broker(1), factor: 100, for: 10s}";
    case K::clock_step:
      return "{at: 5s, clock-step: broker(1), by: -3s}";
    case K::clock_drift:
      return "{at: 5s, clock-drift: broker(1), ppm: 500, for: 10s}";
    case K::elect_preferred:
    case K::elect_unclean:
    case K::cancel_reassignment:
      return "{at: 5s, " + name + ": orders-0}";
    case K::reassign:
      return "{at: 5s, reassign: {partition: orders-0, to: [2, 3], throttle: 50000, verify-every: 2s}}";
    case K::create_partitions:
      return "{at: 5s, create-partitions: {topic: orders, count: 4}}";
    case K::alter_configs:
      return "{at: 5s, alter-configs: {topic: orders, set: {min.insync.replicas: 1}, delete: [retention.ms]}}";
    case K::delete_topic:
      return "{at: 5s, delete-topic: orders, for: 10s}";
    case K::create_topic:
      return "{at: 5s, create-topic: orders}";
    case K::delete_records:
      return "{at: 5s, delete-records: {partition: orders-0, before: 100}}";
    case K::misdirected_write:
      return "{at: 5s, misdirected-write: broker(1), batch: 7}";
    case K::bit_rot:
      return "{at: 5s, bit-rot: broker(1), batch: 7}";
    case K::slow_disk:
      return "{at: 5s, slow-disk: broker(1), by: 50ms, for: 10s}";
    case K::restart:
      return "{at: 15s, restart: broker(1)}";
    default:
      return "{at: 5s, " + name + ": broker(1), for: 10s}";
  }
}

std::string faults_markdown() {
  std::string out =
      "# Faults\n\n"
      "A fault of a scenario says when (`at` a time, or `when` something happens for the first time), what, whom, and\n"
      "for how long (`for`, or `until` a time; without either it stays). `random-faults` draws faults of these "
      "kinds;\n"
      "with `checksum: matches` its bit-rot is such that no checksum finds it.\n\n"
      "| fault | what it does | as a file says it |\n|---|---|---|\n";
  for (int i = 0; i < kFaultKinds; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    out += fmt::format("| `{}` | {} | `{}` |\n", to_string(kind), meaning_of(kind), example_of(kind));
  }
  out +=
      "\n## Whom\n\n"
      "`broker(2)`, `controller(4)` (or just the node id), `client(p1)` (or just its name), `leader(orders-0)`,\n"
      "`followers(orders-0)`, `follower(orders-0, 1)`, `active-controller`, `majority` and `minority` (of the "
      "controllers),\n"
      "`all-brokers`, `all-controllers`, `all-clients`, `coordinator(billing)`, `all-leaders`, `last-answered` (the "
      "broker that\n"
      "appended what was acknowledged last), `remote-storage` (of tiered topics); a list of several.\n"
      "They are looked up when the fault strikes.\n"
      "`cut`, `delay`, `bandwidth`, `reset`, `cut-mid-response` and `hold` take two sides, each one target or a list: "
      "`between: [a, [b, c]]`\n"
      "both ways, `from` and `to` one way. Faults that overlap are described in [architecture.md](architecture.md).\n\n"
      "## When\n\n"
      "`leader-changed(orders-0)`, `isr-shrank(orders-0)`, `isr-expanded(orders-0)`, `log-truncated(orders-0)`, "
      "`record-acked`,\n"
      "`record-consumed`, `broker-fenced(2)`, `broker-unfenced(2)`, `controller-elected`, `group-stable(billing)`; "
      "and\n"
      "numbers compared by `==`, `<=`, `>=`: `isr(orders-0) == 1` (its size), `high-watermark(orders-0) >= 10`,\n"
      "`log-end(orders-0) >= 10`, `leader-epoch(orders-0) >= 2`, `acked >= 10`, `consumed >= 10`, `generation(billing) "
      ">= 2`.\n"
      "With `after: 12s` facts before that time do not count.\n\n"
      "## Goals\n\n"
      "What a run must have reached to have shown anything; a goal that is missed makes it inconclusive.\n\n"
      "| goal | reached when |\n|---|---|\n";
  for (const std::string& goal : known_goals()) out += fmt::format("| `{}` | {} |\n", goal, meaning_of_goal(goal));
  return out;
}

}  // namespace ktrial::scenarios
