// The machine that a broker runs on: its disk and the health of each log directory. It outlives the process.
//
// While the broker runs, the logs that are loaded are with their partitions (`running`); what the disk holds of them is
// theirs until the process ends and gives it back. Leaves out: a disk's size. Always holds: health belongs to the
// machine, so a restart does not cure it.
#pragma once

#include <vector>

#include "model/described.h"
#include "model/facts.h"
#include "model/replication/partition.h"
#include "model/storage/disk_health.h"
#include "model/storage/log_directories.h"

namespace ktrial::model {

struct BrokerMachine {
  explicit BrokerMachine(std::size_t directories) : disk(directories), health(directories) {}

  BrokerDisk disk;
  std::vector<DiskHealth> health;  // of each log directory
  KTRIAL_FIELDS(BrokerMachine, disk, health)

  // -- of a process that has ended
  void power_cut(const Survival& survival, std::vector<Fact>& facts);
  void wipe(std::vector<Fact>& facts);
  void restore(BrokerDisk older, std::vector<Fact>& facts);

  BrokerDisk durable(const Partitions* running) const;  // what a power cut is sure to leave

  // Breaks a stored batch, the `which`-th of all; false if there is none.
  bool rot(Partitions* running, std::uint64_t which, std::vector<Fact>& facts);
  // Changes a record of it so that the checksum is right all the same: of the first batch from there on, round and
  // round, that holds a producer's record which has not rotted yet.
  bool rot_unseen(Partitions* running, NodeId self, std::uint64_t which, std::vector<Fact>& facts);
  // Breaks it, and the one of the next log (of its own, if it is the only one) that it was written over.
  bool misdirect(Partitions* running, std::uint64_t which, std::vector<Fact>& facts);

 private:
  using StoredLogs = std::vector<std::pair<TopicPartition, SegmentFiles*>>;
  StoredLogs stored_logs(Partitions* running);  // with something in them
};

}  // namespace ktrial::model
