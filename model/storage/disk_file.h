// Files of a node's disk, with the page cache split from what is durable.
//
// A write is in the page cache when the call returns: the process reads it back, and a process kill does not touch it.
// `sync()` makes everything written so far durable. On a power cut each write since the last sync is, by the
// world's decision, lost, torn or whole. A file is a value; the disk of a node is a struct of files, so no code can
// forget to forget.
// AppendFile follows a log in one file: appended to, cut at the end, replayed on load until the first bad item. Since
// recovery stops at the first missing or broken write, whatever survived behind a hole is dropped at once. The files of
// a partition's log are in segment_files.h.
// AtomicFile follows Kafka's checkpoint and quorum-state files: write a temporary file, fsync it, rename over the old.
// Leaves out: I/O errors (disk_health.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "model/described.h"

namespace ktrial::model {

enum class WriteOutcome : std::uint8_t { lost, torn, whole };

// Asks the world what became of one unsynced write. `file` names the file within the node, `write` counts its writes.
class Survival {
 public:
  using Decide = WriteOutcome (*)(void* context, std::uint64_t file, std::uint32_t write);
  Survival(Decide decide, void* context) : decide_(decide), context_(context) {}
  WriteOutcome operator()(std::uint64_t file, std::uint32_t write) const { return decide_(context_, file, write); }

 private:
  Decide decide_;
  void* context_;
};

template <class T>
class AppendFile {
 public:
  const std::vector<T>& items() const { return items_; }
  bool empty() const { return items_.empty(); }
  std::size_t synced() const { return synced_; }

  void append(T item) { items_.push_back(std::move(item)); }
  // Keeps the first `count` items. What a cut took from the durable part comes back if power fails before the cut is
  // durable and the world decides that it was lost.
  void truncate(std::size_t count) {
    if (count >= items_.size()) return;
    if (count < synced_) {
      cut_.insert(cut_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(count),
                  items_.begin() + static_cast<std::ptrdiff_t>(synced_));
      synced_ = count;
    }
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(count), items_.end());
  }
  void sync() {
    synced_ = items_.size();
    journal_committed();
  }
  // Another file of the same file system was synced. A journal (ext4, XFS) keeps the order of metadata operations, so
  // a cut made before is durable with it; data that was appended is not.
  void journal_committed() { cut_.clear(); }
  void wipe() { *this = AppendFile(); }

  // Returns how many items of before are left; behind them now stands what an undone truncation brought back. A torn
  // item counts as left: the owner marks it, and recovery then has to find it by its checksum.
  template <class MarkTorn>
  std::size_t power_cut(const Survival& survives, std::uint64_t file, MarkTorn mark_torn) {
    std::size_t left = synced_;
    if (!cut_.empty() && survives(file, 0) == WriteOutcome::lost) {
      items_.resize(synced_);
      items_.insert(items_.end(), cut_.begin(), cut_.end());
    } else {
      std::size_t kept = synced_;
      while (kept < items_.size()) {
        const WriteOutcome outcome = survives(file, static_cast<std::uint32_t>(kept - synced_ + 1));
        if (outcome == WriteOutcome::lost) break;
        ++kept;
        if (outcome == WriteOutcome::torn) {
          mark_torn(items_[kept - 1]);
          break;
        }
      }
      items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(kept), items_.end());
      left = kept;
    }
    synced_ = items_.size();
    cut_.clear();
    return left;
  }
  // In-place access for the owner's index structures; never changes what is durable.
  std::vector<T>& mutable_items() { return items_; }

  KTRIAL_FIELDS(AppendFile, items_, cut_, synced_)

 private:
  std::vector<T> items_;
  std::vector<T> cut_;  // durable items that an unsynced truncation took away
  std::size_t synced_ = 0;
};

template <class T>
class AtomicFile {
 public:
  const T& read() const { return cached_; }
  // Replaces the content in the page cache only (a variant that forgets the fsync ends here).
  void write(T value) {
    cached_ = std::move(value);
    dirty_ = true;
  }
  // A temporary file that is renamed without its fsync: after a power cut the new name may hold nothing at all.
  void write_unsynced(T value) {
    write(std::move(value));
    rename_first_ = true;
  }
  void sync() {
    if (!dirty_) return;
    durable_ = cached_;
    dirty_ = rename_first_ = false;
  }
  bool dirty() const { return dirty_; }
  void write_and_sync(T value) {
    write(std::move(value));
    sync();
  }
  void power_cut(const Survival& survives, std::uint64_t file) {
    if (dirty_)
      if (const WriteOutcome outcome = survives(file, 1); outcome != WriteOutcome::whole) {
        // A rename is atomic: a torn write of a temporary file that was synced before its rename leaves the old
        // content.
        if (rename_first_ && outcome == WriteOutcome::torn)
          cached_ = T{};
        else
          cached_ = durable_;
      }
    durable_ = cached_;
    dirty_ = rename_first_ = false;
  }
  void wipe() { *this = AtomicFile(); }

  KTRIAL_FIELDS(AtomicFile, cached_, durable_, dirty_, rename_first_)

 private:
  T cached_{};
  T durable_{};
  bool dirty_ = false;
  bool rename_first_ = false;
};

}  // namespace ktrial::model
