// A consumer group at its coordinator, told as transcripts (model/transcript_for_test.h, testdata/*.txt). Method: one
// coordinator of the group "billing"; the transcript says what its members ask for, when what was appended is complete
// (`append-complete`), and how time passes. Members have names; what they are called in Kafka is chosen here.
#include <fmt/format.h>

#include <deque>

#include "model/group/group_coordinator.h"
#include "model/transcript_for_test.h"

namespace ktrial::model {
namespace group_transcript_test {

using testing::TranscriptCommand;
const std::string kGroup = "billing";
constexpr TopicId kOrders{1};

class Coordinator : GroupHost {
 public:
  Coordinator() {
    step_.self = NodeId(1);
    coordinator_.on_elected(*this, shard_, LeaderEpoch(0), std::vector<RecordBatch>{});
    step_.facts.clear();
  }

  std::string answer(const TranscriptCommand& c) {
    said_.clear();
    act(c);
    return said_ + facts();
  }

 private:
  Step& step() override { return step_; }
  void reply(ConnectionId, std::int32_t correlation, MessageBody body) override {
    said_ += facts();
    const std::string who = waiting_.at(correlation);
    waiting_.erase(correlation);
    if (const auto* join = std::get_if<JoinGroupResponse>(&body)) {
      if (join->member.present()) ids_[who] = join->member;
      said_ += fmt::format("JoinGroup of {}: {}", who, name(join->error));
      if (join->error == Error::NONE)
        said_ += fmt::format(", generation {}, leader {}", join->generation.value, name_of(join->leader));
      for (const auto& member : join->members)
        said_ += fmt::format("{}{}", &member == &join->members.front() ? ", members " : " ", name_of(member.member));
    } else if (const auto* sync = std::get_if<SyncGroupResponse>(&body)) {
      said_ += fmt::format("SyncGroup of {}: {}", who, name(sync->error));
      for (const TopicPartition tp : sync->assignment) said_ += fmt::format(" orders-{}", tp.partition.value);
    } else if (const auto* heartbeat = std::get_if<HeartbeatResponse>(&body)) {
      said_ += fmt::format("Heartbeat of {}: {}", who, name(heartbeat->error));
    } else if (const auto* leave = std::get_if<LeaveGroupResponse>(&body)) {
      said_ += fmt::format("LeaveGroup of {}: {}", who, name(leave->error));
    } else if (const auto* commit = std::get_if<OffsetCommitResponse>(&body)) {
      said_ += fmt::format("OffsetCommit of {}: {}", who, name(commit->error));
    } else if (const auto* fetch = std::get_if<OffsetFetchResponse>(&body)) {
      said_ += fmt::format("OffsetFetch of {}: {}", who, name(fetch->error));
      for (const CommittedOffset& o : fetch->offsets)
        said_ += o.offset.present() ? fmt::format(" {}", o.offset.value) : " none";
    }
    said_ += "\n";
  }
  Error append(PartitionIndex, std::vector<CoordinatorRecord> records, std::uint64_t token) override {
    said_ += facts();
    for (const CoordinatorRecord& record : records)
      if (const auto* group = std::get_if<GroupMetadataRecord>(&record.value)) {
        said_ += fmt::format("append: generation {}", group->generation.value);
        for (const auto& member : group->members) {
          said_ += fmt::format(", {} has", name_of(member.member));
          for (const TopicPartition tp : member.assignment) said_ += fmt::format(" orders-{}", tp.partition.value);
        }
        said_ += "\n";
      } else if (const auto* offset = std::get_if<OffsetCommitRecord>(&record.value)) {
        said_ += fmt::format("append: orders-{} is at {}\n", offset->partition.partition.value, offset->offset.value);
      }
    RecordBatch batch;
    batch.coordinator_records = std::make_shared<const std::vector<CoordinatorRecord>>(std::move(records));
    log_.push_back(std::move(batch));
    appends_.push_back(token);
    return Error::NONE;
  }

  void act(const TranscriptCommand& c) {
    const std::string who = c.text("member");
    const MemberId id = ids_.contains(who) ? ids_.at(who) : MemberId();
    const GenerationId generation(
        c.number("generation", coordinator_.find(kGroup) ? coordinator_.find(kGroup)->generation().value : 0));
    if (c.verb() == "join") {
      const Nanos session = c.has("session") ? c.duration("session") : seconds(10);
      ask(who, JoinGroupRequest{kGroup, session, seconds(60), id, "range", {kOrders}});
    } else if (c.verb() == "sync") {
      SyncGroupRequest request{kGroup, generation, id, {}};
      for (const auto& [name, member] : ids_)
        if (c.has(name)) request.assignments.push_back({member, partitions(c, name)});
      ask(who, request);
    } else if (c.verb() == "heartbeat") {
      ask(who, HeartbeatRequest{kGroup, generation, id});
    } else if (c.verb() == "leave") {
      ask(who, LeaveGroupRequest{kGroup, id});
    } else if (c.verb() == "commit") {
      OffsetCommitRequest request{kGroup, generation, id, {}};
      request.offsets.push_back({{kOrders, PartitionIndex(c.number("partition"))}, Offset(c.number("offset")), {}});
      ask(who, request);
    } else if (c.verb() == "fetch-offset") {
      ask(who, OffsetFetchRequest{kGroup, {{kOrders, PartitionIndex(c.number("partition"))}}});
    } else if (c.verb() == "append-complete") {
      for (const std::uint64_t token : std::exchange(appends_, {}))
        coordinator_.on_append_complete(*this, token, Error::NONE);
    } else if (c.verb() == "advance") {
      advance(c.duration("by"));
    } else if (c.verb() == "resign") {
      coordinator_.on_resigned(*this, shard_);
    } else if (c.verb() == "load") {
      appends_.clear();
      coordinator_.on_elected(*this, shard_, LeaderEpoch(1), log_);
    } else {
      said_ += "no such verb: " + c.verb() + "\n";
    }
    take_timers();
  }

  void ask(const std::string& who, const MessageBody& body) {
    waiting_[++correlation_] = who;
    coordinator_.on_request(*this, ConnectionId{NodeId(9), 0}, correlation_, body);
  }

  // "0,1"
  static std::vector<TopicPartition> partitions(const TranscriptCommand& c, const std::string& member) {
    std::vector<TopicPartition> out;
    for (const NodeId index : c.nodes(member)) out.push_back({kOrders, PartitionIndex(index.value)});
    return out;
  }

  void take_timers() {
    for (const Effect& effect : std::exchange(step_.effects, {}))
      if (const auto* set = std::get_if<SetTimerEffect>(&effect))
        timers_[set->timer] = set->deadline;
      else if (const auto* cancel = std::get_if<CancelTimerEffect>(&effect))
        timers_.erase(cancel->timer);
  }

  void advance(Nanos by) {
    const Nanos end = step_.now + by;
    for (;;) {
      const auto due = std::ranges::min_element(timers_, {}, [](const auto& t) { return t.second; });
      if (due == timers_.end() || due->second > end) break;
      const TimerId timer = due->first;
      step_.now = step_.wall_clock = std::max(step_.now, due->second);
      timers_.erase(due);
      coordinator_.on_timer(*this, timer);
      take_timers();
    }
    step_.now = step_.wall_clock = end;
  }

  std::string facts() { return testing::tell(std::exchange(step_.facts, {})); }

  std::string name_of(MemberId id) const {
    for (const auto& [name, member] : ids_)
      if (member == id) return name;
    return "?";
  }

  Step step_;
  GroupCoordinator coordinator_{ClusterConfig{}};
  PartitionIndex shard_ = coordinator_.partition_for(kGroup);
  std::map<std::string, MemberId> ids_;
  std::map<std::int32_t, std::string> waiting_;
  std::map<TimerId, Nanos> timers_;
  std::vector<RecordBatch> log_;
  std::vector<std::uint64_t> appends_;
  std::string said_;
  std::int32_t correlation_ = 0;
};

void run(const std::string& name) {
  Coordinator coordinator;
  testing::run_transcript("group/testdata/" + name + ".txt",
                          [&](const TranscriptCommand& c) { return coordinator.answer(c); });
}

TEST(TranscriptOfGroup, FirstGeneration) { run("first_generation"); }
TEST(TranscriptOfGroup, MemberThatDies) { run("member_that_dies"); }
TEST(TranscriptOfGroup, CommitOfAnOldGeneration) { run("commit_of_an_old_generation"); }
TEST(TranscriptOfGroup, CoordinatorThatMoves) { run("coordinator_that_moves"); }

}  // namespace group_transcript_test
}  // namespace ktrial::model
