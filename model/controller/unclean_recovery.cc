#include "model/controller/unclean_recovery.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "model/probes.h"

namespace ktrial::model {
namespace {

constexpr std::uint16_t kReplicaLogTimer = 146;  // about: the broker
constexpr TimerId kRecoveryTimer{147};
constexpr Nanos kRequestTimeout = seconds(1);
constexpr Nanos kFirstBackoff = milliseconds(100), kLongestBackoff = seconds(3);

bool could_lead(const MetadataImage& image, const PartitionRegistration& p, NodeId id) {
  return image.is_active(id) && image.broker(id)->has_online_dir(p.directory(id));
}

bool of_this_registration(const MetadataImage& image, NodeId replica, BrokerEpoch epoch, const Variants& variants) {
  // Variant recovery_broker_epoch: of any.
  if (variants.on(Variant::recovery_broker_epoch)) return true;
  const BrokerRegistrationImage* broker = image.broker(replica);
  return broker != nullptr && broker->epoch == epoch;
}

}  // namespace

bool UncleanRecovery::answered(NodeId replica) const {
  return std::any_of(answers.begin(), answers.end(), [&](const ReplicaLogInfo& a) { return a.replica == replica; });
}

bool recovery_is_due(const MetadataImage& image, const PartitionRegistration& p, UncleanRecoveryStrategy strategy,
                     const Variants& variants) {
  if (p.leader.present() || strategy == UncleanRecoveryStrategy::none) return false;
  const bool safe = std::any_of(p.replicas.begin(), p.replicas.end(), [&](NodeId id) {
    return could_lead(image, p, id) && (holds(p.isr, id) || (p.isr.empty() && holds(p.elr, id)));
  });
  if (safe) return false;
  if (strategy == UncleanRecoveryStrategy::aggressive) return true;
  if (!p.isr.empty() || !p.elr.empty()) return false;
  // Variant recovery_balanced: whoever is there will do.
  if (variants.on(Variant::recovery_balanced)) return true;
  return std::all_of(p.last_known_elr.begin(), p.last_known_elr.end(),
                     [&](NodeId id) { return image.is_active(id) || !holds(p.replicas, id); });
}

NodeId recovery_winner(const MetadataImage& image, const PartitionRegistration& p, const UncleanRecovery& recovery,
                       bool timed_out, const Variants& variants) {
  // Variant recovery_choice: whoever is first.
  if (variants.on(Variant::recovery_choice)) {
    for (const ReplicaLogInfo& a : recovery.answers)
      if (could_lead(image, p, a.replica)) return a.replica;
    return kNoLeader;
  }
  if (recovery.strategy == UncleanRecoveryStrategy::balanced && !variants.on(Variant::recovery_balanced))
    for (const NodeId id : p.last_known_elr)
      if (holds(p.replicas, id) && !recovery.answered(id)) return kNoLeader;
  const ReplicaLogInfo* best = nullptr;
  const auto is_longer = [&](const ReplicaLogInfo& a, const ReplicaLogInfo& b) {
    // Variant recovery_order: the offset counts first.
    if (variants.on(Variant::recovery_order))
      return std::tie(a.log_end_offset, a.last_written_leader_epoch) >
             std::tie(b.log_end_offset, b.last_written_leader_epoch);
    return std::tie(a.last_written_leader_epoch, a.log_end_offset) >
           std::tie(b.last_written_leader_epoch, b.log_end_offset);
  };
  for (const NodeId id : p.replicas) {
    if (!could_lead(image, p, id)) continue;
    const auto answer = std::find_if(recovery.answers.begin(), recovery.answers.end(),
                                     [id](const ReplicaLogInfo& a) { return a.replica == id; });
    if (answer == recovery.answers.end()) {
      if (!timed_out) return kNoLeader;
    } else if (best == nullptr || is_longer(*answer, *best)) {
      best = &*answer;
    }
  }
  return best != nullptr ? best->replica : kNoLeader;
}

// ---- ReplicaLogChannel

void ReplicaLogChannel::send(Step& step, std::int32_t correlation, std::vector<TopicPartition> partitions) {
  if (correlation_ >= 0 || step.now < waits_until_) return;
  if (!connection_.present()) connection_ = step.open(broker_);
  correlation_ = correlation;
  timeout_at_ = step.now + kRequestTimeout;
  step.send(connection_, correlation, GetReplicaLogInfoRequest{std::move(partitions)});
  step.set_timer({kReplicaLogTimer, 0, static_cast<std::uint32_t>(broker_.value)}, timeout_at_);
}

bool ReplicaLogChannel::accept(const Message& message) {
  if (correlation_ < 0 || message.correlation_id != correlation_) return false;
  correlation_ = -1;
  return true;
}

void ReplicaLogChannel::failed(Step& step) {
  waits_until_ = step.now + std::min(kLongestBackoff, kFirstBackoff * (1 << std::min(failures_, 5)));
  ++failures_;
  step.set_timer({kReplicaLogTimer, 0, static_cast<std::uint32_t>(broker_.value)}, waits_until_);
}

void ReplicaLogChannel::on_closed(Step& step) {
  connection_ = {};
  correlation_ = -1;
  failed(step);
}

void ReplicaLogChannel::on_timer(Step& step) {
  if (correlation_ < 0 || step.now < timeout_at_) return;
  close(step);
  failed(step);
}

void ReplicaLogChannel::close(Step& step) {
  if (connection_.present()) step.close(connection_);
  connection_ = {};
  correlation_ = -1;
}

// ---- UncleanRecoveryManager

void UncleanRecoveryManager::start(Step& step, const MetadataImage& image) {
  stop(step);
  for (const auto& [id, topic] : image.topics())
    for (std::size_t i = 0; i < topic.partitions.size(); ++i)
      watch({id, PartitionIndex{static_cast<std::int32_t>(i)}}, image);
}

void UncleanRecoveryManager::stop(Step& step) {
  for (auto& [broker, channel] : channels_) channel.close(step);
  channels_.clear();
  recoveries_.clear();
  requested_.clear();
  leaderless_.clear();
}

void UncleanRecoveryManager::watch(TopicPartition tp, const MetadataImage& image) {
  const PartitionRegistration* p = image.partition(tp);
  if (p != nullptr && !p->leader.present()) {
    leaderless_.insert(tp);
    return;
  }
  leaderless_.erase(tp);
  recoveries_.erase(tp);
  requested_.erase(tp);
}

void UncleanRecoveryManager::applied(const MetadataRecord& record, const MetadataImage& image) {
  if (const auto* change = std::get_if<PartitionChangeRecord>(&record)) watch(change->partition, image);
  if (!std::holds_alternative<RemoveTopicRecord>(record)) return;
  const auto all = leaderless_;
  for (const TopicPartition tp : all) watch(tp, image);
}

std::vector<UncleanRecoveryManager::Elected> UncleanRecoveryManager::decide(Step& step, const MetadataImage& image,
                                                                            const TopicConfig& defaults) {
  std::vector<Elected> elected;
  for (const TopicPartition tp : leaderless_) {
    const PartitionRegistration& p = *image.partition(tp);
    const auto asked_for = requested_.find(tp);
    const bool by_operator = asked_for != requested_.end();
    const UncleanRecoveryStrategy strategy =
        by_operator ? asked_for->second : unclean_recovery_strategy(image.topic_config(tp.topic, defaults));
    if (!recovery_is_due(image, p, strategy, variants_)) {
      if (recoveries_.erase(tp) != 0) step.fact(ProbeHit{Probe::recovery_given_up});
      continue;
    }
    auto it = recoveries_.find(tp);
    if (it == recoveries_.end() || it->second.leader_epoch != p.leader_epoch || it->second.strategy != strategy ||
        it->second.by_operator != by_operator) {
      it = recoveries_.insert_or_assign(tp, UncleanRecovery{p.leader_epoch, strategy, by_operator, step.now}).first;
      step.fact(UncleanRecoveryStarted{tp, p.leader_epoch, strategy, by_operator});
    }
    UncleanRecovery& recovery = it->second;
    // A broker that has registered again since it answered may have lost what it told of.
    const auto out_of_date = std::erase_if(recovery.answers, [&](const ReplicaLogInfo& a) {
      return !of_this_registration(image, a.replica, a.broker_epoch, variants_);
    });
    if (out_of_date != 0) step.fact(ProbeHit{Probe::answer_out_of_date});
    const Nanos waited = step.now - recovery.started;
    if (waited >= timeout_) step.fact(ProbeHit{Probe::recovery_timed_out});
    const NodeId leader = recovery_winner(image, p, recovery, waited >= timeout_, variants_);
    if (leader.present()) elected.push_back({tp, leader, strategy, by_operator, waited});
  }
  return elected;
}

void UncleanRecoveryManager::ask(Step& step, const MetadataImage& image) {
  boost::container::flat_map<NodeId, std::vector<TopicPartition>> wanted;
  Nanos next = Nanos::max();
  for (const auto& [tp, recovery] : recoveries_) {
    const PartitionRegistration& p = *image.partition(tp);
    for (const NodeId id : p.replicas)
      if (could_lead(image, p, id) && !recovery.answered(id)) wanted[id].push_back(tp);
    if (const Nanos deadline = recovery.started + timeout_; deadline > step.now) next = std::min(next, deadline);
  }
  for (auto& [broker, partitions] : wanted) {
    auto& channel = channels_.try_emplace(broker, ReplicaLogChannel(broker)).first->second;
    channel.send(step, ++next_correlation_, std::move(partitions));
  }
  if (next != Nanos::max()) step.set_timer(kRecoveryTimer, next);
}

bool UncleanRecoveryManager::on_message(Step& step, ConnectionId connection, const Message& message,
                                        const MetadataImage& image) {
  for (auto& [broker, channel] : channels_) {
    if (!channel.owns(connection)) continue;
    if (channel.accept(message))
      if (const auto* response = std::get_if<GetReplicaLogInfoResponse>(&message.body))
        receive(step, channel, *response, image);
    return true;
  }
  return false;
}

void UncleanRecoveryManager::receive(Step& step, ReplicaLogChannel& channel, const GetReplicaLogInfoResponse& response,
                                     const MetadataImage& image) {
  bool again = false;
  const NodeId replica = channel.broker();
  for (const GetReplicaLogInfoResponse::Partition& told : response.partitions) {
    const auto it = recoveries_.find(told.partition);
    if (it == recoveries_.end()) continue;  // not any more
    std::optional<Probe> refused;
    if (told.error != Error::NONE)
      refused = Probe::log_info_error;
    else if (!of_this_registration(image, replica, response.broker_epoch, variants_))
      refused = Probe::log_info_of_former_registration;
    else if (told.current_leader_epoch != it->second.leader_epoch && !variants_.on(Variant::recovery_leader_epoch))
      refused = Probe::log_info_of_other_epoch;  // variant recovery_leader_epoch: whichever
    if (told.error == Error::NONE)
      step.fact(ReplicaLogInfoReceived{told.partition, replica, response.broker_epoch, told.last_written_leader_epoch,
                                       told.current_leader_epoch, told.log_end_offset});
    if (refused) {
      step.fact(ProbeHit{*refused});
      again = true;
    } else if (!it->second.answered(replica)) {
      it->second.answers.push_back(
          {replica, response.broker_epoch, told.last_written_leader_epoch, told.log_end_offset});
    }
  }
  if (again)
    channel.failed(step);
  else
    channel.succeeded();
}

bool UncleanRecoveryManager::on_closed(Step& step, ConnectionId connection) {
  for (auto& [broker, channel] : channels_)
    if (channel.owns(connection)) {
      channel.on_closed(step);
      return true;
    }
  return false;
}

bool UncleanRecoveryManager::on_timer(Step& step, TimerId timer) {
  if (timer == kRecoveryTimer) return true;
  if (timer.kind != kReplicaLogTimer) return false;
  const auto it = channels_.find(NodeId{static_cast<std::int32_t>(timer.about)});
  if (it != channels_.end()) it->second.on_timer(step);
  return true;
}

}  // namespace ktrial::model
