// Properties of the replication throttle (KIP-73): whom it holds back, how much it lets through, when it ends.
#include <fmt/format.h>

#include <algorithm>

#include "model/config_keys.h"
#include "properties/ledger.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

// A follower knows from the leader's answers whether it is in sync. One whose fetcher has just begun, with another
// leader or epoch, had none yet and takes itself for out of sync: that is Kafka's
// (PartitionFetchState.isReplicaInSync), and not judged.
struct ThrottleSparesInSyncReplicas : PropertyOf<ThrottleSparesInSyncReplicas> {
  static constexpr const char* kName = "throttle-spares-in-sync-replicas";
  static constexpr const char* kMeaning =
      "The replication throttle holds back no replica of the ISR and no consumer (but a follower whose fetcher had no "
      "answer yet).";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::ReplicaThrottled, model::IsrChanged, model::BecameLeader>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* leader = std::get_if<model::BecameLeader>(&fact))
      return note(leader->partition, leader->leader_epoch, context.node, leader->isr);
    if (const auto* changed = std::get_if<model::IsrChanged>(&fact))
      return note(changed->partition, changed->leader_epoch, context.node, changed->isr);
    const auto& held = std::get<model::ReplicaThrottled>(fact);
    if (!held.knows_lag) return;
    met();
    if (!held.replica.present()) {
      violate_at(held.partition, -1, context, "a consumer is throttled",
                 fmt::format("broker {} holds a consumer of {} back for its replication quota", context.node.value,
                             text_of(held.partition)));
      return;
    }
    const auto isr = isrs_.find(held.partition);
    if (isr == isrs_.end()) return;
    // A leader goes by its own ISR, also when it is deposed and does not know.
    if (held.side == model::ThrottleSide::leader && isr->second.leader != context.node) return;
    if (std::find(isr->second.members.begin(), isr->second.members.end(), held.replica) == isr->second.members.end())
      return;
    violate_at(held.partition, -1, context, "an in-sync replica is throttled",
               fmt::format("replica {} of {} is in the ISR, and {} holds it back for the replication quota",
                           held.replica.value, text_of(held.partition),
                           held.side == model::ThrottleSide::leader ? "its leader" : "its own broker"));
  }

 private:
  struct Isr {
    model::LeaderEpoch epoch;
    NodeId leader;
    std::vector<NodeId> members;
  };
  void note(model::TopicPartition tp, model::LeaderEpoch epoch, NodeId leader, const std::vector<NodeId>& members) {
    Isr& isr = isrs_[tp];
    if (epoch >= isr.epoch) isr = {epoch, leader, members};
  }
  std::map<model::TopicPartition, Isr> isrs_;
};

// A rate is over one window more than there are samples at most (SimpleRate), so that is what a broker may have let
// through before the fetch that it lets through now. By its wall clock, which is what Kafka goes by.
struct ThrottleHoldsTheRate : PropertyOf<ThrottleHoldsTheRate> {
  static constexpr const char* kName = "throttle-holds-the-rate";
  static constexpr const char* kMeaning =
      "What a broker lets through of throttled replicas out of sync, as leader or follower, is at most the quota and "
      "one fetch over replication.quota.window.num windows.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::ThrottledTraffic, model::BrokerStarted>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (std::holds_alternative<model::BrokerStarted>(fact)) {
      passed_.erase({context.node, model::ThrottleSide::leader});
      passed_.erase({context.node, model::ThrottleSide::follower});
      return;
    }
    const auto& t = std::get<model::ThrottledTraffic>(fact);
    auto& passed = passed_[{context.node, t.side}];
    const Nanos before = t.wall_clock - t.samples * t.window;
    std::erase_if(passed, [before](const Passed& p) { return p.wall_clock <= before; });
    if (t.let_through) judge(t, passed, context);
    if (t.bytes > 0) passed.push_back({t.wall_clock, t.bytes});
  }

 private:
  struct Passed {
    Nanos wall_clock{0};
    std::int64_t bytes = 0;
  };
  void judge(const model::ThrottledTraffic& t, const std::vector<Passed>& passed, const FactContext& context) {
    const std::int64_t windows_ms =
        (t.samples + 1) * std::chrono::duration_cast<std::chrono::milliseconds>(t.window).count();
    std::int64_t bytes = 0, most = 0;
    if (__builtin_mul_overflow(t.rate, windows_ms, &most)) return;  // no quota
    met();
    for (const Passed& p : passed) bytes += p.bytes;
    if (bytes <= most / 1000) return;
    violate(context, "over the quota",
            fmt::format("broker {} lets a fetch of throttled replicas through as {}, after {} bytes in {:.0f} s with a "
                        "quota of {} bytes/s",
                        context.node.value, t.side == model::ThrottleSide::leader ? "leader" : "follower", bytes,
                        std::chrono::duration<double>(t.samples * t.window).count(), t.rate))
        .partition = t.partitions.front();
  }
  std::map<std::pair<NodeId, model::ThrottleSide>, std::vector<Passed>> passed_;
};

struct ThrottleEndsWithItsConfig : PropertyOf<ThrottleEndsWithItsConfig> {
  static constexpr const char* kName = "throttle-ends-with-its-config";
  static constexpr const char* kMeaning =
      "A broker holds back only what its topic lists (leader. or follower.replication.throttled.replicas), as far as "
      "it has applied the metadata.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::ReplicaThrottled, model::ConfigCommitted>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* config = std::get_if<model::ConfigCommitted>(&fact)) {
      if (config->topic.present()) lists_[{config->topic, config->key}][config->offset] = config->value;
      return;
    }
    met();
    const auto& held = std::get<model::ReplicaThrottled>(fact);
    const bool leader = held.side == model::ThrottleSide::leader;
    const auto lists = lists_.find(
        {held.partition.topic, leader ? model::kLeaderThrottledReplicas : model::kFollowerThrottledReplicas});
    if (lists != lists_.end()) {
      auto list = lists->second.lower_bound(held.metadata_offset);
      if (list != lists->second.begin()) {
        const auto listed = model::parse_throttled_replicas(std::prev(list)->second);
        if (listed && listed->has(held.partition.partition, context.node)) return;
      }
    }
    violate_at(held.partition, -1, context, "not in the list",
               fmt::format("broker {} holds {} back as {}, which the topic's list does not say", context.node.value,
                           text_of(held.partition), leader ? "leader" : "follower"));
  }

 private:
  std::map<std::pair<model::TopicId, std::string>, std::map<model::Offset, std::string>> lists_;
};

}  // namespace

void add_throttle_properties(PropertyList& list) {
  list.push_back(std::make_unique<ThrottleSparesInSyncReplicas>());
  list.push_back(std::make_unique<ThrottleHoldsTheRate>());
  list.push_back(std::make_unique<ThrottleEndsWithItsConfig>());
}

}  // namespace ktrial::properties
