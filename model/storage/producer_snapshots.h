// The producer-state snapshots of one log (<offset>.snapshot): the producers up to an offset, each with its last batch.
//
// Follows SnapshotFile and ProducerStateManager.writeSnapshot: a file is written in place, without a rename, so that a
// power cut before its fsync leaves it away, short (its checksum is then wrong), or whole. An fsync of the new file
// makes its directory entry durable too (ext4, XFS). A removal is a metadata operation: durable with the next file of
// the file system that is synced. Leaves out: .deleted files that wait for file.delete.delay.ms.
#pragma once

#include <memory>
#include <vector>

#include "model/described.h"
#include "model/storage/disk_file.h"
#include "model/storage/producer_entry.h"

namespace ktrial::model {

struct ProducerSnapshotFile {
  Offset offset;
  std::shared_ptr<const std::vector<ProducerStateEntry>> entries;  // immutable, so that copies of a world share it
  bool synced = false;
  bool corrupt = false;  // its checksum is wrong
  KTRIAL_FIELDS(ProducerSnapshotFile, offset, entries, synced, corrupt)
};

class ProducerSnapshots {
 public:
  bool empty() const { return files_.empty(); }
  // By offset, ascending.
  const std::vector<ProducerSnapshotFile>& files() const { return files_; }
  void write(ProducerSnapshotFile file) {
    remove(file.offset);
    files_.insert(std::find_if(files_.begin(), files_.end(),
                               [&](const ProducerSnapshotFile& f) { return f.offset > file.offset; }),
                  std::move(file));
  }
  void remove(Offset offset) {
    remove_if([offset](Offset o) { return o == offset; });
  }
  template <class Predicate>
  void remove_if(Predicate goes) {
    std::erase_if(files_, [&](const ProducerSnapshotFile& f) {
      if (!goes(f.offset)) return false;
      if (f.synced) removed_.push_back(f);
      return true;
    });
  }
  void sync() {
    for (ProducerSnapshotFile& f : files_) f.synced = true;
    journal_committed();
  }
  bool has_unsynced() const {
    return std::any_of(files_.begin(), files_.end(), [](const ProducerSnapshotFile& f) { return !f.synced; });
  }
  // Another file of the same file system was synced.
  void journal_committed() { removed_.clear(); }

  void power_cut(const Survival& survives, std::uint64_t file) {
    const std::vector<ProducerSnapshotFile> removed = std::move(removed_);
    removed_.clear();
    const auto decision = [](Offset offset, bool removal) {
      return (static_cast<std::uint32_t>(offset.value) << 1) | (removal ? 1U : 0U);
    };
    std::erase_if(files_, [&](ProducerSnapshotFile& f) {
      if (f.synced) return false;
      const WriteOutcome outcome = survives(file, decision(f.offset, false));
      f.corrupt = f.corrupt || outcome == WriteOutcome::torn;
      f.synced = true;
      return outcome == WriteOutcome::lost;
    });
    for (const ProducerSnapshotFile& f : removed) {
      const bool there =
          std::any_of(files_.begin(), files_.end(), [&](const auto& other) { return other.offset == f.offset; });
      if (!there && survives(file, decision(f.offset, true)) == WriteOutcome::lost) write(f);
    }
  }

  KTRIAL_FIELDS(ProducerSnapshots, files_, removed_)

 private:
  std::vector<ProducerSnapshotFile> files_;
  std::vector<ProducerSnapshotFile> removed_;  // durable ones, and their removal is not durable yet
};

}  // namespace ktrial::model
