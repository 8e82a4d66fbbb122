// Log directories: where a log goes, and what an I/O error does.
#include <algorithm>

#include "model/broker/log_manager.h"
#include "model/probes.h"

namespace ktrial::model {

std::vector<DirectoryId> LogManager::online(const BrokerMachine& machine) const {
  std::vector<DirectoryId> ids;
  if (machine.health.size() == 1) return ids;
  for (std::size_t i = 0; i < machine.health.size(); ++i)
    if (!s_.offline.has(i)) ids.push_back(machine.disk.id(i));
  return ids;
}

// LogManager.readBrokerEpochFromCleanShutdownFiles
BrokerEpoch LogManager::take_clean_shutdown(BrokerMachine& machine) {
  auto& markers = machine.disk.clean_shutdown;
  BrokerEpoch epoch = markers.front().read().broker_epoch;
  for (std::size_t i = 0; i < markers.size(); ++i) {
    const CleanShutdown marker = markers[i].read();
    markers[i].write_and_sync(CleanShutdown());
    if (marker.exists) s_.clean_shutdown.add(i);
    if (marker.broker_epoch != epoch) epoch = BrokerEpoch();
  }
  return epoch;
}

// A broker that finds a replica in two directories refuses to start, until somebody removes the one that was offline as
// Kafka's message recommends; so it is removed here.
void LogManager::drop_duplicates(Step& step, BrokerMachine& machine) {
  std::erase_if(machine.disk.duplicates, [&](const auto& duplicate) {
    if (machine.health[duplicate.second.directory].read_fails) return false;
    step.fact(ProbeHit{Probe::replica_in_two_directories});
    return true;
  });
}

std::optional<std::size_t> LogManager::online_directory(const BrokerMachine& machine, DirectoryId id) const {
  for (std::size_t i = 0; i < machine.health.size(); ++i)
    if (!s_.offline.has(i) && machine.disk.id(i) == id) return i;
  return std::nullopt;
}

// The assigned directory, or the one with the fewest logs (LogManager.nextLogDirs; Kafka leaves open which of equals).
std::size_t LogManager::directory_for_new_log(const BrokerMachine& machine, DirectoryId assigned) const {
  if (const auto online = online_directory(machine, assigned)) return *online;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < machine.health.size(); ++i)
    if (!s_.offline.has(i) && (!best || s_.logs_in[i] < s_.logs_in[*best])) best = i;
  return best.value_or(0);
}

// With some directory offline, a log that is assigned to one which is not online may stand in there; one that is
// assigned to none is created (Partition.createLogInAssignedDirectoryId), though it may stand there as well.
std::optional<LogDisk> LogManager::create_log(Step& step, BrokerMachine& machine, TopicPartition tp,
                                              DirectoryId assigned) {
  LogDisk log;
  if (machine.health.size() > 1) {
    if (assigned.present() && !s_.offline.empty() && !online_directory(machine, assigned)) return std::nullopt;
    log.directory = static_cast<std::uint8_t>(directory_for_new_log(machine, assigned));
    BrokerDisk& disk = machine.disk;
    if (const auto older = disk.logs.find(tp); s_.all_loaded && older != disk.logs.end()) {
      step.fact(ProbeHit{Probe::replica_created_beside_offline_log});
      disk.duplicates.emplace_back(tp, std::move(older->second));
      disk.logs.erase(older);
      std::vector<Fact> lost;
      LogDisk(disk.duplicates.back().second).wipe(tp, lost);
      for (Fact& fact : lost) step.fact(std::move(fact));
    }
  }
  ++s_.logs_in[log.directory];
  return log;
}

// ReplicaManager.maybeHandleIOException
bool LogManager::fails(Step& step, std::size_t directory, TopicPartition tp, const char* operation, bool broken) {
  if (s_.offline.has(directory) || !broken) return s_.offline.has(directory);
  s_.offline.add(directory);
  step.fact(LogDirectoryFailed{tp, operation});
  const auto about = static_cast<std::uint32_t>(directory);
  step.set_timer({kDirectoryFailureTimer, 0, about},
                 step.now + step.choose_duration(Choice::directory_failure, about, Nanos(0), milliseconds(50)));
  return true;
}

bool LogManager::disks_are_well(const BrokerMachine& machine) const {
  return s_.offline.empty() && std::all_of(machine.health.begin(), machine.health.end(),
                                           [](const DiskHealth& health) { return health == DiskHealth(); });
}

bool LogManager::read_fails(Step& step, const BrokerMachine& machine, const Partition& partition) {
  const std::size_t directory = directory_of(partition);
  return fails(step, directory, partition.id(), "a read", machine.health[directory].read_fails);
}

void LogManager::wait_for_disk(Step& step, const BrokerMachine& machine, const Partition& partition) {
  if (const Nanos slow = machine.health[directory_of(partition)].slow; slow > Nanos(0)) step.busy(slow);
}

bool LogManager::append_fails(Step& step, const BrokerMachine& machine, const Partition& partition) {
  const std::size_t directory = directory_of(partition);
  return fails(step, directory, partition.id(), "an append", machine.health[directory].write_fails);
}

bool LogManager::write_fails(Step& step, const BrokerMachine& machine, const Partition& partition) {
  wait_for_disk(step, machine, partition);
  return append_fails(step, machine, partition);
}

bool LogManager::sync_fails(Step& step, const BrokerMachine& machine, const Partition& partition,
                            const char* operation) {
  const std::size_t directory = directory_of(partition);
  return fails(step, directory, partition.id(), operation, machine.health[directory].sync_fails());
}

DirectorySet LogManager::syncs_fail(Step& step, const BrokerMachine& machine, const char* operation) {
  DirectorySet failed;
  for (std::size_t i = 0; i < machine.health.size(); ++i)
    if (fails(step, i, {}, operation, machine.health[i].sync_fails())) failed.add(i);
  return failed;
}

// What could not be flushed is dropped from the page cache, too, and a retry would find nothing to write.
bool LogManager::fsync_fails(Step& step, const BrokerMachine& machine, Partition& partition) {
  const bool drops = machine.health[directory_of(partition)].fsync_fails && !has_failed(partition);
  if (!sync_fails(step, machine, partition, "an fsync")) return false;
  SegmentFiles& files = partition.log().disk().segments;
  if (drops && files.synced() < files.items().size()) {
    step.fact(UnsyncedDataLost{partition.id(), files.items()[files.synced()].base_offset, partition.log().log_end(),
                               LossCause::failed_fsync});
    files.drop_dirty();
  }
  return true;
}

}  // namespace ktrial::model
