// Registration, heartbeats and fencing (ClusterControlManager, and ReplicationControlManager's broker events).
#include <algorithm>
#include <iterator>

#include "model/controller/controller_node.h"
#include "model/probes.h"

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
    if (holds(p.isr, broker)) take_replica_out(records, tp, p, broker);
  });
}

void ControllerNode::take_replica_out(Records& records, TopicPartition tp, const PartitionRegistration& p,
                                      NodeId broker) {
  PartitionChange change = change_of(tp.topic, p);
  std::erase(change.target_isr, broker);
  change.removed = broker;
  if (auto record = build_change(memory_->working, tp, p, change)) records.push_back(std::move(*record));
}

// What it had not flushed may be gone: it leaves every ISR and ELR (KIP-966).
void ControllerNode::handle_unclean_shutdown(Records& records, NodeId broker) {
  for_each_partition(memory_->working, [&](TopicPartition tp, const PartitionRegistration& p) {
    if (!holds(p.isr, broker) && !holds(p.elr, broker)) return;
    PartitionChange change = change_of(tp.topic, p);
    std::erase(change.target_isr, broker);
    change.unclean_shutdown = broker;
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
    if (p.leader.present() || !holds(p.replicas, broker)) return;
    PartitionChange change = change_of(tp.topic, p);
    change.added = broker;
    if (auto record = build_change(memory_->working, tp, p, change)) records.push_back(std::move(*record));
  });
}

// Replicas in a directory that is newly offline leave their ISRs and lead no more (KIP-858).
void ControllerNode::handle_directories_offline(Records& records, NodeId broker,
                                                const std::vector<DirectoryId>& offline) {
  if (offline.empty()) return;
  const auto is_offline = [&](DirectoryId id) {
    return std::find(offline.begin(), offline.end(), id) != offline.end();
  };
  const BrokerRegistrationImage& b = *memory_->working.broker(broker);
  std::vector<DirectoryId> online = b.log_dirs;
  std::erase_if(online, is_offline);
  if (online == b.log_dirs) return;
  const BrokerEpoch epoch = b.epoch;
  for_each_partition(memory_->working, [&](TopicPartition tp, const PartitionRegistration& p) {
    const DirectoryId directory = p.directory(broker);
    if (directory.present() && b.has_online_dir(directory) && is_offline(directory))
      take_replica_out(records, tp, p, broker);
  });
  records.push_back(BrokerRegistrationChangeRecord{broker, epoch, std::nullopt, std::nullopt, std::move(online)});
}

AssignReplicasToDirsResponse ControllerNode::assign_replicas_to_dirs(Step& step, const AssignReplicasToDirsRequest& r) {
  const MetadataImage& image = memory_->working;
  const BrokerRegistrationImage* broker = image.broker(r.broker);
  if (broker == nullptr) return {Error::BROKER_ID_NOT_REGISTERED, {}};
  if (broker->epoch != r.broker_epoch) return {Error::STALE_BROKER_EPOCH, {}};
  AssignReplicasToDirsResponse response;
  Records records, elections;
  for (const auto& [tp, directory] : r.assignments) {
    const PartitionRegistration* p = image.partition(tp);
    Error error = Error::NONE;
    if (image.topic(tp.topic) == nullptr) {
      error = Error::UNKNOWN_TOPIC_ID;
    } else if (p == nullptr) {
      error = Error::UNKNOWN_TOPIC_OR_PARTITION;
    } else if (!holds(p->replicas, r.broker)) {
      error = Error::NOT_LEADER_OR_FOLLOWER;
    } else {
      PartitionChange change = change_of(tp.topic, *p);
      change.placed = r.broker;
      change.directory = directory;
      if (auto record = build_change(image, tp, *p, change)) records.push_back(std::move(*record));
      if (!broker->has_online_dir(directory)) {
        step.fact(ProbeHit{Probe::assigned_to_offline_directory});
        take_replica_out(elections, tp, *p, r.broker);
      }
    }
    response.partitions.emplace_back(tp, error);
  }
  std::move(elections.begin(), elections.end(), std::back_inserter(records));
  write(step, std::move(records));
  return response;
}

BrokerRegistrationResponse ControllerNode::register_broker(Step& step, const BrokerRegistrationRequest& r) {
  Memory& m = *memory_;
  Records records;
  const BrokerRegistrationImage* existing = m.working.broker(r.broker);
  const bool same = existing && existing->incarnation == r.incarnation;
  // A retry: the epoch and the fenced flag stay. Variant [C02]: it counts as a new incarnation.
  if (same && !config_.variants.on(Variant::same_incarnation)) {
    m.sessions.touch(r.broker, existing->fenced, step.now, Offset{});
    return {Error::NONE, existing->epoch};
  }
  // Variant [C11]: whoever comes last has the id.
  if (existing && !same && m.sessions.has_valid_session(m.working, r.broker, step.now) &&
      !config_.variants.on(Variant::duplicate_registration))
    return {Error::DUPLICATE_BROKER_REGISTRATION, BrokerEpoch{}};
  const BrokerEpoch epoch{m.quorum.next_append_offset(disk_).value};
  records.push_back(RegisterBrokerRecord{r.broker, r.incarnation, epoch, true, false, r.log_dirs.value});
  // handleBrokerShutdown (KAFKA-15586, KAFKA-18106): after a clean stop, and without eligible leader replicas after
  // any, a new incarnation counts as fenced.
  if (existing) {
    // Variant [R30]: every stop counts as clean.
    const bool clean = r.previous_broker_epoch == existing->epoch || config_.variants.on(Variant::unclean_restart);
    if (!clean) step.fact(ProbeHit{Probe::registered_after_unclean_shutdown});
    if (clean || !config_.eligible_leader_replicas)
      remove_from_isrs(records, r.broker);
    else
      handle_unclean_shutdown(records, r.broker);
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
  // Variant [C03]: it must have the whole log (KAFKA-13959).
  const bool may_unfence =
      caught_up && (!config_.variants.on(Variant::unfence) || r.current_metadata_offset + 1 >= m.working.next_offset());

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
      else if (!r.want_fence && may_unfence)
        next = State::unfenced;
      break;
    case State::unfenced:
      if (r.want_fence)
        next = r.want_shut_down ? State::shutdown_now : State::fenced;
      else if (r.want_shut_down)
        next = leads_anything(r.broker) ? State::controlled_shutdown : State::shutdown_now;
      break;
    default:
      // Every active broker must know of the moved leaderships before this one goes. Variant [C10]: it may go at once.
      if (!leads_anything(r.broker) &&
          (m.sessions.controlled_shutdown_offset(r.broker) <= m.sessions.lowest_active_offset(m.working) ||
           config_.variants.on(Variant::shutdown_grant))) {
        next = State::shutdown_now;
        step.fact(ShutdownGranted{r.broker, m.sessions.controlled_shutdown_offset(r.broker)});
      }
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
  handle_directories_offline(records, r.broker, r.offline_log_dirs.value);
  write(step, std::move(records));
  const bool fenced = next == State::fenced || next == State::shutdown_now;
  m.sessions.touch(r.broker, fenced, step.now, r.current_metadata_offset);
  if (next == State::controlled_shutdown) m.sessions.enter_controlled_shutdown(r.broker, m.working.next_offset() - 1);
  return {Error::NONE, caught_up, fenced, next == State::shutdown_now};
}

}  // namespace ktrial::model
