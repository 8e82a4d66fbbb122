// What is wrong with the disk of one of a machine's log directories while a fault of it lasts; the broker asks before
// it uses the disk.
//
// Follows what IOException does in UnifiedLog.maybeHandleIOException: the log directory goes offline. Belongs to the
// machine and not to the process, so a restart does not cure it.
#pragma once

#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

struct DiskHealth {
  bool write_fails = false;  // EIO, or ENOSPC
  bool read_fails = false;
  bool fsync_fails = false;  // and drops the dirty pages, as Linux does
  Nanos slow{0};             // what a step that writes or flushes takes longer

  bool sync_fails() const { return write_fails || fsync_fails; }  // of what is written and synced

  bool operator==(const DiskHealth&) const = default;
  KTRIAL_FIELDS(DiskHealth, write_fails, read_fails, fsync_fails, slow)
};

}  // namespace ktrial::model
