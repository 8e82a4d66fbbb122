// What a scenario asks for by its limits, and that without them nothing is judged.
#include <gtest/gtest.h>

#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace {

using model::Error;
using model::ValueId;

Limits limits() {
  Limits l;
  l.send_time = std::chrono::seconds(2);
  l.leader_changes = 1;
  l.skipped_records = 0;
  return l;
}
std::vector<std::string> reasons(const Judge& judge, const std::string& property) {
  std::vector<std::string> all;
  for (const Violation& v : judge.verdict(property).violations) all.push_back(v.reason);
  return all;
}
FactContext at(int second) { return {std::chrono::seconds(second), NodeId{9}, static_cast<std::uint64_t>(second)}; }

// One record is acknowledged in time, one late, one given up at once, one never answered.
TEST(Limits, ASendMayTakeSoLong) {
  for (const bool asked : {true, false}) {
    Judge judge = asked ? Judge(false, limits()) : Judge();
    for (int i = 1; i <= 4; ++i) judge.on_fact(model::RecordSent{kTp, ValueId{i}, 1, ""}, at(1));
    const auto acked = [](int i) {
      return model::RecordAcknowledged{kTp, ValueId{i}, ValueId{i}, model::Offset{i}, 1, {ValueId{i}}};
    };
    judge.on_fact(acked(1), at(3));
    judge.on_fact(model::RecordFailed{kTp, {ValueId{3}}, Error::REQUEST_TIMED_OUT}, at(3));
    judge.on_fact(acked(2), at(4));
    FinishContext end;
    end.at = std::chrono::seconds(9);
    judge.finish(end);
    using Reasons = std::vector<std::string>;
    EXPECT_EQ(reasons(judge, "send-time-within-limit"),
              asked ? (Reasons{"given up", "acknowledged", "not acknowledged"}) : Reasons{});
  }
}

TEST(Limits, APartitionMayChangeItsLeaderSoOften) {
  Judge judge(false, limits());
  for (int i = 1; i <= 3; ++i) {
    model::PartitionStateCommitted state{kTp, NodeId{i}, model::LeaderEpoch{i}, model::PartitionEpoch{i}, {}, {}, {}};
    state.leader_changed = true;
    state.created = i == 1;
    judge.on_fact(state, at(i));
  }
  EXPECT_EQ(reasons(judge, "leader-changes-within-limit"), std::vector<std::string>{"too many"});
}

}  // namespace
}  // namespace ktrial::properties
