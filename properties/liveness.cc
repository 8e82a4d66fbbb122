// Liveness: once faults have ended for long enough, everything works again.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "properties/property.h"

namespace ktrial::properties {
namespace {

// Everything that a run may still wait for is over by then: replica.socket.timeout.ms and request.timeout.ms (30 s),
// a broker session, an election and the back-offs between them.
constexpr Nanos kRecoveryTime = std::chrono::seconds(60);

struct EventuallyRecovers : PropertyOf<EventuallyRecovers> {
  static constexpr const char* kName = "eventually-recovers";
  static constexpr const char* kMeaning =
      "60 s after the last fault every broker is unfenced, every reassignment complete, every partition has a leader "
      "that leads it and a full ISR, every send an answer, and consumers are at the end; what a node excuses that is "
      "still down, or "
      "whose registration an earlier process of it took over, is excused. Judged only if the run goes on for that "
      "long.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::BrokerStarted, model::BrokerRegistered, model::BrokerFenced, model::BrokerUnfenced>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* started = std::get_if<model::BrokerStarted>(&fact)) {
      running_[context.node] = {started->incarnation};
    } else if (const auto* unfenced = std::get_if<model::BrokerUnfenced>(&fact)) {
      fenced_.erase(unfenced->broker);
    } else if (const auto* fenced = std::get_if<model::BrokerFenced>(&fact)) {
      fenced_.insert(fenced->broker);
    } else {
      const auto& registered = std::get<model::BrokerRegistered>(fact);
      const NodeId broker = registered.broker;
      // A fenced broker has no session that would keep others from its id: a late request of a process that is gone
      // replaces its registration, and it learns no more than that its epoch is stale (docs/variants.md). That a late
      // request of its own brings another epoch does not help it.
      Process& process = running_[broker];
      if (registered.incarnation == process.incarnation)
        process.registered = true;
      else if (process.registered && fenced_.contains(broker))
        process.taken_over = true;
      fenced_.insert(broker);
    }
  }
  void finish(const FinishContext& end, const Shadow&) override {
    if (!end.faults_ended || end.since_quiet < kRecoveryTime) return;
    met();
    const FactContext at{end.at, NodeId{}, std::numeric_limits<std::uint64_t>::max()};  // after every event
    const auto down = [&](NodeId node) {
      const auto process = running_.find(node);
      return end.down.contains(node) || (process != running_.end() && process->second.taken_over);
    };
    bool excused = false;
    for (const FinishContext::Partition& p : end.partitions) {
      const auto name = text_of(p.id);
      const bool isr_down = waits(p, down);
      excused |= isr_down;
      if (isr_down) continue;
      if (!p.leader.present())
        violate(at, "no leader", name + " has no leader");
      else if (!p.led)
        violate(at, "leader does not lead",
                fmt::format("broker {} is the leader of {} and does not lead it", p.leader.value, name));
      for (const NodeId replica : p.replicas)
        if (!down(replica) && std::find(p.isr.begin(), p.isr.end(), replica) == p.isr.end())
          violate(at, "ISR not full", fmt::format("broker {} did not return to the ISR of {}", replica.value, name));
    }
    for (const FinishContext::Partition& p : end.partitions)
      if (p.reassigning && std::none_of(p.replicas.begin(), p.replicas.end(), down))
        violate(at, "reassignment not complete", text_of(p.id) + " is still being reassigned");
    for (const NodeId broker : end.fenced_brokers)
      if (!down(broker)) violate(at, "broker fenced", fmt::format("broker {} is up but fenced", broker.value));
    if (excused) return;  // what clients wait for may wait for that partition
    if (end.unanswered_sends > 0)
      violate(at, "send without answer", fmt::format("{} producers still wait for answers", end.unanswered_sends));
    for (const FinishContext::Consumer& c : end.consumers)
      if (!down(c.node) && c.end_offset.present() && c.position != c.end_offset)
        violate(at, "consumer not at the end",
                fmt::format("client {} is at offset {} of {}, whose log ends at {}", c.node.value, c.position.value,
                            text_of(c.partition), c.end_offset.value));
  }

 private:
  // Whether the partition may be without a leader, for it waits for somebody who is down. With an empty ISR it waits
  // for the eligible leader replicas, and without these for the last known leader, for all of the last known ELR
  // (Balanced recovery) or for an operator.
  template <class Down>
  static bool waits(const FinishContext::Partition& p, const Down& down) {
    using enum model::UncleanRecoveryStrategy;
    if (p.recovery == aggressive) return std::all_of(p.replicas.begin(), p.replicas.end(), down);
    const bool nobody = p.isr.empty() && p.elr.empty();
    if (p.recovery == none && nobody) return true;
    if (p.recovery == balanced && nobody) return std::any_of(p.last_known_elr.begin(), p.last_known_elr.end(), down);
    const auto& awaited = !p.isr.empty() ? p.isr : !p.elr.empty() ? p.elr : p.last_known_elr;
    return std::all_of(awaited.begin(), awaited.end(), down);
  }

  struct Process {
    model::IncarnationId incarnation;
    bool registered = false;
    bool taken_over = false;
  };
  std::map<NodeId, Process> running_;  // the last one that was started
  std::set<NodeId> fenced_;
};

}  // namespace

void add_liveness_properties(PropertyList& list) { list.push_back(std::make_unique<EventuallyRecovers>()); }

}  // namespace ktrial::properties
