#include "scenarios/scenario_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "properties/judge.h"
#include "scenarios/run/goals.h"

namespace ktrial::scenarios {
namespace scenario_reader_test {

const KnownNames kKnown = {
    {"acked-records-survive", "loss-is-permitted", "logs-agree-below-high-watermark", "one-leader-per-epoch",
     "elected-leader-is-complete", "high-watermark-never-regresses", "consumer-reads-committed-in-order",
     "producer-order", "quorum-election-safety", "quorum-log-matching", "quorum-leader-completeness",
     "quorum-state-machine-safety", "eventually-recovers"},
    {"leader-changed", "unclean-election", "isr-shrank", "isr-expanded", "log-truncated", "record-acked",
     "record-failed", "record-consumed", "broker-fenced", "controller-changed", "unsynced-data-lost",
     "position-reset"}};

// Four good lines; each malformed file goes on at line 5.
const std::string kHead = "ktrial: 1\ncluster:\n  brokers: 3\n  topics: [{name: orders, replicas: [[1, 2, 3]]}]\n";

std::string first_error(const std::string& text) {
  const auto r = read_scenario(text, "f.yaml", kKnown);
  return r || r.error().empty() ? "no error" : to_string(r.error().front());
}

struct Bad {
  std::string text;  // after "=": the whole file; else it follows kHead
  std::string error;
};

TEST(ScenarioReader, RefusesAMalformedFileWhereItIsWrong) {
  const std::vector<Bad> files = {
      {"=cluster: {}\n", "f.yaml:1:1: error: missing key 'ktrial'"},
      {"=ktrial: 2\ncluster: {}\n", "f.yaml:1:9: error: unknown version '2', expected 1"},
      {"=ktrial: 1\n", "f.yaml:1:1: error: missing key 'cluster'"},
      {"=ktrial: 1\ncluster: {broker: 3}\n",
       "f.yaml:2:11: error: unknown key 'broker' in cluster; did you mean 'brokers'?"},
      {"=ktrial: 1\ncluster: {brokers: many}\n", "f.yaml:2:20: error: 'many' is not a whole number from 1 to 1000"},
      {"=ktrial: 1\ncluster: {controllers: 6}\n", "f.yaml:2:24: error: '6' is not a whole number from 1 to 5"},
      {"=ktrial: 1\ncluster: {topics: [{name: a, replicas: [[1, 1]]}], brokers: 2}\n",
       "f.yaml:2:45: error: replica twice in one row"},
      {"=ktrial: 1\ncluster: {config: {enable.idempotence: true}}\n",
       "f.yaml:2:20: error: unknown config 'enable.idempotence'"},
      {"=ktrial: 1\ncluster: {config: {min.insync.replica: 2}}\n",
       "f.yaml:2:20: error: unknown config 'min.insync.replica'; did you mean 'min.insync.replicas'?"},
      {"=ktrial: 1\ncluster: {config: {min.insync.replicas: two}}\n",
       "f.yaml:2:41: error: 'min.insync.replicas' is 'two', expected a whole number from 1 to 2147483647"},
      {"=ktrial: 1\ncluster: {config: {unclean.recovery.strategy: balanced}}\n",
       "f.yaml:2:47: error: 'unclean.recovery.strategy' is 'balanced', expected Balanced, Aggressive or None"},
      {"=ktrial: 1\ncluster: {config: {unclean.recovery.timeout.ms: 0}}\n",
       "f.yaml:2:49: error: 'unclean.recovery.timeout.ms' is '0', expected a whole number from 1 to 9223372036854"},
      {"=ktrial: 1\ncluster: {config: {unclean.recovery.manager.enable: true}}\n",
       "f.yaml:2:20: error: unknown config 'unclean.recovery.manager.enable'; did you mean "
       "'unclean.recovery.manager.enabled'?"},
      {"faults: [{at: 1s, elect-unclean: orders-0, strategy: Balanced}]\n",
       "f.yaml:5:54: error: 'strategy' needs unclean.recovery.manager.enabled: true"},
      {"faults: [{at: 1s, elect-unclean: orders-0, strategy: Balance}]\n",
       "f.yaml:5:54: error: unknown strategy 'Balance'; did you mean 'Balanced'?"},
      {"=ktrial: 1\ncluster: {brokers: 3, config: {broker.rack: [east, west]}}\n",
       "f.yaml:2:31: error: broker.rack needs one rack a broker"},
      {"=ktrial: 1\ncluster: {config: {log.dirs: '/d0,/d0'}}\n",
       "f.yaml:2:30: error: 'log.dirs' is '/d0,/d0', expected from 1 to 8 different names with commas between them"},
      {"=ktrial: 1\ncluster: {config: {log.dirs: '/d0,/d1'}}\nfaults: [{at: 1s, full-disk: 1, log-dir: /d2}]\n",
       "f.yaml:3:42: error: unknown log directory '/d2'; did you mean '/d0'?"},
      {"faults: [{at: 1s, kill: 1, log-dir: /tmp/kafka-logs}]\n",
       "f.yaml:5:37: error: 'log-dir' does not go with 'kill'"},
      {"faults: [{at: 1s, kill: 1, checksum: matches}]\n", "f.yaml:5:38: error: 'checksum' goes with 'bit-rot'"},
      {"faults: [{at: 1s, bit-rot: 1, checksum: match}]\n",
       "f.yaml:5:41: error: unknown checksum 'match'; did you mean 'matches'?"},
      {"faults: [{at: 1s, reassign: {partition: orders-0, to: [2], verify-every: 1s}}]\n",
       "f.yaml:5:74: error: 'verify-every' goes with 'throttle' and is at least 1ms"},
      {"faults: [{at: 1s, alter-configs: {topic: orders, set: {retention.mss: 1}}}]\n",
       "f.yaml:5:56: error: unknown config 'retention.mss'; did you mean 'retention.ms'?"},
      {"faults: [{at: 1s, alter-configs: {topic: orders, delete: [retention.mss]}}]\n",
       "f.yaml:5:59: error: unknown config 'retention.mss'; did you mean 'retention.ms'?"},
      {"faults: [{at: 1s, alter-configs: {set: {broker.rack: [a]}}}]\n",
       "f.yaml:5:34: error: 'broker.rack' cannot be altered while brokers run"},
      {"faults: [{at: 1s, alter-configs: {topic: orders}}]\n",
       "f.yaml:5:34: error: expected configs to 'set' or 'delete'"},
      {"=ktrial: 1\ncluster: {topics: [{name: a, config: {leader.replication.throttled.replicas: '0-1'}}]}\n",
       "f.yaml:2:78: error: 'leader.replication.throttled.replicas' is '0-1', expected * or a list of "
       "partition:broker, such as 0:1,0:2"},
      {"=ktrial: 1\ncluster: {config: {replica.selector.class: Nearest}}\n",
       "f.yaml:2:44: error: 'replica.selector.class' is 'Nearest', expected RackAwareReplicaSelector"},
      {"ktrial: 1\n", "f.yaml:5:1: error: duplicate key 'ktrial' (first on line 1)"},
      {"fault: []\n", "f.yaml:5:1: error: unknown key 'fault' in scenario; did you mean 'faults'?"},
      {"run: {until: 5}\n",
       "f.yaml:5:14: error: '5' is not a duration: expected a whole number with ns, us, ms, s, m or h"},
      {"network: {latency-min: 2ms, latency-max: 1ms}\n", "f.yaml:5:10: error: latency-min is above latency-max"},
      {"clients: [{producer: p1, send: {topic: orders, key-count: 2, tombstones: 5}}]\n",
       "f.yaml:5:74: error: '5' is not a part: expected A/B, such as 1/20"},
      {"clients: [{producer: p1, send: {topic: orders, tombstones: 1/5}}]\n",
       "f.yaml:5:60: error: a tombstone needs a key: give key or key-count"},
      {"clients: [{consumer: c1}]\n", "f.yaml:5:11: error: missing key 'assign'"},
      {"clients: [{name: c1}]\n", "f.yaml:5:11: error: a client needs one of the keys 'producer', 'consumer', 'group'"},
      {"clients: [{consumer: c1, assign: [order]}]\n",
       "f.yaml:5:35: error: unknown topic 'order'; did you mean 'orders'?"},
      {"clients: [{producer: p1, send: {topic: orders, rate: 50}}]\n",
       "f.yaml:5:54: error: '50' is not a rate: expected N/s"},
      {"clients: [{producer: p1, config: {acks: 2}, send: {topic: orders}}]\n",
       "f.yaml:5:41: error: 'acks' is '2', expected all, -1, 0 or 1"},
      {"limits: {send-tim: 5s}\n", "f.yaml:5:10: error: unknown key 'send-tim' in limits; did you mean 'send-time'?"},
      {"limits: {leader-changes: often}\n", "f.yaml:5:26: error: 'often' is not a whole number from 0 to 1000000"},
      {"faults: [{at: 1s, kil: 1}]\n", "f.yaml:5:19: error: unknown key 'kil' in fault; did you mean 'kill'?"},
      {"faults: [{kill: 1}]\n", "f.yaml:5:10: error: a fault needs exactly one of 'at' and 'when'"},
      {"faults: [{at: 1s, kill: broker(4)}]\n", "f.yaml:5:25: error: no broker 4 (brokers are 1 to 3)"},
      {"faults: [{at: 1s, kill: leader(orders-1)}]\n", "f.yaml:5:25: error: topic 'orders' has only 1 partitions"},
      {"faults: [{when: isr-shrunk(orders-0), kill: 1}]\n",
       "f.yaml:5:17: error: unknown condition 'isr-shrunk(orders-0)'; did you mean 'isr-shrank'?"},
      {"faults: [{at: 1s, kill: 1, for: 1s, until: 3s}]\n", "f.yaml:5:10: error: give 'for' or 'until', not both"},
      {"faults: [{at: 1s, cut: broker(1)}]\n", "f.yaml:5:24: error: cut must be a map"},
      {"faults: [{at: 1s, bridge: {half: 1, ower: 2}}]\n",
       "f.yaml:5:37: error: unknown key 'ower' in bridge; did you mean 'over'?"},
      {"faults: [{at: 1s, cut: {between: [1, 2, 3]}}]\n", "f.yaml:5:34: error: 'between' takes two sides"},
      {"faults: [{at: 1s, after: 2s, kill: 1}]\n", "f.yaml:5:26: error: 'after' goes with 'when'"},
      {"faults: [{at: 1s, hold: {from: 1, to: 2}, message: FetchRespons}]\n",
       "f.yaml:5:52: error: unknown message 'FetchRespons'; did you mean 'FetchResponse'?"},
      {"clocks: [{nodes: leader(orders-0), offset: 1s}]\n",
       "f.yaml:5:18: error: 'leader(orders-0)' is known only while the cluster runs: expected nodes by name"},
      {"random-faults: {kinds: [kil], targets: [one], budget: 1, quiet-after: 9s}\n",
       "f.yaml:5:25: error: unknown fault 'kil'; did you mean 'kill'?"},
      {"expect: {acked-record-survive: violated}\n",
       "f.yaml:5:10: error: unknown key 'acked-record-survive' in expect; did you mean 'acked-records-survive'?"},
      {"expect: {producer-order: violate}\n",
       "f.yaml:5:26: error: unknown verdict 'violate'; did you mean 'violated'?"},
      {"goals: [isr-shrunk]\n", "f.yaml:5:9: error: unknown goal 'isr-shrunk'; did you mean 'isr-shrank'?"},
      {"variants: {quorum.votes: volatile}\n",
       "f.yaml:5:12: error: unknown variant 'quorum.votes'; did you mean 'quorum.vote'?"},
      {"seed: x\n", "f.yaml:5:7: error: 'x' is not a whole number"},
      {"seed: 99999999999999999999999\n", "f.yaml:5:7: error: '99999999999999999999999' is not a whole number"},
      {"run: {until: 99999999999999999999s}\n",
       "f.yaml:5:14: error: '99999999999999999999s' is not a duration: expected a whole number with ns, us, ms, s, m "
       "or h"},
      {"run: {until: 9999999999h}\n",
       "f.yaml:5:14: error: '9999999999h' is not a duration: expected a whole number with ns, us, ms, s, m or h"},
      {"=", "f.yaml:1:1: error: the file is empty"},
      {"= \r\n\t\n", "f.yaml:1:1: error: the file is empty"},
      {"=# nothing\n", "f.yaml:1:1: error: the file is empty"},
      {"=just words\n", "f.yaml:1:1: error: scenario must be a map"},
      {"title: \xff\n", "f.yaml:5:8: error: not UTF-8 text"},
      {"title: a\x01\n", "f.yaml:5:9: error: a control character"},
      {std::string("title: a") + '\0' + "b\n", "f.yaml:5:9: error: a NUL byte: not a text file"},
      {"run:\n\tuntil: 5s\n", "f.yaml:6:7: error: not YAML: illegal map value"},
      {"title: &name a\n", "f.yaml:5:8: error: an anchor: '&name'"},
      {"title: *name\n", "f.yaml:5:8: error: not YAML: the referenced anchor is not defined"},
      {"title: !!str a\n", "f.yaml:5:8: error: a tag: 'tag:yaml.org,2002:str'"},
      {"{a: b}: c\n", "f.yaml:5:1: error: a key must be plain text"},
      {"title: a\n---\ntitle: b\n", "f.yaml:7:1: error: a file holds one document"},
      {"faults: [{at: 1s, kill: 1\n",
       "f.yaml:6:1: error: not YAML: the file ends within a list, a map or a quoted text"},
      {"title: \"no end\n", "f.yaml:6:1: error: not YAML: the file ends within a list, a map or a quoted text"},
      {"goals: " + std::string(100, '[') + std::string(100, ']') + "\n", "f.yaml:5:39: error: nested too deeply"},
      {"decisions: {latenzy 0->1 connection 3 message 41: 5}\n",
       "f.yaml:5:13: error: 'latenzy 0->1 connection 3 message 41' names no decision, as 'latency 0->1 connection 3 "
       "message 41' does"},
      {"counterexample: producer-order\n",
       "f.yaml:5:17: error: a counterexample without 'recorded' at its end: is the file complete?"},
      {"recorded: {events: 5, fingerprint: 12, contents: xyz}\n",
       "f.yaml:5:50: error: 'xyz' is not a whole number in hexadecimal digits"},
      {"recorded: {events: 5, fingerprint: 12, contents: 0, checkpoints: [1]}\n",
       "f.yaml:5:11: error: checkpoints need 'checkpoint-every' above 0"}};
  for (const Bad& f : files)
    EXPECT_EQ(first_error(f.text[0] == '=' ? f.text.substr(1) : kHead + f.text), f.error) << f.text;
}

TEST(ScenarioReader, TakesTheLineEndsOfOtherSystems) {
  std::string text = kHead + "title: a\n";
  const auto unix_ends = read_scenario(text, "f.yaml", kKnown);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\r\n");
  const auto other_ends = read_scenario(text, "f.yaml", kKnown);
  ASSERT_TRUE(unix_ends && other_ends);
  EXPECT_EQ(*unix_ends, *other_ends);
}

// Whatever is cut off a file, what is left is refused or is a scenario; it never ends the program.
TEST(ScenarioReader, SurvivesEveryTruncationOfAFile) {
  std::stringstream text;
  text << std::ifstream(std::string(KTRIAL_SOURCE_DIR) + "/scenarios/library/isr-admission.yaml").rdbuf();
  const std::string whole = text.str();
  ASSERT_TRUE(read_scenario(whole, "f.yaml", kKnown));
  int refused = 0;
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    const auto r = read_scenario(whole.substr(0, length), "f.yaml", kKnown);
    if (r) continue;
    ++refused;
    ASSERT_FALSE(r.error().empty());
    EXPECT_GE(r.error().front().line, 1) << length;
  }
  EXPECT_GT(refused, 20);
}

TEST(ScenarioReader, ReadsEveryFileOfTheLibrary) {
  int files = 0;
  const KnownNames known{properties::all_property_names(), known_goals()};
  for (const auto& entry : std::filesystem::directory_iterator(std::string(KTRIAL_SOURCE_DIR) + "/scenarios/library")) {
    if (entry.path().extension() != ".yaml") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const auto r = read_scenario(text.str(), entry.path().filename().string(), known);
    if (!r)
      for (const Diagnostic& d : r.error()) ADD_FAILURE() << to_string(d);
    ++files;
  }
  EXPECT_GE(files, 23);
}

}  // namespace scenario_reader_test
}  // namespace ktrial::scenarios
