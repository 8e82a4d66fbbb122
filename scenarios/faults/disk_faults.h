// What befalls the disks of brokers: batches break, I/O fails or is slow, an older disk comes back.
//
// A log directory is as bad as all of its faults together; a broker that stopped because of one, or lost a directory,
// is started (anew) when it ends. What was broken on a disk stays.
#pragma once

#include <optional>

#include "model/storage/disk_health.h"
#include "scenarios/faults/fault_parts.h"

namespace ktrial::scenarios {

struct BitRot : OnNodes {
  static constexpr FaultText kText{
      "bit-rot",
      "A batch that a broker has stored breaks; `batch` (counted over all its logs, round and round) tells which. With "
      "`checksum: matches` one record in it is another, and no checksum finds it; a broken batch, or one of "
      "__consumer_offsets, is passed over.",
      "{at: 5s, bit-rot: broker(1), batch: 7}"};
  static constexpr bool kAtOnce = true;
  bool checksum_matches = false;
  std::optional<std::int64_t> batch;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  Hit begin(const AtNode& at) const;
  std::string told(const std::string& node) const;
  bool operator==(const BitRot&) const = default;
};

struct MisdirectedWrite : OnNodes {
  static constexpr FaultText kText{
      "misdirected-write",
      "A batch (`batch`, as for bit-rot) was written over one of the broker's next log, or of its own: where it should "
      "be is what was there before, so that both are broken.",
      "{at: 5s, misdirected-write: broker(1), batch: 7}"};
  static constexpr bool kAtOnce = true;
  std::optional<std::int64_t> batch;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  Hit begin(const AtNode& at) const;
  std::string told(const std::string& node) const;
  bool operator==(const MisdirectedWrite&) const = default;
};

// Of one of log.dirs, or of all of a broker.
struct OnLogDir : OnNodes {
  static constexpr Standstill kStandstill = Standstill::broken;
  std::string log_dir;  // empty: all
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  bool shows(const AtNode& at) const;
  // "/d1 of broker 1"
  std::string disk(const std::string& node) const;
  bool operator==(const OnLogDir&) const = default;
};

struct WriteError : OnLogDir {
  static constexpr FaultText kText{"write-error",
                                   "Writes to the disk fail: the log directory (`log-dir`: this one, without it: all) "
                                   "goes offline, and with its last "
                                   "one the broker stops. Its end is a restart.",
                                   "{at: 5s, write-error: broker(1), for: 10s}"};
  void harm(model::DiskHealth& health) const { health.write_fails = true; }
  std::string told(const std::string& node) const { return "writes to " + disk(node) + " fail"; }
};

struct ReadError : OnLogDir {
  static constexpr FaultText kText{"read-error",
                                   "Reads from the disk fail: the log directory (`log-dir`) goes offline, and with its "
                                   "last one the broker stops. Its "
                                   "end is a restart.",
                                   "{at: 5s, read-error: broker(1), for: 10s}"};
  void harm(model::DiskHealth& health) const { health.read_fails = true; }
  std::string told(const std::string& node) const { return "reads from " + disk(node) + " fail"; }
};

struct FsyncError : OnLogDir {
  static constexpr FaultText kText{
      "fsync-error",
      "fsync fails and what was to be flushed is dropped; the log directory (`log-dir`) goes offline. Its end is a "
      "restart.",
      "{at: 5s, fsync-error: broker(1), for: 10s}"};
  void harm(model::DiskHealth& health) const { health.fsync_fails = true; }
  std::string told(const std::string& node) const { return "fsync fails on " + disk(node); }
};

struct FullDisk : OnLogDir {
  static constexpr FaultText kText{
      "full-disk",
      "Writes to the disk find no space; the log directory (`log-dir`) goes offline. Its end is a restart.",
      "{at: 5s, full-disk: broker(1), for: 10s}"};
  void harm(model::DiskHealth& health) const { health.write_fails = true; }
  std::string told(const std::string& node) const { return disk(node) + " is full"; }
};

struct SlowDisk : OnLogDir {
  static constexpr FaultText kText{"slow-disk", "What a broker appends or flushes takes `by` longer.",
                                   "{at: 5s, slow-disk: broker(1), by: 50ms, for: 10s}"};
  static constexpr Standstill kStandstill = Standstill::none;
  static constexpr Nanos kUsual = model::milliseconds(50);
  std::optional<Nanos> by;
  void more(KeyVisitor& v);
  void draw(const Drawing& d);
  void harm(model::DiskHealth& health) const { health.slow += by.value_or(kUsual); }
  bool shows(const AtNode& at) const;
  std::string told(const std::string& node) const { return disk(node) + " is slow"; }
  bool operator==(const SlowDisk&) const = default;
};

struct RestoreDisk : OnNodes {
  static constexpr FaultText kText{
      "restore-disk", "At its end the machine loses power and comes back with its disk as it was durable at the begin.",
      "{at: 5s, restore-disk: broker(1), for: 10s}"};
  Hit begin(const AtNode& at) const;
  Ended end(const AtNode& at) const;
  std::string told(const std::string& node) const { return "a snapshot is taken of the disk of " + node; }
};

using DiskFaults =
    FaultFamily<BitRot, WriteError, ReadError, FsyncError, FullDisk, SlowDisk, MisdirectedWrite, RestoreDisk>;

}  // namespace ktrial::scenarios
