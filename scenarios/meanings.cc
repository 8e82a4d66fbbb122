#include "scenarios/meanings.h"

#include <fmt/format.h>

#include "scenarios/run/goals.h"

namespace ktrial::scenarios {

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
