// Goal: what a scenario asks for by its limits is judged, and without them nothing is. Method: a run told by hand.
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace limit_properties_test {

using std::chrono::seconds;

Limits limits() {
  Limits l;
  l.send_time = seconds(2);
  l.leader_changes = 1;
  l.skipped_records = 1;
  l.reassignment_time = seconds(5);
  return l;
}
std::vector<std::string> reasons(const Judge& judge, const std::string& property) {
  std::vector<std::string> all;
  for (const Violation& v : judge.verdict(property).violations) all.push_back(v.reason);
  return all;
}
void at(Told& t, int second, const model::Fact& fact) {
  t.judge.on_fact(fact, {seconds(second), NodeId{Told::kClient}, static_cast<std::uint64_t>(1000 * second)});
}
model::RecordSent sent(ValueId v) { return {kTp, v, 1, ""}; }
model::RecordAcknowledged acked(ValueId v) { return {kTp, v, v, Offset{0}, -1, {v}}; }

// One record is acknowledged in time, one late, one given up, one never answered.
void four_sends(Told& t) {
  for (int i = 0; i < 4; ++i) at(t, 1, sent(value(1, i)));
  at(t, 3, acked(value(1, 0)));
  at(t, 3, model::RecordFailed{kTp, {value(1, 2)}, model::Error::REQUEST_TIMED_OUT});
  at(t, 4, acked(value(1, 1)));
  FinishContext end;
  end.at = seconds(9);
  t.judge.finish(end);
}

TEST(Limits, ASendThatIsLateGivenUpOrNeverAnswered) {
  Told t;
  t.judge = Judge(false, limits());
  four_sends(t);
  EXPECT_EQ(reasons(t.judge, "send-time-within-limit"),
            (std::vector<std::string>{"given up", "acknowledged", "not acknowledged"}));
  Told without;
  four_sends(without);
  EXPECT_EQ(without.judge.verdict("send-time-within-limit").outcome, Outcome::vacuous);
}

void leader_changes(Told& t, int times) {
  t.judge = Judge(false, limits());
  for (int i = 1; i <= times; ++i) t.state(i, i, false);
}
// The consumer goes from the first offset to where the reset puts it, past acknowledged records.
void skips(Told& t, std::int64_t to) {
  t.judge = Judge(false, limits());
  t.two_acked();
  t.fact(Told::kClient, model::ConsumerPositionReset{kTp, Offset(), Offset{to}, false});
}

// A replica is added at second 1, and the move is over at `over`.
void moves(Told& t, int over) {
  t.judge = Judge(false, limits());
  model::PartitionStateCommitted state;
  state.partition = kTp;
  state.partition_epoch = model::PartitionEpoch{1};
  state.adding = {NodeId{3}};
  at(t, 1, state);
  state.adding.clear();
  state.partition_epoch = model::PartitionEpoch{2};
  at(t, over, state);
}

TEST(Limits, AReassignmentThatIsNotOverAtTheEnd) {
  Told t;
  t.judge = Judge(false, limits());
  model::PartitionStateCommitted state;
  state.partition = kTp;
  state.partition_epoch = model::PartitionEpoch{1};
  state.removing = {NodeId{3}};
  at(t, 1, state);
  FinishContext end;
  end.at = seconds(9);
  t.judge.finish(end);
  EXPECT_EQ(reasons(t.judge, "reassignment-time-within-limit"), std::vector<std::string>{"too long"});
}

}  // namespace limit_properties_test

std::map<std::string, Case> limit_cases() {
  using namespace limit_properties_test;
  return {
      {"send-time-within-limit",
       {"acknowledged",
        [](Told& t) {
          t.judge = Judge(false, limits());
          t.two_committed();
          at(t, 1, sent(t.a));
          at(t, 4, acked(t.a));
        },
        [](Told& t) {
          t.judge = Judge(false, limits());
          t.two_committed();
          at(t, 1, sent(t.a));
          at(t, 3, acked(t.a));
        }}},
      {"leader-changes-within-limit",
       {"too many", [](Told& t) { leader_changes(t, 2); }, [](Told& t) { leader_changes(t, 1); }}},
      {"reassignment-time-within-limit", {"too long", [](Told& t) { moves(t, 7); }, [](Told& t) { moves(t, 6); }}},
      {"skipped-records-within-limit", {"records skipped", [](Told& t) { skips(t, 2); }, [](Told& t) { skips(t, 1); }}},
      {"fetches-name-their-epoch",
       {"no last fetched epoch",
        [](Told& t) {
          t.two_committed();
          // Only what this replica removed itself, all of it, and of the same log.
          t.fact(3, model::LogStartAdvanced{kTp, Offset{2}, Offset{0}, Offset{2}});
          t.fact(2, model::LogStartAdvanced{kTp, Offset{2}, Offset{0}, Offset{2}});
          t.fact(2, model::ReplicaDeleted{kTp});
          t.fact(2, model::LogStartAdvanced{kTp, Offset{1}, Offset{0}, Offset{2}});
          t.fact(2, model::FetchedWithoutEpoch{kTp, NodeId{2}, Offset{2}});
        },
        [](Told& t) {
          t.two_committed();
          t.fact(2, model::LogStartAdvanced{kTp, Offset{2}, Offset{0}, Offset{2}});
          t.fact(2, model::FetchedWithoutEpoch{kTp, NodeId{2}, Offset{2}});
        }}}};
}

}  // namespace ktrial::properties
