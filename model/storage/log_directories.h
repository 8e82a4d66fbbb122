// The log directories of one broker (log.dirs), by their index: which are meant, and what stands in each.
//
// Follows LogManager and DirectoryId (KIP-112, KIP-858). A broker with one directory stops with it; then nobody asks
// for its id, so that neither requests nor metadata name it. Leaves out: future replicas (AlterReplicaLogDirs),
// directories of different sizes, a directory that is added or taken away; the metadata log is in none of them. Always
// holds: a log stays in the directory where it was created.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "model/described.h"
#include "model/storage/log.h"

namespace ktrial::model {

class DirectorySet {
 public:
  bool has(std::size_t directory) const { return (bits_ >> directory & 1u) != 0; }
  void add(std::size_t directory) { bits_ |= 1u << directory; }
  bool empty() const { return bits_ == 0; }
  std::size_t size() const { return static_cast<std::size_t>(std::popcount(bits_)); }

  KTRIAL_FIELDS(DirectorySet, bits_)

 private:
  std::uint32_t bits_ = 0;
};

struct CleanShutdown {  // .kafka_cleanshutdown
  bool exists = false;
  BrokerEpoch broker_epoch;
  KTRIAL_FIELDS(CleanShutdown, exists, broker_epoch)
};

struct BrokerDisk {
  explicit BrokerDisk(std::size_t directories = 1) : clean_shutdown(directories) {}
  boost::container::flat_map<TopicPartition, LogDisk> logs;
  // Logs that were offline when the broker created the same replica anew in another directory.
  std::vector<std::pair<TopicPartition, LogDisk>> duplicates;
  std::vector<AtomicFile<CleanShutdown>> clean_shutdown;  // one in each directory
  std::int32_t formatted = 0;  // how often the machine got new disks: meta.properties has another directory.id then

  DirectoryId id(std::size_t directory) const {
    return DirectoryId(formatted * 100 + static_cast<std::int32_t>(directory));
  }
  KTRIAL_FIELDS(BrokerDisk, logs, duplicates, clean_shutdown, formatted)
};

}  // namespace ktrial::model
