// The process around the quorum: claiming and losing the active role, commit, answers, timers and commands.
#include "model/controller/controller_node.h"

#include <algorithm>

#include "model/config_keys.h"
#include "model/probes.h"

namespace ktrial::model {
namespace {

constexpr TimerId kSessionTimer{140}, kNoOpTimer{141}, kUncleanTimer{142}, kBalanceTimer{143}, kCreateTimer{144},
    kExitTimer{145};
constexpr Nanos kCreateRetry = milliseconds(100);
constexpr Nanos kShutdownTimeout = seconds(5);  // KafkaRaftManager.shutdown

MessageBody not_controller(const MessageBody& answer) {
  MessageBody body = answer;
  if (std::holds_alternative<AlterPartitionResponse>(body)) body = AlterPartitionResponse{Error::NOT_CONTROLLER, {}};
  if (std::holds_alternative<BrokerRegistrationResponse>(body))
    body = BrokerRegistrationResponse{Error::NOT_CONTROLLER, {}};
  if (std::holds_alternative<BrokerHeartbeatResponse>(body))
    body = BrokerHeartbeatResponse{Error::NOT_CONTROLLER, false, true, false};
  if (std::holds_alternative<AllocateProducerIdsResponse>(body))
    body = AllocateProducerIdsResponse{Error::NOT_CONTROLLER, {}, 0};
  if (std::holds_alternative<CreateTopicsResponse>(body)) body = CreateTopicsResponse{Error::NOT_CONTROLLER, {}};
  if (std::holds_alternative<AssignReplicasToDirsResponse>(body))
    body = AssignReplicasToDirsResponse{Error::NOT_CONTROLLER, {}};
  if (auto* r = std::get_if<ElectLeadersResponse>(&body)) {
    if (r->results.empty()) r->results.emplace_back(TopicPartition{}, Error::NOT_CONTROLLER);
    for (auto& [tp, error] : r->results) error = Error::NOT_CONTROLLER;
  }
  return body;
}

}  // namespace

ControllerNode::ControllerNode(NodeId self, std::vector<NodeId> voters, ClusterConfig config)
    : self_(self), voters_(std::move(voters)), config_(std::move(config)) {}

void ControllerNode::power_cut(const Survival& survives, std::vector<Fact>& facts) {
  memory_.reset();
  disk_.power_cut(survives, facts);
}

void ControllerNode::wipe(std::vector<Fact>& facts) {
  memory_.reset();
  if (disk_.end_offset() > kFirstOffset)
    facts.emplace_back(UnsyncedDataLost{kClusterMetadata, kFirstOffset, disk_.end_offset()});
  disk_.wipe();
}

void ControllerNode::start(Step& step) {
  memory_.emplace(QuorumNode(self_, voters_, config_.quorum, config_.variants), config_);
  memory_->quorum.start(step, disk_);
  after_quorum(step);
}

// Follows up on whatever the quorum did: lost leadership, commits, a claim.
void ControllerNode::after_quorum(Step& step) {
  Memory& m = *memory_;
  if (m.active && m.recovery_due) recover(step);
  if (m.active && (!m.quorum.is_leader() || m.quorum.epoch() != m.active_epoch)) deactivate(step);
  for (const MetadataBatch& batch : m.quorum.take_committed(disk_)) apply_committed(step, batch);
  std::erase_if(m.pending, [&](PendingReply& p) {
    if (p.after > m.committed.next_offset()) return false;
    step.send(p.connection, p.correlation, std::move(p.body));
    return true;
  });
  if (!m.active && m.quorum.is_leader() && m.committed.next_offset() > m.quorum.epoch_start_offset()) activate(step);
  if (m.stopping && m.quorum.shutdown_complete()) step.exit();
}

void ControllerNode::activate(Step& step) {
  Memory& m = *memory_;
  m.active = true;
  m.active_epoch = m.quorum.epoch();
  m.working = m.kept ? *m.kept : m.committed;
  m.kept.reset();
  m.sessions.reset(m.working, step.now);
  m.last_append = step.now;
  step.set_timer(kNoOpTimer, step.now + config_.quorum.metadata_max_idle_interval);
  step.set_timer(kUncleanTimer, step.now + config_.unclean_leader_election_interval);
  if (config_.auto_leader_rebalance_enable)
    step.set_timer(kBalanceTimer, step.now + config_.leader_imbalance_check_interval);
  check_sessions(step);
  create_wanted_topics(step);
  if (config_.unclean_recovery_manager) {
    m.recovery.start(step, m.working);
    recover(step);
  }
}

void ControllerNode::deactivate(Step& step) {
  Memory& m = *memory_;
  m.active = false;
  m.recovery.stop(step);
  // Variant [C07]: what was never committed is kept for the next time (KAFKA-13114).
  if (config_.variants.on(Variant::controller_revert)) m.kept = m.working;
  m.working = MetadataImage();
  for (const PendingReply& p : m.pending) step.send(p.connection, p.correlation, not_controller(p.body));
  m.pending.clear();
}

namespace {
const PartitionChangeRecord kNothingElse;  // of a partition whose ELR was cleared

bool creates(const MetadataBatch& batch, const std::string& topic) {
  return std::any_of(batch.records->begin(), batch.records->end(), [&](const MetadataRecord& record) {
    const auto* created = std::get_if<TopicRecord>(&record);
    return created != nullptr && created->name == topic;
  });
}
}  // namespace

void ControllerNode::apply_committed(Step& step, const MetadataBatch& batch) {
  Memory& m = *memory_;
  if (m.kept) m.kept->apply(batch);
  Offset offset = batch.base_offset;
  for (const MetadataRecord& record : *batch.records) {
    const auto* change = std::get_if<PartitionChangeRecord>(&record);
    const auto* created = std::get_if<PartitionRecord>(&record);
    std::optional<PartitionRegistration> before;
    if (change)
      if (const auto* p = m.committed.partition(change->partition)) before = *p;
    std::string removed;
    if (const auto* r = std::get_if<RemoveTopicRecord>(&record))
      if (const TopicImage* topic = m.committed.topic(r->id)) removed = topic->name;
    const auto* broker_change = std::get_if<BrokerRegistrationChangeRecord>(&record);
    const bool cleared = std::holds_alternative<ClearElrRecord>(record);
    MetadataDelta delta;
    m.committed.apply(record, offset, cleared ? &delta : nullptr);
    ++offset;
    if (!m.quorum.is_leader()) continue;
    for (const TopicPartition tp : delta.partitions) step.fact(committed_state(tp, &kNothingElse, nullptr, offset - 1));
    if (change || created) {
      const TopicPartition tp = change ? change->partition : created->partition;
      const PartitionRegistration* p = m.committed.partition(tp);
      if (!p) continue;
      step.fact(committed_state(tp, change, before ? &*before : nullptr, offset - 1));
    } else if (const auto* r = std::get_if<RegisterBrokerRecord>(&record)) {
      step.fact(BrokerRegistered{r->broker, r->broker_epoch, offset - 1, r->incarnation});
    } else if (broker_change) {
      if (broker_change->in_controlled_shutdown.value_or(false))
        step.fact(BrokerInControlledShutdown{broker_change->broker, offset - 1});
      if (broker_change->fenced && *broker_change->fenced)
        step.fact(BrokerFenced{broker_change->broker, offset - 1});
      else if (broker_change->fenced)
        step.fact(BrokerUnfenced{broker_change->broker, offset - 1});
    } else if (const auto* r = std::get_if<ConfigRecord>(&record)) {
      if (is_throttle_key(r->key) || !creates(batch, r->topic))
        step.fact(
            ConfigCommitted{m.committed.topic_id(r->topic), r->broker, r->key, r->value.value_or(""), offset - 1});
    } else if (const auto* r = std::get_if<RemoveTopicRecord>(&record)) {
      step.fact(TopicDeleted{removed, r->id});
    } else if (const auto* r = std::get_if<TopicRecord>(&record)) {
      std::int32_t partitions = 0;
      for (const MetadataRecord& other : *batch.records) {
        const auto* p = std::get_if<PartitionRecord>(&other);
        if (p && p->partition.topic == r->id) ++partitions;
      }
      step.fact(TopicCreated{r->name, r->id, partitions});
    }
  }
  step.fact(MetadataApplied{batch.next_offset(), digest(batch)});
}

PartitionStateCommitted ControllerNode::committed_state(TopicPartition tp, const PartitionChangeRecord* change,
                                                        const PartitionRegistration* before, Offset offset) const {
  const PartitionRegistration& p = *memory_->committed.partition(tp);
  PartitionStateCommitted f{tp,         p.leader, p.leader_epoch,         p.partition_epoch,
                            p.replicas, p.isr,    p.leader_recovery_state};
  f.created = change == nullptr;
  f.leader_changed = f.created || (change->leader.has_value() && before && before->leader != p.leader);
  // A member that the ISR change itself brings in (it completes a reassignment) leads cleanly. One that a cancelled
  // reassignment puts into the ISR by decree does not, though Kafka does not call it RECOVERING.
  const bool outsider = before && f.leader_changed && p.leader.present() && !holds(before->isr, p.leader) &&
                        !holds(before->elr, p.leader);
  const bool cancelled =
      before && !before->adding.empty() && !p.reassigning() &&
      std::none_of(before->adding.begin(), before->adding.end(), [&](NodeId id) { return holds(p.replicas, id); });
  f.unclean = outsider && (p.leader_recovery_state == LeaderRecoveryState::RECOVERING || cancelled);
  // The change itself may have taken the last eligible replica away.
  f.last_known_leader = f.unclean && config_.eligible_leader_replicas && !config_.unclean_recovery_manager &&
                        before->isr.empty() && before->last_known_elr == std::vector<NodeId>{p.leader};
  f.elr = p.elr;
  f.last_known_elr = p.last_known_elr;
  f.adding = p.adding;
  f.removing = p.removing;
  f.min_isr = effective_min_isr(memory_->committed, tp.topic);
  f.offset = offset;
  return f;
}

bool ControllerNode::write(Step& step, Records records) {
  Memory& m = *memory_;
  if (records.empty()) return false;
  const auto base = m.quorum.append(step, disk_, records);
  if (!base) return false;
  for (std::size_t i = 0; i < records.size(); ++i) m.working.apply(records[i], *base + static_cast<std::int64_t>(i));
  if (config_.unclean_recovery_manager && m.active) {
    for (const MetadataRecord& record : records) m.recovery.applied(record, m.working);
    m.recovery_due = true;
  }
  m.last_append = step.now;
  return true;
}

void ControllerNode::reply(Step& step, ConnectionId connection, std::int32_t correlation, MessageBody body,
                           bool at_once) {
  Memory& m = *memory_;
  if (at_once)
    step.send(connection, correlation, std::move(body));
  else
    m.pending.push_back({m.working.next_offset(), connection, correlation, std::move(body)});
}

void ControllerNode::on_message(Step& step, ConnectionId connection, Message&& message) {
  Memory& m = *memory_;
  const std::int32_t id = message.correlation_id;
  if (m.recovery.on_message(step, connection, message, m.working)) {
    m.recovery_due = true;
  } else if (!m.quorum.on_message(step, disk_, connection, message)) {
    const auto handle = [&](auto answer, auto operation, bool at_once = false) {
      if (m.active)
        reply(step, connection, id, operation(), at_once);
      else
        step.send(connection, id, not_controller(MessageBody(answer)));
    };
    if (const auto* r = std::get_if<BrokerRegistrationRequest>(&message.body))
      handle(BrokerRegistrationResponse{}, [&] { return register_broker(step, *r); });
    else if (const auto* r = std::get_if<BrokerHeartbeatRequest>(&message.body))
      handle(BrokerHeartbeatResponse{}, [&] { return heartbeat(step, *r); });
    else if (const auto* r = std::get_if<AlterPartitionRequest>(&message.body))
      // Variant [C09]: answered once appended, though it may never commit.
      handle(
          AlterPartitionResponse{}, [&] { return alter_partition(step, *r); },
          config_.variants.on(Variant::alter_partition_reply));
    else if (const auto* r = std::get_if<CreateTopicsRequest>(&message.body))
      handle(CreateTopicsResponse{}, [&] { return create_topic(step, *r); });
    else if (const auto* r = std::get_if<AllocateProducerIdsRequest>(&message.body))
      handle(AllocateProducerIdsResponse{}, [&] { return allocate_producer_ids(step, *r); });
    else if (const auto* r = std::get_if<ElectLeadersRequest>(&message.body))
      handle(ElectLeadersResponse{}, [&] { return elect_leaders(step, *r); });
    else if (const auto* r = std::get_if<AssignReplicasToDirsRequest>(&message.body))
      handle(AssignReplicasToDirsResponse{}, [&] { return assign_replicas_to_dirs(step, *r); });
    if (m.active) check_sessions(step);
  }
  after_quorum(step);
}

void ControllerNode::on_closed(Step& step, ConnectionId connection) {
  Memory& m = *memory_;
  std::erase_if(m.pending, [connection](const PendingReply& p) { return p.connection == connection; });
  if (m.recovery.on_closed(step, connection))
    m.recovery_due = true;
  else
    m.quorum.on_closed(step, disk_, connection);
  after_quorum(step);
}

void ControllerNode::on_timer(Step& step, TimerId timer) {
  Memory& m = *memory_;
  if (timer == kExitTimer) return step.exit();
  if (!m.quorum.on_timer(step, disk_, timer) && m.active) {
    if (timer == kSessionTimer) check_sessions(step);
    if (timer == kCreateTimer) create_wanted_topics(step);
    if (timer == kNoOpTimer) {
      if (step.now - m.last_append >= config_.quorum.metadata_max_idle_interval) write(step, {NoOpRecord{}});
      step.set_timer(kNoOpTimer, m.last_append + config_.quorum.metadata_max_idle_interval);
    }
    if (timer == kUncleanTimer) elect_periodically(step, Election::UNCLEAN);
    if (timer == kBalanceTimer) elect_periodically(step, Election::PREFERRED);
    m.recovery_due = m.recovery.on_timer(step, timer) || m.recovery_due;
  }
  after_quorum(step);
}

// Fences at most one broker a pass, from the state as it then is.
void ControllerNode::check_sessions(Step& step) {
  Memory& m = *memory_;
  if (config_.variants.on(Variant::session_expiry)) {
    // Variant [C01]: all at once, each from the state before (KAFKA-13173).
    Records records;
    for (const NodeId stale : m.sessions.all_stale(m.working, step.now)) fence(records, stale);
    write(step, std::move(records));
  } else if (const auto stale = m.sessions.stale(m.working, step.now)) {
    Records records;
    fence(records, *stale);
    write(step, std::move(records));
  }
  if (const auto next = m.sessions.next_expiry(m.working))
    step.set_timer(kSessionTimer, std::max<Nanos>(*next, step.now + milliseconds(1)));
}

void ControllerNode::elect_periodically(Step& step, Election election) {
  Memory& m = *memory_;
  Records records;
  for (const auto& [id, topic] : m.working.topics()) {
    if (election == Election::UNCLEAN && election_of(id) != Election::UNCLEAN) continue;
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const PartitionRegistration& p = topic.partitions[i];
      if (election == Election::UNCLEAN ? p.leader.present() : p.leader == p.replicas.front()) continue;
      const TopicPartition tp{id, PartitionIndex{static_cast<std::int32_t>(i)}};
      PartitionChange change = change_of(id, p);
      change.election = election;
      auto record = build_change(m.working, tp, p, change);
      if (record && record->leader && record->leader->present()) records.push_back(std::move(*record));
    }
  }
  write(step, std::move(records));
  if (election == Election::UNCLEAN)
    step.set_timer(kUncleanTimer, step.now + config_.unclean_leader_election_interval);
  else
    step.set_timer(kBalanceTimer, step.now + config_.leader_imbalance_check_interval);
}

// A commanded topic is created once every broker it needs is active, and is forgotten when it is committed.
void ControllerNode::create_wanted_topics(Step& step) {
  Memory& m = *memory_;
  std::erase_if(m.wanted, [&](const CreateTopicsRequest& r) { return m.committed.topic_id(r.name).present(); });
  if (m.wanted.empty()) return;
  for (const CreateTopicsRequest& r : m.wanted) {
    bool ready = !m.working.topic_id(r.name).present();
    for (const auto& replicas : r.assignment)
      for (const NodeId b : replicas) ready = ready && m.working.is_active(b);
    if (ready) create_topic(step, r);
  }
  step.set_timer(kCreateTimer, step.now + kCreateRetry);
}

void ControllerNode::on_command(Step& step, const Command& command) {
  Memory& m = *memory_;
  if (std::holds_alternative<CleanStop>(command)) {
    m.stopping = true;
    m.quorum.begin_shutdown(step, disk_);
    step.set_timer(kExitTimer, step.now + kShutdownTimeout);
  } else if (const auto* c = std::get_if<CreateTopic>(&command)) {
    m.wanted.push_back(c->request);
    if (m.active) create_wanted_topics(step);
  } else if (const auto* c = std::get_if<ElectLeader>(&command)) {
    if (m.active) elect_leaders(step, c->request);
  } else if (m.active) {
    Error error = Error::NONE;
    if (const auto* c = std::get_if<AlterReassignment>(&command)) error = execute_reassignment(step, *c);
    if (const auto* c = std::get_if<VerifyReassignment>(&command)) error = verify_reassignment(step, c->request);
    if (const auto* c = std::get_if<AlterConfigs>(&command)) error = alter_configs(step, c->request);
    if (const auto* c = std::get_if<CreatePartitions>(&command)) error = create_partitions(step, c->request);
    if (const auto* c = std::get_if<DeleteTopic>(&command)) error = delete_topic(step, c->request);
    if (error != Error::NONE) step.fact(ProbeHit{Probe::operator_refused});
  }
  after_quorum(step);
}

static_assert(Node<ControllerNode>);

}  // namespace ktrial::model
