// Goal: what people and tools read stays as it is. Method: small inputs, the whole expected text in the code.
#include <gtest/gtest.h>

#include "reports/describe.h"
#include "reports/fact_fields.h"
#include "reports/junit.h"
#include "reports/mermaid.h"
#include "reports/ndjson.h"
#include "reports/story.h"

namespace ktrial::reports {
namespace reports_golden_test {

TraceEvent event(std::uint64_t id, std::string kind, std::string name, int node, int peer, std::string text) {
  return {id,
          id - 1,
          Nanos(1'500'000 * static_cast<std::int64_t>(id)),
          node,
          std::move(kind),
          std::move(name),
          peer,
          "",
          std::move(text)};
}

Trace small_trace() {
  Trace t;
  t.scenario = "a \"b\"";
  t.seed = 18446744073709551615u;
  t.nodes = {{1, "broker 1"}, {2, "broker 2"}};
  t.events = {event(1, "sent", "FetchRequest", 2, 1, ""),
              event(2, "delivered", "FetchRequest", 1, 2, "orders-0; offset 3"),
              event(3, "fact", "IsrChanged", 1, kNoNode, "orders-0: ISR is now [1]"),
              event(4, "fault", "cut", kNoNode, kNoNode, "1 | 2"), event(5, "dropped", "FetchResponse", 2, 1, "")};
  return t;
}

TEST(Ndjson, HeaderThenOneLineAnEvent) {
  Trace t = small_trace();
  t.events.resize(2);
  EXPECT_EQ(ndjson(t),
            "{\"ktrial-trace\":1,\"scenario\":\"a \\\"b\\\"\",\"seed\":\"18446744073709551615\",\"events\":2,"
            "\"nodes\":{\"1\":\"broker 1\",\"2\":\"broker 2\"}}\n"
            "{\"id\":1,\"at\":1500000,\"node\":2,\"kind\":\"sent\",\"name\":\"FetchRequest\",\"peer\":1}\n"
            "{\"id\":2,\"cause\":1,\"at\":3000000,\"node\":1,\"kind\":\"delivered\",\"name\":\"FetchRequest\","
            "\"peer\":2,\"text\":\"orders-0; offset 3\"}\n");
}

TEST(Ndjson, EscapesControlCharactersAndReplacesBrokenBytes) {
  std::string out;
  append_json_string(out, std::string("a\\\n\t\x01\x7f \xC3\xA9 \xFF \xED\xA0\x80"));
  EXPECT_EQ(out, "\"a\\\\\\n\\t\\u0001\\u007f \xC3\xA9 \xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Mermaid, DrawsDeliveriesDropsFactsAndFaults) {
  EXPECT_EQ(mermaid(small_trace()),
            "sequenceDiagram\n"
            "  participant world as world\n"
            "  participant n1 as broker 1\n"
            "  participant n2 as broker 2\n"
            "  n2->>n1: 0.003s FetchRequest orders-0#59; offset 3\n"
            "  Note over n1: 0.0045s IsrChanged orders-0: ISR is now [1]\n"
            "  Note over world: fault 0.006s cut 1 | 2\n"
            "  n1-xn2: 0.0075s FetchResponse\n");
}

TEST(Mermaid, SaysWhatWasSkippedOnRequest) {
  const std::string out = mermaid(small_trace(), {.skip_names = {"FetchRequest", "FetchResponse"}});
  EXPECT_NE(out.find("%% left out by request: 1 x FetchRequest\n%% left out by request: 1 x FetchResponse\n"),
            std::string::npos);
  EXPECT_EQ(out.find("->>"), std::string::npos);
}

TEST(Mermaid, StaysBelowTheLimitAndSaysWhatIsMissing) {
  Trace t = small_trace();
  t.events.clear();
  for (std::uint64_t i = 1; i <= 5000; ++i)
    t.events.push_back(event(i, "delivered", "FetchRequest", 1, 2, std::string(500, ';')));
  const std::string out = mermaid(t, {.max_events = 100'000});
  EXPECT_LT(out.size(), 50'000u);
  EXPECT_NE(out.find(" of 5000 events are left out from "), std::string::npos);
  EXPECT_NE(mermaid(t, {.max_events = 3}).find("4997 of 5000 events are left out from 0.006s on (event 4)"),
            std::string::npos);
}

TEST(Describe, PrintsWhatKafkaTopicsPrints) {
  EXPECT_EQ(describe_topics(
                {{"orders",
                  "AAAAAAAAAAAAAAAAAAAAAQ",
                  {{"min.insync.replicas", "1"},
                   {"flush.messages", "1"},
                   {"cleanup.policy", "compact"},
                   {"compression.type", "lz4"}},
                  {{0, 1, {1, 2, 3}, {1}, {}, {}}, {1, -1, {2, 3}, {2}, std::vector<int>{3}, std::vector<int>{}}}}}),
            "Topic: orders\tTopicId: AAAAAAAAAAAAAAAAAAAAAQ\tPartitionCount: 2\tReplicationFactor: 3\t"
            "Configs: compression.type=lz4,min.insync.replicas=1,cleanup.policy=compact,flush.messages=1\n"
            "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1\tElr: N/A\tLastKnownElr: N/A\n"
            "\tTopic: orders\tPartition: 1\tLeader: none\tReplicas: 2,3\tIsr: 2\tElr: 3\tLastKnownElr: \n");
}

TEST(Junit, PutsEverythingInTheBody) {
  using std::chrono::milliseconds;
  EXPECT_EQ(junit("library", {{"a.yaml", "p", JunitResult::passed, "", milliseconds(1500)},
                              {"a.yaml", "q", JunitResult::failed, "1 < 2 & \x01", milliseconds(20)}}),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"library\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"1.520\">\n"
            "    <testcase classname=\"a.yaml\" name=\"p\" time=\"1.500\"/>\n"
            "    <testcase classname=\"a.yaml\" name=\"q\" time=\"0.020\">\n"
            "      <failure>1 &lt; 2 &amp; \xEF\xBF\xBD</failure>\n    </testcase>\n"
            "  </testsuite>\n</testsuites>\n");
}

TEST(Story, TellsInOneOrder) {
  Story s;
  s.verdict = "VIOLATED";
  s.property = "acked-records-survive";
  s.meaning = "an acknowledged record is never lost.";
  s.lines = {{Nanos(2'000'000'000), "broker 1", "ISR of orders-0 is now [1]"},
             {Nanos(12'000'000'000), "world", "power cut"}};
  s.expected = "value 41 at offset 41";
  s.seen = "the log ends at 40";
  s.reproduce = "./ktrial replay f.yaml";
  s.files = {"f.yaml", "f.ndjson"};
  EXPECT_EQ(story(s),
            "VIOLATED\n\n"
            "acked-records-survive: an acknowledged record is never lost.\n\n"
            "   2.000s  broker 1  ISR of orders-0 is now [1]\n"
            "  12.000s  world     power cut\n\n"
            "expected   value 41 at offset 41\n"
            "seen       the log ends at 40\n\n"
            "reproduce  ./ktrial replay f.yaml\n"
            "files      f.yaml\n"
            "           f.ndjson\n");
}

TEST(FactFields, NameEveryFieldInKafkasSpelling) {
  model::IsrChanged isr;
  isr.partition = {model::TopicId(1), model::PartitionIndex(0)};
  isr.leader_epoch = model::LeaderEpoch(3);
  isr.isr = {model::NodeId(1), model::NodeId(2)};
  isr.shrank = true;
  EXPECT_EQ(fact_fields(isr, {{1, "or\"ders"}}),
            "{\"partition\":\"or\\\"ders-0\",\"leaderEpoch\":3,\"partitionEpoch\":null,\"isr\":[1,2],\"shrank\":true}");
  model::RecordFailed failed;
  failed.values = {model::ValueId((std::int64_t{2} << 40) + 7)};
  failed.error = model::Error::NOT_LEADER_OR_FOLLOWER;
  EXPECT_EQ(fact_fields(failed, {}),
            "{\"partition\":\"-1--1\",\"values\":[\"2:7\"],\"error\":\"NOT_LEADER_OR_FOLLOWER\"}");
}

TEST(FactFields, EachSaysWhatItCounts) {
  for (std::uint16_t kind = 0; kind < model::kFactKinds; ++kind)
    for (const FactField& field : fields_of(kind))
      EXPECT_FALSE(field.unit.empty() || field.unit == "list of: ") << model::fact_name(kind) << "." << field.name;
}

TEST(Story, SaysHowManyLinesOfALongOneAreMissing) {
  Story s;
  for (int i = 0; i < 40; ++i) s.lines.push_back({Nanos(i), "", "line " + std::to_string(i)});
  const std::string out = story(s);
  EXPECT_NE(out.find("line 4\n  ... 26 lines left out, the trace has them\n"), std::string::npos);
  EXPECT_NE(out.find("line 31\n"), std::string::npos);
  EXPECT_EQ(out.find("line 30\n"), std::string::npos);
}

}  // namespace reports_golden_test
}  // namespace ktrial::reports
