#include "scenarios/meanings.h"

#include <fmt/format.h>

#include <map>

#include "scenarios/run/goals.h"

namespace ktrial::scenarios {

std::string meaning_of_goal(const std::string& goal) {
  static const std::map<std::string, std::string> meanings = {
      {"leader-changed", "a partition got another leader after its creation"},
      {"unclean-election", "a leader was elected from outside the ISR"},
      {"isr-shrank", "a leader's committed ISR lost a replica"},
      {"isr-expanded", "a leader's committed ISR gained a replica"},
      {"log-truncated", "a replica cut the end of its log off"},
      {"record-acked", "a producer was told that a record is written"},
      {"record-failed", "a producer gave a record up with an error"},
      {"record-consumed", "a consumer's poll() returned a record"},
      {"broker-fenced", "the controller fenced a broker"},
      {"controller-changed", "another controller than the first was elected"},
      {"unsynced-data-lost", "a power cut took unflushed records"},
      {"group-stable", "a group's members were all assigned their partitions"},
      {"group-rebalanced", "a group formed another generation after its first"},
      {"offset-committed", "a coordinator accepted an offset commit"},
      {"offset-commit-refused", "a coordinator refused an offset commit"},
      {"coordinator-changed", "another broker took a group over"},
      {"record-processed", "a member of a group processed a record"},
      {"leader-from-elr", "an eligible leader replica was elected, with the ISR empty"},
      {"reassigned", "the reassignment of a partition came to its end, or was taken back"},
      {"config-altered", "an operator has altered a config other than the throttle's"},
      {"segment-rolled", "a log went on in a new segment"},
      {"segment-deleted", "a broker deleted the oldest segment of a log"},
      {"records-deleted", "DeleteRecords was answered without an error"},
      {"registration-taken-over", "a broker was registered again by a late request of a process that was gone"},
      {"log-cleaned", "the log cleaner has cleaned a log"},
      {"replica-offline", "a replica went offline with its log directory, and its broker went on"},
      {"duplicate-detected", "a leader recognised a batch that it had already"},
      {"epoch-bumped", "an idempotent producer bumped its epoch"},
      {"unknown-producer-accepted",
       "a leader that knew nothing of a producer took a sequence other than 0 for its first"},
      {"producer-expired", "a replica forgot a producer after producer.id.expiration.ms"},
      {"segment-copied", "a leader has copied a segment to the remote storage"},
      {"local-segment-deleted", "a broker deleted a local segment of a tiered log"},
      {"remote-read", "a consumer was given records from the remote storage"},
      {"remote-state-restored", "a follower began where the leader's local log does, with the remote storage's state"},
      {"remote-segment-expired", "a leader deleted a segment from the remote storage"},
      {"unclean-recovery", "a leader was elected by unclean recovery (KIP-966)"},
      {"replica-throttled", "the replication throttle held a replica back"},
      {"position-reset", "a consumer's position was reset, by policy or after a truncation"},
  };
  const auto it = meanings.find(goal);
  return it == meanings.end() ? "" : it->second;
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
    const FaultText& text = row_of(static_cast<FaultKind>(i)).text;
    out += fmt::format("| `{}` | {} | `{}` |\n", text.name, text.meaning, text.example);
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
