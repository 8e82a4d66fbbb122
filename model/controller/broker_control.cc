// Registration, heartbeats and fencing (ClusterControlManager, and ReplicationControlManager's broker events).
#include <algorithm>

#include "model/controller/controller_node.h"

namespace ktrial::model {
namespace {

template <class Visit>
void for_each_partition(const MetadataImage& image, Visit visit) {
  for (const auto& [id, topic] : image.topics())
    for (std::size_t i = 0; i < topic.partitions.size(); ++i)
      visit(TopicPartition{id, PartitionIndex{static_cast<std::int32_t>(i)}}, topic.partitions[i]);
}

}  // namespace

bool ControllerNode::leads_anything(NodeId broker) const {
  bool leads = false;
  for_each_partition(memory_->working, [&](TopicPartition, const auto& p) { leads |= p.leader == broker; });
  return leads;
}

// The broker counts as gone: out of every ISR that has another member, its leaderships move.
void ControllerNode::remove_from_isrs(Records& records, NodeId broker) {
  for_each_partition(memory_->working, [&](TopicPartition tp, const PartitionRegistration& p) {
    if (std::find(p.isr.begin(), p.isr.end(), broker) == p.isr.end()) return;
    PartitionChange change;
    change.election = election_of(tp.topic);
    change.target_isr = p.isr;
    std::erase(change.target_isr, broker);
    change.target_recovery = p.leader_recovery_state;
    change.removed = broker;
    if (auto record = build_change(memory_->working, tp, p, change)) records.push_back(std::move(*record));
  });
}

void ControllerNode::fence(Records& records, NodeId broker) {
  const BrokerRegistrationImage* b = memory_->working.broker(broker);
  records.push_back(BrokerRegistrationChangeRecord{broker, b->epoch, true, std::nullopt});
  remove_from_isrs(records, broker);
}

void ControllerNode::unfence(Records& records, NodeId broker) {
  const BrokerRegistrationImage* b = memory_->working.broker(broker);
  records.push_back(BrokerRegistrationChangeRecord{broker, b->epoch, false, std::nullopt});
  for_each_partition(memory_->working, [&](TopicPartition tp, const PartitionRegistration& p) {
    if (p.leader.present() || std::find(p.replicas.begin(), p.replicas.end(), broker) == p.replicas.end()) return;
    PartitionChange change;
    change.election = election_of(tp.topic);
    change.target_isr = p.isr;
    change.target_recovery = p.leader_recovery_state;
    change.added = broker;
    if (auto record = build_change(memory_->working, tp, p, change)) records.push_back(std::move(*record));
  });
}

BrokerRegistrationResponse ControllerNode::register_broker(Step& step, const BrokerRegistrationRequest& r) {
  Memory& m = *memory_;
  Records records;
  const BrokerRegistrationImage* existing = m.working.broker(r.broker);
  if (existing && existing->incarnation == r.incarnation) {  // a retry: the epoch and the fenced flag stay [C02]
    m.sessions.touch(r.broker, existing->fenced, step.now, Offset{});
    return {Error::NONE, existing->epoch};
  }
  if (existing && m.sessions.has_valid_session(m.working, r.broker, step.now))
    return {Error::DUPLICATE_BROKER_REGISTRATION, BrokerEpoch{}};
  const BrokerEpoch epoch{m.quorum.next_append_offset(disk_).value};
  records.push_back(RegisterBrokerRecord{r.broker, r.incarnation, epoch, true, false});
  // handleBrokerShutdown (KAFKA-18106): without eligible leader replicas a new incarnation counts as fenced, whether
  // the last one stopped cleanly or not.
  if (existing) {
    if (r.previous_broker_epoch != existing->epoch)
      step.fact(ProbeHit{"a broker registered again after an unclean shutdown"});
    remove_from_isrs(records, r.broker);
  }
  write(step, std::move(records));
  m.sessions.remove(r.broker);
  m.sessions.touch(r.broker, true, step.now, Offset{});
  return {Error::NONE, epoch};
}

BrokerHeartbeatResponse ControllerNode::heartbeat(Step& step, const BrokerHeartbeatRequest& r) {
  Memory& m = *memory_;
  const BrokerRegistrationImage* found = m.working.broker(r.broker);
  if (!found || found->epoch != r.broker_epoch) return {Error::STALE_BROKER_EPOCH, false, true, false};
  const BrokerRegistrationImage b = *found;
  const bool caught_up = r.current_metadata_offset.value >= b.epoch.value;

  // BrokerHeartbeatManager.calculateNextBrokerState
  enum class State { fenced, unfenced, controlled_shutdown, shutdown_now };
  const State current = b.fenced                                                    ? State::fenced
                        : m.sessions.controlled_shutdown_offset(r.broker).present() ? State::controlled_shutdown
                                                                                    : State::unfenced;
  State next = current;
  switch (current) {
    case State::fenced:
      if (r.want_shut_down)
        next = State::shutdown_now;
      else if (!r.want_fence && caught_up)
        next = State::unfenced;
      break;
    case State::unfenced:
      if (r.want_fence)
        next = r.want_shut_down ? State::shutdown_now : State::fenced;
      else if (r.want_shut_down)
        next = leads_anything(r.broker) ? State::controlled_shutdown : State::shutdown_now;
      break;
    default:
      // Every active broker must know of the moved leaderships before this one goes.
      if (!leads_anything(r.broker) &&
          m.sessions.controlled_shutdown_offset(r.broker) <= m.sessions.lowest_active_offset(m.working))
        next = State::shutdown_now;
  }

  Records records;
  if (next != current) {
    switch (next) {
      case State::fenced:
      case State::shutdown_now:
        if (!b.fenced) fence(records, r.broker);
        break;
      case State::unfenced:
        unfence(records, r.broker);
        break;
      case State::controlled_shutdown:
        if (!b.in_controlled_shutdown)
          records.push_back(BrokerRegistrationChangeRecord{r.broker, b.epoch, std::nullopt, true});
        remove_from_isrs(records, r.broker);
        break;
    }
  }
  write(step, std::move(records));
  const bool fenced = next == State::fenced || next == State::shutdown_now;
  m.sessions.touch(r.broker, fenced, step.now, r.current_metadata_offset);
  if (next == State::controlled_shutdown) m.sessions.enter_controlled_shutdown(r.broker, m.working.next_offset() - 1);
  return {Error::NONE, caught_up, fenced, next == State::shutdown_now};
}

}  // namespace ktrial::model
