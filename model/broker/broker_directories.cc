// A broker's log directories: where a log goes, and what an I/O error does (LogManager and ReplicaManager, KIP-112,
// KIP-858).
#include <algorithm>

#include "model/broker/broker_node.h"
#include "model/probes.h"

namespace ktrial::model {

std::vector<DirectoryId> BrokerNode::online_directories() const {
  std::vector<DirectoryId> ids;
  if (!has_several_directories()) return ids;
  for (std::size_t i = 0; i < health_.size(); ++i)
    if (!memory_->failed.has(i)) ids.push_back(disk_.id(i));
  return ids;
}

// Read and removed before a log is touched. The broker epoch counts only if each directory has the same
// (LogManager.readBrokerEpochFromCleanShutdownFiles).
BrokerEpoch BrokerNode::take_clean_shutdown() {
  Memory& m = *memory_;
  BrokerEpoch epoch = disk_.clean_shutdown.front().read().broker_epoch;
  for (std::size_t i = 0; i < disk_.clean_shutdown.size(); ++i) {
    const CleanShutdown marker = disk_.clean_shutdown[i].read();
    disk_.clean_shutdown[i].write_and_sync(CleanShutdown());
    if (marker.exists) m.clean_shutdown.add(i);
    if (marker.broker_epoch != epoch) epoch = BrokerEpoch();
  }
  return epoch;
}

// A broker that finds a replica in two directories refuses to start, until somebody removes the one that was offline as
// Kafka's message recommends; so it is removed here.
void BrokerNode::drop_duplicates(Step& step) {
  std::erase_if(disk_.duplicates, [&](const auto& duplicate) {
    if (health_[duplicate.second.directory].read_fails) return false;
    step.fact(ProbeHit{Probe::replica_in_two_directories});
    return true;
  });
}

std::optional<std::size_t> BrokerNode::online_directory(DirectoryId id) const {
  for (std::size_t i = 0; i < health_.size(); ++i)
    if (!memory_->failed.has(i) && disk_.id(i) == id) return i;
  return std::nullopt;
}

// The assigned directory, or the one with the fewest logs (LogManager.nextLogDirs; Kafka leaves open which of equals).
std::size_t BrokerNode::directory_for_new_log(DirectoryId assigned) const {
  if (const auto online = online_directory(assigned)) return *online;
  const Memory& m = *memory_;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < health_.size(); ++i)
    if (!m.failed.has(i) && (!best || m.logs_in[i] < m.logs_in[*best])) best = i;
  return best.value_or(0);
}

// The partition of a replica that this broker is to have. With some directory offline, one that is assigned to a
// directory which is not online may stand in there and is not created anew; one that is assigned to none is
// (Partition.createLogInAssignedDirectoryId), though it may stand there as well.
Partition* BrokerNode::host(Step& step, TopicPartition tp, const PartitionRegistration& registration) {
  Memory& m = *memory_;
  if (m.offline_partitions.contains(tp)) return nullptr;
  const TopicConfig topic = topic_config(tp.topic);
  auto it = m.partitions.find(tp);
  if (it == m.partitions.end()) {
    LogDisk disk;
    if (has_several_directories()) {
      const DirectoryId assigned = registration.directory(self_);
      if (assigned.present() && !m.failed.empty() && !online_directory(assigned)) {
        m.offline_partitions.insert(tp);
        return nullptr;
      }
      disk.directory = static_cast<std::uint8_t>(directory_for_new_log(assigned));
      if (const auto older = disk_.logs.find(tp); m.logs_loaded && older != disk_.logs.end()) {
        step.fact(ProbeHit{Probe::replica_created_beside_offline_log});
        disk_.duplicates.emplace_back(tp, std::move(older->second));
        disk_.logs.erase(older);
        std::vector<Fact> lost;
        LogDisk(disk_.duplicates.back().second).wipe(tp, lost);
        for (Fact& fact : lost) step.fact(std::move(fact));
      }
    }
    ++m.logs_in[disk.directory];
    it = m.partitions.try_emplace(tp, Partition(tp, partition_config(topic), std::move(disk))).first;
  }
  it->second.set_topic_config(topic);
  return &it->second;
}

// ReplicaManager.maybeUpdateTopicAssignment
void BrokerNode::assign_directory(Step& step, const Partition& partition, DirectoryId assigned) {
  if (!has_several_directories()) return;
  const DirectoryId actual = disk_.id(directory_of(partition));
  if (actual != assigned) memory_->assignments.submit(step, partition.id(), actual);
}

// maybeHandleIOException: the first error puts the directory offline; whatever comes after it is refused until the
// handler of offline directories gets to it.
bool BrokerNode::directory_fails(Step& step, std::size_t directory, TopicPartition tp, const char* operation,
                                 bool fails) {
  Memory& m = *memory_;
  if (m.failed.has(directory) || !fails) return m.failed.has(directory);
  m.failed.add(directory);
  step.fact(LogDirectoryFailed{tp, operation});
  const auto about = static_cast<std::uint32_t>(directory);
  step.set_timer({kDirectoryFailureTimer, 0, about},
                 step.now + step.choose_duration(Choice::directory_failure, about, Nanos(0), milliseconds(50)));
  return true;
}

// Then there is nothing to ask of the partitions of a request, one by one.
bool BrokerNode::disks_are_well() const {
  return memory_->failed.empty() &&
         std::all_of(health_.begin(), health_.end(), [](const DiskHealth& health) { return health == DiskHealth(); });
}

bool BrokerNode::storage_failed(const Partition& partition) const {
  return memory_->failed.has(directory_of(partition));
}

bool BrokerNode::read_fails(Step& step, std::size_t directory, TopicPartition tp) {
  return directory_fails(step, directory, tp, "a read", health_[directory].read_fails);
}

void BrokerNode::wait_for_disk(Step& step, const Partition& partition) const {
  if (const Nanos slow = health_[directory_of(partition)].slow; slow > Nanos(0)) step.busy(slow);
}

bool BrokerNode::write_fails(Step& step, const Partition& partition) {
  wait_for_disk(step, partition);
  const std::size_t directory = directory_of(partition);
  return directory_fails(step, directory, partition.id(), "an append", health_[directory].write_fails);
}

bool BrokerNode::sync_fails(Step& step, const Partition& partition, const char* operation) {
  const std::size_t directory = directory_of(partition);
  return directory_fails(step, directory, partition.id(), operation, health_[directory].sync_fails());
}

DirectorySet BrokerNode::syncs_fail(Step& step, const char* operation) {
  DirectorySet failed;
  for (std::size_t i = 0; i < health_.size(); ++i)
    if (directory_fails(step, i, {}, operation, health_[i].sync_fails())) failed.add(i);
  return failed;
}

// What could not be flushed is dropped from the page cache, too, and a retry would find nothing to write.
bool BrokerNode::fsync_fails(Step& step, Partition& partition) {
  const bool drops = health_[directory_of(partition)].fsync_fails && !storage_failed(partition);
  if (!sync_fails(step, partition, "an fsync")) return false;
  SegmentFiles& files = partition.log().disk().segments;
  if (drops && files.synced() < files.items().size()) {
    step.fact(UnsyncedDataLost{partition.id(), files.items()[files.synced()].base_offset, partition.log().log_end(),
                               LossCause::failed_fsync});
    files.drop_dirty();
  }
  return true;
}

// An answer's partitions whose directory fails are left out of it.
void BrokerNode::leave_out_unwritable(Step& step, FetchResponse& response) {
  if (disks_are_well()) return;
  Nanos slow{0};
  std::erase_if(response.partitions, [&](const FetchResponse::Partition& p) {
    const auto held = memory_->partitions.find(p.partition);
    if (held == memory_->partitions.end()) return false;
    const std::size_t directory = directory_of(held->second);
    slow = std::max(slow, health_[directory].slow);
    return directory_fails(step, directory, p.partition, "an append", health_[directory].write_fails);
  });
  if (slow > Nanos(0)) step.busy(slow);
}

// handleLogDirFailure: with its last directory the broker halts; else the replicas there are given up, and the
// controller is told.
void BrokerNode::on_directory_failure(Step& step, std::size_t directory) {
  Memory& m = *memory_;
  if (all_failed(m.failed)) return step.exit();
  std::vector<TopicPartition> gone;
  for (const auto& [tp, partition] : m.partitions)
    if (directory_of(partition) == directory) gone.push_back(tp);
  for (const TopicPartition tp : gone) {
    unfetch(tp);
    const auto held = m.partitions.find(tp);
    disk_.logs[tp] = held->second.log().take_disk();
    m.partitions.erase(held);
    if (!m.published) continue;  // nobody knows yet what stood there
    m.offline_partitions.insert(tp);
    changed(tp, {.wake = true});
    step.fact(ReplicaOffline{tp});
  }
  m.logs_in[directory] = 0;
  m.lifecycle.directory_failed(disk_.id(directory));
  step.set_timer({kDirectoryTimeoutTimer, 0, static_cast<std::uint32_t>(directory)},
                 step.now + config_.log_dir_failure_timeout);
  if (!m.lifecycle.epoch().present()) return;
  if (!m.heartbeat_channel.idle()) m.lifecycle.next_at_once();
  send_heartbeat(step);
}

// OfflineDirBrokerFailureEvent: a controller that cannot be told leaves leaders where nothing is served.
void BrokerNode::on_directory_timeout(Step& step, std::size_t directory) {
  if (memory_->lifecycle.failure_was_told(disk_.id(directory))) return;
  step.fact(ProbeHit{Probe::stopped_for_untold_directory});
  on_command(step, CleanStop{});
}

}  // namespace ktrial::model
